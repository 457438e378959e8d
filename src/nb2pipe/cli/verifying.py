"""`nb2pipe verify`: notebooks in; out, whether their pipelines give what they give, cell by cell."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from nb2pipe import api
from nb2pipe.cli import show
from nb2pipe.cli.app import PATH, emit_json, write_file
from nb2pipe.errors import RunFailed
from nb2pipe.model import Severity
from nb2pipe.verify.verdicts import CellReport, Cut, Outcome, ValueReport, Verdict, Verification, counted

OUTCOME_STYLES = {
    Outcome.SAME: "green",
    Outcome.DIFFERS: "red",
    Outcome.REFUSED: "yellow",
    Outcome.FAILS: "red",
    Outcome.STOPPED: "red",
}
_SAID = {
    Outcome.SAME: "the pipeline gives the notebook's results",
    Outcome.DIFFERS: "the pipeline does not give the notebook's results",
    Outcome.REFUSED: "the notebook has errors, so nothing was run",
    Outcome.FAILS: "the notebook itself fails, run from top to bottom",
    Outcome.STOPPED: "the pipeline stopped before its end",
}
_MOST = 20  # of the lines on what differs


@click.command()
@click.argument("notebook", type=PATH, required=False)
@click.option("--folder", type=PATH, metavar="DIR", help="All notebooks below DIR, one after the other; -j: at a time.")
@click.option("--html", "page", type=PATH, metavar="FILE", help="The report. Default: .nb2pipe/verify/NAME.html.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--seeded", is_flag=True, help="Seed Python's and NumPy's global generators with 0 at the top.")
@click.option("--state", is_flag=True, help="Compare final variables and files only: one straight run, no outputs.")
@click.option(
    "--rtol",
    type=click.FloatRange(0, 1),
    default=0.0,
    metavar="X",
    help="Floats of variables may differ by this share.",
)
@click.option("--stderr", is_flag=True, help="What is written to standard error counts too.")
@click.option(
    "--cut",
    type=click.Choice(["tags", "headings", "thirds", "cells"]),
    default="tags",
    help="Where a notebook without steps is cut.",
)
@click.option("--no-bisect", is_flag=True, help="Don't look for the step where results come apart.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Steps at a time. Default: the processors.")
@click.option(
    "--on",
    type=click.Choice(["local", "kfp-local"]),
    default="local",
    help="Where the pipeline runs; kfp-local: compiled, by KFP's own local runner.",
)
@click.option("--kernel", metavar="NAME", help="Another kernel than the notebook's own; `jupyter kernelspec list`.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="S",
    help="Seconds for each straight run and each step.",
)
@click.option("--run-dir", type=PATH, metavar="DIR", help="Work there. Default: .nb2pipe/ beside the notebook.")
def verify(
    notebook: Path | None,
    folder: Path | None,
    page: Path | None,
    rtol: float,
    jobs: int | None,
    on: str,
    kernel: str | None,
    timeout: float | None,
    run_dir: Path | None,
    cut: str,
    *,
    as_json: bool,
    seeded: bool,
    state: bool,
    stderr: bool,
    no_bisect: bool,
) -> int:
    """Run NOTEBOOK from top to bottom, twice, and as a pipeline, and compare what they give.

    All runs work in copies of the notebook's folder. Cell outputs, final variables and written files are compared; what
    differs between the two straight runs already is called nondeterministic. On a difference, the step where the
    results come apart is looked for.

    \b
    nb2pipe verify train.ipynb
    nb2pipe verify train.ipynb --html report.html
    nb2pipe verify train.ipynb --seeded      what is random begins at a known place
    nb2pipe verify train.ipynb --json        the report for programs
    nb2pipe verify train.ipynb --on kfp-local   compiled for KFP, and run by KFP's own local runner
    nb2pipe verify --folder notebooks        a table, a rate, and a page for each

    Exits with 0 only if nothing differs, 1 if something does or a run fails, 2 if the notebook has errors.
    """
    if (notebook is None) == (folder is None):
        raise click.UsageError("give a notebook, or `--folder DIR`")
    if on != "local" and kernel is not None:
        raise click.UsageError("`--kernel` is for runs on this machine: KFP's runner has Python's own")
    if folder is not None:
        from nb2pipe.cli.verifying_many import verify_folder

        return verify_folder(folder, page, _passed_on(click.get_current_context()), jobs or 1, as_json=as_json)
    assert notebook is not None  # noqa: S101  # one of the two is
    from nb2pipe.notebook import Cut as Cutting
    from nb2pipe.observing import Settings
    from nb2pipe.verifying import Asked

    settings = Settings(jobs, kernel, seeded, timeout, on)
    asked = Asked(settings, rtol, stderr, state, not no_bisect, Cutting(cut))
    found = api.verify(notebook, asked, run_dir=run_dir, tell=_Progress(silent=as_json))
    report = page or _default_page(notebook, run_dir)
    write_page(report, api.verification_page(found))
    if as_json:
        emit_json(found)
    else:
        _summarize(found, report)
    return exit_code(found)


def _passed_on(context: click.Context) -> list[str]:
    """The options that hold for each notebook of a folder, as they were typed."""
    found = []
    for option in context.command.params:
        value = context.params.get(option.name or "")
        if option.name in ("notebook", "folder", "page", "as_json", "jobs") or value in (None, False, option.default):
            continue
        found += [option.opts[-1]] if value is True else [option.opts[-1], str(value)]
    return found


def write_page(path: Path, text: str) -> None:
    """Write a report, and the folder that it is to be in. Raises EnvironmentProblem."""
    with contextlib.suppress(OSError):  # then it can't be written, which is told
        path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, text)


def exit_code(found: Verification) -> int:
    """0 only if nothing differs."""
    if found.outcome is Outcome.SAME:
        return 0
    return 2 if found.outcome is Outcome.REFUSED else RunFailed.exit_code


class _Progress:
    """One line per run, on standard error, with the seconds that it took once the next one begins."""

    def __init__(self, *, silent: bool) -> None:
        self._silent = silent

    def __call__(self, line: str) -> None:
        if not self._silent:
            click.echo(f"{time.strftime('%H:%M:%S')}  {show.one_line(line)}", err=True)


def _default_page(notebook: Path, run_dir: Path | None) -> Path:
    root = run_dir if run_dir is not None else notebook.resolve().parent / ".nb2pipe"
    return root / "verify" / f"{notebook.stem}.html"


def _summarize(found: Verification, report: Path) -> None:
    """What is not the same, the counts, where the results come apart, the verdict."""
    colours = show.colours_wanted()
    if found.outcome is Outcome.REFUSED:
        show.diagnostics((item for item in found.diagnostics if item.severity is Severity.ERROR), error=False)
    for note in found.notes:
        click.echo(f"note: {show.one_line(note)}")
    lines = [*_cell_lines(found.cells), *_value_lines("variable", found.variables), *_value_lines("file", found.files)]
    for line in lines[:_MOST]:
        click.echo(line, color=colours)
    if len(lines) > _MOST:
        click.echo(f"... and {len(lines) - _MOST} more: see the report")
    for line in _cut_lines(found.cut) if found.cut is not None else ():
        click.echo(line)
    for row in show.table(_count_rows(found)):
        click.echo(row)
    click.echo(headline(found), color=colours)
    click.echo(f"report: {show.near(report)}")


def _cut_lines(cut: Cut) -> list[str]:
    place = f"between `{cut.before}` and `{cut.after}`" if cut.after else f"after `{cut.before}`"
    return [
        f"they come apart {show.one_line(place)}:",
        f"  {show.one_line(cut.cause)}",
        f"  fix: {show.one_line(cut.fix)}",
    ]


def headline(found: Verification) -> str:
    """`SAME: the pipeline gives the notebook's results`."""
    word = click.style(found.outcome.value.upper(), fg=OUTCOME_STYLES[found.outcome], bold=True)
    problem = f"\n  {show.one_line(found.problem)}" if found.problem else ""
    return f"{word}: {_SAID[found.outcome]}{problem}"


def _count_rows(found: Verification) -> list[list[str]]:
    rows = []
    for what, items in (("cells", found.cells), ("variables", found.variables), ("files", found.files)):
        if items:
            rows.append([what, str(len(items)), counts_text(counted(item.verdict for item in items))])
    return rows


def counts_text(counts: Mapping[Verdict, int]) -> str:
    """`29 same, 1 differs`."""
    return ", ".join(f"{number} {verdict.value}" for verdict, number in counts.items() if number)


def _cell_lines(cells: Sequence[CellReport]) -> list[str]:
    return [
        f"cell {item.cell + 1}: {_verdict(item.verdict)}: {show.one_line(item.difference)}"
        for item in cells
        if item.verdict in (Verdict.DIFFERS, Verdict.NONDETERMINISTIC)
    ]


def _value_lines(what: str, items: Sequence[ValueReport]) -> list[str]:
    return [
        f"{what} `{show.one_line(item.name)}`: {_verdict(item.verdict)}: {show.one_line(item.difference)}"
        for item in items
        if item.verdict in (Verdict.DIFFERS, Verdict.NONDETERMINISTIC)
    ]


def _verdict(verdict: Verdict) -> str:
    return click.style(verdict.value, fg="red" if verdict is Verdict.DIFFERS else "yellow")
