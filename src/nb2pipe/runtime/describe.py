"""A value in; out, a description that is the same for values that are the same, whatever process they are in.

What must be equal to the letter goes into a digest, in the order in which it is met; floating-point numbers go into a
list of their own, so that they can be compared by tolerance. Objects are taken apart as pickle takes them apart:
caches that an object does not hand on don't count. What can't be looked into counts with its type only, and is named.
"""

from __future__ import annotations

import contextlib
import copy
import copyreg
import enum
import hashlib
import itertools
import pickle
import re
import reprlib
import sys
import types
import weakref
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from nb2pipe.runtime.computed import caches, computed
from nb2pipe.runtime.describe_libraries import (
    is_drawn,
    is_immutable,
    matplotlib_value,
    numpy_value,
    pandas_value,
    type_name,
)

MAX_PARTS = 500
MAX_LEFT = 100_000  # of what an iterator has left
MAX_PICKLE_BYTES = 50_000_000
MAX_NUMBERS = 4_000_000  # of one part; of more only the digest is kept

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,16}\b")
_EXACT = (type(None), bool, int, bytes, range, slice, type(...), type(NotImplemented))
_CLOSED = (  # nothing to look into, or nothing that would be the same elsewhere
    types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, types.FrameType, types.TracebackType,
    types.MethodWrapperType, types.WrapperDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType,
    types.CodeType, types.MappingProxyType, weakref.ref, weakref.WeakKeyDictionary, weakref.WeakValueDictionary,
    weakref.WeakSet,
)  # fmt: skip
_SHELL = "InteractiveShell"
_SOME: tuple[Iterable[object], ...] = (
    [], (), "", "ä", b"", bytearray(), range(0), range(1 << 70), {}, {}.values(), {}.items(), set(),
)  # fmt: skip
_WALKED = tuple(type(iter(some)) for some in _SOME)  # iterators of which a copy can be asked what is left
_BASES = (dict, list, tuple, set, frozenset, str, int, float, bytes, type, types.ModuleType)
_MAKERS = frozenset({"builtins", "itertools"})
_MACHINERY = frozenset({"threading", "_thread", "concurrent", "multiprocessing", "asyncio"})
_BUILTINS = "__builtins__"  # what `exec` puts into a dict


_LIBRARIES = (("numpy", numpy_value), ("pandas", pandas_value), ("matplotlib", matplotlib_value))


@dataclass
class Description:
    """`digest` of all that must be equal to the letter, and the floating-point numbers beside it.

    `closed`: types of what could not be looked into. `parts`: the same for each column, attribute or key, of a value
    that has such. `shown`: the value, if it is short. `handed_on`: the signature of what a pickle of it makes, if that
    is another: a library's class may leave out what it can do without.
    """

    type: str
    digest: str = ""
    numbers: array[float] = field(default_factory=lambda: array("d"))
    closed: tuple[str, ...] = ()
    parts: dict[str, Description] = field(default_factory=dict)
    shown: str = ""
    why_not: str = ""
    opened: bool = False  # an object of a library was taken apart
    handed_on: str = ""

    @property
    def signature(self) -> str:
        """A digest of all that is here."""
        whole = hashlib.sha256(f"{self.type}\0{self.digest}\0{self.why_not}\0".encode("utf-8", "surrogatepass"))
        whole.update(self.numbers.tobytes())
        for label, part in self.parts.items():
            whole.update(f"{label}\0{part.signature}\0".encode("utf-8", "surrogatepass"))
        return whole.hexdigest()

    def data(self, put: Callable[[bytes], int]) -> dict[str, Any]:
        """As JSON data; `put` keeps the numbers' bytes (little-endian doubles) and tells where."""
        found: dict[str, Any] = {"type": self.type}
        if self.why_not:
            return {**found, "why_not": self.why_not}
        if self.parts:
            found["parts"] = {label: part.data(put) for label, part in self.parts.items()}
        if self.shown:
            found["shown"] = self.shown
        if self.closed:
            found["closed"] = list(self.closed)
        if self.opened:
            found["signature"] = self.signature
        if self.handed_on:
            found["handed_on"] = self.handed_on
        found["digest"] = self.digest
        if self.numbers:
            content = self.numbers.tobytes()
            found["count"] = len(self.numbers)
            found["numbers"] = hashlib.sha256(content).hexdigest()
            if len(self.numbers) <= MAX_NUMBERS:
                found["at"] = put(content)
        return found


def describe(value: object, folder: str = "") -> Description:
    """Describe a value. `folder`, where it stands in a text, is taken as any folder. Never raises an Exception."""
    found = _describe(value, folder)
    if found.opened:
        with contextlib.suppress(Exception):
            content = pickle.dumps(value, 5)
            if len(content) <= MAX_PICKLE_BYTES:
                made = _describe(pickle.loads(content), folder).signature
                found.handed_on = made if made != found.signature else ""
    return found


def _describe(value: object, folder: str) -> Description:
    name = type_name(value)
    try:
        parts = dict(_parts(value))
    except Exception:  # noqa: BLE001  # whatever the user's own class may raise
        parts = {}
    try:
        if not parts:
            return _whole(value, name, folder)
        found = Description(name, shown=_shown(value))
        found.parts = {label: _whole(part, type_name(part), folder) for label, part in parts.items()}
        found.opened = any(part.opened for part in found.parts.values()) or _is_of_a_library(value)
        found.digest = hashlib.sha256("\0".join([name, *parts]).encode("utf-8", "surrogatepass")).hexdigest()
    except Exception as error:  # noqa: BLE001
        return Description(name, why_not=f"it can't be looked into: {type(error).__name__}")
    return found


def _whole(value: object, name: str, folder: str) -> Description:
    walk = Walk(folder)
    walk.add(value)
    if walk.closed and walk.count == 1:
        return Description(name, why_not="only its type can be compared")
    found = Description(name, walk.digest.hexdigest(), walk.numbers, tuple(sorted(walk.closed)), shown=_shown(value))
    found.opened = walk.opened
    return found


def _parts(value: object) -> Iterator[tuple[str, object]]:
    """What people would look at one by one: columns, attributes, keys."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(value, pandas.DataFrame):
        if len(value.columns) <= MAX_PARTS:
            yield "its index", value.index
            yield "its columns", value.columns
            yield "its attrs", value.attrs
            for position, label in enumerate(value.columns):
                yield f"column {_label(label)} ({position + 1})", value.iloc[:, position].array
        return
    if type(value) is dict:
        if len(value) <= MAX_PARTS and all(type(key) is str for key in value):
            for key, item in value.items():
                if key != _BUILTINS:
                    yield f"[{_label(key)}]", item
        return
    state = _reduced(value)[2] if _is_plain_instance(value) else None
    if type(state) is dict and 0 < len(state) <= MAX_PARTS:
        for key in sorted(state, key=str):
            yield f".{str(key)[:80]}", state[key]


def _is_plain_instance(value: object) -> bool:
    """True for one that pickle takes apart into class and attributes: an estimator, an instance of the notebook's."""
    cls = type(value)
    return (
        not isinstance(value, (type, types.ModuleType, types.FunctionType, dict, list, tuple, set, BaseException))
        and getattr(cls, "__reduce_ex__", None) is getattr(object, "__reduce_ex__", None)
        and getattr(cls, "__reduce__", None) is getattr(object, "__reduce__", None)
        and cls not in copyreg.dispatch_table
        and not is_drawn(value)
        and not _is_machinery(cls)
        and not hasattr(cls, "__array__")
        and isinstance(_reduced(value), tuple)  # raises what pickle would: then it has no parts to speak of
    )


def _label(label: object) -> str:
    return reprlib.repr(label) if isinstance(label, (str, int, float, tuple)) else type_name(label)


def _shown(value: object) -> str:
    cls = type(value)
    if cls in (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, type(None)):
        return _ADDRESS.sub("0x", reprlib.repr(value))[:160]
    shape = getattr(value, "shape", None)
    if type(shape) is tuple and getattr(cls, "__module__", "").partition(".")[0] in ("numpy", "pandas", "scipy"):
        dtype = getattr(value, "dtype", "")
        if shape == ():
            return reprlib.repr(value)[:160]
        return f"shape {shape} {dtype}".strip()[:160]
    return ""


class Walk:
    """One walk through a value. An object that is met again counts as the place of its first meeting."""

    def __init__(self, folder: str) -> None:
        self.digest = hashlib.sha256()
        self.numbers = array("d")
        self.closed: set[str] = set()
        self.opened = False
        self.count = 0
        self._folder = folder
        self._seen: dict[int, int] = {}
        self._kept: list[object] = []  # so that no id is given twice

    def token(self, kind: str, content: bytes = b"") -> None:
        """Something that must be equal to the letter."""
        self.digest.update(f"{kind}:{len(content)}:".encode("utf-8", "surrogatepass"))
        self.digest.update(content)

    def text(self, kind: str, text: str) -> None:
        if self._folder and self._folder in text:
            text = text.replace(self._folder, "<folder>")
        if "0x" in text:
            text = _ADDRESS.sub("0x", text)
        self.token(kind, text.encode("utf-8", "surrogatepass"))

    def add(self, value: object) -> None:
        """Take `value` apart."""
        self.count += 1
        cls = type(value)
        if cls is float:
            self.token("float")
            self.numbers.append(value)  # type: ignore[arg-type]
        elif cls is str:
            self.text("str", value)  # type: ignore[arg-type]
        elif cls in _EXACT:
            self.token(cls.__name__, repr(value).encode())
        elif cls is complex:
            self.token("complex")
            self.numbers.extend((value.real, value.imag))  # type: ignore[attr-defined]
        elif cls is tuple:
            self._items("tuple", value)  # type: ignore[arg-type]
        elif is_immutable(value) or not self._again(value):
            self._mutable(value, cls)

    def _again(self, value: object) -> bool:
        place = self._seen.get(id(value))
        if place is not None:
            self.token("again", str(place).encode())
            return True
        self._seen[id(value)] = len(self._seen)
        self._kept.append(value)
        return False

    def _mutable(self, value: Any, cls: type) -> None:  # noqa: ANN401
        if cls is list:
            self._items("list", value)
        elif cls is dict:
            self.token("dict", str(len(value)).encode())
            for key, item in value.items():
                self.add(key)
                if key != _BUILTINS:
                    self.add(item)
        elif cls is set or cls is frozenset:
            self._set(value)
        elif isinstance(value, type):
            self._class(value)
        elif isinstance(value, types.ModuleType):
            self.token("module", value.__name__.encode())
        elif isinstance(value, enum.Enum):
            self.token("enum", f"{type_name(value)}.{value.name}".encode())
        elif isinstance(value, (types.FunctionType, types.MethodType, types.BuiltinFunctionType)):
            self._callable(value)
        elif cls in _WALKED:
            self._items("left", list(itertools.islice(copy.copy(value), MAX_LEFT)))
        elif (
            isinstance(value, _CLOSED) or _is_machinery(cls) or (cls.__module__ in _MAKERS and hasattr(cls, "__next__"))
        ):
            self.close(value)
        else:
            self._object(value)

    def _items(self, kind: str, items: list[Any] | tuple[Any, ...]) -> None:
        self.token(kind, str(len(items)).encode())
        kinds = set(map(type, items)) if len(items) > 32 else ()
        if kinds == {float}:
            self.numbers.extend(items)
        elif kinds == {int}:
            self.token("ints", repr(items).encode())
        else:
            for item in items:
                self.add(item)

    def _set(self, value: set[Any] | frozenset[Any]) -> None:
        """Elements in the order of their own digests: a set has none."""
        digests = []
        for item in value:
            walk = Walk(self._folder)
            walk.add(item)
            walk.token("numbers", walk.numbers.tobytes())
            digests.append(walk.digest.digest())
            self.closed |= walk.closed
        self.token("set", b"".join(sorted(digests)))

    def _class(self, value: type) -> None:
        self.token("class", f"{value.__module__}.{value.__qualname__}".encode("utf-8", "surrogatepass"))
        if issubclass(value, enum.Enum):  # what else it has is a cache
            self.add([(name, item.value) for name, item in value.__members__.items()])
        elif value.__module__ == "__main__":
            for name, item in sorted(vars(value).items()):
                if not name.startswith("__") or name == "__init__":
                    self.text("attribute", name)
                    self.add(item)

    def _callable(self, value: Any) -> None:  # noqa: ANN401
        if isinstance(value, types.FunctionType):
            self._function(value)
        elif isinstance(value, types.MethodType):
            self.token("method")
            self.add(value.__func__)
            self.add(value.__self__)
        else:
            self.token("builtin", str(value.__qualname__).encode())
            if not isinstance(value.__self__, (types.ModuleType, type(None))):
                self.add(value.__self__)

    def _function(self, value: types.FunctionType) -> None:
        self.token("function", value.__qualname__.encode("utf-8", "surrogatepass"))
        module = str(value.__module__)
        if module not in ("__main__", "None") and module in sys.modules:
            self.token("of", module.encode())
            return
        self._code(value.__code__)
        self.add(value.__defaults__)
        self.add(value.__kwdefaults__)
        for cell in value.__closure__ or ():
            try:
                self.add(cell.cell_contents)
            except ValueError:
                self.token("empty cell")
        self.add({key: item for key, item in vars(value).items() if key != "__wrapped__"})

    def _code(self, code: types.CodeType) -> None:
        self.token("code", code.co_code)
        self.text("names", " ".join((*code.co_names, *code.co_varnames, *code.co_freevars)))
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._code(constant)
            else:
                self.add(constant)

    def close(self, value: object) -> None:
        """Count `value` with its type only."""
        self.closed.add(type_name(value))
        self.token("closed", type_name(value).encode("utf-8", "surrogatepass"))

    def _object(self, value: Any) -> None:  # noqa: ANN401
        for library, function in _LIBRARIES:
            if library in sys.modules and function(self, value):
                return
        wrapped = getattr(value, "__wrapped__", None) if callable(value) else None
        if isinstance(wrapped, types.FunctionType):  # a memoised function: what it remembers doesn't count
            self.text("wrapped", type_name(value))
            self.add(wrapped)
            return
        try:
            reduced = _reduced(value)
        except Exception:  # noqa: BLE001  # it can't be taken apart
            self.close(value)
            return
        self.opened = self.opened or _is_of_a_library(value)
        self.text("object", type_name(value))
        if isinstance(reduced, str):
            self.text("global", reduced)
            return
        function, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        self.text("by", f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')}")
        self.add(tuple(arguments))
        if type(state) is dict:  # an exception has an empty one once somebody has asked for it
            state = dict(sorted(state.items(), key=lambda item: str(item[0])))
        self.add(state or None)
        for item in items or ():
            self.add(item)
        for key, item in pairs or ():
            self.add(key)
            self.add(item)


def _is_machinery(cls: type) -> bool:
    """True for what makes a process go, and is another in each: locks, pools, loops, IPython's shell."""
    return cls.__module__.partition(".")[0] in _MACHINERY or any(base.__name__ == _SHELL for base in cls.__mro__)


def _is_of_a_library(value: object) -> bool:
    return type(value).__module__ not in ("builtins", "__main__", "numpy", "collections", "datetime", "pathlib")


def _reduced(value: Any) -> Any:  # noqa: ANN401
    """As pickle takes it apart, but with all attributes that it has, whatever `__getstate__` says.

    Raises what pickle would.
    """
    cls = type(value)
    function = copyreg.dispatch_table.get(cls)
    if function is not None:
        return function(value)
    reduced = value.__reduce_ex__(4)
    plain = not any("__reduce__" in vars(base) or "__reduce_ex__" in vars(base) for base in cls.__mro__[:-1])
    attributes = getattr(value, "__dict__", None)
    if not plain or issubclass(cls, _BASES):
        return reduced
    if type(attributes) is dict:
        return object, (), _counting(value, attributes)
    state = reduced[2] if len(reduced) > 2 else None
    if type(state) is tuple and len(state) == 2 and type(state[1]) is dict:  # `__slots__`
        return (*reduced[:2], (state[0], _counting(value, state[1])), *reduced[3:])
    return reduced


def _counting(value: object, attributes: dict[str, Any]) -> dict[str, Any]:
    """`attributes` without what the class of `value` has computed of the others, or keeps for itself."""
    left_out = computed(value, attributes) | caches(value, attributes)
    return {name: item for name, item in attributes.items() if name not in left_out}
