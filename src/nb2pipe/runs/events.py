"""Events in, a `Run` out: the one place that knows what an event means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from nb2pipe.journal import Journal, read_events
from nb2pipe.model import (
    CancelRequested,
    CellStarted,
    Run,
    RunEvent,
    RunFinished,
    RunStarted,
    RunState,
    StepFinished,
    StepRun,
    StepStarted,
    Submitted,
    Warned,
)

__all__ = ["Journal", "Reduction", "read_events", "reduce", "reduce_all"]


class Reduction:
    """The run as the events so far tell. An event costs the same however many steps there are; `run` may not."""

    def __init__(self, run: Run | None = None) -> None:
        self._run = run
        self._steps = {} if run is None else {step.id: step for step in run.steps}
        self._is_whole = True

    @property
    def run(self) -> Run | None:
        """The run; None before the first event."""
        if not self._is_whole and self._run is not None:
            self._run = replace(self._run, steps=tuple(self._steps.values()))
            self._is_whole = True
        return self._run

    def add(self, event: RunEvent) -> None:
        """One more event. Raises ValueError as `reduce` does."""
        if self._run is None or not isinstance(event, StepStarted | CellStarted | StepFinished):
            self._run = _of_run(self.run, event)
            self._steps = {step.id: step for step in self._run.steps}
        elif not self._run.state.done:
            self._with_step(self._run, event)

    def _with_step(self, run: Run, event: StepStarted | CellStarted | StepFinished) -> None:
        if event.step in self._steps:
            self._steps[event.step] = _step(self._steps[event.step], event, run.state)
            self._is_whole = False
        if run.state is RunState.PENDING and isinstance(event, StepStarted):
            self._run = replace(run, state=RunState.RUNNING)


def reduce(run: Run | None, event: RunEvent) -> Run:
    """The run after one more event. Pure.

    A run is PENDING until its first step starts (it may wait for another run's lock), and CANCELING from the request
    to the end; a finished run or step never changes again. Raises ValueError if the first event is no RunStarted.
    """
    found = Reduction(run)
    found.add(event)
    assert found.run is not None  # noqa: S101  # there is one after an event
    return found.run


def reduce_all(events: Iterable[RunEvent]) -> Run | None:
    """The run that these events tell of; None for none. Raises ValueError as `reduce` does."""
    found = Reduction()
    for event in events:
        found.add(event)
    return found.run


def _of_run(run: Run | None, event: RunEvent) -> Run:
    """The run after an event that is not of one step."""
    if run is None:
        if not isinstance(event, RunStarted):
            raise ValueError(f"a run begins with RunStarted, not {type(event).__name__}")
        return _start(event)
    if run.state.done:
        return run
    match event:
        case Submitted():
            return replace(run, remote=event.remote, link=event.link)
        case Warned():
            return replace(run, warnings=(*run.warnings, event.message))
        case CancelRequested():
            return replace(run, state=RunState.CANCELING, steps=tuple(_cancel(step) for step in run.steps))
        case RunFinished():
            steps = tuple(_close(step, event) for step in run.steps)
            return replace(run, state=event.state, finished_at=event.at, steps=steps)
        case _:
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
        target=event.target,
    )


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
