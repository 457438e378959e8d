"""A step's executed notebook in; out, the numbers that its `metrics` cells printed with a label (`accuracy: 0.93`)."""

from __future__ import annotations

import json
import math
from typing import Any

from nb2pipe.layout import StepDir
from nb2pipe.model import Step

_LONGEST_LABEL = 80


def printed_metrics(step: Step, files: StepDir) -> dict[str, float]:
    """The labelled numbers that were printed where no variable holds them. Raises OSError, ValueError."""
    cells = {metric.cell for metric in step.metrics if metric.variable is None}
    if not cells:
        return {}
    notebook: dict[str, Any] = json.loads(files.executed.read_bytes())
    found: dict[str, float] = {}
    for cell in notebook["cells"]:
        marker = cell["metadata"].get("nb2pipe", {})
        if marker.get("role") == "cell" and marker.get("cell") in cells:
            for output in cell["outputs"]:
                if output.get("name") == "stdout":
                    found.update(labelled_numbers("".join(output["text"])))
    return found


def labelled_numbers(text: str) -> dict[str, float]:
    """`label: number`, `label = number` and `label number`, one a line; `93.3%` is 0.933."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        for separator in (":", "=", None):
            head, *tail = line.rsplit(separator, 1)
            label, number = head.strip(), _number(tail[0]) if tail else None
            if number is not None and len(label) <= _LONGEST_LABEL and any(map(str.isalpha, label)):
                found[label] = number
                break
    return found


def _number(text: str) -> float | None:
    plain = text.strip()
    try:
        number = float(plain[:-1]) / 100 if plain.endswith("%") else float(plain)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
