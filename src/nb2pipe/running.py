"""A notebook in; a run of it on this machine out: planned, and planned again if a run taught something.

`analyzed ─▶ plan ─▶ Bundle ─▶ target ─▶ events ─▶ merged notebook`
"""

from __future__ import annotations

import contextlib
import difflib
import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nb2pipe import analysis, graph, learned, notebook, render, sealed
from nb2pipe.analyzing import Analyzed, OnScreen, Source, analyze
from nb2pipe.asked import Asked
from nb2pipe.config import Limits
from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.files import write_atomic
from nb2pipe.layout import RootDir
from nb2pipe.learned import Lessons
from nb2pipe.locks import shared
from nb2pipe.model import Diagnostic, Json, Pipeline, Run, RunEvent, RunFinished, RunState, Step
from nb2pipe.records import dataclass
from nb2pipe.runs import store
from nb2pipe.runs.events import Reduction

if TYPE_CHECKING:
    from nb2pipe.targets.local import Ahead, LocalRun, Status, UnchangedRun

_TAUGHT = ("value", "damaged")  # causes of errors that another plan, or another look, may take away
_RUNS = 4  # one after the other, each planned with what the one before has taught


@dataclass(frozen=True)
class Plan:
    """What a run would do: the pipeline, its parameters' values, and what the target has to say."""

    analyzed: Analyzed
    pipeline: Pipeline
    parameters: Mapping[str, Json]
    warnings: tuple[Diagnostic, ...]


def sound(analyzed: Analyzed) -> Pipeline:
    if analyzed.errors or analyzed.pipeline is None:
        raise BadInput(analyzed.errors)
    return analyzed.pipeline


def lessons(source: Path, run_dir: Path | None = None) -> Lessons:
    """What runs of the notebook here have taught, see `learned`: for plans that are to run here, not for a Bundle."""
    return learned.read(RootDir(run_dir or store.default_root(source)).learned(source))


def plan(
    source: Source,
    *,
    parameters: Mapping[str, str] | None = None,
    parameters_file: Path | None = None,
    run_dir: Path | None = None,
    safe: bool = False,
    values: Mapping[str, Json] | None = None,
) -> Plan:
    """What a run with these parameters would do. Raises BadInput with all errors of the notebook or the parameters.

    `parameters` are texts as typed (`{"depth": "5"}`), read by each parameter's type; they go before those of
    `parameters_file` (JSON or YAML). `run_dir`: where runs are kept, in place of `.nb2pipe/` beside the notebook.
    `safe`: one step after the other, each with all that is there. `values`: parameters that need no reading.
    """
    from nb2pipe.targets import local

    place = notebook.place(source)
    known = lessons(place, run_dir) if place is not None else None
    analyzed = analyze(source, lessons=known, safe=safe)
    pipeline = sound(analyzed)
    found = parameter_values(pipeline, parameters or {}, parameters_file, values or {})
    return Plan(analyzed, pipeline, found, local.check(pipeline))


def run(source: Path | OnScreen, asked: Asked | None = None) -> LocalPipelineRun:
    """Start a run on this machine. Raises BadInput or EnvironmentProblem before anything runs."""
    asked = asked or Asked()
    place = _place(source)
    known = sealed.before(place, asked)
    if isinstance(source, OnScreen) and not notebook.as_saved(source, Limits.from_environment()):
        known = None  # a seal goes by the file
    with contextlib.ExitStack() as stack:
        early = _early(place, asked)
        if early is not None:
            stack.callback(early.close)
        planned = _planned(source, asked)
        if asked.output is not None:
            _refuse_output(place, asked.output)
        return _start(source, asked, planned, (), known, early)


def _place(source: Path | OnScreen) -> Path:
    return source.path if isinstance(source, OnScreen) else source


def _early(source: Path, asked: Asked) -> Ahead | None:
    """What gets ready for a run while it is planned, if it seems that a step has to run."""
    if not looks_stale(source, asked):
        return None
    from nb2pipe.targets import local

    return local.start_ahead()


def looks_stale(source: Path, asked: Asked) -> bool:
    """A guess whether a step has to run: the notebook was saved after the last run wrote its record, or none did."""
    try:
        saved_at = source.stat().st_mtime_ns
        last_at = store.find(asked.run_dir or store.default_root(source)).path.stat().st_mtime_ns
    except OSError:
        return False
    except BadInput:  # no run was made
        return True
    return asked.force or saved_at >= last_at


def resume(root: Path, which: str = "latest", output: Path | None = None) -> LocalPipelineRun:
    """Go on with a run that ended before its steps did: a run of the same notebook with the same parameters and kernel.

    What it had done is taken. Raises as `resumed` and `run` do.
    """
    source, asked = resumed(root, which)
    return run(source, replace(asked, output=output))


def resumed(root: Path, which: str = "latest") -> tuple[Path, Asked]:
    """The notebook of a run that ended before its steps did, and what is to be asked for to go on with it.

    Raises BadInput: there is no such run (N2P602, N2P603), or it is under way, was made in a
    copy, or its notebook is gone (N2P619).
    """
    before = store.load(root, which)
    if not before.state.done:
        raise BadInput.of("N2P619", f"run {before.id} is under way", hint="`nb2pipe cancel` ends it")
    try:
        request = json.loads(RootDir(root).run(before.id).request.read_bytes())
        source = Path(request["folder"]) / Path(request["notebook"]).name
        values = dict(request.get("parameters", {}))  # the run's record has secrets masked
    except (OSError, ValueError, KeyError) as error:
        raise EnvironmentProblem.of("N2P605", f"what run {before.id} was asked to do can't be read: {error}") from error
    if not source.is_file():
        raise BadInput.of(
            "N2P619", f"run {before.id} was of {source}, which is gone", hint="`nb2pipe run` runs it where it is now"
        )
    if not request.get("lock"):
        raise BadInput.of(
            "N2P619", f"run {before.id} was made in a copy (`--isolated`), which leaves nothing to go on from"
        )
    kernel = before.kernel if request.get("kernel_asked") else None
    safe = bool(request.get("safe"))
    return source, Asked(values=values, jobs=before.jobs, kernel=kernel, run_dir=root, safe=safe)


def status(source: Path | OnScreen, asked: Asked, planned: Plan | None = None) -> tuple[Plan, Status]:
    """What a run would take from earlier ones, and why not the rest. `planned`: if the caller has the plan already.

    Raises BadInput, EnvironmentProblem.
    """
    from nb2pipe.targets import local

    planned = planned or _planned(source, asked)
    bundle = render.bundle(planned.analyzed.notebook, planned.pipeline)
    place = _place(source)
    root = RootDir((asked.run_dir or store.default_root(place)).resolve())
    folder = place.resolve().parent
    return planned, local.status(bundle, root, folder=folder, parameters=planned.parameters, kernel=asked.kernel)


def step_of(pipeline: Pipeline, name: str) -> Step:
    """The step with this name or id. Raises BadInput (N2P610)."""
    for step in pipeline.steps:
        if name in (step.id, step.name):
            return step
    names = ", ".join(step.name for step in pipeline.steps)
    near = difflib.get_close_matches(name, [step.name for step in pipeline.steps], 1)
    hint = f"did you mean `{near[0]}`? Its steps are {names}" if near else f"its steps are {names}"
    raise BadInput.of("N2P610", f"the pipeline has no step `{name}`", hint=hint)


def _planned(source: Path | OnScreen, asked: Asked) -> Plan:
    return plan(
        source,
        parameters=asked.parameters,
        parameters_file=asked.parameters_file,
        run_dir=asked.run_dir,
        safe=asked.safe,
        values=asked.values,
    )


def _start(
    source: Path | OnScreen,
    asked: Asked,
    planned: Plan,
    before: tuple[str, ...] = (),
    known: sealed.Before | None = None,
    early: Ahead | None = None,
) -> LocalPipelineRun:
    """`before`: the runs that this one goes on for."""
    from nb2pipe.targets import local

    pipeline = planned.pipeline
    force, only = _selected(pipeline, asked)
    bundle = render.bundle(planned.analyzed.notebook, pipeline)
    place = _place(source)
    directory = store.create(asked.run_dir or store.default_root(place))
    handle = local.start(
        bundle,
        directory.path,
        folder=place.resolve().parent,
        parameters=planned.parameters,
        jobs=asked.jobs,
        kernel=asked.kernel,
        isolated=asked.isolated,
        notes=tuple(item.message for item in planned.warnings),
        cache=True,
        force=force,
        only=only,
        before=before,
        safe=asked.safe,
        early=early,
    )
    return LocalPipelineRun(handle, planned, source, asked, before, known)


def _selected(pipeline: Pipeline, asked: Asked) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """The steps that run in any case, and those to look at at all. Raises BadInput (N2P610)."""
    ids = [step.id for step in pipeline.steps]
    waits_for = graph.parents(ids, [(edge.source, edge.target) for edge in pipeline.edges])
    named = {step_of(pipeline, name).id for name in asked.only}
    only = None
    if named:
        wanted = set(named)
        while True:
            needed = set().union(wanted, *(graph.ancestors(waits_for, item) for item in wanted))
            needed |= {step.id for item in needed for step in pipeline.process_of(item)}
            if needed == wanted:
                break
            wanted = needed
        only = tuple(item for item in ids if item in wanted)
    force = set(named or ids) if asked.force else set()
    if asked.since is not None:
        first = step_of(pipeline, asked.since).id
        force |= {first, *graph.descendants(waits_for, first)}
    return tuple(item for item in ids if item in force), only


class LocalPipelineRun:
    """A run under way: its events, and a way to stop it. Once its events have ended, the merged notebook is there."""

    def __init__(
        self,
        handle: LocalRun | UnchangedRun,
        planned: Plan,
        source: Path | OnScreen,
        asked: Asked,
        before: tuple[str, ...],
        known: sealed.Before | None = None,
    ) -> None:
        self._handle = handle
        self._known = known
        self._from = source
        self._asked = asked
        self._before = before
        self._source = planned.analyzed.notebook
        self._beside = planned.analyzed.beside
        self._output = asked.output
        self.pipeline = planned.pipeline
        self.diagnostics = planned.analyzed.diagnostics
        self._told = Reduction()

    @property
    def id(self) -> str:
        """The run's id."""
        return self._handle.id

    @property
    def record(self) -> Run | None:
        """The run as the events so far tell; None before the first."""
        return self._told.run

    @property
    def merged(self) -> Path:
        """The notebook with all outputs in their places, once the run has ended."""
        return self._handle.dir.merged

    def events(self) -> Iterator[RunEvent]:
        """All events to the last, RunFinished. Raises EnvironmentProblem if the merged notebook can't be written."""
        for event in self._handle.events():
            self._told.add(event)
            if isinstance(event, RunFinished):
                self._merge(event)
            yield event

    def again(self) -> LocalPipelineRun | None:
        """A run that goes on where this one was stopped, if it was, and taught what makes another plan; else None.

        Raises as `run` does.
        """
        if len(self._before) == _RUNS - 1 or self.record is None or self.record.state is not RunState.FAILED:
            return None
        errors = [step.error for step in self.record.steps if step.error is not None]
        if not any(error.cause in _TAUGHT for error in errors):  # a cell's own error beside it may come of it
            return None
        planned = _planned(self._from, self._asked)
        lost = any(error.cause == "damaged" for error in errors)
        if not lost and planned.pipeline == self.pipeline:
            return None
        return _start(self._from, self._asked, planned, (*self._before, self.id))

    def cancel(self, by: str) -> None:
        """Ask the run to stop; a second time: at once."""
        self._handle.cancel(by)

    def forwarding_signals(self) -> AbstractContextManager[None]:
        """While in this context, SIGINT, SIGTERM and SIGHUP to this program cancel the run."""
        return self._handle.forwarding_signals()

    def _merge(self, last: RunFinished) -> None:
        found = (self._handle.executed(step.id) for step in self.pipeline.steps)
        executed = [item for item in found if item is not None]
        merged = render.merged_notebook(self._source, executed, {"id": self.id, "state": last.state.value})
        content = (json.dumps(merged, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "backslashreplace")
        for target in (self.merged, self._output):
            if target is None:
                continue
            try:
                with shared(self._handle.dir.root.in_use):
                    write_atomic(target, content)
            except OSError as error:
                raise EnvironmentProblem.of(
                    "N2P608",
                    f"the run's notebook can't be written to {target}: {error.strerror}",
                    hint="the steps' own notebooks are in the run's folder: see `nb2pipe runs show`",
                ) from error
            if target == self.merged:
                self._seal()

    def _seal(self) -> None:
        """If nothing had to run, the next run is told what to look at."""
        went_by = getattr(self._handle, "went_by", None)
        if self._known is not None and went_by is not None:
            sealed.keep(
                _place(self._from),
                self._asked,
                self._known,
                self._handle.dir,
                facts=went_by.facts,
                variables=went_by.variables,
                beside=self._beside,
                diagnostics=self.diagnostics,
            )


def _refuse_output(source: Path, output: Path) -> None:
    if output.exists() and output.resolve() == source.resolve():
        raise BadInput.of(
            "N2P609", f"{output} is the notebook itself, which is never written to", hint="give `-o` another name"
        )
    if output.is_dir() or not output.resolve().parent.is_dir():
        raise BadInput.of(
            "N2P609", f"{output} is no file that can be written", hint="give `-o` a file in a folder that is there"
        )


def parameter_values(
    pipeline: Pipeline, texts: Mapping[str, str], file: Path | None, values: Mapping[str, Json]
) -> Mapping[str, Json]:
    """The values of all parameters. Raises BadInput with all that is wrong with those that are given."""
    return _applied(pipeline, _given(pipeline, texts, file, values))


def given_values(pipeline: Pipeline, texts: Mapping[str, str], file: Path | None) -> Mapping[str, Json]:
    """The values of those that are given alone. Raises as `parameter_values` does."""
    given = _given(pipeline, texts, file, {})
    return {name: value for name, value in _applied(pipeline, given).items() if name in given}


def _given(
    pipeline: Pipeline, texts: Mapping[str, str], file: Path | None, values: Mapping[str, Json]
) -> dict[str, Json]:
    from nb2pipe.parameter_files import read_parameters

    by_name = {parameter.name: parameter for parameter in pipeline.parameters}
    given = {**values, **(read_parameters(file) if file is not None else {})}
    with _at_notebook(pipeline):
        for name, text in texts.items():
            given[name] = analysis.from_text(by_name[name], text) if name in by_name else text
    return given


def _applied(pipeline: Pipeline, given: Mapping[str, Json]) -> Mapping[str, Json]:
    with _at_notebook(pipeline):
        return analysis.apply(pipeline.parameters, given)


@contextmanager
def _at_notebook(pipeline: Pipeline) -> Iterator[None]:
    """What is wrong in this block is told with the notebook's name."""
    try:
        yield
    except BadInput as error:
        named = [
            replace(item, location=replace(item.location, notebook=pipeline.notebook)) for item in error.diagnostics
        ]
        raise BadInput(named) from error
