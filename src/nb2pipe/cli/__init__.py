"""The `nb2pipe` command: arguments in, text and an exit code out. Every error ends here, as one readable line."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

import click

from nb2pipe import __version__
from nb2pipe.cli import show
from nb2pipe.cli.app import Settings, app
from nb2pipe.errors import INTERNAL_ERROR_EXIT_CODE, BadInput, Canceled, EnvironmentProblem, Nb2pipeError

BROKEN_PIPE_EXIT_CODE = 141  # what shells report for a program that SIGPIPE ended

__all__ = ["main", "run"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The console script."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line and return its exit code. Never raises."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal can't show is no reason to fail
    settings = Settings()
    try:
        with app.make_context("nb2pipe", list(arguments), obj=settings) as context:
            code = app.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except Nb2pipeError as error:
        show.diagnostics(error.diagnostics)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return BadInput.exit_code
    except (click.Abort, KeyboardInterrupt):
        return Canceled.exit_code
    except OSError as error:
        return _system_error(error, debug=settings.debug)
    except Exception as error:  # noqa: BLE001  # the edge: what gets here is our bug, and is told as one
        return _internal_error(error, debug=settings.debug)
    return code if isinstance(code, int) else 0


def _system_error(error: OSError, *, debug: bool) -> int:
    """What the system refused and no stage told better; mostly output that can't be written."""
    if error.filename is None and error.errno in (errno.EPIPE, errno.EIO):  # nobody reads on: pipe or terminal is gone
        _forget_output()
        return BROKEN_PIPE_EXIT_CODE
    if debug:
        traceback.print_exception(error)
    where = "standard output" if error.filename is None else os.fsdecode(error.filename)
    message = f"the system refused to read or write {where}: {error.strerror or error}"
    problem = EnvironmentProblem.of("N2P613", message, hint="look at free space and permissions there")
    if error.filename is None:
        _forget_output()
    show.diagnostics(problem.diagnostics)
    return problem.exit_code


def _internal_error(error: Exception, *, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    what = show.one_line(f"{type(error).__name__}: {error}")
    click.echo(f"internal error in nb2pipe {__version__}: {what}", err=True)
    click.echo("  this is a bug of ours: please report it with what `nb2pipe --debug ...` prints", err=True)
    return INTERNAL_ERROR_EXIT_CODE


def _forget_output() -> None:
    """Python flushes standard output once more at its end, which would complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
