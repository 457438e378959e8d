/** Small pieces that all of this area's views are made of. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ITrouble } from '../tokens';
import type { RunState } from '../wire';
import { type Look, wordOf } from './states';

/** The lines of each state's sign, in a square of 16. Each has a shape of its own: colour only helps. */
const SIGNS: Readonly<Record<Look, string>> = {
  PENDING: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0 -11z',
  RUNNING: 'M8 2.5a5.5 5.5 0 1 1 -5.5 5.5',
  SUCCEEDED: 'M3 8.5l3.2 3.2L13 4.8',
  CACHED: 'M9 1.8L4 9h4l-1 5.2L12 7H8z',
  SKIPPED: 'M3 8h10',
  FAILED: 'M4 4l8 8M12 4l-8 8',
  CANCELING: 'M4 4h8v8H4z',
  CANCELED: 'M4 4h8v8H4z'
};

/** The sign of a state. With `label` it speaks for itself; else a word stands beside it. */
export function StateSign(props: {
  look: Look;
  label?: string | undefined;
}): JSX.Element {
  const { look, label } = props;
  return (
    <svg
      className={`nb2pipe-StateSign nb2pipe-mod-${look.toLowerCase()}`}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      {...(label
        ? { role: 'img', 'aria-label': label }
        : { 'aria-hidden': true })}
    >
      <path d={SIGNS[look]} />
    </svg>
  );
}

/** A state, as a sign and a word. */
export function StateWord(props: {
  look: Look;
  trans: TranslationBundle;
}): JSX.Element {
  return (
    <span className="nb2pipe-StateWord">
      <StateSign look={props.look} />
      {wordOf(props.look, props.trans)}
    </span>
  );
}

/** Something went wrong with the server: what, and what to do. */
export function Trouble(props: {
  trouble: ITrouble | null;
}): JSX.Element | null {
  const { trouble } = props;
  return trouble ? (
    <div
      className="nb2pipe-Notice nb2pipe-mod-error"
      role="alert"
      data-testid="nb2pipe-runs-trouble"
    >
      <div>{trouble.message}</div>
      {trouble.hint && <div className="nb2pipe-Hint">{trouble.hint}</div>}
    </div>
  ) : null;
}

/** How much a button asks to be pressed. */
const KINDS = {
  accept: 'jp-mod-accept',
  quiet: 'nb2pipe-mod-quiet',
  plain: 'jp-mod-minimal'
};

/** A button as JupyterLab has them. */
export function Button(props: {
  label: string;
  onClick: () => void;
  disabled?: boolean | undefined;
  kind?: keyof typeof KINDS;
  title?: string | undefined;
  pressed?: boolean | undefined;
  testid?: string | undefined;
}): JSX.Element {
  return (
    <button
      type="button"
      className={`nb2pipe-Button jp-mod-styled ${KINDS[props.kind ?? 'quiet']}`}
      onClick={props.onClick}
      disabled={props.disabled}
      title={props.title}
      aria-pressed={props.pressed}
      data-testid={props.testid}
    >
      {props.label}
    </button>
  );
}

/** Names with values, in two columns. */
export function Facts(props: {
  facts: ReadonlyArray<readonly [name: string, value: React.ReactNode]>;
}): JSX.Element | null {
  const shown = props.facts.filter(
    ([, value]) => value !== '' && value !== null && value !== false
  );
  return shown.length ? (
    <dl className="nb2pipe-Facts">
      {shown.map(([name, value]) => (
        <React.Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </React.Fragment>
      ))}
    </dl>
  ) : null;
}

/** A part that can be folded. */
export function Fold(props: {
  title: string;
  open?: boolean;
  children: React.ReactNode;
  onOpen?: () => void;
  testid?: string;
}): JSX.Element {
  return (
    <details
      className="nb2pipe-Fold"
      open={props.open}
      data-testid={props.testid}
      onToggle={event => event.currentTarget.open && props.onOpen?.()}
    >
      <summary>{props.title}</summary>
      {props.children}
    </details>
  );
}

/** True while a run of this state may still be stopped. */
export function canStop(state: RunState): boolean {
  return state === 'PENDING' || state === 'RUNNING';
}
