"""A syntax tree in, its nodes out. Standard library only.

Analysis looks at each tree several times; with `ast.walk` that was a third of its time.
"""

from __future__ import annotations

import ast

# Fields that hold text, numbers or the marks Load and Store, whatever the node.
_BARE = frozenset({"ctx", "id", "attr", "arg", "kind", "type_comment", "level", "module", "asname", "simple"})
_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {}  # one entry per type of node that Python has


def parts_of(node: ast.AST) -> list[ast.AST]:
    """The nodes right below this one, as `ast.iter_child_nodes` gives them, but for the marks Load, Store and Del."""
    found: list[ast.AST] = []
    fields = _FIELDS.get(node.__class__)
    if fields is None:
        fields = _FIELDS[node.__class__] = tuple(name for name in node._fields if name not in _BARE)
    for name in fields:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            found.append(value)
        elif isinstance(value, list):
            found += [item for item in value if isinstance(item, ast.AST)]
    return found


def nodes_of(tree: ast.AST) -> list[ast.AST]:
    """The tree and all nodes inside, in the order of `ast.walk`, but for the marks Load, Store and Del."""
    found = [tree]
    for node in found:  # it grows while it is read
        found += parts_of(node)
    return found
