"""What runs have taught about cells, kept beside the notebook: by the cell's source, so that an edit forgets it.

A run sees what analysis could not: names that were read or changed in ways that the code doesn't show, values that
can't be stored, files that were opened. The next plan takes it into account; it only ever adds to a plan.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field, fields, replace
from pathlib import Path

from nb2pipe import wire
from nb2pipe.files import write_atomic
from nb2pipe.locks import exclusive
from nb2pipe.model import Json
from nb2pipe.records import dataclass

_SCHEMA = 1
_MAX_BYTES = 10_000_000


@dataclass(frozen=True)
class Lesson:
    """What runs of one cell showed, besides what its code shows.

    `unmovable`: variables that could not be stored, with their types. `files_read` and `files_written` are paths as
    from the notebook's folder. `options_set` and `options_seen`: libraries whose options the cell sets, or goes by.
    `counters`: libraries that name what they make by counting, and do so here.
    `draws`: global random generators, `numpy` or `python`.
    `modules`: those of the user's own of which the cell's step changes or reads what they keep.
    """

    reads: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    binds: tuple[str, ...] = ()
    deletes: tuple[str, ...] = ()
    unmovable: Mapping[str, str] = field(default_factory=dict)
    files_read: tuple[str, ...] = ()
    files_written: tuple[str, ...] = ()
    options_set: tuple[str, ...] = ()
    options_seen: tuple[str, ...] = ()
    counters: tuple[str, ...] = ()
    draws: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()

    def __or__(self, other: Lesson) -> Lesson:
        joined = {
            item.name: tuple(sorted({*getattr(self, item.name), *getattr(other, item.name)}))
            for item in fields(self)
            if item.name != "unmovable"
        }
        return replace(self, **joined, unmovable={**self.unmovable, **other.unmovable})


Lessons = Mapping[str, Lesson]
"""By the digest of a cell's source."""


def digest(source: str) -> str:
    """The key of a cell in `Lessons`."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()


def read(path: Path) -> Lessons:
    """The lessons of a notebook. None of a file that is missing, damaged or another version's: they are a help only."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            return {}
        content = json.loads(path.read_bytes())
        if content.get("schema") != _SCHEMA:
            return {}
        return {str(key): wire.read(Lesson, item) for key, item in content["cells"].items()}
    except (OSError, ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return {}


def joined(known: Lessons, new: Lessons) -> Lessons:
    """Both."""
    return {**known, **{key: known.get(key, Lesson()) | lesson for key, lesson in new.items()}}


def add(path: Path, new: Lessons) -> None:
    """Put new lessons to those that are there. Raises OSError."""
    with exclusive(path.with_suffix(".lock")):
        before = read(path)
        after = joined(before, new)
        if after == before:
            return
        content: dict[str, Json] = {
            "schema": _SCHEMA,
            "cells": {key: wire.encode(item) for key, item in sorted(after.items())},
        }
        write_atomic(path, wire.dumps(content).encode(), durable=False)
