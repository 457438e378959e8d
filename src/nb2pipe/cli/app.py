"""The root of the command tree, and what all commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from nb2pipe import __version__
from nb2pipe.errors import EnvironmentProblem
from nb2pipe.records import dataclass

PATH = click.Path(path_type=Path)


@dataclass
class Settings:
    """What the command line says before the command's name."""

    debug: bool = False


def _set_debug(context: click.Context, _option: click.Parameter, value: bool) -> None:
    context.ensure_object(Settings).debug = value


_COMMANDS = {
    "new": "making",
    "suggest": "making",
    "check": "inspecting",
    "graph": "inspecting",
    "build": "inspecting",
    "compile": "compiling",
    "lock": "provisioning",
    "image": "provisioning",
    "run": "running",
    "status": "running",
    "mark-fresh": "running",
    "verify": "verifying",
    "submit": "submitting",
    "attach": "submitting",
    "targets": "connecting",
    "runs": "history",
    "logs": "history",
    "resume": "running",
    "debug": "history",
    "cancel": "history",
    "gc": "freeing",
    "version": "inspecting",
}
"""Each command and the module that holds it, which is imported for that command alone."""


class _App(click.Group):
    """Lists the commands in the order in which people meet them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        found: click.Command = getattr(import_module(f"nb2pipe.cli.{_COMMANDS[cmd_name]}"), cmd_name.replace("-", "_"))
        return found


@click.group(cls=_App, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="nb2pipe %(version)s")
@click.option(
    "--debug",
    is_flag=True,
    envvar="NB2PIPE_DEBUG",
    expose_value=False,
    is_eager=True,
    callback=_set_debug,
    help="Show Python's traceback of an internal error.",
)
def app() -> None:
    """Turn one tagged Jupyter notebook into a pipeline, and run it here.

    Tag the first cell of each step `step:NAME`. Which step needs which comes from the code.

    \b
    nb2pipe suggest train.ipynb           steps for a notebook that has none
    nb2pipe check train.ipynb             what is wrong, and how to fix it
    nb2pipe graph train.ipynb             the steps, and why one waits for another
    nb2pipe run train.ipynb -o done.ipynb run it; all outputs in one notebook
    nb2pipe submit train.ipynb --to kfp   run it on Kubeflow Pipelines

    Exit codes: 0 done, 1 a step failed, 2 bad input, 3 something is missing on this machine, 4 a cluster
    did not answer as it should, 5 a bug of ours, 130 canceled.
    """


def pairs(_context: click.Context, _option: click.Parameter, values: Sequence[str]) -> Mapping[str, str]:
    """`NAME=VALUE` texts as a mapping."""
    found: dict[str, str] = {}
    for text in values:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise click.BadParameter(f"{text!r} is not NAME=VALUE, such as depth=5")
        if name.strip() in found:
            raise click.BadParameter(f"{name.strip()} is given twice")
        found[name.strip()] = value
    return found


def write_file(path: Path, text: str) -> None:
    """Write what a command was asked to put into a file. Raises EnvironmentProblem (N2P611)."""
    from nb2pipe.files import write_atomic

    try:
        write_atomic(path, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise EnvironmentProblem.of(
            "N2P611",
            f"{path} can't be written: {error.strerror or error}",
            hint="give `-o` a file in a folder that is there and that you may write to",
        ) from error


def emit_json(data: Any) -> None:  # noqa: ANN401  # JSON data, or what wire.encode takes
    """Print data for programs, in the project's one JSON form."""
    from nb2pipe import wire

    click.echo(wire.dumps(wire.encode(data)), nl=False)


def unicode_output() -> bool:
    """True if standard output can show more than ASCII."""
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    return encoding.startswith("utf") and os.environ.get("TERM") != "linux"
