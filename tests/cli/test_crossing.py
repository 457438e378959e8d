"""The table of what crosses between steps."""

from __future__ import annotations

import pytest

from nb2pipe.checks import Crossing
from nb2pipe.cli import crossing
from nb2pipe.model import Kernel, Pipeline, Role, Step

PIPELINE = Pipeline(None, "", Kernel(), tuple(Step(name.upper(), name, Role.STEP, (0,)) for name in "abcdefg"))


def test_a_table_with_all_kinds() -> None:
    rows = [
        Crossing(("df",), "value", 2, ("a",), ("b",), ("c",), ("view",), "pandas.DataFrame", 4_100_000, "r1"),
        Crossing(("f",), "value", 2, ("b", "a"), ("c",), obstacle="`f` is an open file: it can't leave"),
        Crossing(("NumPy's global generator",), "state", 0, ("a",), ("b",)),
        Crossing(("depth",), "parameter", 1, readers=("b",), type="int"),
        Crossing(("os", "np"), "import", 0, readers=("b",)),
        Crossing(("pd",), "import", 4, readers=("b",)),
        Crossing(("helper",), "function", 0, readers=tuple("bcdefg")),
    ]
    lines = crossing.table(rows, PIPELINE)
    starts = [lines[0].index(word) for word in ("name", "type", "size", "from", "to ", "how")]
    ends = [*starts[1:], None]
    cut = [[line[one:two].rstrip() for one, two in zip(starts, ends, strict=True)] for line in lines[1:5]]
    assert cut == [
        ["df", "pandas.DataFrame", "4.1 MB", "A (cell 3)", "B, C (perhaps)", "value, together with `view`"],
        ["f", "", "", "B or A (cell 3)", "C", "can't cross: `f` is an open file"],
        ["NumPy's global generator", "", "", "A (cell 1)", "B", "goes on where it stood"],
        ["depth", "int", "", "cell 2", "B", "parameter"],
    ]
    assert lines[5:] == [
        "",
        "replayed as source in the steps that need them",
        "  imports    os, np, pd  cells 1, 5  in B",
        "  functions  helper      cell 1      in B, C, D, E and 2 more",
        "",
        "types and sizes as measured by run r1",
    ]


def test_nothing_crosses() -> None:
    assert crossing.table([], PIPELINE) == ["no variable crosses between the steps"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, ""),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_500, "100 kB"),
        (999_700, "1.0 MB"),
        (2**40, "1.1 TB"),
    ],
)
def test_sizes(number: int | None, text: str) -> None:
    assert crossing.size(number) == text
