"""A pipeline with steps that run alone in; what that costs, added to the diagnostics that tell of them, out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from nb2pipe.analysis.link import link
from nb2pipe.analysis.orders import ENVIRONMENT
from nb2pipe.analysis.summary import Analysis
from nb2pipe.model import At, Diagnostic, Names, Notebook, Pipeline, Section, Severity

_WALLS = frozenset({"N2P301", "N2P302", "N2P311"})
_MOST_WALLS = 5  # each is a further pass over the steps
_MOST_SHOWN = 3


def with_costs(
    notebook: Notebook, sections: Sequence[Section], analysis: Analysis, pipeline: Pipeline
) -> tuple[Diagnostic, ...]:
    """The analysis's diagnostics; those of walls say which steps could run side by side without, or that none could.

    A wall that keeps no steps apart is a note: nothing is lost.
    """
    walls: list[str] = []
    for item in analysis.diagnostics:
        step = item.location.step
        if item.code in _WALLS and step in analysis.steps and step not in walls:
            walls.append(step)
    costs = {step: _cost(notebook, sections, analysis, pipeline, step) for step in walls[:_MOST_WALLS]}
    return tuple(_with_cost(item, costs.get(item.location.step or "")) for item in analysis.diagnostics)


def _with_cost(item: Diagnostic, cost: str | None) -> Diagnostic:
    if item.code not in _WALLS or cost is None:
        return item
    if not cost:
        quiet = replace(item, message=f"{item.message}. That keeps no other steps apart", severity=Severity.NOTE)
        return quiet if item.severity is Severity.WARNING else item
    return replace(item, message=f"{item.message}. But for that, {cost}")


def _cost(
    notebook: Notebook, sections: Sequence[Section], analysis: Analysis, pipeline: Pipeline, wall: str
) -> str | None:
    """Which steps could run side by side if this one did nothing unknown; empty for none."""
    cells = {cell for section in sections if section.id == wall for cell in section.cells}
    places = {
        At(item.location.cell, item.location.line)
        for item in analysis.diagnostics
        if item.code in _WALLS and item.location.cell is not None and item.location.line is not None
    }
    opened = tuple(_opened(names, places) if cell in cells else names for cell, names in enumerate(analysis.names))
    other, _ = link(notebook, sections, replace(analysis, names=opened))
    before, after = _ancestors(pipeline), _ancestors(other)
    names = [step.name for step in pipeline.steps]
    ids = [step.id for step in pipeline.steps]
    groups: list[str] = []
    for late, step in enumerate(ids):
        freed = [
            names[early] for early in range(late) if before[late] & ~after[late] & (1 << early) and wall != ids[early]
        ]
        if freed and step != wall:
            groups.append(f"`{names[late]}` could run beside {_listed([f'`{name}`' for name in freed])}")
    more = len(groups) - _MOST_SHOWN
    shown = groups[:_MOST_SHOWN] + ([f"{more} more steps beside others"] if more > 0 else [])
    return ", and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def _opened(names: Names, places: Collection[At]) -> Names:
    """The same without what makes its step a wall, and without what may happen to any name there."""
    return replace(
        names,
        barrier=None,
        soft={name: at for name, at in names.soft.items() if at not in places},
        binds={name: at for name, at in names.binds.items() if at not in places or name in names.must},
        updates={name: at for name, at in names.updates.items() if at not in places},
        writes={item: at for item, at in names.writes.items() if item != ENVIRONMENT},
    )


def _ancestors(pipeline: Pipeline) -> list[int]:
    """For each step, a bit for every earlier step that it waits for, directly or not."""
    position = {step.id: number for number, step in enumerate(pipeline.steps)}
    found: list[int] = []
    for number, step in enumerate(pipeline.steps):
        sources = {position[name] for need in step.needs for name in need.providers}
        sources |= {position[order.step] for order in step.orders}
        bits = 0
        for source in sources:
            if source < number:
                bits |= found[source] | (1 << source)
        found.append(bits)
    return found


def _listed(names: Sequence[str]) -> str:
    if len(names) > _MOST_SHOWN:
        return f"{', '.join(names[:_MOST_SHOWN])} and {len(names) - _MOST_SHOWN} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
