/** What to show above a cell in, a widget that shows it out. Plain DOM: there may be hundreds. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { bar, element, markNode } from './nodes';
import type { IHeader, IMark } from './shown';
import { roleWord } from './words';

/** How many variables of a kind are named. */
const MOST_NAMES = 4;

/** What a header can do. */
export interface IHeaderActions {
  /** Open the popover, beside `anchor`. */
  edit(anchor: HTMLElement): void;
  /** Show the problems of the cell. */
  showProblems(): void;
}

/** The line above the first cell of a step. It is updated in place, so that its button keeps the focus. */
export class StepHeader extends Widget {
  constructor(
    private readonly _actions: IHeaderActions,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('nb2pipe-Header');
    this.node.setAttribute('role', 'group');
    this._button = element('button', 'nb2pipe-Header-name');
    this._button.type = 'button';
    this._button.setAttribute('aria-haspopup', 'dialog');
    this._button.dataset['testid'] = 'nb2pipe-header-step';
    this._rest = element('span', 'nb2pipe-Header-rest');
    this.node.append(this._button, this._rest);
    // The notebook would take the press for a choice of cells, and the keys for its own.
    this.node.addEventListener('mousedown', stop);
    this.node.addEventListener('keydown', stopPlainKeys);
    this._button.addEventListener('click', () => {
      this._actions.edit(this._button);
    });
  }

  /** The button that opens the popover. */
  get anchor(): HTMLElement {
    return this._button;
  }

  /** Show this. */
  show2(header: IHeader, mark: IMark | null): void {
    const key = JSON.stringify([header, mark]);
    if (key === this._key) {
      return;
    }
    this._key = key;
    this.node.dataset['role'] = header.role;
    bar(this.node, header.colour);
    this._showName(header);
    this._rest.replaceChildren(...this._details(header));
    if (mark) {
      const problem = markNode(mark, this._trans, () =>
        this._actions.showProblems()
      );
      problem.append(element('span', 'nb2pipe-Mark-line', mark.lines[0] ?? ''));
      this._rest.append(problem);
    }
  }

  private _showName(header: IHeader): void {
    const trans = this._trans;
    const word = roleWord(header.role, trans);
    const isStep = header.role === 'step';
    const label = isStep ? header.name : word.label;
    this._button.replaceChildren(
      element('span', 'nb2pipe-Header-label', label),
      caret()
    );
    this._button.title = isStep
      ? header.isImplicit
        ? trans.__(
            'The cells before the first step. Click to give them a name.'
          )
        : trans.__('Change this step')
      : word.meaning;
    this._button.setAttribute(
      'aria-label',
      isStep
        ? trans.__('Step %1. Change it', header.name)
        : trans.__('%1. Change it', word.label)
    );
    this.node.setAttribute(
      'aria-label',
      isStep ? trans.__('Step %1', header.name) : word.label
    );
  }

  private _details(header: IHeader): HTMLElement[] {
    const trans = this._trans;
    const found: HTMLElement[] = [];
    if (!header.first) {
      found.push(element('span', 'nb2pipe-Header-note', trans.__('continued')));
    }
    if (header.hasMetrics) {
      found.push(
        element('span', 'nb2pipe-Badge', roleWord('metrics', trans).label)
      );
    }
    if (header.inputs.length || header.outputs.length) {
      const flow = element('span', 'nb2pipe-Header-flow');
      flow.title = header.flow;
      flow.setAttribute('role', 'img');
      flow.setAttribute('aria-label', header.flow);
      flow.append(
        ...namesOf(header.inputs),
        element('span', 'nb2pipe-Header-arrow', '→'),
        ...namesOf(header.outputs)
      );
      found.push(flow);
    }
    found.push(
      ...header.badges.map(badge => element('span', 'nb2pipe-Badge', badge))
    );
    return found;
  }

  private readonly _button: HTMLButtonElement;
  private readonly _rest: HTMLElement;
  private _key = '';
}

function namesOf(names: readonly string[]): HTMLElement[] {
  const more = names.length - MOST_NAMES;
  const shown = names.slice(0, MOST_NAMES).join(', ');
  const text = more > 0 ? `${shown} +${more}` : shown;
  return text ? [element('span', 'nb2pipe-Header-names', text)] : [];
}

function caret(): HTMLElement {
  const node = element('span', 'nb2pipe-Header-caret');
  node.setAttribute('aria-hidden', 'true');
  return node;
}

function stop(event: Event): void {
  event.stopPropagation();
}

/** Keys that a button takes itself must not reach the notebook: Enter would edit the cell. */
function stopPlainKeys(event: KeyboardEvent): void {
  if (event.key === 'Enter' || event.key === ' ') {
    event.stopPropagation();
  }
}
