/** The notebook that is looked at, and a wish of the user's in; tags written, or a popover opened, out. */

import type { ICellModel } from '@jupyterlab/cells';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import { apply, codeCells, taggedOf } from '../notebook/apply';
import { claim, type IEdit, type ITagged, rename } from '../notebook/edit';
import { freshName } from '../notebook/names';
import {
  type ISection,
  type ISplit,
  split,
  stepNames
} from '../notebook/sections';
import type { Decorations } from './decorations';
import { nameTrouble } from './form';

/** What an edit needs to know: the notebook's panel, its tags, and which code cells are meant. */
export interface ITarget {
  readonly panel: NotebookPanel;
  readonly notebook: ITagged;
  readonly found: ISplit;
  /** The chosen code cells, by index; at least one. */
  readonly cells: readonly number[];
}

/** A wish that can't be fulfilled; the message is for people. */
export class NotPossible extends Error {}

/** Everything that commands and headers do to the tags of a notebook. */
export class Tagging {
  constructor(
    private readonly _tracker: INotebookTracker,
    private readonly _decorations: WeakMap<NotebookPanel, Decorations>,
    private readonly _trans: TranslationBundle
  ) {}

  /** The notebook that is looked at; null if there is none that can be edited. */
  get panel(): NotebookPanel | null {
    const panel = this._tracker.currentWidget;
    const model = panel?.content.model;
    return panel && model && !model.readOnly ? panel : null;
  }

  /** The chosen cells of the notebook that is looked at, or those given; null if there is no code cell among them. */
  target(given?: readonly number[]): ITarget | null {
    const panel = this.panel;
    return panel && this.targetIn(panel, given);
  }

  /** The same in a certain notebook. */
  targetIn(panel: NotebookPanel, given?: readonly number[]): ITarget | null {
    const model = panel.content.model;
    if (!model || model.readOnly) {
      return null;
    }
    const notebook = taggedOf(model);
    const count = notebook.tags.length;
    const cells = (given ?? this._selected(panel)).filter(
      cell => Number.isInteger(cell) && cell >= 0 && cell < count
    );
    return cells.length
      ? { panel, notebook, found: split(notebook.tags), cells }
      : null;
  }

  /** Write an edit, if anything is to be written. */
  write(target: ITarget, edit: IEdit): boolean {
    const model = target.panel.content.model;
    return model !== null && apply(model, edit);
  }

  /** Take all tags of ours off the cells. */
  untag(target: ITarget): void {
    const wish = { kind: 'bare' } as const;
    this.write(
      target,
      claim(target.notebook, new Set(target.cells), wish, true)
    );
  }

  /** The whole step of the first chosen cell goes on with what stands above it. */
  mergeWithAbove(target: ITarget): void {
    const section = this.sectionOf(target);
    const first = section?.cells[0] ?? 0;
    const above = target.found.owners.slice(0, first).some(item => item);
    if (!section || !above) {
      throw new NotPossible(
        this._trans.__('There is nothing above this step to join it with.')
      );
    }
    const run = target.found.runs.find(item => item.section === section);
    const cells = new Set(run?.cells ?? section.cells);
    this.write(target, claim(target.notebook, cells, { kind: 'above' }, false));
  }

  /** A new step begins at the first chosen cell; the untagged cells below go along. */
  splitHere(target: ITarget, name: string): void {
    this._check(name);
    const [cell = 0] = target.cells;
    this._checkFree(target, name);
    this.write(
      target,
      claim(target.notebook, new Set([cell]), { kind: 'step', name }, true)
    );
  }

  /** A name for a step that is split off the one of the first chosen cell. */
  nameForSplit(target: ITarget): string {
    const section = this.sectionOf(target);
    const base = section?.role === 'step' ? section.name : 'step';
    const names = target.found.sections.map(item => item.name);
    return freshName(base, names);
  }

  /** Give a step another name everywhere. The implicit first step gets a tag. */
  rename(target: ITarget, from: string, to: string): void {
    this._check(to);
    const section = target.found.sections.find(item => item.name === from);
    if (!section || section.role !== 'step') {
      throw new NotPossible(this._trans.__('There is no step %1.', from));
    }
    if (from === to) {
      return;
    }
    this._checkFree(target, to);
    const edit = section.implicit
      ? claim(
          target.notebook,
          new Set(section.cells),
          { kind: 'step', name: to },
          false
        )
      : rename(target.notebook, from, to);
    this.write(target, edit);
  }

  /** The section of the first chosen cell; undefined if the cell is skipped. */
  sectionOf(target: ITarget): ISection | undefined {
    return target.found.owners[target.cells[0] ?? 0];
  }

  /**
   * Ask what the chosen cells are. `whole`: not only they, but their whole step. The cells are remembered by their
   * models, so that what others insert or delete meanwhile doesn't shift the edit.
   */
  async ask(
    target: ITarget,
    more: { whole?: boolean; name?: string; showOptions?: boolean } = {},
    anchor?: HTMLElement
  ): Promise<void> {
    const { panel, notebook } = target;
    const model = panel.content.model;
    if (!model) {
      return;
    }
    const cells = more.whole ? this._whole(target) : target.cells;
    const all = codeCells(model);
    const models = cells.flatMap(cell => all[cell] ?? []);
    const now = (): ITarget | null => this._found(panel, models);
    if (!anchor && models[0]) {
      await this._bringOn(panel, models[0]);
    }
    const { openPopover } = await import('./popover');
    openPopover({
      notebook,
      cells,
      anchor: anchor ?? this._anchor(panel, cells[0] ?? 0),
      trans: this._trans,
      ...(more.name === undefined ? {} : { name: more.name }),
      showOptions: more.showOptions ?? false,
      onApply: makeEdit => {
        const later = now();
        if (later) {
          const fresh = makeEdit(later.notebook, new Set(later.cells));
          this.write(later, fresh);
        }
      },
      onRemove: () => {
        const later = now();
        if (later) {
          this.untag(later);
        }
      }
    });
  }

  /** Make a code cell the active one and bring it on the screen. */
  async goTo(panel: NotebookPanel, cell: number): Promise<void> {
    const model = panel.content.model && codeCells(panel.content.model)[cell];
    const place = panel.content.widgets.findIndex(
      widget => widget.model === model
    );
    const widget = panel.content.widgets[place];
    if (widget) {
      panel.content.deselectAll();
      panel.content.activeCellIndex = place;
      panel.content.mode = 'command';
      await scrollTo(panel, place); // `scrollToCell` would begin to edit the cell
      panel.content.activate();
    }
  }

  /** The first cells of all runs of cells that belong together. */
  stops(found: ISplit): number[] {
    return found.runs.flatMap(run => run.cells[0] ?? []);
  }

  /** Scroll to a cell, unless its top can be seen. */
  private async _bringOn(
    panel: NotebookPanel,
    cell: ICellModel
  ): Promise<void> {
    const { widgets, node } = panel.content;
    const place = widgets.findIndex(widget => widget.model === cell);
    const at = widgets[place]?.node.getBoundingClientRect();
    const page = node.getBoundingClientRect();
    if (at && (!at.height || at.top < page.top || at.top > page.bottom - 60)) {
      await scrollTo(panel, place);
    }
  }

  private _whole(target: ITarget): readonly number[] {
    const { cells, panel } = target;
    const chosen = this._selected(panel);
    if (chosen.length > 1 && cells.every(cell => chosen.includes(cell))) {
      return chosen;
    }
    const section = this.sectionOf(target);
    if (!section) {
      return cells;
    }
    const run = target.found.runs.find(item =>
      item.cells.includes(cells[0] ?? -1)
    );
    return section.implicit ? (run?.cells ?? cells) : section.cells;
  }

  private _found(
    panel: NotebookPanel,
    models: readonly ICellModel[]
  ): ITarget | null {
    const model = panel.isDisposed ? null : panel.content.model;
    if (!model) {
      return null;
    }
    const all = codeCells(model);
    const cells = models.flatMap(one => {
      const index = all.indexOf(one);
      return index >= 0 ? [index] : [];
    });
    const notebook = taggedOf(model);
    return cells.length
      ? { panel, notebook, found: split(notebook.tags), cells }
      : null;
  }

  private _selected(panel: NotebookPanel): number[] {
    const { content } = panel;
    const model = content.model;
    const all = model ? codeCells(model) : [];
    const chosen = content.widgets.filter(
      widget => widget === content.activeCell || content.isSelected(widget)
    );
    return chosen.flatMap(widget => {
      const index = all.indexOf(widget.model);
      return index >= 0 ? [index] : [];
    });
  }

  private _anchor(panel: NotebookPanel, cell: number): HTMLElement {
    return (
      this._decorations.get(panel)?.anchorOf(cell) ??
      panel.content.activeCell?.node ??
      panel.node
    );
  }

  private _check(name: string): void {
    const trouble = nameTrouble(name, this._trans);
    if (trouble !== null) {
      throw new NotPossible(trouble);
    }
  }

  private _checkFree(target: ITarget, name: string): void {
    if (stepNames(target.found).includes(name)) {
      throw new NotPossible(
        this._trans.__('There is a step %1 already.', name)
      );
    }
  }
}

/** How often, and how long apart, to look for a cell that JupyterLab has still to draw. */
const TRIES = 50;
const PAUSE_MS = 100;

/** Scroll to a cell. In a large notebook it may not be drawn yet: then as soon as it is. */
async function scrollTo(panel: NotebookPanel, place: number): Promise<void> {
  const { content } = panel;
  const widget = content.widgets[place];
  for (let tries = 0; tries < TRIES && !panel.isDisposed; tries++) {
    try {
      await content.scrollToItem(place, 'smart');
    } catch {
      return; // another scroll is asked for
    }
    if (!widget || widget.isDisposed || widget.isAttached) {
      return;
    }
    await new Promise(resolve => window.setTimeout(resolve, PAUSE_MS));
  }
}
