"""Cells' trees in, the type of each name after each cell out, where a visible constructor or literal gives it.

Nothing is guessed: a name whose last binding isn't a plain assignment of something known has no type here.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from nb2pipe.checks.calls import Walked, dotted
from nb2pipe.syntax import of_kind
from nb2pipe.tables import read_tables

_OTHERWISE = frozenset({"inplace", "chunksize", "iterator", "squeeze", "sheet_name", "typ", "retstep"})
_LITERALS: Mapping[type[ast.expr], str] = {
    ast.List: "list",
    ast.ListComp: "list",
    ast.Dict: "dict",
    ast.DictComp: "dict",
    ast.Set: "set",
    ast.SetComp: "set",
    ast.Tuple: "tuple",
    ast.JoinedStr: "str",
    ast.GeneratorExp: "generator",
    ast.Lambda: "function",
}


def types_after(read: Walked, asked: Mapping[int, Collection[str]]) -> Mapping[tuple[int, str], str]:
    """The type that a name has after a cell, if it is known: `pandas.DataFrame` (the package and the class), `list`.

    `asked`: the names, for each cell after which a type is asked for.
    """
    reader = _Reader(read)
    found: dict[tuple[int, str], str] = {}
    for cell, tree in enumerate(read.trees):
        for statement in () if tree is None else tree.body:
            reader.statement(statement)
        found |= {(cell, name): reader.types[name] for name in asked.get(cell, ()) if name in reader.types}
    return found


@cache
def _table() -> Mapping[str, Any]:
    return read_tables(Path(__file__).with_name("types.toml"))


class _Reader:
    """The types of the notebook's names while its statements are read in order."""

    def __init__(self, read: Walked) -> None:
        self.read = read
        self.types: dict[str, str] = {}
        every = (part for nodes in read.nodes for part in of_kind(nodes, ast.Global))
        self.open = {name for part in every for name in part.names}  # functions may bind these: nothing is known
        self.classes: set[str] = set()

    def statement(self, node: ast.stmt) -> None:
        """One top-level statement: what it binds has a type only if it is a plain assignment."""
        value: ast.expr | None = None
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            value, targets = node.value, node.targets
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            value, targets = node.value, [node.target]
        found = "" if value is None else self.of(value)
        for name in self.read.bound(node):
            self.types.pop(name, None)
            self.classes.discard(name)
        if isinstance(node, ast.ClassDef) and not node.decorator_list:
            self.classes.add(node.name)
        for target in targets:
            if isinstance(target, ast.Name) and found and target.id not in self.open:
                self.types[target.id] = _short(found)

    def of(self, node: ast.expr) -> str:
        """The type of an expression; empty for unknown."""
        if type(node) in _LITERALS:
            return _LITERALS[type(node)]
        if isinstance(node, ast.Constant):
            return "None" if node.value is None else type(node.value).__name__
        if isinstance(node, ast.Name):
            return self.types.get(node.id, "")
        return self._call(node) if isinstance(node, ast.Call) else ""

    def _call(self, node: ast.Call) -> str:
        if any(keyword.arg is None or keyword.arg in _OTHERWISE for keyword in node.keywords):
            return ""
        if isinstance(node.func, ast.Attribute):
            base = self.of(node.func.value)
            if base:
                return self._method(base, node.func.attr)
        if isinstance(node.func, ast.Name) and node.func.id in self.classes:
            return node.func.id
        name = dotted(node.func, self.read.meaning)
        if not name or name.partition(".")[0] in self.read.own:
            return ""
        found: str = _table()["calls"].get(name, "")
        return found or self._instance(node.func, name)

    def _instance(self, func: ast.expr, name: str) -> str:
        """An imported class that is called gives an instance: its name begins with a capital, its module's doesn't."""
        owner, _, last = name.rpartition(".")
        root = func
        while isinstance(root, ast.Attribute):
            root = root.value
        imported_name = isinstance(root, ast.Name) and root.id in self.read.meaning
        is_class = last[:1].isupper() and owner == owner.lower()
        return name if imported_name and owner and is_class else ""

    def _method(self, base: str, method: str) -> str:
        table = _table()
        if method in table["same"].get(base, ()) or (method == "fit" and base.startswith("sklearn.")):
            return base
        found: str = table["methods"].get(f"{base}.{method}", "")
        return found


def _short(name: str) -> str:
    """The package and the class, as runs record types."""
    package, _, rest = name.partition(".")
    return f"{package}.{rest.rpartition('.')[2]}" if rest else package
