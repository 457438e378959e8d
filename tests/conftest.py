"""What tests of the promise share: a straight run of a notebook, and what a notebook with outputs shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import settings

# The same examples in every run: what fails here fails everywhere. NB2PIPE_HYPOTHESIS=search looks for new ones.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("NB2PIPE_HYPOTHESIS", "fixed"))

os.environ["NB2PIPE_STORE_KEY"] = "of the tests, not of who runs them"  # theirs is not touched

StraightRun: TypeAlias = Callable[..., list["Shown"]]
_INJECTED = "injected-parameters"  # papermill's own cells
_ERROR_MARK = "papermill-error-cell-tag"


@dataclass(frozen=True)
class Shown:
    """What a code cell shows: each stream's text, results and displays as plain text, pictures, errors."""

    source: str
    streams: tuple[tuple[str, str], ...]
    results: tuple[str, ...]
    pictures: int
    errors: tuple[tuple[str, str], ...]


def shown_by(path: Path) -> list[Shown]:
    """What the code cells of an executed notebook show. Addresses of objects are left out: they change anyway."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [_shown(cell) for cell in cells if cell["cell_type"] == "code" and not _of_papermill(cell)]


def _of_papermill(cell: dict[str, Any]) -> bool:
    return bool({_INJECTED, _ERROR_MARK} & set(cell["metadata"].get("tags", ())))


def _shown(cell: dict[str, Any]) -> Shown:
    streams: dict[str, str] = {}
    results: list[str] = []
    errors: list[tuple[str, str]] = []
    pictures = 0
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            streams[output["name"]] = streams.get(output["name"], "") + _text(output["text"])
        elif output["output_type"] == "error":
            errors.append((output["ename"], output["evalue"]))
        else:
            pictures += any(kind.startswith("image/") for kind in output["data"])
            results.append(_plain(_text(output["data"].get("text/plain", ""))))
    found = tuple((name, _plain(text)) for name, text in sorted(streams.items()))
    return Shown(_text(cell["source"]), found, tuple(results), pictures, tuple(errors))


def _text(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def _plain(text: str) -> str:
    return re.sub(r"\b0x[0-9a-f]+", "0x…", text)


@pytest.fixture
def shown() -> Callable[[Path], list[Shown]]:
    """What the code cells of an executed notebook show."""
    return shown_by


@pytest.fixture
def straight_run() -> StraightRun:
    """Run a notebook top to bottom in one kernel, in its own folder, by plain papermill; what it shows."""

    def run(path: Path, *options: str) -> list[Shown]:
        output = path.with_name("straight.out.ipynb")
        command = [sys.executable, "-m", "papermill", "--no-progress-bar", "--log-level", "ERROR", *options]
        done = subprocess.run(
            [*command, path.name, output.name],
            cwd=path.parent,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        assert output.is_file(), done.stderr
        return shown_by(output)

    return run


PROOFS = {
    "tests/kfp/server/": "KFP's own client submits to a stand-in for KFP's server, also through a proxy that fails",
    "tests/kfp/docker/": "compiled pipelines run in containers without network",
    "tests/kfp/": "compiled pipelines are read by KFP's own messages, and run by KFP's local runner",
}
"""Folders of tests, and what they prove of Kubeflow Pipelines. The first that fits counts."""


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say which proofs ran: what was skipped proves nothing."""
    counts: dict[str, dict[str, int]] = {folder: {} for folder in PROOFS}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.getreports(outcome):
            folder = next((item for item in PROOFS if str(getattr(report, "nodeid", "")).startswith(item)), None)
            if folder is not None:
                counts[folder][outcome] = counts[folder].get(outcome, 0) + 1
    if any(counts.values()):
        terminalreporter.section("proofs on Kubeflow Pipelines")
        for folder, words in PROOFS.items():
            found = ", ".join(f"{number} {outcome}" for outcome, number in counts[folder].items())
            terminalreporter.write_line(f"{found or 'not run'}: {words}")
