"""`nb2pipe submit` and `nb2pipe attach`: a run on a cluster started, and followed to its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nb2pipe import api
from nb2pipe.cli import show
from nb2pipe.cli.app import PATH, emit_json, pairs
from nb2pipe.cli.connecting import connection_options, warn_of_exposure
from nb2pipe.cli.history import given, place_option
from nb2pipe.cli.running import to_the_end
from nb2pipe.errors import Canceled
from nb2pipe.targets.kfp import connections
from nb2pipe.targets.kfp.connections import Connection

if TYPE_CHECKING:
    from nb2pipe.api import ClusterRun

look_option = click.option(
    "--every", "look_s", type=click.FloatRange(min=0.1), metavar="S", help="Seconds between two looks. Default: 3."
)


@click.command()
@click.argument("source", type=PATH)
@click.option("--to", default="kfp", metavar="NAME", help="kfp, or a connection of `nb2pipe targets`. Default: kfp.")
@click.option("--host", default="", metavar="URL", help="The address of KFP's API. Default: the connection's.")
@connection_options
@click.option("-p", "--param", "parameters", multiple=True, metavar="NAME=VALUE", callback=pairs, help="A parameter.")
@click.option("--params-file", type=PATH, metavar="FILE", help="Parameters from a YAML or JSON file.")
@click.option("--image", metavar="IMAGE", help="For steps that name none: it has all that they need.")
@click.option("--kernel", metavar="NAME", help="Take the packages of another kernel than the notebook's own.")
@click.option("--wait", is_flag=True, help="Follow the run to its end.")
@look_option
@click.option("--schedule", metavar="CRON", help="Start it at these times instead, such as '30 6 * * 1-5' (UTC).")
@click.option("--name", default="", metavar="NAME", help="The schedule's name. Default: the pipeline's.")
@click.option("--run-dir", type=PATH, metavar="DIR", help="Keep the record there. Default: .nb2pipe/ beside SOURCE.")
@click.option("--json", "as_json", is_flag=True, help="Print the run, or with --wait its events, as JSON.")
def submit(
    source: Path,
    to: str,
    host: str,
    parameters: Mapping[str, str],
    params_file: Path | None,
    image: str | None,
    kernel: str | None,
    look_s: float | None,
    schedule: str | None,
    name: str,
    run_dir: Path | None,
    auth: str | None,
    *,
    wait: bool,
    as_json: bool,
    **described: str,
) -> int:
    """Run SOURCE on Kubeflow Pipelines: a notebook, or the YAML that it was compiled to.

    \b
    nb2pipe submit train.ipynb --to kfp --host http://localhost:8888
    nb2pipe submit train.ipynb --to team-a --wait      a connection of `nb2pipe targets`
    nb2pipe submit train.ipynb --to team-a -p depth=5
    nb2pipe submit train.ipynb --to team-a --schedule '30 6 * * 1-5'

    The run goes on by itself: Ctrl-C ends the waiting only, and `nb2pipe attach` follows it again. `nb2pipe cancel`
    ends it. With --wait, exits with 1 if a step failed, 130 if the run was canceled, 4 if the cluster doesn't answer.
    """
    connection = _connection(to, host, auth or "", described)
    warn_of_exposure(connection)
    job = api.job(source, parameters=parameters, parameters_file=params_file, image=image, kernel=kernel)
    show.diagnostics(job.diagnostics)
    if schedule is not None:
        made, called = api.schedule(job, connection, schedule, name)
        if as_json:
            emit_json({"schema": 1, "schedule": made, "name": called})
        else:
            click.echo(f"schedule {show.one_line(called)} ({show.one_line(made)}) on {show.one_line(connection.host)}")
        return 0
    try:
        run = api.submit(job, connection, source, run_dir)
    except KeyboardInterrupt:
        click.echo("interrupted; if the run was asked for already, `nb2pipe attach` finds and follows it", err=True)
        return Canceled.exit_code
    if not as_json:
        click.echo(f"run {run.dir.id} on {show.one_line(connection.host)}")
        click.echo(show.one_line(run.link))
    if wait:
        return _followed(run, look_s, as_json=as_json)
    if as_json:
        emit_json({"schema": 1, "run": run.dir.id, "remote": run.remote, "link": run.link})
    else:
        click.echo(f"follow it: nb2pipe attach {run.dir.id}")
    return 0


@click.command()
@click.argument("run_id", metavar="[RUN]", default="latest")
@place_option
@look_option
@click.option("--json", "as_json", is_flag=True, help="Print the run's events as JSON lines.")
def attach(run_id: str, place: Path | None, look_s: float | None, *, as_json: bool) -> int:
    """Follow a run on a cluster to its end.

    RUN is an id, its beginning, or latest. It may be a run whose submission was cut off: it is looked for by its name.
    Ctrl-C ends the following, not the run.

    \b
    nb2pipe attach
    nb2pipe attach 20261122-03
    """
    return _followed(api.attach(given(place), run_id), look_s, as_json=as_json)


def followed(start: Callable[[], ClusterRun], *, as_json: bool) -> int:
    """As `attach`, for a run that is started here."""
    return _followed(start(), None, as_json=as_json)


def _followed(run: ClusterRun, look_s: float | None, *, as_json: bool) -> int:
    if look_s is not None:
        run.look_s = look_s
    try:
        return to_the_end(run, None, as_json=as_json)
    except KeyboardInterrupt:
        click.echo(f"\nthe run goes on: `nb2pipe attach {run.dir.id}` follows it, `nb2pipe cancel` ends it", err=True)
        return Canceled.exit_code


def _connection(to: str, host: str, auth: str, described: Mapping[str, str]) -> Connection:
    """The connection that is named, with what else is said on the command line in its place."""
    if host:
        return connections.connection(host, auth=auth, **described)
    found = connections.chosen(to, "")
    if auth or described["variable"] or described["file"]:
        login = connections.connection(found.host, auth=auth, variable=described["variable"], file=described["file"])
        found = replace(found, auth=login.auth, variable=login.variable, file=login.file)
    where = {name: described[name] for name in ("ca_file", "ui", "artifacts")}
    places = connections.connection(found.host, **where)
    return replace(
        found,
        namespace=described["namespace"] or found.namespace,
        experiment=described["experiment"] or found.experiment,
        ca_file=places.ca_file or found.ca_file,
        ui=places.ui or found.ui,
        artifacts=places.artifacts or found.artifacts,
    )
