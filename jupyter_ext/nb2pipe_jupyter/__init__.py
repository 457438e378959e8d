"""A Jupyter server in, the same server with nb2pipe's part out: where Jupyter looks for it."""

from __future__ import annotations

from typing import Any

from nb2pipe import __version__

__all__ = ["__version__"]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "nb2pipe-lab"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from nb2pipe_jupyter.app import Nb2pipeApp  # the panel's files are found without it

    return [{"module": "nb2pipe_jupyter", "app": Nb2pipeApp}]
