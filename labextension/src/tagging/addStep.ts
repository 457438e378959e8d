/** A notebook in; one button "+ step" out, which goes to the cell under the mouse or to the active one. */

import type { Cell } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { element } from './nodes';

/** The button. It is shown by the style sheet: while its cell is hovered, or while it has the focus. */
export class AddStep implements IDisposable {
  constructor(
    private readonly _notebook: Notebook,
    trans: TranslationBundle,
    private readonly _onClick: (cell: number, anchor: HTMLElement) => void
  ) {
    this._node = element('button', 'nb2pipe-AddStep', trans.__('+ step'));
    this._node.type = 'button';
    this._node.title = trans.__('Start a step at this cell');
    this._node.setAttribute('aria-label', this._node.title);
    this._node.setAttribute('aria-haspopup', 'dialog');
    this._node.dataset['testid'] = 'nb2pipe-header-add';
    this._node.addEventListener('mousedown', stop);
    this._node.addEventListener('keydown', event => {
      if (event.key === 'Enter' || event.key === ' ') {
        event.stopPropagation();
      }
    });
    this._node.addEventListener('click', () => this._click());
    this._notebook.node.addEventListener('mouseover', this._onMouse);
    this._notebook.activeCellChanged.connect(this._onActive, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  set isShown(value: boolean) {
    this._isShown = value;
    this._put(this._home);
  }

  dispose(): void {
    this._isDisposed = true;
    this._node.remove();
    this._notebook.node.removeEventListener('mouseover', this._onMouse);
    Signal.disconnectReceiver(this);
  }

  private readonly _onMouse = (event: MouseEvent): void => {
    const target = event.target instanceof Element ? event.target : null;
    const node = target?.closest('.jp-CodeCell');
    if (node && node !== this._home?.node && !this._hasFocus) {
      const widgets = this._notebook.widgets;
      this._put(widgets.find(widget => widget.node === node) ?? null);
    }
  };

  private _onActive(): void {
    if (!this._hasFocus) {
      this._put(this._notebook.activeCell);
    }
  }

  /** Stand in this cell, unless it has a header already. Last, since Lumino counts the nodes before its own. */
  private _put(cell: Cell | null): void {
    this._home = cell;
    const fits =
      this._isShown &&
      cell?.model.type === 'code' &&
      !cell.node.querySelector(':scope > .nb2pipe-Header');
    if (!fits) {
      this._node.remove();
    } else if (this._node.parentNode !== cell.node) {
      cell.node.append(this._node);
    }
  }

  private _click(): void {
    const cells = this._notebook.widgets.filter(
      widget => widget.model.type === 'code'
    );
    const index = this._home ? cells.indexOf(this._home) : -1;
    if (index >= 0) {
      this._onClick(index, this._node);
    }
  }

  private get _hasFocus(): boolean {
    return document.activeElement === this._node;
  }

  private readonly _node: HTMLButtonElement;
  private _home: Cell | null = null;
  private _isShown = false;
  private _isDisposed = false;
}

function stop(event: Event): void {
  event.stopPropagation();
}
