"""Sections and what their cells do in, the pipeline and every problem of names and order out."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from nb2pipe.analysis import tracebacks
from nb2pipe.analysis.builtin_names import quick_builtins
from nb2pipe.analysis.names import compose
from nb2pipe.analysis.orders import Orders
from nb2pipe.analysis.providers import Found, History
from nb2pipe.analysis.splits import check_splits
from nb2pipe.analysis.suggest import closest
from nb2pipe.analysis.summary import Analysis
from nb2pipe.model import (
    At,
    Definition,
    Diagnostic,
    Location,
    Names,
    Need,
    Notebook,
    Order,
    OrderKind,
    Pipeline,
    Section,
    Severity,
    Step,
)

_WORD = re.compile(r"\w+")


def link(
    notebook: Notebook, sections: Sequence[Section], analysis: Analysis, seeded: Collection[str] = ()
) -> tuple[Pipeline, tuple[Diagnostic, ...]]:
    """Connect each use of a name to the last step that defined or changed it.

    Order is notebook order, so a step never reads from a later one. A change in place counts as a definition. All
    problems are returned; a pipeline with errors among them must not run. `seeded`: generators of random numbers that
    begin at a known place without the notebook's doing (`python`, `numpy`).
    """
    return _Linking(notebook, sections, analysis, seeded).finish()


class _Linking:
    """One pass over the steps."""

    def __init__(
        self, notebook: Notebook, sections: Sequence[Section], analysis: Analysis, seeded: Collection[str]
    ) -> None:
        self.notebook = notebook
        self.analysis = analysis
        self.sections = [section for section in sections if section.id in analysis.steps]
        self.all_sections = sections
        self.by_id = {item.id: item for item in analysis.definitions}
        self.always = [item for item in analysis.definitions if item.id in analysis.always]
        self.place = {item.id: position for position, item in enumerate(analysis.definitions)}
        self.defining: dict[str, list[Definition]] = {}
        for item in analysis.definitions:
            for name in item.names:
                self.defining.setdefault(name, []).append(item)
        self.parameters = frozenset(parameter.name for parameter in analysis.parameters)
        self.skip = frozenset(self.defining)
        self.history = History()
        self.position = {section.id: number for number, section in enumerate(self.sections)}
        self.diagnostics: list[Diagnostic] = []
        self.seeded = frozenset(seeded).union(
            resource.name for names in analysis.names for resource in names.writes if resource.kind == "seed"
        )
        self.orders = Orders([section.id for section in self.sections], self.seeded)

    def finish(self) -> tuple[Pipeline, tuple[Diagnostic, ...]]:
        """The pipeline and its problems."""
        steps = [self._step(number, section) for number, section in enumerate(self.sections)]
        steps = self._declared(steps)
        self.diagnostics += check_splits(self.notebook, self.all_sections, self.analysis, self.skip, self.seeded)
        self._note_random()
        self._refuse_memoised(steps)
        pipeline = Pipeline(
            notebook=self.notebook.path,
            digest=self.notebook.digest,
            kernel=self.notebook.kernel,
            steps=tuple(steps),
            parameters=self.analysis.parameters,
            definitions=self.analysis.definitions,
            builtins=quick_builtins(
                (cell.source for cell in self.notebook.cells), {*self.analysis.bound_in, *self.parameters}
            ),
            tracebacks=tracebacks.may_look_at(cell.source for cell in self.notebook.cells),
        )
        return pipeline, tuple(self.diagnostics)

    # --- one step -------------------------------------------------------------------------------------------------

    def _step(self, number: int, section: Section) -> Step:
        names = self._names(section)
        needs: list[Need] = []
        parameters: list[str] = []
        wanted: set[str] = set()
        for name in sorted({*names.needs, *names.soft}):
            read = names.needs.get(name) or names.soft[name]
            hard = name in names.needs
            if name in self.defining:
                wanted.update(self._definitions_before(name, section, read, hard=hard))
                continue
            found = self.history.find(name)
            if found.providers and found.written is not None:
                needs.append(Need(name, found.providers, read, found.written, not hard, name in names.updates))
                for provider in found.providers:
                    self.orders.wait(number, self.position[provider])
            if name in self.parameters and not found.settled:
                parameters.append(name)
            elif hard and (found.guessed or not found.providers):
                self._undefined(name, read, section, found)
        outputs = tuple(sorted({*names.binds, *names.updates} - self.skip - self._unavailable(names)))
        self._note_parameters(names, section)
        self.history.add(section.id, names, self.skip, self.parameters)
        return Step(
            name=section.name,
            id=section.id,
            role=section.role,
            cells=tuple(cell for cell in section.cells if self.notebook.cells[cell].source.strip()),
            needs=tuple(needs),
            orders=tuple(self.orders.resources(number, names)),
            outputs=outputs,
            deletes=tuple(sorted(name for name in names.deletes if name not in self.skip)),
            definitions=self._replays(section, wanted),
            parameters=tuple(parameters),
            metrics=tuple(metric for metric in self.analysis.metrics if metric.cell in section.cells),
            writes=tuple(
                sorted(
                    (item for item in names.writes if item.kind != "rng" or item.name in self.seeded),
                    key=lambda item: (item.kind, item.name),
                )
            ),
            reads=tuple(sorted(item.name for item in names.reads if item.kind == "source")),
            options=section.options,
        )

    def _names(self, section: Section) -> Names:
        found: Names = Names()
        for cell in section.cells:
            following = self.analysis.names[cell]
            for name, at in following.needs.items():
                if name in found.settled and name in found.deletes and name not in found.binds:
                    self._deleted(name, at, found.deletes[name], section)
            found = compose(found, following)
        return found

    def _unavailable(self, names: Names) -> set[str]:
        """Names that the step would change but that nothing gives it."""
        return {
            name
            for name in names.updates
            if name not in names.binds and name not in self.history.touches and name not in self.parameters
        }

    def _definitions_before(self, name: str, section: Section, read: At, *, hard: bool) -> set[str]:
        found = {item.id for item in self.defining[name] if item.at < read and item.at.cell not in section.cells}
        own = any(item.at.cell in section.cells for item in self.defining[name])
        if not found and not own and hard:
            self._undefined(name, read, section, Found())
        return found

    def _replays(self, section: Section, wanted: set[str]) -> tuple[str, ...]:
        """The definitions to replay, with all that they need, in notebook order."""
        first = min(section.cells)
        for item in self.always:
            if item.at.cell < first and item.at.cell not in section.cells:
                wanted.add(item.id)
        waiting = list(wanted)
        while waiting:
            for needed in self.by_id[waiting.pop()].needs:
                if needed not in wanted and self.by_id[needed].at.cell not in section.cells:
                    wanted.add(needed)
                    waiting.append(needed)
        return tuple(sorted(wanted, key=self.place.__getitem__))

    # --- declared order -------------------------------------------------------------------------------------------

    def _declared(self, steps: Sequence[Step]) -> list[Step]:
        by_name = {section.name: section.id for section in self.sections}
        found = list(steps)
        for number, section in enumerate(self.sections):
            added: list[Order] = []
            for after in section.after:
                other = by_name.get(after.name)
                if other is None or other == section.id:
                    continue
                if self._waits(found, other, section.id):
                    self._contradiction(section, after.name, after.cell)
                    continue
                reason = f"`after:{after.name}` on cell {after.cell + 1}"
                if all(order.step != other or order.kind is not OrderKind.AFTER for order in added):
                    added.append(Order(other, OrderKind.AFTER, reason))
            if added:
                found[number] = replace(found[number], orders=(*found[number].orders, *added))
        return found

    def _waits(self, steps: Sequence[Step], start: str, target: str) -> bool:
        """True if step `start` waits for `target`, directly or not."""
        waiting, seen = [start], {start}
        while waiting:
            step = steps[self.position[waiting.pop()]]
            sources = {provider for need in step.needs for provider in need.providers}
            sources |= {order.step for order in step.orders}
            if target in sources:
                return True
            waiting.extend(sorted(sources - seen))
            seen |= sources
        return False

    def _contradiction(self, section: Section, name: str, cell: int) -> None:
        message = f"step `{section.name}` can't run after `{name}`, which itself needs what `{section.name}` makes"
        hint = f"take `after:{name}` off cell {cell + 1}"
        self._report("N2P306", message, At(cell), section, hint=hint)

    # --- problems -------------------------------------------------------------------------------------------------

    def _undefined(self, name: str, read: At, section: Section, found: Found) -> None:
        star = self.analysis.star_at
        if star is not None and star <= read:
            return
        if found.gone is not None:
            self._deleted(name, read, found.gone, section)
            return
        refused = any(item.code == "N2P210" for item in self.analysis.diagnostics)
        if refused and any(cell < read.cell for cell in self.analysis.bound_in.get(name, ())):
            return  # a line of the parameters cell binds it: that line's error says enough
        broken = {item.location.cell for item in self.analysis.diagnostics if item.code == "N2P203"}
        if any(name in _WORD.findall(self.notebook.cells[cell or 0].source) for cell in broken):
            return  # it may be defined in the cell that isn't valid Python
        code, what, hint = self._why_undefined(name, read)
        message = f"`{name}` is read in step `{section.name}`, but {what}"
        unknown = min((names.barrier for names in self.analysis.names if names.barrier), default=None)
        if unknown is None or read < unknown[0]:
            self._report(code, message, read, section, name, hint)
        elif code != "N2P201":  # what can't be known may bind it, but hardly does
            message = f"{message}, unless cell {unknown[0].cell + 1} does ({unknown[1]})"
            self._report(code, message, read, section, name, hint, Severity.WARNING)

    def _why_undefined(self, name: str, read: At) -> tuple[str, str, str]:
        bound = [cell for cell in self.analysis.bound_in.get(name, ()) if cell > read.cell]
        if bound:
            where = f"cell {bound[0] + 1}"
            return "N2P207", f"only a later cell defines it ({where})", f"move {where} up, above cell {read.cell + 1}"
        if name in self.analysis.skipped:
            where = f"cell {self.analysis.skipped[name] + 1}"
            return "N2P206", f"only {where} defines it, which is tagged `skip`", f"take the tag `skip` off {where}"
        earlier = [other for other, cells in self.analysis.bound_in.items() if cells and cells[0] <= read.cell]
        near = closest(name, earlier)
        hint = f"did you mean `{near}`?" if near else f"define `{name}` in a cell above, or as a parameter"
        return "N2P201", "no cell above defines it", hint

    def _deleted(self, name: str, read: At, gone: At, section: Section) -> None:
        message = f"`{name}` is read in step `{section.name}`, but cell {gone.cell + 1} deleted it"
        hint = f"take the `del {name}` out of cell {gone.cell + 1}, or bind `{name}` again before the read"
        self._report("N2P202", message, read, section, name, hint)

    def _note_parameters(self, names: Names, section: Section) -> None:
        for name in sorted(self.parameters & names.binds.keys()):
            message = f"step `{section.name}` gives parameter `{name}` another value: later steps read that one"
            hint = "use another name, if the parameter's value was meant to stay"
            self._report("N2P205", message, names.binds[name], section, name, hint, Severity.NOTE)

    def _refuse_memoised(self, steps: Sequence[Step]) -> None:
        """A memory can't cross: refuse where another step uses the function, and it may give something else anew."""
        for name, variable in sorted(self.analysis.memoised.items()):
            for item in self.defining.get(name, ()):
                users = [step for step in steps if item.id in step.definitions and item.at.cell not in step.cells]
                if users:
                    message = (
                        f"`{name}` remembers its results and reads `{variable}`, which changes: "
                        f"step `{users[0].name}` would compute anew what the notebook remembers"
                    )
                    hint = f"pass `{variable}` to `{name}` as an argument, or call `{name}` in one step only"
                    if variable == f"{name}.cache_info":
                        message = f"`{variable}` tells of all calls: step `{users[0].name}` would count only its own"
                        hint = f"define and call `{name}` in one step, or leave `{variable}` out"
                    place = Location(self.notebook.path, item.at.cell, item.at.line, None, name)
                    self.diagnostics.append(Diagnostic("N2P402", Severity.ERROR, message, place, hint))

    def _note_random(self) -> None:
        """One note per step, at the first place that draws without a seed and gives something else each time."""
        for section in self.sections:
            found = [
                (at, what)
                for (at, generator), what in self.analysis.varied.items()
                if at.cell in section.cells and generator not in self.seeded
            ]
            if found:
                at, what = min(found)
                message = f"step `{section.name}` draws random numbers without a seed (`{_short(what)}`): "
                self._report(
                    "N2P304",
                    f"{message}each run may give other results",
                    at,
                    section,
                    hint=_seed_hint(what),
                    severity=Severity.NOTE,
                )

    def _report(
        self,
        code: str,
        message: str,
        at: At,
        section: Section,
        variable: str | None = None,
        hint: str | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        place = Location(self.notebook.path, at.cell, at.line, section.id, variable)
        self.diagnostics.append(Diagnostic(code, severity, message, place, hint))


def _short(what: str) -> str:
    """`RandomForestClassifier` for a class; a function keeps its module."""
    name = what.rpartition(".")[2]
    return name if name[:1].isupper() else what


def _seed_hint(what: str) -> str:
    if what.startswith(("sklearn.", "imblearn.", "umap.", ".")):
        return "pass `random_state=0`"
    root = what.partition(".")[0]
    if root in ("numpy", "scipy", "seaborn"):
        if what.endswith(("default_rng", "RandomState")):
            return f"give it a seed: `{what.rpartition('.')[2]}(0)`"
        return "seed it above (`np.random.seed(0)`), or use a generator of your own: `rng = np.random.default_rng(0)`"
    if root == "random":
        return "give it a seed: `random.Random(0)`" if what == "random.Random" else "seed it above: `random.seed(0)`"
    ways = {
        "torch": "torch.manual_seed(0)",
        "tensorflow": "tf.random.set_seed(0)",
        "keras": "keras.utils.set_random_seed(0)",
    }
    return f"seed it above: `{ways[root]}`" if root in ways else "give it a seed"
