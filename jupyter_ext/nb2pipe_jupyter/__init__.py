"""A Jupyter server in, the same server with nb2pipe's part out: where Jupyter looks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nb2pipe import __version__

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

__all__ = ["__version__"]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "nb2pipe-lab"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "nb2pipe_jupyter"}]


def _load_jupyter_server_extension(serverapp: ServerApp) -> None:
    serverapp.log.info("nb2pipe %s", __version__)
