"""Annotations stand at the line of the file where the code is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nb2pipe.cli.github import annotate
from nb2pipe.model import Cell, Diagnostic, Location, Severity


def cell_at(index: int, position: int, source: str) -> Cell:
    return Cell(index, source, (), position)


def notebook(*sources: str | list[str]) -> dict[str, object]:
    cells = [
        {"cell_type": "code", "source": source, "outputs": [{"text": ["source"]}], "metadata": {}} for source in sources
    ]
    return {"metadata": {"cells": [{"source": "decoy"}]}, "cells": cells, "nbformat": 4, "nbformat_minor": 5}


@pytest.mark.parametrize("indent", [1, 4, None])
@pytest.mark.parametrize(
    ("source", "line", "expected"),
    [
        (["one = 1\n", "two = 2\n", "three = 3"], 1, "one = 1"),
        (["one = 1\n", "two = 2\n", "three = 3"], 2, "two = 2"),
        (["one = 1\n", "two = 2\n", "three = 3"], 3, "three = 3"),
        (["one = 1\n", "two = 2\n"], 9, "two = 2"),  # past the end: the last line there is
        (["one = 1\ntwo = 2\n", "three = 3"], 2, "one = 1"),  # one string with two lines
        (["one = 1\ntwo = 2\n", "three = 3"], 3, "three = 3"),
        ("one = 1\ntwo = 2\nthree = 3", 2, "one = 1"),  # the whole cell in one string
        (["s = '{\"[,:'\n", "two = 2"], 2, "two = 2"),
        (["'\\\\'\n", '"\\""\n', "x"], 3, '"x"'),
        (["ünï\n", "códe"], 2, "códe"),
    ],
)
def test_line_of_the_file(
    tmp_path: Path, source: str | list[str], line: int, expected: str, indent: int | None
) -> None:
    path = tmp_path / "n.ipynb"
    text = json.dumps(notebook(["before = 0\n", "more = 1"], source, "after"), indent=indent, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    cells = [cell_at(0, 0, ""), cell_at(1, 1, ""), cell_at(2, 2, "")]
    item = Diagnostic("N2P201", Severity.ERROR, "m", Location("n.ipynb", 1, line))
    [annotation] = annotate(path, cells, [item])
    number = int(annotation.partition("line=")[2].partition(",")[0])
    assert expected in text.splitlines()[number - 1]


def test_text_and_properties_are_escaped() -> None:
    item = Diagnostic("N2P101", Severity.WARNING, "100 %\r\n::error::no\x1b[2J", Location("a,b:c.ipynb"), "x\ny")
    [annotation] = annotate(Path("a,b:c%.ipynb"), (), [item])
    assert annotation == "::warning file=a%2Cb%3Ac%25.ipynb,title=N2P101::100 %25%0A::error::no%0Afix: x%0Ay"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe{", b'{"worksheets": [{"cells": []}]}'])
def test_a_file_that_holds_no_such_cell_has_no_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "n.ipynb"
    path.write_bytes(content)
    item = Diagnostic("N2P201", Severity.NOTE, "m", Location(str(path), 0, 1))
    [annotation] = annotate(path, [cell_at(0, 0, "x")], [item])
    assert "line=" not in annotation.partition("::cell")[0].partition("title")[0].replace(str(path), "")
    assert annotation.startswith("::notice ")


def test_a_file_that_is_gone_has_no_line(tmp_path: Path) -> None:
    item = Diagnostic("N2P201", Severity.ERROR, "m", Location(None, 0, 1))
    [annotation] = annotate(tmp_path / "gone.ipynb", [cell_at(0, 0, "x")], [item])
    assert ",title=N2P201::cell 1 line 1: m" in annotation
