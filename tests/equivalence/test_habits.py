"""Notebooks as people write them, every cell a step: the pipeline prints what the notebook prints. No kernels.

`habits.txt` holds the cells, `protocols.txt` those with special methods, `notebooks.txt` whole notebooks. Where steps may run in more than one order, the last goes first.
"""

from __future__ import annotations

import re
from itertools import accumulate
from pathlib import Path
from random import Random

import pytest
from fast import Server, compare


def habits(*files: str) -> dict[str, list[tuple[str, str]]]:
    text = "".join((Path(__file__).parent / name).read_text(encoding="utf-8") for name in files)
    found = {}
    for chunk in re.split(r"(?m)^#= ", text)[1:]:
        name, _, body = chunk.partition("\n")
        cells = [cell.strip("\n") for cell in re.split(r"(?m)^# %%\n", body)[1:]]
        found[name] = [(f"s{number}", cell) for number, cell in enumerate(cells, 1)]
    return found


HABITS = habits("habits.txt", "protocols.txt")
NOTEBOOKS = habits("notebooks.txt")


@pytest.mark.parametrize("case", HABITS)
def test_a_habit(server: Server, case: str) -> None:
    found = compare(server, HABITS[case])
    assert found.kind == "same", found


@pytest.mark.parametrize("case", NOTEBOOKS)
def test_a_notebook(server: Server, case: str) -> None:
    found = compare(server, NOTEBOOKS[case])
    assert found.kind == "same", found


@pytest.mark.parametrize("case", NOTEBOOKS)
def test_a_notebook_with_few_tags(server: Server, case: str) -> None:
    """Tagged here and there, in a random order or as `--safe` has it."""
    random = Random(case)
    names = accumulate(random.random() < 0.4 for _ in NOTEBOOKS[case])
    cells = [(f"s{number}", source) for number, (_, source) in zip(names, NOTEBOOKS[case], strict=True)]
    found = compare(server, cells, random, safe=random.random() < 0.5)
    assert found.kind == "same", found
