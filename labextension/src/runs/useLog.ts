/** A step of the shown run in; what it printed out: as it came, else what the server has kept of it. */

import { useEffect, useState } from 'react';

import type { Printed, StepRun } from '../wire';
import type { Runs } from './model';

const TAIL = 1000;

/** The text of a step that was not followed here is asked for once, when the step is looked at. */
export function useLog(
  runs: Runs,
  id: string,
  step: StepRun | undefined
): readonly Printed[] {
  const [kept, setKept] = useState<readonly Printed[]>([]);
  const printed = runs.printed(id);
  const view = runs.shown;
  const run = view?.run.id;
  const isAsked =
    printed.length === 0 &&
    view !== null &&
    !view.live &&
    step !== undefined &&
    step.started_at !== null &&
    step.reused === '';
  useEffect(() => {
    if (!isAsked || run === undefined) {
      return;
    }
    let isGone = false;
    runs.client
      .stepLog(run, id, runs.pipeline.path, TAIL)
      .then(text => {
        if (!isGone && text) {
          setKept([{ at: '', step: id, cell: null, stream: 'stdout', text }]);
        }
      })
      .catch(() => undefined); // a step that left no log has printed nothing
    return () => {
      isGone = true;
    };
  }, [isAsked, runs, run, id]);
  return printed.length ? printed : kept;
}
