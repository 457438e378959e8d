"""Questions about connections to clusters in, answers out. No credential is in any."""

from __future__ import annotations

from dataclasses import asdict

from nb2pipe import api
from nb2pipe.errors import BadInput, EnvironmentProblem, RemoteProblem
from nb2pipe_jupyter.answers import Reach, TargetAsked, Targets, TargetStatus, TargetView
from nb2pipe_jupyter.service import Service

_DENIED = ("N2P752", "N2P754")  # the credential isn't there, or isn't taken


def all_targets(service: Service) -> Targets:
    """All connections that the panel may use."""
    return Targets(tuple(_view(name, item) for name, item in api.targets().items() if service.settings.allows(name)))


def add(service: Service, asked: TargetAsked) -> Targets:
    """Keep a connection."""
    _require_change(service)
    connection_allowed(service, asked.name)
    api.add_target(**asdict(asked))
    return all_targets(service)


def remove(service: Service, target: str) -> None:
    """Forget a connection."""
    _require_change(service)
    connection_of(service, target)
    api.remove_target(target)


def status(service: Service, target: str) -> TargetStatus:
    """Whether a server answers just now."""
    connection = connection_of(service, target)
    try:
        api.check_target(target)
    except (RemoteProblem, EnvironmentProblem) as error:
        first = error.diagnostics[0]
        reach = Reach.DENIED if first.code in _DENIED else Reach.AWAY
        return TargetStatus(target, reach, f"{first.message}; {first.hint}" if first.hint else first.message)
    return TargetStatus(target, Reach.OK, f"{connection.host} answers")


def connection_of(service: Service, name: str) -> api.Connection:
    """The connection of this name. Raises BadInput (N2P751) if there is none that the panel may use."""
    connection_allowed(service, name)
    return api.target(name)


def connection_allowed(service: Service, name: str) -> None:
    """Raises BadInput (N2P751) for a name that the administrator keeps from the panel."""
    if not service.settings.allows(name):
        message = f"there is no connection `{name[:80]}` that may be used here"
        raise BadInput.of("N2P751", message, hint="the administrator of this server says which may")


def _require_change(service: Service) -> None:
    if not service.settings.change_targets:
        message = "connections can't be changed here: the administrator of this server has switched that off"
        raise BadInput.of("N2P751", message, hint="`nb2pipe targets` in a terminal changes them")


def _view(name: str, item: api.Connection) -> TargetView:
    return TargetView(
        name=name,
        host=item.host,
        namespace=item.namespace,
        experiment=item.experiment,
        auth=item.auth.value,
        variable=item.variable,
        file=item.file,
        ca_file=item.ca_file,
        ui=item.ui,
        artifacts=item.artifacts,
    )
