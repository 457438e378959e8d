/** A pipeline in, its runs as this area made them out: whoever only needs to know them does not load what makes them. */

import type { INotebookPipeline, IRuns } from '../tokens';
import type { Runs } from './model';

const made = new WeakSet<IRuns>();

/** To be told of runs when they are made. */
export function own(runs: Runs): void {
  made.add(runs);
}

/** The runs of a pipeline, with all that this area can do with them. */
export function runsOf(pipeline: INotebookPipeline): Runs {
  const { runs } = pipeline;
  if (!isOwn(runs)) {
    throw new TypeError('the runs of this pipeline are not of this panel');
  }
  return runs;
}

function isOwn(runs: IRuns): runs is Runs {
  return made.has(runs);
}
