/** What the parts of the panel know of each other: the pipeline of a notebook that is open, and its runs. */

import type { ICellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import type { IDisposable, IObservableDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type {
  Analysis,
  Freshness,
  Json,
  Printed,
  RunView,
  StepRun
} from './wire';

/** All notebooks that are open, with their pipelines. */
export const IPipelines = new Token<IPipelines>(
  'nb2pipe-lab:IPipelines',
  'The pipelines of the notebooks that are open.'
);

export interface IPipelines {
  /** The pipeline of the notebook that the user looks at; null if it is none. */
  readonly current: INotebookPipeline | null;
  readonly currentChanged: ISignal<IPipelines, INotebookPipeline | null>;
  /** Settled when pipelines can be made: soon after the first notebook was opened. Before, `current` is null. */
  readonly ready: Promise<void>;
  /** The pipeline of an open notebook; made when first asked for. Throws before `ready`. */
  of(panel: NotebookPanel): INotebookPipeline;
}

/** A line for people, and how to mend it. */
export interface ITrouble {
  message: string;
  hint: string | null;
}

/** One notebook as analysis sees it. Cells are named by their index among code cells, as in `Analysis`. */
export interface INotebookPipeline extends IObservableDisposable {
  readonly panel: NotebookPanel;
  /** The notebook's path as the server knows it. */
  readonly path: string;
  /** What analysis last said; null before its first answer. It may be of an older content: see `isPending`. */
  readonly analysis: Analysis | null;
  /** True while the content is newer than the analysis. */
  readonly isPending: boolean;
  /** Why there is no newer analysis: the server is away, or refused. */
  readonly trouble: ITrouble | null;
  /** The analysis, `isPending` or `trouble` changed; or a parameter. */
  readonly changed: ISignal<INotebookPipeline, void>;
  readonly runs: IRuns;
  /**
   * Keep the analysis up to date until the answer is disposed. Only what somebody looks at is analysed: the panel
   * while it is visible, the headers while they are shown.
   */
  watch(): IDisposable;
  /** Analyse now, not after the pause, whether anybody watches or not. */
  refresh(): Promise<void>;
  /** The notebook as it is on the screen, as nbformat data without outputs: what the server is asked about. */
  content(): Json;
  /** The model of a code cell of the analysis, found by its id, else by its place; undefined if it is gone. */
  cell(index: number): ICellModel | undefined;
  /** Go to a code cell and, if it is given, a line (from 1) of it; the notebook is shown and the cell active. */
  reveal(index: number, line?: number): Promise<void>;
  /** Texts that the user gave to parameters, by name; kept in the browser's state, never in the notebook. */
  readonly parameters: ReadonlyMap<string, string>;
  setParameter(name: string, text: string | null): void;
}

/** What to run. Steps are ids. */
export interface IRunOptions {
  only?: readonly string[];
  since?: string;
  force?: boolean;
  safe?: boolean;
  isolated?: boolean;
}

/** Makes the runs of a notebook, once per notebook. */
export const IRunsFactory = new Token<IRunsFactory>(
  'nb2pipe-lab:IRunsFactory',
  'Makes the runs of an open notebook.'
);

export interface IRunsFactory {
  /**
   * Load what makes the runs of a pipeline, which disposes them with itself. Asked once, when a notebook is opened: it
   * is no part of what JupyterLab loads at its start.
   */
  load(): Promise<(pipeline: INotebookPipeline) => IRuns>;
}

/** The runs of one notebook: history, the one that is shown, and the one under way. */
export interface IRuns extends IObservableDisposable {
  /** Newest first. */
  readonly history: readonly RunView[];
  /** The run whose states are shown in the graph: the one chosen, else the one under way, else the latest. */
  readonly shown: RunView | null;
  readonly isLive: boolean;
  /** Where the next run goes: "" is this machine. */
  target: string;
  /** Which steps are fresh, as far as it is known for the content on the screen. */
  readonly freshness: ReadonlyMap<string, Freshness>;
  readonly trouble: ITrouble | null;
  readonly changed: ISignal<IRuns, void>;
  /** A step of the shown run. */
  step(id: string): StepRun | undefined;
  /** What the shown run printed, in order, bounded to the last few thousand lines. */
  printed(step: string): readonly Printed[];
  choose(id: string | null): void;
  start(options?: IRunOptions): Promise<void>;
  stop(): Promise<void>;
}
