"""Trees in; out, what their calls mean by the notebook's imports, and what their statements bind. Walked once."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from nb2pipe.records import dataclass
from nb2pipe.syntax import nodes_of, of_kind

_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)
_BINDING = (ast.Name, ast.Global, ast.Import, ast.ImportFrom, *_NAMED)


@dataclass(frozen=True)
class Walked:
    """A notebook's trees, each walked once. `nodes` has an entry per cell.

    `meaning`: name to dotted name, for every import; the last one wins. `own`: names that the notebook itself binds
    to other things than imports: they mean no library.
    """

    trees: Sequence[ast.Module | None]
    nodes: Sequence[Sequence[ast.AST]]
    meaning: Mapping[str, str]
    own: frozenset[str]
    _bound: dict[int, frozenset[str]] = field(default_factory=dict)
    _last: dict[int, dict[str, ast.stmt]] = field(default_factory=dict)

    def bound(self, statement: ast.stmt) -> frozenset[str]:
        """The names that a statement of these trees may bind, change the type of, or delete."""
        found = self._bound.get(id(statement))
        if found is None:
            found = self._bound[id(statement)] = frozenset(_bound(statement))
        return found

    def last_binding(self, cell: int, name: str) -> ast.stmt | None:
        """The last statement of the cell that may bind the name, change the type of its value, or delete it."""
        found = self._last.get(cell)
        if found is None:
            tree = self.trees[cell]
            body = () if tree is None else tree.body
            found = self._last[cell] = {name: statement for statement in body for name in self.bound(statement)}
        return found.get(name)


def walked(trees: Sequence[ast.Module | None]) -> Walked:
    """Walk all trees; None for cells that have none."""
    nodes = [() if tree is None else nodes_of(tree) for tree in trees]
    every = [node for part in nodes for node in part]
    return Walked(trees, nodes, _imported(every), frozenset(_own_names(every)))


def _imported(nodes: Iterable[ast.AST]) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in of_kind(nodes, ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            for item in node.names:
                root = item.name.partition(".")[0]
                found[item.asname or root] = item.name if item.asname else root
        else:
            for item in node.names:
                found[item.asname or item.name] = f"{'.' * node.level}{node.module or ''}.{item.name}"
    return found


def _own_names(nodes: Iterable[ast.AST]) -> set[str]:
    names = {node.id for node in of_kind(nodes, ast.Name) if isinstance(node.ctx, ast.Store)}
    names.update(node.name for node in of_kind(nodes, ast.FunctionDef, ast.AsyncFunctionDef))
    return names.union(node.name for node in of_kind(nodes, ast.ClassDef))


def _bound(node: ast.stmt) -> set[str]:
    found: set[str] = set()
    for part in of_kind(nodes_of(node), *_BINDING):
        if isinstance(part, ast.Name):
            if not isinstance(part.ctx, ast.Load):
                found.add(part.id)
        elif isinstance(part, ast.Global):
            found.update(part.names)
        elif isinstance(part, ast.Import | ast.ImportFrom):
            found.update((item.asname or item.name).partition(".")[0] for item in part.names)
        elif isinstance(part, _NAMED) and part.name:
            found.add(part.name)
    return found


def dotted(node: ast.expr, meaning: Mapping[str, str]) -> str:
    """The dotted name of `a.b.c`, its first part by the imports; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([meaning.get(node.id, node.id), *reversed(parts)])
