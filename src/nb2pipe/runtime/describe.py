"""A value in; out, a description that is the same for values that are the same, whatever process they are in.

What must be equal to the letter goes into a digest, in the order in which it is met; floating-point numbers go into a
list of their own, so that they can be compared by tolerance. Objects are taken apart as pickle takes them apart:
caches that an object does not hand on don't count. What can't be looked into counts with its type only, and is named.
"""

from __future__ import annotations

import copyreg
import enum
import hashlib
import re
import reprlib
import sys
import types
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

MAX_PARTS = 500
MAX_NUMBERS = 4_000_000  # of one part; of more only the digest is kept

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,16}\b")
_EXACT = (type(None), bool, int, bytes, range, slice, type(...), type(NotImplemented))
_CLOSED = (  # nothing to look into, or nothing that would be the same elsewhere
    types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, types.FrameType, types.TracebackType,
    types.MethodWrapperType, types.WrapperDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType,
    types.CodeType, types.MappingProxyType,
)  # fmt: skip


@dataclass
class Description:
    """`digest` of all that must be equal to the letter, and the floating-point numbers beside it.

    `closed`: types of what could not be looked into. `parts`: the same for each column, attribute or key, of a value
    that has such. `shown`: the value, if it is short.
    """

    type: str
    digest: str = ""
    numbers: array[float] = field(default_factory=lambda: array("d"))
    numbers_digest: str = ""
    closed: tuple[str, ...] = ()
    parts: dict[str, Description] = field(default_factory=dict)
    shown: str = ""
    why_not: str = ""

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
        found.digest = hashlib.sha256("\0".join([name, *parts]).encode("utf-8", "surrogatepass")).hexdigest()
    except Exception as error:  # noqa: BLE001
        return Description(name, why_not=f"it can't be looked into: {type(error).__name__}")
    return found


def type_name(value: object) -> str:
    """`pandas.DataFrame` rather than `pandas.core.frame.DataFrame`."""
    cls = type(value)
    package = str(getattr(cls, "__module__", "") or "").partition(".")[0]
    return cls.__qualname__ if package in ("builtins", "__main__", "") else f"{package}.{cls.__qualname__}"


def _whole(value: object, name: str, folder: str) -> Description:
    walk = _Walk(folder)
    walk.add(value)
    if walk.closed and walk.count == 1:
        return Description(name, why_not="only its type can be compared")
    return Description(
        name, walk.digest.hexdigest(), walk.numbers, closed=tuple(sorted(walk.closed)), shown=_shown(value)
    )


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
        and cls.__reduce_ex__ is object.__reduce_ex__
        and cls.__reduce__ is object.__reduce__
        and cls not in copyreg.dispatch_table
        and not _is_drawn(value)
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


class _Walk:
    """One walk through a value. An object that is met again counts as the place of its first meeting."""

    def __init__(self, folder: str) -> None:
        self.digest = hashlib.sha256()
        self.numbers = array("d")
        self.closed: set[str] = set()
        self.count = 0
        self._folder = folder
        self._seen: dict[int, int] = {}
        self._kept: list[object] = []  # so that no id is given twice

    def token(self, kind: str, content: bytes = b"") -> None:
        self.digest.update(f"{kind}:{len(content)}:".encode("utf-8", "surrogatepass"))
        self.digest.update(content)

    def text(self, kind: str, text: str) -> None:
        if self._folder and self._folder in text:
            text = text.replace(self._folder, "<folder>")
        if "0x" in text:
            text = _ADDRESS.sub("0x", text)
        self.token(kind, text.encode("utf-8", "surrogatepass"))

    def add(self, value: object) -> None:
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
        elif not self._again(value):
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
                self.add(item)
        elif cls is set or cls is frozenset:
            self._set(value)
        elif isinstance(value, type):
            self._class(value)
        elif isinstance(value, types.ModuleType):
            self.token("module", value.__name__.encode())
        elif isinstance(value, enum.Enum):
            self.token("enum", f"{type_name(value)}.{value.name}".encode())
        elif isinstance(value, types.FunctionType):
            self._function(value)
        elif isinstance(value, types.MethodType):
            self.token("method")
            self.add(value.__func__)
            self.add(value.__self__)
        elif isinstance(value, types.BuiltinFunctionType):
            self.token("builtin", str(value.__qualname__).encode())
            if not isinstance(value.__self__, (types.ModuleType, type(None))):
                self.add(value.__self__)
        elif isinstance(value, _CLOSED):
            self._close(value)
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
            walk = _Walk(self._folder)
            walk.add(item)
            walk.token("numbers", walk.numbers.tobytes())
            digests.append(walk.digest.digest())
            self.closed |= walk.closed
        self.token("set", b"".join(sorted(digests)))

    def _class(self, value: type) -> None:
        self.token("class", f"{value.__module__}.{value.__qualname__}".encode("utf-8", "surrogatepass"))
        if value.__module__ == "__main__":
            for name, item in sorted(vars(value).items()):
                if not name.startswith("__") or name == "__init__":
                    self.text("attribute", name)
                    self.add(item)

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

    def _close(self, value: object) -> None:
        self.closed.add(type_name(value))
        self.token("closed", type_name(value).encode("utf-8", "surrogatepass"))

    def _object(self, value: Any) -> None:  # noqa: ANN401
        for library, function in (("numpy", _numpy), ("pandas", _pandas), ("matplotlib", _matplotlib)):
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
            self._close(value)
            return
        self.text("object", type_name(value))
        if isinstance(reduced, str):
            self.text("global", reduced)
            return
        function, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        self.text("by", f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')}")
        self.add(tuple(arguments))
        if type(state) is dict:
            state = dict(sorted(state.items(), key=lambda item: str(item[0])))
        self.add(state)
        for item in items or ():
            self.add(item)
        for key, item in pairs or ():
            self.add(key)
            self.add(item)


def _reduced(value: Any) -> Any:  # noqa: ANN401
    function = copyreg.dispatch_table.get(type(value))
    if function is not None:
        return function(value)
    return value.__reduce_ex__(4)


def _numpy(walk: _Walk, value: Any) -> bool:  # noqa: ANN401
    import numpy as np

    if isinstance(value, np.ma.MaskedArray):
        walk.token("masked", str(value.dtype).encode())
        walk.add(np.ma.getmaskarray(value))
        walk.add(np.asarray(value.filled(0) if value.dtype.names is None else value.data))
    elif isinstance(value, np.ndarray):
        walk.token("array", f"{type_name(value)} {value.dtype.str} {value.shape}".encode())
        _array(walk, np.asarray(value))
    elif isinstance(value, np.generic):
        walk.token("scalar", str(value.dtype).encode())
        _array(walk, np.asarray(value))
    elif isinstance(value, np.dtype):
        walk.token("dtype", repr(value).encode())
    elif isinstance(value, np.ufunc):
        walk.token("ufunc", value.__name__.encode())
    elif value is getattr(getattr(np.random, "mtrand", None), "_rand", None):
        walk.token("numpy's global generator")
    else:
        return False
    return True


def _array(walk: _Walk, value: Any) -> None:  # noqa: ANN401
    """The elements in C order."""
    import numpy as np

    kind = value.dtype.kind
    if value.dtype.names:
        for name in value.dtype.names:
            walk.add(value[name])
    elif kind == "f":
        walk.numbers.frombytes(np.ascontiguousarray(value, dtype="d").tobytes())
    elif kind == "c":
        walk.numbers.frombytes(np.ascontiguousarray(value, dtype="D").tobytes())
    elif kind == "O":
        for item in value.ravel():
            walk.add(item)
    else:
        walk.token("elements", np.ascontiguousarray(value).tobytes())


def _pandas(walk: _Walk, value: Any) -> bool:  # noqa: ANN401
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        walk.token("frame", type_name(value).encode())
        walk.add(value.index)
        walk.add(value.columns)
        walk.add(value.attrs)
        for position in range(len(value.columns)):
            walk.add(value.iloc[:, position].array)
    elif isinstance(value, pd.Series):
        walk.token("series", type_name(value).encode())
        walk.add(value.name)
        walk.add(value.index)
        walk.add(value.attrs)
        walk.add(value.array)
    elif isinstance(value, pd.MultiIndex):
        walk.token("multiindex")
        walk.add(list(value.names))
        for level in range(value.nlevels):
            walk.add(value.get_level_values(level).array)
    elif isinstance(value, pd.Index):
        walk.token("index", type_name(value).encode())
        walk.add(value.name)
        walk.add(getattr(value, "freqstr", None))
        walk.add(value.array)
    elif isinstance(value, pd.Categorical):
        walk.token("categorical", str(value.ordered).encode())
        walk.add(value.codes)
        walk.add(value.categories)
    elif isinstance(value, pd.api.extensions.ExtensionArray):
        _extension_array(walk, value)
    elif value is pd.NA or value is pd.NaT:
        walk.token("missing", repr(value).encode())
    else:
        return False
    return True


def _extension_array(walk: _Walk, value: Any) -> None:  # noqa: ANN401
    import numpy as np

    walk.token("column", str(value.dtype).encode("utf-8", "surrogatepass"))
    plain = getattr(value, "_ndarray", None)
    if isinstance(plain, np.ndarray):  # NumPy's own types, dates, strings
        _array(walk, plain)
        return
    missing = np.asarray(value.isna())
    walk.add(missing)
    kind = getattr(value.dtype, "kind", "O")
    if kind in "fiub":
        fill: Any = 0.0 if kind == "f" else 0
        _array(walk, value.to_numpy(dtype="d" if kind == "f" else kind + "8" if kind in "iu" else bool, na_value=fill))
        return
    _items = np.asarray(value, dtype=object)
    for item, gone in zip(_items, missing, strict=True):
        walk.add(None if gone is np.True_ or gone else item)


def _is_drawn(value: object) -> bool:
    artist = sys.modules.get("matplotlib.artist")
    return artist is not None and isinstance(value, artist.Artist)


def _matplotlib(walk: _Walk, value: Any) -> bool:  # noqa: ANN401
    """A figure by its pixels; its parts show in it."""
    if not _is_drawn(value):
        return False
    figure = sys.modules.get("matplotlib.figure")
    if figure is None or not isinstance(value, figure.Figure):
        walk._close(value)  # noqa: SLF001
        return True
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = value.canvas
    try:
        agg = FigureCanvasAgg(value)
        agg.draw()
        pixels = bytes(agg.buffer_rgba())
    finally:
        value.set_canvas(canvas)
    walk.token("figure", f"{value.get_size_inches()} {value.dpi}".encode())
    walk.token("pixels", pixels)
    return True
