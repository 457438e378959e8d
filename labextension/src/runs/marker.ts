/** The runs of a notebook in; a mark at each of its cells that runs in a step just now. */

import type { Cell } from '@jupyterlab/cells';

import type { Runs } from './model';

const RUNNING = 'nb2pipe-mod-stepRunning';

/** Keep the marks of one notebook up to date, until its runs are disposed. */
export function markRunningCells(runs: Runs): void {
  let marked: readonly Cell[] = [];
  const update = (): void => {
    const found = runs.isDisposed ? [] : runningCells(runs);
    for (const cell of marked) {
      if (!found.includes(cell) && !cell.isDisposed) {
        cell.removeClass(RUNNING);
      }
    }
    for (const cell of found) {
      cell.addClass(RUNNING);
    }
    marked = found;
  };
  runs.changed.connect(update);
  runs.disposed.connect(update);
}

function runningCells(runs: Runs): Cell[] {
  const view = runs.isWatched ? runs.underWay : null;
  const { pipeline } = runs;
  if (!view || pipeline.panel.isDisposed) {
    return [];
  }
  const models = view.run.steps
    .filter(step => step.state === 'RUNNING' && step.cell !== null)
    .map(step => pipeline.cell(step.cell ?? -1));
  return pipeline.panel.content.widgets.filter(cell =>
    models.includes(cell.model)
  );
}
