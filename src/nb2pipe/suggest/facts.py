"""A pipeline with one step per cell, and the cells' trees, in; what matters of each cell for cutting steps out."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

from nb2pipe.model import Definition, DefinitionKind, Notebook, Pipeline
from nb2pipe.records import dataclass
from nb2pipe.suggest.headings import Heading, headings
from nb2pipe.suggest.phases import Phase, call_name, phase_of
from nb2pipe.suggest.words import words


class Kind(StrEnum):
    """What a cell is. IMPORTS, FUNCTIONS and CONSTANTS are replayed where they are needed; SHOWS gives nothing on."""

    EMPTY = "empty"
    IMPORTS = "imports"
    FUNCTIONS = "functions"
    CONSTANTS = "constants"
    SHOWS = "shows"
    WORK = "work"

    @property
    def solid(self) -> bool:
        """True for a cell that some step has to run."""
        return self in (Kind.SHOWS, Kind.WORK)


@dataclass(frozen=True)
class CellFacts:
    """A code cell that is part of the pipeline.

    `parameters`: names that it gives constants, if all that it does is that and nothing changes them. `work` is a
    guess, 1 for a cell of a few calls. `comment` is its first line, if that is a comment. `fixed`: the author gave it
    the role `parameters`.
    """

    cell: int
    kind: Kind
    headings: tuple[Heading, ...] = ()
    phase: Phase | None = None
    main: str = ""
    comment: str = ""
    work: float = 0.0
    parameters: tuple[str, ...] = ()
    fixed: bool = False


@dataclass(frozen=True)
class Link:
    """Cell `target` needs what cell `source` did: a variable, or an order without one (`variable` is empty)."""

    source: int
    target: int
    variable: str = ""
    weight: float = 1.0


@dataclass(frozen=True)
class Facts:
    """All that the cuts depend on.

    `together`: cells that share a process, since a value can't leave it; `stuck`: such values, by the cell that makes
    them.
    """

    cells: tuple[CellFacts, ...]
    links: tuple[Link, ...]
    together: tuple[tuple[int, ...], ...] = ()
    stuck: tuple[tuple[int, str], ...] = ()


GENERIC = re.compile(r"(mod|model|clf|reg|regr|res|result|results|fit|fitted|estimator|m|r|_)_?\d*$", re.IGNORECASE)
"""What people call any model, or what it gives."""
SMALL = ("int", "float", "str", "bool", "NoneType", "complex", "bytes")
_SMALL_WEIGHT = 0.3
_ORDER_WEIGHT = 0.5


def facts_of(
    notebook: Notebook,
    pipeline: Pipeline,
    trees: Mapping[int, ast.Module],
    types: Mapping[tuple[int, str], str],
    parameters: Mapping[int, tuple[str, ...]],
    fixed: Collection[int],
    stuck: Sequence[tuple[int, str]] = (),
) -> Facts:
    """What is known of the cells that some step has.

    `trees`: those of cells that are valid Python. `types`: cell and variable to the type that the variable has after
    it, where it is known. `parameters`: cells that only give constants names. `fixed`: tagged as parameters already.
    `stuck`: see `Facts`.
    """
    above = headings(notebook.raw)
    links = _links(pipeline, types)
    used = {link.source for link in links if link.variable}
    changing = _changing(pipeline, fixed)
    covered = _covered(pipeline.definitions)
    kept = {cell for step in pipeline.steps for cell in step.cells}.union(fixed)
    given: dict[int, list[str]] = {}
    for link in links:
        if link.variable and link.variable not in words().no_subject:
            given.setdefault(link.source, []).append(link.variable)
    found: list[CellFacts] = []
    for cell in notebook.cells:
        tree = trees.get(cell.index)
        if cell.index not in kept:
            continue
        names, phase = parameters.get(cell.index, ()), phase_of(tree)
        names = names if not changing.intersection(names) else ()
        kind = _kind(tree, covered.get(cell.index, {}), used=cell.index in used)
        found.append(
            CellFacts(
                cell=cell.index,
                kind=Kind.CONSTANTS if names or cell.index in fixed else kind,
                headings=above[cell.index] if cell.index < len(above) else (),
                phase=phase,
                main=_main(tree, given.get(cell.index, ())),
                comment=_comment(cell.source),
                work=_work(tree, cell.source) + (_LOADING if phase is Phase.LOAD else 0.0),
                parameters=names,
                fixed=cell.index in fixed,
            )
        )
    return Facts(tuple(found), links, _together(pipeline), tuple(stuck))


def _links(pipeline: Pipeline, types: Mapping[tuple[int, str], str]) -> tuple[Link, ...]:
    cell_of = {step.id: step.cells[0] for step in pipeline.steps if step.cells}
    found: dict[tuple[int, int, str], Link] = {}
    for step in pipeline.steps:
        here = cell_of.get(step.id)
        if here is None:
            continue
        for need in step.needs:
            for provider in need.providers:
                source = cell_of[provider]
                weight = _SMALL_WEIGHT if types.get((source, need.variable)) in SMALL else 1.0
                found[source, here, need.variable] = Link(source, here, need.variable, weight)
        for order in step.orders:
            source = cell_of[order.step]
            found[source, here, ""] = Link(source, here, "", _ORDER_WEIGHT)
    return tuple(found[key] for key in sorted(found))


def _changing(pipeline: Pipeline, fixed: Collection[int]) -> set[str]:
    """Names that more than one cell binds or changes."""
    seen: set[str] = set()
    twice: set[str] = set()
    for step in pipeline.steps:
        names = {*step.outputs, *step.deletes}
        twice |= names & seen
        seen |= names
    given = {item.name for item in pipeline.parameters if item.at.cell in fixed}
    return twice | {name for step in pipeline.steps for name in step.outputs if name in given}


def _together(pipeline: Pipeline) -> tuple[tuple[int, ...], ...]:
    groups: dict[str, list[int]] = {}
    for step in pipeline.steps:
        if step.process is not None and step.cells:
            groups.setdefault(step.process, []).append(step.cells[0])
    return tuple(tuple(cells) for cells in groups.values())


def _covered(definitions: Sequence[Definition]) -> dict[int, dict[int, DefinitionKind]]:
    """cell -> line -> the kind of the definition that has this line."""
    found: dict[int, dict[int, DefinitionKind]] = {}
    for item in definitions:
        lines = found.setdefault(item.at.cell, {})
        lines.update(dict.fromkeys(range(item.at.line, item.end_line + 1), item.kind))
    return found


def _kind(tree: ast.Module | None, lines: Mapping[int, DefinitionKind], *, used: bool) -> Kind:
    if tree is None:
        return Kind.WORK
    kinds: set[DefinitionKind] = set()
    for statement in tree.body:
        if isinstance(statement, ast.Pass) or (
            isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        ):
            continue
        kind = lines.get(statement.lineno)
        if kind is None:
            return Kind.WORK if used or _heavy(tree) else Kind.SHOWS
        kinds.add(kind)
    if not kinds:
        return Kind.EMPTY
    if kinds & {DefinitionKind.FUNCTION, DefinitionKind.CLASS}:
        return Kind.FUNCTIONS
    return Kind.IMPORTS if kinds & {DefinitionKind.IMPORT, DefinitionKind.SETUP} else Kind.CONSTANTS


# --- guesses from the code ----------------------------------------------------------------------------------------

_MOST_WORK = 5.0
_LOADING = 0.5  # reading a file or a data base takes its time, however short the call


def _heavy(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.Call) and call_name(node) in words().heavy for node in ast.walk(tree))


def _work(tree: ast.Module | None, source: str) -> float:
    if tree is None:
        return 1.0 + 0.05 * source.count("\n")
    total = 0.0
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            continue
        nodes = list(ast.walk(statement))
        calls = [call_name(node) for node in nodes if isinstance(node, ast.Call)]
        loops = sum(isinstance(node, ast.For | ast.While | ast.AsyncFor) for node in nodes)
        heavy = sum(name in words().heavy for name in calls)
        plain = sum(name not in words().light for name in calls)
        total += 0.1 + 0.2 * min(plain, 4) + 1.5 * min(heavy, 2) + 0.8 * min(loops, 2)
    return min(_MOST_WORK, total)


def _main(tree: ast.Module | None, given: Sequence[str]) -> str:
    """What the cell is about: the model that it fits; else the variable that it gives on to most, or binds last.

    `given`: the variables that it gives on, once for each cell that reads them.
    """
    fitted = _fitted(tree)
    if fitted:
        return fitted
    bound = _bound_last(tree)
    counts = Counter(given)
    most = max(counts.values(), default=0)
    best = [name for name, count in counts.items() if count == most]
    return bound if bound in best or not best else min(best)


def _fitted(tree: ast.Module | None) -> str:
    """The variable that `fit` is called on, or if that tells nothing, the class of the model."""
    classes: dict[str, str] = {}
    found = ""
    for statement in tree.body if tree is not None else ():
        made = next(
            (
                name
                for node in ast.walk(statement)
                if isinstance(node, ast.Call) and (name := call_name(node))[:1].isupper()
            ),
            "",
        )
        targets = [item.id for item in getattr(statement, "targets", ()) if isinstance(item, ast.Name)]
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and call_name(node) == "fit" and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                name = owner.id if isinstance(owner, ast.Name) else next(iter(targets), "")
                found = classes.get(name, made) if not name or GENERIC.match(name) else name
        classes.update(dict.fromkeys(targets, made) if made else {})
    return found


def _bound_last(tree: ast.Module | None) -> str:
    names = [
        node.id
        for statement in (tree.body if tree is not None else ())
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and isinstance(statement, ast.Assign)
        if node.id not in words().no_subject
    ]
    return names[-1] if names else ""


def _comment(source: str) -> str:
    """The text of a comment in the cell's first line, if it is one for people: short, and no code that was cut out."""
    lines = source.strip().splitlines()
    if not lines or not lines[0].startswith("#") or (len(lines) > 1 and lines[1].startswith("#")):
        return ""
    text = lines[0].strip("#-=* \t")
    if not 2 < len(text) <= 60 or text.startswith(("nb2pipe", "%", "!")) or any(mark in text for mark in "=()[]{};"):
        return ""
    return text
