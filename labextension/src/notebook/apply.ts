/** An open notebook's model in, its tags out; and edits written to it, each as one change that can be undone. */

import type { ICellModel } from '@jupyterlab/cells';
import type { INotebookModel } from '@jupyterlab/notebook';

import type { IEdit, ITagged } from './edit';

/** The key of the notebook's metadata that is ours. */
const KEY = 'nb2pipe';

/** The code cells, in order: an edit names them by their place here. */
export function codeCells(model: INotebookModel): ICellModel[] {
  return Array.from(model.cells).filter(cell => cell.type === 'code');
}

/** What edits have to know of the notebook. */
export function taggedOf(model: INotebookModel): ITagged {
  return {
    tags: codeCells(model).map(tagsOf),
    metadata: model.sharedModel.getMetadata(KEY)
  };
}

/** A cell's tags, each once, in order; what isn't text is none. */
export function tagsOf(cell: ICellModel): string[] {
  const tags: unknown = cell.getMetadata('tags');
  return Array.isArray(tags)
    ? [...new Set(tags.filter(tag => typeof tag === 'string'))]
    : [];
}

/**
 * Write an edit: one transaction of the shared model, so that one undo takes all of it back, and others who work on
 * the notebook get it whole. False if there is nothing to write.
 */
export function apply(model: INotebookModel, edit: IEdit): boolean {
  const shared = model.sharedModel;
  const hasMetadata = 'metadata' in edit;
  if (model.readOnly || (!edit.tags.size && !hasMetadata)) {
    return false;
  }
  const cells = codeCells(model);
  const undo = undoManagerOf(shared);
  const before: unknown = shared.getMetadata(KEY);
  undo?.stopCapturing(); // the edit is no part of what was typed just before or after it
  shared.transact(() => {
    for (const [index, tags] of edit.tags) {
      const cell = cells[index];
      if (cell && tags.length) {
        cell.setMetadata('tags', [...tags]);
      } else {
        cell?.deleteMetadata('tags');
      }
    }
    if (hasMetadata) {
      setMetadata(model, edit.metadata);
    }
  }, true);
  if (undo && hasMetadata) {
    remember(model, undo, { before, after: edit.metadata });
  }
  undo?.stopCapturing();
  return true;
}

function setMetadata(model: INotebookModel, value: unknown): void {
  if (value === undefined) {
    model.deleteMetadata(KEY);
  } else {
    model.setMetadata(KEY, value);
  }
}

/** What the notebook's metadata were and became: JupyterLab's undo is about cells only. */
interface IChange {
  readonly before: unknown;
  readonly after: unknown;
}

interface IStackItem {
  readonly meta: Map<unknown, unknown>;
}

/** As much as is needed of Yjs' undo manager, which the interface of shared models doesn't show. */
interface IUndoManager {
  readonly undoStack: readonly IStackItem[];
  readonly redoStack: readonly IStackItem[];
  stopCapturing(): void;
  on(
    event: 'stack-item-popped',
    listener: (popped: { stackItem: IStackItem; type: 'undo' | 'redo' }) => void
  ): void;
}

const watched = new WeakSet<IUndoManager>();

/** Let undo and redo of the edit that was just written take the metadata along. */
function remember(
  model: INotebookModel,
  undo: IUndoManager,
  change: IChange
): void {
  last(undo.undoStack)?.meta.set(KEY, change);
  if (watched.has(undo)) {
    return;
  }
  watched.add(undo);
  undo.on('stack-item-popped', ({ stackItem, type }) => {
    const found = stackItem.meta.get(KEY) as IChange | undefined;
    if (!found) {
      return;
    }
    const [from, to] =
      type === 'undo'
        ? [found.after, found.before]
        : [found.before, found.after];
    const now: unknown = model.sharedModel.getMetadata(KEY);
    if (JSON.stringify(now) === JSON.stringify(from)) {
      setMetadata(model, to); // what somebody else has changed meanwhile stays
    }
    last(type === 'undo' ? undo.redoStack : undo.undoStack)?.meta.set(
      KEY,
      found
    );
  });
}

function undoManagerOf(shared: object): IUndoManager | null {
  const found = (shared as { undoManager?: unknown }).undoManager;
  return typeof found === 'object' && found !== null && 'undoStack' in found
    ? (found as IUndoManager)
    : null;
}

function last<T>(items: readonly T[]): T | undefined {
  return items[items.length - 1];
}
