"""Steps whose cells are not neighbours in; out, an error for each that would run them in another order."""

from __future__ import annotations

from collections.abc import Sequence

from nb2pipe.analysis.names import compose_all
from nb2pipe.analysis.orders import ENVIRONMENT
from nb2pipe.analysis.resources import conflict
from nb2pipe.analysis.summary import Analysis
from nb2pipe.model import Diagnostic, Location, Names, Notebook, Resource, Section, Severity


def check_splits(
    notebook: Notebook,
    sections: Sequence[Section],
    analysis: Analysis,
    definitions: frozenset[str],
    seeded: frozenset[str],
) -> list[Diagnostic]:
    """A step runs all its cells together: an error if cells of others between them read, bind or change the same."""
    section_of = {cell: section for section in sections for cell in section.cells}
    writes = {item for names in analysis.names for item in names.writes}
    free = frozenset(item for item in writes if item.kind == "rng" and item.name not in seeded)  # any order will do
    found: list[Diagnostic] = []
    for section in sections:
        problem = _problem(section, section_of, analysis, definitions, free)
        if problem is None:
            continue
        first, between, later, what = problem
        message = (
            f"step `{section.name}` has cell {first + 1} and cell {later + 1}, but cell {between + 1} of another step "
            f"stands between them and shares {what}: together they would run in another order"
        )
        hint = f"give cell {later + 1} a step name of its own"
        place = Location(notebook.path, later, 1, section.id)
        found.append(Diagnostic("N2P308", Severity.ERROR, message, place, hint))
    return found


def _problem(
    section: Section,
    section_of: dict[int, Section],
    analysis: Analysis,
    definitions: frozenset[str],
    free: frozenset[Resource],
) -> tuple[int, int, int, str] | None:
    cells = section.cells
    for position in range(1, len(cells)):
        between = [
            cell for cell in range(cells[position - 1] + 1, cells[position]) if section_of.get(cell, section) != section
        ]
        if not between:
            continue
        rest = compose_all(analysis.names[cell] for cell in cells[position:])
        for cell in between:
            what = _meeting(analysis.names[cell], rest, definitions, free)
            if what is not None:
                return cells[position - 1], cell, cells[position], what
    return None


def _meeting(one: Names, other: Names, definitions: frozenset[str], free: frozenset[Resource]) -> str | None:
    """What two runs of cells share so that their order matters."""
    for first, second in ((one, other), (other, one)):
        writes = {*first.binds, *first.deletes, *first.updates} - definitions
        common = writes & {*second.needs, *second.soft, *second.binds, *second.deletes, *second.updates}
        if common:
            return f"`{min(common)}`"
        for ours in (item for item in first.writes if item not in free):
            for theirs in (*second.reads, *second.writes):
                if ours.kind == theirs.kind == "file" and conflict(ours.name, theirs.name):
                    return str(ours)
                if ours.kind == theirs.kind != "file" and ours.name == theirs.name:
                    return str(ours)
    if ENVIRONMENT in one.writes or ENVIRONMENT in other.writes:
        return "what is installed"
    return "a barrier" if one.barrier or other.barrier else None
