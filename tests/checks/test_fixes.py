"""Quick fixes: what is offered, what is not, and that each mends what it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from nb2pipe import analyzing, api
from nb2pipe.config import Limits
from nb2pipe.model import Diagnostic, Fix

Cells = list[tuple[list[str], str]]
LOAD = (["step:load"], "rows = list(range(3))")
FIT = (["step:fit"], "print(len(rows))")


def content(cells: Cells) -> dict[str, Any]:
    made = [
        {"cell_type": "code", "metadata": {"tags": tags}, "source": source, "outputs": [], "execution_count": None}
        for tags, source in cells
    ]
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": made}


def analyzed(cells: Cells) -> analyzing.Analyzed:
    return analyzing.analyze_here(content(cells), Limits())


def offered(cells: Cells, code: str) -> list[Fix]:
    """All fixes of the diagnostics with this code, of which there is at least one."""
    found = analyzed(cells)
    told = [item for item in found.diagnostics if item.code == code]
    assert told, [item.code for item in found.diagnostics]
    fixes: Mapping[Diagnostic, tuple[Fix, ...]] = api.fixes(found)
    return [fix for item in told for fix in fixes.get(item, ())]


def applied(cells: Cells, fix: Fix) -> Cells:
    tags, source = cells[fix.cell]
    if fix.tags is not None:
        tags = list(fix.tags)
    if fix.line is not None:
        lines = source.split("\n")
        assert lines[fix.line - 1] == fix.old
        source = "\n".join([*lines[: fix.line - 1], fix.new, *lines[fix.line :]])
    return [*cells[: fix.cell], (tags, source), *cells[fix.cell + 1 :]]


TAGS: dict[str, tuple[str, Cells, list[tuple[int, tuple[str, ...]]]]] = {
    "a mistyped head": ("N2P121", [(["stpe:load", "other"], "x = 1")], [(0, ("step:load", "other"))]),
    "a mistyped role": ("N2P121", [(["paramters"], "x = 1")], [(0, ("parameters",))]),
    "a mistyped head without a name": ("N2P121", [(["stpe"], "x = 1")], []),
    "a bad name": ("N2P122", [(["step:load data!"], "x = 1")], [(0, ("step:load_data",))]),
    "one bad name of two": ("N2P122", [LOAD, FIT, (["step:c", "after:load:f!it"], "x = 1")], [(2, ("step:c", "after:load:fit"))]),
    "a bad name of which nothing is left": ("N2P122", [(["step:!!"], "x = 1")], []),
    "a wrong value": ("N2P120", [(["step:a", "memory:8_gigs"], "x = 1")], [(0, ("step:a",))]),
    "a tag of Kale's for nothing": ("N2P151", [(["step:a", "report:enabled"], "x = 1")], [(0, ("step:a",))]),
    "two names": ("N2P123", [(["step:a", "step:b"], "x = 1")], [(0, ("step:a",)), (0, ("step:b",))]),
    "two roles": ("N2P124", [(["imports", "x", "parameters"], "x = 1")], [(0, ("imports", "x")), (0, ("x", "parameters"))]),
    "a step and a role": ("N2P124", [(["functions", "step:a"], "x = 1")], [(0, ("step:a",)), (0, ("functions",))]),
    "metrics stay beside a step": (
        "N2P124",
        [(["step:a", "imports", "metrics"], "x = 1")],
        [(0, ("step:a", "metrics")), (0, ("imports",))],
    ),
    "options of no step": ("N2P126", [(["imports", "memory:8Gi", "mine"], "import os"), FIT], [(0, ("imports", "mine"))]),
    "two values": (
        "N2P127",
        [(["step:a", "memory:8Gi"], "x = 1"), (["step:a", "memory:4Gi"], "y = 1")],
        [(1, ("step:a",))],
    ),
    "no name": ("N2P129", [(["step:a"], "x = 1"), (["step:", "mine"], "y = 1")], [(1, ("mine",))]),
    "an unknown step that is near": (
        "N2P130",
        [LOAD, (["step:fit", "after:laod"], "x = 1")],
        [(1, ("step:fit", "after:load")), (1, ("step:fit",))],
    ),
    "an unknown step that is near, of two": (
        "N2P130",
        [LOAD, FIT, (["step:c", "after:laod:fit"], "x = 1")],
        [(2, ("step:c", "after:load:fit")), (2, ("step:c",))],
    ),
    "an unknown step": ("N2P130", [LOAD, (["step:fit", "after:zzz"], "x = 1")], [(1, ("step:fit",))]),
    "after itself": ("N2P131", [LOAD, (["step:fit", "after:fit:load"], "x = 1")], [(1, ("step:fit", "after:load"))]),
    "after a later one": ("N2P132", [(["step:load", "after:fit"], "x = 1"), (["step:fit"], "y = 1")], [(0, ("step:load",))]),
    "alike": ("N2P134", [(["step:fit-a"], "x = 1"), (["step:fit_A"], "y = 1")], [(1, ("step:fit-a",))]),
    "alike, with two tags": (
        "N2P134",
        [(["step:fit-a"], "x = 1"), (["step:fit_A"], "y = 1"), (["step:fit_A"], "z = 1")],
        [],
    ),
    "skipped": (
        "N2P206",
        [(["skip", "mine"], "rows = [1]"), (["step:fit"], "print(rows)")],
        [(0, ("mine",))],
    ),
    "not together": (
        "N2P308",
        [(["step:a"], "x = [1]"), (["step:b"], "x.append(2)"), (["step:a"], "print(x)"), (["step:a_2"], "y = 1")],
        [(2, ("step:a_3",))],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("code", "cells", "expected"), TAGS.values(), ids=TAGS)
def test_tags(code: str, cells: Cells, expected: list[tuple[int, tuple[str, ...]]]) -> None:
    found = offered(cells, code)
    assert [(fix.cell, fix.tags) for fix in found] == expected
    assert all(fix.line is None and fix.title for fix in found)


CODE: dict[str, tuple[str, Cells, list[tuple[int, str]]]] = {
    "an undefined name": (
        "N2P201",
        [LOAD, (["step:fit"], "total = 0\nprint(rwos, 'rwos', rows.rwos, rwos)")],
        [(2, "print(rows, 'rwos', rows.rwos, rows)")],
    ),
    "letters that take more bytes": ("N2P201", [LOAD, (["step:fit"], "print('ü', rwos)")], [(1, "print('ü', rows)")]),
    "with a magic in the cell": ("N2P201", [LOAD, (["step:fit"], "%time\nprint(rwos)")], [(2, "print(rows)")]),
    "with a magic, and twice on the line": ("N2P201", [LOAD, (["step:fit"], "%time\nprint(rwos, rwos)")], []),
    "no near name": ("N2P201", [LOAD, (["step:fit"], "print(zzz)")], []),
    "read in what the line calls": (
        "N2P201",
        [LOAD, (["step:fit"], "def show():\n    return rwos\nshow()")],
        [],
    ),
    "perhaps read": (
        "N2P208",
        [LOAD, (["step:fit"], "for row in rows:\n    if row > 5:\n        print(rwos)")],
        [(3, "        print(rows)")],
    ),
    "a comment that tells": (
        "N2P230",
        [LOAD, (["step:fit"], "print(len(rows))  # nb2pipe: updtes rows")],
        [(1, "print(len(rows))  # nb2pipe: updates rows")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("code", "cells", "expected"), CODE.values(), ids=CODE)
def test_code(code: str, cells: Cells, expected: list[tuple[int, str]]) -> None:
    found = offered(cells, code)
    assert [(fix.line, fix.new) for fix in found] == expected
    assert all(fix.tags is None and fix.title for fix in found)


MENDED = {name: (code, cells) for table in (TAGS, CODE) for name, (code, cells, expected) in table.items() if expected}


@pytest.mark.parametrize(("code", "cells"), MENDED.values(), ids=MENDED)
def test_each_fix_mends_what_it_is_for_and_makes_nothing_worse(code: str, cells: Cells) -> None:
    before = [item for item in analyzed(cells).diagnostics if item.code == code]
    for fix in offered(cells, code):
        after = analyzed(applied(cells, fix)).diagnostics
        told = [item for item in after if item.code == code]
        assert len(told) < len(before), fix
        assert not {item.code for item in after} - {item.code for item in analyzed(cells).diagnostics}, fix


def test_a_diagnostic_of_no_cell_or_of_one_that_is_gone_has_none() -> None:
    found = analyzed([(["stpe:load"], "x = 1")])
    moved = tuple(replace(item, location=replace(item.location, cell=7)) for item in found.diagnostics)
    assert api.fixes(replace(found, diagnostics=moved)) == {}
