"""A notebook and its sections in, what each cell does to names out, with definitions, parameters and metrics."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import field, replace
from pathlib import Path

from nb2pipe.analysis import acting, carried, definitions, directives, formulas, modules, recall, staying
from nb2pipe.analysis.halfway import Halfway, Parsed
from nb2pipe.analysis.heap import Value
from nb2pipe.analysis.ipython import Problem
from nb2pipe.analysis.memoised import memoised
from nb2pipe.analysis.metrics import metrics_of
from nb2pipe.analysis.names import UNIT
from nb2pipe.analysis.parameters import is_parameter, parameters_of
from nb2pipe.analysis.remade import remade
from nb2pipe.analysis.scopes import bound_names
from nb2pipe.analysis.state import Share, State
from nb2pipe.analysis.taught import counting, lesson_of, note, taught
from nb2pipe.analysis.told import applied
from nb2pipe.analysis.uncarried import Uncarried
from nb2pipe.analysis.walk import Walker
from nb2pipe.bounded import Copies
from nb2pipe.learned import Lessons
from nb2pipe.model import (
    At,
    Definition,
    Diagnostic,
    Location,
    Metric,
    Names,
    Notebook,
    Parameter,
    ParameterType,
    Role,
    Section,
    Severity,
    Unmovable,
)
from nb2pipe.records import dataclass

TOGETHER = -2
"""Told in place of a cell once each has been looked at."""


@dataclass(frozen=True)
class Analysis:
    """What the notebook's cells do. `trees` and `names` have one entry per cell.

    `varied`: place and generator to what draws from it, with another result each time.
    `replayed` holds the lines (cell, line) that definitions and parameters cover; `star_at`: from there on any
    name may be that of a star import; `always`: definitions (ids) that each later step replays; `bound_in` and
    `skipped` tell for each name the cells that bind it, kept or not; `of_modules`: variables that are state of a module
    of the user's which changes; `stuck`: state that only its own process has;
    `beside`: the files beside the notebook that were looked for.
    """

    trees: tuple[ast.Module | None, ...]
    names: tuple[Names, ...]
    definitions: tuple[Definition, ...]
    parameters: tuple[Parameter, ...]
    metrics: tuple[Metric, ...]
    diagnostics: tuple[Diagnostic, ...]
    steps: frozenset[str] = frozenset()
    always: frozenset[str] = frozenset()
    star_at: At | None = None
    bound_in: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    memoised: Mapping[str, str] = field(default_factory=dict)
    varied: Mapping[tuple[At, str], str] = field(default_factory=dict)
    shares: tuple[Share, ...] = ()
    stuck: tuple[Unmovable, ...] = ()
    of_modules: Mapping[str, str] = field(default_factory=dict)
    beside: tuple[str, ...] = ()


def summarise(
    notebook: Notebook,
    sections: Sequence[Section],
    tell: Callable[[int], None] = lambda _: None,
    lessons: Lessons | None = None,
    beside: Path | None = None,
    copies: Copies | None = None,
) -> Analysis:
    """Walk all cells that belong to a section, in notebook order. Nothing is executed.

    `tell` is called with each cell before it is looked at, and with TOGETHER after the last. `lessons`: what runs of
    the cells have shown. `beside`: where the notebook's own Python files are. `copies`: of earlier walks, where this
    one may go on.
    """
    return _Summary(notebook, sections, lessons or {}, beside, copies).finish(tell)


def covered(found: Sequence[Definition]) -> set[tuple[int, int]]:
    """The lines (cell, line) of definitions."""
    return {(item.at.cell, line) for item in found for line in range(item.at.line, item.end_line + 1)}


class _Summary:
    """One pass over a notebook."""

    def __init__(
        self,
        notebook: Notebook,
        sections: Sequence[Section],
        lessons: Lessons,
        beside: Path | None,
        copies: Copies | None,
    ) -> None:
        self.lessons = lessons
        self.copies = copies
        self.notebook = notebook
        self.sections = sections
        self.section_of = {cell: section for section in sections for cell in section.cells}
        self.trees: dict[int, ast.Module] = {}
        self.statements: dict[int, list[definitions.Statement]] = {}
        self.skipped: dict[str, int] = {}
        self.parameters: dict[str, Parameter] = {}
        self.names: dict[int, Names] = {}
        self.diagnostics: list[Diagnostic] = []
        self.of_walk: list[Diagnostic] = []
        self.stuck: list[Unmovable] = []
        self.walker = Walker()
        self.walker.stands_beside(beside)
        self.environment = [item for section in sections for item in section.options.env]
        for name, value in self.environment:
            staying.environment(self.walker.state, name, value)
        self.walker.history.numbered = recall.numbers(notebook.cells)

    def finish(self, tell: Callable[[int], None]) -> Analysis:
        """All of it."""
        earlier = self.copies.kept if self.copies is not None else None
        halfway = earlier if isinstance(earlier, Halfway) else None
        parsed = Parsed(halfway)
        for cell in self.notebook.cells:
            tell(cell.index)
            self._parse(cell.index, parsed)
        begin = self._go_on(halfway) if halfway is not None else 0
        for index in sorted(self.trees):
            if index >= begin:
                self._stay(self.notebook.cells[index].position, index)
                tell(index)
                self._walk(index)
        self._stay(sys.maxsize, len(self.notebook.cells))
        self.diagnostics += self.of_walk
        tell(TOGETHER)
        self.statements = {cell: definitions.statements_of(cell, tree) for cell, tree in self.trees.items()}
        state = self.walker.state
        self._touch_shared(state)
        self._add_lessons(state)
        readers = self._readers()
        uncarried = Uncarried(state, self.trees, self.section_of, readers, self.names)
        self.stuck += [*uncarried.registered(), *staying.figures(state.staying, self.section_of)]
        self.stuck += acting.stuck(state, self.section_of)
        self.stuck += formulas.stuck(state, self.section_of)
        self.stuck += modules.stuck(self.walker.modules.uses, self.section_of)
        self.stuck += modules.taught(self._taught_modules(state), self.section_of)
        walked = definitions.Walked(
            state, self.statements, readers, frozenset(self.parameters), remade(tuple(self.trees.values()))
        )
        found, always = definitions.find(self.notebook, self.sections, walked)
        while (late := carried.late(state, covered(found), self.section_of)) - walked.late:
            walked = replace(walked, late=late | walked.late)
            found, always = definitions.find(self.notebook, self.sections, walked)
        steps = self._steps(found)
        uncarried.find(covered(found))
        self.stuck += uncarried.stuck
        for message, at, fix, severity in uncarried.told:
            self._report("N2P310", message, at.cell, at.line, fix, severity)
        self.names = carried.with_readers(self.names, state)
        metrics = tuple(metric for section in self.sections for metric in metrics_of(section.metrics_cells, self.trees))
        return Analysis(
            trees=tuple(self.trees.get(cell.index) for cell in self.notebook.cells),
            names=tuple(self.names.get(cell.index, UNIT) for cell in self.notebook.cells),
            definitions=found,
            parameters=tuple(self.parameters.values()),
            metrics=metrics,
            diagnostics=(
                *self.diagnostics,
                *self._located(state),
                *recall.check(self.walker.history, self.notebook, self.sections, self.names),
            ),
            steps=steps,
            always=always,
            star_at=state.star_at,
            bound_in={
                name: tuple(sorted({at.cell for at in places})) for name, places in sorted(state.bound_at.items())
            },
            skipped=dict(sorted(self.skipped.items())),
            memoised=memoised(self.trees.values(), self._changing(state)),
            varied=dict(sorted(state.varied.items())),
            shares=tuple(state.shares),
            of_modules=self.walker.modules.uses.changing,
            stuck=tuple(item for item in self.stuck if {item.provider, item.reader} <= steps),
            beside=tuple(sorted(self.walker.beside.looked_for)),
        )

    def _stay(self, place: int, cell: int) -> None:
        if self.copies is not None:
            self.copies.stay(place, self._halfway(cell))

    def _halfway(self, cell: int) -> Halfway:
        return Halfway(
            cell,
            self.notebook,
            self.section_of,
            self.trees,
            self.parameters,
            self.environment,
            self.walker,
            self.names,
            self.of_walk,
        )

    def _go_on(self, halfway: Halfway) -> int:
        """Take over the walk of an earlier version, if that led to where this one's would. The cell to go on with."""
        if not halfway.leads_to(self._halfway(0)):
            return 0
        numbered = self.walker.history.numbered
        self.walker, self.names, self.of_walk = halfway.walker, halfway.names, halfway.diagnostics
        self.walker.history.numbered = numbered
        return halfway.cell

    def _add_lessons(self, state: State) -> None:
        """What runs have seen of a cell is added to what its code shows."""
        libraries = {library for lesson in self.lessons.values() for library in lesson.counters}
        for index, seen in state.staying.packages.items() if libraries else ():
            if index in self.names:
                self.names[index] = counting(self.names[index], index, sorted(libraries & seen))
        for index, names in self.names.items():
            lesson = lesson_of(self.notebook, index, self.lessons)
            if lesson is not None:
                self.names[index] = taught(names, index, lesson)
                for name in (*lesson.updates, *lesson.binds, *lesson.deletes):
                    state.ever_updated.setdefault(name, At(index))  # what changes is not replayed
                self.diagnostics += note(self.notebook, index, self._step(index), lesson)

    def _taught_modules(self, state: State) -> dict[str, set[int]]:
        """The user's modules that, as runs have shown, steps change: all cells that use them from there on."""
        found: dict[str, set[int]] = {}
        for index in self.names:
            lesson = lesson_of(self.notebook, index, self.lessons)
            for module in lesson.modules if lesson is not None else ():
                found.setdefault(module, set()).add(index)
        for module, cells in found.items():
            first = min(cells)
            cells.update(cell for cell in staying.users(state.staying, module) if cell > first)
        return found

    def _readers(self) -> dict[str, frozenset[int]]:
        """For each name the cells that read it, perhaps, before they bind it."""
        found: dict[str, set[int]] = {}
        for cell, names in self.names.items():
            for name in (*names.needs, *names.soft):
                found.setdefault(name, set()).add(cell)
        return {name: frozenset(cells) for name, cells in found.items()}

    def _changing(self, state: State) -> frozenset[str]:
        """Names that may be bound to more than one value, or whose value may change."""
        rebound = {name for name, places in state.bound_at.items() if len(set(places)) > 1}
        return frozenset(rebound | state.ever_updated.keys() | state.ever_deleted.keys())

    def _parse(self, index: int, parsed: Parsed) -> None:
        found = parsed.tree(index, self.notebook.cells[index].source)
        section = self.section_of.get(index)
        if section is None:
            if isinstance(found, ast.Module):
                for name in bound_names(found.body):
                    self.skipped.setdefault(name, index)
        elif isinstance(found, Problem):
            self._report(
                "N2P203", found.message, index, found.line, found.hint or "run the cell in Jupyter to see more"
            )
        else:
            self.trees[index] = found
            if section.role is Role.PARAMETERS:
                for parameter in parameters_of(index, found, tuple(self.parameters.values())):
                    self._add_parameter(parameter)

    def _add_parameter(self, parameter: Parameter) -> None:
        earlier = self.parameters.pop(parameter.name, None)
        if earlier is not None:
            message = (
                f"parameter `{parameter.name}` is given here anew: its value of cell {earlier.at.cell + 1} is gone"
            )
            self._report("N2P205", message, parameter.at.cell, parameter.at.line, "keep one of them", Severity.NOTE)
        self.parameters[parameter.name] = parameter

    def _walk(self, index: int) -> None:
        walker = self.walker
        walker.open_cell(index)
        tree = self.trees[index]
        may_raise = self.notebook.cells[index].may_raise
        try:
            if may_raise:
                with walker.maybe(), self._told(index, tree):
                    walker.run_tree(tree)
            else:
                with self._told(index, tree):
                    walker.run_tree(tree)
        except RecursionError:
            walker.reset()
            self.of_walk.append(
                self._diagnostic(
                    "N2P203", "the code is nested too deeply to be understood", index, 1, "split the expression"
                )
            )
        walker.history.note(self.notebook.cells[index], tree, walker.last)
        if self.section_of[index].role is Role.PARAMETERS:
            self._forget_literals(index)
        self.names[index] = walker.state.close_cell(may_raise=may_raise)

    def _told(self, index: int, tree: ast.Module) -> AbstractContextManager[None]:
        """What the cell's metadata tell holds for all that runs inside."""
        told, wrong = directives.of_cell(self.notebook.cells[index].told)
        for message, hint in wrong:
            self.of_walk.append(self._diagnostic("N2P230", message, index, 1, hint))
        if told.effects:  # then none of its statements is only replayed
            self.walker.state.told.update(At(index, directives.first_line(item)) for item in tree.body)
            self.walker.state.told.update(At(index, item.lineno) for item in tree.body)
        return applied(self.walker, told)

    def _forget_literals(self, index: int) -> None:
        """A parameter's value may be another one in a run: no path is folded from it, and it may be a list."""
        state = self.walker.state
        for name, parameter in self.parameters.items():
            if parameter.at.cell != index:
                continue
            old = state.names.get(name, Value())
            plain = parameter.type not in (ParameterType.LIST, ParameterType.DICT, ParameterType.NONE)
            if old.objects or plain:
                state.names[name] = Value(old.objects)
            else:
                state.names[name] = self.walker.heap.value("list")
                state.note_name(name, state.names[name])

    def _touch_shared(self, state: State) -> None:
        """Names that share an object which a later step changes are stored by one step, all together."""
        last = self._last_changes(state)
        for share in state.shares:
            touched = self._stored_together(share, last)
            if touched:
                names = self.names[share.at.cell]
                places = dict.fromkeys(touched, share.at)
                soft = {name: at for name, at in places.items() if name not in names.settled}
                self.names[share.at.cell] = replace(
                    names,
                    updates=dict(sorted({**places, **names.updates}.items())),
                    soft=dict(sorted({**soft, **names.soft}.items())),
                )

    def _last_changes(self, state: State) -> dict[int, tuple[int, str, int]]:
        """object -> the last cell that may change it, that cell's section, and the last one of any other section."""
        found: dict[int, tuple[int, str, int]] = {}
        for number, cells in state.changed_in.items():
            last = max(cells)
            section = self.section_of[last].id
            found[number] = last, section, max((c for c in cells if self.section_of[c].id != section), default=-1)
        return found

    def _stored_together(self, share: Share, last: Mapping[int, tuple[int, str, int]]) -> set[str]:
        """The cell's names that share with others what changes later, and those others: all to be stored together.

        One that the cell only may have bound is among them: where it did not, the step must have the old one.
        """
        here = self.section_of[share.at.cell].id
        changed: set[int] = set()  # by a later cell of another step
        for number in frozenset().union(*share.reach.values()) & last.keys():
            latest, section, other = last[number]
            if (latest if section != here else other) > share.at.cell:
                changed.add(number)
        holders: dict[int, list[str]] = {}
        for name, objects in share.reach.items():
            for number in objects & changed:
                holders.setdefault(number, []).append(name)
        sharing = {name for names in holders.values() if len(names) > 1 for name in names}
        reached = share.stored & sharing
        waiting = sorted(reached)
        while waiting:
            name = waiting.pop()
            for number in share.reach[name] & holders.keys():
                fresh = set(holders.pop(number)) - reached  # all of its holders are reached now
                reached |= fresh
                waiting.extend(sorted(fresh))
        return set(reached)

    def _steps(self, found: Sequence[Definition]) -> frozenset[str]:
        """The sections that are steps: the tagged ones, and those that hold what can't be replayed."""
        lines = covered(found)
        steps: set[str] = set()
        for section in self.sections:
            rest = [item for cell in section.cells for item in self._rest(cell, lines)]
            if section.role is Role.PARAMETERS:
                for item in rest:
                    self._refuse_parameter(item)
            elif section.role is Role.METRICS or (section.role is Role.STEP and not section.implicit):
                steps.add(section.id)
            elif rest or any(cell not in self.trees for cell in section.cells):
                steps.add(section.id)
                if section.role is not Role.STEP and rest:
                    self._say_step(section, rest[0])
        return frozenset(steps)

    def _rest(self, cell: int, lines: set[tuple[int, int]]) -> list[definitions.Statement]:
        """The statements of a cell that neither a definition nor a parameter covers."""
        if cell not in self.trees:
            return []
        parameters = self.section_of[cell].role is Role.PARAMETERS
        return [
            item
            for item in self.statements[cell]
            if (cell, item.start) not in lines
            and not isinstance(item.node, ast.Pass)
            and not (isinstance(item.node, ast.Expr) and isinstance(item.node.value, ast.Constant))
            and not (parameters and is_parameter(item.node, self.parameters))
        ]

    def _refuse_parameter(self, item: definitions.Statement) -> None:
        message = "a cell of parameters may only hold constants, and values computed from parameters above"
        hint = "move this line to a cell of its own, below"
        self._report("N2P210", message, item.cell, item.start, hint)

    def _say_step(self, section: Section, item: definitions.Statement) -> None:
        first = "".join(self.notebook.cells[item.cell].source.split("\n")[item.start - 1 : item.start]).strip()
        shown = first if len(first) <= 40 and item.start == item.end else f"{first[:40]} ..."
        message = f"the `{section.role.value}` cell runs once, as step `{section.name}`: `{shown}` can't be repeated"
        hint = "keep imports, functions and constants there, and move the rest to a step"
        self._report("N2P309", message, item.cell, item.start, hint, Severity.NOTE)

    def _located(self, state: State) -> list[Diagnostic]:
        return [
            replace(
                item, location=replace(item.location, notebook=self.notebook.path, step=self._step(item.location.cell))
            )
            for item in state.diagnostics.values()
        ]

    def _step(self, cell: int | None) -> str | None:
        section = self.section_of.get(cell) if cell is not None else None
        return section.id if section else None

    def _report(
        self, code: str, message: str, cell: int, line: int, hint: str, severity: Severity = Severity.ERROR
    ) -> None:
        self.diagnostics.append(self._diagnostic(code, message, cell, line, hint, severity))

    def _diagnostic(
        self, code: str, message: str, cell: int, line: int, hint: str, severity: Severity = Severity.ERROR
    ) -> Diagnostic:
        place = Location(notebook=self.notebook.path, cell=cell, line=line, step=self._step(cell))
        return Diagnostic(code, severity, message, place, hint)
