"""What a confusion matrix and a ROC curve are, as data; and what is none."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix, roc_curve

from nb2pipe.runtime.curves import curve

Y, P, SCORE = ["cat", "dog", "cat"], ["cat", "cat", "dog"], [0.9, 0.4, 0.3]
MATRIX = confusion_matrix(Y, P)
FPR, TPR, AT = roc_curve([1, 0, 1], SCORE)

MATRICES: dict[str, tuple[Any, tuple[Any, ...], list[str] | None]] = {
    # the matrix, what belongs to it -> its labels; None: it is no confusion matrix
    "of what was compared": (MATRIX, (Y, P), ["cat", "dog"]),
    "of arrays": (MATRIX, (np.array(Y), pd.Series(P)), ["cat", "dog"]),
    "with labels": (MATRIX, (["cat", "dog"],), ["cat", "dog"]),
    "a frame": (pd.DataFrame(MATRIX), (), ["0", "1"]),
    "labels that don't fit": (MATRIX, (["a", "b", "c"],), ["0", "1"]),
    "not square": (np.zeros((2, 3)), (), None),
    "not a number in it": (np.array([[math.nan]]), (), None),
    "a number": (3, (), None),
    "text": (["ab", "cd"], (), None),
    "empty": ([], (), None),
}


@pytest.mark.parametrize("case", MATRICES)
def test_confusion_matrix(case: str) -> None:
    matrix, parts, labels = MATRICES[case]
    main = {"cm": matrix, **{f"part{number}": part for number, part in enumerate(parts)}}
    names = [name for name in main if name != "cm"]
    found = curve({"variable": "cm", "kind": "confusion_matrix", "parts": names}, main)
    if labels is None:
        assert found is None
    else:
        assert found == {"kind": "confusion_matrix", "labels": labels, "rows": np.asarray(matrix, float).tolist()}


def roc(fpr: object, tpr: object, at: object) -> dict[str, Any] | None:
    return curve({"variable": "f", "kind": "roc_curve", "parts": ["t", "a"]}, {"f": fpr, "t": tpr, "a": at})


def test_roc_curve() -> None:
    assert AT[0] == math.inf
    found = roc(FPR, TPR, AT)
    assert found == {"kind": "roc_curve", "fpr": [*FPR], "tpr": [*TPR], "thresholds": [1.9, *AT[1:]]}


def test_a_long_curve_keeps_its_ends() -> None:
    many = np.linspace(0, 1, 12_345)
    found = roc(many, many, many[::-1])
    assert found is not None
    assert len(found["fpr"]) == 1_000
    assert (found["fpr"][0], found["fpr"][-1]) == (0.0, 1.0)


@pytest.mark.parametrize("values", [([0, 1], [0], [1, 0]), ([], [], []), (0.5, 0.5, 0.5), ([math.nan], [0], [1])])
def test_no_roc_curve(values: tuple[object, object, object]) -> None:
    assert roc(*values) is None


def test_what_is_not_there_is_none() -> None:
    assert curve({"variable": "cm", "kind": "confusion_matrix", "parts": ["gone"]}, {"cm": MATRIX}) is None
