"""`python -m benchmarks [NAME ...]`: the names of benchmarks in, a table of ratios out, in the form of RESULTS.md."""

from __future__ import annotations

import argparse
import os
import platform
import runpy
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from benchmarks import answering, checking, compiling, crossing, incremental, running, scheduling
from benchmarks.measuring import HEAD, Row

TABLE: dict[str, Callable[[Path, int], Iterator[Row]]] = {
    "answering": answering.answering,
    "check": checking.check,
    "compile": compiling.compile_,
    "array": crossing.array,
    "values": crossing.values,
    "scheduler": scheduling.scheduler,
    "supervisor": scheduling.supervisor,
    "edited": incremental.edited,
    "parallel": running.parallel,
    "cells": running.cells,
    "unchanged": incremental.unchanged,
}
TABLES_OF_THEIR_OWN = ("analysis", "nets", "demand_load")  # scripts that take arguments


def where() -> str:
    """Date, machine and versions, as a line."""
    packages = ("papermill", "ipykernel", "numpy", "pandas", "scikit-learn", "joblib", "dill", "distributed")
    found = []
    for name in packages:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"no {name}")
    load = "/".join(f"{item:.0f}" for item in os.getloadavg())
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load {load}"
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {machine}; Python {platform.python_version()}, {', '.join(found)}"


def main() -> None:
    """Print the table."""
    if sys.argv[1:2] and sys.argv[1] in TABLES_OF_THEIR_OWN:
        sys.argv = sys.argv[1:]
        runpy.run_module(f"benchmarks.{sys.argv[0]}", run_name="__main__")
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    others = ", ".join(TABLES_OF_THEIR_OWN)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(TABLE)}; or one of {others} alone")
    parser.add_argument("--rounds", type=int, default=3, help="pairs that are measured, of which the median counts")
    parser.add_argument(
        "--folder", type=Path, help="where notebooks and runs are, and stay; a temporary one if not given"
    )
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in TABLE]
    if unknown:
        parser.error(f"no benchmark: {', '.join(unknown)}")
    print(f"{where()}\n\n{HEAD}", flush=True)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as temporary:
        folder = (given.folder or Path(temporary)).resolve()
        folder.mkdir(exist_ok=True)
        for name in given.names or TABLE:
            for row in TABLE[name](folder, given.rounds):
                print(row.line(), flush=True)


if __name__ == "__main__":
    main()
