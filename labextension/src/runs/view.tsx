/** The tab "Runs": the runs of a notebook, one in full, two side by side; verification and compilation. */

import * as React from 'react';

import { CompiledPart } from './compiledPart';
import { Comparison } from './comparison';
import type { IRunsProps } from './controls';
import { History } from './history';
import { useChanges } from '../panel/hooks';
import { useWatched } from './hooks';
import { runsOf } from './own';
import { Courses } from './plots';
import { VerifyPart } from './verifyPart';

/** All about the runs of one notebook. */
export function RunsView(props: IRunsProps): JSX.Element {
  const runs = runsOf(props.pipeline);
  const { trans } = runs;
  useChanges(runs.changed);
  useChanges(props.pipeline.changed);
  const place = useWatched(runs);
  const [pair, setPair] = React.useState<readonly string[]>([]);
  const chosen = pair
    .map(id => runs.history.find(view => view.run.id === id))
    .filter(view => view !== undefined)
    .sort((a, b) => (a.run.started_at < b.run.started_at ? -1 : 1));
  const [left, right] = chosen;
  return (
    <div className="nb2pipe-RunsView" ref={place} data-testid="nb2pipe-runs">
      {runs.history.length === 0 ? (
        runs.isLoaded && <Empty trans={trans} />
      ) : (
        <>
          <History runs={runs} pair={pair} onPair={setPair} />
          {left && right ? (
            <Comparison
              runs={runs}
              left={left}
              right={right}
              onClose={() => setPair([])}
            />
          ) : (
            <Courses runs={runs} />
          )}
        </>
      )}
      <VerifyPart runs={runs} />
      <CompiledPart runs={runs} />
    </div>
  );
}

/** What a run is, for who has none yet. */
function Empty(props: {
  trans: ReturnType<typeof runsOf>['trans'];
}): JSX.Element {
  const { trans } = props;
  return (
    <div className="nb2pipe-Empty" data-testid="nb2pipe-runs-empty">
      <h3>{trans.__('No runs yet')}</h3>
      <p>
        {trans.__(
          '“Run pipeline” runs the steps of this notebook, each in its own process, side by side where nothing forbids it. Your kernel is not touched and nothing is saved.'
        )}
      </p>
      <p>
        {trans.__(
          'Results and outputs are kept in a hidden folder, .nb2pipe, beside the notebook: a step whose code and inputs did not change is not run again. Nothing is uploaded.'
        )}
      </p>
      <p>
        {trans.__(
          'Runs of the command line and of clusters are listed here too.'
        )}
      </p>
    </div>
  );
}
