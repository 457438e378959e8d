"""A pipeline and the values that can't leave the process that made them in; out, the pipeline with such steps fused.

Fused steps run in one process, one after the other in notebook order; each keeps its name, states and outputs. With
two steps, all those between them, which wait for the one and are waited for by the other, come into the process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from nb2pipe import graph
from nb2pipe.model import Diagnostic, Location, Pipeline, Severity, Step, Unmovable


def fuse(pipeline: Pipeline, unmovable: Sequence[Unmovable]) -> tuple[Pipeline, tuple[Diagnostic, ...]]:
    """Give the steps that share such a value one process. N2P403 says so; N2P401 where their options don't allow it.

    Of several reasons for the same value and steps, the first is told.
    """
    unmovable = list({(item.variable, item.provider, item.reader): item for item in reversed(unmovable)}.values())[::-1]
    pairs = [(item.provider, item.reader) for item in unmovable]
    processes = _processes(pipeline, pairs)
    by_step = {step_id: members for members in processes for step_id in members}
    refused = {members[0] for members in processes if _environments(pipeline, members) > 1}
    found: list[Diagnostic] = []
    readers: dict[Unmovable, list[str]] = {}  # one note for all steps that need the same
    for item in unmovable:
        readers.setdefault(replace(item, reader=""), []).append(item.reader)
    for item, names in readers.items():
        members = by_step[item.provider]
        first = replace(item, reader=names[0])
        needing = _listed([f"`{pipeline.step(name).name}`" for name in names])
        found.append(
            _refusal(pipeline, first, needing) if members[0] in refused else _note(pipeline, first, needing, members)
        )
    steps = [
        _member(pipeline, step, by_step[step.id]) if step.id in by_step and by_step[step.id][0] not in refused else step
        for step in pipeline.steps
    ]
    return replace(pipeline, steps=tuple(steps)), tuple(found)


def _processes(pipeline: Pipeline, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, ...]]:
    """The groups of steps, each in notebook order: no step outside waits for one of a group and is waited for by it."""
    names = [step.id for step in pipeline.steps]
    order = {name: place for place, name in enumerate(names)}
    edges = [(edge.source, edge.target) for edge in pipeline.edges]
    group = {name: name for name in names}
    for one, other in pairs:
        _join(group, one, other)
    while True:
        # a step between two of a group, or a ring of groups, is a cycle among the groups
        between = [(group[one], group[other]) for one, other in edges if group[one] != group[other]]
        cycle = graph.find_cycle(graph.parents(sorted(set(group.values())), between))
        if cycle is None:
            break
        for one, other in pairwise(cycle):
            _join(group, one, other)
    members: dict[str, list[str]] = {}
    for name in names:
        members.setdefault(group[name], []).append(name)
    return sorted((tuple(found) for found in members.values() if len(found) > 1), key=lambda found: order[found[0]])


def _join(group: dict[str, str], one: str, other: str) -> None:
    kept, gone = group[one], group[other]
    for name, current in group.items():
        if current == gone:
            group[name] = kept


def _environments(pipeline: Pipeline, members: Sequence[str]) -> int:
    """How many environments the steps ask for: a process has one."""
    options = [pipeline.step(step_id).options for step_id in members]
    return len({(item.env, item.secrets, item.image) for item in options})


def _member(pipeline: Pipeline, step: Step, members: Sequence[str]) -> Step:
    """The step in its process: what a step before it has defined there is not defined again."""
    before = [pipeline.step(member) for member in members[: members.index(step.id)]]
    cells = {cell for member in before for cell in member.cells}
    there = {key for member in before for key in member.definitions}
    there.update(item.id for item in pipeline.definitions if item.at.cell in cells)
    kept = tuple(key for key in step.definitions if key not in there)
    return replace(step, process=members[0], definitions=kept)


def _listed(names: Sequence[str]) -> str:
    """`step a needs`, `steps a, b and c need`."""
    if len(names) == 1:
        return f"step {names[0]} needs"
    return f"steps {', '.join(names[:-1])} and {names[-1]} need"


def _note(pipeline: Pipeline, item: Unmovable, needing: str, members: Sequence[str]) -> Diagnostic:
    names = [f"`{pipeline.step(member).name}`" for member in members]
    provider, reader = pipeline.step(item.provider).name, pipeline.step(item.reader).name
    message = (
        f"`{item.variable}` is {item.what}: it can't leave step `{provider}`, and {needing} it; "
        f"so {', '.join(names[:-1])} and {names[-1]} run in one process, one after the other"
    )
    return Diagnostic("N2P403", Severity.NOTE, message, _place(pipeline, item), _ways(item, provider, reader))


def _refusal(pipeline: Pipeline, item: Unmovable, needing: str) -> Diagnostic:
    provider, reader = pipeline.step(item.provider).name, pipeline.step(item.reader).name
    message = (
        f"`{item.variable}` is {item.what}: it can't leave step `{provider}`, and {needing} it; "
        f"they can't run in one process, since their `env:`, `secret:` or `image:` differ"
    )
    return Diagnostic("N2P401", Severity.ERROR, message, _place(pipeline, item), _ways(item, provider, reader))


def _place(pipeline: Pipeline, item: Unmovable) -> Location:
    return Location(pipeline.notebook, item.at.cell, item.at.line, item.provider, item.variable)


def _ways(item: Unmovable, provider: str, reader: str) -> str:
    name = item.variable
    if item.fix:
        return f"to run them apart, {item.fix}"
    make = f"make it a list (`{name} = list({name})`)" if item.what == "a generator" else f"make it in `{reader}` too"
    return f"to run them apart, {make}; or use it up in `{provider}` and hand on the result"
