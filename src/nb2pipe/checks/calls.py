"""Trees in, the dotted names that calls mean by the notebook's imports out."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping


def imported(trees: Iterable[ast.Module]) -> dict[str, str]:
    """name -> dotted name, for every import of the notebook; the last one wins."""
    found: dict[str, str] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for item in node.names:
                    root = item.name.partition(".")[0]
                    found[item.asname or root] = item.name if item.asname else root
            elif isinstance(node, ast.ImportFrom):
                for item in node.names:
                    found[item.asname or item.name] = f"{'.' * node.level}{node.module or ''}.{item.name}"
    return found


def own_names(trees: Iterable[ast.Module | None]) -> set[str]:
    """Names that the notebook itself binds to other things than imports: they mean no library."""
    names: set[str] = set()
    for tree in trees:
        for node in () if tree is None else ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
    return names


def dotted(node: ast.expr, meaning: Mapping[str, str]) -> str:
    """The dotted name of `a.b.c`, its first part by the imports; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([meaning.get(node.id, node.id), *reversed(parts)])
