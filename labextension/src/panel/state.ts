/** What the user does in the panel in, what is shown of it out; tab and place in the graph outlast the page. */

import type { IStateDB } from '@jupyterlab/statedb';
import { type ISignal, Signal } from '@lumino/signaling';

const KEY = 'nb2pipe:panel';

export const TABS = ['graph', 'steps', 'runs', 'problems'] as const;
export type Tab = (typeof TABS)[number];

/** An edge, by the ids of its ends. */
export interface IEnds {
  readonly source: string;
  readonly target: string;
}

/** What part of a graph is on the screen. */
export interface IViewport {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** How many notebooks' places in the graph are kept. */
const KEPT = 40;

/** One for all panels of the window: what is selected here is selected in the main area too. */
export class PanelState {
  constructor(private readonly _db: IStateDB | null) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get tab(): Tab {
    return this._tab;
  }

  set tab(tab: Tab) {
    if (tab !== this._tab) {
      this._tab = tab;
      this._changed.emit();
      this._save();
    }
  }

  /** The selected step or edge of the notebook on the screen; never both. */
  get step(): string | null {
    return this._step;
  }

  get edge(): IEnds | null {
    return this._edge;
  }

  select(step: string | null): void {
    if (step !== this._step || this._edge) {
      [this._step, this._edge] = [step, null];
      this._changed.emit();
    }
  }

  explain(edge: IEnds | null): void {
    [this._step, this._edge] = [null, edge];
    this._changed.emit();
  }

  viewport(path: string): IViewport | null {
    return this._viewports.get(path) ?? null;
  }

  /** Nobody is told: the graph is there already. */
  setViewport(path: string, viewport: IViewport | null): void {
    this._viewports.delete(path);
    if (viewport) {
      this._viewports.set(path, viewport);
    }
    this._save();
  }

  async restore(): Promise<void> {
    const kept: unknown = await this._db?.fetch(KEY);
    if (!isRecord(kept)) {
      return;
    }
    this._tab = TABS.find(name => name === kept['tab']) ?? this._tab;
    const viewports = isRecord(kept['viewports']) ? kept['viewports'] : {};
    for (const [path, viewport] of Object.entries(viewports)) {
      if (isViewport(viewport)) {
        this._viewports.set(path, viewport);
      }
    }
    this._changed.emit();
  }

  private _save(): void {
    const viewports = Array.from(this._viewports).slice(-KEPT);
    const kept = {
      tab: this._tab,
      viewports: Object.fromEntries(
        viewports.map(([path, { x, y, zoom }]) => [path, { x, y, zoom }])
      )
    };
    this._db?.save(KEY, kept).catch(console.warn);
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _viewports = new Map<string, IViewport>();
  private _tab: Tab = 'graph';
  private _step: string | null = null;
  private _edge: IEnds | null = null;
}

function isRecord(data: unknown): data is Readonly<Record<string, unknown>> {
  return typeof data === 'object' && data !== null;
}

function isViewport(data: unknown): data is IViewport {
  return (
    isRecord(data) &&
    [data['x'], data['y'], data['zoom']].every(Number.isFinite)
  );
}
