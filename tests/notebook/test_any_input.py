"""Laws that hold for any input at all: a notebook or an error of ours, and the same for the same."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import nbformat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nb2pipe.config import Limits
from nb2pipe.errors import Nb2pipeError
from nb2pipe.model import Role, Severity
from nb2pipe.notebook import parse, split

LIMITS = replace(Limits(), max_file_bytes=20_000, max_cells=50, max_cell_bytes=5_000, max_code_bytes=10_000)
ANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(), max_size=20))
ANYTHING = st.recursive(
    LEAVES,
    lambda item: st.lists(item, max_size=4) | st.dictionaries(st.text(max_size=8), item, max_size=4),
    max_leaves=15,
)
TAGS = st.lists(
    st.one_of(
        st.sampled_from(
            ["step:a", "step:b", "step:ü", "step:", "after:a", "after:b", "prev:a:b", "skip", "imports", "functions",
             "parameters", "metrics", "cpu:2", "env:A=1", "secret:a/b=A", "memory:x", "hide-input", "stpe:a", "limit:cpu:1"]
        ),
        st.text(max_size=10),
    ),
    max_size=4,
)  # fmt: skip
CELLS = st.fixed_dictionaries(
    {
        "cell_type": st.sampled_from(["code", "code", "code", "markdown", "raw"]),
        "metadata": st.fixed_dictionaries({"tags": TAGS}),
        "source": st.one_of(st.text(max_size=30), st.lists(st.text(max_size=10), max_size=3)),
    },
    optional={
        "outputs": st.lists(st.dictionaries(st.sampled_from(["output_type", "text", "data", "name"]), ANYTHING)),
        "execution_count": ANYTHING,
        "id": ANYTHING,
    },
)
NOTEBOOKS = st.fixed_dictionaries(
    {"nbformat": st.just(4), "cells": st.lists(CELLS, max_size=6)},
    optional={
        "nbformat_minor": st.integers(0, 9),
        "metadata": st.dictionaries(st.sampled_from(["nb2pipe", "kubeflow_notebook", "x"]), ANYTHING),
    },
)
OLD_NOTEBOOKS = st.fixed_dictionaries(
    {"nbformat": st.integers(1, 3)},
    optional={
        "metadata": ANYTHING,
        "worksheets": ANYTHING | st.lists(st.fixed_dictionaries({"cells": st.lists(CELLS | ANYTHING, max_size=2)})),
        "cells": ANYTHING,
    },
)


def check(content: Any) -> None:
    try:
        notebook = parse(content, "x.ipynb", LIMITS)
    except Nb2pipeError as error:
        problems = error.diagnostics
        notebook = None
    if notebook is None:
        assert all(problem.hint and "\n" not in problem.message for problem in problems)
        return
    assert parse(content, "x.ipynb", LIMITS) == notebook
    assert [cell.index for cell in notebook.cells] == list(range(len(notebook.cells)))
    json.dumps(notebook.raw, ensure_ascii=False, allow_nan=False).encode()  # can be saved
    nbformat.from_dict(dict(notebook.raw))
    sections, diagnostics = split(notebook)
    assert (sections, diagnostics) == split(notebook)
    skipped = {cell.index for cell in notebook.cells if {"skip", "skip-execution"} & {tag.strip() for tag in cell.tags}}
    held = [index for section in sections for index in section.cells]
    assert sorted([*held, *skipped]) == list(range(len(notebook.cells)))
    assert [section.cells[0] for section in sections] == sorted(section.cells[0] for section in sections)
    assert len({section.name for section in sections}) == len(sections)
    ids = [section.id for section in sections]
    assert len(set(ids)) == len(ids) or any(problem.code == "N2P125" for problem in diagnostics)
    assert all(section.role is not Role.SKIP and section.cells for section in sections)
    assert all(problem.message.isprintable() and problem.hint != "" for problem in diagnostics)
    assert all(problem.hint for problem in diagnostics if problem.severity is Severity.ERROR)


@ANY
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    check(content)


@ANY
@given(ANYTHING)
def test_any_json(data: Any) -> None:
    check(json.dumps(data).encode())


@ANY
@given(NOTEBOOKS)
def test_any_notebook(data: Any) -> None:
    check(json.dumps(data).encode())
    check(data)


@ANY
@given(OLD_NOTEBOOKS)
def test_any_old_notebook(data: Any) -> None:
    check(json.dumps(data).encode())


@ANY
@given(NOTEBOOKS, st.data())
def test_a_notebook_with_one_thing_changed(data: Any, draw: st.DataObject) -> None:
    """A value anywhere in it becomes another, or goes."""
    node, key = data, draw.draw(st.sampled_from(sorted(data)))
    while isinstance(node[key], dict | list) and node[key] and draw.draw(st.booleans()):
        node = node[key]
        key = draw.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
    if draw.draw(st.booleans()):
        node[key] = draw.draw(ANYTHING)
    else:
        del node[key]
    check(json.dumps(data).encode())


@ANY
@given(NOTEBOOKS, st.data())
def test_a_file_with_one_byte_changed(data: Any, draw: st.DataObject) -> None:
    content = bytearray(json.dumps(data, ensure_ascii=draw.draw(st.booleans())).encode(errors="surrogatepass"))
    place = draw.draw(st.integers(0, len(content) - 1))
    content[place : place + draw.draw(st.integers(0, 3))] = draw.draw(st.binary(max_size=3))
    check(bytes(content))
