"""`nb2pipe run`: a notebook in, its run followed to the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nb2pipe import sealed
from nb2pipe.asked import Asked
from nb2pipe.cli import show
from nb2pipe.cli.app import PATH, emit_json, pairs, unicode_output
from nb2pipe.cli.progress import JsonLines, LiveView, PlainLines, Progress
from nb2pipe.errors import Canceled, RunFailed, many
from nb2pipe.model import Diagnostic, Json, Run, RunState, Severity
from nb2pipe.wire import encode

if TYPE_CHECKING:
    from nb2pipe.api import ClusterRun, LocalPipelineRun, Plan
    from nb2pipe.checks import Crossing
    from nb2pipe.sealed import SealedRun
    from nb2pipe.targets.local import StepStatus


@click.command()
@click.argument("notebook", type=PATH)
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Put the notebook with all outputs there.")
@click.option("-p", "--param", "parameters", multiple=True, metavar="NAME=VALUE", callback=pairs, help="A parameter.")
@click.option("--params-file", type=PATH, metavar="FILE", help="Parameters from a YAML or JSON file.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Steps at a time. Default: the processors.")
@click.option("--kernel", metavar="NAME", help="Another kernel than the notebook's own; `jupyter kernelspec list`.")
@click.option("--isolated", is_flag=True, help="Run in a copy of the notebook's folder.")
@click.option(
    "--safe", is_flag=True, help="One step after the other, each with every variable: slow, no chances taken."
)
@click.option("--run-dir", type=PATH, metavar="DIR", help="Keep the run there. Default: .nb2pipe/ beside the notebook.")
@click.option(
    "--only", multiple=True, metavar="STEP", help="This step and what it needs, nothing else. May be repeated."
)
@click.option("--from", "since", metavar="STEP", help="Run this step and all that wait for it, fresh or not.")
@click.option("--force", is_flag=True, help="Run fresh steps too: all, or those named by --only.")
@click.option("--dry-run", is_flag=True, help="Run nothing; print the plan and its reasons.")
@click.option("--json", "as_json", is_flag=True, help="Print the run's events as JSON lines.")
def run(
    notebook: Path,
    output: Path | None,
    parameters: Mapping[str, str],
    params_file: Path | None,
    jobs: int | None,
    kernel: str | None,
    run_dir: Path | None,
    only: Sequence[str],
    since: str | None,
    *,
    isolated: bool,
    safe: bool,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Run NOTEBOOK as a pipeline on this machine. The notebook itself is never written to.

    Steps whose code, inputs, files, packages and parameters are as they were are not run again: their results of an
    earlier run are taken. `nb2pipe status` says why a step is not fresh.

    \b
    nb2pipe run train.ipynb
    nb2pipe run train.ipynb -o done.ipynb            all outputs in one notebook
    nb2pipe run train.ipynb -p depth=5 -p name=big   other parameters
    nb2pipe run train.ipynb --only fit               step fit, and what it needs
    nb2pipe run train.ipynb --from clean             clean and all that comes of it, fresh or not
    nb2pipe run train.ipynb --dry-run                what would run, and why in this order
    nb2pipe run train.ipynb --json | jq .kind        events for programs

    Ctrl-C cancels the run and ends all its processes. Exits with 1 if a step failed, 130 if it was canceled.
    """
    asked = Asked(
        parameters=parameters,
        parameters_file=params_file,
        jobs=jobs,
        kernel=kernel,
        run_dir=run_dir,
        isolated=isolated,
        output=output,
        safe=safe,
        force=force,
        only=only,
        since=since,
    )
    if dry_run:
        from nb2pipe import api

        planned = api.plan(notebook, parameters=parameters, parameters_file=params_file, run_dir=run_dir, safe=safe)
        steps = () if isolated else api.status(notebook, asked, planned)
        _show_plan(planned, api.values(planned.analyzed, run_dir or notebook), steps, as_json=as_json)
        return 0
    return to_the_end(_started(notebook, asked), output, as_json=as_json)


def _started(notebook: Path, asked: Asked) -> LocalPipelineRun | SealedRun:
    """The run. What compares everything is imported only if there is something to compare."""
    nothing_new = sealed.run(notebook, asked)
    if nothing_new is not None:
        return nothing_new
    from nb2pipe import api

    return api.run(notebook, asked)


@click.command()
@click.argument("run_id", metavar="[RUN]", default="latest")
@click.option("--run-dir", type=PATH, metavar="DIR", help="Where the runs are. Default: here.")
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Put the notebook with all outputs there.")
@click.option("--json", "as_json", is_flag=True, help="Print the run's events as JSON lines.")
def resume(run_id: str, run_dir: Path | None, output: Path | None, *, as_json: bool) -> int:
    """Go on with a run that failed, was canceled or killed: with its parameters; what it had done is not done again.

    RUN is an id, its beginning, or latest. `nb2pipe run` with the same parameters does the same. A run on a cluster
    goes on there, and is followed to its end.
    """
    from nb2pipe import api

    if api.is_remote(run_dir or Path(), run_id):
        from nb2pipe.cli.submitting import followed

        if output is not None:
            raise click.UsageError("`-o` is for runs made here: the notebooks of a run on a cluster are on KFP's pages")
        return followed(lambda: api.resume_remote(run_dir or Path(), run_id), as_json=as_json)
    return to_the_end(api.resume(run_dir or Path(), run_id, output), output, as_json=as_json)


def to_the_end(first: LocalPipelineRun | SealedRun | ClusterRun, output: Path | None, *, as_json: bool) -> int:
    """Follow a run, and those that go on in its place. Returns the exit code."""
    handle: LocalPipelineRun | SealedRun | ClusterRun | None = first
    said: set[Diagnostic] = set()
    while handle is not None:
        new = [item for item in handle.diagnostics if item.severity is not Severity.NOTE and item not in said]
        show.diagnostics(new)
        said.update(new)
        finished = _follow(handle, _progress(as_json=as_json))
        _report_errors(finished)
        last, handle = handle, handle.again()
        if handle is not None and not as_json:
            click.echo("that is known now: planned again, and going on")
    if not as_json:
        _summarize(finished, output or last.merged)
    if finished.state is RunState.SUCCEEDED:
        return 0
    return Canceled.exit_code if finished.state is RunState.CANCELED else RunFailed.exit_code


def _progress(*, as_json: bool) -> Progress:
    if as_json:
        return JsonLines()
    return LiveView() if show.colours_wanted() and unicode_output() else PlainLines()


def _follow(handle: LocalPipelineRun | SealedRun | ClusterRun, progress: Progress) -> Run:
    """Show all events. If they can't be shown (nobody reads them), the run is canceled and followed to its end."""
    events = handle.events()
    with handle.forwarding_signals():
        try:
            with progress:
                for event in events:
                    progress.event(event, _record(handle))
        except BaseException:
            handle.cancel("its output could not be shown")
            for _ in events:
                pass
            raise
    return _record(handle)


def _record(handle: LocalPipelineRun | SealedRun | ClusterRun) -> Run:
    if handle.record is None:
        raise AssertionError("a run's first event is there before its record is asked for")
    return handle.record


def _report_errors(finished: Run) -> None:
    """The failed steps' errors, to standard error."""
    for step in finished.steps:
        if step.error is not None:
            text = show.step_error(finished.notebook, step.error)
            click.echo(text, err=True, color=show.colours_wanted(error=True))


def _summarize(finished: Run, notebook: Path) -> None:
    """The last lines: state, time, metrics, where the outputs are."""
    colours = show.colours_wanted()
    took = ((finished.finished_at or finished.started_at) - finished.started_at).total_seconds()
    done = sum(step.state is RunState.SUCCEEDED for step in finished.steps)
    steps = many(len(finished.steps), "step")
    fresh = sum(bool(step.reused) for step in finished.steps)
    line = f"{show.state(finished.state)} in {show.seconds(took)}: {done} of {steps}"
    if fresh:
        line += ", nothing had to run" if fresh == len(finished.steps) else f", {fresh} of them fresh"
    click.echo(line, color=colours)
    rows = [["  " + show.one_line(name), f"{value:.6g}"] for name, value in finished.metrics.items()]
    for row in show.table(rows):
        click.echo(row)
    if notebook.is_file():
        what = "all outputs" if finished.state is RunState.SUCCEEDED else "the outputs so far"
        click.echo(f"{what}: {show.near(notebook)}")


def _show_plan(plan: Plan, values: Sequence[Crossing], steps: Sequence[StepStatus], *, as_json: bool) -> None:
    from nb2pipe.cli import crossing, drawing

    if as_json:
        diagnostics = [*plan.analyzed.diagnostics, *plan.warnings]
        pipeline = {**drawing.data(plan.pipeline), "values": crossing.data(values)}
        data = {"parameters": plan.parameters, "diagnostics": diagnostics, "pipeline": pipeline, "status": steps}
        emit_json({"schema": 1, **{key: encode(value) for key, value in data.items()}})
        return
    show.diagnostics([*plan.analyzed.diagnostics, *plan.warnings])
    click.echo(drawing.tree(plan.pipeline, drawing.UNICODE if unicode_output() else drawing.ASCII), nl=False)
    click.echo()
    for line in crossing.table(values, plan.pipeline):
        click.echo(line)
    if any(item.fresh for item in steps):
        click.echo("\nwhat runs")
        for line in show.table([["  " + row[0], *row[1:]] for row in map(_status_row, steps)]):
            click.echo(line, color=show.colours_wanted())
    if plan.parameters:
        click.echo("\nparameters")
        rows = [["  " + show.one_line(name), show.one_line(repr(value))] for name, value in plan.parameters.items()]
        for row in show.table(rows):
            click.echo(row)


@click.command()
@click.argument("notebook", type=PATH)
@click.option("-p", "--param", "parameters", multiple=True, metavar="NAME=VALUE", callback=pairs, help="A parameter.")
@click.option("--params-file", type=PATH, metavar="FILE", help="Parameters from a YAML or JSON file.")
@click.option("--kernel", metavar="NAME", help="Another kernel than the notebook's own.")
@click.option("--run-dir", type=PATH, metavar="DIR", help="Where the runs are. Default: .nb2pipe/ beside the notebook.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status(
    notebook: Path,
    parameters: Mapping[str, str],
    params_file: Path | None,
    kernel: str | None,
    run_dir: Path | None,
    *,
    as_json: bool,
) -> int:
    """Say which steps of NOTEBOOK are fresh, and why the others have to run.

    \b
    nb2pipe status train.ipynb
    nb2pipe status train.ipynb -p depth=5     as `run` with these parameters would see it
    nb2pipe status train.ipynb --json

    Nothing is run. Exits with 0 if all steps are fresh, with 1 if not.
    """
    from nb2pipe import api

    asked = Asked(parameters=parameters, parameters_file=params_file, kernel=kernel, run_dir=run_dir)
    steps = api.status(notebook, asked)
    if as_json:
        emit_json({"schema": 1, "steps": [{"fresh": item.fresh, **_encoded(item)} for item in steps]})
    else:
        for line in show.table([_status_row(item) for item in steps]):
            click.echo(line, color=show.colours_wanted())
        for item in steps:
            for note in item.notes:
                click.echo(f"{show.one_line(item.name)}: {show.one_line(note)}")
    return 0 if all(item.fresh for item in steps) else 1


@click.command("mark-fresh")
@click.argument("notebook", type=PATH)
@click.argument("steps", nargs=-1, required=True, metavar="STEP...")
@click.option("-p", "--param", "parameters", multiple=True, metavar="NAME=VALUE", callback=pairs, help="A parameter.")
@click.option("--kernel", metavar="NAME", help="Another kernel than the notebook's own.")
@click.option("--run-dir", type=PATH, metavar="DIR", help="Where the runs are. Default: .nb2pipe/ beside the notebook.")
def mark_fresh(
    notebook: Path, steps: Sequence[str], parameters: Mapping[str, str], kernel: str | None, run_dir: Path | None
) -> None:
    """Take the last results of each STEP as they are, whatever has changed: "I know, don't run it again".

    \b
    nb2pipe mark-fresh train.ipynb load
    """
    from nb2pipe import api

    asked = Asked(parameters=parameters, kernel=kernel, run_dir=run_dir)
    api.mark_fresh(notebook, steps, asked)
    for name in steps:
        click.echo(f"{show.one_line(name)} is fresh now")


def _status_row(item: StepStatus) -> list[str]:
    colours = show.colours_wanted()
    if item.fresh:
        state, why = click.style("fresh", fg="green") if colours else "fresh", f"as in run {item.run}"
    else:
        text = "perhaps" if item.perhaps else "stale"
        state, why = click.style(text, fg="yellow") if colours else text, "; ".join(item.reasons)
    return [show.one_line(item.name), state, show.one_line(why)]


def _encoded(item: StepStatus) -> dict[str, Json]:
    data = encode(item)
    if not isinstance(data, dict):
        raise TypeError("a status is encoded as an object")
    return data
