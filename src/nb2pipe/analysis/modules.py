"""Trees of the user's own modules and the places where they are used in; out, the steps that share a module's state.

A module is imported anew in each process, so steps that see what a call changed in it must be in one.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from nb2pipe.analysis.beside import Beside
from nb2pipe.analysis.scopes import bound_names, scope_of
from nb2pipe.analysis.tables import functions, methods
from nb2pipe.model import At, Pipeline, Section, Unmovable
from nb2pipe.records import dataclass

_STATE = "state of your module {}, which each process imports anew"
_HAND_ON = "return the value and hand it on in a variable"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Access:
    """What code does to its module's names: `reads` and `changes` them, `calls` others of its functions."""

    reads: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    calls: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Module:
    """A module of the user's: its `state`, the names that its functions change, and what each of them does to it."""

    state: frozenset[str]
    access: Mapping[str, Access]


@dataclass
class Uses:
    """Where the notebook reads and changes the state of modules: (module, name) -> places."""

    reads: dict[tuple[str, str], set[At]] = field(default_factory=dict)
    changes: dict[tuple[str, str], set[At]] = field(default_factory=dict)
    names: dict[str, set[tuple[str, str]]] = field(default_factory=dict)  # variables that were imported from there

    @property
    def changing(self) -> Mapping[str, str]:
        """Variables that are state of a module which the notebook has changed: the module's name."""
        return {name: key[0] for name, keys in self.names.items() for key in sorted(keys) if key in self.changes}


class Modules:
    """The user's own modules, read when they are first used."""

    def __init__(self, beside: Beside) -> None:
        self.beside = beside
        self.uses = Uses()
        self._known: dict[str, Module | None] = {}

    def forget(self) -> None:
        """A file was written: what is imported may be another text."""
        self._known.clear()

    def named(self, ref: str, variable: str, at: At) -> None:
        """A variable that is `module.name` is read."""
        self.used(ref, at, called=False)
        module, _, name = ref.rpartition(".")
        if (module, name) in self.uses.reads:
            self.uses.names.setdefault(variable, set()).add((module, name))

    def used(self, ref: str, at: At, *, called: bool) -> None:
        """`module.name` is read or, if it is a function or class, called; or a method is called on `module.name`."""
        root, dot, _ = ref.partition(".")
        if not dot or root in functions().packages or not root.isidentifier():
            return
        parts = ref.split(".")
        for end in range(len(parts) - 1, 0, -1):
            name = ".".join(parts[:end])
            module = self._module(name)
            if module is not None:
                self._note(module, name, parts[end:], at, called=called)
                return

    def _note(self, module: Module, name: str, rest: Sequence[str], at: At, *, called: bool) -> None:
        first = rest[0]
        if first in module.state:
            self.uses.reads.setdefault((name, first), set()).add(at)
            if called and len(rest) > 1 and _changes(rest[-1]):
                self.uses.changes.setdefault((name, first), set()).add(at)
        access = module.access.get(first)
        if access is not None and called:
            for item in access.reads & module.state:
                self.uses.reads.setdefault((name, item), set()).add(at)
            for item in access.changes:
                self.uses.changes.setdefault((name, item), set()).add(at)

    def _module(self, name: str) -> Module | None:
        if name not in self._known:
            tree = self.beside.module(name)
            self._known[name] = None if tree is None else module_of(tree)
        return self._known[name]


def module_of(tree: ast.Module) -> Module:
    """What the functions and classes of a module do to its names, those that they call included."""
    names = bound_names(tree.body)
    direct: dict[str, Access] = {}
    for node in tree.body:
        if isinstance(node, _FUNCTIONS):
            direct[node.name] = _access(node, names)
        elif isinstance(node, ast.ClassDef):
            parts = [_access(item, names) for item in ast.walk(node) if isinstance(item, _FUNCTIONS)]
            direct[node.name] = _joined([_access(node, names), *parts])
    access = {name: _reached(name, direct) for name in direct}
    changed = frozenset().union(*(item.changes for item in access.values()))
    return Module(changed - direct.keys(), access)


def _access(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, names: set[str]) -> Access:
    scope = scope_of(node)
    free = scope.free & names
    changed = {name for item in ast.walk(node) for name in _changed_by(item)} & free
    return Access(frozenset(free), frozenset(changed | (scope.global_binds & names)), frozenset(free))


def _changed_by(node: ast.AST) -> Iterable[str]:
    """The names whose values a statement or call changes in place."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _changes(node.func.attr):
        return _root(node.func.value)
    if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
        return _root(node.value)
    if isinstance(node, ast.AugAssign):
        return _root(node.target)
    return ()


def _root(node: ast.expr) -> list[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return [node.id] if isinstance(node, ast.Name) else []


def _changes(method: str) -> bool:
    table = methods()
    return method in table.changes or method in table.keeps or method == "__next__"


def _joined(parts: Iterable[Access]) -> Access:
    every = list(parts)
    return Access(
        frozenset().union(*(item.reads for item in every)),
        frozenset().union(*(item.changes for item in every)),
        frozenset().union(*(item.calls for item in every)),
    )


def _reached(name: str, direct: Mapping[str, Access]) -> Access:
    """What a function does, and all that it calls in the module."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in seen and current in direct:
            seen.add(current)
            waiting.extend(direct[current].calls)
    return _joined(direct[item] for item in sorted(seen))


def taught(shared: Mapping[str, Iterable[int]], section_of: Mapping[int, Section]) -> list[Unmovable]:
    """Cells which, as a run has shown, change and read what a module keeps: they must share a process."""
    found: list[Unmovable] = []
    for module, cells in sorted(shared.items()):
        first, *later = sorted(cells)
        own = section_of[first].id
        readers = dict.fromkeys(section_of[cell].id for cell in later if section_of[cell].id != own)
        what = _STATE.format(module)
        found += [Unmovable(module, what, At(first), own, reader, _HAND_ON) for reader in readers]
    return found


def copied(pipeline: Pipeline, changing: Mapping[str, str]) -> list[Unmovable]:
    """Variables that are state of a module, and would arrive as a copy of it: all who have them share a process."""
    return [
        Unmovable(need.variable, _STATE.format(changing[need.variable]), need.written, provider, step.id, _HAND_ON)
        for step in pipeline.steps
        for need in step.needs
        if need.variable in changing
        for provider in need.providers
    ]


def stuck(uses: Uses, section_of: Mapping[int, Section]) -> list[Unmovable]:
    """What one step changes in a module and a later one reads: they must share a process.

    All that read it after its first change are in the process of that; a later step that only sets it joins them.
    """
    found: list[Unmovable] = []
    for (module, name), places in sorted(uses.changes.items()):
        reads = sorted(uses.reads.get((module, name), ()))
        together: set[str] = set()
        for at in sorted(places):
            own = section_of[at.cell].id
            if own in together:
                continue
            later = reads[bisect_right(reads, at.cell, key=lambda read: read.cell) :]
            readers = dict.fromkeys(section_of[read.cell].id for read in later if section_of[read.cell].id != own)
            joined = [reader for reader in readers if reader not in together] or list(readers)[:1]
            found += [
                Unmovable(f"{module}.{name}", _STATE.format(module), at, own, reader, _HAND_ON) for reader in joined
            ]
            together |= {own, *readers} if readers else set()
    return found
