/** The top of the panel: run, stop, where to; what is under way; why a run did not begin; which run is shown. */

import { caretDownEmptyIcon, stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { INotebookPipeline } from '../tokens';
import type { RunView } from '../wire';
import { Refused } from './diagnostics';
import { clock, elapsed } from './format';
import { useChanges } from '../panel/hooks';
import { useNow, useWatched } from './hooks';
import { openRunMenu, openTargetMenu } from './menus';
import type { Runs } from './model';
import { DebugNote, ShownBanner } from './notes';
import { isDebug } from './origins';
import { runsOf } from './own';
import { StateSign, Trouble } from './parts';
import { progress, sentence } from './states';

/** What each view of this area is given. `selected` is a step's id. */
export interface IRunsProps {
  pipeline: INotebookPipeline;
  selected: string | null;
  onSelect: (step: string | null) => void;
}

/** Buttons to run and stop, and the state of the run under way. */
export function RunControls(props: IRunsProps): JSX.Element {
  const runs = runsOf(props.pipeline);
  useChanges(runs.changed);
  useChanges(props.pipeline.changed);
  const place = useWatched(runs);
  if (isDebug(props.pipeline)) {
    return <DebugNote runs={runs} />;
  }
  return (
    <div
      className="nb2pipe-RunControls"
      ref={place}
      data-testid="nb2pipe-runs-controls"
    >
      <div className="nb2pipe-RunControls-row">
        <RunButtons runs={runs} selected={props.selected} />
        <TargetButton runs={runs} />
      </div>
      <TargetTrouble runs={runs} />
      <Manner runs={runs} />
      <Live runs={runs} onSelect={props.onSelect} />
      <Refused
        diagnostics={runs.refused}
        title={runs.trans.__('Nothing was run:')}
        runs={runs}
        onClose={() => runs.dismiss()}
      />
      <Trouble trouble={runs.trouble} />
      <ShownBanner runs={runs} />
    </div>
  );
}

function RunButtons(props: {
  runs: Runs;
  selected: string | null;
}): JSX.Element {
  const { runs, selected } = props;
  const { trans } = runs;
  const { analysis } = runs.pipeline;
  const isReady = analysis === null || analysis.steps.length > 0;
  const view = runs.underWay;
  if (view || runs.busy === 'starting') {
    const isStopping =
      runs.busy === 'stopping' || view?.run.state === 'CANCELING';
    return (
      <button
        type="button"
        className="nb2pipe-Button nb2pipe-mod-icon nb2pipe-mod-quiet nb2pipe-mod-stop jp-mod-styled"
        disabled={!view || isStopping}
        onClick={() => void runs.stop()}
        data-testid="nb2pipe-runs-stop"
      >
        <stopIcon.react tag="span" className="nb2pipe-ButtonIcon" />
        {view
          ? isStopping
            ? trans.__('Stopping…')
            : trans.__('Stop')
          : trans.__('Starting…')}
      </button>
    );
  }
  return (
    <div className="nb2pipe-SplitButton" role="group">
      <button
        type="button"
        className="nb2pipe-Button jp-mod-styled jp-mod-accept"
        disabled={!isReady}
        title={trans.__('Run the steps that changed since their last results')}
        onClick={() => void runs.start()}
        data-testid="nb2pipe-runs-run"
      >
        {trans.__('Run pipeline')}
      </button>
      <button
        type="button"
        className="nb2pipe-Button nb2pipe-mod-icon jp-mod-styled jp-mod-accept"
        disabled={!isReady}
        aria-haspopup="menu"
        aria-label={trans.__('Which steps, and how')}
        title={trans.__('Which steps, and how')}
        onClick={event => openRunMenu(runs, selected, event.currentTarget)}
        data-testid="nb2pipe-runs-menu"
      >
        <caretDownEmptyIcon.react tag="span" className="nb2pipe-ButtonIcon" />
      </button>
    </div>
  );
}

function TargetButton(props: { runs: Runs }): JSX.Element {
  const { runs } = props;
  const { trans } = runs;
  useChanges(runs.targets.changed);
  const reached = runs.targets.reached(runs.target);
  const reach =
    runs.target === ''
      ? 'ok'
      : typeof reached === 'object'
        ? reached.reach
        : 'unknown';
  const name = runs.target || trans.__('This machine');
  return (
    <button
      type="button"
      className="nb2pipe-Target jp-mod-styled"
      aria-haspopup="menu"
      aria-label={trans.__('Runs on: %1', name)}
      title={
        typeof reached === 'object'
          ? reached.message
          : trans.__('Where the pipeline runs')
      }
      onClick={event => openTargetMenu(runs, event.currentTarget)}
      data-testid="nb2pipe-runs-target"
    >
      <span className={`nb2pipe-Dot nb2pipe-mod-${reach}`} />
      <span className="nb2pipe-Target-name">{name}</span>
      <caretDownEmptyIcon.react tag="span" className="nb2pipe-ButtonIcon" />
    </button>
  );
}

/** Why the chosen cluster can't be run on just now, where that is known. */
function TargetTrouble(props: { runs: Runs }): JSX.Element | null {
  const { targets, target } = props.runs;
  useChanges(targets.changed);
  const reached = targets.reached(target);
  return typeof reached === 'object' && reached.reach !== 'ok' ? (
    <div
      className="nb2pipe-Notice nb2pipe-mod-warning"
      role="status"
      data-testid="nb2pipe-runs-target-trouble"
    >
      {reached.message}
    </div>
  ) : null;
}

/** What was switched on for the next run: seen, and off again with one click. */
function Manner(props: { runs: Runs }): JSX.Element | null {
  const { runs } = props;
  const { trans } = runs;
  const { manner } = runs;
  const all: Array<[keyof typeof manner, string]> = [
    ['force', trans.__('run unchanged steps too')],
    ['safe', trans.__('one after the other')],
    ['isolated', trans.__('in a copy of the folder')]
  ];
  const on = all.filter(([name]) => manner[name]);
  return on.length ? (
    <div className="nb2pipe-Chips">
      {on.map(([name, label]) => (
        <button
          key={name}
          type="button"
          className="nb2pipe-Chip"
          title={trans.__('Switch off')}
          onClick={() => (runs.manner = { ...manner, [name]: false })}
        >
          {label} <span aria-hidden="true">×</span>
        </button>
      ))}
    </div>
  ) : null;
}

/** The run under way: how far, how long. Spoken when a state changes, not each second. */
function Live(props: {
  runs: Runs;
  onSelect: (step: string | null) => void;
}): JSX.Element {
  const { runs } = props;
  const view =
    runs.underWay ?? (runs.chosen ? null : (runs.history[0] ?? null));
  const now = useNow(runs.isLive);
  const text = view ? sentence(view.run, runs.trans) : '';
  const told = useRecent(view, runs.isLive);
  const failed = view?.run.steps.find(step => step.state === 'FAILED')?.id;
  const { onSelect } = props;
  React.useEffect(() => {
    if (told && failed !== undefined) {
      onSelect(failed); // what went wrong is shown without a search
    }
    // only when a step fails, not when the panel is drawn anew
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [failed]);
  return (
    <>
      <div className="nb2pipe-Spoken" role="status" aria-live="polite">
        {told ? text : ''}
      </div>
      {view && (
        <div
          className="nb2pipe-Live"
          data-testid="nb2pipe-runs-live"
          data-run={view.run.id}
          data-state={view.run.state}
        >
          <StateSign look={view.run.state} />
          {failed === undefined ? (
            <span className="nb2pipe-Live-text">{text}</span>
          ) : (
            <button
              type="button"
              className="nb2pipe-Link nb2pipe-Live-text"
              onClick={() => onSelect(failed)}
            >
              {text}
            </button>
          )}
          <span className="nb2pipe-Live-time">
            {clock(
              elapsed(view.run.started_at, view.run.finished_at, now) ?? 0
            )}
          </span>
          {view.live && <Bar runs={runs} view={view} />}
        </div>
      )}
    </>
  );
}

/** True once a run was seen under way here: old news are not spoken when a notebook is opened. */
function useRecent(view: RunView | null, isLive: boolean): boolean {
  const id = view?.run.id ?? null;
  const seen = React.useRef<string | null>(null);
  if (isLive) {
    seen.current = id;
  }
  return id !== null && seen.current === id;
}

function Bar(props: { runs: Runs; view: RunView }): JSX.Element {
  const { done, all } = progress(props.view.run);
  return (
    <div
      className="nb2pipe-Bar"
      role="progressbar"
      aria-label={props.runs.trans.__('Steps done')}
      aria-valuemin={0}
      aria-valuemax={all}
      aria-valuenow={done}
    >
      <div style={{ width: `${all ? (100 * done) / all : 0}%` }} />
    </div>
  );
}
