"""Notebooks by hand, and their verification."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

Write: TypeAlias = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a notebook of `(tags, source)` cells into a folder of its own, and return its path."""

    def _write(*cells: tuple[str, str], name: str = "note.ipynb", failed: int | None = None) -> Path:
        folder = tmp_path / "work"
        folder.mkdir(exist_ok=True)
        made: list[dict[str, Any]] = [
            {
                "cell_type": "code",
                "id": f"c{number}",
                "metadata": {"tags": tags.split()},
                "execution_count": None,
                "outputs": [],
                "source": source,
            }
            for number, (tags, source) in enumerate(cells)
        ]
        if failed is not None:
            made[failed]["outputs"] = [{"output_type": "error", "ename": "E", "evalue": "", "traceback": []}]
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        path = folder / name
        path.write_text(json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
        return path

    return _write
