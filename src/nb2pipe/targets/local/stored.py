"""What a step left behind: its `outputs.json` in; out, the values that later steps get, and the commit record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from nb2pipe import wire
from nb2pipe.files import write_atomic
from nb2pipe.layout import RootDir, StepDir
from nb2pipe.model import Json, Need, Pipeline, Step, Value

AMBIENT = "ambient:"  # as `nb2pipe.runtime.ambient` names its records


@dataclass(frozen=True)
class Unstorable:
    """Why a value could not be stored: its type and the reason."""

    type: str
    reason: str


@dataclass(frozen=True)
class Beside:
    """A name that came along in the unit `object`, unasked, and was changed with it: whether that is certain."""

    object: str
    certain: bool


@dataclass(frozen=True)
class Outputs:
    """`outputs.json`. `failed`: names that were bound to what can't be stored.

    `changed`: names that the step loaded, was not expected to change, and did: whether that is certain.
    """

    schema: int
    values: Mapping[str, Value] = field(default_factory=dict)
    deleted: tuple[str, ...] = ()
    failed: Mapping[str, Unstorable] = field(default_factory=dict)
    changed: Mapping[str, bool] = field(default_factory=dict)
    beside: Mapping[str, Beside] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    python: str = ""

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
    if not isinstance(data, dict) or data.get("schema") != 1:
        raise ValueError("outputs.json has another version's format")
    found = Outputs(
        schema=1,
        values={str(name): wire.read(Value, item) for name, item in data.get("values", {}).items()},
        deleted=tuple(map(str, data.get("deleted", ()))),
        failed={str(name): wire.read(Unstorable, item) for name, item in data.get("failed", {}).items()},
        changed={str(name): bool(certain) for name, certain in data.get("changed", {}).items()},
        beside={str(name): wire.read(Beside, item) for name, item in data.get("beside", {}).items()},
        metrics={str(name): float(number) for name, number in data.get("metrics", {}).items()},
        python=str(data.get("python", "")),
    )
    sizes = {value.object: value.size_bytes for value in found.values.values()}
    for object_id in sizes:
        if not root.object(object_id).is_file():
            raise ValueError(f"the stored object {object_id} is missing")
    return found


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


def resolve(step: Step, done: Mapping[str, Outputs], before: Sequence[str] = ()) -> dict[str, Value]:
    """The values that `step` gets: for each need, of the latest provider that has something to say about the name.

    `before` are the steps that it waits for, directly or not, in notebook order: the records of state that is no
    variable (`ambient:...`) come from the last of them that changed it. A provider that deleted the name, or could not
    store it, ends the search: an older value would be a wrong one.

    Values of earlier steps come first: a class that two steps stored is the same one where they are loaded, and what
    the later step knew of it is to hold.
    """
    found: dict[str, Value] = {}
    for earlier in before:
        records = done[earlier].values.items()
        found.update((name, value) for name, value in records if name.startswith(AMBIENT))
    position = {earlier: number for number, earlier in enumerate(before)}
    variables: list[tuple[int, str, Value]] = []
    for need in step.needs:
        for provider in need.providers:
            outputs = done[provider]
            if need.variable in outputs.values:
                variables.append((position.get(provider, 0), need.variable, outputs.values[need.variable]))
            if any(need.variable in names for names in (outputs.values, outputs.deleted, outputs.failed)):
                break
    found.update((name, value) for _, name, value in sorted(variables, key=lambda item: item[:2]))
    return found


def bypassing(pipeline: Pipeline, step: Step, variable: str) -> list[Step]:
    """The steps after `step` in the notebook that get `variable` from a step before it, past `step`."""
    position = {item.id: place for place, item in enumerate(pipeline.steps)}
    here = position[step.id]
    found = []
    for later in pipeline.steps[here + 1 :]:
        needs = [need for need in later.needs if need.variable == variable]
        replayed = any(variable in item.names and item.id in later.definitions for item in pipeline.definitions)
        given = (variable in later.parameters or replayed) and not needs
        if given or any(all(position[provider] < here for provider in need.providers) for need in needs):
            found.append(later)
    return found


def getting(pipeline: Pipeline, step: Step, variable: str, object_id: str, done: Mapping[str, Outputs]) -> list[Step]:
    """The steps after `step` that get `variable` from the unit `object_id`, as far as the steps that are done tell."""
    return [
        later
        for later in bypassing(pipeline, step, variable)
        for need in later.needs
        if need.variable == variable and _given(need, done) == object_id
    ]


def _given(need: Need, done: Mapping[str, Outputs]) -> str | None:
    for provider in need.providers:
        outputs = done.get(provider, Outputs(1))
        if need.variable in outputs.values:
            return outputs.values[need.variable].object
        if need.variable in outputs.deleted or need.variable in outputs.failed:
            return None
    return None


def readers(pipeline: Pipeline, provider: str, variable: str, *, soft: bool) -> list[Step]:
    """The steps that may get `variable` from `provider`; with `soft`, also those that perhaps never read it."""
    return [
        step
        for step in pipeline.steps
        if any(
            need.variable == variable and provider in need.providers and (soft or not need.soft) for need in step.needs
        )
    ]
