/** An open notebook in; its cells with headers, bars and marks out, kept up to date. Nothing is written to it. */

import type { Cell, ICellModel } from '@jupyterlab/cells';
import type {
  CellList,
  INotebookModel,
  NotebookPanel
} from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { PanelLayout } from '@lumino/widgets';

import { codeCells, taggedOf } from '../notebook/apply';
import { split } from '../notebook/sections';
import type { INotebookPipeline } from '../tokens';
import { AddStep } from './addStep';
import { type IHeaderActions, StepHeader } from './header';
import { bar, markNode } from './nodes';
import { type IShown, shownAt } from './shown';

/** What decorations need of their surroundings. */
export interface IDecorationsOptions {
  readonly panel: NotebookPanel;
  readonly pipeline: INotebookPipeline | null;
  readonly trans: TranslationBundle;
  /** Open the popover for a code cell, or for its whole step. */
  edit(cell: number, whole: boolean, anchor: HTMLElement): void;
  showProblems(cell: number): void;
}

const BAR = 'nb2pipe-mod-owned';

/** The headers, bars and marks of one notebook. One pass per frame at most; only what differs is drawn. */
export class Decorations implements IDisposable {
  constructor(private readonly _options: IDecorationsOptions) {
    const { panel, pipeline } = _options;
    this._addStep = new AddStep(panel.content, _options.trans, (cell, anchor) =>
      _options.edit(cell, false, anchor)
    );
    panel.content.modelChanged.connect(this._onModel, this);
    panel.content.cellInViewportChanged.connect(this.schedule, this);
    panel.disposed.connect(this.dispose, this);
    pipeline?.changed.connect(this.schedule, this);
    void panel.revealed.then(() => this._onModel());
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** True while the headers are shown. */
  get isShown(): boolean {
    return this._isShown;
  }

  set isShown(value: boolean) {
    this._isShown = value;
    this.schedule();
  }

  /** The node of a cell's header that a popover can stand beside. */
  anchorOf(cell: number): HTMLElement | null {
    const widget = this._widgets()[cell];
    const header = widget && this._headers.get(widget);
    return header?.isAttached ? header.anchor : (widget?.node ?? null);
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    window.cancelAnimationFrame(this._frame);
    this._watching?.dispose();
    this._addStep.dispose();
    for (const widget of this._widgets()) {
      this._draw(widget, undefined, 0);
    }
    Signal.disconnectReceiver(this);
  }

  /** Draw in the next frame what has changed. */
  schedule(): void {
    if (!this._frame && !this._isDisposed) {
      this._frame = window.requestAnimationFrame(() => {
        this._frame = 0;
        this._update();
      });
    }
  }

  /** Look whether tags have changed without a signal, and have the analysis made anew if so. */
  lookAgain(): void {
    const model = this._options.panel.content.model;
    if (model && JSON.stringify(taggedOf(model).tags) !== this._tags) {
      this.schedule();
      this._options.pipeline?.refresh().catch(console.warn);
    }
  }

  private _onModel(): void {
    const model = this._options.panel.content.model;
    if (this._isDisposed || !model || this._cells === model.cells) {
      return;
    }
    this._cells = model.cells;
    this._cells.changed.connect(this._onCells, this);
    this._onCells();
  }

  private _onCells(): void {
    for (const cell of this._cells ?? []) {
      cell.metadataChanged.connect(this._onMetadata, this); // a second time does nothing
    }
    this.schedule();
  }

  private _onMetadata(_: ICellModel, change: { key: string }): void {
    if (change.key === 'tags') {
      this.schedule();
    }
  }

  private _update(): void {
    const { panel, pipeline, trans } = this._options;
    const model = panel.content.model;
    if (this._isDisposed || panel.isDisposed || !model) {
      return;
    }
    const notebook = taggedOf(model);
    const found = split(notebook.tags);
    this._tags = JSON.stringify(notebook.tags);
    const isShown = this._isShown && isPython(model);
    this._watch(isShown && found.isTagged && panel.isVisible);
    const analysis = this._watching ? (pipeline?.analysis ?? null) : null;
    const shown = isShown ? shownAt(notebook, found, analysis, trans) : [];
    this._widgets().forEach((widget, index) => {
      this._draw(widget, shown[index], index);
    });
    this._drawBetween(shown);
    this._addStep.isShown = isShown && !model.readOnly;
  }

  /** Have the notebook analysed while it is on the screen and has steps. */
  private _watch(should: boolean): void {
    if (should && !this._watching) {
      this._watching = this._options.pipeline?.watch() ?? null;
    } else if (!should && this._watching) {
      this._watching.dispose();
      this._watching = null;
    }
  }

  private _draw(widget: Cell, shown: IShown | undefined, index: number): void {
    this._drawBar(widget, shown);
    const header = this._headers.get(widget);
    if (shown?.header) {
      const wanted = header ?? this._newHeader(widget);
      wanted.show2(shown.header, shown.mark);
    } else if (header) {
      this._headers.delete(widget);
      header.dispose();
    }
    this._drawMark(widget, shown?.header ? null : (shown?.mark ?? null), index);
  }

  private _newHeader(widget: Cell): StepHeader {
    const index = (): number => this._widgets().indexOf(widget);
    const actions: IHeaderActions = {
      edit: anchor => this._options.edit(index(), true, anchor),
      showProblems: () => this._options.showProblems(index())
    };
    const header = new StepHeader(actions, this._options.trans);
    (widget.layout as PanelLayout).insertWidget(0, header);
    this._headers.set(widget, header);
    return header;
  }

  private _drawBar(widget: Cell, shown: IShown | undefined): void {
    const key = shown?.bar ? `${shown.bar}:${shown.colour}` : '';
    if ((this._bars.get(widget) ?? '') === key) {
      return;
    }
    this._bars.set(widget, key);
    widget.toggleClass(BAR, key !== '');
    if (shown?.bar) {
      widget.node.dataset['nb2pipeRole'] = shown.bar;
      bar(widget.node, shown.colour);
    } else {
      delete widget.node.dataset['nb2pipeRole'];
    }
  }

  /** Text between two cells of one step belongs to it to the eye. */
  private _drawBetween(shown: readonly IShown[]): void {
    let index = -1;
    for (const widget of this._options.panel.content.widgets) {
      if (widget.model.type === 'code') {
        index += 1;
        continue;
      }
      const [above, below] = [shown[index], shown[index + 1]];
      const isInside = above?.bar && below?.bar && !below.header;
      this._drawBar(
        widget,
        isInside ? { ...above, header: null, mark: null } : undefined
      );
    }
  }

  private _drawMark(widget: Cell, mark: IShown['mark'], index: number): void {
    const key = mark ? JSON.stringify(mark) : '';
    const known = this._marks.get(widget);
    if ((known?.key ?? '') === key) {
      return;
    }
    known?.node.remove();
    this._marks.delete(widget);
    if (mark) {
      const node = markNode(mark, this._options.trans, () => {
        this._options.showProblems(this._widgets().indexOf(widget));
      });
      node.classList.add('nb2pipe-mod-gutter');
      node.dataset['cell'] = String(index);
      widget.node.append(node);
      this._marks.set(widget, { key, node });
    }
  }

  /** The widgets of the code cells, in order. */
  private _widgets(): Cell[] {
    const { content } = this._options.panel;
    const model = content.model;
    if (!model) {
      return [];
    }
    const code = new Set(codeCells(model));
    return content.widgets.filter(widget => code.has(widget.model));
  }

  private readonly _addStep: AddStep;
  private readonly _headers = new WeakMap<Cell, StepHeader>();
  private readonly _bars = new WeakMap<Cell, string>();
  private readonly _marks = new WeakMap<
    Cell,
    { key: string; node: HTMLElement }
  >();
  private _cells: CellList | null = null;
  private _watching: IDisposable | null = null;
  private _isShown = true;
  private _tags = '';
  private _isDisposed = false;
  private _frame = 0;
}

/** False for a notebook of another language; true as long as it has none. */
function isPython(model: INotebookModel): boolean {
  const info = model.getMetadata('language_info') as
    { name?: unknown } | undefined;
  const kernel = model.getMetadata('kernelspec') as
    { language?: unknown } | undefined;
  const language = [info?.name, kernel?.language].find(
    name => name && typeof name === 'string'
  );
  return typeof language !== 'string' || /^i?python/i.test(language);
}
