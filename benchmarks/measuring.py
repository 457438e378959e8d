"""Two ways to do the same in; out, the ratio of their costs, measured in turn, and the baseline's own cost."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NB2PIPE = (sys.executable, "-m", "nb2pipe")
NOTHING = (sys.executable, "-c", "pass")


@dataclass(frozen=True)
class Row:
    """One line of the table. `ratio` is to the baseline, which took `baseline_s`; `aim` is the most it may be.

    With `faster` it is the other way round: how many times quicker than the baseline, at least.
    """

    what: str
    ratio: float
    aim: float | None
    baseline: str
    baseline_s: float | None
    faster: bool = False
    note: str = ""

    @property
    def met(self) -> str:
        """In a word."""
        if self.aim is None:
            return ""
        return "yes" if (self.ratio >= self.aim if self.faster else self.ratio <= self.aim) else "**no**"

    def line(self) -> str:
        """As a row of Markdown."""
        sign = "≥" if self.faster else "≤"
        aim = "" if self.aim is None else f"{sign} {self.aim:g}"
        took = "" if self.baseline_s is None else f": {_shown(self.baseline_s)}"
        return f"| {self.what} | {self.ratio:.3g} | {aim} | {self.met} | {self.baseline}{took} | {self.note} |"


def _shown(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


HEAD = "| what | ratio | aim | met | baseline | note |\n| --- | --- | --- | --- | --- | --- |"


def compared(ours: Callable[[], float], baseline: Callable[[], float], rounds: int) -> tuple[float, float]:
    """The median of the rounds' ratios, and the baseline's median. The two are measured in turn: A B A B."""
    pairs = [(ours(), baseline()) for _ in range(rounds)]
    return statistics.median(a / b for a, b in pairs), statistics.median(b for _, b in pairs)


def seconds(action: Callable[[], Any]) -> float:
    """The wall time of one go."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def command(arguments: Sequence[str], folder: Path | None = None) -> tuple[float, float]:
    """Wall and CPU seconds of a command and all that it starts. Raises CalledProcessError."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(arguments, cwd=folder, env=environment, check=True, capture_output=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def write_notebook(path: Path, sources: Sequence[tuple[str, str]]) -> Path:
    """A notebook of `(tag, source)` cells; an empty tag for none."""
    cells = [
        {"cell_type": "code", "id": f"c{number}", "execution_count": None, "outputs": []}
        | {"metadata": {"tags": [tag] if tag else []}, "source": source}
        for number, (tag, source) in enumerate(sources)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}
    text = json.dumps(content)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return path
