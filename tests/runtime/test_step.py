"""Step notebooks in real kernels: parameters, replayed definitions, values, cell numbers, errors, metrics."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from nb2pipe import render
from nb2pipe.model import (
    At,
    Cell,
    Definition,
    DefinitionKind,
    Kernel,
    Metric,
    Need,
    Notebook,
    Parameter,
    ParameterType,
    Pipeline,
    Role,
    Step,
)

pytestmark = pytest.mark.kernel

SOURCES = [
    "size = 3",
    "# A class, two lines down\n\nclass Point:\n    def __init__(self, x): self.x = x\n    def scaled(self): return self.x * factor",
    "factor = 2\npoint = Point(size)\nnested = {'p': point}\ngone = 1\n%time squares = [n * n for n in range(size)]\nprint('first')",
    "factor = 10\nassert type(point) is Point and nested['p'] is point and point.scaled() == 30\nsize += 1\nscore = {'accuracy': 0.5, 'name': 'x'}",
    "Point(1).missing()",
    "import inspect\ninspect.getsource(point.scaled)",
]
POINT = Definition("0123456789ab", DefinitionKind.CLASS, ("Point",), At(1, 3), 5, SOURCES[1].split("\n", 2)[2])


@pytest.fixture
def notebook() -> Notebook:
    return Notebook(
        "demo.ipynb",
        tuple(Cell(index, source, position=index) for index, source in enumerate(SOURCES)),
        Kernel("python3", "Python 3", "python"),
    )


@pytest.fixture
def pipeline(notebook: Notebook) -> Pipeline:
    def need(name: str) -> Need:
        return Need(name, ("make",), At(3, 1), At(2, 1))

    make = Step(
        "make",
        "make",
        Role.STEP,
        (2,),
        outputs=("factor", "point", "nested", "gone", "squares"),
        definitions=(POINT.id,),
        parameters=("size",),
    )
    use = Step(
        "use", "use", Role.STEP, (3, 4), needs=(need("point"), need("nested"), need("gone")), outputs=("factor", "size", "score"),
        definitions=(POINT.id,), parameters=("size",), metrics=(Metric("score", 3, "score"),),
    )  # fmt: skip
    show = Step("show", "show", Role.STEP, (5,), needs=(Need("point", ("make",), At(5), At(2)),))
    return Pipeline(
        "demo.ipynb", notebook.digest, notebook.kernel, (make, use, show),
        parameters=(Parameter("size", ParameterType.INT, 3, At(0, 1)),), definitions=(POINT,),
    )  # fmt: skip


def execute(path: Path, folder: Path) -> Any:
    node = nbformat.read(path, as_version=4)
    NotebookClient(node, timeout=60, kernel_name="python3", allow_errors=True).execute(
        cwd=str(folder), env=dict(os.environ)
    )
    return node


def outputs_of(node: Any, role: str) -> list[Any]:
    return [output for cell in node.cells if cell.metadata.nb2pipe.role == role for output in cell.get("outputs", ())]


def test_a_bundle_runs_by_hand_step_by_step(tmp_path: Path, notebook: Notebook, pipeline: Pipeline) -> None:
    folder = tmp_path / "demo.pipeline"
    (tmp_path / "demo.ipynb").write_text("{}", encoding="utf-8")
    for file in render.bundle(notebook, pipeline).files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)

    made = execute(folder / "steps" / "make.ipynb", folder / "steps")
    assert not outputs_of(made, "begin") + outputs_of(made, "load") + outputs_of(made, "end")
    assert outputs_of(made, "cell")[-1]["text"].endswith("\nfirst\n")
    make = json.loads((folder / ".values" / "make" / "outputs.json").read_text())
    assert set(make["values"]) == {"factor", "point", "nested", "gone", "squares"}
    assert make["values"]["point"]["object"] == make["values"]["nested"]["object"], "shared objects are one unit"
    assert make["values"]["squares"]["type"] == "list"
    assert not make["failed"]

    used = execute(folder / "steps" / "use.ipynb", folder / "steps")
    error = outputs_of(used, "cell")[0]
    assert error["ename"] == "AttributeError"
    text = re.sub("\x1b[^m]*m", "", "\n".join(error["traceback"]))
    assert "Cell In[5], line 1" in text, "cells have the notebook's numbers"
    use = json.loads((folder / ".values" / "use" / "outputs.json").read_text())
    assert set(use["values"]) == {"factor", "size", "score"}
    assert use["metrics"] == {"accuracy": 0.5}
    where = json.loads((folder / ".values" / "use" / "error.json").read_text())
    assert (where["cell"], where["line"], where["ename"]) == (4, 1, "AttributeError")

    shown = execute(folder / "steps" / "show.ipynb", folder / "steps")
    assert "def scaled" in outputs_of(shown, "cell")[0]["data"]["text/plain"], "a definition that no plan foresaw"


def test_a_step_that_comes_too_early_says_what_to_run_first(
    tmp_path: Path, notebook: Notebook, pipeline: Pipeline
) -> None:
    for file in render.bundle(notebook, pipeline).files:
        (tmp_path / file.path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file.path).write_bytes(file.content)
    used = execute(tmp_path / "steps" / "use.ipynb", tmp_path / "steps")
    assert outputs_of(used, "begin")[0]["traceback"] == ["nb2pipe: run step 'make' first: `point` comes from it"]
