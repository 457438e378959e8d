"""The reducer: any order of events that a supervisor can emit gives a valid run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nb2pipe.model import (
    CancelRequested,
    CellStarted,
    Printed,
    RunEvent,
    RunFinished,
    RunStarted,
    RunState,
    StepError,
    StepFinished,
    StepStarted,
    Value,
    Warned,
)
from nb2pipe.runs.events import reduce, reduce_all

T0 = datetime(2026, 1, 1, tzinfo=UTC)
STARTED = RunStarted(T0, "id", "n.ipynb", "d", (("a", "A"), ("b", "B")), 2, 7, {"p": 1}, "python3", "0.1")
R = RunState


def at(seconds: float) -> datetime:
    """A moment of the run."""
    return T0 + timedelta(seconds=seconds)


def test_a_run_from_first_to_last() -> None:
    """What each event leaves in the run."""
    run = reduce(None, STARTED)
    assert (run.id, run.state, run.pid, run.jobs, run.kernel) == ("id", R.PENDING, 7, 2, "python3")
    assert [(step.id, step.name, step.state) for step in run.steps] == [("a", "A", R.PENDING), ("b", "B", R.PENDING)]
    run = reduce(run, StepStarted(at(1), "a"))
    assert (run.state, run.steps[0].state, run.steps[0].started_at) == (R.RUNNING, R.RUNNING, at(1))
    run = reduce(run, CellStarted(at(2), "a", 3))
    assert run.steps[0].cell == 3
    assert reduce(run, Printed(at(2), "a", 3, "stdout", "x")) == run
    run = reduce(run, Warned(at(2), "careful", "a"))
    assert run.warnings == ("careful",)
    run = reduce(run, StepStarted(at(3), "a", 2))
    assert (run.steps[0].attempt, run.steps[0].started_at, run.steps[0].cell) == (2, at(1), None)
    value = Value("sha256-0", "int", 1)
    run = reduce(run, StepFinished(at(4), "a", R.SUCCEEDED, 3.0, values={"x": value}, metrics={"acc": 0.5}))
    assert (run.steps[0].state, run.steps[0].finished_at) == (R.SUCCEEDED, at(4))
    assert (run.steps[0].values, run.metrics) == ({"x": value}, {"acc": 0.5})
    error = StepError("error", "no")
    run = reduce(run, StepFinished(at(5), "b", R.FAILED, error=error))
    assert run.steps[1].error == error
    run = reduce(run, RunFinished(at(6), R.FAILED))
    assert (run.state, run.finished_at) == (R.FAILED, at(6))


def test_a_cancel_is_seen_while_it_is_under_way() -> None:
    """What runs is CANCELING; what never started stays PENDING until it is said to be CANCELED."""
    run = reduce_all([STARTED, StepStarted(at(1), "a"), CancelRequested(at(2), "SIGINT")])
    assert run is not None
    assert (run.state, [step.state for step in run.steps]) == (R.CANCELING, [R.CANCELING, R.PENDING])
    run = reduce(run, StepFinished(at(3), "a", R.CANCELED))
    assert run.state is R.CANCELING


@pytest.mark.parametrize(
    ("state", "expected"),
    [(R.FAILED, [R.FAILED, R.SKIPPED]), (R.CANCELED, [R.CANCELED, R.CANCELED])],
)
def test_no_step_is_left_open(state: RunState, expected: list[RunState]) -> None:
    """A supervisor that was killed says nothing of its steps: a finished run has finished steps all the same."""
    run = reduce_all([STARTED, StepStarted(at(1), "a"), RunFinished(at(2), state)])
    assert run is not None
    assert [step.state for step in run.steps] == expected
    assert {step.because for step in run.steps} == {"the run ended before the step did"}


def test_a_run_begins_with_its_beginning() -> None:
    """Anything else is no run."""
    with pytest.raises(ValueError, match="begins with RunStarted"):
        reduce(None, Warned(T0, "x"))
    assert reduce_all([]) is None


STEP = st.sampled_from(["a", "b", "unknown"])
END = st.sampled_from([R.SUCCEEDED, R.FAILED, R.SKIPPED, R.CANCELED])
EVENTS = st.lists(
    st.one_of(
        st.builds(StepStarted, st.just(at(1)), STEP, st.integers(1, 3)),
        st.builds(CellStarted, st.just(at(1)), STEP, st.integers(0, 3)),
        st.builds(Printed, st.just(at(1)), STEP, st.none(), st.just("stdout"), st.text(max_size=3)),
        st.builds(StepFinished, st.just(at(1)), STEP, END),
        st.builds(Warned, st.just(at(1)), st.text(max_size=3)),
        st.builds(CancelRequested, st.just(at(1)), st.just("SIGINT")),
        st.builds(RunFinished, st.just(at(1)), st.sampled_from([R.SUCCEEDED, R.FAILED, R.CANCELED])),
    )
)


@given(EVENTS)
def test_what_is_done_stays_done(events: list[RunEvent]) -> None:
    """States only go forward; a finished run has no open step and never changes again; CANCELING lasts to the end."""
    run = reduce(None, STARTED)
    for event in events:
        after = reduce(run, event)
        assert not run.state.done or after == run
        for step, step_after in zip(run.steps, after.steps, strict=True):
            assert not step.state.done or step_after == step
            assert step_after.state is not R.PENDING or step.state is R.PENDING
        if run.state is R.CANCELING:
            assert after.state is R.CANCELING or after.state.done
        if after.state.done:
            assert all(step.state.done for step in after.steps)
        run = after
