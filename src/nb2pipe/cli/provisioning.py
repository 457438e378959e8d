"""Commands for what steps need on a cluster: lock and image."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from nb2pipe import api
from nb2pipe.cli import show
from nb2pipe.cli.app import PATH, write_file
from nb2pipe.errors import BadInput, many
from nb2pipe.model import Diagnostic, Location, Severity

_KERNEL = click.option("--kernel", metavar="NAME", help="Another kernel than the notebook's own.")


@click.command(short_help="Write the versions that the steps import to a lock file.")
@click.argument("notebook", type=PATH)
@_KERNEL
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 2 if the lock file is out of date.")
def lock(notebook: Path, kernel: str | None, *, only_check: bool) -> int:
    """Write what NOTEBOOK's steps import, with the versions installed for its kernel, to NAME.lock.txt beside it.

    It is a requirements file for pip. `compile` and `image` take the versions from there, so that they give the same on
    every machine. Nothing is asked of an index, and nothing of the notebook is executed.

    \b
    nb2pipe lock train.ipynb              writes train.lock.txt
    nb2pipe lock --check train.ipynb      does it say what is installed here?
    """
    found = api.lock(notebook, kernel=kernel)
    path = api.lock_path(notebook)
    show.diagnostics(found.diagnostics)
    if not only_check:
        write_file(path, found.text)
        click.echo(show.one_line(f"{path}: {_count(found.text)} for Python {found.packages.python}"))
    elif _holds(path, found.text):
        click.echo(show.one_line(f"{path} is up to date"))
    else:
        show.diagnostics([_stale(notebook, path, kernel)])
        return BadInput.exit_code
    return 0


@click.command(short_help="Write a Dockerfile of an image that has all that the steps need.")
@click.argument("notebook", type=PATH)
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Write to FILE in place of the terminal.")
@click.option("--base", metavar="IMAGE", help="The image to begin with. Default: python:MINOR, as the kernel has it.")
@_KERNEL
def image(notebook: Path, output: Path | None, base: str | None, kernel: str | None) -> None:
    """Write a Dockerfile of an image that has all that NOTEBOOK's steps need: then pods install nothing at start.

    Versions come from the lock file (`nb2pipe lock`) if there is one, else from the notebook's kernel. Steps use the
    image that their `image:` option names.

    \b
    nb2pipe image train.ipynb -o Dockerfile
    docker build -t ghcr.io/team/train:1 . && docker push ghcr.io/team/train:1
    nb2pipe image train.ipynb --base python:3.12-slim
    """
    found = api.image(notebook, kernel=kernel, base=base)
    show.diagnostics(found.diagnostics)
    if output is None:
        click.echo(found.text, nl=False)
    else:
        write_file(output, found.text)
        click.echo(
            show.one_line(
                f"{output}: {many(len(found.packages.all_pins), 'package')} for Python {found.packages.python}"
            )
        )


def _count(text: str) -> str:
    number = sum(not line.startswith("#") for line in text.splitlines())
    return many(number, "package")


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_text("utf-8") == text
    except (OSError, ValueError):
        return False


def _stale(notebook: Path, path: Path, kernel: str | None) -> Diagnostic:
    command = ["nb2pipe", "lock", str(notebook), *(["--kernel", kernel] if kernel else [])]
    return Diagnostic(
        "N2P559",
        Severity.ERROR,
        f"the lock file {path} is not what the notebook imports and its kernel has"
        if path.exists()
        else f"there is no lock file {path}",
        Location(notebook=str(notebook)),
        hint=shlex.join(command),
    )
