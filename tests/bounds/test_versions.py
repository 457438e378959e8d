"""A notebook while somebody types: each version is analysed from where it differs, and gives what it gives by itself."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hostile
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nb2pipe import api
from nb2pipe.analyzing import Given
from nb2pipe.config import Limits
from nb2pipe.errors import Nb2pipeError

Data = dict[str, Any]
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.ipynb"))
TAGS = ["step:a", "step:b", "parameters", "imports", "functions", "skip", "env:A=1", "env:B=2", "raises-exception"]
TOLD = [{"needs": ["x"]}, {"updates": ["df"]}, {"pure": True}, {"nedes": []}, 1]
LIMITS = Limits()


@pytest.fixture(scope="module")
def analyst() -> Iterator[api.Analyst]:
    with api.analyst(LIMITS) as made:
        yield made


def cell(source: str, *tags: str) -> Data:
    return {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": source}


def notebook(*cells: Data) -> Data:
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": list(cells)}


def outcome(action: Callable[[], api.Analyzed]) -> object:
    try:
        return action()
    except Nb2pipeError as error:
        return error.diagnostics


def agree(analyst: api.Analyst, content: Data, folder: Path | None = None, line: str = "one") -> None:
    """What is found of this version in its line is what is found of it alone."""
    source = api.OnScreen((folder or Path()) / "a.ipynb", content)
    alone = outcome(lambda: api.analyze_here(source, LIMITS, Given(bare=True)))
    assert outcome(lambda: analyst.analyze(source, line=line)) == alone


@st.composite
def edited(draw: st.DrawFn) -> list[Data]:
    """Versions of a notebook: each differs from the one before in a cell, its tags or its place."""
    found = draw(st.sampled_from(START))
    versions = [found]
    pick = random.Random(draw(st.integers(0, 1 << 30)))
    place = 0
    for _ in range(pick.randint(3, 9)):
        found = copy.deepcopy(found)
        cells = found["cells"]
        if pick.random() < 0.4 or not cells:  # else the same cell as before: who types stays there
            place = pick.randrange(len(cells) + 1)
        here = min(place, len(cells) - 1)
        way = pick.random()
        if way < 0.15 or not cells:
            cells.insert(place, cell(pick.choice(hostile.PIECES), *pick.choice([(), (), (pick.choice(TAGS),)])))
        elif way < 0.2:
            del cells[here]
        elif way < 0.25:
            cells[here], cells[here - 1] = cells[here - 1], cells[here]
        elif way < 0.35:
            cells[here]["metadata"] = {"tags": [pick.choice(TAGS)]}
        elif way < 0.4:
            cells[here]["metadata"] = {**cells[here]["metadata"], "nb2pipe": pick.choice(TOLD)}
        elif way < 0.45:
            found = copy.deepcopy(versions[max(0, len(versions) - 2)])  # undone
        elif way < 0.5:
            cells[here]["source"] = cells[pick.randrange(len(cells))]["source"]
        else:
            cells[here]["source"] = pick.choice(
                ["{0}\n{1}", "{1}\n{0}", "{1}", "x = 1\n{0}", "{0}\nprint(x)", "def f(a): return x + a\n{0}", "{0} "]
            ).format("".join(cells[here]["source"]), pick.choice(hostile.PIECES))
        versions.append(found)
    return versions


def _bare(path: Path) -> Data:
    content: Data = json.loads(path.read_text(encoding="utf-8"))
    for item in content["cells"]:
        item.pop("outputs", None)
    return content


START = [
    notebook(),
    notebook(*[cell(f"x{i} = [x{i - 1}] if x{i - 1} else 1", f"step:s{i}") for i in range(1, 8)]),
    notebook(cell("n = 3", "parameters"), cell("import numpy as np\nx = np.arange(n)", "step:a"), cell("x += n", "step:b")),
    notebook(*[cell("x = [1]\nx.append(x)\nx"), cell("y = _\nprint(_1, Out[1])"), cell("x = [1]\nx.append(x)\nx")]),
    *map(_bare, EXAMPLES),
]  # fmt: skip


@settings(max_examples=50)
@given(edited())
def test_any_edits(analyst: api.Analyst, versions: list[Data]) -> None:
    for version in versions:
        agree(analyst, version)


LATER = [cell("y = [1]", "step:b"), cell("y.append(2)\nprint(y)", "step:c")]
DEEP = "x = " + "-" * 120 + "1"
LOOKED_AT = {
    "a parameter below": (
        [cell("n = 1", "parameters"), cell("x = f'{n}'"), cell("m = 2", "parameters")],
        2,
        "n = 2\nm = 2",
    ),
    "a kind of parameter": ([cell("n = 1", "parameters"), cell("x = n"), cell("n = 'a'", "parameters")], 2, "n = [1]"),
    "the text of what reads its own": ([cell("x = 1\nx"), cell("print(In[1])"), cell("z = 1")], 2, "z = 2"),
    "a cell that can't be read": ([cell("x = 1"), cell("y = ("), cell("print(x)")], 1, "y = 1"),
    "one that becomes unreadable": ([cell("x = 1"), cell("y = 1"), cell("print(x, y)")], 1, "y = ("),
    "one below a deep one": ([cell(DEEP), cell("z = x"), cell("print(z)")], 2, "print(z, x)"),
    "a magic": ([cell("%cd a"), cell("%%writefile m.py\ny = 1"), cell("import m\nm.y")], 1, "%%writefile m.py\ny = []"),
    "empty cells": ([cell(""), cell("x = 1\nx"), cell("_1")], 0, "y = 1\ny"),
}


@pytest.mark.parametrize("what", LOOKED_AT)
def test_edits_of_what_a_walk_looks_at(analyst: api.Analyst, what: str) -> None:
    cells, place, source = LOOKED_AT[what]
    first = notebook(*cells, *LATER)
    second = copy.deepcopy(first)
    second["cells"][place]["source"] = source
    last = copy.deepcopy(second)
    last["cells"][-1]["source"] += "\nz = y"
    for version in (first, second, first, second, last, {**last, "metadata": {"nb2pipe": {"name": "other"}}}, last):
        agree(analyst, version, line=what)


def test_options_and_roles_of_later_cells_count(analyst: api.Analyst) -> None:
    first = notebook(cell("import os\nx = os.environ.get('A')", "step:a"), cell("print(x)", "step:b"), *LATER)
    for tags in (["step:b", "env:A=1"], ["step:b"], ["functions"], ["step:a"], ["skip"], ["parameters"], ["step:b"]):
        version = copy.deepcopy(first)
        version["cells"][1]["metadata"]["tags"] = tags
        agree(analyst, version)
        version["cells"][-1]["source"] += "\nw = 1"
        agree(analyst, version)


def test_files_that_change_between_two_versions(analyst: api.Analyst, tmp_path: Path) -> None:
    cells = [cell("import mine, lib", "step:a"), cell("mine.add(1)\nx = []\nlib.fill(x)", "step:b")]
    version = notebook(*cells, cell("print(mine.all(), x)", "step:c"))
    texts = ["seen = []\ndef add(x): seen.append(x)\ndef all(): return seen\n", "def add(x): pass\nall = add\n", None]
    tables = ['[tables.functions.changes]\n"lib.fill" = [0]\n', "", "[tables.functions]\nnonsense = 1\n"]
    for number in range(12):
        version["cells"][-1]["source"] += f"\nw = {number}"
        text = texts[number // 2 % 3]
        (tmp_path / "mine.py").unlink(missing_ok=True)
        if text is not None:
            (tmp_path / "mine.py").write_text(text)
        (tmp_path / "nb2pipe.toml").write_text(tables[number // 3 % 3])
        agree(analyst, version, folder=tmp_path)
