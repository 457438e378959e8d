"""The tests' own modules (`harness`, `cases`), the process that forks front ends, and what an undisturbed run leaves."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import Expected, FrontEnds, front_ends, shim, undisturbed  # found on the path above


@pytest.fixture(scope="session")
def ends() -> Iterator[FrontEnds]:
    """One per test process."""
    with front_ends() as found:
        yield found


@pytest.fixture(scope="session")
def expected(ends: FrontEnds) -> Expected:
    """What a run of the notebook leaves; that it is what the notebook itself prints and writes is seen to here."""
    return undisturbed(ends)


@pytest.fixture
def with_shim() -> None:
    """Skips where no C compiler is."""
    if shim() is None:
        pytest.skip("needs a C compiler: the faults are made by a library that is loaded before the C library")
