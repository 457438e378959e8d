/** A notebook's verification in; how it goes and what it found out. */

import * as React from 'react';

import type { VerificationView } from '../wire';
import { useChanges } from '../panel/hooks';
import type { Runs } from './model';
import { Button, Trouble } from './parts';

/** Lines of progress that are shown: the last ones say where it is. */
const LINES = 8;

/** To begin, follow, stop a verification, and read its report. */
export function VerifyPart(props: { runs: Runs }): JSX.Element {
  const { runs } = props;
  const { trans, verifying, pipeline } = runs;
  useChanges(pipeline.panel.context.model.stateChanged);
  React.useEffect(() => void verifying.find(), [verifying]);
  const { view, isLive } = verifying;
  const place = React.useRef<HTMLElement>(null);
  React.useEffect(() => {
    if (isLive) {
      place.current?.scrollIntoView({ block: 'nearest' });
    }
  }, [isLive]);
  return (
    <section className="nb2pipe-Part" ref={place} data-testid="nb2pipe-verify">
      <h3>{trans.__('Is the pipeline right?')}</h3>
      {!view && (
        <p className="nb2pipe-Hint">
          {trans.__(
            'Runs the notebook from top to bottom, twice, and as a pipeline, in copies of its folder, and compares what all cells show and leave.'
          )}
        </p>
      )}
      {pipeline.panel.context.model.dirty && !isLive && (
        <p className="nb2pipe-Hint">
          {trans.__(
            'It takes the notebook as it is saved; you have edits that are not.'
          )}
        </p>
      )}
      <div className="nb2pipe-Actions">
        {isLive ? (
          <Button
            label={trans.__('Stop verifying')}
            disabled={!view || view.state === 'CANCELING'}
            onClick={() => void verifying.stop()}
            testid="nb2pipe-verify-stop"
          />
        ) : (
          <Button
            label={view ? trans.__('Verify again') : trans.__('Verify')}
            onClick={() => void verifying.start()}
            testid="nb2pipe-verify-start"
          />
        )}
        {verifying.report && (
          <a
            className="nb2pipe-Link"
            href={verifying.report}
            target="_blank"
            rel="noopener noreferrer"
            data-testid="nb2pipe-verify-report"
          >
            {trans.__('Open the report')}
          </a>
        )}
      </div>
      <Trouble trouble={verifying.trouble} />
      {view && <Outcome runs={runs} view={view} isLive={isLive} />}
    </section>
  );
}

function Outcome(props: {
  runs: Runs;
  view: VerificationView;
  isLive: boolean;
}): JSX.Element {
  const { runs, view, isLive } = props;
  const { trans } = runs;
  const counts = Object.entries(view.counts).filter(([, count]) => count > 0);
  const isGood = view.outcome === 'same';
  return (
    <>
      {isLive && view.lines.length > 0 && (
        <pre className="nb2pipe-Lines" aria-label={trans.__('Progress')}>
          {view.lines.slice(-LINES).join('\n')}
        </pre>
      )}
      {!isLive && (
        <div
          className={`nb2pipe-Notice nb2pipe-mod-${isGood ? 'good' : 'warning'}`}
          role="status"
          data-testid="nb2pipe-verify-outcome"
          data-outcome={view.outcome || view.state}
        >
          <strong>{sentenceOf(view, trans)}</strong>
          {view.problem && <div>{view.problem}</div>}
          {counts.length > 0 && (
            <div className="nb2pipe-Quiet">
              {counts
                .map(([verdict, count]) =>
                  trans.__('%1: %2 cells', verdictWord(verdict, trans), count)
                )
                .join(' · ')}
            </div>
          )}
        </div>
      )}
    </>
  );
}

function sentenceOf(view: VerificationView, trans: Runs['trans']): string {
  switch (view.outcome) {
    case 'same':
      return trans.__('The pipeline gives what the notebook gives.');
    case 'differs':
      return trans.__('The pipeline gives something else than the notebook.');
    case 'refused':
      return trans.__('The notebook has problems, so nothing was run.');
    case 'fails':
      return trans.__(
        'The notebook itself fails when it is run from top to bottom.'
      );
    case 'stopped':
      return trans.__('The pipeline stopped before its end.');
    default:
      return view.state === 'CANCELED'
        ? trans.__('Verifying was stopped.')
        : trans.__('Verifying came to no end.');
  }
}

function verdictWord(verdict: string, trans: Runs['trans']): string {
  switch (verdict) {
    case 'same':
      return trans.__('same');
    case 'differs':
      return trans.__('different');
    case 'nondeterministic':
      return trans.__('random');
    case 'not run':
      return trans.__('not run');
    case 'not compared':
      return trans.__('not compared');
    default:
      return verdict;
  }
}
