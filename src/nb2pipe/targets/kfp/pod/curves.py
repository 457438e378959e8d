"""A step's confusion matrices and ROC curves in; out, KFP's ClassificationMetrics, which its page draws."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nb2pipe.model import Json, MetricKind, Step
from nb2pipe.targets.kfp import names
from nb2pipe.targets.kfp.pod.artifacts import Artifacts


def give_curves(artifacts: Artifacts, step: Step, curves: Mapping[str, Mapping[str, Any]]) -> None:
    """Write an artifact for each that was declared. Raises OSError."""
    for metric in step.metrics:
        if metric.kind is MetricKind.NUMBER:
            continue
        found = curves.get(metric.name)
        if found is None:
            what = metric.kind.replace("_", " ")
            artifacts.put_nothing(names.of_curve(metric), f"`{metric.name}` holds no {what}")
        else:
            artifacts.put_text(names.of_curve(metric), json.dumps(found), metadata(found))


def metadata(curve: Mapping[str, Any]) -> Mapping[str, Json]:
    """In the form of KFP's `log_confusion_matrix` and `log_roc_curve`."""
    if curve["kind"] == MetricKind.CONFUSION_MATRIX:
        specs: list[Json] = [{"displayName": label} for label in curve["labels"]]
        rows: list[Json] = [{"row": row} for row in curve["rows"]]
        return {"confusionMatrix": {"annotationSpecs": specs, "rows": rows}}
    points = zip(curve["fpr"], curve["tpr"], curve["thresholds"], strict=True)
    return {
        "confidenceMetrics": [
            {"confidenceThreshold": threshold, "falsePositiveRate": fpr, "recall": tpr}
            for fpr, tpr, threshold in points
        ]
    }
