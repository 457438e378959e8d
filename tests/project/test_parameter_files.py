"""Files of parameters: what is read, and what is refused with a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from nb2pipe.errors import BadInput
from nb2pipe.model import Json
from nb2pipe.parameter_files import read_parameters

BOMB = "a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

READ: list[tuple[str, str, Json]] = [
    ("p.json", '{"n": 1, "s": ["ü"]}', {"n": 1, "s": ["ü"]}),
    ("p.yaml", "n: 1\nd:\n  n: 2\n", {"n": 1, "d": {"n": 2}}),
    ("p.yml", "base: &b {x: 1}\nmore:\n  <<: *b\n  y: 2\n", {"base": {"x": 1}, "more": {"x": 1, "y": 2}}),
    ("p.yaml", "base: &b {x: 1}\nmore: {<<: *b, x: 2}\n", {"base": {"x": 1}, "more": {"x": 2}}),
    ("p", "", {}),
]

REFUSED = [
    ("p.json", '{"n": 1, "n": 2}', "gives `n` twice"),
    ("p.json", '{"d": {"n": 1, "n": 1}}', "gives `n` twice"),
    ("p.yaml", "n: 1\nm: 0\nn: 2\n", "gives `n` twice"),
    ("p.yaml", "d:\n  n: 1\n  n: 2\n", "gives `n` twice"),
    ("p.yaml", "d: {n: 1, 'n': 2}\n", "gives `n` twice"),
    ("p.yaml", BOMB, "holds more than 100,000 values"),
    ("p.yaml", "x: &x [*x]\n", "nests them too deeply"),
    ("p.json", '{"x": ' + "[" * 900 + "]" * 900 + "}", "nests them too deeply"),
    ("p.yaml", "x: " + "[" * 900 + "]" * 900, "is no valid JSON or YAML"),
    ("p.json", '{"x": ' + "9" * 5000 + "}", "is no valid JSON or YAML"),
    ("p.yaml", "n: !!python/object/apply:os.getcwd []\n", "is no valid JSON or YAML"),
    ("p.json", "[1]", "holds no mapping"),
    ("p.yaml", "1: 2\n", "holds no mapping"),
    ("p.yaml", "day: 2026-01-01\n", "holds a value that is no JSON"),
    ("p.json", '{"x": NaN}', "holds a value that is no JSON"),
    ("p.yaml", "x: [a", "is no valid JSON or YAML"),
]


@pytest.mark.parametrize(("name", "text", "expected"), READ)
def test_read(tmp_path: Path, name: str, text: str, expected: Json) -> None:
    (tmp_path / name).write_text(text)
    assert read_parameters(tmp_path / name) == expected


@pytest.mark.parametrize(("name", "text", "expected"), REFUSED)
def test_refused(tmp_path: Path, name: str, text: str, expected: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=expected) as error:
        read_parameters(tmp_path / name)
    (problem,) = error.value.diagnostics
    assert problem.code == "N2P160"
    assert "\n" not in problem.message
