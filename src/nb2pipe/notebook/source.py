"""Where a notebook comes from in (a file, content, or both), the `Notebook` out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias, cast

from nb2pipe.config import Limits
from nb2pipe.errors import Nb2pipeError
from nb2pipe.model import Json, Location, Notebook
from nb2pipe.notebook.decode import encode
from nb2pipe.notebook.files import shown_path
from nb2pipe.notebook.read import parse, read
from nb2pipe.records import dataclass

Content: TypeAlias = Mapping[str, Json] | bytes
"""The content of a notebook, or of its file."""


@dataclass(frozen=True)
class OnScreen:
    """A notebook as somebody has it on the screen: `content` is nbformat 4 data, `path` where it is, or will be, saved.

    All that goes by a notebook's place (its folder, its runs, its lock) goes by `path`; what is done, by `content`.
    """

    path: Path
    content: Content


Source: TypeAlias = Path | Content | OnScreen


def load(source: Source, limits: Limits) -> Notebook:
    """The notebook. Raises as `read` and `parse` do."""
    if isinstance(source, Path):
        return read(source, limits)
    if isinstance(source, OnScreen):
        return parse(source.content, shown_path(source.path), limits)
    return parse(source, None, limits)


def place(source: Source) -> Path | None:
    """Where the notebook is; None for content alone."""
    if isinstance(source, OnScreen):
        return source.path
    return source if isinstance(source, Path) else None


def shown_place(source: Source) -> Location:
    """Where people are told that the notebook is."""
    path = place(source)
    return Location(notebook=shown_path(path) if path is not None else None)


def encoded(source: Source) -> Source:
    """The same source as it is cheap to hand on. Raises BadInput for content that is no JSON data."""
    if isinstance(source, Path | bytes):
        return source
    if isinstance(source, OnScreen):
        return replace(source, content=_bytes(source.content, shown_place(source)))
    return _bytes(source, shown_place(source))


def _bytes(content: Content, at: Location) -> bytes:
    return content if isinstance(content, bytes) else encode(content, at)


def as_saved(source: OnScreen, limits: Limits) -> bool:
    """True if the file holds what is on the screen, but for outputs."""
    try:
        ours, saved = load(source, limits), read(source.path, limits)
    except Nb2pipeError:
        return False
    return _without_outputs(ours) == _without_outputs(saved)


def _without_outputs(found: Notebook) -> Json:
    cells = cast("list[Mapping[str, Json]]", found.raw["cells"])
    shown = [{key: cell[key] for key in cell if key not in ("outputs", "execution_count")} for cell in cells]
    return cast("Json", {**found.raw, "cells": shown})
