"""What metrics cells hold."""

from __future__ import annotations

import ast

import pytest

from nb2pipe.analysis.metrics import metrics_of
from nb2pipe.model import Metric

CASES = [
    ("print(acc)", ["acc"]),
    ('print("acc:", acc)', ["acc"]),
    ('print(f"acc: {acc:.3f}, loss {loss}")', ["acc", "loss"]),
    ("acc = 0.9", ["acc"]),
    ("scores = {'a': 1.0, 'b': 2.0}", ["scores"]),
    ("for k in ks:\n    print(k)", ["k"]),
    ('print("done")', []),
    ("plot(acc)", []),
]


@pytest.mark.parametrize(("source", "names"), CASES)
def test_names(source: str, names: list[str]) -> None:
    assert metrics_of([0], {0: ast.parse(source)}) == tuple(Metric(name, 0, name) for name in names)


def test_printed_text_is_read_where_no_name_stands() -> None:
    assert metrics_of([2], {2: ast.parse('print("acc:", model.score(X, y))')}) == (Metric("", 2, None),)
