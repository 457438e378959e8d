"""The tests' own modules (`fast`, `programs`) and the server that runs notebooks without kernels."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fast import Server, serving  # found on the path above


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One per test process."""
    with serving() as found:
        yield found
