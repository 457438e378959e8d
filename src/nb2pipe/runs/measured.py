"""A directory of runs and a notebook's cells in; what the last run of each step with the same cells stored out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from nb2pipe.layout import RootDir, StepDir
from nb2pipe.model import RunState, Value
from nb2pipe.runs import store

_MOST_RUNS = 10  # looked into, newest first


def last_values(root: Path, sources: Mapping[str, Sequence[str]]) -> Mapping[str, tuple[str, Mapping[str, Value]]]:
    """Step id -> (run id, name -> value), for steps whose cells were these sources when they last ended well."""
    found: dict[str, tuple[str, Mapping[str, Value]]] = {}
    for run in store.runs(root, most=_MOST_RUNS):
        for step in run.steps:
            if step.state is not RunState.SUCCEEDED or step.id in found or step.id not in sources:
                continue
            if _cells(RootDir(root).run(run.id).step(step.id)) == list(sources[step.id]):
                found[step.id] = (run.id, step.values)
    return found


def _cells(step: StepDir) -> list[str] | None:
    """The step's own cells as they were run; None if that can't be told."""
    try:
        cells = json.loads(step.notebook.read_bytes())["cells"]
        return [cell["source"] for cell in cells if cell["metadata"]["nb2pipe"]["role"] == "cell"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
