"""Trees in; out, the names that each step makes anew since their values can't cross: locks and pools used as such.

A lock that is only ever held by `with`, or a pool that is only ever given work, is after each use what it was when it
was made. So a new one, made by the same statement, does as well: nothing has to run in one process for it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence

from nb2pipe.syntax import nodes_of, of_kind

_LOCKS = ("Lock", "RLock", "Semaphore", "BoundedSemaphore")
_POOLS = ("ThreadPoolExecutor", "ProcessPoolExecutor")
_MADE_BY: Mapping[str, str] = {
    **{f"{module}.{name}": "with" for module in ("threading", "multiprocessing") for name in _LOCKS},
    **{f"concurrent.futures.{name}": "work" for name in _POOLS},
}
_WORK = frozenset({"map", "submit"})


def remade(trees: Sequence[ast.Module]) -> frozenset[str]:
    """The names that one top-level statement binds to such a value, and that are used in no other way."""
    nodes = [node for tree in trees for node in nodes_of(tree)]
    meaning = _imported(nodes)
    kinds = {name: kind for tree in trees for statement in tree.body for name, kind in _made(statement, meaning)}
    if not kinds:
        return frozenset()
    allowed = {id(name) for node in nodes for name, kind in _uses(node) if kinds.get(name.id) == kind}
    bound: dict[str, int] = {}
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in kinds:
            if not isinstance(node.ctx, ast.Load):
                bound[node.id] = bound.get(node.id, 0) + 1
            elif id(node) not in allowed:
                kinds.pop(node.id)
        elif isinstance(node, ast.Global) and kinds.keys() & set(node.names):
            kinds = {name: kind for name, kind in kinds.items() if name not in node.names}
    return frozenset(name for name in kinds if bound.get(name) == 1)


def _imported(nodes: Iterable[ast.AST]) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in of_kind(nodes, ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            found.update((item.asname or item.name, item.name) for item in node.names)
        elif node.module:
            found.update((item.asname or item.name, f"{node.module}.{item.name}") for item in node.names)
    return found


def _made(statement: ast.stmt, meaning: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return
    target, value = statement.targets[0], statement.value
    if not isinstance(target, ast.Name) or not isinstance(value, ast.Call):
        return
    first, _, rest = _dotted(value.func).partition(".")
    # `import concurrent.futures` binds `concurrent`
    kind = _MADE_BY.get(f"{meaning.get(first, first)}.{rest}" if rest else meaning.get(first, ""))
    arguments = [*value.args, *(keyword.value for keyword in value.keywords)]
    if kind is not None and all(isinstance(item, ast.Constant) for item in arguments):
        yield target.id, kind


def _dotted(node: ast.expr) -> str:
    """The text of `a.b.c`; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _uses(node: ast.AST) -> Iterable[tuple[ast.Name, str]]:
    """Names that are held by `with`, and names that are given work."""
    if isinstance(node, ast.With):
        for item in node.items:
            if isinstance(item.context_expr, ast.Name):
                yield item.context_expr, "with"
    elif (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _WORK
        and isinstance(node.func.value, ast.Name)
    ):
        yield node.func.value, "work"
