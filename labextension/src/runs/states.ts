/** The states of runs and steps in, words for people out. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Run, RunState, StepRun } from '../wire';

/** How a step is shown: its state, or that an earlier run's results were taken. */
export type Look = RunState | 'CACHED';

/** How a step of a run is shown. */
export function lookOf(step: Pick<StepRun, 'state' | 'reused'>): Look {
  return step.state === 'SUCCEEDED' && step.reused !== ''
    ? 'CACHED'
    : step.state;
}

/** True if nothing more will happen. */
export function isDone(state: RunState): boolean {
  return state !== 'PENDING' && state !== 'RUNNING' && state !== 'CANCELING';
}

/** The word for a look. */
export function wordOf(look: Look, trans: TranslationBundle): string {
  switch (look) {
    case 'PENDING':
      return trans.__('waiting');
    case 'RUNNING':
      return trans.__('running');
    case 'SUCCEEDED':
      return trans.__('done');
    case 'CACHED':
      return trans.__('unchanged');
    case 'SKIPPED':
      return trans.__('left out');
    case 'FAILED':
      return trans.__('failed');
    case 'CANCELING':
      return trans.__('stopping');
    case 'CANCELED':
      return trans.__('stopped');
  }
}

/** How far a run is: its steps that have ended, all its steps. */
export function progress(run: Run): { done: number; all: number } {
  const done = run.steps.filter(step => isDone(step.state)).length;
  return { done, all: run.steps.length };
}

/** One sentence about a run, for the eye and for a screen reader. It changes with states, not with time. */
export function sentence(run: Run, trans: TranslationBundle): string {
  const { done, all } = progress(run);
  const failed = run.steps.find(step => step.state === 'FAILED');
  switch (run.state) {
    case 'PENDING':
      return trans.__('Waiting to start');
    case 'RUNNING': {
      const names = run.steps
        .filter(step => step.state === 'RUNNING')
        .map(step => step.name);
      return names.length
        ? trans.__(
            '%1 of %2 steps done, %3 running',
            done,
            all,
            names.join(', ')
          )
        : trans.__('%1 of %2 steps done', done, all);
    }
    case 'CANCELING':
      return trans.__('Stopping');
    case 'CANCELED':
      return trans.__('Stopped after %1 of %2 steps', done, all);
    case 'FAILED':
      return failed
        ? trans.__('Failed in step %1', failed.name)
        : trans.__('Failed');
    case 'SUCCEEDED':
    case 'SKIPPED': {
      const cached = run.steps.filter(step => lookOf(step) === 'CACHED').length;
      if (all > 0 && cached === all) {
        return trans.__('Nothing changed: results of earlier runs hold');
      }
      return cached
        ? trans.__('Done: %1 steps ran, %2 unchanged', all - cached, cached)
        : trans.__('Done: all %1 steps', all);
    }
  }
}

/** Where a run is or was: this machine, or a cluster. */
export function placeOf(run: Run, trans: TranslationBundle): string {
  return run.target || trans.__('this machine');
}
