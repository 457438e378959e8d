"""Pickled names in; out, which of them share a mutable object or a memory, and so must be one unit."""

from __future__ import annotations

import pickle
import sys
import types
from collections.abc import Collection, Mapping

from nb2pipe.runtime import arrays
from nb2pipe.runtime.pickling import Pickled
from nb2pipe.runtime.special import module_of

_IMMUTABLE = (
    str, bytes, int, float, complex, bool, type(None), type(Ellipsis), type(NotImplemented),
    tuple, frozenset, range, slice, type, property, classmethod, staticmethod, pickle.PickleBuffer,
    types.ModuleType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType,
    types.GetSetDescriptorType, types.CodeType, types.MappingProxyType,
)  # fmt: skip
_IMMUTABLE_NAMES = frozenset(
    {
        ("datetime", "datetime"), ("datetime", "date"), ("datetime", "time"), ("datetime", "timedelta"),
        ("datetime", "timezone"), ("decimal", "Decimal"), ("fractions", "Fraction"), ("uuid", "UUID"),
        ("re", "Pattern"), ("logging", "Logger"), ("logging", "RootLogger"), ("zoneinfo", "ZoneInfo"),
    }
)  # fmt: skip

_FEW = 10_000  # parts that are looked at one by one


class _Sets:
    """Names, joined pair by pair."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self._above = {name: name for name in names}

    def first(self, name: str) -> str:
        while self._above[name] != name:
            name = self._above[name]
        return name

    def join(self, one: str, other: str) -> None:
        first, second = sorted((self.first(one), self.first(other)))
        self._above[second] = first


def groups(pickled: Mapping[str, Pickled], beside: Collection[str] = ()) -> list[list[str]]:
    """Names joined where their parts overlap, however many others lie between them.

    `beside`: names that are there only in case they share something. A pandas Index, of which nothing but its name can
    change, is not enough then: all that is computed from a frame has the frame's.
    """
    sets = _Sets(pickled)
    holder: dict[int, str] = {}
    sizes = sorted(pickled, key=lambda name: (len(pickled[name].data), name))
    for name in sizes:  # the largest last: its millions of parts are looked up, or not at all, but never filed
        if not holder and name == sizes[-1]:
            break
        memo = pickled[name].memo()
        for part in holder.keys() & memo.keys():
            other = holder[part]
            private = part in pickled[name].private and part in pickled[other].private
            if private or not is_shareable(memo[part][1]):
                continue
            if _is_index(memo[part][1]) and (name in beside or other in beside):
                holder[part] = other if name in beside else name
                continue
            sets.join(name, other)
        if name != sizes[-1]:
            more = memo.keys() - holder.keys()
            if len(more) < _FEW:
                more = {part for part in more if is_shareable(memo[part][1])}
            holder.update(dict.fromkeys(more, name))
    _join_by_memory(pickled, sets)
    found: dict[str, list[str]] = {}
    for name in sorted(pickled):
        found.setdefault(sets.first(name), []).append(name)
    return sorted(found.values())


def _is_index(obj: object) -> bool:
    return module_of(type(obj)).partition(".")[0] == "pandas" and type(obj).__name__.endswith("Index")


def _join_by_memory(pickled: Mapping[str, Pickled], sets: _Sets) -> None:
    names: dict[int, list[str]] = {}
    for name, item in pickled.items():
        for shown in item.shown:
            names.setdefault(id(shown.array), []).append(name)
    for cluster in arrays.clusters(shown for item in pickled.values() for shown in item.shown):
        if any(shown.bare for shown in cluster):
            for shown in cluster:
                for name in names[id(shown.array)]:
                    sets.join(names[id(cluster[0].array)][0], name)


def is_shareable(obj: object) -> bool:
    """True for an object whose identity can matter: changing it through one name is seen through another.

    Not: what can't change, and what is the same object in each process (modules, classes, library functions).
    """
    cls = type(obj)
    if cls in _IMMUTABLE or isinstance(obj, type):
        return False
    if cls is types.FunctionType or cls.__name__ == "cython_function_or_method":
        return getattr(obj, "__module__", None) == "__main__"
    module = module_of(cls)
    if (module, cls.__name__) in _IMMUTABLE_NAMES or module.startswith(("pathlib", "enum")):
        return False
    if any(module_of(base) == "enum" and base.__name__ == "Enum" for base in cls.__mro__):
        return False
    if module == "pandas._libs.tslibs.offsets":  # frequencies: each of a series' parts has the series' own
        return False
    if module.startswith("numpy"):
        return not _is_numpy_constant(obj)
    return not (
        module.partition(".")[0] == "pandas" and cls.__name__.endswith(("Dtype", "Timestamp", "Timedelta", "NaTType"))
    )


def _is_numpy_constant(obj: object) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(obj, (numpy.generic, numpy.dtype, numpy.ufunc))
