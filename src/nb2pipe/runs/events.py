"""Events in, a `Run` out: the one place that knows what an event means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from nb2pipe.journal import Journal, read_events
from nb2pipe.model import (
    CancelRequested,
    CellStarted,
    Printed,
    Run,
    RunEvent,
    RunFinished,
    RunStarted,
    RunState,
    StepFinished,
    StepRun,
    StepStarted,
    Warned,
)

__all__ = ["Journal", "read_events", "reduce", "reduce_all"]


def reduce(run: Run | None, event: RunEvent) -> Run:
    """The run after one more event. Pure.

    A run is PENDING until its first step starts (it may wait for another run's lock), and CANCELING from the request
    to the end; a finished run or step never changes again. Raises ValueError if the first event is no RunStarted.
    """
    if run is None:
        if not isinstance(event, RunStarted):
            raise ValueError(f"a run begins with RunStarted, not {type(event).__name__}")
        return _start(event)
    if run.state.done:
        return run
    match event:
        case StepStarted() | CellStarted() | StepFinished():
            return _with_step(run, event)
        case Warned():
            return replace(run, warnings=(*run.warnings, event.message))
        case CancelRequested():
            steps = tuple(_cancel(step) for step in run.steps)
            return replace(run, state=RunState.CANCELING, steps=steps)
        case RunFinished():
            steps = tuple(_close(step, event) for step in run.steps)
            return replace(run, state=event.state, finished_at=event.at, steps=steps)
        case Printed() | RunStarted():
            return run


def reduce_all(events: Iterable[RunEvent]) -> Run | None:
    """The run that these events tell of; None for none. Raises ValueError as `reduce` does."""
    run: Run | None = None
    for event in events:
        run = reduce(run, event)
    return run


def _start(event: RunStarted) -> Run:
    return Run(
        id=event.run,
        notebook=event.notebook,
        digest=event.digest,
        state=RunState.PENDING,
        started_at=event.at,
        steps=tuple(StepRun(step_id, name) for step_id, name in event.steps),
        jobs=event.jobs,
        pid=event.pid,
        parameters=event.parameters,
        kernel=event.kernel,
        version=event.version,
    )


def _with_step(run: Run, event: StepStarted | CellStarted | StepFinished) -> Run:
    steps = tuple(_step(step, event, run.state) if step.id == event.step else step for step in run.steps)
    state = RunState.RUNNING if run.state is RunState.PENDING and isinstance(event, StepStarted) else run.state
    return replace(run, steps=steps, state=state)


def _step(step: StepRun, event: StepStarted | CellStarted | StepFinished, run_state: RunState) -> StepRun:
    if step.state.done:
        return step
    match event:
        case StepStarted():
            state = RunState.CANCELING if run_state is RunState.CANCELING else RunState.RUNNING
            started_at = step.started_at or event.at  # a retry is part of the same step run
            return replace(step, state=state, started_at=started_at, attempt=event.attempt, cell=None)
        case CellStarted():
            return replace(step, cell=event.cell)
        case StepFinished():
            return replace(
                step,
                state=event.state,
                finished_at=event.at,
                error=event.error,
                because=event.because,
                values=event.values,
                metrics=event.metrics,
                reused=event.reused,
                cpu_s=event.cpu_s,
                peak_bytes=event.peak_bytes,
            )


def _cancel(step: StepRun) -> StepRun:
    return replace(step, state=RunState.CANCELING) if step.state is RunState.RUNNING else step


def _close(step: StepRun, event: RunFinished) -> StepRun:
    """What becomes of a step that no StepFinished told of: only a supervisor that died leaves one."""
    if step.state.done:
        return step
    because = "the run ended before the step did"
    if event.state is RunState.CANCELED:
        return replace(step, state=RunState.CANCELED, finished_at=event.at, because=because)
    if step.state is RunState.PENDING:
        return replace(step, state=RunState.SKIPPED, finished_at=event.at, because=because)
    return replace(step, state=RunState.FAILED, finished_at=event.at, because=because)
