"""Every text of the panel is in every catalogue, translated, with the same places for values."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "labextension"))

import catalogue

HEAD = {"": {"plural_forms": "nplurals=1; plural=0;"}}


@pytest.fixture(scope="module")
def wanted() -> dict[str, tuple[str, ...]]:
    return catalogue.texts()


def test_there_are_texts_and_languages(wanted: dict[str, tuple[str, ...]]) -> None:
    assert len(wanted) > 300
    assert catalogue.languages() == ["en", "zh_CN"]


@pytest.mark.parametrize("language", catalogue.languages())
def test_catalogue(language: str, wanted: dict[str, tuple[str, ...]]) -> None:
    found = catalogue.complaints(catalogue.read(language), wanted)
    assert not found, "run `python labextension/catalogue.py` and translate what lacks:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("known", "complaint"),
    [
        ({"Run %1": ["运行 %1"], "%1 step": ["%1 个步骤"]}, None),
        ({"Run %1": ["运行 %1"], "%1 step": ["步骤"]}, None),
        ({"%1 step": ["%1 个步骤"]}, "lacks 'Run %1'"),
        ({"Run %1": [""], "%1 step": ["%1 个步骤"]}, "lacks 'Run %1'"),
        ({"Run %1": ["运行"], "%1 step": ["%1 个步骤"]}, "has other places for values in 'Run %1'"),
        ({"Run %1": ["运行 %2"], "%1 step": ["%1 个步骤"]}, "has other places for values in 'Run %1'"),
        ({"Run %1": ["运行 %1"], "%1 step": ["a", "b"]}, "has 2 forms of '%1 step'"),
        ({"Run %1": ["运行 %1"], "%1 step": ["%1 个步骤"], "Old": ["旧"]}, "nobody asks for 'Old'"),
    ],
)
def test_complaints(known: dict[str, list[str]], complaint: str | None) -> None:
    wanted = {"Run %1": ("Run %1",), "%1 step": ("%1 step", "%1 steps")}
    assert catalogue.complaints({**HEAD, **known}, wanted) == ([complaint] if complaint else [])


def test_texts_are_read_from_sources(tmp_path: Path) -> None:
    (tmp_path / "one.ts").write_text(
        "trans.__('It\\'s %1', x); trans.__(\n  \"two\"\n); trans._n('%1 a', '%1 b', n)", encoding="utf-8"
    )
    (tmp_path / "one.test.ts").write_text("trans.__('not this')", encoding="utf-8")
    assert catalogue.texts(tmp_path) == {"It's %1": ("It's %1",), "two": ("two",), "%1 a": ("%1 a", "%1 b")}


@pytest.mark.parametrize("source", ["trans.__(`a ${x}`)", "trans.__(name)", "trans.__('a' + b)", "trans._n('a', b, n)"])
def test_a_text_that_is_put_together_is_refused(tmp_path: Path, source: str) -> None:
    (tmp_path / "one.tsx").write_text(f"\n{source}", encoding="utf-8")
    with pytest.raises(catalogue.NotPlain, match=r"one\.tsx line 2"):
        catalogue.texts(tmp_path)
