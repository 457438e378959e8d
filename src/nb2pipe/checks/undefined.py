"""What cells read and bind in; a warning for each name that is read perhaps and bound nowhere out.

A name that is surely read is an error, which linking finds. What it says is made clearer here, from the saved notebook.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches

from nb2pipe.checks.calls import Walked
from nb2pipe.model import At, Diagnostic, Location, Names, Notebook, Pipeline, Severity
from nb2pipe.syntax import of_kind

_UNDEFINED = frozenset({"N2P201", "N2P206", "N2P207"})
_CATCH = frozenset({"NameError", "Exception", "BaseException", "UnboundLocalError"})


def check_perhaps(notebook: Notebook, pipeline: Pipeline, read: Walked, names: Sequence[Names]) -> list[Diagnostic]:
    """One warning per name, at its first read. None where any name may be bound: after `exec`, or a star import."""
    if not any(item.soft for item in names):
        return []
    nodes = [node for part in read.nodes for node in part]
    unknown = _any_name_from(read, names)
    known = {name for tree in read.trees if tree is not None for part in tree.body for name in read.bound(part)}
    known |= {name for item in names for name in (*item.binds, *item.deletes)}
    known |= _guarded(nodes)
    step_of = {cell: step for step in pipeline.steps for cell in step.cells}
    first: dict[str, At] = {}
    for item in names:
        for name, at in item.soft.items():
            if at < unknown and name not in known and (name not in first or at < first[name]):
                first[name] = at
    return [
        _perhaps(notebook, name, at, step_of[at.cell].name, step_of[at.cell].id, known)
        for name, at in sorted(first.items())
        if at.cell in step_of and name.isidentifier()
    ]


def _perhaps(notebook: Notebook, name: str, at: At, step: str, step_id: str, known: Iterable[str]) -> Diagnostic:
    near = get_close_matches(name, sorted(known), 1, 0.7)
    hint = f"did you mean `{near[0]}`?" if near else f"define `{name}` in a cell above, or as a parameter"
    message = f"`{name}` is read in step `{step}` if this line runs to it, but no cell defines it"
    place = Location(notebook.path, at.cell, at.line, step_id, name)
    return Diagnostic("N2P208", Severity.WARNING, message, place, hint)


def _any_name_from(read: Walked, names: Sequence[Names]) -> At:
    """The place from which on any name may be bound."""
    stars = [
        At(cell, node.lineno)
        for cell, nodes in enumerate(read.nodes)
        for node in of_kind(nodes, ast.ImportFrom)
        if _is_star(node)
    ]
    return min([*stars, *(item.barrier[0] for item in names if item.barrier), At(len(names))])


def _is_star(node: ast.ImportFrom) -> bool:
    return any(item.name == "*" for item in node.names)


def _guarded(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that the code itself is prepared to miss: read where a NameError is caught, or named in a string."""
    found: set[str] = set()
    for node in of_kind(nodes, ast.Constant, ast.Try):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                found.add(node.value)
        elif any(_catches(item.type) for item in node.handlers):
            found |= {item.id for part in node.body for item in ast.walk(part) if isinstance(item, ast.Name)}
    return found


def _catches(kind: ast.expr | None) -> bool:
    return kind is None or any(isinstance(item, ast.Name) and item.id in _CATCH for item in ast.walk(kind))


def with_reasons(notebook: Notebook, diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The same; an undefined name that stands in a function says so, as does one that the kernel once had."""
    return tuple(_explained(notebook, item) if item.code in _UNDEFINED else item for item in diagnostics)


def _explained(notebook: Notebook, item: Diagnostic) -> Diagnostic:
    where, message = item.location, item.message
    if where.cell is None or where.line is None or where.variable is None:
        return item
    cell = notebook.cells[where.cell]
    lines = cell.source.split("\n")
    line = lines[where.line - 1] if where.line <= len(lines) else ""
    if not re.search(rf"(?<!\w){re.escape(where.variable)}(?!\w)", line):
        message = f"{message} (in what this line calls)"
    if item.code == "N2P201" and cell.execution_count is not None and not cell.has_error_output:
        message = f"{message}; the cell has run once, perhaps with a cell that is gone now"
    return replace(item, message=message)
