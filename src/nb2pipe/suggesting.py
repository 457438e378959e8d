"""A notebook without steps in, steps for it out: what is sound, with a reason for each. Nothing is executed.

The first look takes each cell as a step of its own, so that all that passes between cells is known. From that a
draft is made (`suggest`). Then the notebook is analysed with the draft's tags: where a cut makes a problem that the
notebook without steps does not have, the steps on its sides become one, and the suggestion says so.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from nb2pipe import analysis, graph, notebook, suggest
from nb2pipe.analyzing import Analyzed, Given, Source, analyze_here, within_bounds
from nb2pipe.bounded import Tell
from nb2pipe.config import Limits
from nb2pipe.errors import BadInput
from nb2pipe.learned import Lessons
from nb2pipe.model import Cell, Diagnostic, Location, Notebook, Parameter, Pipeline, Role, Severity
from nb2pipe.records import dataclass
from nb2pipe.suggest import Draft, Facts, Part

MOST_LOOKS = 40
"""How often a notebook is analysed for one suggestion, at most."""

_AROUND = ("%%time", "%%timeit", "%%capture", "%%prun")
_ONE_STEP = "step:part"
_SHORT_LIST, _SHORT_TEXT = 12, 200  # a longer literal is data, no parameter


@dataclass(frozen=True)
class Suggested:
    """Cells that get one tag, on the first of them: a step, or cells of another role (no name).

    `gives`: what later steps read of it; `inside`: how many other variables it has; `needs`: the steps that it waits
    for; `beside`: those that may run at the same time. Steps go by their names.
    """

    role: Role
    tag: str
    cells: tuple[int, ...]
    name: str = ""
    reasons: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    inside: int = 0
    needs: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suggestion:
    """Steps for the notebook with this digest. `tags`: all tags of each cell whose tags would change.

    `analyzed` is the notebook with these tags. `remarks` say where cuts were given up, and why.
    """

    digest: str
    parts: tuple[Suggested, ...]
    tags: Mapping[int, tuple[str, ...]]
    analyzed: Analyzed
    remarks: tuple[str, ...] = ()


def suggest_steps(
    source: Source,
    *,
    again: bool = False,
    limits: Limits | None = None,
    folder: Path | None = None,
    lessons: Lessons | None = None,
) -> Suggestion:
    """Steps for a notebook that has none; with `again`, in place of those that it has. The rest is as in `analyze`.

    Raises BadInput (N2P161) for a notebook whose cells are tagged already, unless `again`; else as `analyze` does.
    """
    limits = limits or Limits.from_environment()
    return _Suggesting(source, limits, Given(folder, lessons or {}), again=again).finish()


# --- the first look -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Look:
    """The notebook as it is, and what is known of its cells."""

    notebook: Notebook
    facts: Facts


def first_look(source: Source, limits: Limits, given: Given, tell: Tell = lambda _: None) -> _Look:
    """Each cell as a step: what passes between them. In this process, with no bounds."""
    found = notebook.load(source, limits)
    apart = {cell.index: _alone(cell) for cell in found.cells}
    looked = analyze_here(source, limits, replace(given, tags=apart), tell)
    trees = {cell.index: tree for cell in found.cells if (tree := _tree(cell.source)) is not None}
    types = {(row.cell, row.names[0]): row.type for row in looked.crossings if row.how == "value"}
    fixed = [
        cell.index for cell in found.cells if Role.PARAMETERS in notebook.roles_of(cell.tags) and not _skipped(cell)
    ]
    pipeline = looked.pipeline or Pipeline(found.path, found.digest, found.kernel, ())
    possible = {cell: _names(tree) for cell, tree in trees.items()}
    facts = suggest.facts_of(found, pipeline, trees, types, possible, fixed, _stuck(looked))
    return _Look(found, facts)


def _tree(source: str) -> ast.Module | None:
    """The cell's tree; below a magic that only times or keeps what runs (`%%time`), that of the code below it."""
    first, newline, rest = source.lstrip().partition("\n")
    words = first.split(None, 1)
    if newline and words and words[0] in _AROUND:
        source = f"\n{rest}"
    tree = analysis.parse_cell(source)
    return tree if isinstance(tree, ast.Module) else None


def _stuck(looked: Analyzed) -> list[tuple[int, str]]:
    """The values that can't leave their process, each with the cell that makes it."""
    places = [item.location for item in looked.diagnostics if item.code == "N2P403"]
    return sorted({(at.cell, at.variable) for at in places if at.cell is not None and at.variable is not None})


def _alone(cell: Cell) -> tuple[str, ...]:
    kept = [tag for tag in notebook.without_splits(cell.tags) if Role.METRICS not in notebook.roles_of([tag])]
    if notebook.roles_of(kept) & {Role.SKIP, Role.PARAMETERS}:
        return tuple(kept)
    return (*kept, f"step:c{cell.index}")


def _skipped(cell: Cell) -> bool:
    return Role.SKIP in notebook.roles_of(cell.tags)


def _names(tree: ast.Module) -> tuple[str, ...]:
    """The names that the cell gives constants, if it does nothing else, and they are such as one sets for a run."""
    found = analysis.parameters_of(0, tree)
    by_name = {item.name: item for item in found}
    if not found or not all(analysis.is_parameter(statement, by_name) for statement in tree.body):
        return ()
    return tuple(by_name) if all(_settable(item) for item in found) else ()


def _settable(item: Parameter) -> bool:
    value = item.default
    if len(repr(value)) > _SHORT_TEXT:
        return False
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return len(value) <= _SHORT_LIST and not any(isinstance(part, list | tuple | Mapping) for part in value)
    return True


# --- from draft to suggestion ---------------------------------------------------------------------------------------

_Problem: TypeAlias = tuple[str, str]


class _Suggesting:
    """One notebook's suggestion. Cuts are only ever given up, so that it ends."""

    def __init__(self, source: Source, limits: Limits, given: Given, *, again: bool) -> None:
        self.source = source
        self.limits = limits
        self.given = given
        self.look = within_bounds(first_look, source, limits, given)
        self.cells = self.look.notebook.cells
        if not again:
            _refuse_tagged(self.look.notebook)
        self.bare = {cell.index: notebook.without_splits(cell.tags) for cell in self.cells}
        self.looks = 1
        self.joined: frozenset[int] = frozenset()
        self.plain: frozenset[int] = frozenset()
        self.left: set[_Problem] = set()
        self.remarks: list[str] = []

    def finish(self) -> Suggestion:
        """The suggestion: the draft, without the cuts that make problems."""
        self.known = {_problem(item) for item in self._analyze(self._whole()).diagnostics}
        draft, found = self._drafted(self.joined)
        while True:
            problem = self._first_fresh(found)
            if problem is None:
                break
            if self.looks >= MOST_LOOKS or not self._mend(problem, draft):
                if problem.severity is not Severity.ERROR:
                    self.left.add(_problem(problem))
                    continue
                return self._none(problem)
            draft, found = self._drafted(self.joined)
        return self._told(draft, found)

    def _whole(self) -> dict[int, tuple[str, ...]]:
        """Tags that make all cells one step; where the author's parameters stand in between, a new one begins."""
        found: dict[int, tuple[str, ...]] = {}
        number = 1
        for cell, kept in self.bare.items():
            roles = notebook.roles_of(kept)
            number += Role.PARAMETERS in roles
            found[cell] = kept if roles & {Role.SKIP, Role.PARAMETERS} else (f"{_ONE_STEP}{number}", *kept)
        return found

    def _analyze(self, tags: Mapping[int, tuple[str, ...]]) -> Analyzed:
        self.looks += 1
        return within_bounds(analyze_here, self.source, self.limits, replace(self.given, tags=tags))

    def _drafted(self, joined: frozenset[int]) -> tuple[Draft, Analyzed]:
        draft = suggest.draft(self.look.facts, joined, self.plain)
        return draft, self._analyze(self._tags(draft))

    def _tags(self, draft: Draft) -> dict[int, tuple[str, ...]]:
        found: dict[int, tuple[str, ...]] = {}
        owner = {cell: part for part in draft.steps for cell in part.cells}
        for cell, kept in self.bare.items():
            tag = draft.tags.get(cell)
            if tag is None and Role.METRICS in notebook.roles_of(kept) and cell in owner:
                tag = owner[cell].tag  # `metrics` alone would begin a step of its own
            found[cell] = (tag, *kept) if tag is not None else kept
        return found

    def _first_fresh(self, found: Analyzed) -> Diagnostic | None:
        """The worst problem that the cuts have made."""
        fresh = [
            item
            for item in found.diagnostics
            if item.severity is not Severity.NOTE and _problem(item) not in self.known | self.left
        ]
        fresh += [item for item in found.diagnostics if item.code == "N2P309" and item.location.cell not in self.plain]
        return min(fresh, key=lambda item: list(Severity).index(item.severity), default=None)

    def _mend(self, problem: Diagnostic, draft: Draft) -> bool:
        """Give up what makes the problem: a cell's role, or cuts. False if nothing helps."""
        cell = problem.location.cell
        if cell is not None and any(cell in part.cells and part.role is not Role.STEP for part in draft.parts):
            if cell in self.plain:
                return False
            self.plain |= {cell}
            return True
        runs = draft.runs
        here = next((place for place, part in enumerate(draft.steps) if cell in part.cells), None)
        if here is None:
            here = 0 if problem.severity is Severity.ERROR else None
        if here is None:
            return False
        span = self._span(_problem(problem), runs, here)
        if span is None:
            return False
        first, last = span
        if problem.severity is not Severity.ERROR and len(runs) - (last - first) < max(2, len(runs) // 2):
            return False  # a warning is no reason to give up most of the steps
        names = [f"`{part.name}`" for part in draft.steps[first : last + 1]]
        self.remarks.append(
            f"{', '.join(names[:-1])} and {names[-1]} were made one step: apart, {problem.code} {problem.message}"
        )
        self.joined |= _inside(runs[first : last + 1])
        return True

    def _span(self, problem: _Problem, runs: Sequence[tuple[int, ...]], here: int) -> tuple[int, int] | None:
        """The first and the last of the fewest neighbouring steps that have to be one."""
        last = len(runs) - 1
        if here < last and self._gone(problem, runs[here:]):
            return here, here + _fewest(last - here, lambda count: self._gone(problem, runs[here : here + count + 1]))
        if here and self._gone(problem, runs[: here + 1]):
            return here - _fewest(here, lambda count: self._gone(problem, runs[here - count : here + 1])), here
        return (0, last) if last and self._gone(problem, runs) else None

    def _gone(self, problem: _Problem, runs: Sequence[tuple[int, ...]]) -> bool:
        if self.looks >= MOST_LOOKS:
            return False
        _, found = self._drafted(self.joined | _inside(runs))
        return all(_problem(item) != problem for item in found.diagnostics)

    def _none(self, problem: Diagnostic) -> Suggestion:
        """No steps: the notebook stays as it is."""
        remark = f"no steps are suggested: with them, {problem.code} {problem.message}"
        return Suggestion(
            self.look.notebook.digest, (), self._changed(self.bare), self._analyze(self.bare), (*self.remarks, remark)
        )

    def _told(self, draft: Draft, found: Analyzed) -> Suggestion:
        pipeline = found.pipeline
        parts = tuple(_suggested(part, pipeline) for part in draft.parts)
        fused = [item.message for item in found.diagnostics if item.code == "N2P403"]
        tags = self._changed(self._tags(draft))
        return Suggestion(self.look.notebook.digest, parts, tags, found, (*self.remarks, *fused))

    def _changed(self, tags: Mapping[int, tuple[str, ...]]) -> dict[int, tuple[str, ...]]:
        return {cell.index: tags[cell.index] for cell in self.cells if tags[cell.index] != cell.tags}


def _refuse_tagged(found: Notebook) -> None:
    tagged = [(cell, tag) for cell in found.cells for tag in cell.tags if notebook.splits(tag)]
    if tagged:
        cell, tag = tagged[0]
        raise BadInput.of(
            "N2P161",
            f"the notebook has steps already: cell {cell.number} is tagged `{tag}`",
            at=Location(found.path, cell.index),
            hint="`--again` suggests steps in place of those; `nb2pipe graph` shows them as they are",
        )


def _problem(item: Diagnostic) -> _Problem:
    """What makes two problems one, whatever the steps are: a name is reported once for each step that reads it."""
    where = item.location.variable or f"{item.location.cell}:{item.location.line}"
    return item.code, where


def _inside(runs: Sequence[tuple[int, ...]]) -> frozenset[int]:
    """The cells that a step no longer begins at, if these steps become one."""
    return frozenset([cell for run in runs for cell in run][1:])


def _fewest(most: int, holds: Callable[[int], bool]) -> int:
    """The least count from 1 to `most` that is enough, if `most` is: more never does harm."""
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def _suggested(part: Part, pipeline: Pipeline | None) -> Suggested:
    step = next((item for item in pipeline.steps if part.name and item.name == part.name), None) if pipeline else None
    if step is None or pipeline is None:
        return Suggested(part.role, part.tag, part.cells, part.name, part.reasons)
    names = {item.id: item.name for item in pipeline.steps}
    waits = graph.parents(list(names), [(edge.source, edge.target) for edge in pipeline.edges])
    ordered = graph.ancestors(waits, step.id) | graph.descendants(waits, step.id) | {step.id}
    shared = {item.id for item in pipeline.process_of(step.id)}  # one after the other, whatever the edges say
    given = {need.variable for item in pipeline.steps for need in item.needs if step.id in need.providers}
    return Suggested(
        role=part.role,
        tag=part.tag,
        cells=part.cells,
        name=part.name,
        reasons=part.reasons,
        gives=tuple(sorted(given)),
        inside=len(set(step.outputs) - given),
        needs=tuple(names[item] for item in waits[step.id]),
        beside=tuple(name for item, name in names.items() if item not in ordered | shared),
    )
