"""Which builtins stand in a step's namespace: those named and never bound, if nobody looks there."""

from __future__ import annotations

import pytest

from nb2pipe.analysis.builtin_names import quick_builtins


@pytest.mark.parametrize(
    ("source", "bound", "expected"),
    [
        ("len(x); sorted(x)", (), ("len", "sorted")),
        ("len(x); sorted(x)", ("len",), ("sorted",)),
        ("length(x); FileNotFoundError", (), ()),
        ("vars(x); dir(x); len(x)", (), ("len",)),
        ("print(dir()); len(x)", (), ()),
        ("for k in globals(): len(k)", (), ()),
        ("%whos\nlen(x)", (), ()),
        ("import builtins\nlen(x)", (), None),
        ("__builtins__.len(x)", (), None),
    ],
)
def test_quick_builtins(source: str, bound: tuple[str, ...], expected: tuple[str, ...] | None) -> None:
    assert quick_builtins([source], bound) == expected
