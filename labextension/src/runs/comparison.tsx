/** Two runs in; their parameters, metrics and times side by side out. What differs stands out by more than colour. */

import * as React from 'react';

import type { Json, RunView } from '../wire';
import { type INumberRow, type IRow, compare } from './compare';
import { duration, moment, number, value } from './format';
import type { Runs } from './model';
import { Button } from './parts';

/** The older run left, the newer right. */
export function Comparison(props: {
  runs: Runs;
  left: RunView;
  right: RunView;
  onClose: () => void;
}): JSX.Element {
  const { runs, left, right } = props;
  const { trans } = runs;
  const { parameters, metrics, times } = React.useMemo(
    () => compare(left, right),
    [left, right]
  );
  const heads = headsOf(left, right);
  const seconds = (given: number | undefined): string =>
    given === undefined ? '–' : duration(given, trans);
  const metric = (given: number | undefined): string =>
    given === undefined ? '–' : number(given);
  return (
    <section className="nb2pipe-Comparison" data-testid="nb2pipe-compare">
      <div className="nb2pipe-Notice-head">
        <h3>{trans.__('Two runs compared')}</h3>
        <Button
          kind="plain"
          label={trans.__('Close')}
          onClick={props.onClose}
        />
      </div>
      {left.run.digest !== right.run.digest && (
        <p className="nb2pipe-Hint">
          {trans.__('The notebook changed between the two.')}
        </p>
      )}
      <Numbers
        title={trans.__('Metrics')}
        heads={heads}
        by={trans.__('Change')}
        rows={metrics}
        text={metric}
      />
      <Table
        title={trans.__('Parameters')}
        heads={heads}
        rows={parameters.map((row: IRow<Json>) => ({
          name: row.name,
          cells: [value(row.left) || '–', value(row.right) || '–'],
          differs: row.differs
        }))}
      />
      <Numbers
        title={trans.__('Time of each step')}
        heads={heads}
        by={trans.__('Change')}
        rows={times}
        text={seconds}
      />
    </section>
  );
}

/** When the two were begun, to the second where the minute does not tell them apart. */
function headsOf(left: RunView, right: RunView): string[] {
  const times = [left.run.started_at, right.run.started_at];
  const [first, second] = times.map(at => moment(at, new Date()));
  return first !== second
    ? [first ?? '', second ?? '']
    : times.map(at => new Date(at).toLocaleTimeString());
}

function Numbers(props: {
  title: string;
  heads: readonly string[];
  by: string;
  rows: readonly INumberRow[];
  text: (given: number | undefined) => string;
}): JSX.Element | null {
  const { rows, text } = props;
  return (
    <Table
      title={props.title}
      heads={[...props.heads, props.by]}
      isNumbers
      rows={rows.map(row => ({
        name: row.name,
        cells: [text(row.left), text(row.right), change(row.by, text)],
        differs: row.differs
      }))}
    />
  );
}

/** `+0.2 s`, `−3`, `=`; nothing where one of the two is missing. */
function change(by: number | null, text: (given: number) => string): string {
  if (by === null) {
    return '';
  }
  const amount = text(Math.abs(by));
  return amount === text(0) ? '=' : `${by > 0 ? '+' : '−'}${amount}`;
}

function Table(props: {
  title: string;
  heads: readonly string[];
  rows: ReadonlyArray<{ name: string; cells: string[]; differs: boolean }>;
  isNumbers?: boolean;
}): JSX.Element | null {
  const kind = props.isNumbers ? 'nb2pipe-Number' : undefined;
  return props.rows.length ? (
    <table className="nb2pipe-Table">
      <caption>{props.title}</caption>
      <thead>
        <tr>
          <td />
          {props.heads.map((head, place) => (
            <th key={place} scope="col" className={kind}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {props.rows.map(row => (
          <tr
            key={row.name}
            className={row.differs ? 'nb2pipe-mod-differs' : undefined}
          >
            <th scope="row">{row.name}</th>
            {row.cells.map((cell, place) => (
              <td key={place} className={kind}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  ) : null;
}
