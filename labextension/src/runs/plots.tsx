/** The metrics of many runs in; a small line for each of them out. */

import * as React from 'react';

import { courses } from './compare';
import { number } from './format';
import type { Runs } from './model';

const WIDTH = 96;
const HEIGHT = 20;
const EDGE = 3;

/** How each metric went from run to run; nothing until two runs have one. */
export function Courses(props: { runs: Runs }): JSX.Element | null {
  const { runs } = props;
  const { trans } = runs;
  const all = React.useMemo(
    () =>
      [...courses(runs.history)].filter(
        ([, values]) => values.filter(isNumber).length > 1
      ),
    [runs.history]
  );
  return all.length ? (
    <table
      className="nb2pipe-Table nb2pipe-Courses"
      data-testid="nb2pipe-runs-courses"
    >
      <caption>{trans.__('Metrics from run to run')}</caption>
      <tbody>
        {all.map(([name, values]) => {
          const known = values.filter(isNumber);
          const last = known[known.length - 1] ?? 0;
          const range = trans.__(
            'from %1 to %2 in %3 runs',
            number(Math.min(...known)),
            number(Math.max(...known)),
            known.length
          );
          return (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <Line values={values} label={`${name}: ${range}`} />
              </td>
              <td className="nb2pipe-Number">{number(last)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  ) : null;
}

function Line(props: {
  values: ReadonlyArray<number | null>;
  label: string;
}): JSX.Element {
  const places = points(props.values);
  const last = places[places.length - 1];
  return (
    <svg
      className="nb2pipe-Line"
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={props.label}
    >
      <title>{props.label}</title>
      <polyline points={places.map(([x, y]) => `${x},${y}`).join(' ')} />
      {last && <circle cx={last[0]} cy={last[1]} r={2.5} />}
    </svg>
  );
}

/** Where the values are drawn, larger ones higher; runs without one leave a gap in width only. */
function points(values: ReadonlyArray<number | null>): Array<[number, number]> {
  const known = values.filter(isNumber);
  const low = Math.min(...known);
  const span = Math.max(...known) - low;
  const step = (WIDTH - 2 * EDGE) / Math.max(1, values.length - 1);
  return values.flatMap((value, place): Array<[number, number]> => {
    if (!isNumber(value)) {
      return [];
    }
    const part = span > 0 ? (value - low) / span : 0.5;
    const y = HEIGHT - EDGE - part * (HEIGHT - 2 * EDGE);
    return [[EDGE + place * step, Math.round(y * 10) / 10]];
  });
}

function isNumber(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}
