"""Cells in, a note for each step that asks the clock, the system's random numbers or the network out.

Each run of the notebook itself gives something else there too, so that nobody should expect equal results. A clock
that only measures how long something took is left alone: its reading is subtracted from another, and nothing else.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from nb2pipe.checks.calls import Walked, dotted
from nb2pipe.model import Diagnostic, Location, Notebook, Pipeline, Severity
from nb2pipe.records import dataclass
from nb2pipe.syntax import of_kind, parts_of
from nb2pipe.tables import read_tables

_SAYS: Mapping[str, tuple[str, str]] = {
    "clock": (
        "asks for the time, so that each run gives something else",
        "make it a parameter, if results are to be the same again",
    ),
    "unique": (
        "is another value in each run",
        "make it a parameter, if results are to be the same again",
    ),
    "network": (
        "reads from the network: another run may get other data, or none",
        "keep a copy in a file beside the notebook, if results are to be the same again",
    ),
}
_ADDRESS = re.compile(r"(?:https?|ftp|s3|gs)://")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class _Reader:
    """What the notebook's names mean. `addresses` are bound to the address of something, `loads` are read anywhere."""

    read: Walked
    addresses: set[str]
    loads: set[str]


def check_outside(notebook: Notebook, pipeline: Pipeline, read: Walked, cells: Sequence[int]) -> list[Diagnostic]:
    """At most one note per step and kind, at the first call."""
    nodes = [node for cell in cells for node in read.nodes[cell]]
    loads = {node.id for node in of_kind(nodes, ast.Name) if isinstance(node.ctx, ast.Load)}
    reader = _Reader(read, _addresses(nodes), loads)
    step_of = {cell: step.id for step in pipeline.steps for cell in step.cells}
    found: dict[tuple[str | int, str], Diagnostic] = {}
    for cell in cells:
        for node, text, kind in _calls(read.nodes[cell], reader):
            message, hint = _SAYS[kind]
            place = Location(notebook.path, cell, node.lineno, step_of.get(cell))
            note = Diagnostic("N2P305", Severity.NOTE, f"`{text}` {message}", place, hint)
            found.setdefault((step_of.get(cell, cell), kind), note)
    return list(found.values())


def _calls(nodes: Sequence[ast.AST], reader: _Reader) -> Iterator[tuple[ast.Call, str, str]]:
    """The calls of interest with their text and kind, in the order of their lines."""
    calls = [(node, kind) for node in of_kind(nodes, ast.Call) if (kind := _kind(node, reader))]
    if not calls:
        return
    parents = {child: node for node in nodes for child in parts_of(node)}
    for node, kind in sorted(calls, key=lambda item: (item[0].lineno, item[0].col_offset)):
        if not (kind == "clock" and _measures(node, parents, reader)) and not _never_called(node, parents, reader):
            text = _command(node) if _is_shell(node) else f"{ast.unparse(node.func)}()"
            yield node, text, kind


def _never_called(node: ast.AST, parents: Mapping[ast.AST, ast.AST], reader: _Reader) -> bool:
    """True inside a function or class of the notebook that nothing names."""
    outermost = None
    while node in parents:
        node = parents[node]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            outermost = node
    return outermost is not None and outermost.name not in reader.loads and not outermost.decorator_list


def _kind(node: ast.Call, reader: _Reader) -> str:
    if _is_shell(node):
        return "network" if _command(node) in _table()["shell"] else ""
    name = dotted(node.func, reader.read.meaning)
    if not name or name.partition(".")[0] in reader.read.own:
        return ""
    calls, readers = _table()["calls"], _table()["readers"]
    if name == "time.strftime" and len(node.args) > 1:
        return ""
    if name in ("time.ctime", "time.localtime", "time.gmtime") and node.args:
        return ""
    if node.args and _kind_of(name, readers) and _is_address(node.args[0], reader):
        return "network"
    return _kind_of(name, calls)


def _kind_of(name: str, patterns: _Patterns) -> str:
    """What is said of the name; empty if nothing is."""
    whole = patterns.whole.get(name)
    return whole or next((says for start, says in patterns.beginnings if name.startswith(start)), "")


@dataclass(frozen=True)
class _Patterns:
    """What is said of whole names, and of all names that begin so: every call of the notebook is looked up."""

    whole: Mapping[str, str]
    beginnings: Sequence[tuple[str, str]]


def _patterns(table: Mapping[str, str]) -> _Patterns:
    return _Patterns(
        {pattern: says for pattern, says in table.items() if not pattern.endswith("*")},
        [(pattern[:-1], says) for pattern, says in table.items() if pattern.endswith("*")],
    )


@cache
def _table() -> Mapping[str, Any]:
    data = read_tables(Path(__file__).with_name("outside.toml"))
    # a notebook may import both the module and the class of one name
    short = {"datetime.now": "clock", "datetime.utcnow": "clock", "datetime.today": "clock", "date.today": "clock"}
    return {
        "calls": _patterns({**data["calls"], **short}),
        "readers": _patterns(dict.fromkeys(data["readers"]["names"], "network")),
        "shell": data["shell"]["commands"],
    }


# --- addresses ----------------------------------------------------------------------------------------------------


def _addresses(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that are bound to nothing but texts, one of which is an address."""
    found: dict[str, bool] = {}
    for node in of_kind(nodes, ast.Assign):
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            found[name] = found.get(name, True) and bool(_ADDRESS.match(_beginning(node.value)))
    return {name for name, is_address in found.items() if is_address}


def _is_address(node: ast.expr, reader: _Reader) -> bool:
    if isinstance(node, ast.Name):
        return node.id in reader.addresses
    return bool(_ADDRESS.match(_beginning(node))) or (
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and _is_address(node.left, reader)
    )


def _beginning(node: ast.expr) -> str:
    """The constant text that an expression begins with."""
    if isinstance(node, ast.JoinedStr) and node.values:
        return _beginning(node.values[0])
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


# --- shell lines --------------------------------------------------------------------------------------------------


def _is_shell(node: ast.Call) -> bool:
    func = node.func
    if not isinstance(func, ast.Attribute) or func.attr not in ("system", "getoutput"):
        return False
    return isinstance(func.value, ast.Call) and getattr(func.value.func, "id", "") == "get_ipython"


def _command(node: ast.Call) -> str:
    text = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
    words = text.split() if isinstance(text, str) else []
    return words[0] if words else ""


# --- clocks -------------------------------------------------------------------------------------------------------


def _measures(node: ast.Call, parents: Mapping[ast.AST, ast.AST], reader: _Reader) -> bool:
    """True if the reading is only ever subtracted from another, or another from it."""
    parent = parents.get(node)
    if _is_difference(parent):
        return True
    if not isinstance(parent, ast.Assign) or not all(isinstance(item, ast.Name) for item in parent.targets):
        return False
    names = {item.id for item in parent.targets if isinstance(item, ast.Name)}
    scope = parents.get(parent)
    while scope is not None and not isinstance(scope, _FUNCTIONS):
        scope = parents.get(scope)
    return all(_only_subtracted(part, names) for part in ([ast.walk(scope)] if scope else reader.read.nodes))


def _only_subtracted(nodes: Iterable[ast.AST], names: set[str]) -> bool:
    return all(
        _is_difference(node)
        for node in nodes
        for child in ast.iter_child_nodes(node)
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load) and child.id in names
    )


def _is_difference(node: ast.AST | None) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)
