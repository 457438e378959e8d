/** A step of the pipeline, and of the run that is shown, in; all that is known of it out: the panel's lower part. */

import * as React from 'react';

import type { StepError, StepRun, StepView } from '../wire';
import { CommandIDs } from './commandIds';
import type { IRunsProps } from './controls';
import { CellButton } from './diagnostics';
import { clock, duration, elapsed, moment, number, size } from './format';
import { useChanges } from '../panel/hooks';
import { useNow } from './hooks';
import { AnsiText, LogView } from './logView';
import type { Runs } from './model';
import { runsOf } from './own';
import { Button, Facts, Fold, StateSign } from './parts';
import { isDone, lookOf, wordOf } from './states';
import { useLog } from './useLog';
import { Variables } from './variables';

/** The step that is selected; nothing if there is none. */
export function StepDrawer(props: IRunsProps): JSX.Element | null {
  const runs = runsOf(props.pipeline);
  useChanges(runs.changed);
  useChanges(props.pipeline.changed);
  const id = props.selected;
  const view = props.pipeline.analysis?.steps.find(step => step.id === id);
  const step = id === null ? undefined : runs.step(id);
  if (id === null || (!view && !step)) {
    return null;
  }
  return (
    <section
      className="nb2pipe-StepDrawer"
      aria-label={runs.trans.__('Step %1', view?.name ?? step?.name ?? id)}
      data-testid="nb2pipe-step"
      data-step={id}
      data-state={step ? lookOf(step) : ''}
    >
      <Head runs={runs} name={view?.name ?? step?.name ?? id} step={step} />
      {step?.error && <ErrorBox runs={runs} step={step} error={step.error} />}
      <Why runs={runs} id={id} step={step} />
      <Actions runs={runs} id={id} step={step} />
      <StepFacts runs={runs} step={step} view={view} />
      <StepLog
        key={`${runs.shown?.run.id} ${id}`}
        runs={runs}
        id={id}
        step={step}
      />
      <Variables runs={runs} step={step} view={view} />
    </section>
  );
}

function Head(props: {
  runs: Runs;
  name: string;
  step: StepRun | undefined;
}): JSX.Element {
  const { runs, name, step } = props;
  const isRunning = step?.state === 'RUNNING';
  const now = useNow(isRunning);
  const took = step ? elapsed(step.started_at, step.finished_at, now) : null;
  return (
    <header className="nb2pipe-StepDrawer-head">
      {step && <StateSign look={lookOf(step)} />}
      <h3>{name}</h3>
      {step && <span>{wordOf(lookOf(step), runs.trans)}</span>}
      {took !== null && step?.reused === '' && (
        <span className="nb2pipe-Live-time" data-testid="nb2pipe-step-time">
          {isRunning ? clock(took) : duration(took, runs.trans)}
        </span>
      )}
    </header>
  );
}

/** Why the step is, or would be, run or not. */
function Why(props: {
  runs: Runs;
  id: string;
  step: StepRun | undefined;
}): JSX.Element | null {
  const { runs, id, step } = props;
  const { trans } = runs;
  const fresh = runs.freshness.get(id);
  const reasons = fresh?.reasons ?? [];
  return (
    <>
      {step?.because && <p className="nb2pipe-Hint">{step.because}</p>}
      {step && step.reused !== '' && (
        <p className="nb2pipe-Hint">
          {trans.__(
            'Nothing it depends on changed: its results are those of an earlier run.'
          )}
        </p>
      )}
      {fresh && reasons.length > 0 && !runs.isLive && !step?.error && (
        <p className="nb2pipe-Hint" data-testid="nb2pipe-step-stale">
          {fresh.perhaps
            ? trans.__('May run next time: %1', reasons.join('; '))
            : trans.__('Runs next time: %1', reasons.join('; '))}
        </p>
      )}
      {fresh?.notes.map(note => (
        <p key={note} className="nb2pipe-Hint">
          {note}
        </p>
      ))}
    </>
  );
}

function Actions(props: {
  runs: Runs;
  id: string;
  step: StepRun | undefined;
}): JSX.Element {
  const { runs, id, step } = props;
  const { trans } = runs;
  const run = runs.shown?.run.id;
  const hasBegun = step !== undefined && step.started_at !== null;
  const hasOutput = hasBegun || (step?.reused ?? '') !== '';
  const call = (
    command: string,
    args: Record<string, string | string[]>
  ): void => {
    runs.commands.execute(command, args).catch(console.error);
  };
  return (
    <div className="nb2pipe-Actions">
      {hasOutput && run && (
        <Button
          label={trans.__('Open its outputs')}
          title={trans.__('The notebook of this step as it was run, to read')}
          onClick={() => call(CommandIDs.openOutput, { run, step: id })}
          testid="nb2pipe-step-open"
        />
      )}
      {hasBegun && run && isDone(step.state) && !step.error && (
        <Button
          label={trans.__('Open with its inputs')}
          title={trans.__(
            'A live notebook of this step, with its inputs loaded'
          )}
          onClick={() => call(CommandIDs.debug, { run, step: id })}
          testid="nb2pipe-step-debug"
        />
      )}
      {!runs.isLive && (
        <Button
          label={trans.__('Run from here')}
          title={trans.__('This step and all that need it')}
          onClick={() => call(CommandIDs.runFromHere, { steps: [id] })}
          testid="nb2pipe-step-run-from-here"
        />
      )}
    </div>
  );
}

function ErrorBox(props: {
  runs: Runs;
  step: StepRun;
  error: StepError;
}): JSX.Element {
  const { runs, step, error } = props;
  const { trans } = runs;
  const run = runs.shown?.run.id ?? '';
  return (
    <div
      className="nb2pipe-Notice nb2pipe-mod-error"
      data-testid="nb2pipe-step-error"
    >
      <div className="nb2pipe-ErrorLine">{error.message}</div>
      {error.hint && <div className="nb2pipe-Hint">{error.hint}</div>}
      <div className="nb2pipe-Actions">
        {error.cell !== null && (
          <Button
            label={
              error.line === null
                ? trans.__('Go to cell %1', error.cell + 1)
                : trans.__('Go to cell %1 line %2', error.cell + 1, error.line)
            }
            onClick={() =>
              void runs.pipeline.reveal(
                error.cell ?? 0,
                error.line ?? undefined
              )
            }
            testid="nb2pipe-step-go"
          />
        )}
        {step.started_at !== null && (
          <Button
            kind="accept"
            label={trans.__('Open with its inputs')}
            title={trans.__(
              'A live notebook of this step, with its inputs loaded, at the cell that failed'
            )}
            onClick={() => {
              const args = { run, step: step.id };
              runs.commands
                .execute(CommandIDs.debug, args)
                .catch(console.error);
            }}
            testid="nb2pipe-step-debug"
          />
        )}
      </div>
      {error.traceback && (
        <Fold title={trans.__('Traceback')} testid="nb2pipe-step-traceback">
          <AnsiText text={error.traceback} />
        </Fold>
      )}
    </div>
  );
}

function StepFacts(props: {
  runs: Runs;
  step: StepRun | undefined;
  view: StepView | undefined;
}): JSX.Element | null {
  const { runs, step, view } = props;
  const { trans } = runs;
  if (!step) {
    return null;
  }
  const reused = runs.history.find(item => item.run.id === step.reused);
  const metrics = Object.entries(step.metrics).map(
    ([name, value]) => [name, value === null ? '–' : number(value)] as const
  );
  const cell = step.state === 'RUNNING' && step.cell !== null && (
    <CurrentCell {...props} />
  );
  return (
    <>
      <Facts
        facts={[
          [trans.__('Now in'), cell],
          [
            trans.__('Processor time'),
            step.cpu_s ? duration(step.cpu_s, trans) : ''
          ],
          [trans.__('Memory'), size(step.peak_bytes)],
          [trans.__('Attempts'), step.attempt > 1 ? String(step.attempt) : ''],
          [
            trans.__('Results of'),
            reused ? moment(reused.run.started_at, new Date()) : step.reused
          ],
          [
            trans.__('Together with'),
            view?.shares_process.length ? view.shares_process.join(', ') : ''
          ]
        ]}
      />
      {metrics.length > 0 && (
        <>
          <h4>{trans.__('Metrics')}</h4>
          <Facts facts={metrics} />
        </>
      )}
    </>
  );
}

/** Where a running step is: its cell, and how many of its cells come before it. */
function CurrentCell(props: {
  runs: Runs;
  step: StepRun | undefined;
  view: StepView | undefined;
}): JSX.Element | null {
  const { runs, step, view } = props;
  if (!step || step.cell === null) {
    return null;
  }
  const place = view?.cells.indexOf(step.cell) ?? -1;
  return (
    <>
      <CellButton runs={runs} cell={step.cell} line={null} />
      {place >= 0 && (
        <span data-testid="nb2pipe-step-cell">
          {' '}
          {runs.trans.__(
            '(%1 of %2 in this step)',
            place + 1,
            view?.cells.length ?? 0
          )}
        </span>
      )}
    </>
  );
}

function StepLog(props: {
  runs: Runs;
  id: string;
  step: StepRun | undefined;
}): JSX.Element | null {
  const { runs, id, step } = props;
  const printed = useLog(runs, id, step);
  if (!step || printed.length === 0) {
    return null;
  }
  return (
    <Fold title={runs.trans.__('Printed')} open testid="nb2pipe-step-printed">
      <LogView printed={printed} isCut={runs.isCut(id)} trans={runs.trans} />
    </Fold>
  );
}
