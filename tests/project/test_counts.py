"""What can be counted of what things cost: modules that `check` imports, bytes that a value takes, writes of a notebook."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nb2pipe.runtime import units
from nb2pipe.targets.local import executed
from nb2pipe.targets.local.executed import ExecutedNotebook
from nb2pipe.targets.local.scrub import Scrubber

IMPORTS = """
import json, os, sys
sink = os.open("imported", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def told(event, arguments):
    if event == "import":  # also those of the process that analyses, which is a fork of this one
        os.write(sink, (arguments[0] + "\\n").encode())
sys.addaudithook(told)
from nb2pipe.cli import run
sys.exit(run(["check", "note.ipynb"]))
"""
NOT_FOR_CHECK = {
    "IPython", "asyncio", "cloudpickle", "ipykernel", "jinja2", "jsonschema", "jupyter_client", "jupyter_core", "multiprocessing",
    "nbclient", "nbconvert", "nbformat", "numpy", "papermill", "rich", "sqlite3", "subprocess", "tornado", "traitlets", "yaml",
    "zmq", "nb2pipe.runtime", "nb2pipe.targets", "nb2pipe.verify", "nb2pipe.suggest",
}  # fmt: skip
MOST_MODULES, MOST_OWN = 250, 130


def test_what_check_imports(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "id": "a", "execution_count": None, "outputs": [], "metadata": {"tags": ["step:a"]}}
    cells = [{**cell, "source": "import math\nx = math.pi"}, {**cell, "id": "b", "source": "print(x)"}]
    cells[1]["metadata"] = {"tags": ["step:b"]}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    (tmp_path / "note.ipynb").write_text(json.dumps(content))
    done = subprocess.run([sys.executable, "-c", IMPORTS], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    imported = set((tmp_path / "imported").read_text().splitlines())
    assert imported & NOT_FOR_CHECK == set()
    own = {name for name in imported if name.startswith("nb2pipe")}
    assert len(own) <= MOST_OWN, len(own)
    assert len(imported) <= MOST_MODULES, len(imported)


def _no_definition(ref: str) -> object:
    raise KeyError(ref)


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="Linux counts what a process writes")
def test_bytes_that_an_array_takes(tmp_path: Path) -> None:
    """It is written once; to load, read and check it unchanged writes nothing."""
    value = np.random.default_rng(0).random(1_000_000)
    main: dict[str, Any] = {}

    def written() -> int:
        text = Path("/proc/self/io").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("wchar:"))

    before = written()
    stored, failed = units.save({"x": value, "again": value}, tmp_path, main, {})
    after = written()
    assert not failed
    assert value.nbytes <= after - before <= 1.01 * value.nbytes
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.stat().st_size for path in files] == [stored["x"].size_bytes]
    assert stored["x"].size_bytes <= 1.01 * value.nbytes
    (unit,) = units.load({"x": stored["x"].object}, tmp_path, main, _no_definition)
    units.changes(unit, tmp_path, main, {}, _no_definition)
    assert written() - after <= 0.001 * value.nbytes


def test_how_often_a_notebook_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the clock and not by cells: many cells that end at once cost one write, and one for good."""
    monkeypatch.setattr(executed, "SAVE_EVERY_S", 0.05)
    cells = [{"cell_type": "code", "source": "", "metadata": {}, "outputs": []} for _ in range(400)]
    notebook = ExecutedNotebook({"cells": cells}, tmp_path / "executed.ipynb", Scrubber([]))
    writes = 0

    def told(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal writes
        writes += event == "os.rename" and str(arguments[1]).endswith("executed.ipynb")

    sys.addaudithook(told)

    async def step() -> None:
        saving = asyncio.create_task(notebook.keep_saved())
        for number in range(400):
            notebook.begin_cell(number, lambda _: None)
            notebook.printed("stdout", f"{number}\n")
            notebook.end_cell([])
            notebook.changed()
            await asyncio.sleep(0)
        before = writes
        assert before <= 20
        await asyncio.sleep(0.3)  # nothing more comes: what is new is written once more, and then nothing
        assert writes - before <= 1
        saving.cancel()

    asyncio.run(step())
    notebook.save()
    assert 1 <= writes <= 22
    assert [path.name for path in tmp_path.iterdir()] == ["executed.ipynb"]
