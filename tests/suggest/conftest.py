"""`untagged` is a module of its own, which the tests here import."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from untagged import notebook  # found on the path above


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    """Write a notebook as Jupyter does, and return its path."""

    def save(*cells: str, name: str = "note.ipynb", tags: Mapping[int, Sequence[str]] | None = None) -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(notebook(*cells, tags=tags), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return path

    return save
