"""What becomes of a run on the cluster, as the record and the command tell it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
import kfp_runs
from pipelines import node, nodes, pod

from nb2pipe import api
from nb2pipe.journal import Journal
from nb2pipe.model import Run, RunStarted, RunState, StepError, StepFinished, StepRun
from nb2pipe.runs import store
from nb2pipe.targets.kfp.answers import RemoteRun, RemoteTask, run_of
from nb2pipe.targets.kfp.following import Place, news
from nb2pipe.targets.kfp.pod import saying
from nb2pipe.targets.kfp.tasks import FIRST, LAST

if TYPE_CHECKING:
    from double import Double

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run_id(call: Call, double: Double, study: Path) -> str:
    """A run that was submitted; its id on the server."""
    code, _, err = call("submit", study, "--host", double.url, "-p", "name=a")
    assert code == 0, err
    return next(iter(double.runs))


def states(run: Run) -> Mapping[str, str]:
    return {step.name: step.state.value for step in run.steps}


def test_states_as_they_are_looked_at(double: Double, study: Path, run_id: str) -> None:
    double.report(run_id, "Running", nodes(load="Succeeded", fit="Running"))
    run = api.look(study)
    assert (run.state.value, states(run)) == ("RUNNING", {"load": "SUCCEEDED", "fit": "RUNNING", "show": "PENDING"})
    double.report(run_id, "Succeeded", nodes(load="Succeeded", fit="Succeeded", show="Succeeded"))
    run = api.look(study)
    assert (run.state.value, set(states(run).values())) == ("SUCCEEDED", {"SUCCEEDED"})


def test_a_record_without_a_look_keeps_its_state(call: Call, double: Double, study: Path, run_id: str) -> None:
    double.report(run_id, "Running", nodes(load="Running"))
    api.look(study)
    double.close()
    assert api.look(study).state.value == "RUNNING"
    out = call("runs", "--run-dir", study)[1]
    assert "RUNNING" in out
    assert f"kfp {double.url}" in out


def test_the_record_of_a_run_that_goes_on_is_kept(call: Call, double: Double, study: Path, run_id: str) -> None:
    """Nothing else knows where the run is. Once it has ended, its record goes as others do."""
    double.report(run_id, "Running", nodes(load="Running"))
    first = api.look(study)
    for _ in range(2):
        assert call("submit", study, "--host", double.url, "-p", "name=b")[0] == 0
    code, _, err = call("gc", "--run-dir", study.parent / ".nb2pipe", "--keep-runs", "1", "--max-size", "0")
    assert (code, len(api.runs(study))) == (0, 3), err
    double.report(run_id, "Failed", nodes(load="Failed"))
    assert api.look(study, first.id).state.value == "FAILED"
    assert call("gc", "--run-dir", study.parent / ".nb2pipe", "--keep-runs", "1")[0] == 0
    assert first.id not in [run.id for run in api.runs(study)]


BRANCHES = [("step:a", "x = [1]"), ("step:b", "y = [2]")]
TASKS = {task: task for task in (FIRST, "a", "b", LAST)}


@pytest.mark.parametrize(
    ("phases", "run", "steps", "warning"),
    [
        (("Succeeded",) * 4, "SUCCEEDED", "SUCCEEDED", ""),
        (("Failed",), "FAILED", "SKIPPED", f"step `{FIRST}`: its image can't be pulled"),
        (("Succeeded", "Succeeded", "Succeeded", "Failed"), "FAILED", "SUCCEEDED", f"step `{LAST}`: its image"),
    ],
)
def test_tasks_that_run_no_step(
    call: Call, double: Double, tmp_path: Path, phases: Sequence[str], run: str, steps: str, warning: str
) -> None:
    """They are no steps of the run; if one fails, the run tells why."""
    source = tmp_path / "note.ipynb"
    source.write_bytes(kfp_runs.notebook(*BRANCHES))
    assert call("submit", source, "--host", double.url)[0] == 0
    [remote] = double.runs
    found = nodes(TASKS, **dict(zip(TASKS, phases, strict=False)))
    for task, phase in zip(TASKS, phases, strict=False):
        if phase == "Failed":
            double.logs[remote, pod(task, TASKS)] = "Back-off pulling image: ImagePullBackOff"
    double.report(remote, "Succeeded" if run == "SUCCEEDED" else "Failed", found)
    record = api.look(source)
    assert (record.state.value, {step.name: step.state.value for step in record.steps}) == (
        run,
        {"a": steps, "b": steps},
    )
    assert [text[: len(warning)] for text in record.warnings] == ([warning] if warning else [])


# What a pod's log, or the server in its place, says; the sentence; the cause.
SAID = [
    ('container "main" in pod "p" is waiting to start: trying and failing to pull image', "its image can't be pulled", "start"),
    ("Back-off pulling image: ImagePullBackOff", "its image can't be pulled", "start"),
    ("OOMKilled (exit code 137)", "out of memory: it asked for no amount of memory", "killed"),
    ("failed to execute component: signal: killed", "out of memory: it asked for no amount of memory", "killed"),
    ("Pod was active on the node longer than the specified deadline", "it took longer than it may", "timeout"),
    ("0/5 nodes are available: 5 Insufficient nvidia.com/gpu.", "no node of the cluster has enough nvidia.com/gpu free", "start"),
    ("0/3 nodes are available: 3 node(s) had untolerated taint {a: b}", "no node of the cluster fits its node selector and tolerations", "start"),
    ('Error: secret "db" not found', "the secret `db` isn't in its namespace", "start"),
    ('persistentvolumeclaim "data" not found', "the persistentvolumeclaim `data` isn't in its namespace", "start"),
    ("couldn't find key pw in Secret ns/db", "its secret has no key `pw`", "start"),
    ("The node was low on resource: memory.", "its node ran out of memory, and put it out", "killed"),
    ("pods is forbidden: exceeded quota: team", "the namespace's quota doesn't allow what it asks for", "start"),
    ("exec format error", "its image is for another kind of processor than the node's", "start"),
    ("workflow is longer than maximum allowed size. compressed size 1049974 > maxSize 1048576", "the run takes more of the cluster than KFP keeps of one", "start"),
    ("Error: container has runAsNonRoot and image will run as root (pod: p)", "the cluster starts no image that runs as root", "start"),
    ("[Errno 7] Argument list too long: 'sh'", "its program is longer than a command line may be", "start"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "sentence", "cause"), SAID)
def test_why_a_step_failed_in_plain_words(
    double: Double, study: Path, run_id: str, said: str, sentence: str, cause: str
) -> None:
    double.logs[run_id, pod("fit")] = f"starting\n{said}\n"
    double.report(run_id, "Failed", nodes(load="Succeeded", fit="Failed"))
    run = api.look(study)
    error = run.steps[1].error
    assert error is not None
    assert (error.message, error.cause) == (f"step `fit`: {sentence}", cause)
    assert error.hint
    assert states(run) == {"load": "SUCCEEDED", "fit": "FAILED", "show": "SKIPPED"}


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ("Error (exit code 3)", "step `fit` ended with exit code 3"),
        ("all went well (exit code 0)\nbut then", "step `fit` failed: all went well (exit code 0) but then"),
        ("the secret of success: not found", "step `fit` failed: the secret of success: not found"),
        ("", "step `fit` failed; its pod has left no log, and the cluster doesn't say why"),
        ("OOMKilled\n" + "epoch\n" * 500, "step `fit` failed: epoch"),
    ],
)
def test_words_that_nobody_knows_are_shown_as_they_are(
    double: Double, study: Path, run_id: str, log: str, message: str
) -> None:
    if log:
        double.logs[run_id, pod("fit")] = log
    double.report(run_id, "Failed", nodes(load="Succeeded", fit="Failed"))
    error = api.look(study).steps[1].error
    assert error is not None
    assert error.message.startswith(message[:40])
    assert error.cause == "exit"


def reported(step: str, **error: Any) -> str:
    return "nb2pipe-error: " + json.dumps({"step": step, **error}) + "\n"


def test_an_error_of_the_users_code_has_its_cell_and_line(call: Call, double: Double, study: Path, run_id: str) -> None:
    report = reported("step-2", cause="error", message="step `fit`, cell 4 line 2: ValueError: no rows", cell=3, line=2)
    double.logs[run_id, pod("fit")] = "reading\nTraceback ...\nValueError: no rows\n" + report + "exit status 1\n"
    double.report(run_id, "Failed", nodes(load="Succeeded", fit="Failed"))
    code, out, err = call("attach", "--run-dir", study)
    error = api.runs(study)[0].steps[1].error
    assert error is not None
    assert (code, error.cell, error.line, error.cause) == (1, 3, 2, "error"), out + err
    assert "study.yaml: step `fit`, cell 4 line 2: ValueError: no rows" in err
    assert "nb2pipe-error" not in call("logs", "--run-dir", study)[1]


def test_what_the_steps_program_says_is_understood(
    double: Double, study: Path, run_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a pod writes, and what is read here, are one language."""
    told = StepError("error", "step `fit`, cell 4 line 2: ValueError: \u00fc", 3, 2, "Traceback ...", "look at `rows`")
    saying.warn("`rows` was changed in place")
    saying.say(told, "step-2")
    double.logs[run_id, pod("fit")] = capsys.readouterr().err
    double.report(run_id, "Failed", nodes(load="Succeeded", fit="Failed"))
    run = api.look(study)
    assert run.steps[1].error == replace(told, traceback="")
    assert run.warnings == ("`rows` was changed in place",)
    assert "".join(event.text for event in api.log(study)).splitlines() == [
        "Traceback ...", told.message, "  fix: look at `rows`",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line", ["nb2pipe-error: {", "nb2pipe-error: []", 'nb2pipe-error: {"step": 3}', "nb2pipe-error: " + "[" * 90_000]
)
def test_a_cell_may_print_what_it_likes(double: Double, study: Path, run_id: str, line: str) -> None:
    double.logs[run_id, pod("fit")] = f"{line}\nError (exit code 3)\n"
    double.report(run_id, "Failed", nodes(load="Succeeded", fit="Failed"))
    error = api.look(study).steps[1].error
    assert error is not None
    assert error.message == "step `fit` ended with exit code 3"


def test_of_a_long_log_the_end_counts(double: Double, study: Path, run_id: str) -> None:
    report = reported("step-2", cause="error", message="ValueError: no rows", cell=3)
    double.logs[run_id, pod("fit")] = "a line that is printed often\n" * 200_000 + report
    double.report(run_id, "Failed", nodes(load="Succeeded", fit="Failed"))
    error = api.look(study).steps[1].error
    assert error is not None
    assert error.message == "ValueError: no rows"
    assert sum(len(event.text) for event in api.log(study)) <= 1_000_000


def test_what_was_made_here_is_not_attached_to(call: Call, study: Path) -> None:
    run = store.create(store.default_root(study))
    journal = Journal(run.events)
    journal.append(RunStarted(datetime.now(UTC), run.id, "x.ipynb", "", (("a", "a"),), 1, 0))
    journal.close()
    code, _, err = call("attach", "--run-dir", study)
    assert (code, "is not on a cluster" in err) == (2, True)


def test_a_driver_that_fails_fails_its_step(double: Double, study: Path, run_id: str) -> None:
    found = nodes(load="Succeeded", fit="Failed")
    node(found, "step-2-driver").update(phase="Failed", finishedAt="2026-11-22T10:02:00Z", children=[])
    double.report(run_id, "Failed", {key: item for key, item in found.items() if key not in ("wf-22", "wf-23")})
    assert states(api.look(study)) == {"load": "SUCCEEDED", "fit": "FAILED", "show": "SKIPPED"}


def test_attempts_are_one_step(double: Double, study: Path, run_id: str) -> None:
    found = nodes(load="Running")
    one = {"displayName": "step(0)", "phase": "Failed", "startedAt": "2026-11-22T10:00:10Z", "children": ["wf-97"]}
    found |= {"wf-98": one, "wf-99": {**one, "displayName": "step(1)", "phase": "Running", "children": ["wf-96"]}}
    double.report(run_id, "Running", found)
    (step, *_) = api.look(study).steps
    assert (step.state.value, step.attempt) == ("RUNNING", 2)


@pytest.mark.parametrize("tells_pods", [True, False])
def test_the_log_is_that_of_the_last_attempt(double: Double, study: Path, run_id: str, *, tells_pods: bool) -> None:
    double.tells_pods = tells_pods
    found = nodes(load="Succeeded", fit="Failed")
    again = {"templateName": "retry-system-container-impl", "phase": "Failed", "children": []}
    pods = node(found, "executor")
    assert found["wf-23"] is not pods
    if tells_pods:
        found["wf-23"].update(again, children=["wf-41", "wf-42"])
        found |= {f"wf-4{number + 1}": {**again, "displayName": f"executor({number})"} for number in range(2)}
    double.logs[run_id, "wf-retry-system-container-impl-41"] = "Error (exit code 1)"
    double.logs[run_id, f"wf-retry-system-container-impl-{42 if tells_pods else 23}"] = "Error (exit code 2)"
    double.report(run_id, "Failed", found)
    error = api.look(study).steps[1].error
    assert error is not None
    assert error.message == "step `fit` ended with exit code 2"


def test_cancel_ends_the_run_and_the_waiting(call: Call, double: Double, study: Path, run_id: str) -> None:
    double.report(run_id, "Running", nodes(load="Running"))
    api.look(study)
    api.cancel(study)
    assert (double.runs[run_id]["state"], api.look(study).state.value) == ("CANCELING", "CANCELING")
    double.report(run_id, "Failed", nodes(load="Failed"))  # so Argo calls what was ended
    code, out, err = call("attach", "--run-dir", study)
    assert (code, api.runs(study)[0].state.value) == (130, "CANCELED"), out + err
    assert states(api.runs(study)[0])["load"] == "CANCELED"
    code, _, err = call("cancel", "--run-dir", study)
    assert (code, "N2P604" in err) == (2, True)


def test_a_run_that_failed_before_it_could_be_canceled_has_failed(
    call: Call, double: Double, study: Path, run_id: str
) -> None:
    double.report(run_id, "Running", nodes(load="Running"))
    api.look(study)
    double.after = ("terminate", lambda: double.report(run_id, "Failed", nodes(load="Failed")))
    code, out, err = call("cancel", "--run-dir", study)
    assert (code, api.runs(study)[0].state.value) == (0, "FAILED"), out + err


def test_a_run_that_was_ended_elsewhere_ends_the_waiting(call: Call, double: Double, study: Path, run_id: str) -> None:
    double.report(run_id, "Running", nodes(load="Running"))
    double.runs[run_id]["state"] = "CANCELED"
    code, out, err = call("attach", "--run-dir", study)
    assert (code, api.runs(study)[0].state.value) == (130, "CANCELED"), out + err


def test_resume_goes_on_with_what_failed(call: Call, double: Double, study: Path, run_id: str) -> None:
    double.report(run_id, "Failed", nodes(load="Succeeded", fit="Failed"))
    first = api.look(study)
    run = api.resume_remote(study)
    assert (double.runs[run_id]["state"], run.remote) == ("RUNNING", run_id)
    assert states(api.look(study)) == {"load": "SUCCEEDED", "fit": "PENDING", "show": "PENDING"}, (
        "the old end doesn't count"
    )
    found = nodes(load="Succeeded", fit="Succeeded", show="Succeeded")
    node(found, "step-2")["finishedAt"] = "2026-11-22T12:00:00Z"
    double.report(run_id, "Succeeded", found)
    code, out, err = call("attach", "--run-dir", study)
    assert code == 0, out + err
    again, before = api.runs(study)
    assert (before.id, before.state.value) == (first.id, "FAILED")
    assert (again.remote, [step.reused for step in again.steps]) == (run_id, [first.id, "", ""])


def test_a_run_that_succeeded_has_done_all_its_steps(double: Double, study: Path, run_id: str) -> None:
    double.report(run_id, "Succeeded", nodes(load="Succeeded"))
    run = api.look(study)
    assert (run.state.value, set(states(run).values())) == ("SUCCEEDED", {"SUCCEEDED"})


def test_a_run_that_failed_before_its_steps_says_why(double: Double, study: Path, run_id: str) -> None:
    double.report(run_id, "Failed", {})
    double.runs[run_id]["error"] = {"code": 3, "message": "workflow templates are too large"}
    run = api.look(study)
    assert (run.state.value, set(states(run).values())) == ("FAILED", {"SKIPPED"})
    assert run.warnings == ("the cluster says: workflow templates are too large",)


def test_a_run_does_not_end_before_it_began() -> None:
    """The cluster's clock may be behind, and has whole seconds only."""
    began = datetime.now(UTC)
    run = Run("1", "x", "", RunState.PENDING, began, ())
    remote = RemoteRun("1", "x", RunState.FAILED, finished_at=began.replace(year=began.year - 1, day=1))
    assert [event.at for event in news(run, remote, Place("x", "e", "1"), began)] == [began]


@pytest.mark.parametrize("task", ["executor", "root", "step-driver", "root-driver"])
def test_a_task_that_is_called_as_kfps_own_nodes_is_not_taken_for_them(task: str) -> None:
    began = datetime.now(UTC)
    place = Place("x", "e", "1", {"step": ("step",), task: ("own",)})
    run = Run("1", "x", "", RunState.PENDING, began, (StepRun("step", "step"), StepRun("own", "own")))
    nodes_of_kfp = [RemoteTask(name, RunState.SUCCEEDED) for name in ("root", "root-driver", "step-driver", "executor")]
    remote = RemoteRun("1", "x", RunState.RUNNING, tasks=(*nodes_of_kfp, RemoteTask("step", RunState.RUNNING)))
    told = list(news(run, remote, place, began))
    assert [type(event).__name__ for event in told] == ["StepStarted"]
    ended = list(news(run, replace(remote, state=RunState.SUCCEEDED), place, began))
    assert {event.step for event in ended if isinstance(event, StepFinished)} == {"step", "own"}


def test_there_is_nothing_to_resume(call: Call, double: Double, study: Path, run_id: str) -> None:
    code, _, err = call("resume", "--run-dir", study)
    assert (code, "is under way" in err) == (2, True)
    double.report(run_id, "Succeeded", nodes(load="Succeeded", fit="Succeeded", show="Succeeded"))
    code, _, err = call("resume", "--run-dir", study)
    assert (code, "has succeeded" in err) == (2, True)


def test_a_word_that_is_no_state_yet_is_no_end() -> None:
    assert run_of({"run_id": "1", "state": "HIBERNATING"}).state.value == "RUNNING"


def test_kfps_own_client_reads_the_run(
    double: Double, study: Path, run_id: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The other side of the double: KFP's SDK finds what was submitted, and waits for its end."""
    monkeypatch.setenv("HOME", str(tmp_path))
    import kfp

    double.report(run_id, "Succeeded", nodes(load="Succeeded", fit="Succeeded", show="Succeeded"))
    sdk = kfp.Client(host=double.url)
    assert sdk.wait_for_run_completion(run_id, timeout=5, sleep_duration=1).state == "SUCCEEDED"
    (found,) = sdk.list_runs(page_size=5).runs
    assert found.display_name == f"study {api.runs(study)[0].id}"


def test_two_do_not_follow_one_run(call: Call, double: Double, study: Path, run_id: str) -> None:
    double.report(run_id, "Running", nodes(load="Running"))
    first = api.attach(study)
    events = first.events()
    while next(events).__class__.__name__ != "StepStarted":
        continue
    code, _, err = call("attach", "--run-dir", study)
    assert (code, "N2P760" in err) == (2, True)
    assert api.look(study).state.value == "RUNNING"
    events.close()


def test_debug_says_that_the_inputs_are_elsewhere(call: Call, study: Path, run_id: str) -> None:
    code, _, err = call("debug", "fit", "--run-dir", study)
    assert (code, "N2P618" in err) == (2, True), run_id


def test_ctrl_c_ends_the_waiting_and_not_the_run(double: Double, study: Path) -> None:
    command = [sys.executable, "-m", "nb2pipe", "submit", str(study), "--host", double.url, "-p", "name=a", "--wait"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while ("GET", f"/apis/v2beta1/runs/{next(iter(double.runs), '')}") not in double.asked:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "the run goes on" in err
    assert "Traceback" not in err
    assert next(iter(double.runs.values()))["state"] == "PENDING"


def test_who_is_killed_leaves_what_attach_needs(call: Call, double: Double, study: Path) -> None:
    """Killed while the run is being made: nobody heard the answer."""
    command = [sys.executable, "-m", "nb2pipe", "submit", str(study), "--host", double.url, "-p", "name=a"]
    double.after = ("/runs", lambda: os.kill(process.pid, signal.SIGKILL))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 10
    while not double.runs and time.monotonic() < deadline:
        time.sleep(0.05)
    (run_id,) = double.runs
    double.report(run_id, "Succeeded", nodes(load="Succeeded", fit="Succeeded", show="Succeeded"))
    code, out, err = call("attach", "--run-dir", study)
    assert (code, api.runs(study)[0].remote, len(double.runs)) == (0, run_id, 1), out + err
