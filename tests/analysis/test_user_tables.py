"""Tables of the user's own: where they are found, what they may hold, and what they do to a pipeline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nb2pipe import analysis, api
from nb2pipe.config import Limits
from nb2pipe.model import Severity

FIRST = "import mylib\nx = mylib.load('a.csv')"


def write(folder: Path, *steps: str) -> Path:
    cells = [
        {"cell_type": "code", "metadata": {"tags": [f"step:{'abcd'[index]}"]}, "source": source, "outputs": []}
        for index, source in enumerate(steps)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "note.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}))
    return path


def edges(path: Path) -> str:
    analyzed = api.analyze_here(path, Limits())
    assert not analyzed.errors, analyzed.errors
    assert analyzed.pipeline is not None
    found = [f"{edge.source}>{edge.target}:{','.join(edge.variables)}" for edge in analyzed.pipeline.edges]
    return " ".join(sorted(found))


WITH_X = "from math import pi\nx = [pi]\nimport mylib"

# tables, the steps' code, the edges without and with the tables
CASES: list[tuple[str, str, list[str], str, str]] = [
    (
        "a package whose functions change nothing",
        "[tables.packages]\nknown = ['mylib']",
        [WITH_X, "mylib.show(x)", "print(x)"],
        "a>b:x b>c:x", "a>b:x a>c:x",
    ),
    (
        "a function that changes an argument by position",
        "[tables.packages]\nknown = ['mylib']\n[tables.functions.changes]\n'mylib.scale' = [1]",
        [WITH_X, "mylib.scale(2, x)", "print(x)"],
        "a>b:x b>c:x", "a>b:x b>c:x",
    ),
    (
        "a function that changes an argument by keyword, and another call of it",
        "[tables.packages]\nknown = ['mylib']\n[tables.functions.changes]\n'mylib.scale' = ['out']",
        [WITH_X, "mylib.scale(x)", "mylib.scale(1, out=x)", "print(x)"],
        "a>b:x b>c:x c>d:x", "a>b:x a>c:x c>d:x",
    ),
    (
        "a function of a known package that changes its argument",
        "[tables.functions.changes]\n'math.*' = [0]",
        [WITH_X, "import math\nmath.fsum(x)", "print(x)"],
        "a>b:x a>c:x", "a>b:x b>c:x",
    ),
    (
        "a pure method",
        "[tables.methods]\nfresh = ['tally']",
        [WITH_X + "\nm = mylib.Model()", "m.tally()", "print(m)"],
        "a>b:m b>c:m", "a>b:m a>c:m",
    ),
    (
        "a method that does change, though the built-in table says no",
        "[tables.methods]\nchanges = ['head']",
        [WITH_X + "\nm = mylib.Model()", "m.head()", "print(m)"],
        "a>b:m a>c:m", "a>b:m b>c:m",
    ),
    (
        "files",
        (
            "[tables.packages]\nknown = ['mylib']\n[tables.resources.writes]\n'mylib.dump' = [1, 'path']\n"
            "[tables.resources.reads]\n'mylib.load' = [0, 'path']"
        ),
        ["import mylib\nmylib.dump([1], 'a.bin')", "mylib.load('b.bin')", "mylib.load(path='a.bin')"],
        "", "a>c:",
    ),
    (
        "random numbers",
        "[tables.packages]\nknown = ['mylib']\n[tables.resources]\nseeds = ['numpy.random.seed2']\ndraws = ['random.mine']",
        ["import random\nrandom.seed(1)\nimport mylib", "mylib.show(1)", "random.random()"],
        "a>c:", "a>c:",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("tables", "steps", "without", "expected"), [row[1:] for row in CASES], ids=[r[0] for r in CASES]
)
def test_what_they_do(tables: str, steps: list[str], without: str, expected: str, tmp_path: Path) -> None:
    path = write(tmp_path, *steps)
    (tmp_path / ".git").mkdir()
    assert edges(path) == without
    (tmp_path / "nb2pipe.toml").write_text(tables)
    assert edges(path) == expected
    (tmp_path / "nb2pipe.toml").unlink()
    assert edges(path) == without, "one notebook's tables must not reach another's analysis"


STEPS = [WITH_X, "mylib.show(x)", "print(x)"]
KNOWN = "[tables.packages]\nknown = ['mylib']"
PROJECT = "[tool.nb2pipe.tables.packages]\nknown = ['mylib']"
ALONE, CHAINED = "a>b:x a>c:x", "a>b:x b>c:x"

# files below the top folder, where the notebook is, the edges
PLACES: list[tuple[str, dict[str, str], str, str]] = [
    ("beside it", {"p/nb2pipe.toml": KNOWN}, "p", ALONE),
    ("above it", {"p/nb2pipe.toml": KNOWN}, "p/q/r", ALONE),
    ("in the project's root", {"p/pyproject.toml": PROJECT}, "p/q", ALONE),
    ("in the root, beside .git", {"p/.git": "", "p/nb2pipe.toml": KNOWN}, "p/q", ALONE),
    ("not above .git", {"nb2pipe.toml": KNOWN, "p/.git": ""}, "p/q", CHAINED),
    ("not above pyproject.toml", {"nb2pipe.toml": KNOWN, "p/pyproject.toml": ""}, "p/q", CHAINED),
    ("the nearest", {"nb2pipe.toml": KNOWN, "p/nb2pipe.toml": ""}, "p", CHAINED),
    ("nb2pipe.toml before pyproject.toml", {"p/nb2pipe.toml": "", "p/pyproject.toml": PROJECT}, "p", CHAINED),
    ("another tool's broken pyproject.toml", {"p/pyproject.toml": "x = ["}, "p", CHAINED),
    ("not below it", {"p/q/nb2pipe.toml": KNOWN}, "p", CHAINED),
]  # fmt: skip


@pytest.mark.parametrize(("files", "folder", "expected"), [row[1:] for row in PLACES], ids=[row[0] for row in PLACES])
def test_where_they_are_found(files: dict[str, str], folder: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    path = write(tmp_path / folder, *STEPS)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert edges(path) == expected


def test_content_has_tables_if_it_is_given_a_folder(tmp_path: Path) -> None:
    path = write(tmp_path, *STEPS)
    (tmp_path / "nb2pipe.toml").write_text(KNOWN)
    content = json.loads(path.read_text())
    alone, told = api.analyze(content), api.analyze(content, folder=tmp_path)
    assert alone.pipeline is not None
    assert told.pipeline is not None
    assert [edge.source for edge in alone.pipeline.edges] == ["a", "b"]
    assert [edge.source for edge in told.pipeline.edges] == ["a", "a"]


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    path = write(tmp_path, *STEPS)
    (tmp_path / "nb2pipe.toml").write_text(KNOWN)
    first = api.build(path)
    (tmp_path / "nb2pipe.toml").write_text("# said otherwise\n[tables]\n[tables.packages]\nknown = ['other', 'mylib']")
    assert api.build(path) == first


# a file's text, the message's end, the hint
WRONG = [
    ("[tabels]\n", "unknown key `tabels`", "did you mean `tables`?"),
    ("[tables.function]\n", "`tables` has an unknown key `function`", "did you mean `functions`?"),
    ("[tables.functions.change]\n", "`tables.functions` has an unknown key `change`", "did you mean `changes`?"),
    ("[tables.methods]\npure = ['x']", "`tables.methods` has an unknown key `pure`", None),
    ("tables = 3", "`tables` has a wrong value", "write a table"),
    ("[tables]\nmagics = []", "`tables.magics` has a wrong value", "write a table"),
    ("[tables.packages]\nknown = 'x'", "`tables.packages.known` has a wrong value", None),
    ("[tables.packages]\nknown = [1]", "`tables.packages.known` has a wrong value", None),
    ("[tables.functions.changes]\n'a.b' = 0", '`tables.functions.changes."a.b"` has a wrong value', None),
    ("[tables.functions.changes]\n'a.b' = [true]", '`tables.functions.changes."a.b"` has a wrong value', None),
    ("[tables.functions.changes]\n'a.b' = [-1]", '`tables.functions.changes."a.b"` has a wrong value', None),
    ("[tables.functions.results]\n'a.b' = 'new'", '`tables.functions.results."a.b"` has a wrong value', None),
    ("[tables.resources.reads]\n'a.b' = ['path']", '`tables.resources.reads."a.b"` has a wrong value', None),
    ("[tables.resources.process]\n'a.b' = ['cwd', 'x']", '`tables.resources.process."a.b"` has a wrong value', None),
    ("[tables.resources]\nreads = ['a']", "`tables.resources.reads` has a wrong value", None),
    ("tables = [", "(at end of document)", None),
    ("x = 1\ny = z", "(at line 2, column 5)", None),
    ("\0", "(at line 1, column 1)", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message", "hint"), WRONG)
def test_what_is_wrong_is_told_and_counts_for_nothing(
    text: str, message: str, hint: str | None, tmp_path: Path
) -> None:
    path = write(tmp_path, "x = 1")
    (tmp_path / "nb2pipe.toml").write_text(text)
    (problem,) = api.analyze_here(path, Limits()).errors
    assert (problem.code, problem.severity) == ("N2P142", Severity.ERROR)
    assert problem.location.notebook == str(tmp_path / "nb2pipe.toml")
    assert problem.message.endswith(message)
    assert problem.message.isprintable()
    assert problem.hint is not None
    assert hint in (None, problem.hint)


def test_in_pyproject_the_whole_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.nb2pipe.tables.methods]\nfrsh = []")
    (problem,) = analysis.user_tables(tmp_path).diagnostics
    assert problem.message == "`tool.nb2pipe.tables.methods` has an unknown key `frsh`"
    assert problem.hint == "did you mean `fresh`?"


def test_every_section_of_the_built_in_tables_may_be_added_to(tmp_path: Path) -> None:
    """Each list and table of the data files has its place in a user's file."""
    import tomllib

    from nb2pipe.analysis.tables import user

    folder = Path(user.__file__).parent
    lines = []
    for path in sorted(folder.glob("*.toml")):
        if path.stem in ("packages", "options"):  # what is in the latter takes code that reads and sets it
            continue
        data = tomllib.loads(path.read_text())
        flat = {**data, **data.pop("rng", {})} if path.stem == "resources" else data
        flat.pop("rng", None)
        for section, content in flat.items():
            names = content["names"] if isinstance(content, dict) and "names" in content else content
            if isinstance(names, list):
                lines.append(f"[tables.{path.stem}]\n{section} = {json.dumps(names[:1])}")
            else:
                key, value = next(iter(names.items()))
                lines.append(f'[tables.{path.stem}.{section}]\n"{key}" = {json.dumps(value)}')
    for text in lines:
        (tmp_path / "nb2pipe.toml").write_text(text)
        assert analysis.user_tables(tmp_path).diagnostics == (), text
