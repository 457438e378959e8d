"""What each step touches besides names in; the steps that it has to wait for, each with its reason, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nb2pipe.analysis import carried
from nb2pipe.analysis.resources import conflict
from nb2pipe.model import At, Names, Order, OrderKind, Resource
from nb2pipe.records import dataclass

ENVIRONMENT = Resource("environment", "")  # what is installed: each step reads it
_PROCESS = {"cwd": "the working folder", "env": "the environment variables", "path": "Python's search path"}


_MAX_FILES = 100


@dataclass(frozen=True)
class _Touched:
    """The resources of one step that ask for an order."""

    reads: Mapping[Resource, At]
    writes: Mapping[Resource, At]


@dataclass(frozen=True)
class _Wall:
    """Why a step runs alone, after all earlier and before all later ones."""

    at: At
    reason: str
    kind: OrderKind
    resource: Resource | None = None


class Orders:
    """Waits between steps. Steps are numbered in notebook order; what follows from others is left out."""

    def __init__(self, steps: Sequence[str], seeded: frozenset[str]) -> None:
        self.steps = steps
        self.seeded = seeded
        self._before: list[int] = [0] * len(steps)  # bit i of entry j: step i surely ran before step j
        self._wall: tuple[int, _Wall] | None = None
        self._process: dict[str, tuple[int, At]] = {}
        self._options: dict[Resource, tuple[int, At]] = {}  # the last step that sets them by values
        self._writers: list[tuple[int, _Touched]] = []
        self._readers: list[tuple[int, _Touched]] = []

    def wait(self, step: int, other: int) -> None:
        """Step `step` runs after step `other`, for whatever reason."""
        self._before[step] |= self._before[other] | (1 << other)

    def is_before(self, other: int, step: int) -> bool:
        """True if step `other` surely runs before step `step`."""
        return bool(self._before[step] >> other & 1)

    def resources(self, step: int, names: Names) -> list[Order]:
        """The orders that files, random numbers and barriers ask for. Called once per step, in notebook order."""
        found: list[Order] = []
        wall = _wall(names)
        self._around_walls(found, step, wall)
        for kind, (other, at) in sorted(self._process.items()):
            reason = f"{_PROCESS[kind]}: changed in cell {at.cell + 1}, in force from then on"
            self._add(found, step, other, OrderKind.RESOURCE, reason, Resource(kind, ""))
        self._after_options(found, step, names)
        self._after_resources(found, step, names)
        for item, at in names.writes.items():
            if item.kind in _PROCESS:
                self._process[item.kind] = (step, at)
            elif carried.carried(item):
                self._options[item] = (step, at)
        if wall is not None:
            self._wall = (step, wall)
        return found[::-1]

    def _around_walls(self, found: list[Order], step: int, wall: _Wall | None) -> None:
        """A wall waits for every earlier step, so the last one stands for all before it."""
        if wall is not None:
            sentence = f"{wall.reason} (cell {wall.at.cell + 1}), so all earlier steps run first"
            for other in reversed(range(step)):
                self._add(found, step, other, wall.kind, sentence, wall.resource)
        elif self._wall is not None:
            last, wall = self._wall
            sentence = f"{wall.reason} (cell {wall.at.cell + 1}), so later steps wait for it"
            self._add(found, step, last, wall.kind, sentence, wall.resource)

    def _after_options(self, found: list[Order], step: int, names: Names) -> None:
        """Who sees options waits for who set them. No other order is asked for: each process has its own."""
        for item, (other, at) in sorted(self._options.items(), key=lambda entry: str(entry[0])):
            if item in names.reads or item in names.writes:
                reason = f"options of {item.name}: set in cell {at.cell + 1}, in force from then on"
                self._add(found, step, other, OrderKind.RESOURCE, reason, item)

    def _after_resources(self, found: list[Order], step: int, names: Names) -> None:
        touched = _Touched(self._counted(names.reads), self._counted(names.writes))
        earlier = [*self._writers, *self._readers] if touched.writes else self._writers
        for other, before in sorted(earlier, key=lambda item: -item[0]):
            clash = None if self.is_before(other, step) else _clash(before, touched)
            if clash is not None:
                self._add(found, step, other, OrderKind.RESOURCE, *clash)
        if touched.writes:
            self._writers.append((step, touched))
        elif touched.reads:
            self._readers.append((step, touched))

    def _counted(self, places: Mapping[Resource, At]) -> Mapping[Resource, At]:
        """The resources that ask for an order; a great many files become "some file"."""
        found = {
            item: at
            for item, at in places.items()
            if item.kind in ("file", "counter") or (item.kind == "rng" and item.name in self.seeded)
        }
        files = [item for item in found if item.kind == "file"]
        if len(files) > _MAX_FILES:
            first = min(found[item] for item in files)
            found = {item: at for item, at in found.items() if item.kind != "file"}
            found[Resource("file", "*")] = first
        return found

    def _add(
        self, found: list[Order], step: int, other: int, kind: OrderKind, reason: str, resource: Resource | None = None
    ) -> None:
        if self.is_before(other, step):
            return
        self.wait(step, other)
        found.append(Order(self.steps[other], kind, reason, resource))


def _wall(names: Names) -> _Wall | None:
    if names.barrier is not None:
        return _Wall(*names.barrier, OrderKind.BARRIER)
    installed = names.writes.get(ENVIRONMENT)
    return _Wall(installed, "packages are installed", OrderKind.RESOURCE, ENVIRONMENT) if installed else None


def _clash(first: _Touched, second: _Touched) -> tuple[str, Resource] | None:
    """Why the second must wait for the first, and the resource that both touch."""
    pairs = (
        (first.writes, second.reads, "written", "read"),
        (first.writes, second.writes, "written", "written"),
        (first.reads, second.writes, "read", "written"),
    )
    for ours, theirs, did, does in pairs:
        found = _meeting(ours, theirs)
        if found is not None:
            one, at_one, at_other = found
            if one.kind == "rng":
                reason = f"{_generator(one.name)} is used in cell {at_one.cell + 1} and cell {at_other.cell + 1}"
            else:
                reason = f"{_shown(one)}: {did} in cell {at_one.cell + 1}, {does} in cell {at_other.cell + 1}"
            return reason, one
    return None


def _meeting(ours: Mapping[Resource, At], theirs: Mapping[Resource, At]) -> tuple[Resource, At, At] | None:
    for one, at_one in ours.items():
        for other, at_other in theirs.items():
            if one.kind == other.kind and _same(one, other):
                return one if one.name != "*" else other, at_one, at_other
    return None


def _same(one: Resource, other: Resource) -> bool:
    return conflict(one.name, other.name) if one.kind == "file" else one.name == other.name


def _generator(name: str) -> str:
    return {"python": "the random module's generator", "numpy": "NumPy's global generator"}.get(
        name, f"{name}'s global generator"
    )


def _shown(resource: Resource) -> str:
    if resource.kind == "counter":
        return f"{resource.name}'s counters"
    return "some file" if resource.name == "*" else f"file `{resource.name}`"
