"""A notebook or a compiled pipeline in; a run of it on a KFP cluster out, sent once and recorded here.

`compiled ─▶ experiment, version ─▶ run, by a name that no other run has ─▶ followed`
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import field, replace
from datetime import UTC, datetime
from pathlib import Path

from nb2pipe import __version__
from nb2pipe.analyzing import OnScreen, analyze
from nb2pipe.compiling import compile_notebook
from nb2pipe.errors import BadInput, RemoteProblem
from nb2pipe.files import write_atomic
from nb2pipe.followed import ClusterRun, Remote, keep, look, only_one, remote_of
from nb2pipe.journal import Journal, read_events
from nb2pipe.layout import RunDir
from nb2pipe.locks import alone
from nb2pipe.model import (
    CancelRequested,
    Diagnostic,
    Json,
    Run,
    RunFinished,
    RunStarted,
    RunState,
    Step,
    StepFinished,
    Submitted,
    Warned,
)
from nb2pipe.parameter_files import read_parameters
from nb2pipe.records import dataclass
from nb2pipe.running import given_values, sound
from nb2pipe.runs import store
from nb2pipe.targets import kfp
from nb2pipe.targets.kfp import names
from nb2pipe.targets.kfp import parameters as kfp_parameters
from nb2pipe.targets.kfp import received as kfp_received
from nb2pipe.targets.kfp.answers import RemoteRun
from nb2pipe.targets.kfp.client import Server, Version
from nb2pipe.targets.kfp.connections import Connection
from nb2pipe.targets.kfp.cron import six_fields
from nb2pipe.targets.kfp.following import Place, seen
from nb2pipe.targets.kfp.package import Package, package_of, read_package, too_long, values_of
from nb2pipe.targets.kfp.plain_words import Wanted
from nb2pipe.targets.kfp.sending import Failure, Kind
from nb2pipe.targets.kfp.tasks import tasks_of

_TRIES = 3
_LOOKS_S = (0.5, 1.5, 4.0)  # pauses before each look for a run that may or may not have been made


@dataclass(frozen=True)
class Job:
    """What is to be submitted. `steps`: id and name, in notebook order. `tasks`: each task's steps.

    `wanted`: what each step asked for, to say what was too little.
    """

    package: Package
    notebook: str
    digest: str
    steps: tuple[tuple[str, str], ...]
    tasks: Mapping[str, tuple[str, ...]]
    parameters: Mapping[str, Json] = field(default_factory=dict)
    wanted: Mapping[str, Wanted] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()


def job(
    source: Path | OnScreen,
    *,
    parameters: Mapping[str, str] | None = None,
    parameters_file: Path | None = None,
    kernel: str | None = None,
    image: str | None = None,
) -> Job:
    """What submitting this means: a notebook is compiled; of a YAML file that was compiled before, tasks are steps.

    `parameters` are texts as typed, which go before those of `parameters_file`. `kernel` and `image` are as for
    `compiling.compile_notebook`. Raises BadInput.
    """
    if isinstance(source, Path) and source.suffix.lower() in (".yaml", ".yml"):
        if kernel or image:
            hint = "submit the notebook, or compile it anew with them"
            raise BadInput.of("N2P757", f"{source} is compiled already: image and kernel stand in it", hint=hint)
        return _of_package(source, parameters or {}, parameters_file)
    analyzed = analyze(source)
    values = given_values(sound(analyzed), parameters or {}, parameters_file)
    # None can't be sent, so it becomes part of the pipeline; all else doesn't, so that one version serves all values
    fixed = {name: value for name, value in values.items() if value is None}
    texts = dict.fromkeys(fixed, "None")
    compiled = compile_notebook(analyzed, parameters=texts, kernel=kernel, image=image)
    pipeline = compiled.pipeline
    problems = (
        *kfp_parameters.check(kfp_parameters.with_values(pipeline.parameters, values), pipeline.notebook),
        *kfp_parameters.check_sent(pipeline.parameters, values),
    )
    if problems:
        raise BadInput(problems)
    name = (source.path if isinstance(source, OnScreen) else source).name
    declared = {item.name: item for item in kfp_parameters.with_values(pipeline.parameters, fixed)}
    sent = {names.encode(key): kfp_received.sent(declared[key], values[key]) for key in values if key not in fixed}
    package = package_of(compiled.content, name)
    problems = too_long(package, sent, kfp.places(pipeline))
    if problems:
        raise BadInput(problems)
    return Job(
        package,
        name,
        pipeline.digest,
        tuple((step.id, step.name) for step in pipeline.steps),
        {task.id: tuple(step.id for step in task.steps) for task in tasks_of(pipeline)},
        sent,
        {step.id: _wanted(step) for step in pipeline.steps},
        compiled.diagnostics,
    )


def _wanted(step: Step) -> Wanted:
    options = step.options
    timeout = f"{options.timeout_s:g} s" if options.timeout_s else ""
    return Wanted(step.name, options.image or "", options.memory or "", timeout)


def _of_package(source: Path, texts: Mapping[str, str], file: Path | None) -> Job:
    package = read_package(source)
    found = values_of(package, texts, read_parameters(file) if file is not None else {})
    problems = too_long(package, found)
    if problems:
        raise BadInput(problems)
    tasks = {task: (task,) for task in package.tasks}
    return Job(package, source.name, package.digest, tuple(package.tasks.items()), tasks, found)


def submit(job: Job, connection: Connection, root: Path) -> ClusterRun:
    """Start the job on the cluster, and keep a record of it in `root`.

    Raises RemoteProblem; with N2P759 it isn't known whether the run was made, and the record stays for `attach`.
    """
    server = Server(connection)
    server.health()
    experiment = server.experiment(connection.experiment or "Default")
    version = _uploaded(server, job)
    directory = store.create(root)
    name = f"{job.package.name[:100]} {directory.id}"
    remote = Remote(connection, Place(name, experiment, tasks=job.tasks), job.wanted)
    with alone(directory.following), contextlib.closing(_begun(directory, job, remote)) as journal:
        try:
            found, again = _created(server, job, remote, version)
        except Failure as failure:
            now = datetime.now(UTC)
            journal.extend([Warned(now, str(failure)), RunFinished(now, RunState.FAILED)])
            raise
        keep(directory, replace(remote, place=replace(remote.place, run=found.id)))
        journal.append(Submitted(datetime.now(UTC), found.id, connection.page(found.id)))
        if again:
            for text in only_one(server, remote, found):
                journal.append(Warned(datetime.now(UTC), text))
    return ClusterRun(directory, server)


def schedule(job: Job, connection: Connection, cron: str, name: str = "") -> tuple[str, str]:
    """Have the cluster start the job at the times of `cron` (five fields); the schedule's id and name.

    A name that is there already isn't taken a second time. Raises RemoteProblem, BadInput (N2P758).
    """
    fields = six_fields(cron)
    name = name or job.package.name
    server = Server(connection)
    server.health()
    experiment = server.experiment(connection.experiment or "Default")
    version = _uploaded(server, job)
    if server.schedules_named(name, experiment):
        raise BadInput.of(
            "N2P758", f"there is a schedule `{name}` already", hint="give another `--name`, or remove it on KFP's pages"
        )
    description = f"made by nb2pipe {__version__} of {job.notebook}"
    for number in range(_TRIES):
        try:
            made = server.create_schedule(name, description, experiment, version, job.parameters, fields)
        except Failure as failure:
            if not failure.kind.passes or number == _TRIES - 1:
                raise
            time.sleep(max(_LOOKS_S[number], failure.after_s))
            there = server.schedules_named(name, experiment)
            if there:
                return there[0], name
        else:
            return made, name
    raise AssertionError("the last try returns or raises")


def cancel(root: Path, which: str = "latest") -> Run:
    """Have the cluster end a run. Raises BadInput (N2P604) if it isn't under way, RemoteProblem."""
    run = look(root, which)
    directory = store.find(root, run.id)
    if run.state.done:
        raise BadInput.of("N2P604", f"run {run.id} is not under way", hint="`nb2pipe runs` shows what became of it")
    remote = remote_of(directory)
    if not remote.place.run:
        raise _lost(directory)
    server = Server(remote.connection)
    try:
        server.terminate(remote.place.run)
    except Failure as failure:
        state = server.run(remote.place.run).state if failure.kind is not Kind.LOGIN else RunState.RUNNING
        if state.done:  # by itself, before it could be canceled
            return look(root, run.id)
        if state is not RunState.CANCELING:
            raise
    with alone(directory.following) as free:
        if free:
            with contextlib.closing(Journal(directory.events)) as journal:
                journal.append(CancelRequested(datetime.now(UTC), "`nb2pipe cancel`"))
    return store.load(root, run.id)


def resume(root: Path, which: str = "latest") -> ClusterRun:
    """Have the cluster go on with a run that failed: KFP's retry. What had succeeded isn't run again.

    Raises BadInput (N2P619) if there is nothing to go on with, RemoteProblem.
    """
    before = look(root, which)
    if before.state not in (RunState.FAILED, RunState.CANCELED):
        what = "is under way" if not before.state.done else "has succeeded"
        raise BadInput.of("N2P619", f"run {before.id} {what}", hint="`nb2pipe submit` starts a new one")
    old = store.find(root, before.id)
    remote = remote_of(old)
    if not remote.place.run:
        raise BadInput.of("N2P619", f"run {before.id} was never made", hint="`nb2pipe submit` starts a new one")
    server = Server(remote.connection)
    was = server.run(remote.place.run)
    marks = {task: item.mark for task, item in seen(was, remote.place.tasks).items()}
    try:
        server.retry(was.id)
    except Failure as failure:
        if not failure.kind.may_have_happened or server.run(was.id).state.done:
            raise
    directory = store.create(root)
    keep(directory, replace(remote, place=replace(remote.place, marks=marks)))
    if old.compiled.is_file():
        _keep_pipeline(directory, old.compiled.read_bytes())
    events = read_events(old.events)
    started = next(event for event in events if isinstance(event, RunStarted))
    now = datetime.now(UTC)
    with contextlib.closing(Journal(directory.events)) as journal:
        journal.append(replace(started, at=now, run=directory.id))
        journal.append(Submitted(now, was.id, remote.connection.page(was.id)))
        for step in before.steps:
            if step.state is RunState.SUCCEEDED:
                journal.append(
                    StepFinished(
                        now, step.id, RunState.SUCCEEDED, metrics=step.metrics, reused=step.reused or before.id
                    )
                )
    return ClusterRun(directory, server)


# --- parts -----------------------------------------------------------------------------------------------------------


def _uploaded(server: Server, job: Job) -> Version:
    """The pipeline's version on the server: one for each content, so that the same one is uploaded once."""
    description = f"made by nb2pipe of {job.notebook}"
    return server.version(
        job.package.name, f"{job.package.name[:80]}-{job.package.digest[:16]}", job.package.content, description
    )


def _begun(directory: RunDir, job: Job, remote: Remote) -> Journal:
    """The record as it is before anything is sent: whatever happens then, the run can be found again."""
    keep(directory, remote)
    _keep_pipeline(directory, job.package.content)
    journal = Journal(directory.events)
    journal.append(
        RunStarted(
            datetime.now(UTC),
            directory.id,
            job.notebook,
            job.digest,
            job.steps,
            jobs=len(job.steps),
            pid=0,
            parameters=job.parameters,
            version=__version__,
            target=f"kfp {remote.connection.host}",
        )
    )
    return journal


def _keep_pipeline(directory: RunDir, content: bytes) -> None:
    try:
        write_atomic(directory.compiled, content)
    except OSError as error:
        raise store.cannot_write(directory.path, error) from error


def _created(server: Server, job: Job, remote: Remote, version: Version) -> tuple[RemoteRun, bool]:
    """The run on the server, and whether it was asked for more than once.

    After a request whose answer was lost, its name is looked for before it is sent again. Raises Failure where it
    surely was not made, RemoteProblem (N2P759) where that can't be known.
    """
    place = remote.place
    description = f"made by nb2pipe {__version__} of {job.notebook}"
    for number in range(_TRIES):
        try:
            return server.create_run(place.name, description, place.experiment, version, job.parameters), number > 0
        except Failure as failure:
            if not failure.kind.passes:
                raise
            if failure.kind.may_have_happened:
                found = _looked_for(server, place, failure)
                if found is not None:
                    return found, True
                if failure.is_slow:  # it may be made yet: asking again might make two
                    raise _unknown(place, failure) from failure
            if number == _TRIES - 1:
                raise
            time.sleep(max(_LOOKS_S[number], failure.after_s))
    raise AssertionError("the last try returns or raises")


def _looked_for(server: Server, place: Place, failure: Failure) -> RemoteRun | None:
    """The run that a request without an answer has made; None if it surely has made none so far."""
    for pause_s in _LOOKS_S:
        time.sleep(pause_s)
        try:
            there = server.runs_named(place.name, place.experiment)
        except Failure as second:
            raise _unknown(place, failure) from second
        if there:
            return there[0]
    return None


def _unknown(place: Place, failure: Failure) -> RemoteProblem:
    run_id = place.name.rpartition(" ")[2]
    return RemoteProblem.of(
        "N2P759",
        f"it isn't known whether the run was made: {failure}",
        hint=f"`nb2pipe attach {run_id}` looks for it, and follows it if it is there; submit again only after that",
    )


def _lost(directory: RunDir) -> BadInput:
    return BadInput.of(
        "N2P760", f"it isn't known where run {directory.id} is", hint=f"`nb2pipe attach {directory.id}` looks for it"
    )
