"""Notebooks by hand, what they compile to, and runs of that by KFP's own local runner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ERROR_MARK = "nb2pipe-error: "
IMAGE_VARIABLE = "NB2PIPE_IMAGE_FOLDER"


def notebook(*cells: tuple[str, str], **metadata: Any) -> bytes:
    """A notebook: tags (by spaces) and source of each code cell."""
    found = [
        {
            "cell_type": "code", "id": f"c{index}", "metadata": {"tags": tags.split()}, "source": source,
            "outputs": [], "execution_count": None,
        }
        for index, (tags, source) in enumerate(cells)
    ]  # fmt: skip
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return json.dumps({"cells": found, "metadata": {**kernel, **metadata}, "nbformat": 4, "nbformat_minor": 5}).encode()


@dataclass(frozen=True)
class Ran:
    """A run by KFP's runner: its exit code, all that it printed, where its tasks' artifacts lie."""

    code: int
    text: str
    tasks: Path

    @property
    def error(self) -> Mapping[str, Any]:
        """What the step program said of the step that failed."""
        lines = [line.strip() for line in self.text.splitlines() if line.strip().startswith(ERROR_MARK)]
        return dict(json.loads(lines[-1].removeprefix(ERROR_MARK))) if lines else {}

    def printed(self, task: str) -> str:
        """What the cells of a task printed to standard output."""
        cells = json.loads((self.tasks / task / "executed.ipynb").read_bytes())["cells"]
        outputs = [output for cell in cells for output in cell.get("outputs", ())]
        return "".join("".join(item["text"]) for item in outputs if item.get("name") == "stdout")


Run = Callable[..., Ran]


def by_kfp(file: Path, folder: Path, parameters: Mapping[str, Any], *, apart: bool = False) -> Ran:
    """Have KFP's local runner run a compiled file, steps working in `folder`; `apart`: each in a new copy of it."""
    values, root = file.with_suffix(".json"), file.parent / "root"
    values.write_text(json.dumps(parameters), encoding="utf-8")
    command: Sequence[str] = [
        sys.executable, "-m", "nb2pipe.targets.kfp.local_runner", str(file), str(root), str(values)
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "NO_COLOR": "1", **({IMAGE_VARIABLE: str(folder)} if apart else {})}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, encoding="utf-8", timeout=600, check=False,
    )  # fmt: skip
    [tasks] = root.iterdir() if root.is_dir() else [root]
    return Ran(done.returncode, done.stdout, tasks)
