"""Execution counts in, a note where the saved outputs don't come from one run from top to bottom out."""

from __future__ import annotations

from collections.abc import Sequence

from nb2pipe.model import Diagnostic, Location, Notebook, Severity


def check_hidden_state(notebook: Notebook, cells: Sequence[int]) -> list[Diagnostic]:
    """One note, at the first cell that ran before one above it."""
    highest, where = 0, 0
    for index in cells:
        cell = notebook.cells[index]
        count = cell.execution_count
        if count is None:
            continue
        if count < highest:
            message = (
                f"cell {cell.number} was last run before cell {where + 1} above it: its saved outputs may not be what "
                "the notebook gives from top to bottom"
            )
            place = Location(notebook.path, cell=index)
            hint = "restart the kernel and run all cells to see what a run will give"
            return [Diagnostic("N2P220", Severity.NOTE, message, place, hint)]
        highest, where = count, index
    return []
