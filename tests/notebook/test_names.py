"""What a step may be called, and the id that its name gives."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nb2pipe.notebook.names import is_name, normal, slug, suggest_name


@pytest.mark.parametrize(
    "name",
    ["load", "Load", "_x", "train-2", "9", "-", "données", "数据加载", "データ", "मॉडल", "тест", "x" * 63, "ﬁt"],
)
def test_names(name: str) -> None:
    assert is_name(normal(name))


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "a b", "a\n", "a.b", "a/b", "a:b", "../x", "a\0", "é" * 64, "x" * 64, "\u0301a", "e\u0301", "a\u200d",
        "\u202eabc", "a😀", "a+b", "$(x)", "`x`", "a\u00a0b", "\ud800",
    ],
)  # fmt: skip
def test_not_names(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("load", "load"),
        ("load_data-2", "load_data-2"),
        ("x" * 63, "x" * 63),
        ("Load", "load-"),
        ("_load", "load-"),
        ("données", "donnees-"),
        ("数据", "step-"),
        ("-", "step-"),
        ("𝘈", "a-"),
        ("X" * 63, "x" * 56 + "-"),
    ],
)
def test_ids(name: str, expected: str) -> None:
    found = slug(name)
    if expected.endswith("-"):
        assert re.fullmatch(re.escape(expected) + "[0-9a-f]{6}", found)
    else:
        assert found == expected


def test_ids_never_change() -> None:
    """Run stores and clusters know steps by their ids: these are for good."""
    assert [slug(name) for name in ("Load", "données", "数据")] == ["load-8a6bdb", "donnees-a08317", "step-5440f7"]


NAMES = st.text(
    st.characters(categories=("L", "N", "Mn", "Mc"), include_characters="_-"), min_size=1, max_size=63
).filter(lambda text: is_name(normal(text)))


@settings(deadline=None)
@given(NAMES, NAMES)
def test_the_law_of_ids(one: str, other: str) -> None:
    for name in (one, other):
        assert re.fullmatch("[a-z0-9][a-z0-9_-]{0,62}", slug(normal(name)))
        assert slug(unicodedata.normalize("NFD", name)) == slug(normal(name))
    # Two names share an id only where 24 bits of two hashes, or a name and another's whole id, are the same.
    if normal(one) != normal(other) and slug(normal(one)) == slug(normal(other)):
        assert re.search("-[0-9a-f]{6}$", slug(one))


@settings(deadline=None)
@given(st.text(max_size=80))
def test_a_suggestion_is_a_name(text: str) -> None:
    found = suggest_name(text)
    assert found is None or is_name(found)
