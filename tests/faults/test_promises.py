"""What a run promises, whatever is done to it: the next `nb2pipe run` goes on by itself and ends right.

Each case is run, disturbed, and run again; see `harness.Place.mended` for all that is compared. The same cases by the
thousand: `python tests/soak/faults.py`.
"""

from __future__ import annotations

import os
import pty
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cases
import pytest
from harness import Expected, FrontEnds, Place, place

from nb2pipe.model import RunState
from nb2pipe.runs import store

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what is left is found through /proc"),
    pytest.mark.timeout(600),  # the machine may be busy with other things
]
needs_shim = pytest.mark.usefixtures("with_shim")

OPERATIONS = 120
POWER_CUTS = 24
LEVELS = 8
DAMAGED = 50


@pytest.mark.parametrize("seed", range(40))
def test_killed_at_any_time(ends: FrontEnds, expected: Expected, seed: int) -> None:
    """SIGKILL to front end, guard, supervisor, worker, kernel, or all of them."""
    cases.kill(ends, expected, random.Random(seed))


@needs_shim
@pytest.mark.parametrize("number", range(OPERATIONS))
def test_fault_at_a_file_operation(ends: FrontEnds, expected: Expected, number: int, calls: int) -> None:
    """One process dies, or all, or the disk refuses, at this call of those that a run makes."""
    how = cases.HOWS[number % len(cases.HOWS)]
    cases.operation(ends, expected, how, 1 + number * calls // OPERATIONS, cases.RUNTIME)


@pytest.fixture(scope="session")
def calls(ends: FrontEnds) -> int:
    """How many operations a run has."""
    return cases.calls(ends, cases.RUNTIME)


@needs_shim
@pytest.mark.parametrize("number", range(10))
def test_fault_while_results_are_taken(ends: FrontEnds, expected: Expected, number: int) -> None:
    """The same in a run that takes what earlier ones left, and puts a file back."""
    cases.operation(ends, expected, cases.HOWS[number % len(cases.HOWS)], 8 + number * 5, cases.RUNTIME, before=1)


@needs_shim
@pytest.mark.parametrize("number", range(POWER_CUTS))
def test_power_cut(ends: FrontEnds, expected: Expected, number: int) -> None:
    """All processes are gone, and of what was not synced any part may be on the disk."""
    cases.power(ends, expected, number / POWER_CUTS, random.Random(number), before=number % 2)


@pytest.mark.parametrize("level", range(LEVELS))
def test_full_disk(ends: FrontEnds, expected: Expected, level: int, needed: int) -> None:
    """So much room is there, of what a run needs: a line that says so, and no traceback."""
    cases.full_disk(ends, expected, needed * level // LEVELS)


@pytest.fixture(scope="session")
def needed(ends: FrontEnds) -> int:
    """The bytes that a run needs."""
    try:
        return cases.room_needed(ends)
    except OSError as problem:
        pytest.skip(str(problem))


@pytest.mark.parametrize("name", cases.DEATHS)
def test_kernel_dies(ends: FrontEnds, name: str) -> None:
    """Without a real kernel: what the supervisor makes of it."""
    cases.death(ends, name, kernels=False)


@pytest.mark.kernel
@pytest.mark.parametrize("name", cases.DEATHS)
def test_real_kernel_dies(ends: FrontEnds, name: str) -> None:
    """Said with cell and signal."""
    cases.death(ends, name, kernels=True)


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("sleeping", "SIGINT"),
        ("sleeping", "cancel"),
        ("holding", "SIGTERM"),
        ("holding", "SIGKILL"),
        ("ignoring", "SIGHUP"),
        ("ignoring", "cancel"),
        ("forking", "SIGINT"),
        ("forking", "SIGKILL"),
        ("leaving", "SIGTERM"),
        ("leaving", "SIGHUP"),
        ("deaf", "SIGINT"),
        ("deaf", "SIGKILL"),
    ],
)
def test_cancel(ends: FrontEnds, name: str, by: str) -> None:
    """Within ten seconds all is gone."""
    cases.cancel(ends, name, by, kernels=False)


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("name", "by"), [("holding", "SIGINT"), ("deaf", "SIGTERM"), ("leaving", "SIGKILL"), ("forking", "cancel")]
)
def test_cancel_of_a_real_kernel(ends: FrontEnds, name: str, by: str) -> None:
    """The same."""
    cases.cancel(ends, name, by, kernels=True)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
def test_parallel(ends: FrontEnds, expected: Expected, count: int) -> None:
    """One runs the steps, the others wait for it and take them."""
    cases.parallel(ends, expected, count)


DAMAGE = [(kind, how) for how in cases.DAMAGES for kind in cases.KINDS]


@pytest.fixture(scope="module")
def damaged(ends: FrontEnds) -> Iterator[tuple[Place, Path]]:
    """A place, and a copy of what is in it."""
    with place(ends) as here:
        yield here, cases.damaged_place(here)


@pytest.mark.parametrize("number", range(DAMAGED))
def test_damage(damaged: tuple[Place, Path], expected: Expected, number: int) -> None:
    """A file of `.nb2pipe/` is not what it was: it is passed over, and said; values are never wrong."""
    kind, how = DAMAGE[number]
    cases.damage(*damaged, expected, kind, how, random.Random(number))


def test_back_to_back(ends: FrontEnds) -> None:
    """Nothing grows."""
    assert sum(1 for _ in cases.back_to_back(ends, 20)) == 20


@needs_shim
@pytest.mark.parametrize(
    "jumps",
    [(cases.TEN_YEARS_S,), (-cases.TEN_YEARS_S,), (cases.TEN_YEARS_S, -cases.TEN_YEARS_S)],
    ids=["ahead", "back", "both"],
)
def test_clock_jumps(ends: FrontEnds, expected: Expected, jumps: tuple[int, ...]) -> None:
    """The clock is ten years off, and no step runs again for it."""
    cases.clock(ends, expected, jumps, random.Random(len(jumps)))


def test_read_only(ends: FrontEnds, expected: Expected) -> None:
    """Where nothing can be written: one line, and all is as it was before."""
    with place(ends) as here:
        here.run()
        try:
            with cases.read_only(here.folder):
                run = here.start()
                assert run.wait() == 3
                assert "N2P601" in run.printed()
                assert "Read-only file system" in run.printed()
        except OSError as problem:
            pytest.skip(str(problem))
        assert not here.mended(expected)


def test_closed_terminal(ends: FrontEnds, expected: Expected) -> None:
    """The terminal goes away with all that is in it: the run ends as if it had been told to, and the next goes on."""
    with place(ends) as here:
        main, terminal = pty.openpty()
        environ = {**ends.environ, **here.environ}
        environ.pop("NO_COLOR")
        code = "import front_end; front_end.in_terminal()"
        run = subprocess.Popen(
            [sys.executable, "-P", "-c", code, "run", "note.ipynb"],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            cwd=here.folder,
            env=environ,
        )
        os.close(terminal)
        shown = b""
        while b"RUNNING" not in shown:
            shown += os.read(main, 1000)
        os.close(main)
        run.wait(ends.patience_s)
        here.settle()
        assert store.load(here.root.path).state is RunState.CANCELED
        here.mended(expected)
