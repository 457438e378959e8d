"""Steps in parallel to bare Pythons that do the same; many cells in one step to few."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from benchmarks.measuring import NB2PIPE, Row, command, compared, seconds, write_notebook
from nb2pipe.journal import read_events
from nb2pipe.model import CellStarted
from nb2pipe.runs import store

_STEPS, _S, _CORES = 4, 5.0, 2


def parallel(folder: Path, rounds: int) -> Iterator[Row]:
    """4 x 5 s of CPU on 2 cores, and 4 x 5 s of sleep at once."""
    loop = f"for _ in range({_iterations()}):\n    pass"
    kinds = (
        ("4 x 5 s of CPU, two at a time", 1.2, loop, _CORES, "4 bare Pythons, two at a time"),
        ("4 x sleep 5, `--jobs 4`", 1.6, f"import time\ntime.sleep({_S})", _STEPS, "4 bare Pythons at once"),
    )
    for number, (what, aim, work, jobs, baseline) in enumerate(kinds):
        path = write_notebook(folder / f"parallel{number}.ipynb", [(f"step:s{i}", work) for i in range(_STEPS)])
        run = (*NB2PIPE, "run", "--force", "--jobs", str(jobs), str(path))
        ratio, base = compared(
            lambda: command(run)[0],  # noqa: B023
            lambda: seconds(lambda: _bare(work, jobs)),  # noqa: B023
            rounds,
        )
        yield Row(what, ratio, aim, baseline, base)


def _iterations() -> int:
    """How many turns of an empty loop take 5 s of this machine's CPU."""
    turns = 20_000_000
    start = time.process_time()
    for _ in range(turns):
        pass
    return int(turns * _S / (time.process_time() - start))


def _bare(work: str, jobs: int) -> None:
    """So many at a time, each a new interpreter."""
    waiting, running = [work] * _STEPS, []
    while waiting or running:
        while waiting and len(running) < jobs:
            running.append(subprocess.Popen([sys.executable, "-c", waiting.pop()]))
        running = [process for process in running if process.poll() is None]
        time.sleep(0.01)


def cells(folder: Path, rounds: int) -> Iterator[Row]:
    """400 cells in one step, per cell, to 100: from the first cell's start to the last one's, as the journal tells."""
    numbers = count()

    def run(cells: int) -> float:
        first = next(numbers)  # another code each time: it has to run
        sources = [("step:all" if i == 0 else "", f"x{i} = {first + i}\nprint(x{i})") for i in range(cells)]
        command((*NB2PIPE, "run", str(write_notebook(folder / "cells.ipynb", sources))))
        last = store.find(folder / ".nb2pipe")
        started = [event.at for event in read_events(last.events) if isinstance(event, CellStarted)]
        return (started[-1] - started[0]).total_seconds() / (cells - 1)

    ratio, base = compared(lambda: run(400), lambda: run(100), rounds)
    yield Row("400 cells in one step, per cell", ratio, 1.5, "per cell of 100", base)
