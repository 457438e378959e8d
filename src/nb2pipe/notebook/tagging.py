"""A notebook and other tags for its cells in, the notebook with these tags out; and which tags say where steps are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nb2pipe.model import Json, Notebook, Role
from nb2pipe.notebook.tags import Kind, rule_of

_SHARED = (Role.IMPORTS, Role.FUNCTIONS)


def splits(tag: str) -> bool:
    """True for a tag that says which cells make a step: `step:`, `after:`, `imports`, `functions`, and Kale's."""
    rule = rule_of(tag.strip())
    return rule is not None and (rule.kind in (Kind.STEP, Kind.ORDER) or rule.role in _SHARED)


def without_splits(tags: Sequence[str]) -> tuple[str, ...]:
    """The tags that stay when steps are cut anew: parameters, metrics, skip, options, and those of other tools."""
    return tuple(tag for tag in tags if not splits(tag))


def roles_of(tags: Sequence[str]) -> frozenset[Role]:
    """The roles that the tags give their cell."""
    rules = (rule_of(tag.strip()) for tag in tags)
    return frozenset(rule.role for rule in rules if rule is not None and rule.role is not None)


def retagged(notebook: Notebook, tags: Mapping[int, Sequence[str]]) -> Notebook:
    """The notebook with these tags on the code cells named by index; all else is shared with the one given."""
    cells = tuple(
        replace(cell, tags=tuple(tags[cell.index])) if cell.index in tags else cell for cell in notebook.cells
    )
    raw_cells = notebook.raw.get("cells")
    if not isinstance(raw_cells, Sequence):
        return replace(notebook, cells=cells)
    data: list[Json] = list(raw_cells)
    for cell in cells:
        if cell.index in tags:
            data[cell.position] = _retagged(data[cell.position], cell.tags)
    return replace(notebook, cells=cells, raw={**notebook.raw, "cells": data})


def _retagged(cell: Json, tags: Sequence[str]) -> Json:
    if not isinstance(cell, Mapping):
        return cell
    metadata = cell.get("metadata")
    kept = dict(metadata) if isinstance(metadata, Mapping) else {}
    return {**cell, "metadata": {**kept, "tags": list(tags)}}
