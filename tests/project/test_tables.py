"""The package's data files, read quickly: they say what `tomllib` reads in them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import nb2pipe
from nb2pipe import tables

FILES = sorted(Path(nb2pipe.__file__).parent.rglob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_is_read_as_toml(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert tables.read_tables(path) == tomllib.loads(text)
    assert tables._as_json(text) is not None, "written in a way that only tomllib reads, which is slow"


TEXTS = {
    "comments": '# a\n[a]  # b\n"x#y" = "#1"  # c\nz = [  # d\n  1, # e\n]\n',
    "tables in tables": "[a]\nb = 1\n[a.c]\nd = [2]\n[a.c.e]\nf = true\n",
    "above all headings": "a = 1\n[b]\nc = 2\n",
    "nothing": "",
    "other strings": "a = 'x'\n",
    "a date": "a = 2020-01-01\n",
    "an inline table": "a = {b = 1}\n",
    "a list of tables": "[[a]]\nb = 1\n[[a]]\nb = 2\n",
    "a dotted key": "a.b = 1\n",
    "an indented key": "[a]\n  b = 1\n",
    "a key without spaces": 'a=1\n"b"=2\n',
    "text of several lines": 'a = """\nb = 1\n"""\n',
    "a quoted heading": '["a.b"]\nc = 1\n',
}


@pytest.mark.parametrize("case", TEXTS)
def test_other_text_is_read_as_toml_or_left(case: str, tmp_path: Path) -> None:
    path = tmp_path / "data.toml"
    path.write_text(TEXTS[case], encoding="utf-8")
    assert tables.read_tables(path) == tomllib.loads(TEXTS[case])
