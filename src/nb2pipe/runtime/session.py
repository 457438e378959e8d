"""The step that runs in this process: what it was told, and what it has come to know. No values are loaded here."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any


class StepProblem(Exception):
    """Something that stops the step and that is not the user's code. The message is for people."""

    def _render_traceback_(self) -> list[str]:
        return [f"nb2pipe: {self}"]


@dataclass(frozen=True)
class Earlier:
    """A step before this one in the notebook: where it leaves its records, and the names that it may bind or delete."""

    id: str
    path: Path
    names: frozenset[str]
    cells: frozenset[int] = frozenset()

    @property
    def last(self) -> int:
        """Its last cell; -1 for a step without one."""
        return max(self.cells, default=-1)


@dataclass
class Session:
    """One step. `names` in the fields below are the user's, `main` is the namespace that its cells run in.

    `seen` are the names that were in `main` at some time during this step: one that no longer is was deleted.
    `process` are the ids of the steps that run in this process. `kept` are the names that one before this step has
    left here. `sent`: where values are sent from machine to machine, the objects that were; else None, as all are here.
    `unsent`: names of definitions and parameters that the notebook has and that were not sent.
    """

    plan: Mapping[str, Any]
    definitions: Mapping[str, Mapping[str, Any]]
    parameters: dict[str, Any]
    all_parameters: Mapping[str, Any]
    parameter_places: Mapping[str, tuple[int, int]]
    values: Mapping[str, str]
    store: Path
    out: Path
    main: dict[str, Any]
    shell: Any
    folder: str
    environ: Mapping[str, str]
    providers: Mapping[str, str] = field(default_factory=dict)
    earlier: Sequence[Earlier] = ()
    process: Collection[str] = ()
    may_wait: bool = False
    sent: Collection[str] | None = None
    unsent: Collection[str] = ()
    before: Mapping[str, object] = field(default_factory=dict)
    ambient: Mapping[str, object] = field(default_factory=dict)
    unloadable: list[str] = field(default_factory=list)  # variables whose stored values could not be loaded
    damaged: list[str] = field(default_factory=list)  # objects of the store that are not what they were
    counters: Mapping[str, int] = field(default_factory=dict)  # of libraries, before the step's cells
    units: list[Any] = field(default_factory=list)
    loaded: dict[str, object] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    defined: dict[str, object] = field(default_factory=dict)
    options: Any = None  # carrying.Carrying, once the step has begun
    replays: Any = None  # replays.Replays, once the definitions have been replayed
    metrics: dict[str, float] = field(default_factory=dict)
    curves: dict[str, dict[str, Any]] = field(default_factory=dict)  # confusion matrices and ROC curves
    cell_of_file: dict[str, int] = field(default_factory=dict)
    sequence: list[int | None] = field(default_factory=list)
    position: int = 0
    seen: set[str] = field(default_factory=set)
    asked: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # name -> which cell asked, which step had it
    sources: dict[int, str] = field(default_factory=dict)  # cell -> digest of its source
    files: dict[int, dict[str, bool]] = field(default_factory=dict)  # cell -> path -> was it written
    facts: Any = None  # facts.Facts, once the step has begun
    own_modules: Any = None  # own_modules.OwnModules, once the step has begun
    replayed: set[str] = field(default_factory=set)  # definitions that a value or a name asked for
    runs: bool = False  # the step's own cells have their turn
    problem: str | None = None  # one that the user's code may have caught

    @property
    def cell(self) -> int | None:
        """The notebook's cell that is now running; None for one of ours."""
        return self.sequence[self.position] if self.position < len(self.sequence) else None


_sessions: list[Session] = []


def before_in_process(members: Collection[str]) -> Session | None:
    """The step that ran here last, if it is one of these."""
    found = _sessions[-1] if _sessions else None
    return found if found is not None and found.plan["id"] in members else None


def enter(session: Session) -> None:
    """`session` is the one that runs now."""
    _sessions[:] = [session]


def current() -> Session:
    """The step that runs now. Raises StepProblem if none has begun."""
    found = current_or_none()
    if found is None:
        raise StepProblem("run the step's first cell first: it says which step this is")
    return found


def current_or_none() -> Session | None:
    """The step that runs now, if this process runs any."""
    return _sessions[-1] if _sessions else None


def import_units() -> ModuleType:
    """The pickler's module. Raises StepProblem if the kernel's environment lacks what it needs."""
    try:
        return importlib.import_module("nb2pipe.runtime.units")
    except ModuleNotFoundError as error:
        raise StepProblem(
            f"the kernel's environment lacks {error.name}: {sys.executable} -m pip install {error.name}"
        ) from error
