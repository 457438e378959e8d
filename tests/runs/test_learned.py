"""What runs have taught is kept by the cell's source, only ever grows, and is forgotten where it can't be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from nb2pipe import learned
from nb2pipe.learned import Lesson


def test_lessons_are_joined_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "learned" / "a.json"
    one, other = learned.digest("x = 1"), learned.digest("x = 2")
    learned.add(path, {one: Lesson(reads=("b",), unmovable={"g": "generator"})})
    first = path.read_bytes()
    learned.add(path, {one: Lesson(reads=("b",))})
    assert path.read_bytes() == first
    learned.add(path, {one: Lesson(reads=("a",), files_written=("f",)), other: Lesson(updates=("x",))})
    assert learned.read(path) == {
        one: Lesson(reads=("a", "b"), unmovable={"g": "generator"}, files_written=("f",)),
        other: Lesson(updates=("x",)),
    }


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"schema": 2, "cells": {}}',
        b'{"schema": 1}',
        b'{"schema": 1, "cells": {"a": {"new": 1}}}',
        b"\xff",
    ],
)
def test_what_can_not_be_read_teaches_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    assert learned.read(path) == {}
    assert learned.read(tmp_path / "none.json") == {}
