"""A function in a process of its own: what it gives, what it raises, and that nothing gets past the caps."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import works

from nb2pipe import bounded
from nb2pipe.bounded import Caps, Cause, Done, Ended
from nb2pipe.errors import BadInput

CAPS = Caps(cpu_s=10, wall_s=20, memory_bytes=200_000_000)
BOTH = pytest.mark.parametrize("fork", [True, False], ids=["fork", "spawn"])


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new interpreter finds `works` too."""
    found = (str(Path(works.__file__).parent), os.environ.get("PYTHONPATH", ""))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, found)))  # an empty part is the working folder


_others: set[int] = set()  # processes of other tests' fixtures


@pytest.fixture(autouse=True)
def _count_children() -> None:
    _others.clear()
    _others.update(children())


def children() -> set[int]:
    """The processes that the test has left."""
    text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return {int(item) for item in text.split()} - _others


@BOTH
def test_what_it_returns(fork: bool, capfd: pytest.CaptureFixture[str]) -> None:
    assert bounded.run(works.double, 21, caps=CAPS, fork=fork) == Done(42)
    assert bounded.run(works.pid, caps=CAPS, fork=fork) != Done(os.getpid())
    found = bounded.run(works.large, 30_000_000, caps=CAPS, fork=fork)
    assert isinstance(found, Done)
    assert len(found.value) == 30_000_000
    assert capfd.readouterr() == ("", "")


ENDINGS: list[tuple[Callable[..., object], Caps, Ended]] = [
    (works.spin, replace(CAPS, cpu_s=1), Ended(Cause.TIME, 7)),
    (works.sleep, replace(CAPS, wall_s=1), Ended(Cause.LATE, 8)),
    (works.hoard, CAPS, Ended(Cause.MEMORY, 4)),
    (works.hoard_result, replace(CAPS, memory_bytes=40_000_000), Ended(Cause.MEMORY)),
    (works.recurse, CAPS, Ended(Cause.DEPTH, 5)),
    (works.crash, CAPS, Ended(Cause.CRASH, 6, "it was ended by SIGSEGV")),
    (works.leave, CAPS, Ended(Cause.CRASH, None, "it ended with code 9")),
    (works.kill, CAPS, Ended(Cause.MEMORY, None, "the system killed it, perhaps for want of memory")),
]


@BOTH
@pytest.mark.parametrize(("work", "caps", "expected"), ENDINGS, ids=[work.__name__ for work, _, _ in ENDINGS])
def test_what_goes_beyond_is_ended(
    fork: bool, work: Callable[..., object], caps: Caps, expected: Ended, capfd: pytest.CaptureFixture[str]
) -> None:
    assert bounded.run(work, caps=caps, fork=fork) == expected
    assert children() == set()
    assert capfd.readouterr() == ("", "")


@BOTH
def test_what_it_raises(fork: bool) -> None:
    with pytest.raises(BadInput, match="no notebook") as refused:
        bounded.run(works.refuse, caps=CAPS, fork=fork)
    problem = refused.value.diagnostics[0]
    assert (problem.code, problem.location.cell, problem.hint) == ("N2P108", 2, "take another")
    with pytest.raises(KeyError, match="a bug") as stumbled:
        bounded.run(works.stumble, caps=CAPS, fork=fork)
    assert "in stumble" in stumbled.value.__notes__[0]
    with pytest.raises(RuntimeError, match="Unspeakable: it holds a lambda"):
        bounded.run(works.stumble_oddly, caps=CAPS, fork=fork)


def test_modules_that_one_came_to_need_are_loaded_for_the_next() -> None:
    for name in ("quopri", "chunk"):
        sys.modules.pop(name, None)
    bounded.run(works.load, "quopri", caps=CAPS, modules=("quopri", "uu"), fork=True)
    assert "quopri" not in sys.modules
    bounded.run(works.double, 1, caps=CAPS, modules=("quopri", "uu"), fork=True)
    assert "quopri" in sys.modules
    assert "uu" not in sys.modules


def test_a_process_with_threads_is_not_forked() -> None:
    code = "from nb2pipe import bounded; print(bounded.may_fork())"
    alone = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert alone.stdout.strip() == str(sys.platform.startswith("linux"))
    end = threading.Event()
    other = threading.Thread(target=end.wait)
    other.start()
    try:
        assert not bounded.may_fork()
        assert bounded.run(works.double, 4, caps=CAPS) == Done(8)
    finally:
        end.set()
        other.join()


@BOTH
def test_ctrl_c_leaves_nothing_behind(fork: bool, tmp_path: Path) -> None:
    """The signal goes to the whole group, as a terminal sends it."""
    program = (
        "import works\nfrom nb2pipe import bounded\nprint('ready', flush=True)\n"
        f"bounded.run(works.sleep, caps=bounded.Caps(10, 60, 1 << 30), fork={fork})\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=tmp_path,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    child = None
    deadline = time.monotonic() + 10
    while child is None and time.monotonic() < deadline:
        found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        child = int(found[0]) if found else None
        time.sleep(0.05)
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert errors.count("KeyboardInterrupt") == 1
    assert not Path(f"/proc/{child}").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_new_interpreter_finds_no_modules_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook's folder may hold a `pickle.py` of its own."""
    for name in ("pickle", "select", "struct", "nb2pipe"):
        (tmp_path / f"{name}.py").write_text("open('executed', 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    assert bounded.run(works.double, 3, caps=CAPS, fork=False) == Done(6)
    assert not (tmp_path / "executed").exists()
