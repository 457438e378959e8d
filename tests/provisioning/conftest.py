"""Notebooks by hand, folders of installed distributions, and kernels that have them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from nb2pipe import cli
from nb2pipe.targets.local.kernels import KernelCommand


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a notebook of `(tags, source)` cells, and return its path."""

    def _write(*cells: tuple[str, str], name: str = "note.ipynb", kernel: str = "python3") -> Path:
        made = [
            {
                "cell_type": "code", "id": f"c{number}", "metadata": {"tags": tags.split()}, "execution_count": None,
                "outputs": [], "source": source.splitlines(keepends=True),
            }
            for number, (tags, source) in enumerate(cells)
        ]  # fmt: skip
        metadata = {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}}
        path = tmp_path / name
        path.write_text(json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}), "utf-8")
        return path

    return _write


class Site:
    """A folder of installed distributions, and a kernel of this interpreter that has it before all else."""

    def __init__(self, path: Path, jupyter: Path) -> None:
        self.path = path
        self._jupyter = jupyter
        path.mkdir()

    def add(
        self,
        name: str,
        version: str = "1.0",
        files: Sequence[str] = (),
        requires: Sequence[str] = (),
        url: Mapping[str, Any] | None = None,
        installer: str = "pip",
    ) -> None:
        """Install a distribution: its metadata, and empty files."""
        info = self.path / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        lines = [
            "Metadata-Version: 2.1",
            f"Name: {name}",
            f"Version: {version}",
            *(f"Requires-Dist: {r}" for r in requires),
        ]
        (info / "METADATA").write_text("\n".join(lines) + "\n\nName: not a header\n", "utf-8")
        (info / "INSTALLER").write_text(f"{installer}\n", "utf-8")
        (info / "RECORD").write_text("".join(f"{file},,\n" for file in [*files, f"{info.name}/METADATA"]), "utf-8")
        if url is not None:
            (info / "direct_url.json").write_text(json.dumps(url), "utf-8")
        for file in files:
            (self.path / file).parent.mkdir(parents=True, exist_ok=True)
            (self.path / file).write_text("", "utf-8")

    @property
    def kernel(self) -> KernelCommand:
        """Another process's environment, as far as nb2pipe knows."""
        return KernelCommand("site", (sys.executable, "-m", "ipykernel_launcher"), {"PYTHONPATH": str(self.path)})

    def install_kernel(self, name: str) -> None:
        """A kernelspec of that name."""
        folder = self._jupyter / "kernels" / name
        folder.mkdir(parents=True)
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": name, "language": "python", "env": {"PYTHONPATH": str(self.path)}}
        (folder / "kernel.json").write_text(json.dumps(spec), "utf-8")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """An empty one."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    return Site(tmp_path / "site", tmp_path / "jupyter")


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Call the command in this process: exit code, output, errors."""

    def _call(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.run([str(argument) for argument in arguments])
        return (code, *capsys.readouterr())

    return _call
