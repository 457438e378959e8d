"""Malformed and hostile notebooks: diagnostics and nothing else. More of them: tests/soak/hostile_notebooks.py."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from checking import BEYOND, codes_of, hold
from hostile import CANARY, JUNK, PIECES, SHAPES, SING, TAGS, cell, hostile, notebook, shape

from nb2pipe import api
from nb2pipe.config import Limits
from nb2pipe.errors import BadInput
from nb2pipe.model import Severity

LIMITS = Limits(max_cpu_s=5)
STEEP = {"functions that make each other": 4}  # shapes whose cost grows fast with each line


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What code does to the working folder, it does to one of its own."""
    monkeypatch.chdir(tmp_path)


def check(content: bytes | dict[str, Any], folder: Path) -> set[str]:
    path = folder / "note.ipynb"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    codes = codes_of(path, LIMITS)
    assert [item.name for item in folder.iterdir()] == [path.name], "something was executed"
    return codes


@pytest.mark.parametrize("seed", range(6))
def test_random_ones(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    for _ in range(40):
        assert BEYOND not in check(hostile(draw, depth=2), tmp_path)


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_each_shape(name: str, tmp_path: Path) -> None:
    """A size at which analysis must come to its end."""
    cells = [cell(shape(name, STEEP.get(name, 12)), ["step:a"]), cell("print(x)", ["step:b"])]
    assert BEYOND not in check(notebook(*cells), tmp_path)


@pytest.mark.parametrize(
    "name", ["lists in lists", "a chain of attributes", "a chain of plus", "a long elif", "a large string", "a chain of targets"]
)  # fmt: skip
def test_large_shapes(name: str, tmp_path: Path) -> None:
    """At their full size a problem may be told of, but not that analysis had to be ended."""
    assert BEYOND not in check(notebook(cell(shape(name))), tmp_path)


def test_a_shape_without_bounds_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "note.ipynb"
    path.write_text(json.dumps(notebook(cell("x = 1"), *[cell(shape("semicolons"), ["step:a"])] * 8)))
    with pytest.raises(BadInput) as error:
        api.analyze(path, limits=Limits(max_cpu_s=1))
    hold(error.value.diagnostics)
    assert [item.code for item in error.value.diagnostics] == [BEYOND]


def test_too_many_cells(tmp_path: Path) -> None:
    assert check(notebook(*[cell("x = 1")] * 10_000), tmp_path) == {"N2P105"}


@pytest.mark.parametrize("number", range(len(JUNK)))
def test_junk_at_each_place(number: int, tmp_path: Path) -> None:
    """Each value of the schema in turn is something else."""
    whole = notebook(
        cell("x = 1", ["step:a"]), kernelspec={"name": "python3"}, language_info={"name": "python"}, nb2pipe={}
    )
    places = [(), ("cells",), ("cells", 0), ("metadata",), ("nbformat",), ("nbformat_minor",)]
    places += [("cells", 0, key) for key in ("cell_type", "id", "metadata", "source", "outputs", "execution_count")]
    places += [
        ("cells", 0, "metadata", "tags"),
        ("cells", 0, "metadata", "tags", 0),
        ("cells", 0, "metadata", "nb2pipe"),
    ]
    places += [("metadata", key) for key in ("kernelspec", "language_info", "nb2pipe", "kubeflow_notebook")]
    for place in places[1:]:
        data = json.loads(json.dumps(whole))
        node = data
        for key in place[:-1]:
            node = node[key]
        node[place[-1]] = JUNK[number]
        check(data, tmp_path)


def test_each_tag(tmp_path: Path) -> None:
    for tag in TAGS:
        check(notebook(cell("x = 1", [tag]), cell("y = 1", [tag, "step:z"])), tmp_path)


def test_nothing_is_executed_wherever_it_stands(tmp_path: Path) -> None:
    for tag in ("step:a", "parameters", "imports", "functions", "metrics", "skip"):
        check(notebook(*[cell(source, [tag]) for source in PIECES]), tmp_path)
    check(notebook(cell(SING), nb2pipe={"name": SING, "steps": {SING: {"env": {"A": SING}}}}), tmp_path)


def test_the_canary_sings_when_it_is_executed(tmp_path: Path) -> None:
    exec(SING)  # the test of the test
    assert (tmp_path / CANARY).exists()


def test_what_is_found_does_not_depend_on_the_process(tmp_path: Path) -> None:
    draw = random.Random(99)
    for _ in range(20):
        content = hostile(draw, depth=2)
        (tmp_path / "note.ipynb").write_bytes(content)
        try:
            here = api.analyze_here(tmp_path / "note.ipynb", LIMITS).diagnostics
        except BadInput as error:
            here = error.diagnostics
        there = codes_of(tmp_path / "note.ipynb", LIMITS)
        assert {item.code for item in here} == there
        assert all(item.hint for item in here if item.severity is Severity.ERROR)
