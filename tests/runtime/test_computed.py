"""What a cached property of a library's class has computed, when a step's inputs are compared with what was stored."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from nb2pipe.runtime.changes import Verdict, compare


class Squared:
    def __init__(self, side: int) -> None:
        self.side = side

    @functools.cached_property
    def square(self) -> list[int]:
        return [self.side**2]


class cache_readonly:  # noqa: N801  # as statsmodels calls it
    """Keeps what a function gives in the dict `_cache` of its object."""

    def __init__(self, function: Callable[[Any], object]) -> None:
        self.function = function

    def __get__(self, value: Any, cls: type) -> object:
        return value.__dict__.setdefault("_cache", {}).setdefault(self.function.__name__, self.function(value))


class Fitted:
    def __init__(self) -> None:
        self.side = 1

    @cache_readonly
    def residuals(self) -> list[int]:
        return [1]

    @cache_readonly
    def others(self) -> list[int]:
        return [2]


def test_what_a_library_keeps_of_a_read_is_no_change() -> None:
    now, before = Fitted(), Fitted()
    assert now.residuals == [1]
    assert compare(now, before) is Verdict.SAME
    assert before.others == [2]
    assert now.others == [2]
    assert compare(now, before) is Verdict.SAME
    now.others.append(3)
    assert compare(now, before) is not Verdict.SAME
    now = Fitted()
    now.__dict__["_cache"] = {"others": [2], "made": 1}
    assert compare(now, before) is not Verdict.SAME


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


def test_another_new_attribute_may_be_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Squared, "__module__", "sklearn.base")  # one that is installed
    now = Squared(3)
    now.__dict__["more"] = 1
    assert compare(now, Squared(3)) is Verdict.UNKNOWN


def test_in_a_class_of_the_notebook_it_is_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    now, before = Squared(3), Squared(3)
    assert now.square == [9]
    monkeypatch.setattr(Squared, "__module__", "__main__")
    assert compare(now, before) is Verdict.CHANGED
