"""Notebook data of any format version in, nbformat 4 data out. The one door to nbformat, opened for 3 and older."""

from __future__ import annotations

import json
import warnings
from typing import Any

from nb2pipe.errors import BadInput
from nb2pipe.model import Location

NEWEST = 4


def as_v4(data: dict[str, Any], at: Location) -> dict[str, Any]:
    """The notebook as nbformat 4 data: `data` itself if it is that already. Raises BadInput."""
    major = data.get("nbformat")
    if major is None:
        raise BadInput.of(
            "N2P108",
            "this is JSON, but not a notebook: it has no `nbformat`",
            at=at,
            hint="open the notebook in Jupyter and save it",
        )
    if not isinstance(major, int) or isinstance(major, bool) or major < 1:
        raise BadInput.of(
            "N2P108",
            "the notebook's `nbformat` is not a version number",
            at=at,
            hint="open the notebook in Jupyter and save it",
        )
    if major > NEWEST:
        raise BadInput.of(
            "N2P109",
            f"the notebook has format version {major}; nb2pipe reads 1 to {NEWEST}"
            if major < 1000
            else f"the notebook's format version is unknown; nb2pipe reads 1 to {NEWEST}",
            at=at,
            hint="upgrade nb2pipe, or save the notebook in an older format with Jupyter",
        )
    return data if major == NEWEST else _upgraded(data, major, at)


def _upgraded(data: dict[str, Any], major: int, at: Location) -> dict[str, Any]:
    import nbformat

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbformat tells of things that its own upgrade then mends
            node = nbformat.versions[major].to_notebook_json(
                {"metadata": {}, **data}, minor=data.get("nbformat_minor", 0)
            )
            found: dict[str, Any] = json.loads(json.dumps(nbformat.convert(node, NEWEST)))
    except Exception as error:  # its converters assume valid data, and fail in any way on others
        raise BadInput.of(
            "N2P109",
            f"the notebook says format version {major}, but can't be upgraded from it ({type(error).__name__})",
            at=at,
            hint="open it in Jupyter and save it",
        ) from error
    for cell in found["cells"]:
        cell.pop("id", None)  # nbformat makes random ones; same input, same bytes
    return {**found, "nbformat_minor": 4}  # the last minor version without ids
