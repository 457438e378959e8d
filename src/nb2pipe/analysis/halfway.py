"""A walk as it is before a cell in; out, whether the walk of another version of the notebook may go on from there.

What a walk knows when it comes to a cell follows from the cells above. Where those are the same, and all else that it
looks at, it goes on from there: the result is that of a walk from the beginning (`tests/bounds/test_versions.py`).
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from nb2pipe.analysis.ipython import Problem, parse_cell
from nb2pipe.analysis.walk import Walker
from nb2pipe.model import Diagnostic, Names, Notebook, Parameter, Section
from nb2pipe.records import dataclass


@dataclass(frozen=True)
class Halfway:
    """A walk before `cell`. `environment`: what the steps' options set; `parameters` are those of all cells.

    `names` and `diagnostics` are what the walk has found so far.
    """

    cell: int
    notebook: Notebook
    section_of: Mapping[int, Section]
    trees: Mapping[int, ast.Module]
    parameters: Mapping[str, Parameter]
    environment: Sequence[tuple[str, str]]
    walker: Walker
    names: dict[int, Names]
    diagnostics: list[Diagnostic]

    def leads_to(self, other: Halfway) -> bool:
        """True if a walk of the other version would be where this one is when it comes to the same cell."""
        return (
            self._seen(self.cell) == other._seen(self.cell)
            and all(self.trees.get(cell) is other.trees.get(cell) for cell in range(self.cell))
            and self.walker.beside.folder == other.walker.beside.folder
            and self.walker.beside.is_as_it_was
        )

    def _seen(self, end: int) -> list[object]:
        """What a walk looks at until it comes to this cell, besides trees and files."""
        sections = [self.section_of.get(cell) for cell in range(end)]
        return [
            self.notebook.path,
            [(cell.source, cell.tags, cell.told) for cell in self.notebook.cells[:end]],
            [(section.id, section.role) if section is not None else None for section in sections],
            list(self.parameters.items()),
            list(self.environment),
        ]


class Parsed:
    """The trees of an earlier version's cells, each for one cell of the new one: a walk knows things by their nodes."""

    def __init__(self, halfway: Halfway | None) -> None:
        self._walked: dict[int, tuple[str, ast.Module]] = {}
        self._others: dict[str, list[ast.Module]] = {}
        if halfway is None:
            return
        for cell, tree in halfway.trees.items():
            source = halfway.notebook.cells[cell].source
            if cell < halfway.cell:
                self._walked[cell] = source, tree
            else:
                self._others.setdefault(source, []).append(tree)

    def tree(self, cell: int, source: str) -> ast.Module | Problem:
        """The cell's tree."""
        before, tree = self._walked.get(cell, ("", None))
        if tree is not None and before == source:
            return tree
        others = self._others.get(source)
        return others.pop() if others else parse_cell(source)
