"""A step and the records of options that it was given in; out, its process as those left it, and a record of its own.

A record holds what one step changed of one library's options; all of them, where the plan says that it sets some: then
it has waited for all who did so above. Later steps set it where the notebook does: after the set-up statements that
they replay of that step's cells and those above, before those of cells below. A library that isn't imported yet gets
its records once it is.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from typing import Any

from nb2pipe.runtime import options
from nb2pipe.runtime.session import Session, StepProblem

PREFIX = "ambient:options:"
_BEFORE_ALL = -1
_SHORT = 12
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")
_SHOWN_BY = {"matplotlib": ("matplotlib", "mpl_toolkits", "seaborn")}


@dataclass(frozen=True)
class _Record:
    """A record that waits for its library, or for its place among the replayed cells. `place`: its step's, in order."""

    place: int
    library: str
    name: str
    cells: frozenset[int]

    def is_due(self, cell: int | None) -> bool:
        """True if it comes before what is replayed of this cell; None: before all that isn't replayed."""
        return cell is None or (cell not in self.cells and cell > min(self.cells, default=-1))


@dataclass
class Carrying:
    """Options within one step. `load` reads a record; `got`: those that this process has."""

    session: Session
    load: Callable[[str], object]
    got: list[str] = field(default_factory=list)
    _waiting: list[_Record] = field(default_factory=list)
    _before: dict[str, dict[str, object]] = field(default_factory=dict)
    _running: bool = False
    _finder: _Finder | None = None

    def begin(self, got: Iterable[str] = ()) -> None:
        """The step begins. `got`: what steps before it have set in this process."""
        self.got = list(got)
        places = {earlier.id: (place, earlier.cells) for place, earlier in enumerate(self.session.earlier)}
        for name in self.session.values:
            provider = self.session.providers.get(name, "")
            elsewhere = provider in places and provider not in self.session.process
            if name.startswith(PREFIX) and name not in self.got and elsewhere:
                place, cells = places[provider]
                library = name.removeprefix(PREFIX).partition(":")[0]
                self._waiting.append(_Record(place, library, name, cells))
        self._waiting.sort(key=lambda record: record.place)
        self._finder = _Finder(self._arrived)
        sys.meta_path.insert(0, self._finder)

    def before_cell(self, cell: int) -> None:
        """A cell of the notebook comes next: one that is replayed, or one of the step's own. Raises StepProblem."""
        if not self._running:
            self._catch_up(cell, options.loaded())

    def _catch_up(self, cell: int | None, libraries: Iterable[str]) -> None:
        for library in libraries:
            for record in [item for item in self._waiting if item.library == library and item.is_due(cell)]:
                self._waiting.remove(record)
                self._set(record)

    def run(self) -> None:
        """The step's own cells come next: from here on all that changes is their doing. Raises StepProblem."""
        self._running = True
        self._catch_up(None, options.loaded())
        found = {library: options.read(library) for library in options.loaded()}
        self._before = {library: now for library, now in found.items() if now is not None}

    def _set(self, record: _Record) -> None:
        value = self.load(record.name)
        self.got.append(record.name)
        try:
            wanted = value if isinstance(value, dict) else {}
            if record.library not in options.QUIET:
                wanted = options.difference(options.read(record.library) or {}, wanted)
            options.write(record.library, wanted)
        except Exception as error:
            what = f"the options of {record.library} that an earlier step has set can't be set here"
            self.session.problem = f"{what}: {type(error).__name__}: {error}"  # IPython's events let no error through
            raise StepProblem(self.session.problem) from error

    def _arrived(self, library: str) -> None:
        """A library has just been imported."""
        first = self.session.position == 0  # nothing has been replayed yet
        self._catch_up(None if self._running else _BEFORE_ALL if first else self.session.cell, [library])
        now = options.read(library) if self._running else None
        if now is not None:
            self._before[library] = now

    def end(self, written: frozenset[str], references: Mapping[int, str]) -> tuple[dict[str, object], dict[str, Any]]:
        """The records of what the step's own cells changed, and what is told of options in `outputs.json`.

        That is `got`, the records that the process has set; `left`, options that can't be stored; `set`, what was
        changed to what; `found`, what options were before the step's cells, of libraries whose things it had.

        `written`: what the plan says that the step writes (`options:pandas`). Raises StepProblem.
        """
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        records: dict[str, object] = {}
        left: list[str] = []
        shown: dict[str, dict[str, str]] = {}
        for library in options.loaded():
            planned = f"options:{library}" in written
            now = options.read(library)
            if now is None and planned:
                raise StepProblem(f"the options of {library}, which the step sets, can't be read: unknown version")
            if now is None or not (planned or (library in self._before and library not in options.QUIET)):
                continue
            changes = options.difference(self._before.get(library, {}), now)
            # to what it was before, and past what is replayed: only all of it tells that
            whole = {**now, **changes} if planned and library not in options.QUIET else changes
            kept = {name: value for name, value in whole.items() if self._can_leave(value, references)}
            left += [f"{library}: {name}" for name in changes if name not in kept]
            if kept:
                records[f"{PREFIX}{library}:{self.session.plan['id']}"] = kept
                shown[library] = _shown({name: kept[name] for name in changes if name in kept})
        found = {library: _shown(self._before[library]) for library in self._used() if library in self._before}
        return records, {"got": self.got, "left": left, "set": shown, "found": found}

    def _can_leave(self, value: object, references: Mapping[int, str]) -> bool:
        from nb2pipe.runtime import pickling  # it needs what the kernel's environment may lack

        try:
            pickling.dumps(value, self.session.main, references)
        except Exception:  # noqa: BLE001  # whatever the user's own __reduce__ may raise
            return False
        return True

    def _used(self) -> list[str]:
        """The libraries whose things stand in the step's namespace."""
        roots = {root for value in list(self.session.main.values()) for root in _roots(value)}
        libraries = [name for name in options.loaded() if name not in options.QUIET]
        return [name for name in libraries if not roots.isdisjoint(_SHOWN_BY.get(name, (name,)))]


def _shown(found: Mapping[str, object]) -> dict[str, str]:
    """Each value as a short text, the same for what means the same in another process."""
    texts = {name: _ADDRESS.sub("", repr(value)) for name, value in found.items()}
    return {
        name: text if len(text) <= _SHORT else hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_SHORT]
        for name, text in texts.items()
    }


def _roots(value: object) -> set[str]:
    """The packages that a value, and what made it, belong to."""
    modules: list[object] = [type(value).__module__]  # some of Cython's have a descriptor there
    if isinstance(value, types.ModuleType):
        modules.append(value.__name__)
    elif isinstance(value, (type, types.FunctionType)):
        modules.append(value.__module__)
    return {module.partition(".")[0] for module in modules if isinstance(module, str)}


class _Finder:
    """Tells when one of the libraries has been imported. It finds nothing by itself."""

    def __init__(self, arrived: Callable[[str], None]) -> None:
        self._arrived = arrived
        self._busy = False

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        """Python's protocol: the spec that the other finders give, with a loader that tells of its end."""
        if self._busy or not options.known(name):
            return None
        self._busy = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._busy = False
        loader: Any = spec.loader if spec is not None else None
        if loader is None or not hasattr(loader, "__dict__"):
            return spec
        execute = loader.exec_module

        def exec_module(module: types.ModuleType) -> None:
            loader.__dict__.pop("exec_module", None)
            execute(module)
            self._arrived(name)

        loader.exec_module = exec_module
        return spec
