"""What metrics cells hold."""

from __future__ import annotations

import ast

import pytest

from nb2pipe.analysis.metrics import metrics_of
from nb2pipe.model import Metric, MetricKind

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


CURVES = [
    ("cm = confusion_matrix(y, p)", Metric("cm", 0, "cm", MetricKind.CONFUSION_MATRIX, ("y", "p"))),
    (
        "cm = metrics.confusion_matrix(y, p, labels=names)",
        Metric("cm", 0, "cm", MetricKind.CONFUSION_MATRIX, ("names",)),
    ),
    ("cm = confusion_matrix(y, m.predict(X))", Metric("cm", 0, "cm", MetricKind.CONFUSION_MATRIX)),
    ("fpr, tpr, at = roc_curve(y, score)", Metric("fpr", 0, "fpr", MetricKind.ROC_CURVE, ("tpr", "at"))),
    ("cm = cm / cm.sum()", Metric("cm", 0, "cm")),
    ("curve = roc_curve(y, score)", Metric("curve", 0, "curve")),
]


@pytest.mark.parametrize(("source", "metric"), CURVES)
def test_matrices_and_curves(source: str, metric: Metric) -> None:
    found = metrics_of([0], {0: ast.parse(source)})
    assert found[0] == metric
    assert all(item.kind is MetricKind.NUMBER for item in found[1:])
