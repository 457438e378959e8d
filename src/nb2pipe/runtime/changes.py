"""Two values in, out whether they are the same value: the proof that a step did not change what it loaded.

Pickle bytes are compared first (`units.unchanged`). They are not canonical: sets, caches and shared strings make equal
values differ. So a difference is looked at here, in the values themselves.
"""

from __future__ import annotations

import math
import sys
import types
from collections.abc import Callable, Iterable
from enum import Enum, IntEnum
from typing import Any

from nb2pipe.runtime.computed import is_own, unread
from nb2pipe.runtime.special import module_of


class Verdict(IntEnum):
    """UNKNOWN: they differ only in something that may be a library object's cache; CACHED: that says it is one."""

    SAME = 0
    CACHED = 1
    UNKNOWN = 2
    CHANGED = 3


_DRAWN = frozenset({"matplotlib"})  # showing a figure is a read, and leaves layouts and flags of its own behind
_Seen = set[tuple[int, int]]


def compare(now: object, before: object) -> Verdict:
    """Whether `now` still is the value that `before` is. Values that refuse to be compared are UNKNOWN."""
    try:
        return _compare(now, before, set())
    except Exception:  # noqa: BLE001  # any __eq__ or __reduce__ of the user's or a library's may raise anything
        return Verdict.UNKNOWN


def _compare(now: Any, before: Any, seen: _Seen) -> Verdict:  # noqa: ANN401
    if now is before or (id(now), id(before)) in seen:
        return Verdict.SAME
    seen.add((id(now), id(before)))
    if isinstance(now, type) and isinstance(before, type):
        return _compare_classes(now, before, seen)
    if type(now) is not type(before):
        of_class = _compare_classes(type(now), type(before), seen)
        return Verdict.CHANGED if of_class is Verdict.CHANGED else max(of_class, _compare_values(now, before, seen))
    return _compare_values(now, before, seen)


def _compare_values(now: Any, before: Any, seen: _Seen) -> Verdict:  # noqa: ANN401
    """Two values of one class."""
    if isinstance(now, types.ModuleType):
        return Verdict.CHANGED
    for kinds, function in _BY_TYPE:
        if type(now) in kinds:
            return function(now, before, seen)
    if _package(now) in ("numpy", "pandas"):
        verdict = _compare_data(now, before, seen)
        if verdict is not None:
            return verdict
    verdict = _compare_objects(now, before, seen)
    if verdict is Verdict.CHANGED and _package(now) == "scipy" and hasattr(now, "sum_duplicates"):
        return _compare_sparse(now, before)
    return min(verdict, Verdict.UNKNOWN) if _package(now) in _DRAWN else verdict


def _package(obj: object) -> str:
    return module_of(type(obj)).partition(".")[0]


def _verdict(same: bool) -> Verdict:
    return Verdict.SAME if same else Verdict.CHANGED


def _compare_scalars(now: object, before: object, _seen: _Seen) -> Verdict:
    return _verdict(now == before)


def _compare_floats(now: float, before: float, _seen: _Seen) -> Verdict:
    return _verdict(now == before or (math.isnan(now) and math.isnan(before)))


def _compare_sequences(now: Any, before: Any, seen: _Seen) -> Verdict:  # noqa: ANN401
    if len(now) != len(before):
        return Verdict.CHANGED
    return _worst(_compare(one, other, seen) for one, other in zip(now, before, strict=True))


def _compare_dicts(now: Any, before: Any, seen: _Seen) -> Verdict:  # noqa: ANN401
    if len(now) != len(before):
        return Verdict.CHANGED
    keys = _worst(_compare(one, other, seen) for one, other in zip(now, before, strict=True))
    if keys is not Verdict.SAME:
        return keys
    return _worst(_compare(one, other, seen) for one, other in zip(now.values(), before.values(), strict=True))


def _compare_data(now: Any, before: Any, seen: _Seen) -> Verdict | None:  # noqa: ANN401
    """Arrays by their bytes, frames by `equals` and labels; None for what is neither."""
    import numpy as np

    if isinstance(now, np.ndarray):
        if now.dtype != before.dtype or now.shape != before.shape or now.flags.writeable != before.flags.writeable:
            return Verdict.CHANGED
        if now.dtype.hasobject:
            return _compare_sequences(now.ravel().tolist(), before.ravel().tolist(), seen)
        return _verdict(now.tobytes() == before.tobytes())
    if isinstance(now, (np.generic, np.dtype)):
        return _verdict(bool(now == before) or (now != now and before != before))
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return None
    if isinstance(now, pandas.Index):
        return _verdict(now.identical(before))
    if isinstance(now, (pandas.DataFrame, pandas.Series)):
        axes = all(one.identical(other) for one, other in zip(now.axes, before.axes, strict=True))
        name = getattr(now, "name", None) == getattr(before, "name", None)
        return _verdict(axes and name and now.equals(before))
    return None


def _compare_sparse(now: Any, before: Any) -> Verdict:  # noqa: ANN401
    """Sparse matrices in one order of their items: many functions put those of their arguments into order."""
    one, other = now.copy(), before.copy()
    for matrix in (one, other):
        matrix.sum_duplicates()
    return Verdict.UNKNOWN if one.shape == other.shape and (one != other).nnz == 0 else Verdict.CHANGED


def _compare_classes(now: Any, before: Any, seen: _Seen) -> Verdict:  # noqa: ANN401
    """A class of the notebook that came by value is a new object each time it is loaded; others are what they are."""
    if now is before:
        return Verdict.SAME
    if (now.__module__, now.__qualname__) != ("__main__", before.__qualname__) or before.__module__ != "__main__":
        return Verdict.CHANGED
    seen.add((id(now), id(before)))
    if issubclass(now, Enum):
        return Verdict.SAME if now.__members__.keys() == before.__members__.keys() else Verdict.CHANGED
    parts = [
        {name: value for name, value in vars(cls).items() if callable(value) or not name.startswith("__")}
        for cls in (now, before)
    ]
    for part in parts:
        part.pop("_abc_impl", None)
    if parts[0].keys() != parts[1].keys():
        return Verdict.CHANGED
    return _worst(_compare(value, parts[1][name], seen) for name, value in parts[0].items())


def _compare_wrapped(now: Any, before: Any, seen: _Seen) -> Verdict:  # noqa: ANN401
    return _compare(now.__func__, before.__func__, seen)


def _compare_properties(now: Any, before: Any, seen: _Seen) -> Verdict:  # noqa: ANN401
    return _compare((now.fget, now.fset, now.fdel), (before.fget, before.fset, before.fdel), seen)


def _compare_functions(now: Any, before: Any, seen: _Seen) -> Verdict:  # noqa: ANN401
    if now.__code__ != before.__code__:
        return Verdict.CHANGED
    cells = [tuple(cell.cell_contents for cell in function.__closure__ or ()) for function in (now, before)]
    parts = [(function.__defaults__, function.__kwdefaults__, function.__dict__) for function in (now, before)]
    return _worst([_compare(cells[0], cells[1], seen), _compare(parts[0], parts[1], seen)])


def _compare_objects(now: Any, before: Any, seen: _Seen) -> Verdict:  # noqa: ANN401
    """Any other object by what pickling would take of it."""
    reduced = [obj.__reduce_ex__(2) for obj in (now, before)]
    if any(isinstance(item, str) for item in reduced):
        return _verdict(reduced[0] == reduced[1])
    states: list[Any] = [item[2] if len(item) > 2 else None for item in reduced]
    if all(type(state) is dict for state in states):
        states[0] = unread(now, states[0], states[1])
    parts = [(item[0], item[1], *map(_listed, item[3:])) for item in reduced]
    verdict = _compare_sequences(parts[0], parts[1], seen)
    ours = is_own(type(now))
    if all(type(state) is dict for state in states):
        return _worst([verdict, _compare_states(states[0], states[1], seen, ours=ours)])
    return _worst([verdict, _compare(states[0], states[1], seen)])


def _listed(items: Any) -> Any:  # noqa: ANN401
    return list(items) if items is not None and hasattr(items, "__next__") else items


def _compare_states(now: Any, before: Any, seen: _Seen, *, ours: bool) -> Verdict:  # noqa: ANN401
    """Attributes. In a library's object, new ones and changed plain flags may be its caches."""
    if set(before) - set(now) or (ours and set(now) != set(before)):
        return Verdict.CHANGED
    found = max((_if_kept(key, Verdict.UNKNOWN) for key in set(now) - set(before)), default=Verdict.SAME)
    for key, value in before.items():
        verdict = _compare(now[key], value, seen)
        if not ours:
            verdict = _if_kept(key, verdict)
            if verdict is Verdict.CHANGED and isinstance(value, (bool, type(None))):
                verdict = Verdict.UNKNOWN
        found = max(found, verdict)
    return found


def _if_kept(key: object, verdict: Verdict) -> Verdict:
    """The verdict on an attribute of a library's object, the name of which may say that it is a cache."""
    return min(verdict, Verdict.CACHED) if "cache" in str(key) else verdict


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    found = Verdict.SAME
    for verdict in verdicts:
        if verdict is Verdict.CHANGED:
            return verdict
        found = max(found, verdict)
    return found


_BY_TYPE: tuple[tuple[tuple[type, ...], Callable[[Any, Any, _Seen], Verdict]], ...] = (
    ((int, bool, str, bytes, bytearray, complex, type(None), range, slice, set, frozenset), _compare_scalars),
    ((float,), _compare_floats),
    ((list, tuple), _compare_sequences),
    ((dict,), _compare_dicts),
    ((types.FunctionType,), _compare_functions),
    ((staticmethod, classmethod), _compare_wrapped),
    ((property,), _compare_properties),
)
