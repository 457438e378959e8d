"""Named values in, stored units out: names that share a mutable object are one unit, stored and loaded together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Set, Tuple

from nb2pipe.runtime import objects, pickling


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
    values: Mapping[str, object], store: Path, main: Dict[str, Any], references: Mapping[int, str]
) -> Tuple[Dict[str, StoredValue], Dict[str, NotStored]]:
    """Store each value that can be pickled. Raises OSError if the disk does not take them."""
    pickled: Dict[str, pickling.Pickled] = {}
    failed: Dict[str, NotStored] = {}
    for name in sorted(values):
        try:
            pickled[name] = pickling.dumps({name: values[name]}, main, references)
        except Exception as error:  # noqa: BLE001  # whatever the user's own __reduce__ may raise
            failed[name] = NotStored(type_name(values[name]), _reason(error))
    stored: Dict[str, StoredValue] = {}
    for group, owners in _groups(pickled):
        unit = pickled[group[0]]
        if len(group) > 1 or owners:
            unit = pickling.dumps({name: values[name] for name in group}, main, references, owners)
        written = objects.put(store, unit.data, [buffer.raw() for buffer in unit.buffers])
        for name in group:
            stored[name] = StoredValue(written.id, type_name(values[name]), written.size_bytes)
    return stored, failed


def load(wanted: Mapping[str, str], store: Path, main: Dict[str, Any], resolve: pickling.Resolve) -> Dict[str, object]:
    """The values of `wanted` (name -> object id). Each unit is read once, so shared objects stay shared.

    Raises StoreError for a damaged object, and whatever unpickling raises (a package that is missing here).
    """
    found: Dict[str, object] = {}
    for object_id in sorted(set(wanted.values())):
        unit = pickling.loads(objects.get(store, object_id), main, resolve)
        if not isinstance(unit, dict):
            raise objects.StoreError(f"the stored object {object_id[:15]} is no unit of named values")
        for name, source in wanted.items():
            if source == object_id:
                found[name] = unit[name]
    return found


def type_name(value: object) -> str:
    """`pandas.DataFrame` rather than `pandas.core.frame.DataFrame`: the package and the class's name."""
    cls = type(value)
    if cls.__module__ == "builtins":
        return cls.__qualname__
    if cls.__module__ == "__main__":
        return cls.__qualname__
    return f"{cls.__module__.split('.')[0]}.{cls.__qualname__}"


def _groups(pickled: Mapping[str, pickling.Pickled]) -> List[Tuple[List[str], Set[int]]]:
    """Names joined where their parts overlap, each group with the array owners that two of its arrays share."""
    group_of: Dict[int, List[str]] = {}
    member: Dict[str, List[str]] = {}
    for name in sorted(pickled):
        group = [name]
        for part in pickled[name].parts:
            other = group_of.get(part)
            if other is not None and other is not group:
                small, large = sorted((group, other), key=len)
                large.extend(small)
                for moved in small:
                    member[moved] = large
                    for key in pickled[moved].parts:
                        group_of[key] = large
                group = large
            group_of[part] = group
        member[name] = group
    unique = {id(group): sorted(group) for group in member.values()}
    return [(group, _shared_owners(pickled[name] for name in group)) for group in sorted(unique.values())]


def _shared_owners(group: Iterable[pickling.Pickled]) -> Set[int]:
    users: Dict[int, Set[int]] = {}
    for item in group:
        for array, owner in item.views.items():
            users.setdefault(owner, set()).add(array)
    return {owner for owner, arrays in users.items() if len(arrays) > 1}


def _reason(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:300]
