"""A KFP server's double, a pipeline that KFP's own compiler made, and the command as people call it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

NEEDED = ("kfp", "kfp_server_api")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without KFP's packages these tests are skipped, but in CI, which installs them."""
    from importlib.util import find_spec

    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing and not os.environ.get("CI"):
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=f"not installed here: {', '.join(missing)}"))


@pytest.fixture
def double() -> Iterator[object]:
    """A server without a login."""
    from double import Double

    server = Double()
    yield server
    server.close()


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three steps in a row, made by KFP's own compiler; `depth` has a default, `name` has none."""
    from pipelines import three_steps

    return three_steps(tmp_path_factory.mktemp("compiled") / "study.yaml")


@pytest.fixture
def study(tmp_path: Path, compiled: bytes) -> Path:
    """The compiled pipeline as a file."""
    path = tmp_path / "study.yaml"
    path.write_bytes(compiled)
    return path


@pytest.fixture(autouse=True)
def no_one_elses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own connections, variables and proxies are not looked at; waiting is short."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("KF_PIPELINES_ENDPOINT", "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Call the command in this process: its exit code and what it prints."""
    from nb2pipe import cli

    def _call(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return _call
