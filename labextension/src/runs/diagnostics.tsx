/** Problems in; each with its place and its mending out. */

import * as React from 'react';

import type { Diagnostic } from '../wire';
import type { Runs } from './model';
import { Button } from './parts';

/** Problems that stopped something, each with its place and its mending. */
export function Refused(props: {
  diagnostics: readonly Diagnostic[];
  title: string;
  runs: Runs;
  onClose: () => void;
}): JSX.Element | null {
  const { diagnostics, runs } = props;
  const { trans } = runs;
  if (diagnostics.length === 0) {
    return null;
  }
  return (
    <div
      className="nb2pipe-Notice nb2pipe-mod-error"
      role="alert"
      data-testid="nb2pipe-runs-refused"
    >
      <div className="nb2pipe-Notice-head">
        <strong>{props.title}</strong>
        <Button
          kind="plain"
          label={trans.__('Close')}
          onClick={props.onClose}
        />
      </div>
      <ul className="nb2pipe-Notice-list">
        {diagnostics.map((item, place) => (
          <li key={place}>
            <DiagnosticText item={item} runs={runs} />
          </li>
        ))}
      </ul>
    </div>
  );
}

/** One problem, with a button to its cell. */
export function DiagnosticText(props: {
  item: Diagnostic;
  runs: Runs;
}): JSX.Element {
  const { item, runs } = props;
  const { cell, line } = item.location;
  return (
    <>
      {cell !== null && <CellButton runs={runs} cell={cell} line={line} />}
      <span className="nb2pipe-Code">{item.code}</span> {item.message}
      {item.hint && <div className="nb2pipe-Hint">{item.hint}</div>}
    </>
  );
}

/** Go to a cell of the notebook. */
export function CellButton(props: {
  runs: Runs;
  cell: number;
  line: number | null;
  label?: string;
}): JSX.Element {
  const { runs, cell, line } = props;
  const { trans } = runs;
  const where =
    line === null
      ? trans.__('Cell %1', cell + 1)
      : trans.__('Cell %1 line %2', cell + 1, line);
  return (
    <button
      type="button"
      className="nb2pipe-Link"
      onClick={() => void runs.pipeline.reveal(cell, line ?? undefined)}
    >
      {props.label ?? where}
    </button>
  );
}
