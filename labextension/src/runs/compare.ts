/** Two runs in, rows of what they share and where they differ out. */

import type { Json, Run, RunView, StepRun } from '../wire';
import { elapsed } from './format';

/** One thing of both runs; undefined where one of them has none. */
export interface IRow<T> {
  name: string;
  left: T | undefined;
  right: T | undefined;
  differs: boolean;
}

/** A number of both runs: `by` is what the right one has more. */
export interface INumberRow extends IRow<number> {
  by: number | null;
}

/** What two runs have side by side. Times are in seconds; a step that was taken from an earlier run has none. */
export interface IComparison {
  parameters: Array<IRow<Json>>;
  metrics: INumberRow[];
  times: INumberRow[];
}

/** The rows of two runs. Names stand in the order of the right run, those only of the left one after them. */
export function compare(left: RunView, right: RunView): IComparison {
  return {
    parameters: rows(left.run.parameters, right.run.parameters),
    metrics: numbers(known(left.metrics), known(right.metrics)),
    times: numbers(times(left.run), times(right.run))
  };
}

/** How long each step ran, by its name. */
export function times(run: Run): Record<string, number> {
  const found: Record<string, number> = {};
  for (const step of run.steps) {
    const seconds = took(step);
    if (seconds !== null) {
      found[step.name] = seconds;
    }
  }
  return found;
}

/** How long a step ran in this run; null if it did not, or has not ended. */
export function took(step: StepRun): number | null {
  return step.reused !== '' || step.finished_at === null
    ? null
    : elapsed(step.started_at, step.finished_at, 0);
}

/** The metrics of many runs: for each its values, oldest first, null where a run has none. */
export function courses(
  newestFirst: readonly RunView[]
): Map<string, Array<number | null>> {
  const oldestFirst = [...newestFirst].reverse();
  const names = newestFirst.flatMap(view => Object.keys(view.metrics));
  return new Map(
    [...new Set(names)].map(name => [
      name,
      oldestFirst.map(view => view.metrics[name] ?? null)
    ])
  );
}

/** The metrics that are numbers: NaN and infinity travel as null. */
function known(
  metrics: Readonly<Record<string, number | null>>
): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [name, value] of Object.entries(metrics)) {
    if (value !== null) {
      found[name] = value;
    }
  }
  return found;
}

function rows<T extends Json>(
  left: Readonly<Record<string, T>>,
  right: Readonly<Record<string, T>>
): Array<IRow<T>> {
  const names = new Set([...Object.keys(right), ...Object.keys(left)]);
  return [...names].map(name => ({
    name,
    left: left[name],
    right: right[name],
    differs: !same(left[name], right[name])
  }));
}

function numbers(
  left: Readonly<Record<string, number>>,
  right: Readonly<Record<string, number>>
): INumberRow[] {
  return rows(left, right).map(row => ({
    ...row,
    by:
      row.left === undefined || row.right === undefined
        ? null
        : row.right - row.left
  }));
}

/** Whether two values are equal as data: the order of a dictionary's names says nothing. */
export function same(left: Json | undefined, right: Json | undefined): boolean {
  return ordered(left) === ordered(right);
}

function ordered(value: Json | undefined): string {
  return (
    JSON.stringify(value, (_, item: unknown) =>
      item !== null && typeof item === 'object' && !Array.isArray(item)
        ? Object.fromEntries(
            Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))
          )
        : item
    ) ?? ''
  );
}
