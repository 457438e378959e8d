"""When pip builds the panel, and what with: Node.js of PATH or of the package index, a panel that is built, none on request."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILT = "jupyter_ext/nb2pipe_jupyter/labextension/static/style.js"
SOURCES = ("package.json", "yarn.lock", "labextension/src/index.ts", "labextension/style/base.css")


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """One that was built a minute after its sources were written."""
    for number, name in enumerate((*SOURCES, BUILT)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")
        os.utime(path, (1000 + number, 1000 + number))
    return tmp_path


@pytest.mark.parametrize(
    ("says", "is_new"),
    [
        ("v20.19.0", True),
        ("v24.1.0", True),
        ("v20.18.3", False),
        ("v18.19.0", False),  # Debian 12's
        ("v22.0.0-nightly20240424", True),
        ("node: not found", False),
        ("", False),
    ],
)
def test_node(hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, is_new: bool) -> None:
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho '{says}'\n", encoding="utf-8")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert hook.has_node() == is_new


def test_no_node(hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not hook.has_node()


def test_a_built_panel_is_taken_as_it_is(hook: ModuleType, checkout: Path) -> None:
    assert hook.is_built(checkout)


def test_all_files_of_an_sdist_are_of_one_age(hook: ModuleType, checkout: Path) -> None:
    for name in (*SOURCES, BUILT):
        os.utime(checkout / name, (5, 5))
    assert hook.is_built(checkout)


@pytest.mark.parametrize("changed", SOURCES)
def test_a_panel_older_than_its_sources_is_built_again(hook: ModuleType, checkout: Path, changed: str) -> None:
    os.utime(checkout / changed, (9000, 9000))
    assert not hook.is_built(checkout)


def test_a_checkout_without_one(hook: ModuleType, checkout: Path) -> None:
    (checkout / BUILT).unlink()
    assert not hook.is_built(checkout)


@pytest.mark.parametrize(
    ("value", "is_skipped"), [("1", True), ("true", True), ("0", False), ("", False), (None, False)]
)
def test_skipping(hook: ModuleType, monkeypatch: pytest.MonkeyPatch, value: str | None, is_skipped: bool) -> None:
    monkeypatch.delenv("SKIP_JUPYTER_BUILDER", raising=False)
    if value is not None:
        monkeypatch.setenv("SKIP_JUPYTER_BUILDER", value)
    assert hook.skipped() == is_skipped
