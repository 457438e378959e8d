"""Numbers that metrics cells print with a label."""

from __future__ import annotations

import pytest

from nb2pipe.targets.local.metrics import labelled_numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("accuracy: 0.93", {"accuracy": 0.93}),
        ("test accuracy = 93.5%", {"test accuracy": 0.935}),
        ("rmse 1.5e-3\nmae: -2", {"rmse": 0.0015, "mae": -2.0}),
        ("ratio a:b: 3", {"ratio a:b": 3.0}),
        ("0.93", {}),
        ("epoch: done", {}),
        ("nan: nan\ninf: inf", {}),
        ("12: 3", {}),
        (": 3", {}),
        ("x" * 81 + ": 3", {}),
        ("", {}),
    ],
)
def test_labelled_numbers(text: str, expected: dict[str, float]) -> None:
    assert labelled_numbers(text) == expected
