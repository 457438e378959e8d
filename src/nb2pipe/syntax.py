"""A syntax tree in, its nodes out. Standard library only.

Analysis looks at each tree many times; with `ast.walk` that was a third of its time. So a cell's tree is walked once,
where it is parsed, and keeps what was found: it is never changed afterwards, but for the numbers of its lines.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import TypeVar, overload

Node = TypeVar("Node", bound=ast.AST)
Other = TypeVar("Other", bound=ast.AST)

# Fields that hold text, numbers or the marks Load and Store, whatever the node.
_BARE = frozenset({"ctx", "id", "attr", "arg", "kind", "type_comment", "level", "module", "asname", "simple"})
_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {ast.Constant: ()}  # one entry per type of node that Python has
_LEAVES = frozenset({ast.Name, ast.Constant})  # two nodes of three; there is nothing below
_KEPT = "nb2pipe nodes"  # a key beside a node's fields


def parts_of(node: ast.AST) -> list[ast.AST]:
    """The nodes right below this one, as `ast.iter_child_nodes` gives them, but for the marks Load, Store and Del."""
    found: list[ast.AST] = []
    fields = _FIELDS.get(node.__class__)
    if fields is None:
        fields = _FIELDS[node.__class__] = tuple(name for name in node._fields if name not in _BARE)
    for name in fields:
        value = getattr(node, name, None)
        if value.__class__ is list:
            found += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def nodes_of(tree: ast.AST) -> Sequence[ast.AST]:
    """The tree and all nodes inside, in the order of `ast.walk`, but for the marks Load, Store and Del."""
    kept: Sequence[ast.AST] | None = vars(tree).get(_KEPT)
    if kept is not None:
        return kept
    found = [tree]
    for node in found:  # it grows while it is read
        found += parts_of(node)
    return found


def keep_nodes(tree: ast.Module, levels: int) -> bool:
    """Walk the tree, so that `nodes_of` it and of its statements is known from now on. False if it is deeper.

    Level by level, so that nothing recurses.
    """
    whole: list[list[ast.AST]] = []
    for part in parts_of(tree):
        nodes, level = [part], [part]
        for depth in range(levels - 1):
            if depth == len(whole):
                whole.append([])
            whole[depth] += level
            level = [child for node in level if node.__class__ not in _LEAVES for child in parts_of(node)]
            if not level:
                break
            nodes += level
        else:
            return False
        vars(part)[_KEPT] = nodes
    vars(tree)[_KEPT] = [tree, *(node for level in whole for node in level)]
    return True


@overload
def of_kind(nodes: Iterable[ast.AST], one: type[Node], other: type[Other], /) -> list[Node | Other]: ...
@overload
def of_kind(nodes: Iterable[ast.AST], *kinds: type[Node]) -> list[Node]: ...
def of_kind(nodes: Iterable[ast.AST], *kinds: type[ast.AST]) -> Sequence[ast.AST]:
    """Those nodes that are of one of the kinds, in order."""
    if len(kinds) == 1:
        kind = kinds[0]
        return [node for node in nodes if node.__class__ is kind]
    wanted = frozenset(kinds)
    return [node for node in nodes if node.__class__ in wanted]
