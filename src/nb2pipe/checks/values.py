"""A pipeline, what its names share and what runs recorded in; a row for everything that crosses between steps out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from nb2pipe.checks.calls import Walked
from nb2pipe.checks.types import types_after
from nb2pipe.model import Diagnostic, Pipeline, Step, Value
from nb2pipe.records import dataclass

_STATE = {"cwd": "the working folder", "env": "the environment variables", "path": "Python's search path"}
_GENERATORS = {"python": "the random module's generator", "numpy": "NumPy's global generator"}


@dataclass(frozen=True)
class Crossing:
    """Something that later steps get: `names` is one variable, or several that one import statement binds.

    `how`: value, parameter, import, function, class, constant, or state (of a random generator, the working folder).
    `source`: the steps that may hold it, latest first; empty where `how` is no value or state. `readers` surely need
    it, `perhaps` only on some path. `unit`: if other names share objects with it, all that so cross in one piece.
    `obstacle`: why it can't leave its step. `type` is empty where unknown; `run` is the run that measured the size.
    """

    names: tuple[str, ...]
    how: str
    cell: int
    source: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()
    type: str = ""
    size_bytes: int | None = None
    run: str | None = None
    obstacle: str | None = None

    @property
    def together(self) -> tuple[str, ...]:
        """The other names of the piece."""
        return tuple(name for name in self.unit if name not in self.names)


def types_known(pipeline: Pipeline, read: Walked) -> Mapping[tuple[int, str], str]:
    """The type of each name that a step binds, after the step's last cell, as far as the code shows it."""
    return types_after(read, _asked(pipeline))


def types_of_outputs(pipeline: Pipeline, types: Mapping[tuple[int, str], str]) -> Mapping[str, Mapping[str, str]]:
    """The same by the step's id and the name."""
    return {
        step.id: {name: types[max(step.cells), name] for name in step.outputs if (max(step.cells), name) in types}
        for step in pipeline.steps
        if step.cells
    }


def crossings(
    pipeline: Pipeline,
    types: Mapping[tuple[int, str], str],
    units: Mapping[tuple[str, str], tuple[str, ...]],
    problems: Iterable[Diagnostic],
) -> tuple[Crossing, ...]:
    """All that crosses: values first, then state, parameters and what is replayed as source, each in notebook order.

    `types`: see `types_known`. `units`: step id and name to all names that share objects with it there, itself among
    them.
    """
    obstacles = {
        (item.location.step or "", item.location.variable or ""): item.message
        for item in problems
        if item.code in ("N2P401", "N2P403")
    }
    return (
        *_values(pipeline, types, units, obstacles),
        *_states(pipeline),
        *_parameters(pipeline),
        *_definitions(pipeline),
    )


def measured(found: Sequence[Crossing], runs: Mapping[str, tuple[str, Mapping[str, Value]]]) -> tuple[Crossing, ...]:
    """The same rows with types and sizes that runs recorded. `runs`: step id to a run's id and what it stored there."""
    crossing = {(step, item.names[0]) for item in found if item.how == "value" for step in item.source}
    return tuple(_measured(item, runs, crossing) for item in found)


def _measured(
    item: Crossing, runs: Mapping[str, tuple[str, Mapping[str, Value]]], crossing: Collection[tuple[str, str]]
) -> Crossing:
    for step in item.source if item.how == "value" else ():
        run, values = runs.get(step, ("", {}))
        value = values.get(item.names[0])
        if value is not None:
            stored = [name for name, other in values.items() if other.object == value.object]
            unit = {name for name in stored if (step, name) in crossing or name in item.names}
            one = tuple(sorted(unit)) if len(unit) > 1 else ()
            return replace(item, type=value.type, size_bytes=value.size_bytes, run=run, unit=one)
    return item


def _values(
    pipeline: Pipeline,
    types: Mapping[tuple[int, str], str],
    units: Mapping[tuple[str, str], tuple[str, ...]],
    obstacles: Mapping[tuple[str, str], str],
) -> list[Crossing]:
    found: dict[tuple[int, str, tuple[str, ...]], Crossing] = {}
    order = {step.id: position for position, step in enumerate(pipeline.steps)}
    by_id = {step.id: step for step in pipeline.steps}
    for step in pipeline.steps:
        for need in step.needs:
            source = need.providers[0]
            key = (order[source], need.variable, need.providers)
            row = found.get(key) or Crossing(
                (need.variable,),
                "value",
                need.written.cell,
                need.providers,
                unit=units.get((source, need.variable), ()),
                type=_type(need.variable, [by_id[item] for item in need.providers], types),
                obstacle=obstacles.get((source, need.variable)),
            )
            if need.soft:
                found[key] = replace(row, perhaps=(*row.perhaps, step.id))
            else:
                found[key] = replace(row, readers=(*row.readers, step.id))
    return [found[key] for key in sorted(found)]


def _asked(pipeline: Pipeline) -> Mapping[int, Collection[str]]:
    """The last cell of each step, and the names that it binds or that later steps need of it."""
    last = {step.id: max(step.cells) for step in pipeline.steps if step.cells}
    found: dict[int, set[str]] = {last[step.id]: set(step.outputs) for step in pipeline.steps if step.cells}
    for step in pipeline.steps:
        for need in step.needs:
            for provider in need.providers:
                if provider in last:
                    found.setdefault(last[provider], set()).add(need.variable)
    return found


def _type(name: str, sources: Sequence[Step], types: Mapping[tuple[int, str], str]) -> str:
    """The type if all steps that may hold the name agree."""
    found = {types.get((max(step.cells), name), "") if step.cells else "" for step in sources}
    return found.pop() if len(found) == 1 else ""


def _states(pipeline: Pipeline) -> list[Crossing]:
    """Random generators go on from step to step; the working folder and the like hold for all later steps."""
    found: list[Crossing] = []
    last: dict[str, Step] = {}
    for position, step in enumerate(pipeline.steps):
        for resource in step.writes:
            cell = min(step.cells, default=0)
            if resource.kind == "rng":
                before = last.get(resource.name)
                if before is not None:
                    what = _GENERATORS.get(resource.name, f"{resource.name}'s global generator")
                    found.append(Crossing((what,), "state", min(before.cells), (before.id,), (step.id,)))
                last[resource.name] = step
            elif resource.kind in _STATE and position + 1 < len(pipeline.steps):
                later = tuple(item.id for item in pipeline.steps[position + 1 :])
                found.append(Crossing((_STATE[resource.kind],), "state", cell, (step.id,), later))
    return found


def _parameters(pipeline: Pipeline) -> list[Crossing]:
    return [
        Crossing((item.name,), "parameter", item.at.cell, readers=readers, type=item.type.value)
        for item in pipeline.parameters
        if (readers := tuple(step.id for step in pipeline.steps if item.name in step.parameters))
    ]


def _definitions(pipeline: Pipeline) -> list[Crossing]:
    cells = {item.id: item.at.cell for item in pipeline.definitions}
    readers: dict[str, list[str]] = {}
    for step in pipeline.steps:
        for identity in step.definitions:
            if cells.get(identity) not in step.cells:
                readers.setdefault(identity, []).append(step.id)
    return [
        Crossing(item.names, item.kind.value, item.at.cell, readers=tuple(readers[item.id]))
        for item in pipeline.definitions
        if item.names and item.id in readers
    ]
