"""`runs rm` and `gc` as people call them; what goes and stays is told in tests/runs/test_collecting.py."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from nb2pipe import blobs
from nb2pipe.journal import Journal
from nb2pipe.layout import RootDir
from nb2pipe.model import RunFinished, RunStarted, RunState
from nb2pipe.runs import store

Call: TypeAlias = Callable[..., Any]
NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


@pytest.fixture
def runs(tmp_path: Path) -> list[str]:
    """Three successful runs, and an object that nothing names."""
    found = []
    for minute in range(3):
        made = store.create(tmp_path / ".nb2pipe", now=NOW.replace(minute=minute))
        journal = Journal(made.events)
        journal.append(RunStarted(NOW, made.id, "n.ipynb", "d", (("s", "s"),), 1, 1))
        journal.append(RunFinished(NOW, RunState.SUCCEEDED))
        journal.close()
        found.append(made.id)
    blobs.put(RootDir(tmp_path / ".nb2pipe"), bytes(5000))
    return found


def test_gc_says_what_it_frees(tmp_path: Path, runs: list[str], call: Call) -> None:
    would = call("gc", "--run-dir", tmp_path, "--keep-runs", "2", "--dry-run")
    assert (would.code, would.err) == (0, "")
    first, second, third = would.out.splitlines()
    assert first == f"run {runs[0]} would be removed"
    assert second.endswith("kB would be freed: 1 run, 1 stored value or file")
    assert third.endswith("would stay, with 2 runs")
    done = call("gc", "--run-dir", tmp_path, "--keep-runs", "2")
    assert done.out == would.out.replace("would be removed", "was removed").replace("would be ", "").replace(
        "would ", ""
    )
    again = call("gc", "--run-dir", tmp_path)
    assert again.out.startswith("there is nothing to free\n")


def test_gc_to_a_size_that_can_not_be_had(tmp_path: Path, runs: list[str], call: Call) -> None:
    found = call("gc", "--run-dir", tmp_path, "--max-size", "0")
    assert found.code == 0
    assert found.out.count(" was removed\n") == 2
    assert "that is more than 0 B: " in found.err
    assert store.ids(tmp_path / ".nb2pipe") == [runs[2]]


@pytest.mark.parametrize("text", ["", "5 apples", "-1", "1e9", "5GG", "١", "0x10", "9" * 400])
def test_what_is_no_size(tmp_path: Path, text: str, call: Call) -> None:
    found = call("gc", "--run-dir", tmp_path, f"--max-size={text}")
    assert found.code == 2
    assert "write it like 500M, 5G or 1.5GiB" in found.err


@pytest.mark.parametrize("text", ["0", "1000000", "1000k", "1M", "1MB", "1Mi", "1.5GiB", "1T"])
def test_sizes(tmp_path: Path, text: str, call: Call) -> None:
    assert call("gc", "--run-dir", tmp_path, "--max-size", text).code == 0


def test_runs_rm(tmp_path: Path, runs: list[str], call: Call) -> None:
    assert call("runs", "rm", "1999", "--run-dir", tmp_path).code == 2
    found = call("runs", "rm", runs[0], "latest", "--run-dir", tmp_path)
    assert (found.code, found.out) == (0, f"removed run {runs[0]}\nremoved run {runs[2]}\n")
    assert store.ids(tmp_path / ".nb2pipe") == [runs[1]]


def test_nothing_here(tmp_path: Path, call: Call) -> None:
    assert call("gc", "--run-dir", tmp_path).out == "there is nothing to free\n0 B stay, with no run\n"
    assert call("runs", "rm", "latest", "--run-dir", tmp_path).code == 2
