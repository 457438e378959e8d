/** A step and its runs in, how it stands out: in the run that is shown, and for the next one. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { clock, elapsed } from '../runs/format';
import { type Look, lookOf, wordOf } from '../runs/states';
import type { IRuns } from '../tokens';

export interface IStanding {
  /** Null: in no run yet. */
  readonly look: Look | null;
  /** For people: "done". */
  readonly word: string;
  /** How long it took or has been running, in few signs; empty if it has not started. */
  readonly time: string;
  /** Why the next run would run it; empty if its last results would be taken, null if that isn't known. */
  readonly stale: readonly string[] | null;
}

export function standingOf(
  step: string,
  runs: IRuns,
  trans: TranslationBundle,
  now: number
): IStanding {
  const run = runs.step(step);
  const look = run ? lookOf(run) : null;
  const seconds =
    run && look !== 'CACHED'
      ? elapsed(run.started_at, run.finished_at, now)
      : null;
  return {
    look,
    word: look ? wordOf(look, trans) : trans.__('not run yet'),
    time: seconds === null ? '' : brief(seconds),
    stale: runs.freshness.get(step)?.reasons ?? null
  };
}

/** "0.4 s", "12 s", then as a clock. */
export function brief(seconds: number): string {
  if (seconds < 9.95) {
    return `${seconds.toFixed(1)} s`;
  }
  return seconds < 59.5 ? `${Math.round(seconds)} s` : clock(seconds);
}

/** What a standing says of the next run, as a sentence; empty if nothing is known. */
export function staleSentence(
  standing: IStanding,
  trans: TranslationBundle
): string {
  if (standing.stale === null) {
    return '';
  }
  return standing.stale.length
    ? trans.__('Runs next time: %1', standing.stale.join('; '))
    : trans.__('Unchanged: its last results are taken next time');
}
