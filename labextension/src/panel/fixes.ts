/** A quick fix and an open notebook in, the notebook mended out: one edit, undone as one; refused where it no longer fits. */

import type { ICellModel } from '@jupyterlab/cells';

import type { INotebookPipeline } from '../tokens';
import type { Fix } from '../wire';
import { replacement } from './replacement';

/** Apply a fix. False: the notebook is another one by now, and nothing was changed. */
export function applyFix(pipeline: INotebookPipeline, fix: Fix): boolean {
  const cell = pipeline.cell(fix.cell);
  const model = pipeline.panel.content.model;
  if (!cell || !model) {
    return false;
  }
  const edit = editOf(cell, fix);
  if (!edit) {
    return false;
  }
  model.sharedModel.transact(edit, true);
  return true;
}

function editOf(cell: ICellModel, fix: Fix): (() => void) | null {
  const { tags } = fix;
  if (tags !== null) {
    return tags.length
      ? () => cell.setMetadata('tags', [...tags])
      : () => cell.deleteMetadata('tags');
  }
  const source = cell.sharedModel.getSource();
  const found = replacement(source, fix);
  return found
    ? () => cell.sharedModel.updateSource(found.start, found.end, fix.new)
    : null;
}
