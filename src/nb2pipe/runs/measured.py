"""A directory of runs and a notebook's cells in; what the last run of each step with the same cells stored out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from nb2pipe.layout import RootDir
from nb2pipe.model import Run, RunState, Value
from nb2pipe.runs import store

MOST_RUNS = 10
"""Looked into, newest first."""


def last_values(
    root: Path, sources: Mapping[str, Sequence[str]], runs: Sequence[Run] | None = None
) -> Mapping[str, tuple[str, Mapping[str, Value]]]:
    """Step id -> (run id, name -> value), for steps whose cells were these sources when they last ended well.

    `runs`: the newest ones, if the caller knows them.
    """
    found: dict[str, tuple[str, Mapping[str, Value]]] = {}
    for run in store.runs(root, most=MOST_RUNS) if runs is None else runs:
        for step in run.steps:
            if step.state is not RunState.SUCCEEDED or step.id in found or step.id not in sources:
                continue
            if _cells(RootDir(root).run(run.id).step(step.id).notebook) == tuple(sources[step.id]):
                found[step.id] = (run.id, step.values)
    return found


@lru_cache(512)  # it is written once, before the step runs
def _cells(step: Path) -> tuple[str, ...] | None:
    """The step's own cells as they were run; None if that can't be told."""
    try:
        cells = json.loads(step.read_bytes())["cells"]
        return tuple(cell["source"] for cell in cells if cell["metadata"]["nb2pipe"]["role"] == "cell")
    except (OSError, ValueError, KeyError, TypeError):
        return None
