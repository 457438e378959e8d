"""Named values in, stored units out: names that share a mutable object are one unit, stored and loaded together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nb2pipe.runtime import classes, objects, pickling
from nb2pipe.runtime.changes import Verdict, compare


@dataclass(frozen=True)
class StoredValue:
    """A name's unit (the object's id), its own type for people, and the unit's size."""

    object: str
    type: str
    size_bytes: int


@dataclass(frozen=True)
class NotStored:
    """Why a value can't leave its step: its type, and a sentence without a full stop."""

    type: str
    reason: str


def save(
    values: Mapping[str, object],
    store: Path,
    main: dict[str, Any],
    references: Mapping[int, str],
    beside: Mapping[str, object] | None = None,
) -> tuple[dict[str, StoredValue], dict[str, NotStored]]:
    """Store each value that can be pickled, and those of `beside` that share a mutable object with one of them.

    Raises OSError if the disk does not take them.
    """
    wanted = set(values)
    values = {**(beside or {}), **values}
    pickled: dict[str, pickling.Pickled] = {}
    failed: dict[str, NotStored] = {}
    for name in sorted(values):
        try:
            pickled[name] = pickling.dumps({name: values[name]}, main, references)
        except Exception as error:  # noqa: BLE001  # whatever the user's own __reduce__ may raise
            if name in wanted:
                failed[name] = NotStored(type_name(values[name]), _reason(error))
    stored: dict[str, StoredValue] = {}
    for group in _groups(pickled):
        if wanted.isdisjoint(group):
            continue
        unit = pickled[group[0]]
        if len(group) > 1 or _shared_owners([unit]):
            unit = _pickle({name: values[name] for name in group}, main, references)
        written = objects.put(store, unit.data, [buffer.raw() for buffer in unit.buffers])
        for name in group:
            stored[name] = StoredValue(written.id, type_name(values[name]), written.size_bytes)
    return stored, failed


@dataclass(frozen=True)
class Unit:
    """A loaded unit: its object's id, its members as they were loaded, and which of them are wanted from it."""

    id: str
    members: Mapping[str, object]
    wanted: frozenset[str]


def load(wanted: Mapping[str, str], store: Path, main: dict[str, Any], resolve: pickling.Resolve) -> list[Unit]:
    """The units that hold the names of `wanted` (name -> object id). Each is read once, so shared objects stay shared.

    They are read in the order of `wanted`, the latest last: of a class that several hold, the last one's state stays.
    Raises StoreError for a damaged object, and whatever unpickling raises (a package that is missing here).
    """
    found: list[Unit] = []
    for object_id in reversed(list(dict.fromkeys(reversed(list(wanted.values()))))):
        members = pickling.loads(objects.get(store, object_id), main, resolve)
        names = {name for name, source in wanted.items() if source == object_id}
        if not isinstance(members, dict) or not names <= set(members):
            raise objects.StoreError(f"the stored object {object_id[:15]} does not hold {', '.join(sorted(names))}")
        found.append(Unit(object_id, members, frozenset(names)))
    return found


def changes(
    unit: Unit, store: Path, main: dict[str, Any], references: Mapping[int, str], resolve: pickling.Resolve
) -> dict[str, Verdict]:
    """For each member whether it is still what was stored: the same bytes, or at least the same value."""
    stored = objects.get(store, unit.id)
    try:
        now = _pickle(unit.members, main, references)
    except Exception:  # noqa: BLE001  # it could be pickled when it was stored: something unfit came into it
        return dict.fromkeys(unit.members, Verdict.CHANGED)
    if _is_same(now, stored):
        return dict.fromkeys(unit.members, Verdict.SAME)
    with classes.kept_as_they_are() as as_now:
        before = pickling.loads(stored, main, resolve)
        assert isinstance(before, dict)  # noqa: S101  # `load` has seen that it is
        other = {cls for cls, states in classes.differing(as_now).items() if compare(*states) is Verdict.CHANGED}
        if not other and _is_same(_pickle(before, main, references), [now.data, *(b.raw() for b in now.buffers)]):
            return dict.fromkeys(unit.members, Verdict.SAME)
        verdicts = {name: compare(value, before[name]) for name, value in unit.members.items()}
    for name, value in unit.members.items():
        if other and pickling.dumps({name: value}, main, references).knows(other):
            verdicts[name] = Verdict.CHANGED
    return verdicts


def _pickle(values: Mapping[str, object], main: dict[str, Any], references: Mapping[int, str]) -> pickling.Pickled:
    """One unit's bytes: views of an array that two of its arrays share stay views."""
    unit = pickling.dumps(dict(values), main, references)
    owners = _shared_owners([unit])
    return pickling.dumps(dict(values), main, references, owners) if owners else unit


def _is_same(pickled: pickling.Pickled, segments: Sequence[objects.Buffer]) -> bool:
    parts: list[objects.Buffer] = [pickled.data, *(buffer.raw() for buffer in pickled.buffers)]
    return len(parts) == len(segments) and all(map(_equal_bytes, parts, segments))


def _equal_bytes(one: objects.Buffer, other: objects.Buffer) -> bool:
    first, second = memoryview(one).cast("B"), memoryview(other).cast("B")
    if first.nbytes != second.nbytes:
        return False
    size = 1 << 24
    return all(
        bytes(first[start : start + size]) == bytes(second[start : start + size])
        for start in range(0, first.nbytes, size)
    )


def type_name(value: object) -> str:
    """`pandas.DataFrame` rather than `pandas.core.frame.DataFrame`: the package and the class's name."""
    cls = type(value)
    if cls.__module__ == "builtins":
        return cls.__qualname__
    if cls.__module__ == "__main__":
        return cls.__qualname__
    return f"{cls.__module__.split('.')[0]}.{cls.__qualname__}"


def _groups(pickled: Mapping[str, pickling.Pickled]) -> list[list[str]]:
    """Names joined where their parts overlap, however many others lie between them."""
    above = {name: name for name in pickled}

    def first(name: str) -> str:
        while above[name] != name:
            name = above[name]
        return name

    owner: dict[int, str] = {}
    for name in sorted(pickled):
        for part in pickled[name].parts:
            one, other = sorted((first(name), first(owner.setdefault(part, name))))
            above[other] = one
    groups: dict[str, list[str]] = {}
    for name in sorted(pickled):
        groups.setdefault(first(name), []).append(name)
    return sorted(groups.values())


def _shared_owners(group: Iterable[pickling.Pickled]) -> set[int]:
    users: dict[int, set[int]] = {}
    for item in group:
        for array, owner in item.views.items():
            users.setdefault(owner, set()).add(array)
    return {owner for owner, arrays in users.items() if len(arrays) > 1}


def _reason(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:300]
