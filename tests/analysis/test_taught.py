"""Lessons of runs in a plan: what they add, for the cell with that very source, and what they leave alone."""

from __future__ import annotations

from typing import Any

import pytest

from nb2pipe import api
from nb2pipe.learned import Lesson, digest
from nb2pipe.model import Need


def notebook(*sources: str) -> dict[str, Any]:
    cells = [
        {"cell_type": "code", "id": f"c{n}", "source": source, "metadata": {"tags": [f"step:{chr(97 + n)}"]}, "outputs": [], "execution_count": None}
        for n, source in enumerate(sources)
    ]  # fmt: skip
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def edges(found: api.Analyzed) -> set[str]:
    assert found.pipeline is not None
    return {edge.source + edge.target for edge in found.pipeline.edges}


@pytest.mark.parametrize(
    ("sources", "cell", "lesson", "expected"),
    [
        (("x = [1]", "f()", "x"), 1, Lesson(reads=("x",)), {"ab", "ac"}),
        (("x = [1]", "f()", "x"), 1, Lesson(updates=("x",)), {"ab", "bc"}),
        (("x = [1]", "f()", "x"), 1, Lesson(binds=("x",)), {"ac", "bc"}),
        (("x = [1]", "f()", "x"), 1, Lesson(deletes=("x",)), {"ab", "bc", "ac"}),
        (("x = 1", "f()", "print(x)"), 1, Lesson(updates=("x",)), {"ab", "bc"}),
        (("f()", "g()", "h()"), 0, Lesson(files_written=("t.csv",)), set()),
        (("x = [1]", "x = [2]\nf()", "x"), 1, Lesson(reads=("x",)), {"bc"}),
    ],
    ids=["read", "changed", "bound", "deleted", "a constant is no constant", "one file", "bound above"],
)
def test_what_a_run_has_shown(sources: tuple[str, ...], cell: int, lesson: Lesson, expected: set[str]) -> None:
    head = "from mylib import f, g, h\n"
    sources = tuple(head + source for source in sources)
    found = api.analyze(notebook(*sources), lessons={digest(sources[cell]): lesson})
    assert edges(found) == expected
    edited = api.analyze(notebook(*sources), lessons={digest(sources[cell] + " "): lesson})
    assert edges(edited) == edges(api.analyze(notebook(*sources))), "another source"
    assert [item.location.cell for item in found.diagnostics if item.code == "N2P219"] == (
        [] if lesson.files_written else [cell]
    )


def test_files_that_a_run_has_seen_give_an_order() -> None:
    a, b = "from mylib import f\nf()", "from mylib import g\ng()"
    lessons = {digest(a): Lesson(files_written=("t.csv",)), digest(b): Lesson(files_read=("t.csv",))}
    assert edges(api.analyze(notebook(a, b), lessons=lessons)) == {"ab"}
    assert edges(api.analyze(notebook(a, b), lessons={digest(b): lessons[digest(b)]})) == set()


def test_a_module_that_a_run_has_seen_to_be_changed_keeps_its_users_together() -> None:
    """From the step that changes it on, whether or not a run has shown what they read."""
    cells = ["import tool", "print(tool.x)", "tool.add()", "y = 1", "print(tool.STATE)", "print(tool.STATE)"]
    lesson = Lesson(modules=("tool",))
    found = api.analyze(notebook(*cells), lessons={digest(cells[2]): lesson, digest(cells[4]): lesson})
    assert found.pipeline is not None
    assert [step.process for step in found.pipeline.steps] == [None, None, "c", None, "c", "c"]
    apart = api.analyze(notebook(*cells), lessons={digest(cells[2]): Lesson(modules=("other",))})
    assert apart.pipeline is not None
    assert {step.process for step in apart.pipeline.steps} == {None}


def test_options_that_a_run_has_seen_to_be_set_give_an_order() -> None:
    a, b, c = "from mylib import f\nf()", "import pandas as pd\nprint(pd.DataFrame())", "print(sum([1]))"
    lessons = {digest(a): Lesson(options_set=("pandas",))}
    assert edges(api.analyze(notebook(a, b, c), lessons=lessons)) == {"ab"}
    lessons[digest(c)] = Lesson(options_seen=("pandas",))
    assert edges(api.analyze(notebook(a, b, c), lessons=lessons)) == {"ab", "ac"}


def test_what_could_not_be_stored_shares_a_process() -> None:
    a, b = "from mylib import f\nx = f()", "print(x)"
    lesson = Lesson(unmovable={"x": "Handle"})
    found = api.analyze(notebook(a, b), lessons={digest(a): lesson}).pipeline
    assert found is not None
    assert [step.process for step in found.steps] == ["a", "a"]
    plain = api.analyze(notebook(a, b)).pipeline
    assert plain is not None
    assert [step.process for step in plain.steps] == [None, None]
    assert isinstance(plain.steps[1].needs[0], Need)


def test_what_analysis_knows_is_not_told_twice() -> None:
    a, b = "x = (n for n in [1])", "print(next(x))"
    found = api.analyze(notebook(a, b), lessons={digest(a): Lesson(unmovable={"x": "generator"})})
    assert [item.message.split(":")[0] for item in found.diagnostics if item.code == "N2P403"] == ["`x` is a generator"]
