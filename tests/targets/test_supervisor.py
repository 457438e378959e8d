"""Runs of stub steps: order, values, verdicts, records."""

from __future__ import annotations

import json
import os
import stat
import time
from typing import Any

import pytest

from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.locks import alone
from nb2pipe.model import CellStarted, Printed, RunFinished, RunState, StepFinished, StepOptions, StepStarted, Warned
from nb2pipe.runs import store
from nb2pipe.runs.collecting import collect
from nb2pipe.targets.local.request import Job, Request
from nb2pipe.targets.local.worker import launch


def test_values_cross_and_the_record_tells_all(field: Any) -> None:
    """A diamond: `a` gives to `b` and `c`, which run at the same time, and `d` gets from both."""
    run, events = field.run(
        field.bundle(
            {
                field.step("a"): "stub.store(x=1)",
                field.step("b", field.need("x", "a")): "stub.meet('c'); stub.store(y=stub.load('x') + 1)",
                field.step("c", field.need("x", "a")): "stub.meet('b'); stub.store(z=stub.load('x') + 2)",
                field.step("d", field.need("y", "b"), field.need("z", "c")): (
                    "stub.say(f\"{stub.load('y')} {stub.load('z')}\\n\"); stub.outputs['metrics'] = {'acc': 0.5}"
                ),
            }
        )
    )
    assert field.states(run) == {"": "SUCCEEDED"} | dict.fromkeys("abcd", "SUCCEEDED")
    assert [event.text for event in events if isinstance(event, Printed)] == ["2 3\n"]
    assert run.metrics == {"acc": 0.5}
    assert store.load(field.root) == run
    assert store.runs(field.root) == (run,)
    assert isinstance(events[-1], RunFinished)
    assert [event.cell for event in events if isinstance(event, CellStarted)] == [0] * 4
    directory = store.find(field.root)
    assert json.loads(directory.step("d").commit.read_bytes())["objects"] == []
    assert directory.log.read_bytes() == b""


def test_a_step_never_waits_for_an_independent_one(field: Any) -> None:
    """`slow` and the chain a-b-c: the chain ends while `slow` is still running."""
    run, events = field.run(
        field.bundle(
            {
                field.step("slow"): "stub.meet('c')",
                field.step("a"): "",
                field.step("b", after=["a"]): "",
                field.step("c", after=["b"]): "stub.meet('slow')",
            }
        )
    )
    assert run.state is RunState.SUCCEEDED
    assert [event.step for event in events if isinstance(event, StepFinished)][:2] == ["a", "b"]


def test_jobs_is_a_limit(field: Any) -> None:
    """With one job no two steps overlap."""
    _, events = field.run(field.bundle({field.step(name): "" for name in "abc"}), jobs=1)
    order = [type(event) for event in events if isinstance(event, StepStarted | StepFinished)]
    assert order == [StepStarted, StepFinished] * 3


def test_a_failed_branch_leaves_the_others_alone(field: Any) -> None:
    """What needs the failed step is skipped, with the reason; what does not runs."""
    run, _ = field.run(
        field.bundle(
            {
                field.step("bad"): "1 / 0",
                field.step("needs-bad", after=["bad"]): "",
                field.step("needs-that", after=["needs-bad"]): "",
                field.step("good"): "",
                field.step("needs-good", after=["good"]): "",
            }
        )
    )
    assert field.states(run) == {
        "": "FAILED",
        "bad": "FAILED",
        "needs-bad": "SKIPPED",
        "needs-that": "SKIPPED",
        "good": "SUCCEEDED",
        "needs-good": "SUCCEEDED",
    }
    assert run.steps[0].error is not None
    assert run.steps[0].error.message == "step `bad` failed in cell 1: ZeroDivisionError: division by zero"
    assert run.steps[0].error.traceback == "the user's traceback"
    assert run.steps[1].because == "it needs step `bad`, which failed"
    assert run.steps[2].because == "it needs steps that need `bad`, which failed"


@pytest.mark.parametrize(
    ("source", "cause", "message"),
    [
        ("raise ValueError('no')", "error", "step `s` failed in cell 1: ValueError: no"),
        ("import os; os._exit(3)", "killed", "step `s`: the process that ran it ended with exit code 3 in cell 1"),
        (
            "import os; os.kill(os.getpid(), 9)",
            "killed",
            "step `s`: the process that ran it was killed by SIGKILL in cell 1",
        ),
        ("raise SystemExit(0)", "error", None),
        ("stub.job.files.outputs.mkdir()", "error", None),
        ("stub.outputs = []", "store", None),
        (
            "stub.outputs['values'] = {'x': {'object': 'sha256-' + '0' * 64, 'type': 'int', 'size_bytes': 1}}",
            "store",
            None,
        ),
        ("stub.outputs['values'] = {'x': {'object': '../../etc', 'type': 'int', 'size_bytes': 1}}", "store", None),
        ("stub.outputs['values'] = {'x': 3}", "store", None),
        ("stub.store(x=12); stub.outputs['values']['x']['size_bytes'] = 3", "store", None),
        ("stub.outputs['failed'] = {'x': {'type': 'Lock', 'reason': 'cannot pickle'}}", "value", None),
    ],
)
def test_what_is_no_success(field: Any, source: str, cause: str, message: str | None) -> None:
    """A step is done only if all ran and all is on the disk; no commit record is left otherwise."""
    run, _ = field.run(field.bundle({field.step("s"): source, field.step("t", field.need("x", "s")): "stub.load('x')"}))
    error = run.steps[0].error
    assert error is not None
    assert (run.steps[0].state, error.cause) == (RunState.FAILED, cause)
    assert error.message == (message or error.message)
    assert "\n" not in error.message
    assert run.steps[1].state is RunState.SKIPPED
    assert not store.find(field.root).step("s").commit.exists()


def test_an_unstorable_value_that_nobody_needs_fails_nothing(field: Any) -> None:
    """The twin: what can't be stored is an error only if it is needed, and a warning if it may be."""
    failed = "stub.outputs['failed'] = {'x': {'type': 'Lock', 'reason': 'cannot pickle'}}"
    run, _ = field.run(field.bundle({field.step("s"): failed, field.step("t", after=["s"]): ""}))
    assert (run.state, run.warnings) == (RunState.SUCCEEDED, ())
    maybe = field.need("x", "s", soft=True)
    run, _ = field.run(
        field.bundle({field.step("s"): failed, field.step("t", maybe): "assert not stub.given['values']"})
    )
    assert run.state is RunState.SUCCEEDED
    assert run.warnings == ("`x` (Lock) can't be stored: cannot pickle; `t` will not have it",)


def test_a_time_limit_ends_a_step(field: Any) -> None:
    """A step without a kernel to interrupt is killed at its limit."""
    options = StepOptions(timeout_s=0.3)
    started = time.monotonic()
    run, _ = field.run(field.bundle({field.step("s", options=options): "import time; time.sleep(60)"}))
    assert time.monotonic() - started < 10
    assert run.steps[0].error is not None
    assert run.steps[0].error.cause == "timeout"
    assert run.steps[0].error.message == "step `s` ran longer than its `timeout:` of 0.3s; it was in cell 1"


def test_retries(field: Any) -> None:
    """The second attempt begins in a clean directory and its success is the step's."""
    source = "stub.leave_note('first') if not (stub.folder / 'first').exists() else None; assert stub.job.attempt == 2"
    options = StepOptions(retries=2)
    run, events = field.run(field.bundle({field.step("s", options=options): source}))
    assert run.state is RunState.SUCCEEDED
    assert [event.attempt for event in events if isinstance(event, StepStarted)] == [1, 2]
    assert any("attempt 2 of 3 starts in 1 s" in warning for warning in run.warnings)


def test_retries_run_out(field: Any) -> None:
    """The last attempt's error is the step's."""
    run, events = field.run(field.bundle({field.step("s", options=StepOptions(retries=1)): "1 / 0"}))
    assert run.state is RunState.FAILED
    assert [event.attempt for event in events if isinstance(event, StepStarted)] == [1, 2]


def test_parameters_reach_a_step_as_data(field: Any) -> None:
    """All of them: a step may read one that its code does not show. The plan says which ones it is given."""
    source = (
        "assert stub.given['parameters'] == {'p': [1, {'a': None}], 'q': \"'; 1/0 #\"}, stub.given\n"
        "assert stub.given['plan']['parameters'] == ['p'], stub.given"
    )
    run, _ = field.run(
        field.bundle({field.step("s", parameters=("p",)): source}), parameters={"p": [1, {"a": None}], "q": "'; 1/0 #"}
    )
    assert run.state is RunState.SUCCEEDED
    assert run.parameters == {"p": [1, {"a": None}], "q": "'; 1/0 #"}


def test_two_runs_of_one_notebook_take_turns(field: Any) -> None:
    """The second says whom it waits for; the lock is free as soon as the first is gone."""
    first = field.start(field.bundle({field.step("s"): "stub.leave_note('in'); stub.meet('go')"}))
    field.wait_for("in")
    second = field.start(field.bundle({field.step("t"): ""}))
    waited = False
    for event in second.events():
        if isinstance(event, Warned):
            assert first.id in event.message
            assert "waits for" in event.message
            waited = True
            (field.folder / "go.here").touch()
        if isinstance(event, StepStarted):
            assert waited
    run, _ = field.finish(first)
    assert waited
    assert run.state is RunState.SUCCEEDED


def test_an_isolated_run_works_in_a_copy(field: Any) -> None:
    """It waits for nobody, and what it writes stays in its copy."""
    (field.folder / "data.txt").write_text("42", encoding="utf-8")
    first = field.start(field.bundle({field.step("s"): "stub.leave_note('in'); stub.meet('go')"}))
    field.wait_for("in")
    source = "assert (stub.folder / 'data.txt').read_text() == '42'; stub.leave_note('mine')"
    run, _ = field.run(field.bundle({field.step("t"): source}), isolated=True)
    assert run.state is RunState.SUCCEEDED
    assert "copy of the folder (3 files" in run.warnings[0]
    assert not (field.folder / "mine").exists()
    (field.folder / "go.here").touch()
    field.finish(first)


def test_nothing_is_collected_beside_a_run(field: Any) -> None:
    """Its guard and supervisor share the store's lock, from before they are there until they are gone."""
    first = field.start(field.bundle({field.step("s"): "stub.leave_note('in'); stub.meet('go')"}))
    field.wait_for("in")
    with alone(first.dir.root.in_use) as free:
        assert not free
    with pytest.raises(BadInput, match=f"run {first.id} is under way"):
        collect(field.root)
    (field.folder / "go.here").touch()
    run, _ = field.finish(first)
    assert run.state is RunState.SUCCEEDED
    assert collect(field.root).kept_runs == 1


def test_nothing_is_readable_by_others(field: Any) -> None:
    """Directories 0700, files 0600, whatever the umask."""
    before = os.umask(0)
    try:
        field.run(field.bundle({field.step("s"): ""}))
    finally:
        os.umask(before)
    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in [field.root, *field.root.rglob("*")]}
    # the stub's own outputs.json is not written by nb2pipe
    assert modes - {(False, 0o666)} == {(True, 0o700), (False, 0o600)}


def test_the_request_is_read_back_as_it_was(field: Any) -> None:
    """What the workers of other systems read from the file is what a forked one has in memory."""
    made = field.bundle(
        {field.step("s", options=StepOptions(retries=3)): "", field.step("t", field.need("x", "s")): ""}
    )
    handle = field.start(made, parameters={"p": 1}, jobs=3)
    field.finish(handle)
    request = Request.read(handle.dir)
    assert (request.pipeline, request.jobs, request.parameters) == (made.pipeline, 3, {"p": 1})


def test_a_worker_that_is_a_new_interpreter(field: Any) -> None:
    """What other systems do in place of forking: the same messages come through the pipe."""
    handle = field.start(field.bundle({field.step("s"): "stub.say('hi'); stub.store(x=1)"}))
    field.finish(handle)
    request = Request.read(handle.dir)
    job = Job(request, handle.dir, request.pipeline.step("s"))
    job.files.outputs.unlink()
    worker = launch(job, fork=False)
    os.set_blocking(worker.channel, True)
    with os.fdopen(worker.channel, "rb") as channel:
        messages = [json.loads(line) for line in channel]
    os.close(worker.log)
    assert os.waitpid(worker.pid, 0)[1] == 0
    assert [next(iter(message)) for message in messages] == ["report", "report", "outcome"]
    assert messages[1]["report"]["text"] == "hi"
    assert messages[2] == {"outcome": {"kind": "completed"}}
    assert job.files.outputs.exists()


def test_a_runner_that_is_not_there_is_our_fault_and_said_so(field: Any) -> None:
    """An internal error is a FAILED run and a log, not a traceback on somebody's terminal."""
    run, _ = field.run(field.bundle({field.step("s"): ""}), runner="nowhere:run")
    assert field.states(run) == {"": "FAILED", "s": "SKIPPED"}
    assert "ModuleNotFoundError" in (run.steps[0].because or "")
    assert "Traceback" in store.find(field.root).log.read_text(encoding="utf-8")


def test_a_supervisor_that_does_not_start_is_said_so(field: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing ran: an error, not a run without events."""
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    handle = field.start(field.bundle({field.step("s"): ""}))
    with pytest.raises(EnvironmentProblem, match="did not start") as caught:
        list(handle.events())
    assert caught.value.diagnostics[0].code == "N2P606"
