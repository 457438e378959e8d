"""A notebook's bytes or data: read as Jupyter does, or refused in one line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import nbformat
import pytest

from nb2pipe.config import Limits
from nb2pipe.errors import BadInput
from nb2pipe.model import Cell, Diagnostic, Kernel, Notebook
from nb2pipe.notebook import parse

LIMITS = Limits()
ONE_CELL = (
    b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "id": "a1", '
    b'"execution_count": 3, "metadata": {"tags": ["step:load", "hide-input", "step:load"]}, "outputs": [], '
    b'"source": ["x = 1\\n", "y = 2"]}]}'
)


def refused(content: Any, limits: Limits = LIMITS) -> Diagnostic:
    with pytest.raises(BadInput) as caught:
        parse(content, "x.ipynb", limits)
    (problem,) = caught.value.diagnostics
    assert "\n" not in problem.message
    assert len(problem.message) < 300
    assert problem.hint
    assert problem.location.notebook == "x.ipynb"
    return problem


def code(cell: str, *, metadata: str = "{}") -> bytes:
    """A notebook with one code cell that has these fields besides."""
    return (
        f'{{"nbformat": 4, "nbformat_minor": 5, "metadata": {metadata}, "cells": [{{"cell_type": "code", {cell}}}]}}'
    ).encode()


def test_a_cell_is_read_whole() -> None:
    assert parse(ONE_CELL, "x.ipynb", LIMITS) == Notebook(
        path="x.ipynb",
        cells=(
            Cell(
                index=0,
                source="x = 1\ny = 2",
                tags=("step:load", "hide-input"),
                position=0,
                id="a1",
                execution_count=3,
            ),
        ),
        kernel=Kernel(),
        options={},
    )


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + ONE_CELL,
        ONE_CELL.replace(b", ", b",\r\n"),
        ONE_CELL + b"\n\n",
        ONE_CELL.replace(b'["x = 1\\n", "y = 2"]', b'"x = 1\\ny = 2"'),
        ONE_CELL.replace(b'["x = 1\\n", "y = 2"]', b'["x = 1\\r\\n", "y = 2"]'),
        ONE_CELL.replace(b'"nbformat_minor": 5', b'"nbformat_minor": 99, "new": {"field": 1}'),
        ONE_CELL.replace(b'"nbformat_minor": 5, ', b""),
        ONE_CELL.replace(b'"metadata": {}, ', b""),
        ONE_CELL.replace(b'"outputs": [], ', b""),
        json.loads(ONE_CELL),
        nbformat.reads(ONE_CELL, as_version=4),
    ],
    ids=[
        "byte order mark", "line ends of Windows", "blank lines at the end", "source as one string",
        "line ends of Windows in code", "newer minor version", "no minor version", "no metadata", "no outputs", "data",
        "nbformat's own node",
    ],
)  # fmt: skip
def test_the_same_notebook_in_other_clothes(content: Any) -> None:
    assert parse(content, "x.ipynb", LIMITS) == parse(ONE_CELL, "x.ipynb", LIMITS)


def test_code_cells_are_counted_and_keep_their_positions(load: Callable[..., Notebook]) -> None:
    notebook = load(
        ("# title", [], "markdown"), ("a", []), ("raw", [], "raw"), ("?", [], "of the future"), ("b", ["x"])
    )
    assert [(cell.index, cell.position, cell.source) for cell in notebook.cells] == [(0, 1, "a"), (1, 4, "b")]


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "N2P107", "empty"),
        (b" \n ", "N2P107", "empty"),
        (b"null", "N2P108", "`null`"),
        (b"[]", "N2P108", "list"),
        (b"4", "N2P108", "number"),
        (b'"text"', "N2P108", "string"),
        (b"{}", "N2P108", "no `nbformat`"),
        (b'{"nbformat": "4"}', "N2P108", "version number"),
        (b'{"nbformat": true}', "N2P108", "version number"),
        (b'{"nbformat": 5, "cells": []}', "N2P109", "version 5"),
        (b'{"nbformat": ' + b"9" * 4000 + b"}", "N2P109", "unknown"),
        (b'{"nbformat": ' + b"9" * 5000 + b"}", "N2P107", "number"),
        (b'{"nbformat": 4, "metadata": {"x": 1e999}}', "N2P107", "number"),
        (b'{"nbformat": 4, "metadata": {"x": NaN}}', "N2P107", "NaN"),
        (b'{"nbformat": 4, "cells": [], "cells": []}', "N2P107", "`cells` stands twice"),
        (ONE_CELL.decode().encode("utf-16"), "N2P106", "UTF-16"),
        (ONE_CELL.decode().encode("utf-16-le"), "N2P106", "UTF-16"),
        (ONE_CELL.decode().encode("utf-16-be"), "N2P106", "UTF-16"),
        (ONE_CELL.decode().encode("utf-32"), "N2P106", "UTF-32"),
        (ONE_CELL.replace(b"y = 2", b"y = '\xe9'"), "N2P106", "not UTF-8"),
        (b"PK\x03\x04\x14\x00", "N2P107", "no JSON"),
        (b"import os\n", "N2P107", "no JSON at line 1"),
        (b'{"nbformat": 4,\n "cells": [}', "N2P107", "no JSON at line 2"),
        (b'{"nbformat": 4,\n<<<<<<< HEAD\n"a": 1\n=======\n"a": 2\n>>>>>>> topic\n}', "N2P107", "conflict (line 2"),
        (b"[" * 100_000, "N2P105", "deep"),
        (b'{"a":' * 100_000, "N2P105", "deep"),
        (b'{"a":' + b"[" * 200 + b"]" * 200 + b"}", "N2P105", "deep"),
        (b'{"nbformat": 4}', "N2P108", "`cells` is missing"),
        (b'{"nbformat": 4, "cells": {}}', "N2P108", "`cells` is an object"),
        (b'{"nbformat": 4, "cells": [null]}', "N2P108", "cell 1"),
        (b'{"nbformat": 4, "cells": [{"source": ""}]}', "N2P108", "`cell_type`"),
        (b'{"nbformat": 4, "metadata": 3, "cells": []}', "N2P108", "`metadata`"),
        (b'{"nbformat": 4, "metadata": {"nb2pipe": "x"}, "cells": []}', "N2P140", "`metadata.nb2pipe`"),
        (b'{"nbformat": 4, "metadata": {"kernelspec": "x"}, "cells": []}', "N2P108", "kernelspec"),
        (code('"outputs": []'), "N2P108", "`source`"),
        (code('"source": null'), "N2P108", "`source`"),
        (code('"source": ["a", 1]'), "N2P108", "`source`"),
        (code('"source": "a", "metadata": []' + ', "metadata": 3'), "N2P107", "twice"),
        (code('"source": "a", "metadata": 3'), "N2P108", "`metadata`"),
        (code('"source": "a", "metadata": {"tags": "step:a"}'), "N2P108", "`metadata.tags`"),
        (code('"source": "a", "metadata": {"tags": ["a", 1]}'), "N2P108", "a tag is a number"),
        (code('"source": "a", "outputs": {}'), "N2P108", "`outputs`"),
        (code('"source": "a", "outputs": ["x"]'), "N2P108", "an output"),
        (code('"source": "x = \'\\ud83d\'"'), "N2P106", "half a character"),
        (code('"source": "x", "metadata": {"tags": ["\\udc00"]}'), "N2P106", "half a character"),
        ({"nbformat": 4, "cells": {1, 2}}, "N2P107", "no JSON data"),
    ],
)  # fmt: skip
def test_what_is_no_notebook(content: Any, code: str, words: str) -> None:
    problem = refused(content)
    assert problem.code == code
    assert words in problem.message


@pytest.mark.parametrize("cut", range(2, len(ONE_CELL) - 1))
def test_a_file_cut_anywhere_is_said_to_be_cut(cut: int) -> None:
    problem = refused(ONE_CELL[:cut])
    assert problem.code == "N2P107"
    assert "too early" in problem.message


@pytest.mark.parametrize(
    "content",
    [
        code('"source": "a", "metadata": {"tags": null}'),
        code('"source": "a", "metadata": null, "outputs": null, "execution_count": "x", "id": 7'),
        code('"source": []'),
        code('"source": "x = \'\\ud83d\\ude00\'"'),
        code('"source": "<<<<<<< local"'),
    ],
    ids=["no tags", "nulls", "empty list", "a whole emoji", "conflict marker as code"],
)
def test_what_only_looks_wrong(content: bytes) -> None:
    assert len(parse(content, "x.ipynb", LIMITS).cells) == 1


def test_a_problem_of_a_cell_says_which() -> None:
    content = {"nbformat": 4, "cells": [{"cell_type": "markdown", "source": ""}, {"cell_type": "code", "source": ""}]}
    content["cells"].append({"cell_type": "code", "source": 3})  # type: ignore[attr-defined]
    assert refused(content).location.cell == 1


@pytest.mark.parametrize(
    ("limits", "fits", "breaks"),
    [
        ({"max_cells": 2}, ["a", "b"], ["a", "b", "c"]),
        ({"max_cell_bytes": 4}, ["ää", "abcd"], ["äää"]),
        ({"max_code_bytes": 4}, ["ab", "ä"], ["ab", "äa"]),
        ({"max_depth": 5}, ["a"], None),
    ],
)
def test_caps(
    make: Callable[..., dict[str, Any]], limits: dict[str, int], fits: list[str], breaks: list[str] | None
) -> None:
    caps = replace(LIMITS, **limits)
    assert parse(make(*((source, []) for source in fits)), None, caps)
    content = make(*((source, []) for source in breaks or ["a"]))
    if breaks is None:
        content["metadata"] = {"a": [[[[]]]]}
    problem = refused(content, caps)
    assert problem.code == "N2P105"
    assert problem.hint is not None
    assert "NB2PIPE_MAX_" in problem.hint


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({}, ""),
        ({"kernelspec": {"name": "python3", "display_name": "Python 3"}}, ""),
        ({"kernelspec": {"name": "python3", "language": "python"}}, "python"),
        ({"language_info": {"name": "ipython"}}, "ipython"),
        ({"kernelspec": {"name": "odd", "language": "R"}, "language_info": {"name": "python"}}, "python"),
        ({"kernelspec": None, "language_info": None}, ""),
    ],
)
def test_python_kernels(make: Callable[..., dict[str, Any]], metadata: dict[str, Any], language: str) -> None:
    assert parse(make(("x", []), **metadata), None, LIMITS).kernel.language == language


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "ir", "language": "R"}},
        {"kernelspec": {"name": "x", "language": "python"}, "language_info": {"name": "julia"}},
        {"language_info": {"name": "scala"}},
    ],
)
def test_other_languages_are_named(make: Callable[..., dict[str, Any]], metadata: dict[str, Any]) -> None:
    problem = refused(make(("x", []), **metadata))
    assert problem.code == "N2P111"
    assert any(name in problem.message for name in ("R", "julia", "scala"))


OLD = {
    3: {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": "old"},
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "heading", "level": 1, "source": ["Title"]},
                    {
                        "cell_type": "code",
                        "input": ["x = 1\n", "x"],
                        "language": "python",
                        "prompt_number": 7,
                        "metadata": {"tags": ["step:load"]},
                        "outputs": [{"output_type": "pyout", "prompt_number": 7, "text": ["1"], "metadata": {}}],
                    },
                ]
            }
        ],
    },
    2: {"nbformat": 2, "worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1\nx", "outputs": []}]}]},
    1: {"nbformat": 1, "cells": [{"cell_type": "code", "code": "x = 1\nx"}]},
}


@pytest.mark.parametrize("version", OLD)
def test_older_formats_are_upgraded_in_memory(version: int) -> None:
    content = json.dumps(OLD[version]).encode()
    notebook = parse(content, "old.ipynb", LIMITS)
    assert [cell.source for cell in notebook.cells] == ["x = 1\nx"]
    assert notebook.raw["nbformat"] == 4
    nbformat.validate(nbformat.from_dict(dict(notebook.raw)))
    assert parse(content, "old.ipynb", LIMITS).raw == notebook.raw
    if version == 3:
        assert notebook.cells[0].tags == ("step:load",)
        assert notebook.cells[0].execution_count == 7
        assert notebook.cells[0].position == 1


@pytest.mark.parametrize(
    "content",
    [
        {"nbformat": 3, "metadata": {}, "worksheets": [{"cells": [3]}]},
        {"nbformat": 3, "metadata": {}, "worksheets": 3},
        {"nbformat": 2, "metadata": [], "worksheets": [{}]},
        {"nbformat": 1},
        {"nbformat": 1, "cells": [{"cell_type": "odd"}]},
    ],
)
def test_older_formats_that_are_broken(content: dict[str, Any]) -> None:
    assert refused(content).code in ("N2P108", "N2P109")


def test_raw_is_valid_in_memory_data_and_a_copy() -> None:
    content = json.loads(ONE_CELL)
    content["cells"][0]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": ["a\n", "b \ud83d"]},
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"text/plain": ["a", "b"], "application/json": ["a", "b"], "text/x": [1]},
        },
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["a", "b"]},
    ]
    before = json.dumps(content)
    notebook = parse(content, None, LIMITS)
    cell = notebook.raw["cells"][0]  # type: ignore[index,call-overload]
    assert cell["source"] == "x = 1\ny = 2"
    assert [output.get("text") for output in cell["outputs"]] == ["a\nb \ufffd", None, None]
    assert cell["outputs"][1]["data"] == {"text/plain": "ab", "application/json": ["a", "b"], "text/x": [1]}
    assert cell["outputs"][2]["traceback"] == ["a", "b"]
    assert notebook.cells[0].has_error_output
    cell["source"] = "changed"
    assert json.dumps(content) == before


def test_data_may_be_any_mapping() -> None:
    content = json.loads(ONE_CELL)
    content["metadata"] = MappingProxyType({"nb2pipe": MappingProxyType({"name": "x"})})
    assert parse(MappingProxyType(content), None, LIMITS).options == {"name": "x"}


def test_nbformat_is_not_imported_for_a_notebook_of_today() -> None:
    program = (
        "import sys; from nb2pipe.notebook import parse, split; from nb2pipe.config import Limits;"
        f"split(parse({ONE_CELL!r}, None, Limits()));"
        "print([name for name in ('nbformat', 'IPython', 'papermill', 'jsonschema') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
