"""What killed runs left half-written goes as the next run begins; what is somebody's stays."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nb2pipe.layout import RootDir, RunDir
from nb2pipe.locks import shared
from nb2pipe.runs import store
from nb2pipe.targets.local import traces
from nb2pipe.targets.local.leftovers import sweep
from nb2pipe.targets.local.traces import Trace

KEY = bytes(32)
NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def make(root: RootDir, number: int, *, began: bool = True, ended: bool = True) -> RunDir:
    """A run's directory."""
    run = store.create(root.path, now=NOW + timedelta(minutes=number))
    (run.path / "steps" / "s").mkdir()
    run.request.write_text(json.dumps({"sockets": f"{number:032x}"}), encoding="utf-8")
    if began:
        run.events.touch()
    if ended:
        run.merged.touch()
    return run


@pytest.fixture
def tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place for temporary files."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    return place


def test_what_is_left_goes(tmp_path: Path, tmp: Path) -> None:
    """Temporary files wherever runs write some; runs that never began; sockets of those that did not end."""
    root = RootDir(tmp_path / "root")
    runs = [make(root, 0), make(root, 1, ended=False), make(root, 2, began=False, ended=False), make(root, 3)]
    records = root.steps / "digest" / "s"
    learned = root.path / "learned"
    for folder in (records, learned):
        folder.mkdir(parents=True)
    gone = [root.path, root.objects, records, learned, runs[3].path, runs[3].path / "steps" / "s", runs[1].path]
    for folder in gone:
        (folder / ".x.tmp").touch()
    for number in (0, 1, 2):
        (tmp / f"nb2pipe-{number:032x}").mkdir()
    stays = [root.objects / "x.tmp", runs[3].path / ".ballast", runs[0].path / "steps" / "s" / "step.json"]
    for path in stays:
        path.touch()
    now = make(root, 4, began=False, ended=False)
    sweep(now)
    assert not [folder for folder in gone if (folder / ".x.tmp").exists()]
    assert all(path.exists() for path in stays)
    assert [run.path.exists() for run in (*runs, now)] == [True, True, False, True, True]
    assert [path.name for path in tmp.iterdir()] == [f"nb2pipe-{0:032x}"], "of a run that ended: not ours to judge"


def test_nothing_goes_while_somebody_is_at_work(tmp_path: Path) -> None:
    """It may be what is being written right now."""
    root = RootDir(tmp_path / "root")
    make(root, 0, ended=False)
    (root.objects / ".x.tmp").touch()
    with shared(root.in_use):
        sweep(make(root, 1))
    assert (root.objects / ".x.tmp").exists()


def test_a_run_that_is_being_made_does_not_go_from_under_it(tmp_path: Path) -> None:
    """Others begin, and sweep, all the time."""
    root = RootDir(tmp_path / "root")
    store.create(root.path)
    ended = threading.Event()

    def others() -> None:
        while not ended.is_set():
            sweep(root.run("99991231-235959-ffffffff"))

    thread = threading.Thread(target=others)
    thread.start()
    try:
        for _ in range(300):
            (root.path / ".gitignore").unlink(missing_ok=True)
            store.create(root.path)
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".", 7, None])
def test_a_request_that_names_another_place(tmp_path: Path, tmp: Path, name: object) -> None:
    """A damaged or foreign request has nothing else removed."""
    root = RootDir(tmp_path / "root")
    run = make(root, 0, ended=False)
    run.request.write_text(json.dumps({"sockets": name}), encoding="utf-8")
    (tmp / "nb2pipe-").mkdir()
    (tmp_path / "x").mkdir()
    sweep(make(root, 1))
    assert (tmp / "nb2pipe-").exists()
    assert (tmp_path / "x").exists()


def trace(step: str) -> Trace:
    """One of no content."""
    return Trace("run", step, "", 0.0, (), (), {}, {}, "", {})


def test_a_record_of_another_step_is_none(tmp_path: Path) -> None:
    """Signed as it is."""
    traces.write(tmp_path / "s", trace("s"), KEY)
    assert [name for name, _ in traces.read(tmp_path / "s", KEY)] == ["00000001-run.json"]
    assert not traces.is_foreign(tmp_path / "s", KEY)
    (tmp_path / "s").rename(tmp_path / "t")
    assert list(traces.read(tmp_path / "t", KEY)) == []
    assert traces.is_foreign(tmp_path / "t", KEY)
    assert not traces.is_foreign(tmp_path / "none", KEY)
