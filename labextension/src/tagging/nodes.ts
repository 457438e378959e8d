/** Small pieces of DOM that headers, bars and marks are made of. Texts are only ever set as text. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { IMark } from './shown';

/** A new element of a class, with a text. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className: string,
  text = ''
): HTMLElementTagNameMap[K] {
  const node = document.createElement(name);
  node.className = className;
  node.textContent = text;
  return node;
}

/** Give a node the colour of a step; null: that of cells that are no step. */
export function bar(node: HTMLElement, colour: number | null): void {
  const value =
    colour === null
      ? 'var(--nb2pipe-no-step)'
      : `var(--nb2pipe-step-${colour})`;
  node.style.setProperty('--nb2pipe-colour', value);
}

/** A button that tells of a cell's problems. */
export function markNode(
  mark: IMark,
  trans: TranslationBundle,
  onClick: () => void
): HTMLButtonElement {
  const node = element('button', 'nb2pipe-Mark');
  const count = mark.lines.length;
  const title = mark.lines.join('\n');
  node.type = 'button';
  node.dataset['severity'] = mark.severity;
  node.dataset['testid'] = 'nb2pipe-header-problem';
  node.title = title;
  node.setAttribute(
    'aria-label',
    trans._n('%1 problem: %2', '%1 problems: %2', count, title)
  );
  node.append(
    element('span', 'nb2pipe-Mark-sign', mark.severity === 'error' ? '✕' : '!')
  );
  if (count > 1) {
    node.append(element('span', 'nb2pipe-Mark-count', String(count)));
  }
  node.addEventListener('mousedown', event => event.stopPropagation());
  node.addEventListener('click', onClick);
  return node;
}
