"""Notebooks without steps, cut by a rule."""

from __future__ import annotations

from typing import Any

import pytest

from nb2pipe.config import Limits
from nb2pipe.notebook import Cut, cut, parse

CODE = ["a = 1", "b = 2", "", "c = 3", "d = 4"]


def notebook(*parts: str, tags: dict[int, list[str]] | None = None) -> Any:
    """Cells in order; what begins with `#` is markdown."""
    cells: list[dict[str, Any]] = []
    number = 0
    for part in parts:
        if part.startswith("#"):
            cells.append({"cell_type": "markdown", "metadata": {}, "source": part})
            continue
        metadata = {"tags": (tags or {}).get(number, [])}
        cells.append(
            {"cell_type": "code", "metadata": metadata, "source": part, "outputs": [], "execution_count": None}
        )
        number += 1
    return parse({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}, None, Limits())


@pytest.mark.parametrize(
    ("how", "parts", "begins"),
    [
        (Cut.TAGS, CODE, []),
        (Cut.CELLS, CODE, [0, 1, 3, 4]),
        (Cut.THIRDS, CODE, [0, 4]),
        (Cut.HEADINGS, CODE, [0]),
        (Cut.HEADINGS, ["a = 1", "# Fit", "b = 2", "c = 3", "## Plot", "", "d = 4"], [0, 1, 4]),
        (Cut.HEADINGS, ["# One", "# Two", "a = 1", "# End"], [0]),
        (Cut.CELLS, [], []),
    ],
)
def test_where_steps_begin(how: Cut, parts: list[str], begins: list[int]) -> None:
    assert cut(notebook(*parts), how) == {index: (f"step:part{index + 1}",) for index in begins}


def test_a_notebook_with_steps_is_left_as_it_is() -> None:
    assert cut(notebook(*CODE, tags={1: ["step:own"]}), Cut.CELLS) == {}
    assert cut(notebook(*CODE, tags={1: ["block:own"]}), Cut.CELLS) == {}


def test_a_cell_with_tags_of_its_own_keeps_them() -> None:
    assert sorted(cut(notebook(*CODE, tags={0: ["parameters"]}), Cut.CELLS)) == [1, 3, 4]
