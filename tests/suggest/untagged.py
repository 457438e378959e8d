"""Notebooks without tags, written as short texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from nb2pipe.config import Limits
from nb2pipe.suggesting import Suggestion, suggest_steps

Content: TypeAlias = dict[str, Any]


def notebook(*cells: str, tags: Mapping[int, Sequence[str]] | None = None) -> Content:
    """Cells of code; a text that begins with `#: ` is a Markdown cell. `tags`: by code cell, from 0."""
    made: list[Content] = []
    number = 0
    for text in cells:
        if text.startswith("#: "):
            made.append({"cell_type": "markdown", "id": f"m{len(made)}", "metadata": {}, "source": text[3:]})
            continue
        metadata = {"tags": list(tags[number])} if tags and number in tags else {}
        code = {"cell_type": "code", "execution_count": None, "metadata": metadata, "outputs": [], "source": text}
        made.append({**code, "id": f"c{number}"})
        number += 1
    return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def suggested(content: Content, *, again: bool = False) -> Suggestion:
    """The suggestion for unsaved content."""
    return suggest_steps(content, again=again, limits=Limits(max_wall_s=120))


def tags_of(found: Suggestion) -> list[str]:
    """The tags of each code cell with them."""
    return [" ".join(cell.tags) for cell in found.analyzed.notebook.cells]
