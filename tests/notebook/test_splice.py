"""Tags go into a file's bytes, and nothing else changes."""

from __future__ import annotations

import difflib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nb2pipe.config import Limits
from nb2pipe.errors import BadInput
from nb2pipe.notebook import parse, with_tags

LIMITS = Limits()


def tagged(text: str, *tags: str) -> str:
    """The text with these tags on its first code cell."""
    return with_tags(text.encode(), {0: tags}, LIMITS).decode()


ONE_LINE = {
    "empty metadata": (
        '{"cells":[{"cell_type":"code","metadata":{},"source":""}],"nbformat":4}',
        '{"cells":[{"cell_type":"code","metadata":{"tags":["step:a"]},"source":""}],"nbformat":4}',
    ),
    "spaces after commas and colons": (
        '{"cells": [{"cell_type": "code", "metadata": {"a": 1}, "source": ""}], "nbformat": 4}',
        '{"cells": [{"cell_type": "code", "metadata": {"a": 1, "tags": ["step:a"]}, "source": ""}], "nbformat": 4}',
    ),
    "keys in alphabetical order stay so": (
        '{"cells":[{"cell_type":"code","metadata":{"a":1,"z":2},"source":""}],"nbformat":4}',
        '{"cells":[{"cell_type":"code","metadata":{"a":1,"tags":["step:a"],"z":2},"source":""}],"nbformat":4}',
    ),
    "keys in another order get one at the end": (
        '{"cells":[{"cell_type":"code","metadata":{"z":2,"a":1},"source":""}],"nbformat":4}',
        '{"cells":[{"cell_type":"code","metadata":{"z":2,"a":1,"tags":["step:a"]},"source":""}],"nbformat":4}',
    ),
    "no metadata": (
        '{"cells":[{"cell_type":"code","source":""}],"nbformat":4}',
        '{"cells":[{"cell_type":"code","metadata":{"tags":["step:a"]},"source":""}],"nbformat":4}',
    ),
    "null metadata": (
        '{"cells":[{"metadata":null,"cell_type":"code","source":""}],"nbformat":4}',
        '{"cells":[{"metadata":{"tags":["step:a"]},"cell_type":"code","source":""}],"nbformat":4}',
    ),
    "other tags": (
        '{"cells":[{"cell_type":"code","metadata":{"tags": [ "b" , "c"]},"source":""}],"nbformat":4}',
        '{"cells":[{"cell_type":"code","metadata":{"tags": ["step:a"]},"source":""}],"nbformat":4}',
    ),
    "the same tags, however they are written": (
        '{"cells":[{"cell_type":"code","metadata":{"tags" :[ "step:a" ]},"source":""}],"nbformat":4}',
        '{"cells":[{"cell_type":"code","metadata":{"tags" :[ "step:a" ]},"source":""}],"nbformat":4}',
    ),
    "code that looks like JSON": (
        '{"cells":[{"source":"{\\"metadata\\": {}, [}]","cell_type":"code","metadata":{}}],"nbformat":4}',
        '{"cells":[{"source":"{\\"metadata\\": {}, [}]","cell_type":"code","metadata":{"tags":["step:a"]}}],"nbformat":4}',
    ),
    "`cells` inside other data": (
        '{"metadata":{"cells":[{"cell_type":"code"}]},"cells":[{"cell_type":"code","metadata":{},"source":""}],"nbformat":4}',
        '{"metadata":{"cells":[{"cell_type":"code"}]},"cells":[{"cell_type":"code","metadata":{"tags":["step:a"]},"source":""}],"nbformat":4}',
    ),
}


@pytest.mark.parametrize("case", ONE_LINE)
def test_one_line(case: str) -> None:
    before, after = ONE_LINE[case]
    assert tagged(before, "step:a") == after


def content(*metadata: dict[str, Any]) -> dict[str, Any]:
    """A notebook with a text cell, and a code cell for each of these metadata."""
    text = {"cell_type": "markdown", "id": "t", "metadata": {"tags": ["kept"]}, "source": ["# Données\n", '{["']}
    outputs = [{"output_type": "stream", "name": "stdout", "text": ["é ]}\n"]}]
    code = [
        {"cell_type": "code", "execution_count": 3, "id": f"c{number}", "metadata": found, "outputs": outputs, "source": ["x = 1"]}
        for number, found in enumerate(metadata)
    ]  # fmt: skip
    return {"cells": [text, *code], "metadata": {"é": [1, 2.50, None]}, "nbformat": 4, "nbformat_minor": 5}


def test_a_file_as_jupyter_writes_it_gets_lines_and_loses_one() -> None:
    before = json.dumps(content({}, {"scrolled": True}), indent=1, ensure_ascii=False) + "\n"
    after = with_tags(before.encode(), {0: ("step:é",), 1: ("a", "b")}, LIMITS).decode()
    changed = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[:1] in "+-"]
    assert changed == [
        '-    "metadata": {},',
        '+    "metadata": {',
        '+     "tags": [',
        '+      "step:é"',
        "+     ]",
        "+    },",
        '-     "scrolled": true',
        '+     "scrolled": true,',
        '+     "tags": [',
        '+      "a",',
        '+      "b"',
        "+     ]",
    ]


@pytest.mark.parametrize(
    ("escaped", "written"), [(True, r'"step:\u00e9"'), (False, '"step:é"')], ids=["escaped", "plain"]
)
def test_characters_are_spelt_as_in_the_file(*, escaped: bool, written: str) -> None:
    text = json.dumps(content({}), ensure_ascii=escaped)
    assert written in tagged(text, "step:é")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("indent", [1, 2, 4, "\t", None])
def test_the_file_is_what_json_writes_of_the_data_with_tags(indent: int | str | None, bom: str, newline: str) -> None:
    def text(*metadata: dict[str, Any]) -> str:
        return bom + json.dumps(content(*metadata), indent=indent, ensure_ascii=False).replace("\n", newline) + newline

    before = text({}, {"tags": ["x", "y"]}, {"a": {"b": []}}, {"tags": []})
    tags = {0: ("step:load",), 1: ("step:fit", "x"), 2: ("imports",), 3: ()}
    after = with_tags(before.encode(), tags, LIMITS).decode()
    assert after == text(
        {"tags": ["step:load"]}, {"tags": ["step:fit", "x"]}, {"a": {"b": []}, "tags": ["imports"]}, {"tags": []}
    )


metadata = st.dictionaries(
    st.sampled_from(["a", "collapsed", "tags", "z", "é"]),
    st.sampled_from([1, "x", ["p", "q"], {"deep": {"tags": []}}, None]),
    max_size=4,
).map(lambda found: {**found, "tags": ["t"]} if "tags" in found else found)


@given(
    found=st.lists(metadata, min_size=1, max_size=4),
    tags=st.dictionaries(st.integers(0, 3), st.lists(st.text(max_size=5), max_size=3, unique=True).map(tuple)),
    indent=st.sampled_from([None, 1, 3, "\t"]),
    separators=st.sampled_from([None, (",", ":"), (", ", ": ")]),
    escaped=st.booleans(),
    ordered=st.booleans(),
)  # fmt: skip
def test_any_file_gets_the_tags_and_keeps_the_rest(
    found: list[dict[str, Any]],
    tags: dict[int, tuple[str, ...]],
    indent: int | str | None,
    separators: tuple[str, str] | None,
    *,
    escaped: bool,
    ordered: bool,
) -> None:
    text = json.dumps(
        content(*found), indent=indent, separators=separators, ensure_ascii=escaped, sort_keys=ordered
    )  # fmt: skip
    wanted = {cell: item for cell, item in tags.items() if cell < len(found)}
    after = with_tags(text.encode(), wanted, LIMITS)
    old, new = parse(text.encode(), None, LIMITS), parse(after, None, LIMITS)
    assert [cell.tags for cell in new.cells] == [wanted.get(cell.index, cell.tags) for cell in old.cells]
    assert with_tags(after, {cell.index: cell.tags for cell in new.cells}, LIMITS) == after
    untouched = {cell.index: cell.tags for cell in old.cells}
    assert with_tags(text.encode(), untouched, LIMITS) == text.encode()


def test_an_old_format_is_refused() -> None:
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": [
        {"cell_type": "code", "collapsed": False, "input": ["x = 1"], "language": "python", "metadata": {}, "outputs": []}
    ], "metadata": {}}]}  # fmt: skip
    with pytest.raises(BadInput) as error:
        with_tags(json.dumps(old).encode(), {0: ("step:a",)}, LIMITS, "old.ipynb")
    assert [item.code for item in error.value.diagnostics] == ["N2P162"]
