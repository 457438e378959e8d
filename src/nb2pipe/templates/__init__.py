"""A template's name in, the bytes of a small pipeline notebook out."""

from __future__ import annotations

from importlib import resources

PLAIN = "plain"
TEMPLATES = {
    PLAIN: "two models of made-up points; needs Python only",
    "tabular": "two classifiers of a table; needs pandas and scikit-learn",
}
"""The templates, each with what it is."""


def template(name: str) -> bytes:
    """The notebook, as it is to be written. Raises KeyError for a name that isn't in TEMPLATES."""
    if name not in TEMPLATES:
        raise KeyError(name)
    return resources.files(__name__).joinpath(f"{name}.ipynb").read_bytes()
