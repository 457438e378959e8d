"""`nb2pipe targets`: the user's connections to clusters, by name; and the options that describe one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from nb2pipe.cli import show
from nb2pipe.cli.app import emit_json
from nb2pipe.model import Diagnostic, Json, Severity
from nb2pipe.targets.kfp import connections
from nb2pipe.targets.kfp.connections import Auth, Connection

_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--namespace", default="", metavar="NAME", help="The namespace, on a server with many users."),
    click.option("--experiment", default="", metavar="NAME", help="The experiment of its runs. Default: Default."),
    click.option(
        "--auth", type=click.Choice([item.value for item in Auth]), help="How to log in. Default: none, or bearer."
    ),
    click.option("--token-env", "variable", default="", metavar="VAR", help="The variable with the token or cookies."),
    click.option("--token-file", "file", default="", metavar="FILE", help="The file with the token or cookies."),
    click.option("--ca-file", default="", metavar="FILE", help="Certificates to trust in place of the usual ones."),
    click.option("--artifacts", default="", metavar="URL", help="Where KFP keeps artifacts, for `nb2pipe debug`."),
    click.option("--ui", default="", metavar="URL", help="The address of KFP's pages, if it is another than --host."),
)


def connection_options(command: _Command) -> _Command:
    """The options that say how a server is reached."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def warn_of_exposure(found: Connection) -> None:
    """A token over plain http is told of; whether the network is safe is the user's to know."""
    if connections.is_exposed(found):
        message = f"the token or cookies go to {found.host} in the clear, for all on the way to read"
        show.diagnostics(
            [Diagnostic("N2P754", Severity.WARNING, message, hint="use https, or a port that is forwarded")]
        )


@click.group()
def targets() -> None:
    """Connections to clusters: where a Kubeflow Pipelines server is, and where its credential is read from.

    \b
    nb2pipe targets add team-a --host https://kubeflow.example.org/pipeline --token-env KFP_TOKEN
    nb2pipe targets add here --host http://ml-pipeline.kubeflow:8888 --auth service-account
    nb2pipe targets list
    nb2pipe targets rm team-a

    A token or cookie is never kept: it is read from the variable or file each time it is needed.
    """


@targets.command("add")
@click.argument("name")
@click.option("--host", required=True, metavar="URL", help="The address of KFP's API.")
@connection_options
def add_target(name: str, host: str, auth: str | None, **described: str) -> None:
    """Keep a connection under NAME. One of that name is replaced."""
    found = connections.connection(host, auth=auth or "", **described)
    warn_of_exposure(found)
    replaced = connections.add(name, found)
    click.echo(f"{'replaced' if replaced else 'added'} {name}: {show.one_line(found.host)}")
    click.echo(f"use it: nb2pipe submit NOTEBOOK --to {name}")


@targets.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_targets(*, as_json: bool) -> None:
    """List the connections."""
    found = connections.named()
    if as_json:
        emit_json({"schema": 1, "targets": {name: _data(item) for name, item in found.items()}})
        return
    if not found:
        click.echo("no connections; `nb2pipe targets add NAME --host URL` makes one")
        return
    rows = [["NAME", "HOST", "NAMESPACE", "LOGIN"]]
    rows += [[name, item.host, item.namespace or "-", _login(item)] for name, item in found.items()]
    for line in show.table([[show.one_line(text) for text in row] for row in rows]):
        click.echo(line)


@targets.command("rm")
@click.argument("name")
def remove_target(name: str) -> None:
    """Forget the connection NAME. Runs that were submitted by it stay on the cluster."""
    connections.remove(name)
    click.echo(f"removed {name}")


def _login(item: Connection) -> str:
    where = f" from ${item.variable}" if item.variable else f" from {item.file}" if item.file else ""
    return item.auth.value + where


def _data(item: Connection) -> Mapping[str, Json]:
    return {
        "host": item.host,
        "namespace": item.namespace,
        "experiment": item.experiment,
        "auth": item.auth.value,
        "variable": item.variable,
        "file": item.file,
        "ca_file": item.ca_file,
        "ui": item.ui,
        "artifacts": item.artifacts,
    }
