"""The runs kept on disk: what is written is read back, also after a crash."""

from __future__ import annotations

import os
import stat
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nb2pipe import wire
from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.files import make_private_dir, write_atomic
from nb2pipe.journal import Journal, Reader, read_events
from nb2pipe.layout import RootDir, RunDir
from nb2pipe.model import (
    CancelRequested,
    Printed,
    RunEvent,
    RunFinished,
    RunStarted,
    RunState,
    StepFinished,
    StepStarted,
    Warned,
)
from nb2pipe.processes import Identity, identify, is_alive, send
from nb2pipe.runs import store

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
R = RunState


def begin(run: RunDir, *more: RunEvent, alive: bool = False) -> None:
    """Write a run's record; its supervisor is this process, or one that is gone."""
    journal = Journal(run.events)
    journal.append(RunStarted(NOW, run.id, "n.ipynb", "d", (("a", "A"), ("b", "B")), 1, 1))
    for event in more:
        journal.append(event)
    journal.close()
    identity = identify(os.getpid()) if alive else Identity(os.getpid(), 1, "another boot")
    write_atomic(run.supervisor, wire.dumps(wire.encode(identity)).encode())


def test_a_new_run(tmp_path: Path) -> None:
    """Private, ignored by Git, sorted by time, and never the same twice."""
    root = tmp_path / "folder" / ".nb2pipe"
    found = [store.create(root, now=NOW + timedelta(seconds=number)) for number in range(3)]
    assert [run.id for run in found] == sorted(run.id for run in found)
    assert found[0].id.startswith("20260504-030201-")
    assert (root / ".gitignore").read_text(encoding="utf-8") == "*\n"
    assert store.create(root, now=NOW).id != store.create(root, now=NOW).id
    paths = [root, *root.rglob("*")]
    assert {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in paths} == {(True, 0o700), (False, 0o600)}
    assert store.default_root(tmp_path / "n.ipynb") == tmp_path / ".nb2pipe"
    assert store.default_root(None) == Path.cwd() / ".nb2pipe"


@pytest.mark.parametrize("step_s", [0, -1, -315_576_000], ids=["same second", "clock set back", "ten years back"])
def test_ids_sort_by_order(tmp_path: Path, step_s: int) -> None:
    """Whatever the clock says, the latest run is the one that began last."""
    found = [store.create(tmp_path, now=NOW + timedelta(seconds=number * step_s)).id for number in range(20)]
    assert found == sorted(found)
    assert store.find(tmp_path).id == found[-1]


def test_ids_sort_after_the_last_one_of_a_second(tmp_path: Path) -> None:
    """There is no larger one in that second: then it is the next."""
    RootDir(tmp_path).run("20260504-030201-ffffffff").path.mkdir(parents=True)
    assert store.create(tmp_path, now=NOW).id.startswith("20260504-030202-")


def test_runs_are_found(tmp_path: Path) -> None:
    """By id, by its beginning or its end; the latest; newest first."""
    runs = [store.create(tmp_path, now=NOW + timedelta(days=number)) for number in range(3)]
    for run in runs:
        begin(run, RunFinished(NOW, R.SUCCEEDED))
    assert [run.id for run in store.runs(tmp_path)] == [run.id for run in reversed(runs)]
    assert store.find(tmp_path).id == runs[2].id
    assert store.find(tmp_path, runs[0].id).id == runs[0].id
    assert store.find(tmp_path, "20260505").id == runs[1].id
    assert store.find(tmp_path, runs[1].id[-8:]).id == runs[1].id
    assert store.load(tmp_path, "20260505").state is R.SUCCEEDED


@pytest.mark.parametrize(
    ("which", "code"),
    [("20260504", "N2P603"), ("2027", "N2P602"), ("", "N2P602"), ("../..", "N2P602"), ("20260504-030201-", "N2P603")],
)
def test_runs_that_are_not_found(tmp_path: Path, which: str, code: str) -> None:
    """None, or several: never a path out of the directory."""
    for _ in range(2):
        store.create(tmp_path, now=NOW)
    (tmp_path / "runs" / "2027").mkdir()
    with pytest.raises(BadInput) as caught:
        store.find(tmp_path, which)
    assert caught.value.diagnostics[0].code == code


def test_where_there_are_no_runs(tmp_path: Path) -> None:
    """Nothing is made by looking."""
    assert store.runs(tmp_path / "none") == ()
    with pytest.raises(BadInput, match="no run has been made"):
        store.load(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
    run = store.create(tmp_path)
    assert store.runs(tmp_path) == ()
    with pytest.raises(BadInput, match="never began"):
        store.load(tmp_path, run.id)


@pytest.mark.parametrize(
    ("events", "alive", "state", "steps"),
    [
        ([StepStarted(NOW, "a")], True, R.RUNNING, [R.RUNNING, R.PENDING]),
        ([StepStarted(NOW, "a")], False, R.FAILED, [R.FAILED, R.SKIPPED]),
        ([StepStarted(NOW, "a"), CancelRequested(NOW, "x")], True, R.CANCELING, [R.CANCELING, R.PENDING]),
        ([StepStarted(NOW, "a"), CancelRequested(NOW, "x")], False, R.CANCELED, [R.CANCELED, R.CANCELED]),
        ([StepFinished(NOW, "a", R.SUCCEEDED), RunFinished(NOW, R.FAILED)], False, R.FAILED, [R.SUCCEEDED, R.SKIPPED]),
    ],
)
def test_a_run_whose_supervisor_is_gone(
    tmp_path: Path, events: list[RunEvent], *, alive: bool, state: RunState, steps: list[RunState]
) -> None:
    """It does not read as running; one that is looked after does."""
    run = store.create(tmp_path)
    begin(run, *events, alive=alive)
    found = store.load(tmp_path)
    assert (found.state, [step.state for step in found.steps]) == (state, steps)
    died = not alive and not isinstance(events[-1], RunFinished)
    assert found.warnings == (("its supervisor died before the run was finished",) if died else ())


def test_a_torn_last_line_is_no_event(tmp_path: Path) -> None:
    """What a crash in the middle of a write leaves; the next writer cuts it off."""
    path = tmp_path / "events.jsonl"
    whole: list[RunEvent] = [Warned(NOW, "one"), Warned(NOW, "two\n\ud800 \N{SNOWMAN}")]
    journal = Journal(path)
    for event in whole:
        journal.append(event)
    journal.close()
    content = path.read_bytes()
    for cut in range(1, 40):
        path.write_bytes(content[:-cut])
        assert read_events(path) == whole[:1]
    journal = Journal(path)
    journal.append(whole[1])
    journal.close()
    assert path.read_bytes() == content
    assert read_events(tmp_path / "none") == []


def test_a_damaged_line_is_said(tmp_path: Path) -> None:
    """With its number; a list of runs leaves that run out."""
    run = store.create(tmp_path)
    begin(run)
    with run.events.open("ab") as file:
        file.write(b'{"kind": "Nonsense"}\n')
    with pytest.raises(EnvironmentProblem, match="line 2") as caught:
        store.load(tmp_path)
    assert caught.value.diagnostics[0].code == "N2P605"
    assert store.runs(tmp_path) == ()


@given(st.lists(st.text()), st.lists(st.integers(1, 30)))
def test_a_reader_gets_each_event_once(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], cuts: list[int]
) -> None:
    """However the writer's bytes come, and whatever was printed."""
    folder = tmp_path_factory.mktemp("journal")
    events: list[RunEvent] = [Printed(NOW, "a", 0, "stdout", text) for text in texts]
    journal = Journal(folder / "written")
    for event in events:
        journal.append(event)
    journal.close()
    content = (folder / "written").read_bytes()
    reader, found, at = Reader(folder / "read"), [], 0
    with (folder / "read").open("wb", buffering=0) as file:
        for size in [*cuts, len(content)]:
            file.write(content[at : at + size])
            at += size
            found += list(reader.read())
    assert found == events


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails leaves the old file and nothing else."""
    path = tmp_path / "file"
    write_atomic(path, b"old")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space"):
            write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    write_atomic(path, b"new", durable=False)
    assert path.read_bytes() == b"new"


def test_a_directory_must_be_one(tmp_path: Path) -> None:
    """A file in the way is no directory."""
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        make_private_dir(tmp_path / "file")
    assert make_private_dir(tmp_path) == tmp_path


@pytest.mark.parametrize(
    "object_id", ["", "../x", "sha256-" + "g" * 64, "md5-" + "0" * 64, "sha256-" + "0" * 64 + "\n", "sha256-../../x"]
)
def test_no_object_id_is_a_path(tmp_path: Path, object_id: str) -> None:
    """Only what the runtime writes."""
    with pytest.raises(ValueError, match="is not the id"):
        RootDir(tmp_path).object(object_id)
    good = "sha256-ab" + "0" * 62
    assert RootDir(tmp_path).object(good) == tmp_path / "objects" / "ab" / good


def test_locks_are_of_places(tmp_path: Path) -> None:
    """Two names of one notebook have one lock; two notebooks have two."""
    root = RootDir(tmp_path)
    (tmp_path / "a.ipynb").touch()
    (tmp_path / "link.ipynb").symlink_to("a.ipynb")
    assert root.lock(tmp_path / "link.ipynb") == root.lock(tmp_path / "a.ipynb")
    assert root.lock(tmp_path / "b.ipynb") != root.lock(tmp_path / "a.ipynb")


@pytest.mark.skipif(sys.platform != "linux", reason="start times come from /proc")
def test_a_pid_alone_is_nobody() -> None:
    """A later process with the same pid, or another boot's, gets no signal."""
    this = identify(os.getpid())
    assert is_alive(this)
    assert not is_alive(Identity(this.pid, (this.started or 0) + 1, this.boot))
    assert not is_alive(Identity(this.pid, this.started, "another"))
    assert not send(Identity(this.pid, 1, this.boot), 9)
    child = os.fork()
    if child == 0:
        os._exit(0)
    zombie = identify(child)
    while is_alive(zombie):
        pass
    assert os.waitpid(child, 0)[0] == child
