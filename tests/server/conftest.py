"""A Jupyter server with nb2pipe's extension, asked as a browser asks it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_jupyter.jupyter_core import *  # noqa: F403  # `pytest_plugins` is for the topmost conftest alone
from pytest_jupyter.jupyter_server import *  # noqa: F403
from pytest_jupyter.pytest_tornasync import *  # noqa: F403

sys.path.insert(0, str(Path(__file__).parent))

from asking import Server


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    """Overridden by tests that need other settings."""
    return {"ServerApp": {"jpserver_extensions": {"nb2pipe_jupyter": True}}}


@pytest.fixture
def server(jp_fetch: Any, jp_root_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Server:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Server(jp_fetch, jp_root_dir)
