"""A notebook's content without steps in; the same with `step:` tags out, by a rule: to see how it fares as a pipeline.

No choice that a person would make: `suggest` is for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, cast

from nb2pipe.model import Json

_OWN = ("step:", "block:")


class Cut(StrEnum):
    """Where steps begin: where the tags say so, at each cell, at each third cell, below each heading."""

    TAGS = "tags"
    CELLS = "cells"
    THIRDS = "thirds"
    HEADINGS = "headings"


def cut(content: Mapping[str, Json], how: Cut) -> Mapping[str, Json]:
    """`content` (nbformat 4) with a step at each place that `how` says; unchanged if a cell begins a step already."""
    cells = [dict(cast("Mapping[str, Any]", cell)) for cell in cast("Sequence[Json]", content["cells"])]
    tagged = any(str(tag).startswith(_OWN) for cell in cells for tag in _tags(cell))
    if how is Cut.TAGS or tagged:
        return content
    number, headed = 0, True
    for cell in cells:
        if cell.get("cell_type") == "markdown" and str(cell.get("source", "")).lstrip().startswith("#"):
            headed = True
        if cell.get("cell_type") != "code" or not str(cell.get("source", "")).strip():
            continue
        begins = {Cut.CELLS: True, Cut.THIRDS: number % 3 == 0, Cut.HEADINGS: headed}[how]
        if begins and not _tags(cell):
            cell["metadata"] = {**(cell.get("metadata") or {}), "tags": [f"step:part{number + 1}"]}
        number, headed = number + 1, False
    return {**content, "cells": cells}


def _tags(cell: Mapping[str, Any]) -> Sequence[Json]:
    return list((cell.get("metadata") or {}).get("tags") or ())
