"""What a cached property of a library's class has computed, when a step's inputs are compared with what was stored."""

from __future__ import annotations

import functools

import pytest

from nb2pipe.runtime.changes import Verdict, compare


class Squared:
    def __init__(self, side: int) -> None:
        self.side = side

    @functools.cached_property
    def square(self) -> list[int]:
        return [self.side**2]


def test_reading_a_cached_property_of_a_library_changes_nothing() -> None:
    now, before = Squared(3), Squared(3)
    assert now.square == [9]
    assert compare(now, before) is Verdict.SAME
    assert compare(now, Squared(4)) is Verdict.CHANGED


def test_what_was_read_before_counts() -> None:
    now, before = Squared(3), Squared(3)
    assert now.square == before.square
    now.square.append(1)
    assert compare(now, before) is Verdict.CHANGED


def test_another_new_attribute_may_be_a_change() -> None:
    now = Squared(3)
    now.__dict__["more"] = 1
    assert compare(now, Squared(3)) is Verdict.UNKNOWN


def test_in_a_class_of_the_notebook_it_is_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    now, before = Squared(3), Squared(3)
    assert now.square == [9]
    monkeypatch.setattr(Squared, "__module__", "__main__")
    assert compare(now, before) is Verdict.CHANGED
