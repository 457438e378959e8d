/** An open notebook in, its analysis out, kept up to date while somebody watches. */

import type { ICellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IStateDB } from '@jupyterlab/statedb';
import type { TranslationBundle } from '@jupyterlab/translation';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { type Client, RequestError } from '../client';
import type { INb2pipeSettings } from '../settingsPlugin';
import type { INotebookPipeline, IRuns, ITrouble } from '../tokens';
import type { Analysis, Json } from '../wire';
import { Analyses } from './analyses';
import { type Change, ContentWatch } from './changes';
import { codeCells, contentOf } from './content';
import { ParameterTexts } from './parameters';
import { troubleOf } from './trouble';

/** How long to wait after the last change of code, and before asking a server again that was away. */
const PAUSE_MS = 400;
const RETRY_MS = 5000;

/** What a pipeline needs of its surroundings. */
export interface IPipelineOptions {
  panel: NotebookPanel;
  client: Client;
  settings: INb2pipeSettings;
  state: IStateDB | null;
  trans: TranslationBundle;
  createRuns: (pipeline: INotebookPipeline) => IRuns;
  reveal: (
    panel: NotebookPanel,
    cell: ICellModel,
    line?: number
  ) => Promise<void>;
}

/** The pipeline of one notebook: made once, disposed with its panel. */
export class NotebookPipeline implements INotebookPipeline {
  constructor(private readonly _options: IPipelineOptions) {
    const { panel, client, state } = _options;
    this.panel = panel;
    this._path = panel.context.localPath;
    this._analyses = new Analyses(client);
    this._texts = new ParameterTexts(state);
    panel.disposed.connect(this.dispose, this);
    panel.context.pathChanged.connect(this._onPath, this);
    panel.context.saveState.connect(this._onSave, this);
    void Promise.all([panel.context.ready, this._texts.load(this._path)])
      .then(() => this._start())
      .catch(console.warn);
  }

  readonly panel: NotebookPanel;

  get path(): string {
    return this._path;
  }

  get analysis(): Analysis | null {
    return this._analysis;
  }

  get isPending(): boolean {
    return this._isPending;
  }

  get trouble(): ITrouble | null {
    return this._trouble;
  }

  get runs(): IRuns {
    this._runs ??= this._options.createRuns(this);
    return this._runs;
  }

  get parameters(): ReadonlyMap<string, string> {
    return this._texts.all;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get disposed(): ISignal<this, void> {
    return this._disposed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    window.clearTimeout(this._timer);
    this._analyses.abort();
    this._watch?.dispose();
    this._runs?.dispose();
    this._disposed.emit();
    Signal.clearData(this);
  }

  watch(): IDisposable {
    this._watchers += 1;
    if (this._isPending) {
      this._later(0);
    }
    return new DisposableDelegate(() => {
      this._watchers -= 1;
    });
  }

  refresh(): Promise<void> {
    return this._analyse(true);
  }

  content(): Json {
    const model = this.panel.content.model;
    return model ? contentOf(model) : null;
  }

  cell(index: number): ICellModel | undefined {
    const model = this.panel.content.model;
    const cells = model ? codeCells(model) : [];
    const id = this._analysis?.cells[index]?.id;
    return cells.find(cell => id !== null && cell.id === id) ?? cells[index];
  }

  async reveal(index: number, line?: number): Promise<void> {
    const cell = this.cell(index);
    if (cell) {
      await this._options.reveal(this.panel, cell, line);
    }
  }

  setParameter(name: string, text: string | null): void {
    this._texts.set(this._path, name, text).catch(console.warn);
    this._changed.emit();
  }

  private _start(): void {
    const model = this.panel.content.model;
    if (this._isDisposed || !model) {
      return;
    }
    this._watch = new ContentWatch(model, change => this._onContent(change));
    this._changed.emit();
    this._onContent('marks');
  }

  private _onContent(change: Change): void {
    this._version += 1;
    this._settle(true, this._trouble);
    const { analyseWhileTyping } = this._options.settings.current;
    if (change === 'marks') {
      this._later(0);
    } else if (analyseWhileTyping) {
      this._later(PAUSE_MS);
    }
  }

  private _onPath(): void {
    const path = this.panel.context.localPath;
    this._texts.move(this._path, path).catch(console.warn);
    this._path = path;
    this._onContent('marks');
  }

  private _onSave(_: unknown, state: string): void {
    if (state === 'completed' && this._isPending) {
      this._later(0);
    }
  }

  /** Analyse after a pause, if somebody watches by then. */
  private _later(pause: number): void {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => {
      if (this._watchers > 0) {
        void this._analyse(false);
      }
    }, pause);
  }

  private async _analyse(anew: boolean): Promise<void> {
    window.clearTimeout(this._timer);
    if (!this._watch || this._isDisposed) {
      return;
    }
    const version = this._version;
    try {
      const content = this.content();
      const found = await this._analyses.of(this._path, content, anew);
      if (found && !this._isDisposed) {
        this._analysis = version === this._version ? found : this._analysis;
        this._settle(version !== this._version, null);
      }
    } catch (reason) {
      if (!this._isDisposed) {
        this._fail(reason);
      }
    }
  }

  private _fail(reason: unknown): void {
    this._settle(true, troubleOf(reason, this._options.trans));
    if (reason instanceof RequestError && reason.failure === 'away') {
      this._later(RETRY_MS);
    }
  }

  private _settle(isPending: boolean, trouble: ITrouble | null): void {
    const isNews = !isPending || isPending !== this._isPending;
    if (isNews || trouble !== this._trouble) {
      this._isPending = isPending;
      this._trouble = trouble;
      this._changed.emit();
    }
  }

  private readonly _analyses: Analyses;
  private readonly _texts: ParameterTexts;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _disposed = new Signal<this, void>(this);
  private _path: string;
  private _analysis: Analysis | null = null;
  private _trouble: ITrouble | null = null;
  private _runs: IRuns | null = null;
  private _watch: ContentWatch | null = null;
  private _watchers = 0;
  private _version = 0;
  private _timer = 0;
  private _isPending = true;
  private _isDisposed = false;
}
