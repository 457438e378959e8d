"""What a checkout holds: sources, and no output of a build; no address of a package index."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = re.compile(
    r"node_modules/|labextension/lib/|nb2pipe_jupyter/labextension/|\.tsbuildinfo$|^dist/|^build/|\.js\.map$"
)
INDEX = re.compile(r"https?://[^/\s\"']*(registry|npmjs|yarnpkg|pythonhosted|pypi\.)")


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a Git checkout")
    return subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def test_no_output_is_tracked(tracked: list[str]) -> None:
    assert [name for name in tracked if OUTPUT.search(name)] == []


def test_no_address_of_a_package_index(tracked: list[str]) -> None:
    found = {}
    for name in tracked:
        text = (ROOT / name).read_bytes().decode("utf-8", errors="replace") if (ROOT / name).is_file() else ""
        if match := INDEX.search(text):
            found[name] = match[0]
    assert found == {}


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("//registry.example.org/left-pad", True),
        ("//npm.yarnpkg.example/x", True),
        ("//example.org/registry", False),
        (' "react@npm:18.3.1"', False),
    ],
)
def test_addresses(text: str, is_found: bool) -> None:
    assert bool(INDEX.search(f"resolved https:{text}")) == is_found
