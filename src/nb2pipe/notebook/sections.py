"""Cells and their tags in, sections out, with all that is wrong with the tags. Nothing is run and no file is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from nb2pipe.model import After, Cell, Diagnostic, Location, Notebook, Role, Section, Severity
from nb2pipe.notebook.kale import read_kale
from nb2pipe.notebook.names import shown, slug
from nb2pipe.notebook.options import Options, read_options
from nb2pipe.notebook.order import check_after
from nb2pipe.notebook.tags import CellTags, read_tags
from nb2pipe.notebook.values import Setting, build
from nb2pipe.records import dataclass

START = "start"
"""The name of the implicit section before the first tag."""

REPLAYED = (Role.IMPORTS, Role.FUNCTIONS, Role.PARAMETERS)
"""The roles whose cells are no step, but replayed where they are needed."""


def split(notebook: Notebook) -> tuple[tuple[Section, ...], tuple[Diagnostic, ...]]:
    """The notebook's sections in the order of their first cells, and every problem of its tags and options.

    A skipped cell is in no section. A step named again further down keeps one section with all its cells. An
    `after:` or option with a problem is left out, so that later stages can go on and one pass shows everything.
    """
    splitting = _Splitting(notebook)
    for cell in notebook.cells:
        splitting.add(cell)
    return splitting.finish()


def pipeline_name(notebook: Notebook) -> str | None:
    """The name that the notebook's metadata give the pipeline, ours before Kale's; None if they give none."""
    at = Location()
    return read_options(notebook.options, at).name or read_kale(notebook.raw.get("metadata"), at).name


@dataclass
class _Draft:
    """A section while its cells are collected. `name` is empty until it gets one that no step has."""

    name: str
    role: Role
    implicit: bool = False
    id: str = ""
    cells: list[int] = field(default_factory=list)
    after: list[After] = field(default_factory=list)
    settings: list[tuple[Setting, int]] = field(default_factory=list)
    metrics: list[int] = field(default_factory=list)


class _Splitting:
    """One walk over the cells. The section that an untagged cell goes on with is `current`."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.drafts: list[_Draft] = []
        self.steps: dict[str, _Draft] = {}
        self.current: _Draft | None = None
        self.tagged = False
        self.diagnostics: list[Diagnostic] = []

    def add(self, cell: Cell) -> None:
        at = self._at(cell.index)
        tags = read_tags(cell.tags, at)
        self.diagnostics.extend(tags.diagnostics)
        self.tagged = self.tagged or bool(tags.ours)
        if Role.SKIP in tags.roles:
            return
        name, role = self._claim(tags, at)
        draft = self.current = self._draft(name, role)
        draft.cells.append(cell.index)
        if Role.METRICS in tags.roles or draft.role is Role.METRICS:
            draft.metrics.append(cell.index)
        if draft.role in REPLAYED:
            self._refuse_options(tags, draft, at)
            return
        draft.after.extend(After(name, cell.index) for name in tags.after)
        draft.settings.extend((setting, cell.index) for setting in tags.settings)

    def _claim(self, tags: CellTags, at: Location) -> tuple[str, Role | None]:
        """The step's name, and the role; None for a cell that goes on with what is above."""
        others = [role for role in tags.roles if not (tags.steps and role is Role.METRICS)]
        if len(tags.steps) > 1:
            names = " and ".join(f"`step:{shown(name)}`" for name in tags.steps)
            self._report("N2P123", f"one cell can't belong to two steps: {names}", at, "split the cell, or drop a tag")
        if len(others) + bool(tags.steps) > 1:
            words = [*(f"step:{shown(name)}" for name in tags.steps[:1]), *(role.value for role in others)]
            hint = "keep one of them; only `metrics` goes together with `step:`"
            self._report("N2P124", f"the tags {_listed(words)} contradict each other", at, hint)
        if tags.steps:
            return tags.steps[0], Role.STEP
        if tags.nameless and not others:
            hint = "write `step:NAME`, or remove the tag"
            message = "a step tag without a name: the cell goes on with the one above"
            self._report("N2P129", message, at, hint, Severity.NOTE)
        return "", others[0] if others else None

    def _draft(self, name: str, role: Role | None) -> _Draft:
        if role is Role.STEP:
            if name not in self.steps:
                self.steps[name] = self._new(_Draft(name, Role.STEP))
            return self.steps[name]
        if self.current is not None and role in (None, self.current.role):
            return self.current
        return self._new(_Draft("", role or Role.STEP, implicit=True))

    def _new(self, draft: _Draft) -> _Draft:
        self.drafts.append(draft)
        return draft

    def _refuse_options(self, tags: CellTags, draft: _Draft, at: Location) -> None:
        given = [f"after:{name}" for name in tags.after] + [setting.text for setting in tags.settings]
        if given:
            message = f"{_listed(given)} has no effect: a cell of role `{draft.role.value}` is no step"
            hint = "move the tag to a cell of a step, or tag this cell `step:NAME`"
            self._report("N2P126", message, at, hint, Severity.WARNING)

    def finish(self) -> tuple[tuple[Section, ...], tuple[Diagnostic, ...]]:
        here = self._at(None)
        options = read_options(self.notebook.options, here)
        kale = read_kale(self.notebook.raw.get("metadata"), here)
        self.diagnostics += [*options.diagnostics, *kale.diagnostics]
        self._name_the_rest()
        self._check_ids()
        after, problems = check_after({draft.name: draft.after for draft in self.drafts if not self._replayed(draft)})
        self.diagnostics += [self._located(problem) for problem in problems]
        self._check_known(options)
        defaults = (*kale.defaults, *options.defaults)
        sections = tuple(
            Section(
                name=draft.name,
                id=draft.id,
                role=draft.role,
                cells=tuple(draft.cells),
                after=after.get(draft.name, ()),
                options=build((*defaults, *self._own(draft, options))),
                metrics_cells=tuple(draft.metrics),
                implicit=draft.implicit,
            )
            for draft in self.drafts
        )
        self._check_cells()
        self._check_markdown()
        return sections, tuple(sorted(self.diagnostics, key=_place))

    def _name_the_rest(self) -> None:
        """Names for sections that no tag names: the role's, with a number where it is taken."""
        taken = {slug(name) for name in self.steps}
        counts: dict[str, int] = {}
        for draft in self.drafts:
            if not draft.implicit:
                draft.id = slug(draft.name)
                continue
            base = START if draft.role is Role.STEP else draft.role.value
            name = base
            while not draft.name:
                counts[base] = counts.get(base, 0) + 1
                name = base if counts[base] == 1 else f"{base}-{counts[base]}"
                if name not in taken:
                    draft.name = draft.id = name
                    taken.add(name)

    def _check_ids(self) -> None:
        ids: dict[str, _Draft] = {}
        alike: dict[str, _Draft] = {}
        for draft in self.drafts:
            at = self._at(draft.cells[0], draft.id)
            other = ids.setdefault(draft.id, draft)
            if other is not draft:
                message = (
                    f"the steps `{draft.name}` and `{other.name}` (cell {other.cells[0] + 1}) get the same id "
                    f"`{draft.id}`"
                )
                self._report("N2P125", message, at, "rename one of them")
            if draft.implicit:
                continue
            other = alike.setdefault(draft.name.casefold().replace("-", "_"), draft)
            if other is not draft:
                message = f"`{draft.name}` and `{other.name}` (cell {other.cells[0] + 1}) are two steps"
                hint = "write the name alike if they are one step; else choose names that differ more"
                self._report("N2P134", message, at, hint, Severity.WARNING)

    def _own(self, draft: _Draft, options: Options) -> list[Setting]:
        """The step's own settings, from metadata and tags; one that contradicts an earlier one is reported."""
        found: dict[tuple[str, str], tuple[Setting, str]] = {}
        given: Iterable[tuple[Setting, int | None]] = (
            *((setting, None) for setting in options.steps.get(draft.name, ())),
            *draft.settings,
        )
        for setting, cell in given:
            # A variable has one value, be it written out or a secret.
            slot = ("env", setting.key) if setting.field == "secrets" else setting.slot
            place = "the notebook's metadata" if cell is None else f"cell {cell + 1}"
            earlier, where = found.setdefault(slot, (setting, place))
            if earlier.value != setting.value:
                message = (
                    f"step `{draft.name}` gets `{shown(setting.text)}` here and `{shown(earlier.text)}` in {where}"
                )
                self._report("N2P127", message, self._at(cell, draft.id), "keep one of them")
        return [setting for setting, _ in found.values()]

    def _check_known(self, options: Options) -> None:
        known = {draft.name for draft in self.drafts}
        for name in options.steps:
            if name not in known:
                message = f"`metadata.nb2pipe.steps` has options for `{shown(name)}`, but no step has that name"
                hint = "rename or remove the entry in the notebook's metadata"
                self._report("N2P141", message, self._at(None), hint, Severity.WARNING)

    def _check_cells(self) -> None:
        kept = {index for draft in self.drafts for index in draft.cells}
        code = [cell.index for cell in self.notebook.cells if cell.source.strip()]
        if not code:
            hint = "write code into a cell, or give another notebook"
            self._report("N2P112", "the notebook has no code", self._at(None), hint)
        elif not kept.intersection(code):
            hint = "remove the tag `skip` from the cells to run"
            self._report("N2P112", "every cell with code is skipped", self._at(None), hint)
        elif not self.tagged:
            message = f"no cell has a tag, so that the whole notebook is one step, `{START}`"
            hint = "tag the first cell of each step `step:NAME`"
            self._report("N2P113", message, self._at(None), hint, Severity.NOTE)

    def _check_markdown(self) -> None:
        """Warn of our tags on cells without code: they were perhaps meant for the cell below."""
        cells = self.notebook.raw.get("cells")
        for position, raw in enumerate(cells if isinstance(cells, Sequence) else ()):
            metadata = raw.get("metadata") if isinstance(raw, Mapping) and raw.get("cell_type") != "code" else None
            tags = metadata.get("tags") if isinstance(metadata, Mapping) else None
            if not isinstance(tags, list | tuple):
                continue
            found = read_tags([tag for tag in tags if isinstance(tag, str)], self._at(None))
            ours = [tag for tag in found.ours if Role.SKIP not in read_tags([tag], self._at(None)).roles]
            if ours:
                message = f"{_listed(ours)} on cell {position + 1} of the file has no effect: it is no code cell"
                self._report("N2P128", message, self._at(None), "tag the code cell", Severity.WARNING)

    def _replayed(self, draft: _Draft) -> bool:
        return draft.role in REPLAYED

    def _at(self, cell: int | None, step: str | None = None) -> Location:
        return Location(notebook=self.notebook.path, cell=cell, step=step)

    def _located(self, problem: Diagnostic) -> Diagnostic:
        """A problem of `order`, which knows cells and no notebook."""
        return Diagnostic(
            problem.code, problem.severity, problem.message, self._at(problem.location.cell), problem.hint
        )

    def _report(self, code: str, message: str, at: Location, hint: str, severity: Severity = Severity.ERROR) -> None:
        self.diagnostics.append(Diagnostic(code, severity, message, at, hint))


def _listed(words: Sequence[str]) -> str:
    return " and ".join(f"`{shown(word)}`" for word in words[:5]) + (" ..." if len(words) > 5 else "")


def _place(problem: Diagnostic) -> int:
    return -1 if problem.location.cell is None else problem.location.cell
