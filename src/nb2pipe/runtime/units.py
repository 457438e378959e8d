"""Named values in, stored units out: names that share a mutable object are one unit, stored and loaded together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nb2pipe.runtime import objects, pickling, sharing, special, tracking, versions
from nb2pipe.runtime.arrays import Memories
from nb2pipe.runtime.changes import Verdict, compare

OtherVersions = versions.OtherVersions


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
    for group in sharing.groups(pickled, values.keys() - wanted):
        if wanted.isdisjoint(group):
            continue
        try:
            unit = _unit({name: values[name] for name in group}, [pickled[name] for name in group], main, references)
        except Exception as error:  # noqa: BLE001  # the parts can be pickled, what they share can't
            failed.update((name, NotStored(type_name(values[name]), _reason(error))) for name in group)
            continue
        written = objects.put(store, unit.data, unit.segments[1:])
        for name in group:
            stored[name] = StoredValue(written.id, type_name(values[name]), written.size_bytes)
    return stored, failed


def _unit(
    values: Mapping[str, object],
    alone: Sequence[pickling.Pickled],
    main: dict[str, Any],
    references: Mapping[int, str],
) -> pickling.Pickled:
    """One unit's bytes. What was pickled `alone` will do for a single name without shared memory."""
    memories = Memories(shown for item in alone for shown in item.shown)
    if len(alone) == 1 and not memories.all:
        return alone[0]
    return pickling.dumps(dict(values), main, references, memories)


@dataclass(frozen=True)
class Unit:
    """A loaded unit: its object's id, its members as they were loaded, which of them are wanted from it, its bytes."""

    id: str
    members: Mapping[str, object]
    wanted: frozenset[str]
    segments: list[memoryview] = field(repr=False)


def load(wanted: Mapping[str, str], store: Path, main: dict[str, Any], resolve: pickling.Resolve) -> list[Unit]:
    """The units that hold the names of `wanted` (name -> object id). Each is read once, so shared objects stay shared.

    They are read in the order of `wanted`, the latest last: of a class that several hold, the last one's state stays.
    Raises StoreError for a damaged object, OtherVersions if it was stored with other packages than are here, and
    whatever unpickling raises (a package that is missing here).
    """
    found: list[Unit] = []
    ids = list(reversed(list(dict.fromkeys(reversed(list(wanted.values()))))))
    for object_id, segments in zip(ids, _read(store, ids), strict=True):
        versions.check([name for name, source in wanted.items() if source == object_id], pickling.versions_of(segments))
        members = pickling.loads(segments, main, resolve)
        names = {name for name, source in wanted.items() if source == object_id}
        if not isinstance(members, dict) or not names <= set(members):
            raise objects.StoreError(f"the stored object {object_id[:15]} does not hold {', '.join(sorted(names))}")
        found.append(Unit(object_id, members, frozenset(names), segments))
    return found


def _read(store: Path, ids: Sequence[str]) -> list[list[memoryview]]:
    """The segments of each object. Verifying them is hashing, which threads do side by side."""
    if len(ids) < 2:
        return [objects.get(store, object_id) for object_id in ids]
    with ThreadPoolExecutor(min(len(ids), 4)) as pool:
        return list(pool.map(lambda object_id: objects.get(store, object_id), ids))


def changes(
    unit: Unit, store: Path, main: dict[str, Any], references: Mapping[int, str], resolve: pickling.Resolve
) -> dict[str, Verdict]:
    """For each member whether it is still what was stored: the same bytes, or at least the same value."""
    try:
        now = pickling.together(unit.members, main, references)
    except Exception:  # noqa: BLE001  # it could be pickled when it was stored: something unfit came into it
        return dict.fromkeys(unit.members, Verdict.CHANGED)
    if _is_as_loaded(now, unit.segments):
        return dict.fromkeys(unit.members, Verdict.SAME)
    stored = objects.get(store, unit.id)
    if _is_same(now, stored):
        return dict.fromkeys(unit.members, Verdict.SAME)
    with tracking.apart():
        try:
            before = pickling.loads(stored, main, resolve)
        except Exception:  # noqa: BLE001  # what was made here can be stored, and can't be loaded
            return dict.fromkeys(unit.members, Verdict.UNKNOWN)
        assert isinstance(before, dict)  # noqa: S101  # `load` has seen that it is
        if _is_same(pickling.together(before, main, references), now.segments):
            return dict.fromkeys(unit.members, Verdict.SAME)
        return {name: compare(value, before[name]) for name, value in unit.members.items()}


def _is_as_loaded(now: pickling.Pickled, loaded: Sequence[memoryview]) -> bool:
    """The proof for large buffers, of any size: they are where they were loaded to, and nothing was written there."""
    if len(now.buffers) + 1 != len(loaded) or not objects.is_untouched(loaded) or now.data != loaded[0]:
        return False
    return all(
        one.nbytes == other.nbytes
        and (objects.address_of(one) == objects.address_of(other) or _equal_bytes(one, other))
        for one, other in zip((buffer.raw() for buffer in now.buffers), loaded[1:], strict=True)
    )


def _is_same(pickled: pickling.Pickled, segments: Sequence[objects.Buffer]) -> bool:
    parts = pickled.segments
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
    package = special.module_of(cls).partition(".")[0]
    return cls.__qualname__ if package in ("builtins", "__main__", "") else f"{package}.{cls.__qualname__}"


def _reason(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:300]
