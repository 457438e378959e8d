/** The runs of a notebook, newest first, each a row that unfolds: to look at one, to compare two, to go on, to remove. */

import { Dialog, showDialog } from '@jupyterlab/apputils';
import * as React from 'react';

import type { RunView } from '../wire';
import { same } from './compare';
import { RunDetails } from './details';
import { duration, elapsed, moment, number, value } from './format';
import { useNow } from './hooks';
import type { Runs } from './model';
import { Button, StateSign } from './parts';
import { placeOf, wordOf } from './states';

/** How many runs are listed first, and how many more with each click. */
const FEW = 8;
const MANY = 30;

/** The list. `pair`: the ids of the runs that are to be compared, two at most. */
export function History(props: {
  runs: Runs;
  pair: readonly string[];
  onPair: (pair: readonly string[]) => void;
}): JSX.Element {
  const { runs, pair, onPair } = props;
  const { trans } = runs;
  const [open, setOpen] = React.useState<string | null>(null);
  const now = useNow(runs.isLive);
  const [most, setMost] = React.useState(FEW);
  const rest = runs.history.length - most;
  return (
    <>
      {runs.history.length > 1 && (
        <p className="nb2pipe-Hint">
          {pair.length === 1
            ? trans.__('Tick a second run to compare the two.')
            : trans.__('Tick two runs to compare them.')}
        </p>
      )}
      <ul
        className="nb2pipe-History"
        aria-label={trans.__('Runs, newest first')}
        data-testid="nb2pipe-runs-history"
      >
        {runs.history.slice(0, most).map(view => {
          const { id } = view.run;
          const isOpen = open === id;
          return (
            <li
              key={id}
              className="nb2pipe-History-item"
              data-testid="nb2pipe-runs-item"
              data-run={id}
              data-state={view.run.state}
            >
              <div className="nb2pipe-History-row">
                <input
                  type="checkbox"
                  className="nb2pipe-Check"
                  aria-label={trans.__(
                    'Compare the run of %1',
                    moment(view.run.started_at, new Date(now))
                  )}
                  checked={pair.includes(id)}
                  onChange={event =>
                    onPair(
                      event.currentTarget.checked
                        ? [...pair, id].slice(-2)
                        : pair.filter(item => item !== id)
                    )
                  }
                />
                <Row
                  runs={runs}
                  view={view}
                  now={now}
                  isOpen={isOpen}
                  onClick={() => setOpen(isOpen ? null : id)}
                />
              </div>
              {isOpen && (
                <div className="nb2pipe-History-details">
                  <RunActions runs={runs} view={view} />
                  <RunDetails runs={runs} view={view} />
                </div>
              )}
            </li>
          );
        })}
      </ul>
      {(rest > 0 || runs.hasMore) && (
        <button
          type="button"
          className="nb2pipe-Link"
          onClick={() => {
            setMost(most + MANY);
            if (rest < MANY && runs.hasMore) {
              void runs.more();
            }
          }}
          data-testid="nb2pipe-runs-older"
        >
          {trans.__('Show older runs')}
        </button>
      )}
    </>
  );
}

function Row(props: {
  runs: Runs;
  view: RunView;
  now: number;
  isOpen: boolean;
  onClick: () => void;
}): JSX.Element {
  const { runs, view, now, isOpen } = props;
  const { run } = view;
  const { trans } = runs;
  const seconds = elapsed(run.started_at, run.finished_at, now);
  const isShown = runs.shown?.run.id === run.id;
  const changed = changedParameters(runs, view);
  const metrics = Object.entries(view.metrics).slice(0, 3);
  return (
    <button
      type="button"
      className={`nb2pipe-History-button${isShown ? ' nb2pipe-mod-isShown' : ''}`}
      aria-expanded={isOpen}
      onClick={props.onClick}
    >
      <StateSign look={run.state} label={wordOf(run.state, trans)} />
      <span className="nb2pipe-History-text">
        <span className="nb2pipe-History-head">
          <span>{moment(run.started_at, new Date(now))}</span>
          <span className="nb2pipe-Quiet">
            {wordOf(run.state, trans)}
            {seconds !== null && ` · ${duration(seconds, trans)}`}
            {` · ${placeOf(run, trans)}`}
          </span>
        </span>
        {(changed.length > 0 || metrics.length > 0) && (
          <span className="nb2pipe-History-more">
            {changed.map(name => (
              <span key={name} className="nb2pipe-Tag">
                {name} = {value(run.parameters[name], 24)}
              </span>
            ))}
            {metrics.map(([name, metric]) => (
              <span key={`metric ${name}`} className="nb2pipe-Quiet">
                {name} <b>{metric === null ? '–' : number(metric)}</b>
              </span>
            ))}
          </span>
        )}
      </span>
    </button>
  );
}

/** The parameters of a run that are not what the notebook says now. */
function changedParameters(runs: Runs, view: RunView): string[] {
  const defaults = new Map(
    runs.pipeline.analysis?.parameters.map(item => [item.name, item.default])
  );
  return Object.entries(view.run.parameters)
    .filter(
      ([name, given]) => defaults.has(name) && !same(defaults.get(name), given)
    )
    .map(([name]) => name);
}

function RunActions(props: { runs: Runs; view: RunView }): JSX.Element {
  const { runs, view } = props;
  const { run } = view;
  const { trans } = runs;
  const isShown = runs.shown?.run.id === run.id;
  const canResume =
    !view.live &&
    !runs.isLive &&
    (run.state === 'FAILED' || run.state === 'CANCELED');
  return (
    <div className="nb2pipe-Actions">
      {!isShown && (
        <Button
          label={trans.__('Show its states')}
          title={trans.__(
            'Show the states of this run in the graph and in the steps'
          )}
          onClick={() => runs.choose(run.id)}
          testid="nb2pipe-runs-choose"
        />
      )}
      {canResume && (
        <Button
          label={run.remote ? trans.__('Retry') : trans.__('Go on')}
          title={trans.__('Run what did not succeed, with the same parameters')}
          onClick={() => void runs.resume(run.id)}
          testid="nb2pipe-runs-resume"
        />
      )}
      {!view.live && (
        <Button
          label={trans.__('Delete…')}
          onClick={() => void remove(runs, view)}
          testid="nb2pipe-runs-delete"
        />
      )}
    </div>
  );
}

async function remove(runs: Runs, view: RunView): Promise<void> {
  const { trans } = runs;
  const when = moment(view.run.started_at, new Date());
  const answer = await showDialog({
    title: trans.__('Delete the run of %1?', when),
    body: view.run.remote
      ? trans.__('It is deleted here; on the cluster it stays.')
      : trans.__(
          'Its outputs and results are deleted. What it wrote beside the notebook stays.'
        ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Delete') })
    ]
  });
  if (answer.button.accept) {
    await runs.remove(view.run.id);
  }
}
