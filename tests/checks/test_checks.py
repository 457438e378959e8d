"""What will go wrong when the pipeline runs, told beforehand; and twins that are fine."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from nb2pipe import analysis, checks
from nb2pipe.model import Cell, Diagnostic, Notebook, Pipeline, Role, Section


def linked(
    *sources: str, counts: tuple[int | None, ...] = ()
) -> tuple[Notebook, list[Section], Pipeline, tuple[ast.Module | None, ...]]:
    """A notebook of steps a, b, c ..., one cell each."""
    cells = [Cell(index, source) for index, source in enumerate(sources)]
    cells = [
        replace(cell, execution_count=count) for cell, count in zip(cells, counts or [None] * len(cells), strict=True)
    ]
    names = [chr(ord("a") + index) for index in range(len(sources))]
    sections = [Section(name, name, Role.STEP, (index,)) for index, name in enumerate(names)]
    notebook = Notebook(None, tuple(cells))
    summary = analysis.summarise(notebook, sections)
    pipeline, _ = analysis.link(notebook, sections, summary)
    return notebook, sections, pipeline, summary.trees


def check(*sources: str, counts: tuple[int | None, ...] = ()) -> tuple[Diagnostic, ...]:
    """Problems of a notebook of steps a, b, c ..., one cell each."""
    return checks.check(*linked(*sources, counts=counts))


INTERACTIVE = [
    ("x = input()", True),
    ("x = input('name: ')", True),
    ("import getpass\ngetpass.getpass()", True),
    ("from getpass import getpass as g\ng()", True),
    ("import pdb; pdb.set_trace()", True),
    ("breakpoint()", True),
    ("%debug", True),
    ("%pdb on", True),
    ("%pdb off", False),
    ("from IPython import embed\nembed()", True),
    ("def input():\n    return 1\ninput()", False),
    ("class A:\n    def input(self):\n        return 1\nA().input()", False),
    ("x = 'input()'", False),
]


@pytest.mark.parametrize(("source", "found"), INTERACTIVE)
def test_interactive(source: str, found: bool) -> None:
    assert [item.code for item in check(source)] == (["N2P320"] if found else [])


CROSSING = [
    ("f = open('a')", "print(f.read())", "an open file"),
    ("import sqlite3\nf = sqlite3.connect(':memory:')", "f.execute('x')", "a database connection"),
    ("from threading import Lock\nf = Lock()", "f.acquire()", "a lock"),
    ("f = (i for i in [1])", "print(list(f))", "a generator"),
    ("def g():\n    yield 1\nf = g()", "print(list(f))", "a generator"),
    ("f = [i for i in [1]]", "print(list(f))", None),
    ("f = open('a')\nf = f.read()", "print(f)", None),
    ("f = open('a')", "x = 1", None),
    ("def open(x):\n    return x\nf = open('a')", "print(f)", None),
]


@pytest.mark.parametrize(("a", "b", "what"), CROSSING)
def test_crossing(a: str, b: str, what: str | None) -> None:
    pipeline, trees = linked(a, b)[2:]
    found = [(item.variable, item.what, item.provider, item.reader) for item in checks.unmovable(pipeline, trees)]
    assert found == ([] if what is None else [("f", what, "a", "b")])


@pytest.mark.parametrize(
    ("counts", "cell"),
    [((1, 2, 3), None), ((1, 3, 2), 2), ((None, 5, None), None), ((None, None, None), None), ((7, 9, 8), 2)],
)
def test_hidden_state(counts: tuple[int | None, ...], cell: int | None) -> None:
    found = check("x = 1", "y = 1", "z = 1", counts=counts)
    assert [item.location.cell for item in found] == ([] if cell is None else [cell])
