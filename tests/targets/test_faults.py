"""Whatever somebody does to a run: a true record, and no process left. Stub steps, no kernels."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nb2pipe import wire
from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.journal import read_events
from nb2pipe.model import CancelRequested, Printed, RunFinished, RunState, Secret, StepFinished, StepOptions, Warned
from nb2pipe.processes import descendants
from nb2pipe.runs import store
from nb2pipe.targets import local

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what is left is found through /proc")

# leaves a grandchild that has left the session, whose parent is gone, and whose environment is empty
ESCAPE = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 100)
        if os.fork() == 0:
            stub.leave_note('escaped')
            os.execve('/bin/sleep', ['sleep', '300'], {})
        os._exit(0)
    os._exit(0)
os.wait()
while not (stub.folder / 'escaped').exists(): time.sleep(0.005)
"""
SLEEP = "import time; stub.leave_note('ready'); time.sleep(300)"

# stands for a kernel: ignores SIGINT, and the worker says that it is the kernel
STUBBORN = """
import subprocess, sys, time
from nb2pipe.targets.local.request import Report
code = '''
import os, signal, time, pathlib
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path('stubborn').write_text(str(os.getpid()))
pathlib.Path('ready').write_text('')
while True: pass
'''
kernel = subprocess.Popen([sys.executable, '-c', code], start_new_session=True, cwd=stub.folder)
stub.tell(Report(kernel=kernel.pid))
kernel.wait()
"""


@linux
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("source", [ESCAPE + SLEEP, STUBBORN], ids=["escaping", "stubborn"])
def test_cancel(field: Any, name: str, source: str) -> None:
    """CANCELED within ten seconds, with nothing left: not what left the session, not what ignores signals."""
    handle = field.start(field.bundle({field.step("s"): source, field.step("t", after=["s"]): ""}))
    field.wait_for("ready")
    started = time.monotonic()
    local.cancel(handle.dir.path, by=name)
    run, events = field.finish(handle)
    assert time.monotonic() - started < 10
    assert field.states(run) == {"": "CANCELED", "s": "CANCELED", "t": "CANCELED"}
    assert [event.by for event in events if isinstance(event, CancelRequested)] == [name]
    for note in ("escaped", "stubborn"):
        if (field.folder / note).exists():
            assert field.gone(int(field.wait_for(note)))
    assert store.load(field.root) == run
    with pytest.raises(BadInput, match="not under way"):
        local.cancel(handle.dir.path)


@linux
def test_a_second_cancel_does_not_wait(field: Any) -> None:
    """The first gives a kernel three seconds; the second none."""
    handle = field.start(field.bundle({field.step("s"): STUBBORN}))
    field.wait_for("ready")
    started = time.monotonic()
    handle.cancel()
    handle.cancel()
    run, _ = field.finish(handle)
    assert time.monotonic() - started < 2
    assert run.state is RunState.CANCELED


def test_a_run_that_waits_for_a_lock_can_be_cancelled(field: Any) -> None:
    """Its steps never start, and the other run is left alone."""
    first = field.start(field.bundle({field.step("s"): "stub.leave_note('ready'); stub.meet('go')"}))
    field.wait_for("ready")
    second = field.start(field.bundle({field.step("t"): ""}))
    for event in second.events():
        if isinstance(event, Warned):
            second.cancel()
    assert field.states(store.load(field.root, second.id)) == {"": "CANCELED", "t": "CANCELED"}
    (field.folder / "go.here").touch()
    run, _ = field.finish(first)
    assert run.state is RunState.SUCCEEDED


@linux
def test_what_a_step_leaves_running_ends_with_it(field: Any) -> None:
    """The next step starts after that."""
    source = "assert not stub_gone.exists()"
    check = f"import pathlib; stub_gone = pathlib.Path('/proc', (stub.folder / 'escaped').read_text(), 'exe'); {source}"
    run, _ = field.run(field.bundle({field.step("s"): ESCAPE, field.step("t", after=["s"]): check}))
    assert field.states(run) == {"": "SUCCEEDED", "s": "SUCCEEDED", "t": "SUCCEEDED"}


@linux
@pytest.mark.parametrize("victim", ["worker", "supervisor", "guard"])
def test_kill(field: Any, victim: str) -> None:
    """SIGKILL to any one of a run's processes: the record is ended, and nothing is left."""
    handle = field.start(field.bundle({field.step("s"): ESCAPE + SLEEP, field.step("t", after=["s"]): ""}))
    worker = int(field.wait_for("ready"))
    supervisor = json.loads(handle.dir.supervisor.read_bytes())["pid"]
    guard = handle._process.pid
    os.kill({"worker": worker, "supervisor": supervisor, "guard": guard}[victim], signal.SIGKILL)
    run, _ = field.finish(handle)
    expected = {
        "worker": {"": "FAILED", "s": "FAILED", "t": "SKIPPED"},
        "supervisor": {"": "FAILED", "s": "FAILED", "t": "SKIPPED"},
        "guard": {"": "CANCELED", "s": "CANCELED", "t": "CANCELED"},
    }[victim]
    assert field.states(run) == expected
    for pid in (worker, supervisor, guard, int(field.wait_for("escaped"))):
        assert field.gone(pid)
    assert field.states(store.load(field.root)) == expected
    assert isinstance(read_events(handle.dir.events)[-1], RunFinished)


@linux
def test_kill_of_supervisor_and_guard_at_once(field: Any) -> None:
    """Nobody is left to end the record: who reads it sees that."""
    handle = field.start(field.bundle({field.step("s"): SLEEP}))
    worker = int(field.wait_for("ready"))
    supervisor = json.loads(handle.dir.supervisor.read_bytes())["pid"]
    guard = handle._process.pid
    os.kill(guard, signal.SIGSTOP)
    os.kill(supervisor, signal.SIGKILL)
    os.kill(guard, signal.SIGKILL)
    run, _ = field.finish(handle)
    assert field.states(run) == {"": "FAILED", "s": "FAILED"}
    assert field.gone(worker)
    read = store.load(field.root)
    assert (read.state, read.warnings) == (RunState.FAILED, ("its supervisor died before the run was finished",))


FRONT_END = """
import sys
from pathlib import Path
from nb2pipe import wire
from nb2pipe.model import Bundle, Pipeline
from nb2pipe.layout import RunDir
from nb2pipe.targets import local
import contextlib
import hashlib
import json
request = json.loads(Path(sys.argv[1]).read_text())
from nb2pipe.model import BundleFile
pipeline = wire.read(Pipeline, request["pipeline"])
files = tuple(BundleFile(name, text.encode()) for name, text in request["files"].items())
handle = local.start(Bundle(pipeline, files), Path(request["run"]), folder=Path(request["folder"]),
                     runner="stub_runner:run", attached=request["attached"])
with handle.forwarding_signals():
    for event in handle.events():
        print(type(event).__name__, flush=True)
"""


@pytest.fixture
def front_end(field: Any, tmp_path: Path) -> Iterator[Any]:
    """A program of its own that starts a run and follows it."""
    started: list[subprocess.Popen[str]] = []

    def start(made: Any, *, attached: bool = True) -> tuple[subprocess.Popen[str], Any]:
        run = store.create(field.root)
        files = {file.path: file.content.decode() for file in made.files}
        request = {"pipeline": wire.encode(made.pipeline), "files": files, "attached": attached}
        request |= {"run": str(run.path), "folder": str(field.folder)}
        path = tmp_path / "front_end.json"
        path.write_text(json.dumps(request), encoding="utf-8")
        process = subprocess.Popen([sys.executable, "-c", FRONT_END, str(path)], stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process, run

    yield start
    for process in started:
        process.kill()
        process.communicate()


@linux
@pytest.mark.parametrize(
    ("number", "by"), [(signal.SIGINT, "SIGINT"), (signal.SIGHUP, "SIGHUP"), (signal.SIGKILL, None)]
)
def test_a_front_end_that_ends_takes_its_run_along(field: Any, front_end: Any, number: int, by: str | None) -> None:
    """A signal is passed on; a program that is just gone is noticed."""
    process, run = front_end(field.bundle({field.step("s"): ESCAPE + SLEEP}))
    worker = int(field.wait_for("ready"))
    process.send_signal(number)
    output, _ = process.communicate(timeout=20)
    list(local.attach(run.path).events())
    assert store.load(field.root).state is RunState.CANCELED
    assert field.gone(worker)
    assert field.gone(int(field.wait_for("escaped")))
    asked = [event.by for event in read_events(run.events) if isinstance(event, CancelRequested)]
    assert asked == [by or "the program that started the run is gone"]
    assert by is None or output.endswith("StepFinished\nRunFinished\n")


@linux
def test_a_detached_run_goes_on(field: Any, front_end: Any) -> None:
    """The twin: the panel's runs outlive the program that started them, and are found again."""
    process, run = front_end(
        field.bundle({field.step("s"): "stub.leave_note('ready'); stub.meet('go')"}), attached=False
    )
    field.wait_for("ready")
    process.kill()
    process.communicate(timeout=20)
    (field.folder / "go.here").touch()
    events = list(local.attach(run.path).events())
    assert isinstance(events[-1], RunFinished)
    assert events[-1].state is RunState.SUCCEEDED


@linux
def test_nothing_is_left_of_many_runs(field: Any) -> None:
    """No process, no open file, no temporary file."""
    made = field.bundle({field.step("s"): "stub.store(x=1)", field.step("t", field.need("x", "s")): ""})
    others = descendants(os.getpid())  # other tests' servers
    field.run(made)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        field.run(made)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert descendants(os.getpid()) == others
    assert list(field.root.rglob("*.tmp")) == []
    assert len(store.runs(field.root)) == 6


# --- disks -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path, leave_bytes: int) -> None:
    """Leave so many bytes free."""
    free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
    (place / "filler").write_bytes(b"0" * max(0, free - leave_bytes))


@linux
@pytest.mark.parametrize("leave_bytes", [0, 4096, 16384, 65536])
def test_a_full_disk_before_the_run(field: Any, small_disk: Path, leave_bytes: int) -> None:
    """A clean error, and no half of a run left behind; or the run gets through."""
    fill(small_disk, leave_bytes)
    field.root = small_disk / ".nb2pipe"
    with pytest.raises(EnvironmentProblem, match="No space left") as caught:
        field.run(field.bundle({field.step("s"): ""}))
    assert caught.value.diagnostics[0].code == "N2P601"
    assert list(field.root.glob("runs/*")) == []


@linux
def test_a_disk_that_becomes_full(field: Any, small_disk: Path) -> None:
    """The run ends with a true record and earlier steps are intact; a run after that succeeds."""
    field.root = small_disk / ".nb2pipe"
    chatty = "stub.leave_note('ready'); stub.meet('go')\nwhile True: stub.say('x' * 10000)"
    made = field.bundle({field.step("s"): "stub.store(x=1)", field.step("t", field.need("x", "s")): chatty})
    handle = field.start(made)
    field.wait_for("ready")
    fill(small_disk, 20000)
    (field.folder / "go.here").touch()
    run, _ = field.finish(handle)
    assert field.states(run) == {"": "FAILED", "s": "SUCCEEDED", "t": "FAILED"}
    assert run.steps[1].error is not None
    assert run.steps[1].error.cause == "store"
    assert "No space left" in run.steps[1].error.message
    assert store.load(field.root) == run
    assert not handle.dir.step("t").commit.exists()
    (small_disk / "filler").unlink()
    handle.dir.events.unlink()
    run, _ = field.run(field.bundle({field.step("s"): "stub.store(x=1)"}))
    assert run.state is RunState.SUCCEEDED


@linux
def test_a_read_only_place(small_disk: Path) -> None:
    """One line, before anything runs."""
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(EnvironmentProblem, match="Read-only") as caught:
        store.create(small_disk / ".nb2pipe")
    assert caught.value.diagnostics[0].code == "N2P601"
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)


def test_a_place_that_is_no_directory(tmp_path: Path) -> None:
    """The same for a file in the way."""
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentProblem, match="ot a directory"):
        store.create(tmp_path / "file" / ".nb2pipe")


# --- secrets -----------------------------------------------------------------------------------------------------------

CANARY = "can\"ary'\\0xyz-ünïcode"
SECRET = StepOptions(secrets=(Secret("name", "key", "TOKEN"),))


def holders(root: Path, value: str) -> list[Path]:
    """The files below `root` that hold the value in any of its spellings."""
    forms = {value, repr(value)[1:-1], json.dumps(value)[1:-1]}
    files = [path for path in root.rglob("*") if path.is_file() and "runtime" not in path.parts]
    return [path for path in files if any(form.encode() in path.read_bytes() for form in forms)]


def test_a_secret_is_written_nowhere(field: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what is printed in pieces, not in an error's text, not in the log, not in the runtime's files."""
    monkeypatch.setenv("TOKEN", CANARY)
    source = """
import os, sys
token = os.environ['TOKEN']
stub.say('it is ' + token + '.')
print(token, file=sys.stderr)
stub.outputs['failed'] = {'x': {'type': 'T', 'reason': token}}
raise ValueError(f'{token} and {token!r}')
"""
    run, events = field.run(field.bundle({field.step("s", options=SECRET): source}))
    assert run.steps[0].error is not None
    assert run.steps[0].error.message == "step `s` failed in cell 1: ValueError: *** and '***'"
    assert [event.text for event in events if isinstance(event, Printed)] == ["it is ***."]
    assert holders(field.root, CANARY) == []


def test_a_value_that_holds_a_secret_is_not_kept(field: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step fails, and its object is removed."""
    monkeypatch.setenv("TOKEN", "plain-canary")
    run, _ = field.run(
        field.bundle({field.step("s", options=SECRET): "import os; stub.store(t=os.environ['TOKEN'], x=1)"})
    )
    assert run.steps[0].error is not None
    assert run.steps[0].error.cause == "value"
    assert run.steps[0].error.message == "step `s`: `t` holds the value of a secret, which is never written down"
    assert holders(field.root, "plain-canary") == []


def test_a_secret_that_lacks_is_said_before_the_run(field: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variable and the way to set it; the run leaves no trace."""
    monkeypatch.delenv("TOKEN", raising=False)
    with pytest.raises(EnvironmentProblem, match="TOKEN is not set") as caught:
        field.run(field.bundle({field.step("s", options=SECRET): ""}))
    assert caught.value.diagnostics[0].code == "N2P507"
    assert store.runs(field.root) == ()
    assert list((field.root / "runs").iterdir()) == []


def test_a_secret_too_short_to_mask_is_said(field: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Masking every `1` would spoil the record."""
    monkeypatch.setenv("TOKEN", "1")
    run, events = field.run(field.bundle({field.step("s", options=SECRET): "stub.say('1')"}))
    assert run.warnings == ("the secret in TOKEN has fewer than 4 characters: it can't be masked",)
    assert [event.text for event in events if isinstance(event, Printed)] == ["1"]
    assert [event.state for event in events if isinstance(event, StepFinished)] == [RunState.SUCCEEDED]


# --- kills at any moment -----------------------------------------------------------------------------------------------


def processes_of(run: Path) -> list[int]:
    """The live processes that were started for the run: its directory is on their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.fsencode(run) in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@linux
@pytest.mark.parametrize("seed", range(24))
def test_kill_at_any_moment(field: Any, seed: int) -> None:
    """SIGKILL to one of the run's processes, any time: a finished record, and what it calls done is on the disk."""
    chance = random.Random(seed)  # no cryptography
    steps = {field.step("s0"): "stub.store(x=0)"}
    for number in range(1, 5):
        source = f"import time; time.sleep({chance.random() * 0.03}); stub.store(x=stub.load('x') + 1)"
        steps[field.step(f"s{number}", field.need("x", f"s{number - 1}"))] = source
    handle = field.start(field.bundle(steps))
    time.sleep(chance.random() * 0.4)
    victims = processes_of(handle.dir.path)
    if victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(chance.choice(victims), signal.SIGKILL)
    try:
        run, _ = field.finish(handle)
    except EnvironmentProblem as problem:  # before the first event
        assert "did not start" in str(problem)  # noqa: PT017
        return
    deadline = time.monotonic() + 5
    while processes_of(handle.dir.path) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert processes_of(handle.dir.path) == []
    assert store.load(field.root).state.done
    for step in run.steps:
        files = handle.dir.step(step.id)
        if step.state is RunState.SUCCEEDED:
            record = json.loads(files.commit.read_bytes())
            assert record["outputs"] == "sha256-" + hashlib.sha256(files.outputs.read_bytes()).hexdigest()
            for object_id in record["objects"]:
                content = handle.dir.root.object(object_id).read_bytes()
                assert object_id == "sha256-" + hashlib.sha256(content).hexdigest()
                assert json.loads(content) == int(step.id[1:])
