"""A notebook in; out, whether its pipeline gives what the notebook gives: both are run, and what they leave compared.

    straight ─┐
    straight ─┼─▶ per cell, variable, file: same · differs · nondeterministic ─▶ where they come apart ─▶ Verification
    pipeline ─┘

The straight runs are two, so that what is different each time is known.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from nb2pipe import bisecting, learned
from nb2pipe import notebook as reading
from nb2pipe.analyzing import Analyzed, analyze
from nb2pipe.config import Limits
from nb2pipe.errors import many
from nb2pipe.files import make_private_dir
from nb2pipe.layout import RootDir
from nb2pipe.learned import Lessons
from nb2pipe.model import Json, Notebook, Pipeline, StepError
from nb2pipe.observing import STRAIGHT, Laboratory, Observed, Settings
from nb2pipe.runs import store
from nb2pipe.verify.files import compare_files
from nb2pipe.verify.outputs import compare_cells
from nb2pipe.verify.state import compare_values, to_the_letter
from nb2pipe.verify.verdicts import CellReport, Cut, Outcome, ValueReport, Verdict, Verification

_PLANS = 4  # a run may stop for one thing after the other

HASH_SEEDS = (1, 2)  # of the first straight run and the pipeline; of the second straight run

_MEANT = "raises-exception"

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """What the caller asks for. `rtol`: by how much floating-point numbers of variables may differ, as a share.

    `state`: only variables and files are compared, after one straight run. `stderr`: what goes there counts too.
    `cut`: where a notebook without steps is cut.
    """

    settings: Settings = field(default_factory=Settings)
    rtol: float = 0.0
    stderr: bool = False
    state: bool = False
    bisect: bool = True
    cut: reading.Cut = reading.Cut.TAGS


@dataclass(frozen=True)
class _Found:
    """A comparison: what each of the three kinds of thing came to."""

    cells: tuple[CellReport, ...]
    variables: tuple[ValueReport, ...]
    files: tuple[ValueReport, ...]

    @property
    def differs(self) -> bool:
        return bool(self.shows) or any(item.verdict is Verdict.DIFFERS for item in self.variables)

    @property
    def shows(self) -> tuple[str, ...]:
        """What differs that people see: what cells put out, in notebook order; files."""
        cells = (f"cell {item.cell}" for item in self.cells if item.verdict is Verdict.DIFFERS)
        files = (f"file {item.name}" for item in self.files if item.verdict is Verdict.DIFFERS)
        return (*cells, *files)


def verify(source: Path, root: Path, lessons: Lessons, asked: Asked, tell: Tell = lambda _: None) -> Verification:
    """Run `source` straight and as a pipeline, in copies of its folder below `root`, and compare. `tell` gets progress.

    Raises BadInput where there is no notebook to speak of, EnvironmentProblem, and Canceled.
    """
    limits = Limits.from_environment()
    tags, notes = _tags(reading.read(source, limits), asked.cut)

    def look(taught: Lessons) -> Analyzed:
        known = learned.joined(lessons, taught)
        return analyze(source, limits=limits, lessons=known, seeded=asked.settings.seeded, tags=tags)

    analyzed = look({})
    name = source.name
    if analyzed.errors or analyzed.pipeline is None:
        first = analyzed.errors[0]
        why = f"{first.location}: {first.code} {first.message}"
        return Verification(name, Outcome.REFUSED, why, notes=notes, diagnostics=analyzed.diagnostics)
    path = RootDir(root).verifications / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
    try:
        store.make_root(root)
        for directory in (path.parent, path):
            make_private_dir(directory)
    except OSError as error:
        raise store.cannot_write(path, error) from error
    laboratory = Laboratory(path, source.resolve().parent, analyzed.notebook, name, asked.settings)
    with store.in_use(root):
        try:
            verifier = _Verifier(analyzed, analyzed.pipeline, laboratory, asked, tell, look)
            found = verifier.run(name, notes)
            return replace(found, notes=(*found.notes, *_keep(verifier.taught, RootDir(root), source)))
        finally:
            shutil.rmtree(path, ignore_errors=True)


class _Verifier:
    """The runs of one verification, and their comparison."""

    def __init__(
        self,
        analyzed: Analyzed,
        pipeline: Pipeline,
        laboratory: Laboratory,
        asked: Asked,
        tell: Tell,
        look: Callable[[Lessons], Analyzed],
    ) -> None:
        self.analyzed = analyzed
        self.look = look
        self.taught: Lessons = {}
        """What stopped runs of the pipeline have taught, and its plan is made with."""
        self.plan = pipeline
        self.laboratory = laboratory
        self.asked = asked
        self.tell = tell
        taken = {cell for section in analyzed.sections for cell in section.cells}
        cells = analyzed.notebook.cells
        self.skipped = frozenset(cell.index for cell in cells if cell.index not in taken and cell.source.strip())
        self.cells = [cell.index for cell in cells if cell.index not in self.skipped]
        self.parameters: Mapping[str, Json] = {item.name: item.default for item in pipeline.parameters}
        self.env = {name: value for step in reversed(pipeline.steps) for name, value in step.options.env}

    def run(self, name: str, notes: Sequence[str]) -> Verification:
        """Two straight runs, then the pipeline; then, if something differs, where they come apart."""
        self.before = self.laboratory.before()
        self.tell(f"works in copies of the folder: {self.laboratory.copied}")
        self.tell("the notebook, straight" + ("" if self.asked.state else " (1 of 2)"))
        self.first = self.laboratory.straight(self.cells, HASH_SEEDS[0], self.env)
        self.second = self.first
        if not self.asked.state:
            self.tell("the notebook, straight (2 of 2)")
            self.second = self.laboratory.straight(self.cells, HASH_SEEDS[1], self.env)
        self.tell(f"the pipeline: {many(len(self.plan.steps), 'step')}")
        piped, stops = self._piped()
        found = self.compare(piped)
        outcome, problem = self._outcome(found, piped)
        cut = None
        if outcome is Outcome.DIFFERS and self.asked.bisect:
            self.tell("looking for the step where the results come apart")
            cut = self._cut(found)
        state = self.first.state
        return Verification(
            name,
            outcome,
            problem,
            *(found.cells, found.variables, found.files),
            cut,
            (*notes, *stops, *piped.warnings),
            self.analyzed.diagnostics,
            {"straight": self.first.seconds, "pipeline": piped.seconds},
            state.versions if state else {},
            tuple(step.name for step in self.plan.steps),
        )

    def _piped(self) -> tuple[Observed, tuple[str, ...]]:
        """What the pipeline leaves. Where a run stops and teaches something, it is planned again, as a user would."""
        stops: list[str] = []
        while True:
            piped = self.observe(self.plan)
            if piped.error is None or self.first.error is not None or len(stops) == _PLANS - 1:
                return piped, tuple(stops)
            taught = learned.joined(self.taught, self.laboratory.taught)
            analyzed = self.look(taught)
            if analyzed.errors or analyzed.pipeline in (None, self.plan):
                return piped, tuple(stops)
            self.analyzed, self.plan, self.taught = analyzed, analyzed.pipeline, taught
            stops.append(f"a run stopped and taught nb2pipe what the code does not show: {piped.error.message}")
            self.tell("the run stopped; planned again with what it taught")

    def observe(self, pipeline: Pipeline) -> Observed:
        """Run a plan of these steps."""
        names = sorted(self.first.state.values) if self.first.state else []
        return self.laboratory.pipeline(pipeline, HASH_SEEDS[0], names, self.parameters)

    def compare(self, piped: Observed) -> _Found:
        """A verdict on each cell, variable and file."""
        steps = {cell: step.name for step in self.plan.steps for cell in step.cells}
        cells = (
            ()
            if self.asked.state
            else compare_cells(
                self.analyzed.notebook.cells,
                self.first.outputs,
                self.second.outputs,
                piped.outputs,
                steps,
                skipped=self.skipped,
                stderr=self.asked.stderr,
            )
        )
        states = (self.first.state, self.second.state, piped.state)
        if None in states:
            return _Found(cells, (), ())
        first, second, third = (state for state in states if state is not None)
        variables = compare_values(first, second, third, piped.why_not, self.asked.rtol)
        files = compare_files(
            self.before, self.first.files, self.second.files, piped.files, (first, second, third), self.asked.rtol
        )
        return _Found(cells, variables, files)

    def _outcome(self, found: _Found, piped: Observed) -> tuple[Outcome, str]:
        if self.first.error is not None:
            return Outcome.FAILS, _of_the_notebook(self.first.error)
        if self.second.error is not None:
            return Outcome.FAILS, f"run a second time, {_of_the_notebook(self.second.error)}"
        if piped.error is not None:
            fix = f"; fix: {piped.error.hint}" if piped.error.hint else ""
            return Outcome.STOPPED, f"{piped.error.message}{fix}"
        return (Outcome.DIFFERS, "") if found.differs else (Outcome.SAME, "")

    def _cut(self, found: _Found) -> Cut | None:
        """Where what people see comes apart; if only variables do, the step that such a one leaves changed."""
        if not found.shows:
            return bisecting.leaving(self.plan, [item for item in found.variables if item.verdict is Verdict.DIFFERS])

        def shows(pipeline: Pipeline) -> tuple[str, ...]:
            """What a run of this plan shows otherwise: all of it, if it stops."""
            piped = self.observe(pipeline)
            return self.compare(piped).shows if piped.error is None else found.shows

        return bisecting.find(self.plan, found.shows, shows, self._differing_at, self.tell)

    def _differing_at(self, earlier: Pipeline, before: int) -> Sequence[ValueReport]:
        """The variables that differ once the steps of `earlier` have run: those above cell `before`.

        Two straight runs again: a variable that is another each time tells nothing of the cut.
        """
        cells = [cell for cell in self.cells if cell < before]
        straight, again = (self.laboratory.straight(cells, seed, self.env) for seed in HASH_SEEDS)
        if straight.state is None or again.state is None:
            return ()
        piped = self.laboratory.pipeline(earlier, HASH_SEEDS[0], sorted(straight.state.values), self.parameters)
        if piped.state is None:
            return ()
        first, second, last = map(to_the_letter, (straight.state, again.state, piped.state))
        reports = compare_values(first, second, last, piped.why_not, self.asked.rtol)
        return [item for item in reports if item.verdict is Verdict.DIFFERS]


def _keep(taught: Lessons, root: RootDir, source: Path) -> tuple[str, ...]:
    """Keep what the plan was made with for the next run, which needs the same; what to say about it."""
    if not taught:
        return ()
    try:
        learned.add(root.learned(source), taught)
    except OSError as error:
        return (f"what was learned can't be kept, so that the next run may stop again: {error.strerror or error}",)
    return ("what was learned is kept, and the next run here is planned with it",)


def _of_the_notebook(error: StepError) -> str:
    """What a straight run failed of. What lies beside the folder isn't there in a copy of it."""
    told = error.message.replace(f"step `{STRAIGHT}`", "the notebook itself", 1)
    if "No such file" in told and ".." in told:
        told += "; it runs in a copy of its folder here, and nothing lies beside that: use an absolute path"
    return told


def _tags(notebook: Notebook, how: reading.Cut) -> tuple[Mapping[int, tuple[str, ...]], tuple[str, ...]]:
    """Tags in place of the notebook's own, by cell, and what to say about them.

    A cell whose stored output is an error was meant to raise one.
    """
    meant = [cell for cell in notebook.cells if cell.has_error_output and not cell.may_raise]
    found = {cell.index: (*cell.tags, _MEANT) for cell in meant}
    notes = tuple(
        f"cell {cell.number}: its stored output is an error, so it is taken as meant to raise one (`{_MEANT}`)"
        for cell in meant
    )
    return {
        **found,
        **{cell: (*tags, *found.get(cell, ())) for cell, tags in reading.cut(notebook, how).items()},
    }, notes
