/** Notes at the panel's top: that an older run is shown, or that a notebook is one step of another. */

import * as React from 'react';

import { moment } from './format';
import type { Runs } from './model';
import { originOf } from './origins';
import { Button } from './parts';

/** What a notebook that `debug` made is for, and the way back. */
export function DebugNote(props: { runs: Runs }): JSX.Element {
  const { runs } = props;
  const { trans } = runs;
  const origin = originOf(runs.pipeline.path);
  const back = async (): Promise<void> => {
    if (origin) {
      const { path } = origin;
      await runs.commands.execute('docmanager:open', { path });
    }
  };
  return (
    <div className="nb2pipe-RunControls" data-testid="nb2pipe-step-debugging">
      <div className="nb2pipe-Notice">
        <div>
          {trans.__(
            'This is one step, with the inputs it had. Try what you like: nothing here changes the run.'
          )}
        </div>
        <div className="nb2pipe-Hint">
          {trans.__(
            'Mend the cell in the notebook it comes from, then “Run from here” at that step.'
          )}
        </div>
        {origin && (
          <div className="nb2pipe-Actions">
            <Button
              kind="accept"
              label={trans.__(
                'Back to %1',
                origin.path.split('/').pop() ?? origin.path
              )}
              onClick={() => void back()}
              testid="nb2pipe-step-back"
            />
          </div>
        )}
      </div>
    </div>
  );
}

/** Says that an older run is shown, or that the notebook is another one by now. */
export function ShownBanner(props: { runs: Runs }): JSX.Element | null {
  const { runs } = props;
  const { trans, chosen, pipeline } = runs;
  if (!chosen) {
    return null;
  }
  const { analysis, isPending } = pipeline;
  const hasChanged =
    !isPending && analysis !== null && analysis.digest !== chosen.run.digest;
  const when = moment(chosen.run.started_at, new Date());
  return (
    <div
      className="nb2pipe-Notice nb2pipe-mod-shown"
      data-testid="nb2pipe-runs-banner"
    >
      <span>
        {hasChanged
          ? trans.__('Showing the run of %1. The notebook changed since.', when)
          : trans.__('Showing the run of %1.', when)}
      </span>
      <Button
        kind="plain"
        label={
          runs.isLive
            ? trans.__('Show what runs now')
            : trans.__('Show the latest')
        }
        onClick={() => runs.choose(null)}
        testid="nb2pipe-runs-latest"
      />
    </div>
  );
}
