"""A notebook without steps in; out, tags that cut it by a rule: to see how it fares as a pipeline.

No choice that a person would make: `suggest` is for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, cast

from nb2pipe.model import Notebook

_OWN = ("step:", "block:")


class Cut(StrEnum):
    """Where steps begin: where the tags say so, at each cell, at each third cell, below each heading."""

    TAGS = "tags"
    HEADINGS = "headings"
    THIRDS = "thirds"
    CELLS = "cells"


def cut(notebook: Notebook, how: Cut) -> Mapping[int, tuple[str, ...]]:
    """The tags of the cells where a step begins; none if one begins somewhere already, by its tag."""
    if how is Cut.TAGS or any(tag.startswith(_OWN) for cell in notebook.cells for tag in cell.tags):
        return {}
    with_code = [cell for cell in notebook.cells if cell.source.strip()]
    headed = set(_below_headings(notebook))
    begins = {
        Cut.CELLS: [cell.index for cell in with_code],
        Cut.THIRDS: [cell.index for cell in with_code[::3]],
        Cut.HEADINGS: [cell.index for cell in with_code if cell.index in headed or cell is with_code[0]],
    }[how]
    return {index: (f"step:part{index + 1}",) for index in begins if not notebook.cells[index].tags}


def _below_headings(notebook: Notebook) -> Iterator[int]:
    """The first code cell with code below each heading."""
    raw = cast("Sequence[Mapping[str, Any]]", notebook.raw["cells"])
    headings = [
        position
        for position, cell in enumerate(raw)
        if cell.get("cell_type") == "markdown" and str(cell.get("source", "")).lstrip().startswith("#")
    ]
    for heading in headings:
        below = [cell.index for cell in notebook.cells if cell.position > heading and cell.source.strip()]
        yield from below[:1]
