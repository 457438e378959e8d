"""State that no variable holds: it crosses, or the notebook is refused, or the run stops. Twins that must go on.

A row: what must come of it (same, refused, stopped), then the cells, each a step of its own if no step is named.
"""

from __future__ import annotations

import pytest
from fast import Cells, Server, compare

# fmt: off
HISTORY: dict[str, tuple[str, list[str | tuple[str, str]]]] = {
    "the last value, of another step": ("refused", ["x = [1]\nx", "y = _\nprint(y)"]),
    "the last value, of the same step": ("same", ["x = [1]", ("a", "x * 2"), ("a", "y = _\nprint(y)")]),
    "the last value is changed": ("same", ["x = [1]", ("a", "x"), ("a", "_.append(2)"), ("b", "print(x)")]),
    "the last value is printed text, which is none": ("refused", ["x = [1]\nx", ("a", "print(x)"), ("a", "y = _\nprint(y)")]),
    "the last value, of a call that may give none": ("same", [("a", "[1].copy()"), ("a", "print(_)"), ("b", "print(1)")]),
    "the last but one": ("refused", ["[1]", "[2]", "print(__)"]),
    "the last but one, of the same step": ("same", [("a", "[1]"), ("a", "[2]"), ("a", "print(__)")]),
    "by number": ("refused", ["1 + 1", "print(_1)"]),
    "by number, of the same step": ("same", ["x = 2", ("a", "x + 1"), ("a", "print(_2, Out[2])")]),
    "Out": ("refused", ["1 + 1", "print(Out[1])"]),
    "Out by a variable": ("refused", ["1 + 1", "n = 1\nprint(Out[n])"]),
    "a value that is not shown": ("same", ["1 + 1;", "print(_)"]),
    "In": ("refused", ["1 + 1", "print(In[1])"]),
    "the input before": ("refused", ["1 + 1", "print(_i)"]),
    "the input before, of the same step": ("same", [("a", "x = 1"), ("a", "print(_i)")]),
    "the folder at the start": ("same", ["import os", "print(_dh[0] == os.getcwd())"]),
    "a name of one's own, across steps": ("refused", ["_ = [1]", "_.append(2)", "print(_)"]),
    "a name of one's own": ("same", ["x = 1", "_ = [1]\n_.append(2)\nprint(_)", "print(x)"]),
    "a loop over nothing much": ("same", ["7", "for _ in range(3):\n    pass\nprint(_)"]),
    "in a branch that does not run": ("same", ["7", "if len('a') == 2:\n    print(_)\nprint(1)"]),
    "a parameter of a function": ("same", ["7", "print((lambda _: _)(3))"]),
    "a name that a step deletes": ("refused", ["_ = 1", "del _", "8", "print(_)"]),
}
# fmt: on

ROWS = {**HISTORY}


def numbered(sources: list[str | tuple[str, str]]) -> Cells:
    return [item if isinstance(item, tuple) else (f"s{number}", item) for number, item in enumerate(sources, 1)]


@pytest.mark.parametrize("case", ROWS)
def test_state(server: Server, case: str) -> None:
    kind, sources = ROWS[case]
    found = compare(server, numbered(sources))
    assert found.kind == kind, found
