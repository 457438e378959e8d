"""Cuts that would make an error or a warning are given up, and the suggestion says so."""

from __future__ import annotations

import pytest
from untagged import notebook, suggested

LOOP = "for i in range(1000):\n    print(i ** i)\n"

CASES: dict[str, tuple[list[str], list[str], list[str]]] = {
    "a function that remembers what a later step would compute anew": (
        ["import functools", "#: ## Data", f"y = [1]\n{LOOP}", "@functools.lru_cache\ndef g(a):\n    return a + len(y)",
         "#: ## First", f"a = g(3)\n{LOOP}", "#: ## Second", f"y.append(2)\n{LOOP}", "#: ## Third",
         f"b = g(3)\nprint(a, b)\n{LOOP}", "#: ## Fourth", f"print(b)\n{LOOP}"],
        ["imports", "step:data", "step:fourth"],
        ["`data`, `first`, `second` and `third` were made one step: apart, N2P402 `g` remembers its results"],
    ),
    "one that reads nothing that changes": (
        ["import functools", "#: ## Data", f"y = [1]\n{LOOP}", "@functools.lru_cache\ndef g(a):\n    return a + 1",
         "#: ## First", f"a = g(3)\n{LOOP}", "#: ## Second", f"y.append(2)\n{LOOP}", "#: ## Third",
         f"b = g(3)\nprint(a, b)\n{LOOP}", "#: ## Fourth", f"print(b)\n{LOOP}"],
        ["imports", "step:data", "step:first", "step:second", "step:third", "step:fourth"],
        [],
    ),
    "IPython's memory of the cell above": (
        ["#: ## Data", f"a = 1\n{LOOP}", "#: ## First", f"{LOOP}", "a + 2", "#: ## Second", f"print(_)\n{LOOP}",
         "#: ## Third", f"b = a\n{LOOP}"],
        ["step:data", "step:first_and_second", "step:third"],
        ["`first` and `second` were made one step: apart, N2P213 `_` is IPython's memory of cell 3"],
    ),
    "a variable of that name": (
        ["#: ## Data", f"a = 1\n{LOOP}", "#: ## First", f"{LOOP}", "c = a + 2", "#: ## Second", f"print(c)\n{LOOP}",
         "#: ## Third", f"b = a\n{LOOP}"],
        ["step:data", "step:first", "step:second", "step:third"],
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_cut_that_makes_a_problem_is_given_up(case: str) -> None:
    cells, tags, remarks = CASES[case]
    found = suggested(notebook(*cells))
    assert [part.tag for part in found.parts] == tags
    assert len(found.remarks) == len(remarks)
    for remark, beginning in zip(found.remarks, remarks, strict=True):
        assert remark.startswith(beginning)
    assert found.analyzed.errors == ()


def test_what_is_wrong_with_the_notebook_itself_makes_no_difference() -> None:
    cells = [
        "#: ## A",
        f"x = load()\n{LOOP}",
        "#: ## B",
        f"print(undefined)\n{LOOP}",
        "#: ## C",
        f"print(undefined, x)\n{LOOP}",
    ]
    found = suggested(notebook(*cells))
    assert [part.tag for part in found.parts] == ["step:a", "step:b", "step:c"]
    assert found.remarks == ()
    assert {item.variable for item in (error.location for error in found.analyzed.errors)} == {"load", "undefined"}
