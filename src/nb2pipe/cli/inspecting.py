"""Commands that read notebooks and run nothing: check, graph, build, version."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from nb2pipe import api
from nb2pipe.checks import Crossing
from nb2pipe.cli import show
from nb2pipe.cli.app import PATH, emit_json, unicode_output, write_file
from nb2pipe.errors import BadInput, Nb2pipeError, many
from nb2pipe.model import Cell, Diagnostic, Json, Location, Pipeline, Severity
from nb2pipe.wire import encode


@click.command()
@click.argument("notebooks", nargs=-1, required=True, type=PATH)
@click.option("--json", "as_json", is_flag=True, help="Print the diagnostics as JSON.")
@click.option("--github", is_flag=True, help="Print GitHub annotations, at the lines of the notebook's file.")
def check(notebooks: tuple[Path, ...], *, as_json: bool, github: bool) -> int:
    """Say what would go wrong with NOTEBOOKS as pipelines. Nothing in them is executed.

    \b
    nb2pipe check train.ipynb
    nb2pipe check notebooks/*.ipynb       several at once
    nb2pipe check --json train.ipynb      for programs
    nb2pipe check --github *.ipynb        annotations on a pull request

    Exits with 2 if there is an error; warnings and notes don't count.
    """
    code = 0
    report: list[Json] = []
    for path in notebooks:
        diagnostics, cells, summary, found_code = _judge(path)
        code = max(code, found_code)
        if as_json:
            report.append({"notebook": str(path), "ok": found_code == 0, "diagnostics": encode(diagnostics)})
        elif github:
            from nb2pipe.cli.github import annotate

            for line in annotate(path, cells, diagnostics):
                click.echo(line)
        else:
            show.diagnostics(diagnostics, error=False)
            click.echo(f"{show.one_line(str(path))}: {summary}")
    if as_json:
        emit_json({"schema": 1, "ok": code == 0, "notebooks": report})
    return code


def _judge(path: Path) -> tuple[tuple[Diagnostic, ...], tuple[Cell, ...], str, int]:
    """Diagnostics, cells, a line for people, and the exit code of one notebook."""
    try:
        analyzed = api.analyze(path, lessons=api.lessons(path))
    except Nb2pipeError as error:
        return error.diagnostics, (), show.counts(error.diagnostics), error.exit_code
    steps = _steps(analyzed.pipeline) + ", " if analyzed.pipeline is not None and not analyzed.errors else ""
    code = BadInput.exit_code if analyzed.errors else 0
    return analyzed.diagnostics, analyzed.notebook.cells, steps + show.counts(analyzed.diagnostics), code


def _steps(pipeline: Pipeline) -> str:
    return many(len(pipeline.steps), "step")


@click.command()
@click.argument("notebook", type=PATH)
@click.option(
    "--mermaid", "forms", flag_value="mermaid", multiple=True, help="A Mermaid chart, which GitHub shows in Markdown."
)
@click.option("--svg", "forms", flag_value="svg", multiple=True, help="A picture.")
@click.option(
    "--values", "forms", flag_value="values", multiple=True, help="A table of all that crosses between steps."
)
@click.option("--safe", is_flag=True, help="The plan of `run --safe`: one step after the other.")
@click.option("--json", "forms", flag_value="json", multiple=True, help="Steps, edges and what crosses as JSON.")
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Write to FILE in place of the terminal.")
def graph(notebook: Path, forms: tuple[str, ...], output: Path | None, *, safe: bool) -> int:
    """Show the steps of NOTEBOOK, and for each edge why it is there.

    \b
    nb2pipe graph train.ipynb
    nb2pipe graph train.ipynb --values    each variable that crosses: type, size, how
    nb2pipe graph train.ipynb --svg -o train.svg
    nb2pipe graph train.ipynb --mermaid >> README.md
    """
    if len(set(forms)) > 1:
        raise click.UsageError(f"{' and '.join(f'--{form}' for form in forms)} are two forms; give one of them")
    form = forms[0] if forms else None
    analyzed = api.analyze(notebook, lessons=api.lessons(notebook), safe=safe)
    show.diagnostics(item for item in analyzed.diagnostics if item.severity is not Severity.NOTE)
    code = BadInput.exit_code if analyzed.errors else 0
    if analyzed.pipeline is None:
        return code
    text = _draw(
        analyzed.pipeline,
        api.values(analyzed, notebook if form in ("values", "json") else None),
        form,
        to_file=output is not None,
    )
    if output is None:
        click.echo(text, nl=False)
    else:
        write_file(output, text)
    return code


def _draw(pipeline: Pipeline, values: Sequence[Crossing], form: str | None, *, to_file: bool) -> str:
    from nb2pipe import wire
    from nb2pipe.cli import crossing, drawing, svg

    if form == "mermaid":
        return drawing.mermaid(pipeline)
    if form == "svg":
        return svg.draw(pipeline)
    if form == "json":
        return wire.dumps({**drawing.data(pipeline), "values": crossing.data(values)})
    if form == "values":
        return "\n".join(crossing.table(values, pipeline)) + "\n"
    return drawing.tree(pipeline, drawing.UNICODE if to_file or unicode_output() else drawing.ASCII)


@click.command(short_help="Write the Bundle: pipeline.json, and a notebook per step.")
@click.argument("notebooks", nargs=-1, required=True, type=PATH)
@click.option("-o", "--output", type=PATH, metavar="DIR", help="The Bundle's folder. Default: NAME.pipeline/.")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 2 if a Bundle is out of date.")
def build(notebooks: tuple[Path, ...], output: Path | None, *, only_check: bool) -> int:
    """Write the Bundle of each notebook: pipeline.json, and one runnable notebook per step.

    The same notebook gives the same bytes on every machine, so a Bundle can be committed and reviewed.

    \b
    nb2pipe build train.ipynb             writes train.pipeline/
    nb2pipe build train.ipynb -o out/
    nb2pipe build --check train.ipynb     in CI: is the committed Bundle up to date?
    """
    if output is not None and len(notebooks) > 1:
        raise click.UsageError("-o takes one notebook")
    code = 0
    for path in notebooks:
        analyzed = api.analyze(path)
        show.diagnostics(item for item in analyzed.diagnostics if item.severity is Severity.WARNING)
        bundle = api.build(analyzed)
        folder = output or api.bundle_folder(path)
        if only_check:
            stale = api.stale_files(bundle, folder)
            if stale:
                code = BadInput.exit_code
                show.diagnostics([_stale(path, folder, output, stale)])
            else:
                click.echo(show.one_line(f"{folder} is up to date with {path}"))
        else:
            written = api.write_bundle(bundle, folder)
            click.echo(show.one_line(f"{folder}: pipeline.json and {many(len(written) - 1, 'notebook')}, one per step"))
    return code


def _stale(notebook: Path, folder: Path, output: Path | None, files: Sequence[str]) -> Diagnostic:
    import shlex

    command = ["nb2pipe", "build", str(notebook), *(["-o", str(output)] if output is not None else [])]
    return Diagnostic(
        "N2P612",
        Severity.ERROR,
        f"the Bundle in {folder} is out of date: {', '.join(files)}",
        Location(notebook=str(notebook)),
        hint=shlex.join(command),
    )


@click.command(short_help="Print the versions of nb2pipe and of what it stands on.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def version(*, as_json: bool) -> None:
    """Print the versions of nb2pipe and of what it stands on: put them into a bug report.

    \b
    nb2pipe version
    nb2pipe version --json
    """
    found = api.versions()
    if as_json:
        emit_json(found)
    else:
        for line in show.table([[name, text] for name, text in found.items()]):
            click.echo(line)
