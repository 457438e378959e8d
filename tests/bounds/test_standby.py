"""Functions in forks of a process that stays: what they give, how they end, and that nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import works
from test_bounded import CAPS, ENDINGS

from nb2pipe import bounded
from nb2pipe.bounded import Caps, Cause, Done, Ended
from nb2pipe.errors import BadInput
from nb2pipe.standby import Standby, Superseded

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere new interpreters are started")


@pytest.fixture
def standby(monkeypatch: pytest.MonkeyPatch) -> Iterator[Standby]:
    found = (str(Path(works.__file__).parent), os.environ.get("PYTHONPATH", ""))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, found)))
    made = Standby(works.prepare)
    yield made
    made.close()
    assert below(os.getpid()) == []


def below(pid: int) -> list[int]:
    """The processes below one that run `keeper`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if b"nb2pipe.keeper" in command:
            found.append((int(entry.name), parent))
    mine = {pid}
    for _ in found:
        mine |= {child for child, parent in found if parent in mine}
    return sorted(mine - {pid})


def run(standby: Standby, work: Callable[..., object], *arguments: object, caps: Caps = CAPS, line: str = "") -> object:
    with standby.asking(line) as place, bounded.carried_out_by(place):
        return bounded.run(work, *arguments, caps=caps)


def in_thread(action: Callable[[], object]) -> Callable[[], object]:
    """Begin it in a thread; the function that is returned waits for what comes of it."""
    found: list[object] = []

    def call() -> None:
        try:
            found.append(action())
        except BaseException as error:  # noqa: BLE001  # handed to who waits
            found.append(error)

    thread = threading.Thread(target=call)
    thread.start()

    def wait() -> object:
        thread.join(30)
        return found[0]

    return wait


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_it_returns(standby: Standby, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(standby, works.double, 21) == Done(42)
    (first,) = below(os.getpid())
    pids = {run(standby, works.pid).value for _ in range(3)}  # type: ignore[attr-defined]  # they are done
    assert len(pids) == 3
    assert below(os.getpid()) == [first]
    found = run(standby, works.large, 30_000_000)
    assert isinstance(found, Done)
    assert len(found.value) == 30_000_000
    assert run(standby, works.folder) == Done(str(Path.cwd()))
    assert run(standby, works.prepared) == Done(True)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("work", "caps", "expected"), ENDINGS, ids=[work.__name__ for work, _, _ in ENDINGS])
def test_what_goes_beyond_is_ended(standby: Standby, work: Callable[..., object], caps: Caps, expected: Ended) -> None:
    assert run(standby, work, caps=caps) == expected
    (first,) = below(os.getpid())
    assert run(standby, works.double, 1) == Done(2)
    assert below(os.getpid()) == [first]


def test_what_it_raises(standby: Standby) -> None:
    with pytest.raises(BadInput, match="no notebook") as refused:
        run(standby, works.refuse)
    assert refused.value.diagnostics[0].code == "N2P108"
    with pytest.raises(KeyError, match="a bug") as stumbled:
        run(standby, works.stumble)
    assert "in stumble" in stumbled.value.__notes__[0]


def test_a_process_that_dies_is_replaced(standby: Standby) -> None:
    run(standby, works.double, 1)
    (first,) = below(os.getpid())
    os.kill(first, signal.SIGKILL)
    assert run(standby, works.double, 2) == Done(4)
    (second,) = below(os.getpid())
    assert second != first


def test_one_that_dies_at_work_is_replaced_and_the_work_done_again(standby: Standby, tmp_path: Path) -> None:
    wait = in_thread(lambda: run(standby, works.linger, str(tmp_path)))
    until(lambda: len(list(tmp_path.iterdir())) == 1)
    first, _ = below(os.getpid())
    os.kill(first, signal.SIGKILL)
    until(lambda: len(list(tmp_path.iterdir())) == 2)
    (tmp_path / "go").touch()
    assert wait() == Done(True)
    assert first not in below(os.getpid())


def test_one_that_hangs_is_replaced(standby: Standby, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nb2pipe.standby._GRACE_S", 0.5)
    run(standby, works.double, 1)
    (first,) = below(os.getpid())
    os.kill(first, signal.SIGSTOP)
    assert run(standby, works.double, 2, caps=replace(CAPS, wall_s=1)) == Done(4)
    assert first not in below(os.getpid())


def test_a_newer_request_of_a_line_ends_the_older_one(standby: Standby, tmp_path: Path) -> None:
    other = in_thread(lambda: run(standby, works.linger, str(tmp_path), line="other"))
    until(lambda: len(list(tmp_path.iterdir())) == 1)
    older = in_thread(lambda: run(standby, works.sleep, line="one"))
    until(lambda: len(below(os.getpid())) == 3)
    assert run(standby, works.double, 3, line="one") == Done(6)
    assert isinstance(older(), Superseded)
    until(lambda: len(below(os.getpid())) == 2)
    (tmp_path / "go").touch()
    assert other() == Done(True)


def test_what_is_canceled_ends_whether_it_waits_or_not(standby: Standby) -> None:
    calls = [in_thread(lambda line=line: run(standby, works.sleep, line=line)) for line in "abc"]  # type: ignore[misc]
    until(lambda: len(below(os.getpid())) == 3)  # two of them at a time
    for line in "abc":
        standby.cancel(line)
    assert all(isinstance(wait(), Superseded) for wait in calls)
    until(lambda: len(below(os.getpid())) == 1)
    standby.cancel("nobody's")
    assert run(standby, works.double, 3, line="a") == Done(6)


def test_closed_while_at_work(standby: Standby) -> None:
    wait = in_thread(lambda: run(standby, works.sleep))
    until(lambda: len(below(os.getpid())) == 2)
    standby.close()
    assert isinstance(wait(), Superseded)
    assert below(os.getpid()) == []
    with pytest.raises(Superseded):
        run(standby, works.double, 1)


def test_late_while_others_are_not(standby: Standby) -> None:
    late = in_thread(lambda: run(standby, works.sleep, caps=replace(CAPS, wall_s=1)))
    assert [run(standby, works.double, number) for number in range(5)] == [Done(2 * number) for number in range(5)]
    assert late() == Ended(Cause.LATE, 8)


def add_up(standby: Standby, *numbers: int, line: str = "sum") -> object:
    marks = tuple(bytes([number]) for number in numbers)
    with standby.asking(line, marks) as place, bounded.carried_out_by(place):
        found = bounded.run(works.add_up, list(numbers), caps=CAPS)
    return found.value if isinstance(found, Done) else found


def test_versions_go_on_where_they_differ(standby: Standby) -> None:
    assert add_up(standby, 1, 2, 3, 4) == (10, [1, 2, 3, 4])  # leaves copies before the first and the third
    assert add_up(standby, 1, 2, 3, 5) == (11, [3, 5])  # and one before the fourth
    assert add_up(standby, 1, 2, 3, 6) == (12, [6])
    assert add_up(standby, 1, 2, 3, 6, 7) == (19, [6, 7])  # and one at the end
    assert add_up(standby, 1, 2, 3, 6, 8) == (20, [8])
    assert add_up(standby, 1, 2, 3, 6, 8, 9) == (29, [8, 9])  # another one in its place
    assert add_up(standby, 1, 2, 3, 6, 8, 9) == (29, [9])
    assert add_up(standby, 1, 2, 3, 6, 8, 9) == (29, [])
    assert add_up(standby, 1, 4, 3, 6) == (14, [1, 4, 3, 6])  # from the first
    assert add_up(standby, 1, 5, 3, 6) == (15, [5, 3, 6])
    assert add_up(standby, 4, 5, 3, 6) == (18, [4, 5, 3, 6])
    assert add_up(standby, 4, 5, 3, 6, line="another") == (18, [4, 5, 3, 6])
    assert add_up(standby) == (0, [])


def test_copies_are_few_and_end(standby: Standby) -> None:
    for line in "abcdefg":
        for last in range(3, 12):
            add_up(standby, *range(last), line=line)
    until(lambda: len(below(os.getpid())) == 1 + 4 * 4)


def test_copies_end_when_nobody_asks(standby: Standby) -> None:
    idle = Standby(works.prepare, idle_s=0.3)
    try:
        assert add_up(idle, 1, 2, 3) == (6, [1, 2, 3])
        until(lambda: len(below(os.getpid())) == 1)
        assert add_up(idle, 1, 2, 4) == (7, [1, 2, 4])
        assert add_up(standby, 1, 2, 3) == (6, [1, 2, 3])
        assert len(below(os.getpid())) >= 4
    finally:
        idle.close()


def test_a_copy_that_is_gone_or_ends_with_its_work(standby: Standby) -> None:
    for last in (3, 4, 5):
        add_up(standby, 1, 2, last)
    first, *copies = below(os.getpid())
    for copy in copies:
        os.kill(copy, signal.SIGKILL)
    assert add_up(standby, 1, 2, 6) == (9, [1, 2, 6])  # whether or not it was known that they are gone
    assert add_up(standby, 1, 2, 5) in ((8, [5]), (8, [1, 2, 5]))
    assert add_up(standby, 1, 2, 7) == (10, [7])
    assert add_up(standby, 1, 2, 99) == Ended(Cause.CRASH, 2, "it ended with code 9")
    assert add_up(standby, 1, 2, 8) == (11, [8])
    assert below(os.getpid())[0] == first


def test_nothing_outlives_the_program_that_started_it(tmp_path: Path) -> None:
    program = (
        "import threading, works\nfrom nb2pipe import bounded, standby\nmade = standby.Standby(works.prepare)\n"
        "def run():\n with made.asking() as place, bounded.carried_out_by(place):\n"
        f"  bounded.run(works.linger, {str(tmp_path)!r}, caps=bounded.Caps(10, 60, 1 << 30))\n"
        "threading.Thread(target=run).start()\n"
    )
    paths = (str(Path(works.__file__).parent), os.environ.get("PYTHONPATH", ""))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    with subprocess.Popen([sys.executable, "-c", program], env=environment) as process:
        until(lambda: len(list(tmp_path.iterdir())) == 1)
        found = below(process.pid)
        assert len(found) == 2
        process.kill()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in found))
