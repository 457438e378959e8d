/** An executed notebook in, a widget to read it out: sources are text, outputs are shown as those of a stranger. */

import '../../style/runs.css';

import { MainAreaWidget } from '@jupyterlab/apputils';
import { OutputAreaModel, SimplifiedOutputArea } from '@jupyterlab/outputarea';
import type { IOutput } from '@jupyterlab/nbformat';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Panel, Widget } from '@lumino/widgets';

import { pipelineIcon } from '../icons';
import type { Json } from '../wire';
import { type IShownCell, cellsOf } from './notebookData';

/** What is shown, and for whom. `key` tells two viewers apart; `note` is a line above the cells. */
export interface IViewerOptions {
  key: string;
  title: string;
  note: string;
  notebook: Json;
  rendermime: IRenderMimeRegistry;
  trans: TranslationBundle;
}

/** The cells of a notebook, to read. */
export class NotebookViewer extends Panel {
  constructor(private readonly _options: IViewerOptions) {
    super();
    this.addClass('nb2pipe-Viewer');
    this.showNotebook(_options.notebook);
  }

  /** Show another state of the same notebook. */
  showNotebook(notebook: Json): void {
    for (const widget of [...this.widgets]) {
      widget.dispose();
    }
    const { trans, note } = this._options;
    this.addWidget(textWidget('p', 'nb2pipe-Viewer-note', note));
    const cells = cellsOf(notebook);
    this._cells = cells.map(cell => this._cell(cell));
    this._numbers = cells.map(cell => cell.number);
    for (const cell of this._cells) {
      this.addWidget(cell);
    }
    if (cells.length === 0) {
      const text = trans.__('This notebook has no cells.');
      this.addWidget(textWidget('p', 'nb2pipe-Hint', text));
    }
  }

  /** Scroll to a code cell, counted from 1. */
  reveal(number: number): void {
    const cell = this._cells[this._numbers.indexOf(number)];
    cell?.node.scrollIntoView({ block: 'start' });
    cell?.node.focus({ preventScroll: true });
  }

  private _cell(cell: IShownCell): Widget {
    const { rendermime, trans } = this._options;
    const panel = new Panel();
    panel.addClass('nb2pipe-Viewer-cell');
    panel.node.tabIndex = -1;
    if (cell.kind === 'markdown') {
      const renderer = rendermime.createRenderer('text/markdown');
      const data = { 'text/markdown': cell.source };
      const model = rendermime.createModel({ data, trusted: false });
      renderer.renderModel(model).catch(console.warn);
      panel.addWidget(renderer);
      return panel;
    }
    if (cell.number > 0) {
      panel.node.setAttribute('role', 'group');
      const label = trans.__('Cell %1', cell.number);
      panel.node.setAttribute('aria-label', label);
      const count = cell.count ? `${label}  ${cell.count}` : label;
      panel.addWidget(textWidget('div', 'nb2pipe-Viewer-count', count));
    }
    panel.addWidget(textWidget('pre', 'nb2pipe-Viewer-source', cell.source));
    if (cell.outputs.length > 0) {
      const values = cell.outputs as unknown as IOutput[];
      const model = new OutputAreaModel({ values, trusted: false });
      const area = new SimplifiedOutputArea({ model, rendermime });
      area.disposed.connect(() => model.dispose());
      panel.addWidget(area);
    }
    return panel;
  }

  private _cells: Widget[] = [];
  private _numbers: number[] = [];
}

/** A viewer as the main area holds it. */
export function viewerWidget(
  options: IViewerOptions
): MainAreaWidget<NotebookViewer> {
  const content = new NotebookViewer(options);
  const widget = new MainAreaWidget({ content });
  widget.id = `nb2pipe-viewer-${options.key}`;
  widget.title.label = options.title;
  widget.title.caption = options.note;
  widget.title.icon = pipelineIcon;
  widget.title.closable = true;
  widget.toolbar.hide();
  return widget;
}

function textWidget(tag: string, name: string, text: string): Widget {
  const node = document.createElement(tag);
  node.textContent = text;
  const widget = new Widget({ node });
  widget.addClass(name);
  return widget;
}
