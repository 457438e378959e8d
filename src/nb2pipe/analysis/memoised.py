"""Cells' trees in, the memoised functions whose memory would matter out.

A replayed function begins with an empty memory. That gives the same results as long as the function does, which one
that reads a changing variable does not: in the notebook it goes on giving what it remembers.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from nb2pipe.analysis.scopes import scope_of
from nb2pipe.syntax import nodes_of, of_kind

_MEMOISING = frozenset({"cache", "lru_cache", "cached", "memoize", "memoise", "cachedmethod"})


def memoised(trees: Iterable[ast.Module], changing: frozenset[str]) -> Mapping[str, str]:
    """Function -> a changing variable that it reads, itself or through the functions that it calls.

    Or `f.cache_info`, where that is read: it tells of all calls, and each step's own copy counts its own only.
    """
    trees = list(trees)
    statements = (node for tree in trees for node in tree.body)
    functions = {node.name: node for node in statements if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    remembering = [name for name, node in functions.items() if any(_memoises(item) for item in node.decorator_list)]
    if not remembering:
        return {}
    asked = {
        node.value.id
        for tree in trees
        for node in of_kind(nodes_of(tree), ast.Attribute)
        if node.attr == "cache_info" and isinstance(node.value, ast.Name)
    }
    found: dict[str, str] = {}
    for name in remembering:
        for variable in sorted(_reached(name, functions) & changing):
            found.setdefault(name, variable)
        if name in asked:
            found.setdefault(name, f"{name}.cache_info")
    return found


def _memoises(decorator: ast.expr) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    last = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
    return last in _MEMOISING


def _reached(name: str, functions: Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef]) -> set[str]:
    """All free names of the function and of those that it names, directly or not."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        free = scope_of(functions[waiting.pop()]).free - found
        found |= free
        waiting.extend(free & functions.keys())
    return found
