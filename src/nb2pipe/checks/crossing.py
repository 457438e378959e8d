"""A pipeline in, each value that a later step needs and that can't leave its process out."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

from nb2pipe.checks.calls import dotted, imported, own_names
from nb2pipe.model import At, Need, Pipeline, Step, Unmovable


def unmovable(pipeline: Pipeline, trees: Sequence[ast.Module | None]) -> list[Unmovable]:
    """One per variable and step that needs it, where its last binding is a call of the table."""
    meaning = imported(tree for tree in trees if tree is not None)
    generators = _generator_functions(trees)
    constructors = _constructors(frozenset(own_names(trees)))
    found: list[Unmovable] = []
    for step in pipeline.steps:
        for need in step.needs:
            if need.soft:
                continue
            made = _made(pipeline, need, trees, meaning, {**constructors, **generators})
            if made is not None:
                what, at, provider = made
                found.append(Unmovable(need.variable, what, at, provider.id, step.id))
    return found


def _made(
    pipeline: Pipeline,
    need: Need,
    trees: Sequence[ast.Module | None],
    meaning: Mapping[str, str],
    kinds: Mapping[str, str],
) -> tuple[str, At, Step] | None:
    """What the last binding of the variable makes, where, and in which step; None for what may cross.

    The provider may only have changed what an earlier step had bound: then it is looked for there.
    """
    waiting: Need | None = need
    while waiting is not None:
        provider = pipeline.step(waiting.providers[0])
        values = list(_bound_values(provider, need.variable, trees))
        if values:
            value, at = values[-1]
            what = _what(value, meaning, kinds)
            return (what, at, provider) if what else None
        waiting = next((item for item in provider.needs if item.variable == need.variable), None)
    return None


def _bound_values(step: Step, variable: str, trees: Sequence[ast.Module | None]) -> Iterator[tuple[ast.expr, At]]:
    for cell in step.cells:
        tree = trees[cell]
        for statement in () if tree is None else tree.body:
            value = _bound_value(statement, variable)
            if value is not None:
                yield value, At(cell, statement.lineno)


def _bound_value(statement: ast.stmt, name: str) -> ast.expr | None:
    if isinstance(statement, ast.Assign):
        targets: list[ast.expr] = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    else:
        return None
    return statement.value if any(isinstance(item, ast.Name) and item.id == name for item in targets) else None


def _what(value: ast.expr, meaning: Mapping[str, str], kinds: Mapping[str, str]) -> str | None:
    if isinstance(value, ast.GeneratorExp):
        return "a generator"
    if not isinstance(value, ast.Call):
        return None
    name = dotted(value.func, meaning)
    if isinstance(value.func, ast.Attribute) and value.func.attr == "open" and not name:
        return "an open file"
    return kinds.get(name)


def _generator_functions(trees: Sequence[ast.Module | None]) -> dict[str, str]:
    """Top-level functions of the notebook that yield."""
    return {
        statement.name: "a generator"
        for tree in trees
        if tree is not None
        for statement in tree.body
        if isinstance(statement, ast.FunctionDef) and _yields(statement)
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
def _constructors(own: frozenset[str]) -> Mapping[str, str]:
    text = files("nb2pipe.checks").joinpath("crossing.toml").read_text(encoding="utf-8")
    found: Mapping[str, str] = tomllib.loads(text)["constructors"]
    return {name: what for name, what in found.items() if name.partition(".")[0] not in own}
