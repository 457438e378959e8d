"""The trees of `metrics` cells in, the names whose numbers are the run's metrics out."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from nb2pipe.analysis.scopes import bound_names
from nb2pipe.model import Metric
from nb2pipe.syntax import nodes_of


def metrics_of(cells: Iterable[int], trees: Mapping[int, ast.Module]) -> tuple[Metric, ...]:
    """The metrics of these cells: what they print, then what they assign; a cell with neither is read as text."""
    found: dict[tuple[int, str], Metric] = {}
    for cell in cells:
        if cell not in trees:
            continue
        for name in _names(trees[cell]):
            found.setdefault((cell, name), Metric(name, cell, name))
        if any(_printed_expression(item) for item in nodes_of(trees[cell])):
            found.setdefault((cell, ""), Metric("", cell, None))
    return tuple(found.values())


def _names(tree: ast.Module) -> list[str]:
    names: list[str] = []
    for statement in tree.body:
        for node in ast.walk(statement):
            if _is_print(node):
                names.extend(_printed(node))
        names.extend(sorted(_assigned(statement)))
    return list(dict.fromkeys(names))


def _is_print(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"


def _printed(node: ast.AST) -> list[str]:
    """Names that stand alone in a print: `print(acc)`, `print("acc:", acc)`, `print(f"acc: {acc:.2f}")`."""
    found: list[str] = []
    for item in getattr(node, "args", ()):
        if isinstance(item, ast.Name):
            found.append(item.id)
        elif isinstance(item, ast.JoinedStr):
            found.extend(
                part.value.id
                for part in item.values
                if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name)
            )
    return found


def _printed_expression(node: ast.AST) -> bool:
    """True for a print of something that has no name, such as `print("acc:", model.score(X, y))`."""
    if not _is_print(node):
        return False
    for item in getattr(node, "args", ()):
        parts = item.values if isinstance(item, ast.JoinedStr) else [item]
        for part in parts:
            value = part.value if isinstance(part, ast.FormattedValue) else part
            if not isinstance(value, ast.Name | ast.Constant):
                return True
    return False


def _assigned(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return bound_names([statement])
    return set()
