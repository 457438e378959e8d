/** A notebook's pipeline in, its runs out: history, the run that is shown, the one under way, and how to begin and stop. */

import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { type Client, RequestError } from '../client';
import { troubleOf } from '../model/trouble';
import type {
  INotebookPipeline,
  IRunOptions,
  IRuns,
  ITrouble
} from '../tokens';
import type {
  Diagnostic,
  Freshness,
  News,
  Printed,
  RunView,
  StepRun
} from '../wire';
import { Compiling } from './compiling';
import { FreshSteps } from './fresh';
import { Following } from './following';
import type { Turns } from './live';
import { own } from './own';
import type { Targets } from './targets';
import { Verifying } from './verifying';

/** How many runs are asked for first, and how many more each time. */
const PAGE = 30;

/** What the runs of a notebook need of their surroundings; `targets` and `turns` are shared by all notebooks. */
export interface IRunsOptions {
  pipeline: INotebookPipeline;
  client: Client;
  commands: CommandRegistry;
  targets: Targets;
  turns: Turns;
  trans: TranslationBundle;
}

/** How the next run is made, besides which steps. */
export interface IManner {
  force: boolean;
  safe: boolean;
  isolated: boolean;
}

/** The runs of one notebook. Nothing is asked of the server while nobody watches. */
export class Runs implements IRuns {
  constructor(options: IRunsOptions) {
    own(this);
    this.pipeline = options.pipeline;
    this.client = options.client;
    this.commands = options.commands;
    this.targets = options.targets;
    this.trans = options.trans;
    this._turns = options.turns;
    this._path = this.pipeline.path;
    this.verifying = new Verifying(this);
    this.compiling = new Compiling(this);
    this._fresh = new FreshSteps(this.pipeline, this.client, () => this.tell());
    this._following = new Following(this._turns, this.client, {
      onNews: news => this._onNews(news),
      onTrouble: reason => this._onTrouble(reason)
    });
    this.pipeline.changed.connect(this._onPipeline, this);
    this._turns.seen.connect(this._onSeen, this);
  }

  readonly pipeline: INotebookPipeline;
  readonly client: Client;
  readonly commands: CommandRegistry;
  readonly targets: Targets;
  readonly trans: TranslationBundle;
  readonly verifying: Verifying;
  readonly compiling: Compiling;
  target = '';

  get history(): readonly RunView[] {
    return this._history;
  }

  /** False until the server has told the history once. */
  get isLoaded(): boolean {
    return this._isLoaded;
  }

  /** There are older runs than those of `history`. */
  get hasMore(): boolean {
    return this._hasMore;
  }

  /** The run under way; the newest, if there are several. */
  get underWay(): RunView | null {
    return this._history.find(view => view.live) ?? null;
  }

  get shown(): RunView | null {
    return this.chosen ?? this.underWay ?? this._history[0] ?? null;
  }

  /** The run that the user chose, if it is still there. */
  get chosen(): RunView | null {
    return this._history.find(view => view.run.id === this._chosen) ?? null;
  }

  get isLive(): boolean {
    return this.underWay !== null;
  }

  /** What is being asked of the server: a run is about to begin, or to stop. */
  get busy(): 'starting' | 'stopping' | null {
    return this._busy;
  }

  /** Why the last run did not begin. */
  get refused(): readonly Diagnostic[] {
    return this._refused;
  }

  get freshness(): ReadonlyMap<string, Freshness> {
    return this._fresh.steps;
  }

  get trouble(): ITrouble | null {
    return this._trouble;
  }

  get manner(): IManner {
    return this._manner;
  }

  set manner(manner: IManner) {
    this._manner = manner;
    this.tell();
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
    this._following.dispose();
    this._fresh.dispose();
    this.verifying.dispose();
    this._disposed.emit();
    Signal.clearData(this);
  }

  /** Keep the history up to date and follow the run under way, until the answer is disposed. */
  watch(): IDisposable {
    this._watchers += 1;
    if (this._watchers === 1) {
      this._settle();
      void this.refresh();
    }
    return new DisposableDelegate(() => {
      this._watchers -= 1;
      if (this._watchers === 0 && !this._isDisposed) {
        this._settle();
      }
    });
  }

  get isWatched(): boolean {
    return this._watchers > 0 && this._turns.isSeen;
  }

  /** Ask for the history anew; if nobody watches, when somebody does. */
  async refresh(): Promise<void> {
    if (!this.isWatched || this._isDisposed) {
      return;
    }
    try {
      const path = this.pipeline.path;
      const found = await this.client.runs(path, this._most);
      if (path === this.pipeline.path) {
        this._history = found.runs;
        this._hasMore = found.more;
        this._isLoaded = true;
        this._trouble = null;
        this._settle();
      }
    } catch (reason) {
      this.report(reason);
    }
  }

  /** Ask for older runs too. */
  async more(): Promise<void> {
    this._most += PAGE;
    await this.refresh();
  }

  step(id: string): StepRun | undefined {
    return this.shown?.run.steps.find(step => step.id === id);
  }

  printed(step: string): readonly Printed[] {
    return this._following.logs(this.shown?.run.id)?.of(step) ?? [];
  }

  /** True if the first of what a step of the shown run printed is left out. */
  isCut(step: string): boolean {
    return this._following.logs(this.shown?.run.id)?.isCut(step) ?? false;
  }

  choose(id: string | null): void {
    this._chosen = id;
    this.tell();
  }

  async start(options: IRunOptions = {}): Promise<void> {
    const { pipeline, target } = this;
    await this._begin(() =>
      this.client.start({
        path: pipeline.path,
        content: pipeline.content(),
        target,
        parameters: Object.fromEntries(pipeline.parameters),
        ...this._manner,
        ...options,
        only: [...(options.only ?? [])]
      })
    );
  }

  /** Go on with a run that failed or was stopped: a new run here, a retry on a cluster. */
  async resume(id: string): Promise<void> {
    const { path } = this.pipeline;
    const content = this.pipeline.content();
    await this._begin(() => this.client.resume(id, { path, content }));
  }

  async stop(): Promise<void> {
    const view = this.underWay;
    if (!view || this._busy) {
      return;
    }
    await this._do('stopping', async () => {
      this._put(await this.client.cancel(view.run.id, this.pipeline.path));
    });
  }

  async remove(id: string): Promise<void> {
    await this._do(null, async () => {
      await this.client.removeRun(id, this.pipeline.path);
      this._history = this._history.filter(view => view.run.id !== id);
      this._following.forget(id);
    });
    this._fresh.later(true);
  }

  /** Take away what was told about a run that did not begin. */
  dismiss(): void {
    this._refused = [];
    this._trouble = null;
    this.tell();
  }

  private async _begin(ask: () => Promise<RunView>): Promise<void> {
    if (this._busy) {
      return;
    }
    this._refused = [];
    await this._do('starting', async () => {
      const view = await ask();
      this._chosen = null;
      this._put(view);
    });
  }

  /** Do what changes runs: errors are told in the panel, not thrown. */
  private async _do(
    busy: 'starting' | 'stopping' | null,
    act: () => Promise<void>
  ): Promise<void> {
    this._busy = busy;
    this._trouble = null;
    this.tell();
    try {
      await act();
    } catch (reason) {
      this.report(reason);
    } finally {
      this._busy = null;
      this._settle();
    }
  }

  private _onNews(news: News): void {
    this._put(news.view);
    if (!news.view.live) {
      this._fresh.later(true);
      void this._awaitNotebook(news.view.run.id);
    }
  }

  /** The notebook with all outputs is written a moment after a run has ended. */
  private async _awaitNotebook(id: string): Promise<void> {
    for (const pause of [300, 1200, 3000]) {
      await new Promise(resolve => window.setTimeout(resolve, pause));
      await this.refresh();
      const view = this._history.find(item => item.run.id === id);
      if (this._isDisposed || !view || view.has_notebook) {
        return;
      }
    }
  }

  /** A run as it is now: in its place in the history, or at its head. */
  private _put(view: RunView): void {
    const known = this._history.some(item => item.run.id === view.run.id);
    this._history = known
      ? this._history.map(item => (item.run.id === view.run.id ? view : item))
      : [view, ...this._history];
    this._settle();
  }

  private _onTrouble(reason: unknown): void {
    const before = this._trouble;
    this._trouble = reason === null ? null : troubleOf(reason, this.trans);
    if (before !== this._trouble) {
      this.tell();
    }
  }

  /** Tell in the panel why something could not be done. */
  report(reason: unknown): void {
    if (reason instanceof RequestError && reason.failure === 'refused') {
      this._refused = reason.diagnostics;
    } else {
      this._trouble = troubleOf(reason, this.trans);
    }
    this.tell();
  }

  private _onPipeline(): void {
    if (this._path !== this.pipeline.path) {
      this._path = this.pipeline.path;
      void this.refresh();
    }
    this._fresh.later();
  }

  private _onSeen(_: Turns, isSeen: boolean): void {
    if (isSeen && this._watchers > 0) {
      void this.refresh();
    }
    this._fresh.isWatched = this.isWatched;
  }

  /** Follow the run under way, if there is one and it is watched; tell that something changed. */
  private _settle(): void {
    if (this._isDisposed) {
      return;
    }
    this._following.follow(this._watchers > 0 ? this.underWay : null);
    this._fresh.isWatched = this.isWatched;
    this.tell();
  }

  /** Something changed: what shows it looks again. */
  tell(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _turns: Turns;
  private readonly _following: Following;
  private readonly _fresh: FreshSteps;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _disposed = new Signal<this, void>(this);
  private _path: string;
  private _history: readonly RunView[] = [];
  private _hasMore = false;
  private _isLoaded = false;
  private _most = PAGE;
  private _chosen: string | null = null;
  private _busy: 'starting' | 'stopping' | null = null;
  private _refused: readonly Diagnostic[] = [];
  private _trouble: ITrouble | null = null;
  private _manner: IManner = { force: false, safe: false, isolated: false };
  private _watchers = 0;
  private _isDisposed = false;
}
