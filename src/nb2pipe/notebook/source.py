"""Where a notebook comes from in (a file, content, or both), the `Notebook` out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias, cast

from nb2pipe.config import Limits
from nb2pipe.errors import Nb2pipeError
from nb2pipe.model import Json, Location, Notebook
from nb2pipe.notebook.decode import encode
from nb2pipe.notebook.files import shown_path
from nb2pipe.notebook.read import parse, read
from nb2pipe.records import dataclass


@dataclass(frozen=True)
class OnScreen:
    """A notebook as somebody has it on the screen: `content` is nbformat 4 data, `path` where it is, or will be, saved.

    All that goes by a notebook's place (its folder, its runs, its lock) goes by `path`; what is done, by `content`.
    """

    path: Path
    content: Mapping[str, Json]


Source: TypeAlias = Path | Mapping[str, Json] | OnScreen


@dataclass(frozen=True)
class Encoded:
    """Content as another process gets it, with its place if it has one."""

    path: Path | None
    content: bytes


def encoded(source: Source) -> Path | Encoded:
    """The source as another process gets it. Raises BadInput for what is no JSON data."""
    if isinstance(source, Path):
        return source
    content = source.content if isinstance(source, OnScreen) else source
    return Encoded(place(source), encode(content, where(source)))


def load(source: Source | Encoded, limits: Limits) -> Notebook:
    """The notebook. Raises as `read` and `parse` do."""
    if isinstance(source, Path):
        return read(source, limits)
    if isinstance(source, OnScreen | Encoded):
        return parse(source.content, where(source).notebook, limits)
    return parse(source, None, limits)


def place(source: Source | Encoded) -> Path | None:
    """Where the notebook is; None for content alone."""
    if isinstance(source, OnScreen | Encoded):
        return source.path
    return source if isinstance(source, Path) else None


def where(source: Source | Encoded) -> Location:
    """The place as people are shown it."""
    path = place(source)
    return Location(notebook=shown_path(path) if path is not None else None)


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
