"""Questions about runs in, answers out: history, one run, what it left; start, stop, go on, look into a step."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path, PurePath
from typing import Any

from nb2pipe import api
from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.model import Json, Printed, Run
from nb2pipe_jupyter.answers import News, Opened, ResumeAsked, RunAsked, RunNamed, Runs, RunView
from nb2pipe_jupyter.notebooks import source_of
from nb2pipe_jupyter.service import Service
from nb2pipe_jupyter.targets import connection_of

_MOST_LOOKED_AT = 2_000  # runs of all notebooks in the folder
_LOG_LINES = 1_000


def history(service: Service, path: str, most: int | None = None) -> Runs:
    """The runs of a notebook, newest first."""
    root, name = service.root(path), PurePath(path).name
    most = most or service.settings.most_runs
    found: list[RunView] = []
    for run in api.run_ids(root)[:_MOST_LOOKED_AT]:
        with contextlib.suppress(BadInput, EnvironmentProblem):  # it never began, is just removed, or is damaged
            told = service.look(root, run)
            if PurePath(told[0].notebook).name == name:
                found.append(_view(*told, path))
        if len(found) > most:
            break
    return Runs(tuple(found[:most]), len(found) > most)


def one(service: Service, run: str, path: str) -> RunView:
    """One run."""
    return news(service, run, path, None).view


def news(service: Service, run: str, path: str, after: int | None) -> News:
    """A run as it is now, and what was printed since an event; None: nothing of that."""
    root = service.root(path)
    watched = service.watched(root, run)
    found = watched.since(after if after is not None else 1 << 62)
    _require_of(found.run, path)
    view = _view(found.run, found.next, found.is_merged, path)
    return News(view, found.printed, found.cut and after is not None)


def look_at_cluster(service: Service, run: str, path: str) -> None:
    """Bring the record of a run on a cluster up to date."""
    api.look(service.root(path), run)


def start(service: Service, asked: RunAsked) -> RunView:
    """Run the notebook as it is on the screen. Answers once the run's record has begun."""
    source = source_of(service, asked.path, asked.content)
    if asked.target:
        connection = connection_of(service, asked.target)
        job = service.analyses.do(api.job, source, parameters=asked.parameters, kernel=asked.kernel, image=asked.image)
        return one(service, api.submit(job, connection, _place(source)).dir.id, asked.path)
    _require_local(service)
    run_asked = api.RunAsked(
        parameters=asked.parameters,
        jobs=asked.jobs,
        kernel=asked.kernel,
        isolated=asked.isolated,
        safe=asked.safe,
        force=asked.force,
        only=asked.only,
        since=asked.since,
    )
    return one(service, api.begin_run(source, run_asked), asked.path)


def cancel(service: Service, run: str, asked: RunNamed) -> RunView:
    """Stop a run."""
    one(service, run, asked.path)
    api.cancel(service.root(asked.path), run)
    return one(service, run, asked.path)


def resume(service: Service, run: str, asked: ResumeAsked) -> RunView:
    """Go on with a run that ended before its steps did."""
    root = service.root(asked.path)
    before = one(service, run, asked.path)
    if before.run.target:
        return one(service, api.resume_remote(root, run).dir.id, asked.path)
    _require_local(service)
    source = source_of(service, asked.path, asked.content)
    content = source.content if isinstance(source, api.OnScreen) else None
    return one(service, api.begin_resume(root, run, content), asked.path)


def remove(service: Service, run: str, path: str) -> None:
    """Remove a run that has ended."""
    root = service.root(path)
    view = one(service, run, path)
    if view.live:
        raise BadInput.of("N2P620", f"run {run} is under way", hint="stop it first")
    api.remove_runs(root, [run])
    service.forget(root, run)


def notebook(service: Service, run: str, path: str) -> Json:
    """The notebook with all outputs of a run."""
    one(service, run, path)
    return _notebook(service, api.run_notebook(service.root(path), run), f"run {run} has left no notebook so far")


def step_notebook(service: Service, run: str, step: str, path: str) -> Json:
    """A step's notebook with its outputs, as far as it got."""
    one(service, run, path)
    found = api.step_notebook(service.root(path), step, run)
    return _notebook(service, found, f"step `{step}` of run {run} has left no notebook so far")


def step_log(service: Service, run: str, step: str, path: str, tail: int | None = None) -> str:
    """What a step printed, then what its kernel wrote by itself: the last lines."""
    found = news(service, run, path, 0)
    root = service.root(path)
    by_itself = api.step_log(root, step, run)  # says if there is no such step
    ids = {item.id for item in found.view.run.steps if step in (item.id, item.name)}
    text = "".join(item.text for item in _of_steps(found.printed, ids))
    if by_itself is not None:
        text += _read(service, by_itself).decode("utf-8", "replace")
    return "".join(text.splitlines(keepends=True)[-(tail or _LOG_LINES) :])


def debug(service: Service, run: str, step: str, asked: RunNamed) -> Opened:
    """Write a live notebook with a step's inputs beside the notebook."""
    one(service, run, asked.path)
    found = api.debug_beside(service.root(asked.path), step, run)
    return Opened(service.places.shown(found.path), found.position)


# --- parts --------------------------------------------------------------------------------------------------------


def _view(run: Run, events: int, is_merged: bool, path: str) -> RunView:  # as `Service.look` gives it
    return RunView(run, path, not run.state.done, run.metrics, is_merged, events)


def _require_of(run: Run, path: str) -> None:
    """One folder holds the runs of all its notebooks."""
    if PurePath(run.notebook).name != PurePath(path).name:
        raise BadInput.of(
            "N2P602", f"run {run.id} is of another notebook: {run.notebook}", hint="choose one of the list"
        )


def _require_local(service: Service) -> None:
    if not service.settings.local_runs:
        message = "runs on this machine are switched off by the administrator of this server"
        raise BadInput.of("N2P803", message, hint="choose a cluster as the target")


def _place(source: Path | api.OnScreen) -> Path:
    return source.path if isinstance(source, api.OnScreen) else source


def _of_steps(printed: tuple[Printed, ...], steps: set[str]) -> list[Printed]:
    return [item for item in printed if item.step in steps]


def _notebook(service: Service, path: Path | None, missing: str) -> Json:
    if path is None:
        raise BadInput.of("N2P805", missing, hint="it is written when the run, or the step, has ended")
    try:
        data: Any = json.loads(_read(service, path))
    except ValueError as error:
        raise EnvironmentProblem.of("N2P605", f"{path.name} is damaged: {error}", hint="run it again") from error
    found: Json = data
    return found


def _read(service: Service, path: Path) -> bytes:
    most = service.settings.max_answer_bytes
    try:
        if path.stat().st_size > most:
            message = f"{path.name} has more than {most:,} bytes"
            raise BadInput.of("N2P804", message, hint=f"open it from the folder of the run: {path.parent.name}")
        return path.read_bytes()
    except OSError as error:
        raise EnvironmentProblem.of("N2P605", f"{path.name} can't be read: {error.strerror or error}") from error
