/** The notebooks that are open in, their pipelines out. */

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { type ISignal, Signal } from '@lumino/signaling';

import type { INotebookPipeline, IPipelines } from '../tokens';

/** Holds the pipeline of each open notebook that was asked for. */
export class Pipelines implements IPipelines {
  constructor(
    private readonly _tracker: INotebookTracker,
    private readonly _create: (panel: NotebookPanel) => INotebookPipeline
  ) {
    this._tracker.currentChanged.connect(this._onCurrent, this);
  }

  get current(): INotebookPipeline | null {
    const panel = this._tracker.currentWidget;
    return panel && !panel.isDisposed ? this.of(panel) : null;
  }

  get currentChanged(): ISignal<this, INotebookPipeline | null> {
    return this._currentChanged;
  }

  of(panel: NotebookPanel): INotebookPipeline {
    const known = this._pipelines.get(panel);
    if (known) {
      return known;
    }
    const made = this._create(panel);
    this._pipelines.set(panel, made);
    return made;
  }

  private _onCurrent(): void {
    this._currentChanged.emit(this.current);
  }

  private readonly _pipelines = new WeakMap<NotebookPanel, INotebookPipeline>();
  private readonly _currentChanged = new Signal<this, INotebookPipeline | null>(
    this
  );
}
