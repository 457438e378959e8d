"""Notebooks as people write them, every cell a step: the pipeline prints what the notebook prints. No kernels.

`habits.txt` holds the cells, `protocols.txt` those with special methods. Where steps may run in more than one order, the last goes first.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fast import Server, compare

FILES = ("habits.txt", "protocols.txt")
TEXT = "".join((Path(__file__).parent / name).read_text(encoding="utf-8") for name in FILES)


def habits() -> dict[str, list[tuple[str, str]]]:
    found = {}
    for chunk in re.split(r"(?m)^#= ", TEXT)[1:]:
        name, _, body = chunk.partition("\n")
        cells = [cell.strip("\n") for cell in re.split(r"(?m)^# %%\n", body)[1:]]
        found[name] = [(f"s{number}", cell) for number, cell in enumerate(cells, 1)]
    return found


@pytest.mark.parametrize("case", habits())
def test_a_habit(server: Server, case: str) -> None:
    found = compare(server, habits()[case])
    assert found.kind == "same", found
