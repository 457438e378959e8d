"""Connections to clusters: names and descriptions in; what is kept of them, and whether they answer, out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nb2pipe.targets.kfp.connections import Connection

__all__ = ["add_target", "can_submit", "check_target", "remove_target", "target", "targets"]

_SOON_S = (3.0, 5.0, 8.0)  # to connect, to read, in all: somebody waits for a dot to become green


def targets() -> Mapping[str, Connection]:
    """All that are kept, sorted by name. Raises EnvironmentProblem (N2P753)."""
    from nb2pipe.targets.kfp import connections

    return connections.named()


def target(name: str) -> Connection:
    """The one of this name. Raises BadInput (N2P751), EnvironmentProblem (N2P753)."""
    from nb2pipe.targets.kfp import connections

    there = connections.named()
    if name not in there:
        raise connections.unknown(name, there)
    return there[name]


def add_target(name: str, host: str, **described: str) -> bool:
    """Keep a connection, described as in `connections.connection`. True if it took another's place.

    Raises BadInput (N2P751), EnvironmentProblem (N2P753).
    """
    from nb2pipe.targets.kfp import connections

    return connections.add(name, connections.connection(host, **described))


def remove_target(name: str) -> None:
    """Forget one. Raises as `target` does."""
    from nb2pipe.targets.kfp import connections

    connections.remove(name)


def check_target(name: str) -> None:
    """Ask the server whether it is there, and KFP. Raises as `target` does; RemoteProblem; EnvironmentProblem."""
    from nb2pipe.targets.kfp.client import Server

    connect_s, read_s, whole_s = _SOON_S
    Server(target(name), connect_s=connect_s, read_s=read_s, whole_s=whole_s).health()


def can_submit() -> bool:
    """True if KFP's client is installed here."""
    from importlib.util import find_spec

    try:
        return find_spec("kfp_server_api") is not None
    except ValueError:  # it is half imported
        return False
