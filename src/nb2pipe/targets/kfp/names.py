"""Names of the notebook in, names that KFP takes out; and back again.

A name that is an ASCII identifier stays as it is. Names of nb2pipe's own hold a `-` or a `.`, which none of those does.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath

from nb2pipe.model import Metric

PREFIX = "n2p_"
"""Begins names that are spelled otherwise than in the notebook."""

RECORD = "run-record"
NOTEBOOK = "executed.ipynb"
PAGE = "executed.html"
METRICS = "step-metrics"
FILES = "step-files"
TOLD = "step-data"

_MAX_PIPELINE_NAME = 100
_ESCAPE = re.compile(r"_([0-9a-f]+)_")


def encode(name: str) -> str:
    """A variable's or parameter's name in ASCII letters, digits and `_`; no two names give the same."""
    if name.isascii() and not name.startswith(PREFIX):
        return name
    return PREFIX + "".join(char if char.isascii() and char.isalnum() else f"_{ord(char):x}_" for char in name)


def decode(encoded: str) -> str:
    """The name that `encode` spelled so."""
    if not encoded.startswith(PREFIX):
        return encoded
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), encoded.removeprefix(PREFIX))


def from_step(name: str, step: str) -> str:
    """The input or output for a variable of one step, where others have one of the same name."""
    return f"{encode(name)}-of-{step}"


def of_curve(metric: Metric) -> str:
    """The output for a confusion matrix or a ROC curve."""
    return f"{encode(metric.name)}-{metric.kind.replace('_', '-')}"


def pipeline_name(notebook: str | None) -> str:
    """What KFP calls the pipeline: the notebook's own name, in lower case ASCII letters, digits and `-`."""
    letters = unicodedata.normalize("NFKD", PurePath(notebook or "notebook").stem).lower()
    kept = re.sub(r"[^a-z0-9]+", "-", "".join(char for char in letters if not unicodedata.combining(char)))
    return kept.strip("-")[:_MAX_PIPELINE_NAME].rstrip("-") or "notebook"
