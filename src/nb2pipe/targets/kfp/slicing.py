"""A pipeline in; for each task as much of it as the task's pod has to know out, so that a file grows with its steps.

What a pod has to know of the steps that it waits for comes with their records. Of later steps it knows who would get a
variable past its own steps, if those changed it although their code does not show it: a few names will do for that.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from nb2pipe.model import At, Definition, Need, Pipeline, Step
from nb2pipe.records import dataclass
from nb2pipe.targets.kfp.tasks import Task

_MOST_READERS = 3  # that a message names
_NOWHERE = At(0)


def of_earlier(step: Step) -> Step:
    """What later pods have to know of a step."""
    writes = tuple(item for item in step.writes if item.kind in ("seed", "options"))
    return replace(_named(step), cells=step.cells, outputs=step.outputs, deletes=step.deletes, writes=writes)


def _named(step: Step) -> Step:
    """A step of which no more is known than its name."""
    return Step(step.name, step.id, step.role, (), process=step.process)


@dataclass(frozen=True)
class Slice:
    """`places`: of the steps among all. `unsent`: names of definitions and parameters that a pod does not get."""

    pipeline: Pipeline
    places: tuple[int, ...]
    unsent: tuple[str, ...]


class Slicer:
    """Makes the slices of one pipeline."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._place = {step.id: number for number, step in enumerate(pipeline.steps)}
        self._definitions = {item.id: item for item in pipeline.definitions}
        self._readers: dict[str, list[tuple[int, int, Need]]] = {}  # variable -> first provider and reader, by place
        self._spans: list[tuple[int, int, list[tuple[int, int, Need]]]] = []  # of those: the lowest and the highest
        self._replaying: dict[str, list[int]] = {}  # definition or parameter -> places of the steps that get it so
        for number, step in enumerate(pipeline.steps):
            for need in step.needs:
                first = min(self._place[item] for item in need.providers)
                self._readers.setdefault(need.variable, []).append((first, number, replace(need, read=_NOWHERE)))
            for key in (*step.definitions, *step.parameters):
                self._replaying.setdefault(key, []).append(number)
        for readers in self._readers.values():
            self._spans.append((min(item[0] for item in readers), max(item[1] for item in readers), readers))

    def of(self, task: Task) -> Slice:
        """What the task's pod is told of the pipeline."""
        own = {self._place[step.id]: step for step in task.steps}
        if not own:
            none = replace(self._pipeline, digest="", steps=(), definitions=(), parameters=(), builtins=())
            return Slice(none, (), ())
        waited = {item for items in task.waits.values() for item in items}
        before = enumerate(self._pipeline.steps[: max(own)])
        beside = {number: of_earlier(step) for number, step in before if number not in own and step.id not in waited}
        steps = dict(sorted({**beside, **own, **self._later(own)}.items()))
        cells = {cell for step in task.steps for cell in step.cells}
        sent = {key for step in task.steps for key in step.definitions}
        sent |= {item.id for item in self._pipeline.definitions if item.at.cell in cells}
        later = {key for step in steps.values() for key in step.definitions} - sent
        definitions = [*self._sent(sent), *self._named(later)]
        found = replace(
            self._pipeline,
            digest="",
            steps=tuple(steps.values()),
            definitions=tuple(sorted(definitions, key=lambda item: (item.at, item.id))),
            parameters=tuple(item for item in self._pipeline.parameters if item.name in task.parameters),
        )
        return Slice(found, tuple(steps), tuple(sorted(self._unsent(task, sent, max(own)))))

    def _later(self, own: Collection[int]) -> dict[int, Step]:
        """Of later steps: what they get past the task's steps, and from them."""
        needs: dict[int, list[Need]] = {}
        low, high = min(own), max(own)
        for first, last, readers in self._spans:
            if first > high or last <= low:
                continue
            passing = [item for item in readers if item[0] <= high and item[1] > low and item[1] not in own]
            for _, number, need in passing[:_MOST_READERS]:
                needs.setdefault(number, []).append(need)
        replayed: dict[int, list[str]] = {}
        for key, places in self._replaying.items():
            following = bisect_right(places, max(own))
            if following < len(places):
                replayed.setdefault(places[following], []).append(key)
        found = {}
        for number in {*needs, *replayed}:
            keys = replayed.get(number, ())
            found[number] = replace(
                _named(self._pipeline.steps[number]),
                needs=tuple(needs.get(number, ())),
                definitions=tuple(key for key in keys if key in self._definitions),
                parameters=tuple(key for key in keys if key not in self._definitions),
            )
        return found

    def _sent(self, keys: set[str]) -> Iterator[Definition]:
        waiting, found = list(keys), set(keys)
        while waiting:
            for key in self._definitions[waiting.pop()].needs:
                if key not in found:
                    found.add(key)
                    waiting.append(key)
        return (self._definitions[key] for key in found)

    def _named(self, keys: set[str]) -> Iterator[Definition]:
        """Definitions of later steps: their names alone."""
        for key in keys & self._definitions.keys():
            yield replace(self._definitions[key], source="", needs=(), at=_NOWHERE, end_line=1)

    def _unsent(self, task: Task, sent: set[str], last: int) -> set[str]:
        until = max((cell for step in self._pipeline.steps[: last + 1] for cell in step.cells), default=0)
        unsent = (item for item in self._pipeline.definitions if item.id not in sent and item.at.cell <= until)
        names = {name for item in unsent for name in item.names}
        return names | {item.name for item in self._pipeline.parameters if item.name not in task.parameters}


def merged(
    told: Pipeline, places: Sequence[int], earlier: Mapping[int, Step], definitions: Mapping[str, Definition]
) -> Pipeline:
    """What a pod was told, and what it learnt of the steps before it."""
    steps = {**dict(zip(places, told.steps, strict=True)), **earlier}
    known = {**definitions, **{item.id: item for item in told.definitions if item.source}}
    named = [item for item in told.definitions if item.id not in known]
    return replace(
        told,
        steps=tuple(steps[place] for place in sorted(steps)),
        definitions=tuple(sorted([*known.values(), *named], key=lambda item: (item.at, item.id))),
    )
