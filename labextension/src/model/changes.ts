/** A notebook's model in, one call per change that analysis may care about out. Outputs are no such change. */

import type { INotebookModel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

type SharedNotebook = INotebookModel['sharedModel'];
type SharedCell = SharedNotebook['cells'][number];
type Changes<T extends { changed: unknown }> =
  T['changed'] extends ISignal<T, infer A> ? A : never;

/** Cell metadata that makes other steps of the same code. */
const OURS: ReadonlySet<string> = new Set(['tags', 'nb2pipe']);

/** How a change came: by an edit of code or of the notebook's shape, or of what marks the steps. */
export type Change = 'code' | 'marks';

/** Follows a notebook's content until it is disposed. A cell that prints all the time changes nothing. */
export class ContentWatch implements IDisposable {
  constructor(
    private readonly _model: INotebookModel,
    private readonly _onChange: (change: Change) => void
  ) {
    this._model.sharedModel.changed.connect(this._onNotebook, this);
    this._follow();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  /** Connecting twice is one connection, so all cells can be asked again. */
  private _follow(): void {
    for (const cell of this._model.sharedModel.cells) {
      cell.changed.connect(this._onCell, this);
    }
  }

  private _onNotebook(
    _: SharedNotebook,
    change: Changes<SharedNotebook>
  ): void {
    if (change.cellsChange) {
      this._follow();
      this._onChange('code');
    } else if (change.metadataChange) {
      this._onChange(change.metadataChange.has('nb2pipe') ? 'marks' : 'code');
    }
  }

  private _onCell(_: SharedCell, change: Changes<SharedCell>): void {
    const keys = change.metadataChange?.keys() ?? [];
    if (Array.from(keys).some(key => OURS.has(key))) {
      this._onChange('marks');
    } else if (change.sourceChange || change.executionCountChange) {
      this._onChange('code');
    }
  }

  private _isDisposed = false;
}
