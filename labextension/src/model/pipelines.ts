/** The notebooks that are open in, their pipelines out. What makes them is loaded with the first notebook. */

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { PromiseDelegate } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';

import type { INotebookPipeline, IPipelines } from '../tokens';

type Create = (panel: NotebookPanel) => INotebookPipeline;

/** Holds the pipeline of each open notebook that was asked for. */
export class Pipelines implements IPipelines {
  constructor(
    private readonly _tracker: INotebookTracker,
    private readonly _load: () => Promise<Create>
  ) {
    _tracker.currentChanged.connect(this._onCurrent, this);
    _tracker.widgetAdded.connect(this._onNotebook, this);
    if (_tracker.size) {
      this._onNotebook();
    }
  }

  get ready(): Promise<void> {
    return this._ready.promise;
  }

  get current(): INotebookPipeline | null {
    const panel = this._tracker.currentWidget;
    return this._create && panel && !panel.isDisposed ? this.of(panel) : null;
  }

  get currentChanged(): ISignal<this, INotebookPipeline | null> {
    return this._currentChanged;
  }

  of(panel: NotebookPanel): INotebookPipeline {
    const known = this._pipelines.get(panel);
    if (known) {
      return known;
    }
    if (!this._create) {
      throw new Error('pipelines are made when `ready` is settled');
    }
    const made = this._create(panel);
    this._pipelines.set(panel, made);
    return made;
  }

  /** The first notebook loads what it takes; a load that failed is tried again with the next one. */
  private _onNotebook(): void {
    this._tracker.widgetAdded.disconnect(this._onNotebook, this);
    this._load().then(
      create => {
        this._create = create;
        this._ready.resolve();
        this._onCurrent();
      },
      (reason: unknown) => {
        console.error('nb2pipe: a part of it was not loaded.', reason);
        this._tracker.widgetAdded.connect(this._onNotebook, this);
      }
    );
  }

  private _onCurrent(): void {
    this._currentChanged.emit(this.current);
  }

  private _create: Create | null = null;
  private readonly _ready = new PromiseDelegate<void>();
  private readonly _pipelines = new WeakMap<NotebookPanel, INotebookPipeline>();
  private readonly _currentChanged = new Signal<this, INotebookPipeline | null>(
    this
  );
}
