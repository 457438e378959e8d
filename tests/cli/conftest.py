"""Notebooks by hand, and the command as people call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

from nb2pipe import cli

Write: TypeAlias = Callable[..., Path]
Call: TypeAlias = Callable[..., "Called"]


class Called:
    """What a call of the command gave."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    def __repr__(self) -> str:
        return f"exit code {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a notebook of `(tags, source)` cells, and return its path."""

    def _write(*cells: tuple[str, str], name: str = "note.ipynb", kernel: str = "python3") -> Path:
        made = [
            {
                "cell_type": "code",
                "id": f"c{number}",
                "metadata": {"tags": tags.split()},
                "execution_count": None,
                "outputs": [],
                "source": source.splitlines(keepends=True),
            }
            for number, (tags, source) in enumerate(cells)
        ]
        metadata = {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}}
        content = {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
        path = tmp_path / name
        path.write_text(json.dumps(content, indent=1) + "\n")
        return path

    return _write


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command in this process."""

    def _call(*arguments: str | Path) -> Called:
        capsys.readouterr()
        code = cli.run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Called(code, out, err)

    return _call


class Shell:
    """The command in processes of its own."""

    def command(self, *arguments: str | Path) -> list[str]:
        """Its command line."""
        return [sys.executable, "-m", "nb2pipe", *(str(argument) for argument in arguments)]

    def environment(self, **changes: str) -> Mapping[str, str]:
        """This process's environment without what changes how the command prints."""
        left_out = ("NO_COLOR", "NB2PIPE_DEBUG", "TERM", "PYTHONUNBUFFERED")
        kept = {name: value for name, value in os.environ.items() if name not in left_out}
        return {**kept, "TERM": "xterm-256color", "PYTHONUTF8": "1", **changes}

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start it, with pipes."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self.command(*arguments), stdout=pipe, stderr=pipe, text=True, env=self.environment(), encoding="utf-8"
        )


@pytest.fixture
def shell() -> Shell:
    """The command in processes of its own."""
    return Shell()
