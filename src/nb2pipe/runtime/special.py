"""Objects that pickle would hand on changed in; out, how they are pickled instead, or why they can't leave."""

from __future__ import annotations

import array
import collections
import ctypes
import functools
import gc
import importlib
import pickle
import sys
import tempfile
import types
from collections.abc import Callable, Mapping
from typing import Any

from nb2pipe.runtime import objects
from nb2pipe.runtime.arrays import CannotLeave, view_over

_VIEWS: dict[type, str] = {}
for _made in (dict[str, str](), collections.OrderedDict[str, str]()):
    _VIEWS.update({type(_made.keys()): "keys", type(_made.values()): "values", type(_made.items()): "items"})

_PLACES: Mapping[str, tuple[str, Callable[[Any], object]]] = {
    "sys.stdin": ("sys", lambda module: module.stdin),
    "sys.stdout": ("sys", lambda module: module.stdout),
    "sys.stderr": ("sys", lambda module: module.stderr),
    "sys.path": ("sys", lambda module: module.path),
    "sys.modules": ("sys", lambda module: module.modules),
    "os.environ": ("os", lambda module: module.environ),
    "random._inst": ("random", lambda module: getattr(module, "_inst", None)),
    "decimal.getcontext()": ("decimal", lambda module: module.getcontext()),
    "numpy.random.mtrand._rand": ("numpy.random.mtrand", lambda module: module._rand),
    "matplotlib.rcParams": ("matplotlib", lambda module: module.rcParams),
    "get_ipython()": ("IPython", lambda module: module.get_ipython()),
}


def singletons() -> dict[str, object]:
    """Objects of which each process has its own, under the names that they travel by."""
    found = {name: get(sys.modules[module]) for name, (module, get) in _PLACES.items() if module in sys.modules}
    return {name: obj for name, obj in found.items() if obj is not None}


def singleton(name: str) -> object:
    """This process's own object of that name. Raises ImportError if its package is not here."""
    module, get = _PLACES[name]
    return get(importlib.import_module(module))


def module_of(cls: type) -> str:
    """The name of a class's module; some of Cython's have a descriptor in its place."""
    module: object = cls.__module__
    return module if isinstance(module, str) else ""


def reduced(obj: Any) -> Any:  # noqa: ANN401
    """How `obj` is pickled, in pickle's terms; None: as it does it. Raises CannotLeave."""
    kind = type(obj)
    if isinstance(obj, type) and _makes_noise(obj):
        raise CannotLeave(f"making the class {obj.__name__} anew would run {_makes_noise(obj)} once more")
    if kind in _VIEWS:  # cloudpickle would hand on a view of a copy
        return (_view_of_dict, (gc.get_referents(obj)[0], _VIEWS[kind]))
    if kind is types.MappingProxyType:
        return (types.MappingProxyType, (gc.get_referents(obj)[0],))
    if isinstance(obj, BaseException):
        return _reduced_exception(obj)
    if kind is functools.cached_property:  # it holds a lock before Python 3.12
        return (_cached_property, (obj.func, obj.attrname))
    if isinstance(obj, tempfile.TemporaryDirectory):
        raise CannotLeave("a temporary directory is removed when the process that made it ends")
    if isinstance(obj, ctypes.Array):
        raise CannotLeave("an array of ctypes can't be made again elsewhere")
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(obj, numpy.void) and isinstance(obj.base, numpy.ndarray) and obj.dtype.names:
        raise CannotLeave("a record is a window on its array and would arrive apart: pass on the array, or a copy()")
    return None


def over_buffer(obj: Any) -> Any:  # noqa: ANN401
    """How a NumPy array over the bytes of a `bytearray` or an `array.array` is pickled; None for others."""
    base = obj.base
    while base is not None and not isinstance(base, (bytearray, array.array)):
        base = base.obj if isinstance(base, memoryview) else getattr(base, "base", None)
    if base is None or not obj.size:
        return None
    offset = obj.__array_interface__["data"][0] - objects.address_of(memoryview(base))
    return (view_over, (base, obj.dtype, obj.shape, obj.strides, offset, obj.flags.writeable))


def _makes_noise(cls: type) -> str:
    """The notebook's code that runs when a class of the notebook (here by value) is made; empty if there is none."""
    if cls.__module__ != "__main__":
        return ""
    if any("__init_subclass__" in vars(base) for base in cls.__mro__[1:] if base.__module__ == "__main__"):
        return "its base's `__init_subclass__`"
    metas = [vars(meta) for meta in type.mro(type(cls)) if meta.__module__ == "__main__"]
    if any(name in names for names in metas for name in ("__new__", "__init__", "__prepare__")):
        return "its metaclass"
    parts = [type(value) for value in vars(cls).values() if type(value).__module__ == "__main__"]
    return "`__set_name__` of its parts" if any(hasattr(part, "__set_name__") for part in parts) else ""


class _Tracebacks:
    """Whether the notebook's code may look at them: then an exception can't leave without its own."""

    wanted = True


def keep_tracebacks(*, wanted: bool) -> None:
    """Say whether the notebook's code may look at tracebacks."""
    _Tracebacks.wanted = wanted


def _reduced_exception(error: BaseException) -> Any:  # noqa: ANN401
    if error.__traceback__ is not None and _Tracebacks.wanted:
        raise CannotLeave(
            "an exception's traceback belongs to the process that raised it: "
            "keep its text, or the exception `.with_traceback(None)`"
        )
    kind = type(error)
    if kind.__reduce__ is not BaseException.__reduce__ or kind.__setstate__ is not BaseException.__setstate__:
        made = error.__reduce_ex__(pickle.DEFAULT_PROTOCOL)
        if not isinstance(made, tuple) or len(made) not in (2, 3):
            return None
        own = made[2] if len(made) == 3 else None
    else:
        made, own = (_exception_of, (kind, error.args)), vars(error)
    state = (own, error.__cause__, error.__context__, error.__suppress_context__)
    return (*made[:2], state, None, None, _fill_exception)


def _exception_of(cls: type[BaseException], arguments: tuple[object, ...]) -> BaseException:
    error = cls.__new__(cls, *arguments)
    error.args = arguments
    return error


def _fill_exception(error: BaseException, state: tuple[Any, ...]) -> None:
    own, error.__cause__, error.__context__, error.__suppress_context__ = state
    if own is not None:
        error.__setstate__(own)


def _view_of_dict(mapping: Any, name: str) -> Any:  # noqa: ANN401
    return getattr(mapping, name)()


def _cached_property(function: Callable[[Any], Any], name: str | None) -> Any:  # noqa: ANN401
    made = functools.cached_property(function)
    made.attrname = name
    return made
