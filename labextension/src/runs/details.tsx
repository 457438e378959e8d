/** One run in; its parameters, metrics, warnings, figures and where to see more out. */

import * as React from 'react';

import type { RunView } from '../wire';
import { CommandIDs } from './commandIds';
import { took } from './compare';
import { Figures } from './figures';
import { duration, number, page, value } from './format';
import type { Runs } from './model';
import { Button, Facts, Fold, StateSign } from './parts';
import { lookOf, wordOf } from './states';

/** What is shown of a run that is unfolded. */
export function RunDetails(props: { runs: Runs; view: RunView }): JSX.Element {
  const { runs, view } = props;
  const { run } = view;
  const { trans } = runs;
  const link = page(run.link);
  const metrics = Object.entries(view.metrics);
  const parameters = Object.entries(run.parameters);
  return (
    <div className="nb2pipe-Details" data-testid="nb2pipe-runs-details">
      {link && (
        <a
          className="nb2pipe-Link"
          href={link}
          target="_blank"
          rel="noopener noreferrer"
        >
          {trans.__('Open its page on the cluster')}
        </a>
      )}
      {view.has_notebook && (
        <Button
          label={trans.__('Open the notebook with all outputs')}
          onClick={() => {
            const args = { run: run.id };
            runs.commands
              .execute(CommandIDs.openOutput, args)
              .catch(console.error);
          }}
          testid="nb2pipe-runs-open"
        />
      )}
      {run.warnings.map((warning, place) => (
        <div key={place} className="nb2pipe-Notice nb2pipe-mod-warning">
          {warning}
        </div>
      ))}
      {metrics.length > 0 && (
        <>
          <h4>{trans.__('Metrics')}</h4>
          <Facts
            facts={metrics.map(([name, metric]) => [
              name,
              metric === null ? '–' : number(metric)
            ])}
          />
        </>
      )}
      {view.has_notebook && (
        <Figures key={run.id} runs={runs} run={run.id} isLive={view.live} />
      )}
      {parameters.length > 0 && (
        <>
          <h4>{trans.__('Parameters')}</h4>
          <Facts
            facts={parameters.map(([name, given]) => [name, value(given)])}
          />
        </>
      )}
      <Fold title={trans.__('Steps')}>
        <ul className="nb2pipe-List">
          {run.steps.map(step => (
            <li key={step.id}>
              <StateSign look={lookOf(step)} />
              <span>{step.name}</span>
              <span className="nb2pipe-Quiet">
                {wordOf(lookOf(step), trans)}
                {took(step) !== null &&
                  ` · ${duration(took(step) ?? 0, trans)}`}
              </span>
            </li>
          ))}
        </ul>
      </Fold>
    </div>
  );
}
