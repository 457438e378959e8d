"""A pipeline in, an error for each value that a later step needs and that can't leave its process out."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from nb2pipe.checks.calls import dotted, imported, own_names
from nb2pipe.model import Diagnostic, Location, Need, Notebook, Pipeline, Severity, Step


def check_crossing(notebook: Notebook, pipeline: Pipeline, trees: Sequence[ast.Module | None]) -> list[Diagnostic]:
    """One error per variable and step that needs it, where its last binding is a call of the table."""
    meaning = imported(tree for tree in trees if tree is not None)
    generators = _generator_functions(trees)
    constructors = _constructors(frozenset(own_names(trees)))
    found: list[Diagnostic] = []
    for step in pipeline.steps:
        for need in step.needs:
            if need.soft:
                continue
            provider = pipeline.step(need.providers[0])
            made = _made(need, provider, trees, meaning, {**constructors, **generators})
            if made is not None:
                found.append(_problem(notebook, step, provider, need, *made))
    return found


def _made(
    need: Need, provider: Step, trees: Sequence[ast.Module | None], meaning: Mapping[str, str], kinds: Mapping[str, str]
) -> tuple[str, int, int] | None:
    """What the provider's last binding of the variable makes, and where; None for what may cross."""
    last: tuple[str, int, int] | None = None
    for cell in provider.cells:
        tree = trees[cell]
        for statement in () if tree is None else tree.body:
            value = _bound_value(statement, need.variable)
            if value is not None:
                what = _what(value, meaning, kinds)
                last = (what, cell, statement.lineno) if what else None
    return last


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


def _problem(notebook: Notebook, step: Step, provider: Step, need: Need, what: str, cell: int, line: int) -> Diagnostic:
    name = need.variable
    message = f"'{name}' is {what}: it can't leave step '{provider.name}', and step '{step.name}' needs it"
    if what == "a generator":
        make = f"make it a list (`{name} = list({name})`)"
    else:
        make = f"make it in step '{step.name}' too"
    hint = f"{make}; or tag both cells with one step name; or use it up in '{provider.name}' and hand on the result"
    return Diagnostic("N2P401", Severity.ERROR, message, Location(notebook.path, cell, line, provider.id, name), hint)
