"""A metric of a step and its variables in; out, the confusion matrix or ROC curve that they hold, as plain data.

Whatever is no such thing gives None: a metric is shown, and no result depends on it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

_MOST_LABELS = 200
_MOST_POINTS = 1_000
"""Of a curve with more, so many are kept, at even distances."""


def curve(metric: Mapping[str, Any], main: Mapping[str, object]) -> dict[str, Any] | None:
    """`kind` with `labels` and `rows`; or with `fpr`, `tpr` and `thresholds`, each as long as the others."""
    try:
        values = [main[name] for name in (metric["variable"], *metric.get("parts", ()))]
        if metric["kind"] == "confusion_matrix":
            return _confusion_matrix(*values)
        return _roc_curve(*values)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _confusion_matrix(value: object, *parts: object) -> dict[str, Any] | None:
    rows = [[float(item) for item in row] for row in _list(value)]
    size = len(rows)
    if not 0 < size <= _MOST_LABELS or any(len(row) != size for row in rows) or not _finite(*rows):
        return None
    labels = _labels(parts)
    return {"kind": "confusion_matrix", "labels": labels if len(labels) == size else _numbered(size), "rows": rows}


def _labels(parts: Sequence[object]) -> list[str]:
    """Those that are given, or those that occur in what was compared, in scikit-learn's order."""
    given = [_list(part) for part in parts]
    if len(given) == 1:
        return [str(item) for item in given[0]]
    return [str(item) for item in sorted({item for part in given for item in part})]


def _numbered(size: int) -> list[str]:
    return [str(number) for number in range(size)]


def _roc_curve(*values: object) -> dict[str, Any] | None:
    fpr, tpr, thresholds = ([float(item) for item in _list(value)] for value in values)
    if not 0 < len(fpr) == len(tpr) == len(thresholds) or not _finite(fpr, tpr):
        return None
    # nobody is above the first one, which scikit-learn calls infinite: JSON has no such number
    highest = max((item for item in thresholds if math.isfinite(item)), default=0.0)
    thresholds = [highest + 1.0 if item == math.inf else item for item in thresholds]
    if not _finite(thresholds):
        return None
    last = len(fpr) - 1
    count = min(_MOST_POINTS, len(fpr))
    kept = sorted({round(number * last / max(1, count - 1)) for number in range(count)})
    columns = {"fpr": fpr, "tpr": tpr, "thresholds": thresholds}
    return {"kind": "roc_curve", **{name: [column[item] for item in kept] for name, column in columns.items()}}


def _list(value: Any) -> list[Any]:  # noqa: ANN401  # an array, a frame, a series, a list
    found = getattr(value, "values", value)
    return list(found.tolist() if hasattr(found, "tolist") else found)


def _finite(*rows: Sequence[float]) -> bool:
    return all(math.isfinite(item) for row in rows for item in row)
