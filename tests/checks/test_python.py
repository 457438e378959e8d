"""Syntax that the kernel's Python and ours read differently."""

from __future__ import annotations

import sys

import pytest

from nb2pipe import api
from nb2pipe.checks import with_python
from nb2pipe.model import Cell, Diagnostic, Json, Location, Notebook, Severity


def notebook(source: str, version: str | None) -> dict[str, Json]:
    info: dict[str, Json] = {"name": "python"} if version is None else {"name": "python", "version": version}
    cell: dict[str, Json] = {
        "cell_type": "code",
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
    return {"cells": [cell], "metadata": {"language_info": info}, "nbformat": 4, "nbformat_minor": 4}


BROKEN = Diagnostic("N2P203", Severity.ERROR, "no Python: x", Location(None, 0, 2), "run the cell")
NEWER = "It was read as Python 3.11, and the notebook's kernel has"
SAVED = [
    ("3.11.2", "no Python: x: `b (`", "run the cell"),
    ("3.9.1", "no Python: x: `b (`", "run the cell"),
    (None, "no Python: x: `b (`", "run the cell"),
    ("3.13.0", f"no Python: x: `b (`. {NEWER} 3.13", "install nb2pipe with Python 3.13 or later"),
    ("2.7.18", "no Python: x: `b (`. The notebook was saved with Python 2.7", "translate it to Python 3"),
    ("odd", "no Python: x: `b (`", "run the cell"),
]


@pytest.mark.parametrize(("version", "message", "hint"), SAVED)
def test_a_syntax_error_says_which_python_read_it(version: str | None, message: str, hint: str) -> None:
    found = Notebook(None, (Cell(0, "a\n  b ("),), raw=notebook("", version))
    (item,) = with_python(found, [BROKEN], (3, 11))
    assert item.message == message
    assert hint in (item.hint or "")


def test_other_diagnostics_are_left_alone() -> None:
    other = Diagnostic("N2P201", Severity.ERROR, "x", Location(None, 0, 1))
    assert with_python(Notebook(None, (Cell(0, "a"),)), [other], (3, 11)) == (other,)


STARRED = "try:\n    pass\nexcept* ValueError:\n    pass"
GENERIC = "def f[T](x: T) -> T:\n    return x"


@pytest.mark.parametrize(
    ("source", "version", "warned"),
    [
        (STARRED, "3.10.4", True),
        (STARRED, "3.11.0", False),
        (STARRED, None, False),
        ("x = 1", "3.6.1", False),
        pytest.param(
            GENERIC,
            "3.11.9",
            True,
            marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="needs 3.12 to be read"),
        ),
    ],
)
def test_syntax_newer_than_the_kernel(source: str, version: str | None, warned: bool) -> None:
    found = [item for item in api.analyze(notebook(source, version)).diagnostics if item.code == "N2P209"]
    assert len(found) == warned


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python reads it")
def test_syntax_newer_than_ours() -> None:
    (error,) = api.analyze(notebook(GENERIC, "3.12.1")).errors
    assert error.code == "N2P203"
    assert "the notebook's kernel has 3.12" in error.message
