"""The source notebook and the steps' executed notebooks in; the notebook with all outputs in their places out."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, cast

from nb2pipe.model import Json, Notebook


def merged_notebook(
    notebook: Notebook, executed: Iterable[Mapping[str, Json]], run: Mapping[str, Json]
) -> Mapping[str, Json]:
    """The notebook as it is, each code cell with the outputs that it had in its step.

    Cells that no step ran (skipped, or replayed as definitions) have none. `run` goes into `metadata.nb2pipe.run`.
    """
    merged = cast("dict[str, Any]", copy.deepcopy(dict(notebook.raw)))
    for position, cell in enumerate(merged["cells"]):
        if (merged["nbformat"], merged["nbformat_minor"]) >= (4, 5):
            cell.setdefault("id", hashlib.sha256(f"{position}".encode()).hexdigest()[:12])
        if cell.get("cell_type") == "code":
            cell |= {"outputs": [], "execution_count": None}
    for step in executed:
        for ran in cast("list[dict[str, Any]]", step["cells"]):
            marker = ran.get("metadata", {}).get("nb2pipe", {})
            if marker.get("role") != "cell":
                continue
            cell = notebook.cells[marker["cell"]]
            merged["cells"][cell.position] |= {
                "outputs": ran["outputs"],
                "execution_count": None if ran.get("execution_count") is None else cell.number,
            }
    metadata = merged.setdefault("metadata", {})
    metadata["nb2pipe"] = {**metadata.get("nb2pipe", {}), "run": run}
    return merged
