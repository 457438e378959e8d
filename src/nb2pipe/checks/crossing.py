"""A pipeline in, each value that a later step needs and that can't leave its process out."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from nb2pipe.checks.calls import Walked, dotted
from nb2pipe.model import At, Need, Pipeline, Step, Unmovable
from nb2pipe.records import dataclass
from nb2pipe.syntax import nodes_of
from nb2pipe.tables import read_tables

_CONTAINERS: Mapping[type[ast.expr], str] = {ast.List: "list", ast.Tuple: "tuple", ast.Set: "set", ast.ListComp: "list"}


def unmovable(pipeline: Pipeline, read: Walked) -> list[Unmovable]:
    """One per variable and step that needs it, where its last binding is a call of the table.

    A need that may not come to pass counts where the step's code names the variable (`for x in xs: next(gen)`), not
    where the step only may look at any name.
    """
    reader = _Reader(read, {**_constructors(read.own), **_generator_functions(read.trees), **_forgetful(read.trees)})
    binders = _Binders(pipeline, read)
    mentioned = _Mentioned(read)
    found: list[Unmovable] = []
    for step in pipeline.steps:
        named = mentioned.of(step) if any(need.soft for need in step.needs) else frozenset()
        for need in step.needs:
            provider = None if need.soft and need.variable not in named else binders.of(need)
            made = reader.made(need.variable, provider.cells) if provider is not None else None
            if provider is not None and made is not None:
                what, cell, line = made
                found.append(Unmovable(need.variable, what, At(cell, line), provider.id, step.id))
    return found


class _Mentioned:
    """The names that the code of steps mentions, and that of the notebook's functions and classes that it mentions."""

    def __init__(self, read: Walked) -> None:
        self._nodes = read.nodes
        self._definitions: dict[str, list[ast.stmt]] = {}
        for tree in read.trees:
            for statement in () if tree is None else tree.body:
                if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    self._definitions.setdefault(statement.name, []).append(statement)

    def of(self, step: Step) -> frozenset[str]:
        waiting = [node for cell in step.cells for node in self._nodes[cell]]
        found: set[str] = set()
        while waiting:
            names = {node.id for node in waiting if isinstance(node, ast.Name)} - found
            found |= names
            definitions = [item for name in sorted(names) for item in self._definitions.get(name, ())]
            waiting = [node for item in definitions for node in nodes_of(item)]
        return frozenset(found)


class _Binders:
    """The steps that bound variables last: a provider may only have changed what another one had bound."""

    def __init__(self, pipeline: Pipeline, read: Walked) -> None:
        self._read = read
        self._steps = {step.id: step for step in pipeline.steps}
        self._needs = {(step.id, need.variable): need for step in pipeline.steps for need in reversed(step.needs)}
        self._bound = {step.id: self._bound_in(step) for step in pipeline.steps}
        self._known: dict[tuple[str, str], Step | None] = {}  # provider and variable -> the step that bound it

    def of(self, need: Need) -> Step | None:
        """The step that bound what is needed; None if none of the pipeline did."""
        passed: list[tuple[str, str]] = []
        waiting: Need | None = need
        found: Step | None = None
        while waiting is not None:
            place = (waiting.providers[0], need.variable)
            if place in self._known:
                found = self._known[place]
                break
            passed.append(place)
            if need.variable in self._bound[place[0]]:
                found = self._steps[place[0]]
                break
            waiting = self._needs.get(place)
        self._known.update(dict.fromkeys(passed, found))
        return found

    def _bound_in(self, step: Step) -> frozenset[str]:
        trees = [tree for cell in step.cells if (tree := self._read.trees[cell]) is not None]
        return frozenset().union(*(self._read.bound(statement) for tree in trees for statement in tree.body))


@dataclass(frozen=True)
class _Reader:
    """What the notebook's names and calls mean. `kinds`: dotted name of a call to what it makes."""

    read: Walked
    kinds: Mapping[str, str]

    def made(self, name: str, cells: Sequence[int], depth: int = 0) -> tuple[str, int, int] | None:
        """What the last binding of the variable in these cells makes, and where; None for what may cross."""
        for cell in reversed(cells):
            binding = self.read.last_binding(cell, name)
            if binding is None:
                continue
            value = _bound_value(binding, name)
            what = None if value is None else self._what(value, cell, depth)
            if what is None or any(_takes_out(statement, name) for statement in self._after(binding, cell, cells)):
                return None
            return what, cell, binding.lineno
        return None

    def _after(self, binding: ast.stmt, cell: int, cells: Sequence[int]) -> Iterator[ast.stmt]:
        """The statements of the cells that follow one of `cell`."""
        for later in cells:
            tree = self.read.trees[later]
            if later >= cell and tree is not None:
                start = tree.body.index(binding) + 1 if later == cell else 0
                yield from tree.body[start:]

    def _what(self, value: ast.expr, cell: int, depth: int = 0) -> str | None:
        if isinstance(value, ast.GeneratorExp):
            return "a generator"
        if type(value) in _CONTAINERS or isinstance(value, ast.Dict):
            return self._container(value, cell, depth)
        if not isinstance(value, ast.Call):
            return None
        name = dotted(value.func, self.read.meaning)
        if isinstance(value.func, ast.Attribute) and not self.kinds.get(name):
            return self._method(value.func, name, cell, depth)
        return self.kinds.get(name)

    def _container(self, value: ast.expr, cell: int, depth: int) -> str | None:
        if isinstance(value, ast.Dict):
            items, kind = value.values, "dict"
        else:
            items = [value.elt] if isinstance(value, ast.ListComp) else getattr(value, "elts", [])
            kind = _CONTAINERS[type(value)]
        found = next((what for item in items if (what := self._what(item, cell, depth))), None)
        return None if found is None else f"a {kind} that holds {found}"

    def _method(self, func: ast.Attribute, name: str, cell: int, depth: int) -> str | None:
        """What a method gives: `path.open()`, a cursor of a connection, a session of a builder."""
        if func.attr == "open" and not name:
            return "an open file"
        if func.attr == "getOrCreate" and _root(func, self.read.meaning).startswith("pyspark.sql.SparkSession"):
            return "a Spark session"
        what = _table()["methods"].get(func.attr)
        base = func.value
        if what is None or not isinstance(base, ast.Name) or depth > 1:
            return None
        made = self.made(base.id, range(cell + 1), depth + 1)
        return str(what) if made is not None and made[0].startswith("a database") else None


def _root(node: ast.expr, meaning: Mapping[str, str]) -> str:
    """The dotted name at the beginning of a chain of calls."""
    inner = node
    while isinstance(inner, ast.Attribute | ast.Call):
        name = dotted(inner, meaning)
        if name:
            return name
        inner = inner.value if isinstance(inner, ast.Attribute) else inner.func
    return dotted(inner, meaning)


def _takes_out(statement: ast.stmt, name: str) -> bool:
    """True if something may be taken out of the variable: what it held may be gone."""
    for node in nodes_of(statement):
        if (
            isinstance(node, ast.Subscript | ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == name
        ):
            if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
                return True
            if isinstance(node, ast.Attribute) and node.attr in ("pop", "popitem", "clear", "remove"):
                return True
    return False


def _bound_value(statement: ast.stmt, name: str) -> ast.expr | None:
    """The expression that a plain assignment binds the name to; also in `a, b = x, y`."""
    if isinstance(statement, ast.Assign):
        pairs = [(target, statement.value) for target in statement.targets]
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        pairs = [(statement.target, statement.value)]
    else:
        return None
    for target, value in pairs:
        if isinstance(target, ast.Name) and target.id == name:
            return value
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            for one, other in zip(target.elts, value.elts, strict=True):
                if isinstance(one, ast.Name) and one.id == name:
                    return other
    return None


def _generator_functions(trees: Sequence[ast.Module | None]) -> dict[str, str]:
    """Top-level functions of the notebook that yield."""
    return {
        statement.name: "a generator"
        for tree in trees
        if tree is not None
        for statement in tree.body
        if isinstance(statement, ast.FunctionDef) and _yields(statement)
    }


def _forgetful(trees: Sequence[ast.Module | None]) -> dict[str, str]:
    """Top-level classes of the notebook that say what of their instances is pickled."""
    return {
        statement.name: f"an instance of {statement.name}, whose `__getstate__` may leave something out"
        for tree in trees
        if tree is not None
        for statement in tree.body
        if isinstance(statement, ast.ClassDef)
        and any(isinstance(item, ast.FunctionDef) and item.name == "__getstate__" for item in statement.body)
    }


def _yields(function: ast.FunctionDef) -> bool:
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))
    return False


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    return read_tables(Path(__file__).with_name("crossing.toml"))


@cache
def _constructors(own: frozenset[str]) -> Mapping[str, str]:
    return {name: what for name, what in _table()["constructors"].items() if name.partition(".")[0] not in own}
