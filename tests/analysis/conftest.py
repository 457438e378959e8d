"""Notebooks from a few lines of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from nb2pipe import analysis
from nb2pipe.analysis import Analysis
from nb2pipe.model import Cell, Diagnostic, Notebook, Pipeline, Role, Section, Severity

_ROLES = {"imports", "functions", "parameters", "metrics", "start"}


@dataclass(frozen=True)
class Linked:
    """What came of a notebook."""

    pipeline: Pipeline
    diagnostics: tuple[Diagnostic, ...]
    analysis: Analysis
    notebook: Notebook
    sections: tuple[Section, ...]

    @property
    def edges(self) -> str:
        """All edges: `a>b:x,y` where values cross, `a>b` where only the order matters."""
        found = []
        for edge in self.pipeline.edges:
            variables = f":{','.join(edge.variables)}" if edge.variables else ""
            found.append(f"{edge.source}>{edge.target}{variables}")
        return " ".join(sorted(found))

    @property
    def codes(self) -> set[str]:
        return {item.code for item in self.diagnostics}

    @property
    def errors(self) -> list[str]:
        return [f"{item.code} {item.message}" for item in self.diagnostics if item.severity is Severity.ERROR]


def link_cells(cells: Sequence[tuple[str, str]], *, raising: frozenset[int] = frozenset()) -> Linked:
    """(section, source) pairs, one a cell; a section named again goes on with the one of that name."""
    found: dict[str, tuple[Role, list[int]]] = {}
    for index, (name, _) in enumerate(cells):
        if name != "skip":
            role = Role.STEP if name == "start" or name not in _ROLES else Role(name)
            found.setdefault(name, (role, []))[1].append(index)
    sections = tuple(
        Section(
            name,
            name,
            role,
            tuple(indexes),
            metrics_cells=tuple(indexes) if role is Role.METRICS else (),
            implicit=name in _ROLES,
        )
        for name, (role, indexes) in found.items()
    )
    notebook = Notebook(
        None,
        tuple(
            Cell(index, source, ("raises-exception",) if index in raising else (), index)
            for index, (_, source) in enumerate(cells)
        ),
    )
    summary = analysis.summarise(notebook, sections)
    pipeline, problems = analysis.link(notebook, sections, summary)
    return Linked(pipeline, (*summary.diagnostics, *problems), summary, notebook, sections)


@pytest.fixture
def cells() -> Callable[..., Linked]:
    """Link a notebook given as (section, source) pairs."""

    def link(*given: tuple[str, str], raising: frozenset[int] = frozenset()) -> Linked:
        return link_cells(given, raising=raising)

    return link


@pytest.fixture
def steps() -> Callable[..., Linked]:
    """Link a notebook of steps a, b, c ..., one cell each."""

    def link(*sources: str) -> Linked:
        return link_cells([(chr(ord("a") + position), source) for position, source in enumerate(sources)])

    return link


@pytest.fixture(scope="session")
def link_steps() -> Callable[..., Linked]:
    """`steps` for generated notebooks: a fixture that hypothesis may share between examples."""

    def link(*sources: str) -> Linked:
        return link_cells([(chr(ord("a") + position), source) for position, source in enumerate(sources)])

    return link
