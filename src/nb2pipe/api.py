"""The use-cases, each once: a notebook's path or content in; diagnostics, Bundles and runs out.

Only this module knows the order of the stages. Each function raises BadInput for what is wrong with the input and
EnvironmentProblem for what is missing on this machine; nothing else is raised on purpose.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nb2pipe import __version__, checks, provisioning, render, running
from nb2pipe.analyzing import Analyzed, OnScreen, Source, analyze, analyze_here
from nb2pipe.asked import Asked as RunAsked
from nb2pipe.building import build, bundle_folder, stale_files, write_bundle
from nb2pipe.checks import Crossing
from nb2pipe.compiling import Compiled, compile_notebook, is_compiled
from nb2pipe.config import Limits
from nb2pipe.connecting import add_target, can_submit, check_target, remove_target, target, targets
from nb2pipe.journal import read_events
from nb2pipe.learned import Lessons
from nb2pipe.model import Diagnostic, Fix, Json, Printed, Run
from nb2pipe.notebook import Content
from nb2pipe.notebook.names import NAME_RULE
from nb2pipe.running import LocalPipelineRun, Plan, lessons, plan, run, sound
from nb2pipe.runs import left, store
from nb2pipe.runs.measured import last_values
from nb2pipe.runs.watching import Watched
from nb2pipe.use_cases import USE_CASES

if TYPE_CHECKING:
    from nb2pipe.analyst import Analyst
    from nb2pipe.debugging import Opened, Written
    from nb2pipe.followed import ClusterRun
    from nb2pipe.notebook.tags import TagRule
    from nb2pipe.runs.collecting import Collected
    from nb2pipe.submitting import Job
    from nb2pipe.suggesting import Suggestion
    from nb2pipe.targets.kfp.connections import Connection
    from nb2pipe.targets.local import StepStatus
    from nb2pipe.verified import Verified
    from nb2pipe.verify.verdicts import FolderRow, Verification
    from nb2pipe.verifying import Asked

__all__ = [
    "NAME_RULE", "USE_CASES", "Analyst", "Analyzed", "ClusterRun", "Compiled", "Connection", "Crossing",
    "LocalPipelineRun", "OnScreen", "Plan", "RunAsked", "Source", "StepStatus", "Suggestion", "Watched",
    "add_target", "analyst", "analyze", "analyze_here", "attach", "begin_resume", "begin_run", "begin_verify",
    "build", "bundle_folder", "can_submit", "cancel", "cancel_verification", "check_target", "collect",
    "compile_notebook", "debug", "debug_beside", "debug_console", "debug_notebook", "fixes", "grammar", "image",
    "is_compiled", "is_remote", "is_run_id", "job", "lessons", "lock", "lock_path", "log", "look", "mark_fresh",
    "new", "plan", "remove_runs", "remove_target", "resume", "resume_remote", "run", "run_folder", "run_ids",
    "run_notebook", "run_record", "runs", "runs_root", "schedule", "schema", "stale_files", "status", "step_log",
    "step_notebook", "submit", "suggest", "target", "targets", "values", "verification", "verification_index",
    "verification_page", "verification_report", "verify", "versions", "watch", "write_bundle", "write_tags",
]  # fmt: skip

_CHANCY = ("N2P304", "N2P305")  # what another run may find otherwise: unseeded random numbers, the network, clocks


def analyst(limits: Limits | None = None, *, at_once: int = 2) -> Analyst:
    """Who analyses notebooks again and again for a program that stays, from any thread. To be closed in the end.

    `limits` hold for each notebook, `at_once` says how many are looked at at a time. See `analyst.Analyst`.
    """
    from nb2pipe.analyst import Analyst

    return Analyst(limits, at_once=at_once)


def values(analyzed: Analyzed, root: Path | None = None, runs: Sequence[Run] | None = None) -> tuple[Crossing, ...]:
    """All that crosses between steps, with types and sizes of the last run in `root` where the step is unchanged.

    `runs`: the newest ones there, if the caller knows them.
    """
    if analyzed.pipeline is None or root is None:
        return analyzed.crossings
    cells = analyzed.notebook.cells
    sources = {step.id: [cells[index].source for index in step.cells] for step in analyzed.pipeline.steps}
    return checks.measured(analyzed.crossings, last_values(_root(root), sources, runs))


def fixes(analyzed: Analyzed) -> Mapping[Diagnostic, tuple[Fix, ...]]:
    """The edits that would mend what is wrong, of those diagnostics that have some."""
    from nb2pipe import fixes as rules

    return rules.fixes(analyzed.notebook, analyzed.sections, analyzed.diagnostics)


def suggest(
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
    from nb2pipe.suggesting import suggest_steps

    return suggest_steps(source, again=again, limits=limits, folder=folder, lessons=lessons)


def write_tags(suggestion: Suggestion, source: Path, copy: Path | None = None) -> None:
    """Write suggested tags into the notebook's own file, or into a new file `copy`; nothing else changes.

    Raises BadInput if the notebook has changed since (N2P163), if something is at `copy` already (N2P164), or for a
    notebook of an old format (N2P162); EnvironmentProblem if the file can't be written (N2P611).
    """
    from nb2pipe import saving

    saving.write_tags(source, suggestion.tags, suggestion.digest, copy)


def new(path: Path, name: str = "plain") -> None:
    """Write a small pipeline notebook, made from template `name`, to a file that isn't there yet.

    Raises BadInput if it is (N2P164), EnvironmentProblem if it can't be written (N2P611).
    """
    from nb2pipe import saving
    from nb2pipe.templates import template

    saving.create(path, template(name))


def lock_path(source: Path) -> Path:
    """Where a notebook's lock file is: `NAME.lock.txt` beside it."""
    return provisioning.lock_path(source)


def lock(source: Path, *, kernel: str | None = None) -> provisioning.Written:
    """The notebook's lock file: what its steps import, with the versions that are installed for its kernel.

    Raises BadInput for what has no version that a pod could install (N2P551, N2P552), EnvironmentProblem for a kernel
    that is missing.
    """
    analyzed = analyze(source)
    return provisioning.lock(source, analyzed, sound(analyzed), kernel=kernel)


def image(source: Path, *, kernel: str | None = None, base: str | None = None) -> provisioning.Written:
    """A Dockerfile of an image that has all that the steps need. Raises as `lock`, and BadInput (N2P554) for `base`."""
    analyzed = analyze(source)
    return provisioning.dockerfile(source, analyzed, sound(analyzed), kernel=kernel, base=base)


def status(
    source: Path | OnScreen, asked: RunAsked | None = None, planned: Plan | None = None
) -> tuple[StepStatus, ...]:
    """Which steps a run would take from earlier ones, and why not the others. Nothing is run, and no kernel started.

    `planned`: what `plan` gave for the same, if it is there already.

    Raises BadInput with all errors of the notebook or the parameters, EnvironmentProblem for a kernel that is missing.
    """
    planned, found = running.status(source, asked or RunAsked(), planned)
    notes: dict[int | None, list[str]] = {}
    for item in planned.analyzed.diagnostics:
        if item.code in _CHANCY:
            notes.setdefault(item.location.cell, []).append(f"{item.message}; its results are kept all the same")
    cells = {step.id: step.cells for step in planned.pipeline.steps}
    return tuple(
        replace(item, notes=(*item.notes, *(note for cell in cells[item.id] for note in notes.get(cell, ()))))
        for item in found.steps
    )


def mark_fresh(source: Path | OnScreen, steps: Sequence[str], asked: RunAsked | None = None) -> None:
    """Take the last results of these steps (names or ids) as what they would give now, whatever has changed.

    Raises BadInput: N2P610 for a step that isn't there, N2P617 for one that never ran, or that waits for a stale one.
    """
    asked = asked or RunAsked()
    planned, found = running.status(source, asked)
    place = source.path if isinstance(source, OnScreen) else source
    with store.in_use(asked.run_dir or store.default_root(place)):
        for name in steps:
            found.mark(running.step_of(planned.pipeline, name))


def resume(root: Path, which: str = "latest", output: Path | None = None) -> LocalPipelineRun:
    """Go on with a run that ended before its steps did, with its parameters and kernel. Raises as `running.resume`."""
    return running.resume(_root(root), which, output)


def begin_run(source: Path | OnScreen, asked: RunAsked | None = None) -> str:
    """Start a run that goes on whatever becomes of this program; its id. It is looked at by `run_record`, `log`.

    Raises as `run` does.
    """
    from nb2pipe import detached

    return detached.run(source, asked)


def begin_resume(root: Path, which: str = "latest", content: Content | None = None) -> str:
    """As `resume`, by a run as `begin_run` starts it; of `content`, if the notebook on the screen isn't saved."""
    from nb2pipe import detached

    return detached.resume(_root(root), which, content)


def job(
    source: Path | OnScreen,
    *,
    parameters: Mapping[str, str] | None = None,
    parameters_file: Path | None = None,
    kernel: str | None = None,
    image: str | None = None,
) -> Job:
    """What is to be submitted: a notebook, or a pipeline that was compiled for KFP. Raises as `submitting.job`."""
    from nb2pipe import submitting

    return submitting.job(source, parameters=parameters, parameters_file=parameters_file, kernel=kernel, image=image)


def submit(found: Job, connection: Connection, source: Path, run_dir: Path | None = None) -> ClusterRun:
    """Start a job on a KFP server, once. Its record is kept in `run_dir`, by default in `.nb2pipe/` beside `source`.

    Raises as `submitting.submit` does.
    """
    from nb2pipe import submitting

    return submitting.submit(found, connection, (run_dir or store.default_root(source)).resolve())


def schedule(found: Job, connection: Connection, cron: str, name: str = "") -> tuple[str, str]:
    """Have a KFP server start a job again and again; the schedule's id and name. Raises as `submitting.schedule`."""
    from nb2pipe import submitting

    return submitting.schedule(found, connection, cron, name)


def attach(root: Path, which: str = "latest") -> ClusterRun:
    """A run on a cluster, to be followed again. Raises BadInput, RemoteProblem."""
    from nb2pipe import followed

    return followed.attach(_root(root), which)


def look(root: Path, which: str = "latest") -> Run:
    """One run as `run_record` gives it, after one look at the cluster if it is on one."""
    if not is_remote(root, which):
        return run_record(root, which)
    from nb2pipe import followed

    return followed.look(_root(root), which)


def is_remote(root: Path, which: str = "latest") -> bool:
    """True for a run that was submitted to a cluster. Raises BadInput as `run_record` does."""
    return store.find(_root(root), which).remote.is_file()


def resume_remote(root: Path, which: str = "latest") -> ClusterRun:
    """Go on with a run on a cluster that failed. Raises as `submitting.resume` does."""
    from nb2pipe import submitting

    return submitting.resume(_root(root), which)


def runs(root: Path) -> tuple[Run, ...]:
    """The runs kept in `root` (a `.nb2pipe/`, or the folder or notebook beside it), newest first."""
    return store.runs(_root(root))


def run_record(root: Path, which: str = "latest") -> Run:
    """One run by its id, the beginning of its id, or `latest`. Raises BadInput if there is none or more than one."""
    return store.load(_root(root), which)


def run_folder(root: Path, which: str = "latest") -> Path:
    """The folder of a run: its record, its steps' notebooks, `merged.ipynb`. Raises BadInput as `run_record` does."""
    return store.find(_root(root), which).path


def runs_root(notebook: Path) -> Path:
    """Where the runs of a notebook are kept: `.nb2pipe/` beside it."""
    return store.default_root(notebook)


def is_run_id(text: str) -> bool:
    """True for what is a run's whole id, whether there is such a run or not."""
    return store.is_id(text)


def run_ids(root: Path) -> tuple[str, ...]:
    """The ids of the runs kept in `root`, newest first; also of those that never began."""
    return tuple(sorted(store.ids(_root(root)), reverse=True))


def watch(root: Path, which: str = "latest") -> Watched:
    """A run to be looked at again and again. Raises BadInput as `run_record` does."""
    return Watched(store.find(_root(root), which))


def run_notebook(root: Path, which: str = "latest") -> Path | None:
    """The notebook with all outputs of a run, if it is there. Raises BadInput as `run_record` does."""
    return left.merged(_root(root), which)


def step_notebook(root: Path, step: str, which: str = "latest") -> Path | None:
    """A step's notebook with its outputs, as far as it got. Raises BadInput as `log` does."""
    return left.executed(_root(root), which, step)


def step_log(root: Path, step: str, which: str = "latest") -> Path | None:
    """What the kernel of a step wrote by itself, outside of any cell. Raises BadInput as `log` does."""
    return left.kernel_log(_root(root), which, step)


def log(root: Path, which: str = "latest", step: str | None = None) -> Iterator[Printed]:
    """What the steps of a run printed, in order; of one step if `step` (its name or id) is given. Raises BadInput."""
    directory = store.find(_root(root), which)
    step_id = None if step is None else left.step_of(store.load(_root(root), directory.id), step).id
    for event in read_events(directory.events):
        if isinstance(event, Printed) and step_id in (None, event.step):
            yield event


def debug(root: Path, step: str, which: str = "latest", *, artifacts: str = "") -> Opened:
    """A step (name or id) of a run as it was before its first cell: what `debug_notebook` and `debug_console` take.

    The inputs of a step on a cluster are fetched from the store `artifacts`, or as the run's connection says. Raises
    BadInput: no such run (N2P602, N2P603) or step (N2P610), or it never began (N2P618); EnvironmentProblem (N2P761).
    """
    if store.find(_root(root), which).remote.is_file():
        from nb2pipe import fetching

        return fetching.opened(_root(root), which, step, artifacts)
    from nb2pipe import debugging

    return debugging.opened(_root(root), which, step)


def debug_notebook(found: Opened, target: Path | None = None, *, overwrite: bool = False) -> Path:
    """Write a notebook that begins with the step's inputs, by default beside its source. Returns where it is.

    Raises BadInput (N2P618) if something is there and isn't to be overwritten, EnvironmentProblem (N2P611).
    """
    from nb2pipe import debugging

    debugging.write_notebook(found, target or found.notebook, overwrite=overwrite)
    return target or found.notebook


def debug_beside(root: Path, step: str, which: str = "latest") -> Written:
    """Write such a notebook beside its source, under a name that is free, and say which cell to look at.

    Raises as `debug` and `debug_notebook` do.
    """
    from nb2pipe import debugging

    return debugging.write_beside(debug(root, step, which))


def debug_console(found: Opened) -> int:
    """An IPython session in this terminal that has the step's inputs. Returns its exit code."""
    from nb2pipe import debugging

    return debugging.console(found)


def cancel(root: Path, which: str = "latest") -> Run:
    """Ask a run to stop from another terminal, and return it as it is now. Raises BadInput if it isn't under way."""
    directory = store.find(_root(root), which)
    if directory.remote.is_file():
        from nb2pipe import submitting

        return submitting.cancel(_root(root), directory.id)
    from nb2pipe.targets import local

    local.cancel(directory.path)
    return store.load(_root(root), directory.id)


def remove_runs(root: Path, which: Sequence[str]) -> tuple[str, ...]:
    """Remove these runs: all, or none if one isn't there or is under way. Returns their ids. See `runs.collecting`."""
    from nb2pipe.runs import collecting

    return collecting.remove(_root(root), which)


def collect(
    root: Path, *, keep_runs: int | None = None, max_bytes: int | None = None, dry_run: bool = False
) -> Collected:
    """Free the room of what nothing names any more, and of old runs. Raises as `runs.collecting.collect` does."""
    from nb2pipe.runs import collecting

    return collecting.collect(_root(root), keep_runs=keep_runs, max_bytes=max_bytes, dry_run=dry_run)


def verify(
    source: Path, asked: Asked | None = None, *, run_dir: Path | None = None, tell: Callable[[str], None] | None = None
) -> Verification:
    """Run the notebook straight, twice, and as a pipeline, in copies of its folder; compare what they leave.

    `run_dir`: where the copies are made, in place of `.nb2pipe/` beside the notebook. `tell` gets lines on progress.
    Raises BadInput where there is no notebook, EnvironmentProblem, and Canceled; all else is in the Verification.
    """
    from nb2pipe import verifying

    root = (run_dir or store.default_root(source)).resolve()
    known = lessons(source, run_dir)
    return verifying.verify(source, root, known, asked or verifying.Asked(), tell or (lambda _: None))


def verification_page(found: Verification) -> str:
    """The report of a verification as one page of HTML that needs no other file."""
    from nb2pipe.verify.page import page

    return page(found)


def verification_index(rows: Sequence[FolderRow]) -> str:
    """The page that leads to the reports of many verifications."""
    from nb2pipe.verify.folder import folder_page

    return folder_page(rows)


def begin_verify(source: Path, *, jobs: int | None = None, seeded: bool = False) -> str:
    """Begin a verification that goes on whatever becomes of this program; its id, for `verification`.

    `jobs` and `seeded` as in `observing.Settings`. Raises EnvironmentProblem.
    """
    from nb2pipe import detached
    from nb2pipe.observing import Settings
    from nb2pipe.verifying import Asked

    return detached.verify(source, store.default_root(source), Asked(Settings(jobs=jobs, seeded=seeded)))


def verification(root: Path, which: str) -> Verified:
    """A verification that `begin_verify` has begun, as it is now. Raises BadInput (N2P602) if there is none."""
    from nb2pipe import verified

    return verified.load(_root(root), which)


def verification_report(root: Path, which: str) -> Path | None:
    """The page of a verification that has come to an end; None if there is none. Raises as `verification` does."""
    from nb2pipe import verified

    return verified.report(_root(root), which)


def cancel_verification(root: Path, which: str) -> Verified:
    """Ask a verification to stop. Raises as `verification` does, and N2P604 if it has ended."""
    from nb2pipe import verified

    return verified.cancel(_root(root), which)


def grammar() -> tuple[TagRule, ...]:
    """All tags, a row each."""
    from nb2pipe.notebook.tags import GRAMMAR

    return GRAMMAR


def schema() -> Mapping[str, Json]:
    """The JSON Schema of `pipeline.json`."""
    return render.pipeline_schema()


def versions() -> Mapping[str, str]:
    """nb2pipe's version, and those of what it stands on."""
    from importlib import metadata  # costs more than the analysis of a small notebook, and only this needs it

    found = {"nb2pipe": __version__, "python": platform.python_version(), "platform": sys.platform}
    for package in ("papermill", "nbclient", "jupyter_client", "ipykernel", "cloudpickle"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


# --- parts --------------------------------------------------------------------------------------------------------


def _root(path: Path) -> Path:
    if path.name == store.NAME or (path / "runs").is_dir():
        return path
    return path / store.NAME if path.is_dir() else store.default_root(path)
