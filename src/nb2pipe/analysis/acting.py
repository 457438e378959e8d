"""Statements that call a library for what that does to the library in; out, the steps that must share a process.

`lib.enable_something()` alone on a line is called for its effect. What the tables know of is replayed, or followed. Of
another one, whose name says that it sets something up, nothing is known but that later calls of the library may give
something else after it: to repeat it in each step may do harm, to leave it out changes results.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nb2pipe.analysis.tables import functions
from nb2pipe.analysis.tables import resources as tables
from nb2pipe.model import At, Section, Unmovable

if TYPE_CHECKING:
    from nb2pipe.analysis.state import State

_VERBS = frozenset(
    {"activate", "apply", "autolog", "configure", "deactivate", "default", "defaults", "disable", "enable", "extension",
     "init", "initialize", "install", "login", "monkeypatch", "patch", "register", "set", "setup", "start", "switch",
     "uninstall", "unpatch", "unregister", "use"}
)  # fmt: skip
_LISTED = frozenset({"IPython", "matplotlib", "numpy", "pandas"})  # what changes their state stands in the tables
_WHAT = "a setting that can't be repeated in another process"
_FIX = "if the library stays as it was, write `# nb2pipe: pure` on that line"


def note(state: State, node: ast.expr) -> None:
    """An expression that is a statement of its own, at the top level. What is given an object changes that."""
    if not isinstance(node, ast.Call):
        return
    names: list[str] = []
    func = node.func
    while isinstance(func, ast.Attribute):
        names.insert(0, func.attr)
        func = func.value
    value = state.names.get(func.id) if isinstance(func, ast.Name) else None
    called = [".".join([ref, *names]) for ref in sorted(value.refs)] if value is not None else []
    acting = [ref for ref in called if _acts(ref)]
    if acting and not any(_is_object(state, item) for item in [*node.args, *node.keywords]):
        state.acts.setdefault(state.at, acting[0])


def _is_object(state: State, node: ast.AST) -> bool:
    names = [item.id for item in ast.walk(node) if isinstance(item, ast.Name)]
    return any(name in state.names and state.names[name].objects for name in names)


def _acts(ref: str) -> bool:
    package, _, rest = ref.partition(".")
    known, table = functions(), tables()
    if package not in known.packages or package in known.standard | _LISTED or not rest:
        return False
    if any(item.get(ref) is not None for item in (table.setup, table.seeds, table.gets, table.outside)):
        return False
    name = rest.rpartition(".")[2]
    return name.startswith("_") or name.partition("_")[0] in _VERBS


def stuck(state: State, section_of: Mapping[int, Section]) -> list[Unmovable]:
    """The steps that use a library after another step has set it up."""
    found: list[Unmovable] = []
    for at, ref in sorted(state.acts.items()):
        package, own = ref.partition(".")[0], section_of[at.cell].id
        cells = (cell for cell, seen in sorted(state.staying.packages.items()) if package in seen and cell > at.cell)
        users = dict.fromkeys(section_of[cell].id for cell in cells)
        found += [Unmovable(ref, _WHAT, At(at.cell, at.line), own, user, _FIX) for user in users if user != own]
    return found
