"""A run in which nothing has changed, and one in which one step of 20 has: to starting Python, and to papermill."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from benchmarks.measuring import NB2PIPE, NOTHING, Row, command, compared, write_notebook

_AGE_S = 2.2  # files that just changed leave no seal


def unchanged(folder: Path, rounds: int) -> Iterator[Row]:
    """200 steps, each run once by a kernel of its own (this takes minutes), then nothing to do."""
    sources = [("step:s0", "x0 = 1")]
    sources += [(f"step:s{i}", f"x{i} = x{i - 1 if i % 4 else 0} + 1\nprint(x{i})") for i in range(1, 200)]
    path = write_notebook(folder / "unchanged200.ipynb", sources)
    run = (*NB2PIPE, "run", str(path))
    for _ in range(3):  # all that is stale; a run that compares everything and leaves the seal; one by the seal
        time.sleep(_AGE_S)
        command(run)
    for place, kind in enumerate(("wall", "CPU")):
        ratio, base = compared(lambda: command(run)[place], lambda: command(NOTHING)[place], 3 * rounds)  # noqa: B023
        yield Row(f"nothing-changed run of 200 steps, {kind}", ratio, 10, "`python -c pass`", base)
    seal = next((folder / ".nb2pipe" / "steps").glob("*/unchanged.json"))

    def compare_all() -> float:
        seal.unlink(missing_ok=True)
        return command(run)[1]

    ratio, base = compared(compare_all, lambda: command(NOTHING)[1], rounds)
    yield Row("the same without a seal, CPU", ratio, None, "`python -c pass`", base)


def edited(folder: Path, rounds: int) -> Iterator[Row]:
    """One of 20 steps gets another constant in what it prints; its value stays, so no other step runs."""
    numbers = count(1)

    def sources(number: int) -> list[tuple[str, str]]:
        cells = [("step:s0", "x0 = 1")]
        cells += [(f"step:s{i}", f"x{i} = x{i - 1} + 1\nprint(x{i}, 0)") for i in range(1, 20)]
        cells[10] = ("step:s10", f"x10 = x9 + 1\nprint(x10, {number})")
        return cells

    path = write_notebook(folder / "edited20.ipynb", sources(0))
    command((*NB2PIPE, "run", str(path)))
    out = folder / "papermill.ipynb"

    def ours() -> float:
        write_notebook(path, sources(next(numbers)))
        return command((*NB2PIPE, "run", str(path)))[0]

    def straight() -> float:
        return command((sys.executable, "-m", "papermill", "--no-progress-bar", str(path), str(out)))[0]

    ratio, base = compared(ours, straight, rounds)
    yield Row("one of 20 steps edited, wall", ratio, 0.5, "straight papermill run", base)
