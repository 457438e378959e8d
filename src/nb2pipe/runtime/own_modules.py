"""The user's own modules that a step has in; out, what state they were in before its cells, and after them.

Each process imports them anew, so what one step changes in them no step of another process sees. What their globals,
classes and functions keep is described, within bounds, once they are imported and once the step ends.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import logging
import re
import sys
import types
from collections.abc import Callable, Iterator
from enum import Enum
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import Any

from nb2pipe.runtime.describe import Walk
from nb2pipe.runtime.describe_libraries import is_drawn

_MOST_PARTS = 20_000  # of one module; a larger one counts by what is known then
_MOST_BYTES = 4_000_000  # of one array or text
_MOST_IN_SET = 2_000
_MOST = 100_000  # parts of all modules
_CACHES = re.compile(r"cache|memo|lock|logger", re.IGNORECASE)  # by their names: they change no result
_Digests = dict[str, str]

_at_start: set[str] = set()  # modules that the process had before its first step
_running: list[Callable[[list[str]], None]] = []  # who is told of what cells import


class OwnModules:
    """Those of one step. `found`: module -> what it keeps -> its digest, before the step's cells could change it."""

    def __init__(self, is_local: Callable[[object], bool], *, first: bool) -> None:
        self._is_local = is_local
        self._found: dict[str, _Digests] = {}
        if first:
            _at_start.clear()
            _at_start.update(sys.modules)
            _watch_imports(is_local)

    def begin(self) -> None:
        """The step's own cells have their turn: note what is there, and from now on what they import."""
        self._found = dict(self._look(list(sys.modules)))
        _running[:] = [self._imported]

    def _imported(self, names: list[str]) -> None:
        for name, digests in self._look(names):
            self._found.setdefault(name, digests)

    def end(self) -> dict[str, dict[str, Any]]:
        """For each module: a digest before the cells and after them, and the names that are not what they were."""
        _running.clear()
        told: dict[str, dict[str, Any]] = {}
        for name, now in self._look(sorted(self._found)):
            before = self._found[name]
            changed = sorted(key for key in {*now, *before} if now.get(key) != before.get(key))
            told[name] = {"found": _one(before), "left": _one(now), "changed": changed}
        return told

    def _look(self, names: list[str]) -> Iterator[tuple[str, _Digests]]:
        left = _MOST
        for name in names:
            module = sys.modules.get(name)
            if name in _at_start or not isinstance(module, types.ModuleType) or left <= 0:
                continue
            if self._is_local(getattr(module, "__file__", None)):
                digests, parts = _describe(name, module)
                left -= parts
                yield name, digests


# --- what a module keeps ------------------------------------------------------------------------------------------


class _Bounded(Walk):
    """Says how far an iterator has come, and leaves out what is too large to be looked at in no time."""

    def __init__(self, most: int) -> None:
        super().__init__("")
        self._most = most

    def add(self, value: object) -> None:
        if self.count >= self._most:
            self.token("more")
            return
        if is_drawn(value):
            self.close(value)
            return
        size = getattr(value, "nbytes", None) if not isinstance(value, type) else None
        large = len(value) if isinstance(value, (str, bytes, bytearray)) else size
        if isinstance(large, int) and large > _MOST_BYTES:
            self.count += 1
            self.token("large", f"{type(value).__qualname__} {large}".encode())
            return
        super().add(value)

    def _set(self, value: set[Any] | frozenset[Any]) -> None:
        if len(value) <= _MOST_IN_SET:
            super()._set(value)
        else:
            self.token("set", str(len(value)).encode())

    def close(self, value: object) -> None:
        """With how far it has come, if it can be asked."""
        super().close(value)
        if isinstance(value, (itertools.count, itertools.repeat)):
            self.text("at", repr(value))
        elif isinstance(value, types.GeneratorType):
            frame = value.gi_frame
            self.add(None if frame is None else (frame.f_lasti, dict(frame.f_locals)))


def _describe(name: str, module: types.ModuleType) -> tuple[_Digests, int]:
    """What the module's names keep, and how many parts were looked at."""
    found: _Digests = {}
    left = _MOST_PARTS
    for key, value in _kept(name, module):
        walk = _Bounded(left)
        try:
            walk.add(value)
        except Exception:  # noqa: BLE001  # whatever the user's own class may raise
            walk.token("unknown")
        walk.token("numbers", walk.numbers.tobytes())
        left = max(left - walk.count, 1)
        found[key] = walk.digest.hexdigest()[:16]
    return found, _MOST_PARTS - left


def _kept(name: str, module: types.ModuleType) -> Iterator[tuple[str, object]]:
    """The values that a module's globals, functions and classes keep."""
    for key, value in list(vars(module).items()):
        if key.startswith("__") or _CACHES.search(key) or isinstance(value, (types.ModuleType, logging.Logger)):
            continue
        if isinstance(value, types.FunctionType):
            if value.__module__ == name:
                yield from _of_function(key, value)
        elif not isinstance(value, type):
            yield key, value
        elif value.__module__ == name and not issubclass(value, Enum):
            for attribute, item in list(vars(value).items()):
                if isinstance(item, types.FunctionType):
                    yield from _of_function(f"{key}.{attribute}", item)
                elif not attribute.startswith("__") and not hasattr(type(item), "__get__") and _counts(attribute):
                    yield f"{key}.{attribute}", item


def _counts(attribute: str) -> bool:
    return not _CACHES.search(attribute) and attribute != "_abc_impl"


def _of_function(key: str, function: types.FunctionType) -> Iterator[tuple[str, object]]:
    """What a function keeps from call to call: defaults, attributes, variables of the function around it."""
    kept = [function.__defaults__, function.__kwdefaults__]
    attributes = {name: item for name, item in vars(function).items() if name != "__wrapped__" and _counts(name)}
    names = function.__code__.co_freevars
    cells = dict(zip(names, function.__closure__ or (), strict=True))
    around = {name: _content(cell) for name, cell in cells.items() if name != "__class__" and _counts(name)}
    if any(kept) or attributes or around:
        yield f"{key}()", (kept, attributes, around)


def _content(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return None


def _one(digests: _Digests) -> str:
    return hashlib.sha256("\n".join(f"{key} {digest}" for key, digest in sorted(digests.items())).encode()).hexdigest()


# --- when they are imported ---------------------------------------------------------------------------------------


def _watch_imports(is_local: Callable[[object], bool]) -> None:
    """Tell of the user's modules once they are imported, with all that they import themselves."""
    places = [place for place, finder in enumerate(sys.meta_path) if finder is PathFinder]
    if places and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(places[0], _Finder(is_local))


class _Finder:
    """Finds what `PathFinder`, which comes next, would find."""

    def __init__(self, is_local: Callable[[object], bool]) -> None:
        self._is_local = is_local
        self._under_way: list[str] = []
        self._imported: list[str] = []

    def find_spec(self, name: str, path: Any = None, target: types.ModuleType | None = None) -> ModuleSpec | None:  # noqa: ANN401
        found = PathFinder.find_spec(name, path, target)
        loader = found.loader if found is not None else None
        if found is not None and type(loader) is SourceFileLoader and self._is_local(found.origin):
            loader.exec_module = functools.partial(self._run, loader)  # type: ignore[method-assign]
        return found

    def invalidate_caches(self) -> None:
        """`PathFinder` forgets them itself."""

    def _run(self, loader: SourceFileLoader, module: types.ModuleType) -> None:
        vars(loader).pop("exec_module", None)
        self._under_way.append(module.__name__)
        try:
            loader.exec_module(module)
        finally:
            self._imported.append(self._under_way.pop())
            if not self._under_way:
                names, self._imported = self._imported, []
                for tell in _running:
                    tell(names)
