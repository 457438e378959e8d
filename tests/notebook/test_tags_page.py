"""docs/tags.md says what the grammar says: no more, no less."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nb2pipe.model import Location, Severity
from nb2pipe.notebook.options import read_options
from nb2pipe.notebook.tags import GRAMMAR, TagRule, read_tags
from nb2pipe.notebook.values import OPTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "tags.md").read_text("utf-8")


def rows(title: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    lines = PAGE.split(f"\n## {title}\n")[1].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    table = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        cells = line.replace("\\|", "\0").strip("|").split("|")
        table.append([cell.strip().replace("\0", "|") for cell in cells])
    return table


def code(*texts: str) -> str:
    return " ".join(f"`{text}`" for text in texts)


def of(*origins: str) -> list[TagRule]:
    return [rule for rule in GRAMMAR if rule.origin in origins]


def test_our_tags() -> None:
    expected = [[code(rule.form), rule.meaning, code(*rule.examples)] for rule in of("nb2pipe")]
    assert rows("All tags") == expected


def test_tags_of_kale() -> None:
    expected = [
        [code(rule.form), rule.meaning, code(rule.instead) if rule.instead else "", code(*rule.examples)]
        for rule in of("Kale")
    ]
    assert rows("Coming from Kale") == expected


def test_tags_of_nbclient() -> None:
    for rule in of("nbclient"):
        assert [code(rule.form), "nbclient", rule.meaning, code(rule.instead or "")] in rows("From other tools")


@pytest.mark.parametrize("form", [form for rule in GRAMMAR for form in rule.also])
def test_other_forms_are_named(form: str) -> None:
    assert f"`{form}`" in PAGE


def test_the_example_of_metadata_is_right() -> None:
    text = PAGE.split("```json\n")[1].split("```")[0]
    found = read_options(json.loads(text)["nb2pipe"], Location())
    assert found.diagnostics == ()
    assert set(found.steps) == {"fit"}


def test_the_table_of_metadata_is_whole_and_right() -> None:
    table = rows("Options in the notebook's metadata")
    assert [row[0] for row in table] == [code(option) for option in OPTIONS]
    for option, values, tag in table:
        for value in values.split("`")[1::2]:
            given = {"defaults": {option.strip("`"): json.loads(value)}}
            assert read_options(given, Location()).diagnostics == (), given
        found = read_tags([tag.strip("`")], Location())
        assert found.settings
        assert all(problem.severity is not Severity.ERROR for problem in found.diagnostics)
