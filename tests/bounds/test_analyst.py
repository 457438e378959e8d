"""Notebooks that are analysed again and again: always what one analysis by itself finds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nb2pipe import api
from nb2pipe.config import Limits
from nb2pipe.errors import BadInput, Canceled

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.ipynb"))
Data = dict[str, Any]


@pytest.fixture(scope="module")
def analyst() -> Iterator[api.Analyst]:
    with api.analyst(Limits()) as made:
        yield made


def notebook(*sources: str) -> Data:
    cells = [{"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in sources]
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}


def bare(found: api.Analyzed) -> api.Analyzed:
    return replace(found, notebook=replace(found.notebook, raw={}))


def without_outputs(content: Data) -> Data:
    """As an editor sends it."""
    cells = [{key: value for key, value in cell.items() if key != "outputs"} for cell in content["cells"]]
    return {**content, "cells": cells}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_content_gives_what_the_file_gives(analyst: api.Analyst, path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    expected = api.analyze_here(path, Limits())
    assert api.analyze(api.OnScreen(path, content)) == expected
    assert analyst.analyze(path) == bare(expected)
    found = analyst.analyze(api.OnScreen(path, without_outputs(content)), line=str(path))
    seen = {cell.index: cell.has_error_output for cell in expected.notebook.cells}
    cells = tuple(replace(cell, has_error_output=seen[cell.index]) for cell in found.notebook.cells)
    assert replace(found, notebook=replace(found.notebook, cells=cells)) == bare(expected)
    assert found.notebook.raw == {}


def test_modules_and_tables_beside_content_are_found(analyst: api.Analyst, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("seen = []\ndef add(x):\n    seen.append(x)\ndef all():\n    return seen\n")
    (tmp_path / "nb2pipe.toml").write_text('[tables.functions.changes]\n"lib.fill" = [0]\n')
    content = notebook("import mine, lib\nbox = []", "mine.add(1)\nlib.fill(box)", "print(mine.all(), box)")
    for position, cell in enumerate(content["cells"]):
        cell["metadata"]["tags"] = [f"step:s{position}"]
    path = tmp_path / "note.ipynb"
    path.write_text(json.dumps(content))
    expected = api.analyze_here(path, Limits())
    assert expected.beside
    assert "N2P403" in {item.code for item in expected.diagnostics}  # two steps share what the module keeps
    assert analyst.analyze(api.OnScreen(path, content)) == bare(expected)
    alone = analyst.analyze(content, folder=tmp_path)
    assert alone.beside == expected.beside
    assert {item.location.notebook for item in alone.diagnostics} == {None}
    assert analyst.analyze(content).beside == ()


def test_what_is_wrong_names_the_notebook(analyst: api.Analyst) -> None:
    for broken, code in (({"cells": 1}, "N2P108"), ({"cells": [object()]}, "N2P107")):
        with pytest.raises(BadInput) as error:
            analyst.analyze(api.OnScreen(Path("a.ipynb"), broken))  # type: ignore[arg-type]  # no JSON data
        assert (error.value.diagnostics[0].code, error.value.diagnostics[0].location.notebook) == (code, "a.ipynb")
    with api.analyst(Limits(max_memory_bytes=20_000_000)) as small, pytest.raises(BadInput) as error:
        small.analyze(api.OnScreen(Path("a.ipynb"), {**notebook("x = 1"), "x": ["y"] * 3_000_000}))
    assert (error.value.diagnostics[0].code, str(error.value.diagnostics[0].location)) == ("N2P114", "a.ipynb")


def test_suggestions_and_other_use_cases(analyst: api.Analyst, tmp_path: Path) -> None:
    content = notebook("import math", "x = [math.pi]", "y = [x[0]]", "print(x, y)")
    found = analyst.suggest(content, line="one")
    expected = api.suggest(content)
    assert (found.tags, found.analyzed.pipeline) == (expected.tags, expected.analyzed.pipeline)
    path = tmp_path / "note.ipynb"
    path.write_text(json.dumps(content))
    assert analyst.do(api.build, path) == api.build(path)
    assert analyst.do(api.plan, path).pipeline == api.plan(path).pipeline


def test_a_closed_one_refuses() -> None:
    made = api.analyst()
    made.close()
    with pytest.raises(Canceled) as refused:
        made.analyze(notebook("x = 1"))
    assert refused.value.diagnostics[0].code == "N2P115"
