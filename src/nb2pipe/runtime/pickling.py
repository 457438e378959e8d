"""One pickler for everything that leaves a step: objects in, bytes and buffers out; and its unpickler.

What it adds to cloudpickle:
* functions stay bound to the step's `__main__`: their globals are a reference to it, never a copy, so that a global
  rebound later is seen (plain cloudpickle hands on the old value);
* replayed definitions travel as a reference, so that `type(a) is A` holds in the next step;
* process-wide singletons (`sys.stdout`, NumPy's global generator) travel by name;
* a NumPy view stays a view of its owner, where both are part of one object;
* what cloudpickle would hand on changed is refused: an open file (it arrives as a copy of its text), a memoryview.
"""

from __future__ import annotations

import functools
import io
import pickle
import sys
import types
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cloudpickle

PROTOCOL = 5

Resolve = Callable[[str], object]


class CannotLeave(pickle.PicklingError):
    """A value that must not leave its process. The message says why, for people."""


@dataclass
class Pickled:
    """One object's bytes, its out-of-band buffers, and the ids of the mutable objects it is made of.

    `memo` and `kept` keep those objects from being freed, so that no id is used twice while ids are compared.
    """

    data: bytes
    buffers: list[pickle.PickleBuffer]
    parts: set[int]
    views: dict[int, int]  # id of a NumPy array -> id of the array that owns its memory
    memo: Mapping[int, tuple[int, object]] = field(repr=False)
    kept: Sequence[object] = field(repr=False)

    def knows(self, classes: Collection[type]) -> bool:
        """True if one of these classes is part of it."""
        return any(id(cls) in self.memo for cls in classes)

    @property
    def size_bytes(self) -> int:
        """Bytes of stream and buffers."""
        return len(self.data) + sum(buffer.raw().nbytes for buffer in self.buffers)


def dumps(obj: object, main: dict[str, Any], references: Mapping[int, str], owners: set[int] | None = None) -> Pickled:
    """Pickle `obj`. `references`: id of a replayed definition's object -> the definition's name@id.

    `owners`: ids of NumPy arrays whose views are to stay views. Raises whatever pickling raises.
    """
    buffers: list[pickle.PickleBuffer] = []
    with io.BytesIO() as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pickler = StepPickler(file, main, references, buffers, owners or set())
        pickler.dump(obj)
        memo = pickler.memo.copy()
        parts = {key for key, (_, part) in memo.items() if is_shareable(part) and key not in pickler.private}
        parts.update(pickler.views.values())
        return Pickled(file.getvalue(), buffers, parts, pickler.views, memo, pickler.kept)


def loads(segments: list[memoryview], main: dict[str, Any], resolve: Resolve) -> object:
    """The object that `dumps` gave. `resolve` finds a replayed definition's object."""
    return _StepUnpickler(io.BytesIO(segments[0]), main, resolve, segments[1:]).load()


class StepPickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no types
    """cloudpickle's pickler, bound to one `__main__`."""

    def __init__(
        self,
        file: io.BytesIO,
        main: dict[str, Any],
        references: Mapping[int, str],
        buffers: list[pickle.PickleBuffer],
        owners: set[int],
    ) -> None:
        super().__init__(file, protocol=PROTOCOL, buffer_callback=buffers.append)
        self._main = main
        self._owners = owners
        # cloudpickle takes this for the globals that all functions of `__main__` share.
        marker: dict[str, Any] = {}
        self.globals_ref[id(main)] = marker
        self._known: dict[int, tuple[str, str]] = {id(obj): ("singleton", name) for name, obj in _singletons().items()}
        self._known.update((key, ("definition", name)) for key, name in references.items())
        self._known[id(main)] = self._known[id(marker)] = ("main", "")
        self.private: set[int] = set()  # what belongs to one pandas object alone, or to its class
        self.views: dict[int, int] = {}
        self.kept: list[object] = []

    def persistent_id(self, obj: object) -> tuple[str, str] | None:
        return self._known.get(id(obj))

    def reducer_override(self, obj: Any) -> Any:  # noqa: ANN401
        if isinstance(obj, io.IOBase) and not isinstance(obj, io.BytesIO | io.StringIO):
            raise CannotLeave("an open file belongs to the process that opened it")
        if type(obj) is memoryview:
            raise CannotLeave("a memoryview would arrive as a copy")
        if type(obj) is types.CellType:
            return _reduce_cell(obj)
        module = type(obj).__module__
        if type(obj) is functools._lru_cache_wrapper and obj.__module__ == "__main__":
            # by itself it goes by name, and the name may mean something else by now
            if obj.cache_info().currsize:
                raise CannotLeave("what a memoised function remembers can't be taken along")
            return (_memoised, (obj.__wrapped__, obj.cache_parameters()))
        if module.partition(".")[0] == "pandas":
            return self._reduce_pandas(obj)
        if module == "numpy" and type(obj).__name__ == "ndarray":
            return self._reduce_array(obj)
        return super().reducer_override(obj)

    def _dynamic_function_reduce(self, func: types.FunctionType) -> Any:  # noqa: ANN401
        reduced = super()._dynamic_function_reduce(func)
        if func.__globals__ is self._main:
            reduced[2][1]["__globals__"] = {}
        if func.__closure__:  # the cells themselves: functions that share a variable go on sharing it
            function, (code, names, defaults, more, _), *rest = reduced
            return (function, (code, names, defaults, more, func.__closure__), *rest)
        return reduced

    def _reduce_pandas(self, obj: Any) -> Any:  # noqa: ANN401
        """Arrays inside pandas objects are theirs alone: with copy-on-write, shared memory is no shared value."""
        self.private.add(id(getattr(type(obj), "_metadata", None)))  # a class' list, in the state of all instances
        if _has_copy_on_write():
            name = type(obj).__name__
            if name.endswith("Block"):
                function, arguments, *rest = obj.__reduce__()
                values = arguments[0]
                values = values.view() if type(values).__name__ == "ndarray" else values
                self._keep_private(values)
                return (function, (values, *arguments[1:]), *rest)
            if name == "SingleBlockManager":  # a Series: by itself it would hand out its block's array, bare
                return (_manager_of, (type(obj), obj.blocks[0], obj.axes[0]))
            if name.endswith("Index"):
                self._keep_private(getattr(obj, "_data", None))
        return super().reducer_override(obj)

    def _keep_private(self, array: object) -> None:
        """`array` is an ndarray, or an extension array with ndarrays in it."""
        for part in (array, *(getattr(array, name, None) for name in ("_ndarray", "_data", "_mask"))):
            self.private.add(id(part))
            self.kept.append(part)

    def _reduce_array(self, obj: Any) -> Any:  # noqa: ANN401
        if id(obj) in self.private or obj.dtype.hasobject:
            return super().reducer_override(obj)
        owner = owner_of(obj)
        self.views[id(obj)] = id(owner)
        self.kept += [obj, owner]
        if owner is obj or id(owner) not in self._owners or not owner.flags.forc:
            return super().reducer_override(obj)
        offset = obj.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
        return (_view_of, (owner, obj.dtype, obj.shape, obj.strides, offset, obj.flags.writeable))


class _StepUnpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, main: dict[str, Any], resolve: Resolve, buffers: list[memoryview]) -> None:
        super().__init__(file, buffers=buffers)
        self._main = main
        self._resolve = resolve

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401
        found = super().find_class(module, name)
        if module.startswith("cloudpickle.") and name in ("_make_function", "_function_setstate"):
            return functools.partial(self._with_own_builtins, found)
        return found

    def _with_own_builtins(self, function: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401
        """cloudpickle gives each function that it loads Python's builtins; one of the notebook has the step's.

        A function takes on its builtins when it is made: they are looked up in its globals then.
        """
        before = self._main.get("__builtins__")
        if function.__name__ == "_make_function" and arguments[1] is self._main:
            return types.FunctionType(*arguments)
        try:
            return function(*arguments)
        finally:
            if before is not None:
                self._main["__builtins__"] = before

    def persistent_load(self, pid: tuple[str, str]) -> object:
        kind, name = pid
        if kind == "main":
            return self._main
        if kind == "definition":
            return self._resolve(name)
        return _singletons(load=True)[name]


def owner_of(array: Any) -> Any:  # noqa: ANN401
    """The array at the end of the chain of `.base`: the one whose memory `array` shows."""
    import numpy as np

    while type(array.base) is np.ndarray:
        array = array.base
    return array


def _memoised(function: Callable[..., Any], how: Mapping[str, Any]) -> object:
    return functools.lru_cache(**how)(function)


def _reduce_cell(cell: types.CellType) -> Any:  # noqa: ANN401
    """Empty first, then filled, since a cell may hold the very function that it belongs to."""
    try:
        return (_empty_cell, (), (cell.cell_contents,), None, None, _fill_cell)
    except ValueError:
        return (_empty_cell, ())


def _empty_cell() -> types.CellType:
    return types.CellType()


def _fill_cell(cell: types.CellType, state: tuple[object]) -> None:
    (cell.cell_contents,) = state


def _manager_of(cls: Any, block: object, axis: object) -> object:  # noqa: ANN401
    return cls(block, axis)


def _view_of(owner: Any, dtype: Any, shape: Any, strides: Any, offset: int, writeable: bool) -> Any:  # noqa: ANN401
    import numpy as np

    buffer = owner if owner.flags.c_contiguous else owner.T
    view = np.ndarray(shape, dtype, buffer=buffer, offset=offset, strides=strides)
    if not writeable:
        view.flags.writeable = False
    return view


def _has_copy_on_write() -> bool:
    pandas = sys.modules["pandas"]
    if int(pandas.__version__.split(".")[0]) >= 3:
        return True
    return bool(pandas.get_option("mode.copy_on_write") is True)


def _singletons(*, load: bool = False) -> dict[str, object]:
    import random

    found: dict[str, object] = {
        "sys.stdin": sys.stdin,
        "sys.stdout": sys.stdout,
        "sys.stderr": sys.stderr,
        "random._inst": getattr(random, "_inst", None),
    }
    if load or "numpy.random" in sys.modules:
        try:
            from numpy.random import mtrand

            found["numpy.random.mtrand._rand"] = mtrand._rand
        except ImportError:
            pass  # no NumPy here: then no value holds its generator
    shell = found_shell()
    if shell is not None:
        found["get_ipython()"] = shell
    return {name: obj for name, obj in found.items() if obj is not None}


def found_shell() -> Any:  # noqa: ANN401
    """The IPython shell of this process, or None."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


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


def is_shareable(obj: object) -> bool:
    """True for an object whose identity can matter: changing it through one name is seen through another.

    Not: what can't change, and what is the same object in each process (modules, classes, library functions).
    """
    cls = type(obj)
    if cls in _IMMUTABLE or isinstance(obj, type):
        return False
    if cls is types.FunctionType or cls.__name__ == "cython_function_or_method":
        return getattr(obj, "__module__", None) == "__main__"
    module = cls.__module__
    if (module, cls.__name__) in _IMMUTABLE_NAMES or module.startswith(("pathlib", "enum")):
        return False
    if any(base.__module__ == "enum" and base.__name__ == "Enum" for base in cls.__mro__):
        return False
    if module.startswith("numpy"):
        return not _is_numpy_constant(obj)
    pandas_constants = ("Index", "Dtype", "Timestamp", "Timedelta", "NaTType")
    return not (module.partition(".")[0] == "pandas" and cls.__name__.endswith(pandas_constants))


def _is_numpy_constant(obj: object) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(obj, (numpy.generic, numpy.dtype, numpy.ufunc))
