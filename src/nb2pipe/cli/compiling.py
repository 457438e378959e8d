"""The command that compiles: a notebook in, a file for another engine out."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

import click

from nb2pipe import api
from nb2pipe.cli import show
from nb2pipe.cli.app import PATH, pairs, write_file
from nb2pipe.compiling import TARGETS
from nb2pipe.errors import BadInput, many
from nb2pipe.model import Diagnostic, Location, Severity


@click.command()
@click.argument("notebook", type=PATH)
@click.option("--to", "target", type=click.Choice(TARGETS), required=True, help="For which engine: kfp.")
@click.option("-o", "--output", type=PATH, metavar="FILE", help="The file. Default: NAME.yaml beside the notebook.")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 2 if the file is out of date.")
@click.option("-p", "--param", "parameters", multiple=True, metavar="NAME=VALUE", callback=pairs, help="A parameter.")
@click.option("--params-file", type=PATH, metavar="FILE", help="Parameters from a YAML or JSON file.")
@click.option("--image", metavar="IMAGE", help="For steps that name none: it has all that they need.")
@click.option("--kernel", metavar="NAME", help="Take the packages of another kernel than the notebook's own.")
def compile(  # noqa: A001  # the command's name
    notebook: Path,
    target: str,
    output: Path | None,
    *,
    only_check: bool,
    parameters: Mapping[str, str],
    params_file: Path | None,
    image: str | None,
    kernel: str | None,
) -> int:
    """Write NOTEBOOK's pipeline as a file for Kubeflow Pipelines. No cluster is asked, and nothing is executed.

    The same notebook gives the same bytes on every machine, so the file can be committed and reviewed.

    \b
    nb2pipe compile train.ipynb --to kfp                 writes train.yaml
    nb2pipe compile train.ipynb --to kfp -o out.yaml
    nb2pipe compile train.ipynb --to kfp -p depth=5      another value, unless a run gives its own
    nb2pipe compile train.ipynb --to kfp --check         in CI: is the committed file up to date?
    """
    del target  # there is one so far
    file = output or notebook.with_suffix(".yaml")
    found = api.compile_notebook(
        notebook, parameters=parameters, parameters_file=params_file, image=image, kernel=kernel
    )
    show.diagnostics(found.diagnostics)
    if not only_check:
        if output is None and file.exists() and not api.is_compiled(file):
            hint = "name the file to write: `-o pipeline.yaml`"
            raise BadInput.of("N2P611", f"{file} is there already, and nb2pipe did not write it", hint=hint)
        write_file(file, found.content.decode())
        click.echo(show.one_line(f"{file}: {many(len(found.pipeline.steps), 'step')}, {len(found.content):,} bytes"))
        return 0
    if file.is_file() and file.read_bytes() == found.content:
        click.echo(show.one_line(f"{file} is up to date with {notebook}"))
        return 0
    more = [*(["--image", image] if image else []), *(["--kernel", kernel] if kernel else [])]
    show.diagnostics([_stale(notebook, file, output, parameters, params_file, more)])
    return BadInput.exit_code


def _stale(
    notebook: Path,
    file: Path,
    output: Path | None,
    parameters: Mapping[str, str],
    params_file: Path | None,
    more: list[str],
) -> Diagnostic:
    command = ["nb2pipe", "compile", str(notebook), "--to", "kfp", *(["-o", str(output)] if output is not None else [])]
    command += [part for name, value in parameters.items() for part in ("-p", f"{name}={value}")]
    command += ["--params-file", str(params_file)] if params_file is not None else []
    command += more
    what = "is out of date" if file.exists() else "isn't there"
    at = Location(notebook=str(notebook))
    return Diagnostic("N2P612", Severity.ERROR, f"the pipeline in {file} {what}", at, hint=shlex.join(command))
