"""A supervisor that is started before its run is known."""

from __future__ import annotations

import gc
import os
import signal
import warnings
from pathlib import Path
from typing import Any

import pytest

from nb2pipe import running
from nb2pipe.asked import Asked
from nb2pipe.processes import descendants
from nb2pipe.targets import local
from nb2pipe.targets.local import Ahead


def made_by(field: Any) -> Any:
    """A Bundle whose one step says who looks after it."""
    return field.bundle({field.step("a"): "import os; stub.leave_note('worker'); stub.say(str(os.getppid()))"})


@pytest.fixture
def early() -> Any:
    """One that waits, and is closed."""
    found = local.start_ahead()
    assert found is not None
    yield found
    found.close()


def test_it_takes_on_one_run(field: Any, early: Ahead) -> None:
    """And no other; nothing is left of it."""
    before = descendants(os.getpid())
    handle = field.start(made_by(field), early=early)
    run, _ = field.finish(handle)
    assert field.states(run) == {"": "SUCCEEDED", "a": "SUCCEEDED"}
    assert handle.dir.log.read_bytes() == b""
    assert all(field.gone(pid) for pid in before)
    run, _ = field.run(made_by(field), early=early)
    assert field.states(run)[""] == "SUCCEEDED"


def test_it_is_cancelled_at_once(field: Any, early: Ahead) -> None:
    """What is written behind the run's name is not part of it."""
    handle = field.start(field.bundle({field.step("a"): "import time; time.sleep(60)"}), early=early)
    handle.cancel("SIGTERM")
    run, _ = field.finish(handle)
    assert run.state.value == "CANCELED"


@pytest.mark.parametrize("is_early", [True, False])
def test_a_run_ends_with_its_handle(field: Any, early: Ahead, *, is_early: bool) -> None:
    """Who drops it without following it to the end cancels it."""
    made = field.bundle({field.step("a"): "stub.leave_note('began'); import time; time.sleep(60)"})
    handle = field.start(made, early=early if is_early else None)
    field.wait_for("began")
    run_dir = handle.dir.path
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        field.handles.remove(handle)
        del handle
        gc.collect()
    run, _ = field.finish(local.attach(run_dir))
    assert run.state.value == "CANCELED"


def test_one_that_is_gone(field: Any, early: Ahead) -> None:
    """A run does without."""
    [pid] = descendants(os.getpid())
    os.kill(pid, signal.SIGKILL)
    assert field.gone(pid)
    run, _ = field.run(made_by(field), early=early)
    assert field.states(run)[""] == "SUCCEEDED"


def test_one_that_is_not_needed(early: Ahead) -> None:
    """It ends at once, and closing it again does nothing."""
    assert len(descendants(os.getpid())) == 1
    early.close()
    early.close()
    assert descendants(os.getpid()) == []


def test_it_ends_with_who_started_it(field: Any) -> None:
    """Also by SIGKILL: it hears that nobody is left to tell it a run."""
    child = os.fork()
    if child == 0:
        local.start_ahead()
        [pid] = descendants(os.getpid())
        (field.folder / ".pid").write_text(str(pid))
        (field.folder / ".pid").rename(field.folder / "pid")
        signal.pause()
    pid = int(field.wait_for("pid"))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert field.gone(pid, 20)


GUESSES = {
    "never run": (None, Asked(), True),
    "saved since": (-10, Asked(), True),
    "not saved since": (10, Asked(), False),
    "not saved since, and forced": (10, Asked(force=True), True),
    "kept elsewhere": (10, Asked(run_dir=Path("elsewhere")), True),
}


@pytest.mark.parametrize("case", GUESSES)
def test_when_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """A run in which nothing has changed is to start no process. `later`: the last run's, by the notebook's time."""
    later_s, asked, expected = GUESSES[case]
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "note.ipynb"
    path.write_text("{}")
    if later_s is not None:
        run = tmp_path / ".nb2pipe" / "runs" / "20260101-000000-00000000"
        run.mkdir(parents=True)
        saved_at = path.stat().st_mtime
        os.utime(run, (saved_at + later_s, saved_at + later_s))
    assert running.looks_stale(path, asked) == expected
