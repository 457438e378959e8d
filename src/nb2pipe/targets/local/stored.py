"""What a step left behind: its `outputs.json` in; out, the values that later steps get, and the commit record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from typing import Any

from nb2pipe import wire
from nb2pipe.files import write_atomic
from nb2pipe.layout import RootDir, StepDir
from nb2pipe.model import Json, Pipeline, Step, Value
from nb2pipe.records import dataclass

AMBIENT = "ambient:"  # as `nb2pipe.runtime.ambient` names its records
OPTIONS = "ambient:options:"  # as `nb2pipe.runtime.carrying` names its own: then come library and step


@dataclass(frozen=True)
class Unstorable:
    """Why a value could not be stored: its type and the reason."""

    type: str
    reason: str


@dataclass(frozen=True)
class Asked:
    """A name that the step's code read and the plan did not give it: in which cell; which step had it.

    `step` is empty for one that a definition or a parameter gave, and None if nothing did.
    """

    cell: int | None = None
    step: str | None = None


@dataclass(frozen=True)
class Settings:
    """What a step did to options of libraries: library -> option -> a short text of its value.

    `found`: what they were before the step's cells, of libraries whose things it had; `set`: what it changed; `got`:
    the records of other steps that its process has set; `left`: what it changed to values that can't be stored.
    """

    found: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    set: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    got: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kept:
    """What a module of the user's keeps: a digest before the step's cells, one after them, and what has changed."""

    found: str
    left: str
    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outputs:
    """`outputs.json`. `failed`: names that were bound to what can't be stored.

    `changed`: names that the step loaded, was not expected to change, and did: whether that is certain. `asked`: names
    that were fetched, or looked for in vain, when the code read them. `sources` are the digests of the cells that ran,
    `files` the files that each cell opened, and whether for writing. `loaded`: all variables that were loaded, from
    which object. `shared`: values that the step left as they were, and that share an object with one that it stored.
    `counted`: libraries' counters that it took further: from where (None: it imported the library), to where,
    and whether the notebook has an instance of what counts.
    `state`: the records of state that is no variable that it was given, from which object.
    `unloadable`: variables whose stored values the step could not load; `damaged`: objects that are not what they were.
    `altered`: variables that it was expected to change, and did change in place.
    `options` is what the step did to those of libraries, `modules` what the user's own keep. `facts`: what its
    results depend on besides code and variables, see `runtime.facts`.
    """

    schema: int
    values: Mapping[str, Value] = field(default_factory=dict)
    deleted: tuple[str, ...] = ()
    failed: Mapping[str, Unstorable] = field(default_factory=dict)
    changed: Mapping[str, bool] = field(default_factory=dict)
    asked: Mapping[str, Asked] = field(default_factory=dict)
    sources: Mapping[int, str] = field(default_factory=dict)
    files: Mapping[int, Mapping[str, bool]] = field(default_factory=dict)
    loaded: Mapping[str, str] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    state: Mapping[str, str] = field(default_factory=dict)
    unloadable: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    counted: Mapping[str, tuple[int | None, int, bool]] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    python: str = ""
    options: Settings = field(default_factory=Settings)
    modules: Mapping[str, Kept] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def wrote(self) -> Mapping[str, str | None]:
        """The files that the step wrote: their digests; None for one that it removed."""
        return dict(self.facts.get("wrote", {}))

    @property
    def touched(self) -> frozenset[str]:
        """The variables that the step bound, changed or deleted, stored or not: doubtful changes don't count."""
        return frozenset((*self.variables, *self.failed, *self.deleted)) - self.doubtful

    @property
    def changed_in_place(self) -> frozenset[str]:
        """Variables whose objects are not what they were when they were loaded, expected or not."""
        return frozenset((*self.altered, *(name for name, certain in self.changed.items() if certain)))

    @property
    def doubtful(self) -> frozenset[str]:
        """Variables that perhaps were changed, and what was stored again only beside them: no later step gets those."""
        doubtful = {name for name, certain in self.changed.items() if not certain}
        sure = {value.object for name, value in self.variables.items() if name not in {*doubtful, *self.shared}}
        beside = {name for name in self.shared if name in self.values and self.values[name].object not in sure}
        return frozenset(doubtful | beside) if doubtful else frozenset()

    @property
    def variables(self) -> Mapping[str, Value]:
        """The values that belong to variables."""
        return {name: value for name, value in self.values.items() if not name.startswith(AMBIENT)}


def read_outputs(files: StepDir, root: RootDir) -> Outputs | None:
    """What the step stored; None if it never came to storing.

    Raises ValueError if the record is damaged or an object that it names is missing or cut short.
    """
    try:
        data = json.loads(files.outputs.read_bytes())
    except FileNotFoundError:
        return None
    found = outputs_of(data)
    check_objects(found, root)
    return found


def outputs_of(data: Any) -> Outputs:  # noqa: ANN401  # JSON
    """What the content of an `outputs.json` tells. Raises ValueError if it is damaged."""
    if not isinstance(data, dict) or data.get("schema") != 1:
        raise ValueError("outputs.json has another version's format")
    return Outputs(
        schema=1,
        values={str(name): wire.read(Value, item) for name, item in data.get("values", {}).items()},
        deleted=tuple(map(str, data.get("deleted", ()))),
        failed={str(name): wire.read(Unstorable, item) for name, item in data.get("failed", {}).items()},
        changed={str(name): bool(certain) for name, certain in data.get("changed", {}).items()},
        **_seen(data.get("seen", {})),
        loaded={str(name): str(source) for name, source in data.get("loaded", {}).items()},
        state={str(name): str(source) for name, source in data.get("state", {}).items()},
        shared=tuple(map(str, data.get("shared", ()))),
        altered=tuple(map(str, data.get("altered", ()))),
        counted={str(key): (before, after, held) for key, (before, after, held) in data.get("counted", {}).items()},
        metrics={str(name): float(number) for name, number in data.get("metrics", {}).items()},
        curves=data.get("curves", {}),
        python=str(data.get("python", "")),
        options=wire.read(Settings, data.get("options", {})),
        modules={str(name): wire.read(Kept, item) for name, item in data.get("modules", {}).items()},
        facts=data.get("facts", {}),
    )


def check_objects(found: Outputs, root: RootDir) -> None:
    """Raises ValueError if an object that the record names is missing or cut short."""
    for object_id, size in {(value.object, value.size_bytes) for value in found.values.values()}:
        path = root.object(object_id)
        if not path.is_file():
            raise ValueError(f"the stored object {object_id} is missing")
        if path.stat().st_size != size:
            raise ValueError(f"the stored object {object_id} has not the {size:,} bytes that were stored")


def seen_before_failing(files: StepDir) -> Outputs:
    """What was seen of a step whose code raised an error: enough to learn from."""
    try:
        data = json.loads(files.error.read_bytes())
        return Outputs(1, **_seen(data.get("seen", {})))
    except (OSError, ValueError, AttributeError, TypeError):
        return Outputs(1)


def _seen(data: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    return {
        "unloadable": tuple(map(str, data.get("unloadable", ()))),
        "damaged": tuple(map(str, data.get("damaged", ()))),
        "asked": {str(name): wire.read(Asked, item) for name, item in data.get("asked", {}).items()},
        "sources": {int(cell): str(digest) for cell, digest in data.get("sources", {}).items()},
        "files": {
            int(cell): {str(path): bool(written) for path, written in found.items()}
            for cell, found in data.get("files", {}).items()
        },
    }


def commit(files: StepDir, outputs: Outputs, *, run: str, attempt: int) -> None:
    """Write the commit record: digests of all that the step stored. Only now is the step done. Raises OSError."""
    record: dict[str, Json] = {
        "schema": 1,
        "run": run,
        "step": files.path.name,
        "attempt": attempt,
        "at": datetime.now(UTC).isoformat(),
        "outputs": "sha256-" + hashlib.sha256(files.outputs.read_bytes()).hexdigest(),
        "objects": sorted({value.object for value in outputs.values.values()}),
    }
    write_atomic(files.commit, wire.dumps(record).encode())


@dataclass(frozen=True)
class Given:
    """A value for a step, and the step that it comes from."""

    value: Value
    provider: str


def resolve(
    step: Step, done: Mapping[str, Outputs], before: Sequence[str] = (), around: Sequence[str] = ()
) -> dict[str, Given]:
    """The values that `step` gets: for each need, of the latest provider that has something to say about the name.

    `before` are the steps that it waits for, directly or not, in notebook order: the records of state that is no
    variable (`ambient:...`) come from the last of them that changed it. Those of options hold no more than one step
    changed, so all come along; also from steps that only others of its process wait for (`around`), since the process
    sets them in notebook order. A provider that deleted the name, or could not
    store it, ends the search: an older value would be a wrong one.

    A step that stored the value again beside others, as it was, gives it too: there it is one with what it shares.

    Values of earlier steps come first: a class that two steps stored is the same one where they are loaded, and what
    the later step knew of it is to hold.

    Steps of its own process are not done when this is asked. What they leave is in the process, and goes before what
    comes from earlier steps: the runtime sees to that.
    """
    found: dict[str, Given] = {}
    for earlier in (*around, *before):
        records = done[earlier].values.items() if earlier in done else ()
        start = AMBIENT if earlier in before else OPTIONS
        found.update((name, Given(value, earlier)) for name, value in records if name.startswith(start))
    position = {earlier: number for number, earlier in enumerate(before)}
    variables: list[tuple[int, str, Given]] = []
    for need in step.needs:
        # where the plan's providers had nothing to do with the name after all, the last earlier step that did has it
        for provider in dict.fromkeys((*need.providers, *reversed(before))):
            outputs = done.get(provider)
            if outputs is None:
                continue
            if need.variable in outputs.values:
                last = _last_with(need.variable, provider, done, before)
                given = Given(done[last].values[need.variable], last)
                variables.append((position.get(last, 0), need.variable, given))
            if need.variable in outputs.touched:
                break
    found.update((name, given) for _, name, given in sorted(variables, key=lambda item: item[:2]))
    return found


def _last_with(variable: str, provider: str, done: Mapping[str, Outputs], before: Sequence[str]) -> str:
    """The last step that stored the provider's value again, beside others that share an object with it."""
    later = before[before.index(provider) + 1 :] if provider in before else ()
    for item in reversed(later):
        outputs = done.get(item)
        if outputs is not None and variable in outputs.shared and variable not in outputs.doubtful:
            return item
    return provider


def bypassing(pipeline: Pipeline, step: Step, variable: str) -> list[Step]:
    """The steps after `step` in the notebook that get `variable` from a step before it, past `step`."""
    position = {item.id: place for place, item in enumerate(pipeline.steps)}
    here = position[step.id]
    found = []
    beside = pipeline.process_of(step.id)
    for later in pipeline.steps[here + 1 :]:
        if later in beside:
            continue  # it finds the variable where it is
        needs = [need for need in later.needs if need.variable == variable]
        replayed = any(variable in item.names and item.id in later.definitions for item in pipeline.definitions)
        given = (variable in later.parameters or replayed) and not needs
        if given or any(all(position[provider] < here for provider in need.providers) for need in needs):
            found.append(later)
    return found


def readers(pipeline: Pipeline, provider: str, variable: str, *, soft: bool) -> list[Step]:
    """The steps of other processes that may get `variable` from `provider`.

    With `soft`, also those that perhaps never read it.
    """
    return [
        step
        for step in pipeline.steps
        if step not in pipeline.process_of(provider)
        and any(
            need.variable == variable and provider in need.providers and (soft or not need.soft) for need in step.needs
        )
    ]
