"""Notebooks as data: cells are `(source, tags)`, or `(source, tags, kind)` for cells that hold no code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from nb2pipe.config import Limits
from nb2pipe.model import Diagnostic, Notebook, Section
from nb2pipe.notebook import parse, split

Data = dict[str, Any]


def notebook_data(*cells: Sequence[Any], **metadata: Any) -> Data:
    found = []
    for source, tags, *kind in cells:
        cell: Data = {"cell_type": kind[0] if kind else "code", "metadata": {"tags": tags}, "source": source}
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
        found.append(cell)
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": found}


@pytest.fixture
def make() -> Callable[..., Data]:
    """Builds the JSON data of a notebook."""
    return notebook_data


@pytest.fixture
def load() -> Callable[..., Notebook]:
    """Builds a notebook and parses it."""
    return lambda *cells, **metadata: parse(notebook_data(*cells, **metadata), "x.ipynb", Limits())


@pytest.fixture
def divide() -> Callable[..., tuple[tuple[Section, ...], tuple[Diagnostic, ...]]]:
    """Builds a notebook and splits it."""
    return lambda *cells, **metadata: split(parse(notebook_data(*cells, **metadata), "x.ipynb", Limits()))
