"""A step's notebook of a run in; the same to be run by hand out: it begins with that run's inputs and stores nothing.

What comes from the notebook stays a cell's source. Paths of ours stand in code as Python strings.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, cast

from nb2pipe.model import Json, StepError

MARK = "debug"


def debug_notebook(
    step: Mapping[str, Json], runtime: str, record: str, run: str, error: StepError | None
) -> Mapping[str, Json]:
    """`runtime` is the folder of the run's own runtime files, `record` its `step.json`; `error`: how the step ended."""
    notebook = cast("dict[str, Any]", copy.deepcopy(dict(step)))
    cells: list[Any] = []
    for cell in notebook["cells"]:
        role = cell.get("metadata", {}).get("nb2pipe", {}).get("role")
        if role == "about":
            cell["source"] = _about(notebook["metadata"]["nb2pipe"]["step"], run, error)
        elif role == "begin":
            cell["source"] = _begin(runtime, record)
        elif role == "load":
            cell["source"] = "__nb2pipe__.load()  # the step's inputs"
        elif role == "end":
            continue
        index = cell.get("metadata", {}).get("nb2pipe", {}).get("cell")
        if error is not None and role == "cell" and index == error.cell:
            cells.append(_note(cell["id"], f"**Here the run failed**, line {error.line or '?'}:"))
        cells.append(cell)
    notebook["cells"] = cells
    notebook["metadata"]["nb2pipe"][MARK] = run
    return notebook


def _begin(runtime: str, record: str) -> str:
    return (
        "import sys\n\n"
        f"sys.path.insert(0, {runtime!r})\n"
        "from nb2pipe.runtime import debug as __nb2pipe__\n\n"
        "del sys.path[0]\n"
        f"__nb2pipe__.begin({record!r})"
    )


def _about(step: str, run: str, error: StepError | None) -> str:
    how = "with its inputs of that run" if error is None else "with its inputs of that run, up to where it failed"
    return (
        f"# Step `{step}` of run `{run}`\n\n"
        f"Made by `nb2pipe debug`: run the cells from the top and you have the step {how}. "
        "Nothing is stored. What you mend here goes into the notebook by hand."
    )


def _note(identity: str, text: str) -> dict[str, Any]:
    return {"id": f"{identity[:56]}-failed", "cell_type": "markdown", "metadata": {}, "source": text}
