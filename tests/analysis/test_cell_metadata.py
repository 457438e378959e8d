"""What a cell's `metadata.nb2pipe` tells: it holds for the whole cell, as comments do for a statement."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nb2pipe import api
from nb2pipe.config import Limits


def analyzed(*steps: tuple[str, Any]) -> api.Analyzed:
    cells = [
        {
            "cell_type": "code",
            "metadata": {"tags": [f"step:{'abcd'[index]}"], **({} if told is None else {"nb2pipe": told})},
            "source": source,
            "outputs": [],
        }
        for index, (source, told) in enumerate(steps)
    ]
    return api.analyze_here({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}, Limits())


def edges(found: api.Analyzed) -> str:
    assert not found.errors, found.errors
    assert found.pipeline is not None
    return " ".join(sorted(f"{e.source}>{e.target}:{','.join(e.variables)}" for e in found.pipeline.edges))


MAKE = "from math import pi\nimport lib\nx = [pi]"

# told of the second cell, its code, the third cell's, the edges without it and with it
CASES: list[tuple[str, Any, str, str, str, str]] = [
    ("needs", {"needs": ["x"]}, "y = 1\nz = 2", "pass", "", "a>b:x"),
    ("updates", {"updates": ["x"]}, "y = 1", "print(x)", "a>c:x", "a>b:x b>c:x"),
    ("pure", {"pure": True}, "lib.f(x)\nlib.g(x)", "print(x)", "a>b:x b>c:x", "a>b:x a>c:x"),
    ("not pure", {"pure": False}, "lib.f(x)", "print(x)", "a>b:x b>c:x", "a>b:x b>c:x"),
    ("pure and updates", {"pure": True, "updates": ["x"]}, "lib.f(1)", "print(x)", "a>c:x", "a>b:x b>c:x"),
    ("files", {"files": ["o/*.csv"]}, "y = 1", "open('o/a.csv')", "", "b>c:"),
    ("other files", {"files": ["o/*.csv"]}, "y = 1", "open('q/a.csv')", "", ""),
    ("reads", {"reads": ["o/a.csv"]}, "y = 1", "open('o/a.csv', 'w')", "", "b>c:"),
    ("only definitions", {"needs": ["x"]}, "import os", "pass", "", "a>b:x"),
    ("an empty object", {}, "y = 1", "print(x)", "a>c:x", "a>c:x"),
    ("empty lists", {"needs": [], "updates": []}, "y = 1", "print(x)", "a>c:x", "a>c:x"),
    ("several lines above the first statement", {"updates": ["x"]}, "\n\n# here\n@lib.f\ndef g(): pass", "print(x)", "a>c:x", "a>b:x b>c:x"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("told", "second", "third", "without", "expected"), [row[1:] for row in CASES], ids=[row[0] for row in CASES]
)
def test_what_is_told(told: Any, second: str, third: str, without: str, expected: str) -> None:
    assert edges(analyzed((MAKE, None), (second, None), (third, None))) == without
    assert edges(analyzed((MAKE, None), (second, told), (third, None))) == expected


WRONG: list[tuple[Any, str, str | None]] = [
    ({"nedes": ["x"]}, "has an unknown key `nedes`", "did you mean `needs`?"),
    ({"Pure": True}, "has an unknown key `Pure`", "did you mean `pure`?"),
    ({"steps": {}}, "has an unknown key `steps`", "known are files, needs, pure, reads, updates"),
    ({"needs": "x"}, "`needs` in the cell's `metadata.nb2pipe` is no list of texts", None),
    ({"updates": [1]}, "is no list of texts", None),
    ({"files": None}, "is no list of texts", None),
    ({"pure": 1}, "is neither true nor false", None),
    ({"needs": ["x.y"]}, "names `x.y`, which is no variable's name", "did you mean `x`? A variable is told of as a whole"),
    ({"needs": [""]}, "which is no variable's name", None),
    ({"files": ["{x}.csv"]}, "names the file `{x}.csv`", None),
    ({"reads": [" "]}, "names the file ``", None),
    (["x"], "is no object", None),
    ("needs x", "is no object", None),
    (True, "is no object", None),
]  # fmt: skip


@pytest.mark.parametrize(("told", "message", "hint"), WRONG, ids=[json.dumps(row[0]) for row in WRONG])
def test_what_is_wrong(told: Any, message: str, hint: str | None) -> None:
    (problem,) = analyzed(("x = 1", told)).errors
    assert (problem.code, problem.location.cell) == ("N2P230", 0)
    assert message in problem.message
    assert problem.message.isprintable()
    assert problem.hint is not None
    assert hint in (None, problem.hint)


def test_a_name_that_nothing_defines_is_an_error_as_any_read() -> None:
    (problem,) = analyzed(("x = 1", {"needs": ["gone"]})).errors
    assert (problem.code, problem.location.variable) == ("N2P201", "gone")


def test_it_is_part_of_the_digest() -> None:
    def digest(told: Any) -> str:
        return analyzed(("x = 1", told)).notebook.digest

    given = [None, {}, {"pure": True}, {"pure": False}, {"needs": ["x"]}]
    assert len({digest(told) for told in given}) == len(given)
    assert digest({"pure": True, "needs": ["x"]}) == digest({"needs": ["x"], "pure": True})


def test_a_skipped_cell_tells_nothing() -> None:
    cell = {"cell_type": "code", "metadata": {"tags": ["skip"], "nb2pipe": {"oops": 1}}, "source": "x", "outputs": []}
    other = {"cell_type": "code", "metadata": {}, "source": "x = 1", "outputs": []}
    found = api.analyze_here({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell, other]}, Limits())
    assert found.errors == ()
