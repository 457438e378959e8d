"""Submitting and following through a proxy that fails: no run is made twice, nothing hangs, no traceback."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from faulty import ANSWERS, FaultyProxy, Plan
from pipelines import nodes

from nb2pipe import api, followed, submitting
from nb2pipe.targets.kfp import client
from nb2pipe.targets.kfp.connections import Connection
from nb2pipe.targets.kfp.sending import Failure, Kind

if TYPE_CHECKING:
    from double import Double

Call = Callable[..., tuple[int, str, str]]
RUNS = "/apis/v2beta1/runs"
LOST = ("cut after", "reset after", "half")  # the server has done what it was asked for
NEVER = ("cut before", "reset before")  # it never heard of it
IN_PLACE = tuple(name for name in ANSWERS if name not in ("401", "403", "login page", "429", "504"))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for in seconds is waited for in tenths."""
    monkeypatch.setattr(submitting, "_LOOKS_S", (0.05, 0.1, 0.2))
    monkeypatch.setattr(client, "_PAUSES_S", (0.05, 0.1, 0.1, 0.1, 0.1))


@pytest.fixture
def proxy(double: Double) -> Iterator[FaultyProxy]:
    """A proxy that fails in nothing until it is told to."""
    found = FaultyProxy(double.url, lambda *_: "")
    yield found
    found.close()


def at(method: str, path: str, *faults: str) -> Plan:
    """These faults for the first requests of this kind, one after the other."""

    def plan(given_method: str, given_path: str, number: int) -> str:
        is_it = (given_method, given_path) == (method, path)
        return faults[number] if is_it and number < len(faults) else ""

    return plan


@pytest.mark.parametrize("fault", [*LOST, *NEVER, *IN_PLACE, "429"])
def test_a_run_is_made_once(call: Call, double: Double, proxy: FaultyProxy, study: Path, fault: str) -> None:
    proxy.plan = at("POST", RUNS, fault)
    code, out, err = call("submit", study, "--host", proxy.url, "-p", "name=a")
    assert (code, len(double.runs), len(proxy.done)) == (0, 1, 1), out + err
    assert api.runs(study)[0].remote == next(iter(double.runs))
    assert "Traceback" not in out + err


@pytest.mark.parametrize("path", ["healthz", "experiments", "pipelines/names/study", "recurringruns"])
@pytest.mark.parametrize("fault", [*LOST, *NEVER, "500", "429", "noise"])
def test_one_fault_before_the_run_is_got_over(
    call: Call, double: Double, proxy: FaultyProxy, study: Path, path: str, fault: str
) -> None:
    proxy.plan = at("GET", f"/apis/v2beta1/{path}", fault)
    more = ("--schedule", "@daily") if path == "recurringruns" else ()
    code, out, err = call("submit", study, "--host", proxy.url, "-p", "name=a", *more)
    assert (code, len(double.runs) + len(double.schedules), len(proxy.done)) == (0, 1, 1), out + err


@pytest.mark.parametrize("path", ["experiments", "pipelines", "pipelines/upload_version", "recurringruns"])
@pytest.mark.parametrize("fault", [*LOST, *NEVER, "502", "429", "web page"])
def test_nothing_is_made_twice(
    call: Call, double: Double, proxy: FaultyProxy, study: Path, path: str, fault: str
) -> None:
    proxy.plan = at("POST", f"/apis/v2beta1/{path}", fault)
    more = ("--schedule", "@daily") if path == "recurringruns" else ()
    code, out, err = call("submit", study, "--host", proxy.url, "-p", "name=a", *more)
    assert code == 0, out + err
    made = [len(item) for item in (double.experiments, double.pipelines, double.versions)]
    assert (made, len(double.runs) + len(double.schedules), len(proxy.done)) == ([1, 1, 1], 1, 1)


def test_what_is_not_known_is_said_and_looked_for_later(
    call: Call, double: Double, proxy: FaultyProxy, study: Path
) -> None:
    proxy.plan = lambda method, path, _: "" if path != RUNS else "cut after" if method == "POST" else "cut before"
    code, out, err = call("submit", study, "--host", proxy.url, "-p", "name=a")
    (record,) = api.runs(study)
    assert code == 4, out + err
    assert "N2P759 it isn't known whether the run was made" in err
    assert f"nb2pipe attach {record.id}" in err
    assert (record.remote, len(double.runs)) == ("", 1)
    double.report(next(iter(double.runs)), "Succeeded", nodes(load="Succeeded", fit="Succeeded", show="Succeeded"))
    proxy.plan = lambda *_: ""
    code, out, err = call("attach", record.id, "--run-dir", study)
    assert (code, len(double.runs)) == (0, 1), out + err
    assert api.runs(study)[0].remote == next(iter(double.runs))


def test_a_request_that_may_still_be_at_work_is_not_sent_again(
    call: Call, double: Double, proxy: FaultyProxy, study: Path
) -> None:
    proxy.plan = at("POST", RUNS, "504")
    code, out, err = call("submit", study, "--host", proxy.url, "-p", "name=a")
    assert (code, double.runs) == (4, {}), out + err
    assert "N2P759" in err


def test_who_looks_while_a_run_is_submitted_disturbs_nothing(
    call: Call, double: Double, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed, "SETTLED_S", 0.0)
    seen: list[str] = []
    double.after = (
        "/runs",
        lambda: seen.extend([api.look(study).state.value, str(call("attach", "--run-dir", study)[0])]),
    )
    code, out, err = call("submit", study, "--host", double.url, "-p", "name=a")
    assert (code, seen) == (0, ["PENDING", "2"]), out + err
    assert api.look(study).remote == next(iter(double.runs))


def test_a_run_that_was_never_made_is_told_of(
    call: Call, double: Double, proxy: FaultyProxy, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.plan = lambda _, path, __: "reset before" if path == RUNS else ""
    assert call("submit", study, "--host", proxy.url, "-p", "name=a")[0] == 4
    proxy.plan = lambda *_: ""
    code, out, err = call("attach", "--run-dir", study)
    assert (code, "may make it yet" in err) == (4, True), out + err
    assert api.look(study).state.value == "PENDING"
    monkeypatch.setattr(followed, "SETTLED_S", 0.0)
    code, out, err = call("attach", "--run-dir", study)
    assert (code, double.runs) == (1, {}), out + err
    assert "it was not made" in out
    assert api.runs(study)[0].state.value == "FAILED"


def test_a_server_that_makes_it_after_all_is_put_right(
    call: Call, double: Double, proxy: FaultyProxy, study: Path
) -> None:
    """The first request is heard so late that looking for its run finds nothing."""

    def plan(method: str, path: str, number: int) -> str:
        if (method, path) != ("POST", RUNS):
            return ""
        if number == 0:
            return "cut before"
        (first,) = double.experiments
        version = next(iter(double.versions.values()))
        name = f"study {api.runs(study)[0].id}"
        reference = {"pipeline_id": version["pipeline_id"], "pipeline_version_id": version["pipeline_version_id"]}
        double.runs["late"] = {
            "run_id": "late", "display_name": name, "experiment_id": first, "state": "PENDING",
            "pipeline_version_reference": reference, "created_at": "2026-11-22T10:00:00Z",
        }  # fmt: skip
        return ""

    proxy.plan = plan
    code, out, err = call("submit", study, "--host", proxy.url, "-p", "name=a")
    assert code == 0, out + err
    states = {run_id: run["state"] for run_id, run in double.runs.items()}
    kept = api.runs(study)[0].remote
    assert states == {"late": "CANCELING", kept: "PENDING"}
    assert "twice" in api.runs(study)[0].warnings[0]


@pytest.mark.parametrize("fault", ["401", "403", "login page"])
def test_a_login_that_is_refused(call: Call, double: Double, proxy: FaultyProxy, study: Path, fault: str) -> None:
    proxy.plan = lambda *_: fault
    code, out, err = call("submit", study, "--host", proxy.url, "-p", "name=a")
    assert (code, double.asked, len(proxy.done)) == (4, [], 1), out + err
    assert "N2P754" in err
    assert api.runs(study) == ()


@pytest.mark.parametrize(
    "faults", [[fault] for fault in (*LOST, *NEVER, *IN_PLACE, "429", "slow 0.3")] + [list(LOST) * 2]
)
def test_following_goes_on_after_a_fault(
    call: Call, double: Double, proxy: FaultyProxy, study: Path, faults: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed, "FIRST_PAUSE_S", 0.05)
    assert call("submit", study, "--host", proxy.url, "-p", "name=a")[0] == 0
    run_id = next(iter(double.runs))
    double.report(run_id, "Succeeded", nodes(load="Succeeded", fit="Succeeded", show="Succeeded"))
    proxy.plan = at("GET", f"{RUNS}/{run_id}", *faults)
    code, out, err = call("attach", "--run-dir", study, "--every", "0.1")
    assert (code, len(proxy.done)) == (0, len(faults)), out + err
    assert "Traceback" not in out + err


def test_a_login_that_ends_midway(call: Call, double: Double, proxy: FaultyProxy, study: Path) -> None:
    assert call("submit", study, "--host", proxy.url, "-p", "name=a")[0] == 0
    run_id = next(iter(double.runs))
    double.report(run_id, "Running", nodes(load="Running"))
    proxy.plan = lambda _, __, number: "401" if number > 1 else ""
    code, out, err = call("attach", "--run-dir", study, "--every", "0.1")
    assert code == 4, out + err
    assert "N2P754" in err
    assert "nb2pipe attach" in err
    assert api.runs(study)[0].state.value == "RUNNING"
    double.report(run_id, "Succeeded", nodes(load="Succeeded", fit="Succeeded", show="Succeeded"))
    proxy.plan = lambda *_: ""
    assert call("attach", "--run-dir", study)[0] == 0


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of this machine's own for 127.0.0.1, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed here")
    folder = tmp_path_factory.mktemp("tls")
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *name]
    subprocess.run([*command, "-keyout", "key.pem", "-out", "own.pem"], cwd=folder, check=True, capture_output=True)
    return folder / "own.pem", folder / "key.pem"


@pytest.mark.parametrize("fault", ["", *LOST, *NEVER])
def test_a_run_is_made_once_over_tls(
    call: Call, double: Double, study: Path, certificate: tuple[Path, Path], fault: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    proxy = FaultyProxy(double.url, at("POST", RUNS, *([fault] if fault else [])), context)
    try:
        code, _, err = call("submit", study, "--host", proxy.url, "-p", "name=a")
        assert (code, double.runs, "N2P756 no safe connection" in err) == (4, {}, True), err
        code, out, err = call("submit", study, "--host", proxy.url, "-p", "name=a", "--ca-file", certificate[0])
        assert (code, len(double.runs)) == (0, 1), out + err
    finally:
        proxy.close()


@pytest.mark.parametrize(
    ("fault", "said"),
    [("reset before", "Connection reset by peer"), ("cut before", "Remote end closed connection without response")],
)
def test_why_there_is_no_answer_is_said_in_few_words(proxy: FaultyProxy, fault: str, said: str) -> None:
    proxy.plan = lambda *_: fault
    with pytest.raises(Failure) as caught:
        client.Server(Connection(proxy.url)).run("x")
    assert str(caught.value) == f"{proxy.url} gave no whole answer: {said}"


@pytest.mark.parametrize("fault", ["slow 5", "drip"])
def test_nothing_hangs(proxy: FaultyProxy, fault: str) -> None:
    proxy.plan = lambda *_: fault
    server = client.Server(Connection(proxy.url), whole_s=0.5)
    began = time.monotonic()
    with pytest.raises(Failure) as caught:
        server.run("x")
    assert time.monotonic() - began < 3
    assert caught.value.kind is Kind.UNANSWERED


def test_a_server_that_is_not_there(call: Call, study: Path) -> None:
    began = time.monotonic()
    code, out, err = call("submit", study, "--host", "http://127.0.0.1:9", "-p", "name=a")
    assert code == 4, out + err
    assert "N2P755 the KFP server at http://127.0.0.1:9 can't be reached: Connection refused" in err
    assert time.monotonic() - began < 3
