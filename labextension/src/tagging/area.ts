/** The notebooks that are open in, their headers and what commands do out. Loaded with the first notebook. */

import '../../style/tagging.css';

import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Client } from '../client';
import type { IPipelines } from '../tokens';
import { act } from './actions';
import { Decorations } from './decorations';
import { Tagging } from './tagging';

/** What belongs to "panel": the list of problems. */
const SHOW_PROBLEMS = 'nb2pipe:show-problems';

const TAG_EDITOR = '.jp-CellTags';
const TAG_EDITOR_MS = 50;

/** What the area needs of its surroundings. */
export interface IAreaOptions {
  readonly tracker: INotebookTracker;
  readonly pipelines: IPipelines | null;
  readonly commands: CommandRegistry;
  readonly client: Client;
  readonly trans: TranslationBundle;
  readonly isShown: boolean;
}

/** Decorates every notebook, and does what commands ask for. */
export class Area {
  constructor(private readonly _options: IAreaOptions) {
    const { tracker, trans } = _options;
    this._isShown = _options.isShown;
    this._tagging = new Tagging(tracker, this._decorations, trans);
    tracker.forEach(panel => this._decorate(panel));
    tracker.widgetAdded.connect((_, panel) => this._decorate(panel));
    // Which notebooks are on the screen changes with the current one; only those are analysed.
    tracker.currentChanged.connect(() =>
      tracker.forEach(panel => this._decorations.get(panel)?.schedule())
    );
    document.addEventListener('keydown', this._onTagEditor, true);
    document.addEventListener('click', this._onTagEditor, true);
  }

  /** Show the headers in all notebooks, or hide them. */
  set isShown(value: boolean) {
    this._isShown = value;
    this._options.tracker.forEach(panel => {
      const decorations = this._decorations.get(panel);
      if (decorations) {
        decorations.isShown = value;
      }
    });
  }

  /** Do what a command asks for. */
  act(id: string, args: ReadonlyPartialJSONObject): Promise<unknown> {
    const { client, trans } = this._options;
    return act(id, args, { tagging: this._tagging, client, trans });
  }

  /**
   * JupyterLab's tag editor changes the list of tags in place: where a cell had none before, no signal tells of it. So
   * look after each press and key in it.
   */
  private readonly _onTagEditor = (event: Event): void => {
    const node = event.target instanceof Element ? event.target : null;
    const panel = this._options.tracker.currentWidget;
    if (panel && node?.closest(TAG_EDITOR)) {
      const look = (): void => this._decorations.get(panel)?.lookAgain();
      window.setTimeout(look, TAG_EDITOR_MS);
    }
  };

  private _decorate(panel: NotebookPanel): void {
    if (this._decorations.has(panel)) {
      return;
    }
    const { pipelines, trans } = this._options;
    const decorations = new Decorations({
      panel,
      pipeline: pipelines?.of(panel) ?? null,
      trans,
      edit: (cell, whole, anchor) => this._edit(panel, cell, whole, anchor),
      showProblems: cell => this._showProblems(cell)
    });
    decorations.isShown = this._isShown;
    this._decorations.set(panel, decorations);
  }

  private _edit(
    panel: NotebookPanel,
    cell: number,
    whole: boolean,
    anchor: HTMLElement
  ): void {
    const target = this._tagging.targetIn(panel, [cell]);
    if (target) {
      this._tagging.ask(target, { whole }, anchor).catch(console.error);
    }
  }

  private _showProblems(cell: number): void {
    const { commands } = this._options;
    if (commands.hasCommand(SHOW_PROBLEMS)) {
      commands.execute(SHOW_PROBLEMS, { cell }).catch(console.error);
    }
  }

  private readonly _decorations = new WeakMap<NotebookPanel, Decorations>();
  private readonly _tagging: Tagging;
  private _isShown: boolean;
}
