"""Commands that make pipelines: steps for a notebook that has none, and a notebook to begin with."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nb2pipe import api
from nb2pipe.cli import show
from nb2pipe.cli.app import PATH, emit_json, unicode_output
from nb2pipe.errors import BadInput
from nb2pipe.model import Json, Severity
from nb2pipe.templates import PLAIN, TEMPLATES
from nb2pipe.wire import encode

if TYPE_CHECKING:
    from nb2pipe.suggesting import Suggested, Suggestion

_MOST_SHOWN = 6


@click.command()
@click.argument("notebook", type=PATH)
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Write a tagged copy to FILE, which must not be there.")
@click.option("--in-place", is_flag=True, help="Write the tags into NOTEBOOK, and change nothing else in it.")
@click.option("--again", is_flag=True, help="Suggest steps in place of those that NOTEBOOK has.")
@click.option("--json", "as_json", is_flag=True, help="Print the suggestion as JSON.")
def suggest(notebook: Path, output: Path | None, *, in_place: bool, again: bool, as_json: bool) -> int:
    """Suggest steps for NOTEBOOK from its headings and from what its cells need of each other.

    Shows each step with the reason why it begins where it does. Nothing is written unless you ask for it, and nothing
    in the notebook is executed.

    \b
    nb2pipe suggest study.ipynb                      a preview
    nb2pipe suggest study.ipynb -o study.steps.ipynb a tagged copy
    nb2pipe suggest study.ipynb --in-place           the tags, and nothing else; reload it in Jupyter
    nb2pipe suggest study.ipynb --again              in place of the steps that it has
    """
    if output is not None and in_place:
        raise click.UsageError("-o and --in-place are two places to write to; give one of them")
    found = api.suggest(notebook, again=again, lessons=api.lessons(notebook))
    written = output if output is not None else notebook if in_place else None
    if written is not None and found.parts:
        api.write_tags(found, notebook, output)
    if as_json:
        emit_json(_data(found, written))
    else:
        show.diagnostics(item for item in found.analyzed.diagnostics if item.severity is not Severity.NOTE)
        for line in _lines(found, notebook, written, again=again):
            click.echo(line)
    return 0 if found.parts else BadInput.exit_code


def _data(found: Suggestion, written: Path | None) -> dict[str, Json]:
    cells = found.analyzed.notebook.cells
    return {
        "schema": 1,
        "notebook": found.analyzed.notebook.path,
        "digest": found.digest,
        "written": str(written) if written is not None and found.parts else None,
        "parts": encode(found.parts),
        "tags": [
            {"cell": index, "position": cells[index].position, "id": cells[index].id, "tags": list(tags)}
            for index, tags in sorted(found.tags.items())
        ],
        "remarks": list(found.remarks),
        "diagnostics": encode(found.analyzed.diagnostics),
    }


def _lines(found: Suggestion, notebook: Path, written: Path | None, *, again: bool) -> list[str]:
    cells = [cell for cell in found.analyzed.notebook.cells if cell.source.strip()]
    steps = [part for part in found.parts if part.name]
    head = f"{notebook}: {_count(len(steps), 'step')} for {_count(len(cells), 'cell')}"
    lines = [show.one_line(head), "", *show.table([row for part in found.parts for row in _rows(part)])]
    lines += ["", *_shape(found)] if steps else []
    if len(steps) == 1 and not found.remarks:
        lines += ["", "one step: its cells do too little, or hand on too much, to be worth more kernels"]
    lines += ["", *(show.one_line(remark) for remark in found.remarks)] if found.remarks else []
    return [*lines, "", *_next(found, notebook, written, again=again)]


def _rows(part: Suggested) -> list[list[str]]:
    """The part's line, and below it a line for each further reason and for what crosses."""
    texts = [*part.reasons]
    if part.name:
        stay = "stays" if part.inside == 1 else "stay"
        if part.gives:
            inside = f"; {_count(part.inside, 'more variable')} {stay} inside" if part.inside else ""
            texts.append(f"gives {_names([f'`{name}`' for name in part.gives])}{inside}")
        elif part.inside:
            texts.append(f"gives nothing on; {_count(part.inside, 'variable')} {stay} inside")
        if part.needs:
            texts.append(f"waits for {_names(part.needs)}")
        if part.beside and part.needs:
            texts.append(f"can run beside {_names(part.beside)}")
    first, *rest = texts or [""]
    tag = click.style(show.one_line(part.tag), bold=True)
    return [[show.cells(part.cells), tag, show.one_line(first)], *(["", "", show.one_line(text)] for text in rest)]


def _shape(found: Suggestion) -> Sequence[str]:
    from nb2pipe.cli import drawing

    pipeline = found.analyzed.pipeline
    if pipeline is None:
        return []
    names = {step.id: show.one_line(step.name) for step in pipeline.steps}
    return drawing.shape(pipeline, names, drawing.UNICODE if unicode_output() else drawing.ASCII).split("\n")


def _next(found: Suggestion, notebook: Path, written: Path | None, *, again: bool) -> list[str]:
    """What was written, or how to have it written."""
    if not found.parts:
        return ["there is nothing to tag: see `nb2pipe check`"]
    if written is not None:
        graph = shlex.join(["nb2pipe", "graph", str(written)])
        run = shlex.join(["nb2pipe", "run", str(written)])
        return [show.one_line(f"{written}: {_count(len(found.tags), 'cell')} tagged anew"), *_commands(graph, run)]
    command = ["nb2pipe", "suggest", str(notebook), *(["--again"] if again else [])]
    copy = notebook.with_name(f"{notebook.stem}.steps.ipynb")
    return [
        "nothing is written yet:",
        *_commands(shlex.join([*command, "-o", str(copy)]), shlex.join([*command, "--in-place"])),
    ]


def _commands(*commands: str) -> list[str]:
    return [f"  {show.one_line(command)}" for command in commands]


def _names(names: Sequence[str]) -> str:
    shown = list(names[:_MOST_SHOWN])
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


@click.command()
@click.argument("notebook", type=PATH)
@click.option(
    "--template",
    "name",
    type=click.Choice(list(TEMPLATES)),
    default=PLAIN,
    show_default=True,
    help="; ".join(f"{name}: {text}" for name, text in TEMPLATES.items()) + ".",
)
def new(notebook: Path, name: str) -> None:
    """Write a small pipeline notebook to begin with. NOTEBOOK must not be there yet.

    \b
    nb2pipe new study.ipynb
    nb2pipe new study.ipynb --template tabular
    """
    if notebook.suffix != ".ipynb":
        raise click.UsageError(f"a notebook's name ends with .ipynb: {notebook}.ipynb")
    api.new(notebook, name)
    click.echo(show.one_line(f"{notebook}: a pipeline of 4 steps, from template {name}"))
    for line in _commands(
        shlex.join(["nb2pipe", "graph", str(notebook)]),
        shlex.join(["nb2pipe", "run", str(notebook)]),
        shlex.join(["jupyter", "lab", str(notebook)]),
    ):
        click.echo(line)
