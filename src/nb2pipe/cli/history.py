"""Commands about runs that were made: runs list, runs show, runs rm, logs, cancel."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import click

from nb2pipe import api
from nb2pipe.cli import show
from nb2pipe.cli.app import PATH, emit_json
from nb2pipe.cli.crossing import size
from nb2pipe.cli.progress import Printer, elapsed
from nb2pipe.model import Json, Run, RunState, StepRun
from nb2pipe.wire import encode

CANCEL_PATIENCE_S = 20.0

place_option = click.option(
    "--run-dir",
    "place",
    type=PATH,
    metavar="DIR",
    help="Where the runs are: a notebook, its folder, or what `run --run-dir` was given. Default: here.",
)


def given(place: Path | None) -> Path:
    """Where to look: what the command was given, else the group `runs` before it, else here."""
    group = click.get_current_context().parent
    before = group.params.get("place") if group is not None else None
    return place or before or Path()


@click.group(invoke_without_command=True)
@place_option
@click.pass_context
def runs(context: click.Context, place: Path | None) -> None:
    """List the runs made here, show one, or remove some.

    \b
    nb2pipe runs                          the same as: nb2pipe runs list
    nb2pipe runs list --json
    nb2pipe runs show                     the latest
    nb2pipe runs show 20261122 --json     the one whose id begins so
    nb2pipe runs rm 20261122-03           remove one
    """
    if context.invoked_subcommand is None:
        context.invoke(list_runs, place=place, as_json=False)


@runs.command("list")
@place_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_runs(place: Path | None, *, as_json: bool) -> None:
    """List the runs made here, newest first."""
    found = api.runs(given(place))
    if as_json:
        emit_json({"schema": 1, "runs": [_record(run) for run in found]})
        return
    if not found:
        click.echo("no runs here; `nb2pipe run NOTEBOOK` makes one")
        return
    elsewhere = any(run.target for run in found)
    rows = [["RUN", "NOTEBOOK", "STATE", "STARTED", "TIME", "STEPS", *(["WHERE"] if elsewhere else [])]]
    for run in found:
        done = sum(step.state is RunState.SUCCEEDED for step in run.steps)
        started = f"{run.started_at.astimezone():%Y-%m-%d %H:%M:%S}"
        rows.append(
            [
                run.id,
                show.one_line(run.notebook),
                show.state(run.state),
                started,
                _took(run),
                f"{done}/{len(run.steps)}",
                *([show.one_line(run.target or "here")] if elsewhere else []),
            ]
        )
    _print_table(rows)


@runs.command("show")
@click.argument("run_id", metavar="[RUN]", default="latest")
@place_option
@click.option("--json", "as_json", is_flag=True, help="For programs: steps, values, metrics, errors.")
def show_run(run_id: str, place: Path | None, *, as_json: bool) -> None:
    """Show one run: its steps, metrics and errors, and where its notebooks are.

    RUN is an id, its beginning, or latest.
    """
    root = given(place)
    run = api.look(root, run_id)
    folder = api.run_folder(root, run_id)
    if as_json:
        emit_json({"schema": 1, "folder": str(folder), **_record(run)})
        return
    click.echo(show.one_line(f"run {run.id} of {run.notebook}: ") + show.state(run.state) + f" in {_took(run)}")
    click.echo()
    rows = []
    for step in run.steps:
        fresh = f"fresh, as in run {step.reused}" if step.reused else ""
        what = step.because or (step.error.message if step.error is not None else fresh)
        rows.append(
            [show.one_line(step.name), show.state(step.state), elapsed(step), *_used(step), show.one_line(what)]
        )
    _print_table(rows)
    _print_values("parameters", run.parameters)
    _print_values("metrics", run.metrics)
    for text in run.warnings:
        click.echo(f"warning: {show.one_line(text)}")
    for step in run.steps:
        if step.error is not None:
            click.echo()
            click.echo(show.step_error(run.notebook, step.error), color=show.colours_wanted())
    click.echo(f"\nfolder: {show.one_line(str(folder))}")
    if run.link:
        click.echo(f"page: {show.one_line(run.link)}")


@runs.command("rm")
@click.argument("run_ids", metavar="RUN...", nargs=-1, required=True)
@place_option
def remove_runs(run_ids: tuple[str, ...], place: Path | None) -> None:
    """Remove runs: their records, logs and notebooks.

    RUN is an id, its beginning, or latest. What later runs can take from their steps stays; `nb2pipe gc` removes what
    nothing needs any more.
    """
    for run_id in api.remove_runs(given(place), run_ids):
        click.echo(f"removed run {run_id}")


@click.command(short_help="Print what the steps of a run printed.")
@click.argument("run_id", metavar="[RUN]", default="latest")
@click.argument("step", required=False)
@place_option
def logs(run_id: str, step: str | None, place: Path | None) -> None:
    """Print what the steps of a run printed; of one step, if STEP is given.

    RUN is an id, its beginning, or latest.

    \b
    nb2pipe logs
    nb2pipe logs latest fit
    """
    root = given(place)
    run = api.look(root, run_id)
    names = {item.id: show.one_line(item.name) for item in run.steps}
    width = max((len(name) for name in names.values()), default=0)
    printer = Printer()

    def say(step_id: str, line: str) -> None:
        prefix = "" if step is not None else f"{names.get(step_id, step_id):<{width}}  | "
        click.echo(prefix + show.block(line, colours=show.colours_wanted()))

    for event in api.log(root, run_id, step):
        for line in printer.lines(event):
            say(event.step, line)
    for item in run.steps:
        for line in printer.rest(item.id):
            say(item.id, line)
    for item in run.steps:
        if item.error is not None and step in (None, item.id, item.name):
            click.echo(show.step_error(run.notebook, item.error), color=show.colours_wanted())


@click.command()
@click.argument("run_id", metavar="[RUN]", default="latest")
@place_option
def cancel(run_id: str, place: Path | None) -> int:
    """Cancel a run that is under way, from another terminal.

    RUN is an id, its beginning, or latest.

    \b
    nb2pipe cancel
    nb2pipe cancel 20261122-03
    """
    root = given(place)
    run = api.cancel(root, run_id)
    deadline = time.monotonic() + CANCEL_PATIENCE_S
    while not run.state.done and time.monotonic() < deadline:
        time.sleep(1.0 if run.target else 0.1)
        run = api.look(root, run.id)
    if run.state.done:
        click.echo(f"run {run.id}: {show.state(run.state)}")
        return 0
    click.echo(f"run {run.id} was asked to stop, and is still ending", err=True)
    return 1


@click.command()
@click.argument("step")
@click.option("--run", "run_id", default="latest", metavar="RUN", help="The run: an id, its beginning, or latest.")
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Where the notebook goes.")
@click.option("--overwrite", is_flag=True, help="Replace a notebook that is there.")
@click.option("--console", is_flag=True, help="An IPython session in this terminal instead.")
@click.option("--artifacts", default="", metavar="URL", help="Where KFP keeps artifacts: s3://mlpipeline/v2/artifacts.")
@place_option
def debug(
    step: str,
    run_id: str,
    output: Path | None,
    place: Path | None,
    artifacts: str,
    *,
    overwrite: bool,
    console: bool,
) -> int:
    """Open STEP as it was in a run: a notebook that begins with its inputs.

    \b
    nb2pipe debug fit                     train.fit.debug.ipynb beside train.ipynb, of the latest run
    nb2pipe debug fit --run 20261122-03
    nb2pipe debug fit --console

    Run its cells from the top: definitions and inputs are there as they were, up to the cell that failed. Nothing is
    stored. Of a run on a cluster the step's inputs are fetched first, from where KFP keeps artifacts.
    """
    found = api.debug(given(place), step, run_id, artifacts=artifacts)
    if found.error is not None:
        click.echo(show.one_line(found.error.message))
    if console:
        return api.debug_console(found)
    target = api.debug_notebook(found, output, overwrite=overwrite)
    click.echo(f"open it in Jupyter: {show.near(target)}")
    if (found.folder / ".git").exists():
        click.echo("keep it out of Git: echo '*.debug.ipynb' >> .gitignore")
    return 0


def _record(run: Run) -> dict[str, Json]:
    """A run as data; the metrics of all its steps together, and every state written out."""
    data = encode(run)
    if not isinstance(data, dict):
        raise TypeError("a run is encoded as an object")
    steps = [{**item, "state": step.state.value} for item, step in zip(_items(data["steps"]), run.steps, strict=True)]
    return {**data, "steps": steps, "metrics": dict(run.metrics)}


def _items(data: Json) -> list[dict[str, Json]]:
    return [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []


def _used(step: StepRun) -> tuple[str, str]:
    """Processor time and peak of memory, as far as they are known."""
    cpu = f"cpu {show.seconds(step.cpu_s)}" if step.cpu_s else ""
    return cpu, f"peak {size(step.peak_bytes)}" if step.peak_bytes else ""


def _took(run: Run) -> str:
    return show.seconds(((run.finished_at or datetime.now(UTC)) - run.started_at).total_seconds())


def _print_values(title: str, values: object) -> None:
    if isinstance(values, dict) and values:
        click.echo(f"\n{title}")
        _print_table([["  " + show.one_line(name), show.one_line(repr(value))] for name, value in values.items()])


def _print_table(rows: list[list[str]]) -> None:
    for line in show.table(rows):
        click.echo(line, color=show.colours_wanted())
