"""One pickler for everything that leaves a step: objects in, bytes and buffers out; and its unpickler.

What it adds to cloudpickle:
* functions stay bound to the step's `__main__`: their globals are a reference to it, never a copy, so that a global
  rebound later is seen (plain cloudpickle hands on the old value);
* replayed definitions travel as a reference, so that `type(a) is A` holds in the next step;
* process-wide singletons (`sys.stdout`, NumPy's global generator) travel by name;
* arrays that share memory go on sharing it, where they are part of one unit (`arrays`, `frames`);
* what cloudpickle would hand on changed is refused: an open file (it arrives as a copy of its text), a memoryview.
"""

from __future__ import annotations

import builtins
import contextlib
import enum
import functools
import gc
import importlib
import io
import pickle
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cloudpickle

from nb2pipe.runtime import arrays, frames, losses, objects, special, tracking, versions
from nb2pipe.runtime.arrays import CannotLeave, Memories, Shown

PROTOCOL = 5

Resolve = Callable[[str], object]


@dataclass(frozen=True)
class Pickled:
    """One object's bytes, its out-of-band buffers, and what tells which other objects share a part with it.

    `private`: ids of parts that belong to one pandas object alone, or to its class.
    """

    data: bytes
    buffers: list[pickle.PickleBuffer]
    private: frozenset[int]
    shown: tuple[Shown, ...]
    root: int  # the id of the dict around it all
    # keeps all parts alive, so that no id is used twice while ids are compared
    pickler: StepPickler = field(repr=False)

    def memo(self) -> Mapping[int, tuple[int, object]]:
        """All parts below the root: id -> (number, object). Takes as long as pickling."""
        with _no_collection():
            found: dict[int, tuple[int, object]] = self.pickler.memo.copy()
        found.pop(self.root, None)
        return found

    @property
    def segments(self) -> list[objects.Buffer]:
        """The stream and the buffers, as `objects.put` takes them."""
        return [self.data, *(buffer.raw() for buffer in self.buffers)]


def dumps(
    obj: object,
    main: dict[str, Any],
    references: Mapping[int, str],
    memories: Memories | None = None,
) -> Pickled:
    """Pickle `obj`. `references`: id of a replayed definition's object -> the definition's name@id.

    `memories`: what arrays of it share; they arrive sharing it. Raises whatever pickling raises.
    """
    buffers: list[pickle.PickleBuffer] = []
    with io.BytesIO() as file, warnings.catch_warnings(), _no_collection():
        warnings.simplefilter("ignore")
        pickler = StepPickler(file, main, references, buffers, memories or Memories())
        pickler.dump(obj)
        record = pickle.dumps(versions.of(pickler.modules), PROTOCOL)
        private, shown = frozenset(pickler.private), tuple(pickler.shown)
        return Pickled(record + file.getvalue(), buffers, private, shown, id(obj), pickler)


def together(values: Mapping[str, object], main: dict[str, Any], references: Mapping[int, str]) -> Pickled:
    """One unit's bytes: arrays that share memory go on sharing it."""
    alone = dumps(dict(values), main, references)
    memories = Memories(alone.shown)
    return dumps(dict(values), main, references, memories) if memories.all else alone


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Millions of small objects are made and all are kept: looking for garbage among them costs most of the time."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def versions_of(segments: Sequence[memoryview]) -> dict[str, str]:
    """What the object was stored with: Python and packages -> version."""
    found = pickle.load(io.BytesIO(segments[0]))
    return found if isinstance(found, dict) else {}


_CALL = (lambda load: load()).__code__
"""Run among the notebook's names: what is unpickled, a model with a formula, may look for some in the frames above."""


def loads(segments: Sequence[memoryview], main: dict[str, Any], resolve: Resolve) -> object:
    """The object that `dumps` gave. `resolve` finds a replayed definition's object."""
    stream = io.BytesIO(segments[0])
    pickle.load(stream)  # the versions, which come first
    unpickler = _StepUnpickler(stream, main, resolve, list(segments[1:]))
    try:
        with _no_collection():
            found = types.FunctionType(_CALL, main)(unpickler.load)
        for refs, count in unpickler.referenced:
            frames.keep_referenced(refs, count)
        return found
    finally:
        unpickler.memo.clear()  # it is part of a cycle, and would keep all parts alive until that is collected


_NOTHING = object()


def _with_own_attributes(cls: type, reduced: Any) -> Any:  # noqa: ANN401
    """What cloudpickle makes of a class, with the attributes that it leaves out since a base has the same object there.

    `B.n += 1` gives B an attribute of its own, also if it comes to what A, its base, has: A's may change again.
    """
    if not isinstance(reduced, tuple) or len(reduced) < 3 or not isinstance(reduced[2], tuple):
        return reduced
    if isinstance(cls, enum.EnumMeta):  # its members are made with it
        return reduced
    state, slots = reduced[2]
    inherited = {name: value for base in reversed(cls.__bases__) for name, value in vars(base).items()}
    own = {
        name: value
        for name, value in vars(cls).items()
        if name not in state and not name.startswith("__") and inherited.get(name, _NOTHING) is value
    }
    return (*reduced[:2], ({**state, **own}, slots), *reduced[3:]) if own else reduced


def _by_identity(known: Mapping[int, tuple[str, str]]) -> Callable[[object], tuple[str, str] | None]:
    get, identity = known.get, id

    def persistent_id(obj: object) -> tuple[str, str] | None:
        return get(identity(obj))

    return persistent_id


class StepPickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no types
    """cloudpickle's pickler, bound to one `__main__`."""

    def __init__(
        self,
        file: io.BytesIO,
        main: dict[str, Any],
        references: Mapping[int, str],
        buffers: list[pickle.PickleBuffer],
        memories: Memories,
    ) -> None:
        self._known: dict[int, tuple[str, str]] = {}
        # called for each object: a method that looks for its dict takes half as long again. It stands there before
        # the pickler is made, since some Pythons look for it then
        self.persistent_id = _by_identity(self._known)  # type: ignore[assignment,method-assign]
        super().__init__(file, protocol=PROTOCOL, buffer_callback=buffers.append)
        self._main = main
        self._memories = memories
        self._references = references
        # cloudpickle takes this for the globals that all functions of `__main__` share.
        marker: dict[str, Any] = {}
        self.globals_ref[id(main)] = marker
        self._known.update({id(obj): ("singleton", name) for name, obj in special.singletons().items()})
        self._known.update((key, ("definition", name)) for key, name in references.items())
        self._known[id(main)] = self._known[id(marker)] = ("main", "")
        for own in (main.get("__builtins__"), builtins, vars(builtins)):  # `exec(code, namespace)` puts them in there
            if own is not None:
                self._known[id(own)] = ("builtins", "dict" if isinstance(own, dict) else "module")
        self.private: set[int] = set()  # what belongs to one pandas object alone, or to its class
        self.shown: list[Shown] = []
        self.modules: set[str] = set()  # those that the stream refers to
        self._cells: dict[int, tuple[str, int]] = {}  # of closures: the function and the place in it
        self.kept: list[object] = []

    def persistent_id(self, obj: object) -> tuple[str, str] | None:
        return self._known.get(id(obj))

    def reducer_override(self, obj: Any) -> Any:  # noqa: ANN401
        self.modules.add(_home_of(obj))
        if isinstance(obj, io.IOBase) and not isinstance(obj, io.BytesIO | io.StringIO):
            raise CannotLeave("an open file belongs to the process that opened it")
        if type(obj) is memoryview:
            raise CannotLeave("a memoryview would arrive as a copy")
        if isinstance(obj, type) and obj.__module__ not in sys.modules:  # `numpy.rec`: known, but not yet imported
            with contextlib.suppress(Exception):  # else it travels by value, as classes made by hand do
                importlib.import_module(obj.__module__)
        found = special.reduced(obj)
        found = losses.own_way(obj) if found is None else found
        if found is not None:
            return found
        if isinstance(obj, types.CellType | types.CodeType):
            return self._reduce_cell(obj) if type(obj) is types.CellType else _reduced_code(obj)
        module = special.module_of(type(obj))
        if type(obj) is functools._lru_cache_wrapper and obj.__module__ == "__main__":
            # by itself it goes by name, and the name may mean something else by now
            if obj.cache_info().currsize:
                raise CannotLeave("what a memoised function remembers can't be taken along")
            return (_memoised, (obj.__wrapped__, obj.cache_parameters()))
        if module.partition(".")[0] == "pandas":
            return self._reduce_pandas(obj)
        if "numpy" in sys.modules and isinstance(obj, sys.modules["numpy"].ndarray):
            return self._reduce_array(obj)
        if isinstance(obj, type):
            tracking.note_class(obj)
            return _with_own_attributes(obj, super().reducer_override(obj))
        return super().reducer_override(obj)

    def _dynamic_function_reduce(self, func: types.FunctionType) -> Any:  # noqa: ANN401
        reduced = super()._dynamic_function_reduce(func)
        if func.__globals__ is self._main:
            reduced[2][1]["__globals__"] = {}
        make, (code, names, defaults, more, _), *rest = reduced
        key = tracking.key_of(func)
        for index, cell in enumerate(func.__closure__ or ()):
            self._cells.setdefault(id(cell), (key, index))
        # the cells themselves: functions that share a variable go on sharing it
        return (tracking.function_of, (key, make, (code, names, defaults, more, func.__closure__)), *rest)

    def _reduce_cell(self, cell: types.CellType) -> Any:  # noqa: ANN401
        """Empty first, then filled, since a cell may hold the very function that it belongs to."""
        place = self._cells.get(id(cell), ("", 0))
        try:
            return (tracking.cell_of, place, (cell.cell_contents,), None, None, _fill_cell)
        except ValueError:
            return (tracking.cell_of, place)

    def _reduce_pandas(self, obj: Any) -> Any:  # noqa: ANN401
        self.private.add(id(getattr(type(obj), "_metadata", None)))  # a class' list, in the state of all instances
        name = type(obj).__name__
        if name == "SingleBlockManager":  # a Series: by itself it would hand out its block's array, bare
            return (frames.manager_of, (type(obj), obj.blocks[0], obj.axes[0]))
        if name in ("DataFrame", "Series"):
            return frames.reduced_with_attributes(obj, self._problem_with)
        if frames.has_copy_on_write():
            if name.endswith("Block"):
                values = obj.values
                values = values.view() if type(values).__name__ == "ndarray" else values
                self._keep_private(values)
                return frames.reduced_block(obj, values)
            if name == "BlockValuesRefs":
                self._keep_private(obj)
                return (_references, (self._outer_count(obj),))
            if name.endswith("Index"):  # nobody can write to its array, and it is copied when it arrives
                for part in frames.arrays_of_index(obj):
                    self._keep_private(part)
        return super().reducer_override(obj)

    def _problem_with(self, value: object) -> str:
        try:
            dumps(value, self._main, self._references)
        except Exception as error:  # noqa: BLE001  # whatever the user's own __reduce__ may raise
            return str(error).partition("\n")[0] or type(error).__name__
        return ""

    def _keep_private(self, array: object) -> None:
        """`array` is an ndarray, an extension array with ndarrays in it, or what tells who shares them."""
        for part in (array, *(getattr(array, name, None) for name in ("_ndarray", "_data", "_mask"))):
            self.private.add(id(part))
            self.kept.append(part)

    def _outer_count(self, refs: Any) -> int:  # noqa: ANN401
        """How many share the memory of `refs`, if an array sees what is written there; else it does not matter."""
        blocks = [reference() for reference in refs.referenced_blocks]
        arrays_of = [getattr(block, "values", None) for block in blocks]
        arrays_of = [getattr(array, "_ndarray", getattr(array, "_data", array)) for array in arrays_of]
        shown = [Shown.by(array, bare=False) for array in arrays_of if hasattr(array, "__array_interface__")]
        bare = any(memory.bare for memory in map(self._memories.of, shown) if memory)
        return frames.living(refs) if bare else 0

    def _reduce_array(self, obj: Any) -> Any:  # noqa: ANN401
        import numpy as np

        arrays.refuse_mapped(obj)
        shown = Shown.by(obj, bare=id(obj) not in self.private)
        if type(obj) is np.ndarray:
            found = special.over_buffer(obj)
            if found is not None:
                return found
            self.shown.append(shown)
            self.kept.append(obj)
            found = arrays.reduced(obj, self._memories.of(shown))
            return super().reducer_override(obj) if found is NotImplemented else found
        cls: Any = type(obj)
        own = [name for name in ("__reduce__", "__reduce_ex__") if getattr(cls, name) is not getattr(np.ndarray, name)]
        masked = cls.__reduce__ is np.ma.MaskedArray.__reduce__
        if (own and not masked) or cls is np.ma.core.MaskedConstant:
            return super().reducer_override(obj)
        plain = obj.view(np.ndarray)
        self.kept.append(plain)
        state = dict(vars(obj)) if hasattr(obj, "__dict__") else {}
        return (arrays.subclass_of, (plain, cls), state or None, None, None, _set_state)


class _StepUnpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, main: dict[str, Any], resolve: Resolve, buffers: list[memoryview]) -> None:
        super().__init__(file, buffers=buffers)
        self._main = main
        self._resolve = resolve
        self.referenced: list[tuple[Any, int]] = []

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401
        if (module, name) == (__name__, _references.__name__):
            return self._new_references
        found = super().find_class(module, name)
        if module != "__main__" and getattr(found, "__module__", None) == "__main__":
            # it was stored by its name, as the library's own; by now the notebook has put something else there
            raise pickle.UnpicklingError(f"it refers to {module}.{name}, which the notebook has replaced")
        if module.startswith("cloudpickle.") and name in ("_make_function", "_function_setstate"):
            return functools.partial(self._with_own_builtins, found)
        return found

    def _new_references(self, count: int) -> Any:  # noqa: ANN401
        refs = _references()
        self.referenced.append((refs, count))
        return refs

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
        if kind == "builtins":
            return vars(builtins) if name == "dict" else builtins
        return special.singleton(name)


def _reduced_code(code: Any) -> Any:  # noqa: ANN401
    return cloudpickle.cloudpickle._code_reduce(tracking.lasting(code))


def _home_of(obj: Any) -> str:  # noqa: ANN401
    """The module that a class, a function or a module comes from; for an instance, its class's."""
    if isinstance(obj, types.ModuleType):
        return obj.__name__
    if isinstance(obj, type) or callable(obj):
        home = getattr(obj, "__module__", None)
        if isinstance(home, str):
            return home
    return special.module_of(type(obj))


def _references(_count: int = 0) -> Any:  # noqa: ANN401
    from pandas._libs.internals import BlockValuesRefs

    return BlockValuesRefs()


def _set_state(obj: Any, state: Mapping[str, object]) -> None:  # noqa: ANN401
    vars(obj).update(state)


def _memoised(function: Callable[..., Any], how: Mapping[str, Any]) -> object:
    return functools.lru_cache(**how)(function)


def _fill_cell(cell: types.CellType, state: tuple[object]) -> None:
    (cell.cell_contents,) = state
