"""What a step that must run alone costs: the steps that it keeps from running side by side, and no others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nb2pipe import analysis
from nb2pipe.model import Severity

A, B = ("a", "x = 1"), ("b", "y = 1")
COSTS = [
    ([A, ("w", "exec(x)"), ("c", "print(x)")], "That keeps no other steps apart"),
    ([A, B, ("w", "exec(x)")], "That keeps no other steps apart"),
    ([A, ("w", "exec(x)"), ("b", "y = 1")], "But for that, `b` could run beside `a`"),
    ([A, ("w", "exec(x)"), ("b", "y = x")], "That keeps no other steps apart"),
    ([A, ("w", "z = exec(x)"), ("b", "y = z")], "That keeps no other steps apart"),
    ([A, B, ("w", "exec(x)"), ("c", "print(x)")], "But for that, `c` could run beside `b`"),
    ([A, B, ("w", "%strange"), ("c", "print(x)")], "But for that, `c` could run beside `b`"),
    ([A, B, ("w", "!pip install z"), ("c", "print(x)")], "But for that, `c` could run beside `a` and `b`"),
    (
        [A, B, ("w", "exec(x)"), ("c", "print(x)"), ("d", "print(y)")],
        "But for that, `c` could run beside `b`, and `d` could run beside `a`",
    ),
    (
        [("a", "f = open('t', 'w').write('')"), ("w", "exec('1' + s)"), ("b", "open('t').read()")],
        "keeps no other steps",
    ),
]


@pytest.mark.parametrize(("given", "expected"), COSTS)
def test_what_a_wall_costs(cells: Callable, given: list[tuple[str, str]], expected: str) -> None:
    found = cells(*given)
    told = analysis.with_costs(found.notebook, found.sections, found.analysis, found.pipeline)
    walls = [item for item in told if item.code in ("N2P301", "N2P302", "N2P311")]
    assert [expected in item.message for item in walls] == [True]
    assert walls[0].severity is (Severity.WARNING if "But" in expected and walls[0].code != "N2P311" else Severity.NOTE)


def test_an_install_that_costs_nothing_is_left_as_it_is(cells: Callable) -> None:
    found = cells(("a", "!pip install z"), A, B)
    told = analysis.with_costs(found.notebook, found.sections, found.analysis, found.pipeline)
    assert told == found.analysis.diagnostics


def test_many_walls_end_soon(cells: Callable) -> None:
    found = cells(*((f"s{number}", f"x{number} = 1\nexec(x{number})") for number in range(60)))
    told = analysis.with_costs(found.notebook, found.sections, found.analysis, found.pipeline)
    assert len(told) == 60
