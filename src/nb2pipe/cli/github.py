"""Diagnostics and a notebook's file in, GitHub annotations out, each at the line of the file where the code stands."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from nb2pipe.cli import show
from nb2pipe.model import Cell, Diagnostic, Severity

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
# JSON's tokens; each alternative begins with another character, so matching is linear
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
KeyPath: TypeAlias = tuple[str | int, ...]


def annotate(path: Path, cells: Sequence[Cell], diagnostics: Sequence[Diagnostic]) -> Iterator[str]:
    """One workflow command per diagnostic; a line in a cell becomes the line in the file where that can be found."""
    places = _Places(path, cells) if any(item.location.cell is not None for item in diagnostics) else None
    for item in diagnostics:
        properties = {"file": show.one_line(str(path))}
        if places is not None and item.location.cell is not None:
            line = places.find(item.location.cell, item.location.line or 1)
            if line is not None:
                properties["line"] = str(line)
        properties["title"] = item.code
        place = str(item.location) if item.location.cell is not None else ""
        text = f"{place}: {item.message}" if place else item.message
        if item.hint is not None:
            text += f"\nfix: {item.hint}"
        given = ",".join(f"{key}={_escape(value, ':,')}" for key, value in properties.items())
        yield f"::{_COMMANDS[item.severity]} {given}::{_escape(show.block(text, colours=False))}"


def _escape(text: str, more: str = "") -> str:
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


class _Places:
    """Where the lines of cells stand in the file. Empty for a file that isn't plain nbformat 4 JSON."""

    def __init__(self, path: Path, cells: Sequence[Cell]) -> None:
        self._cells = cells
        self._found: dict[KeyPath, tuple[int, str]] = {}
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return
        starts = [0, *(found.end() for found in re.finditer("\n", text))]
        for place, offset, token in _strings(text):
            if len(place) >= 3 and place[0] == "cells" and place[2] == "source":
                self._found[place] = (bisect_right(starts, offset), token)

    def find(self, cell: int, line: int) -> int | None:
        """The line of the file that holds `line` of code cell `cell` (an index from 0)."""
        if not 0 <= cell < len(self._cells):
            return None
        source: KeyPath = ("cells", self._cells[cell].position, "source")
        if source in self._found:
            return self._found[source][0]
        seen, number = 0, 0
        last: int | None = None
        while (found := self._found.get((*source, number))) is not None:
            last = found[0]
            seen += json.loads(found[1]).count("\n")
            if seen >= line:
                return last
            number += 1
        return last


def _strings(content: str) -> Iterator[tuple[KeyPath, int, str]]:
    """Every string that is a value: its path of keys and indices, where it begins, and its text."""
    stack: list[str | int | None] = []  # per container: the index of an array, the current key of an object
    wants_key = False
    for found in _TOKEN.finditer(content):
        piece = found.group()
        if piece in "{[":
            stack.append(0 if piece == "[" else None)
            wants_key = piece == "{"
        elif piece in "}]":
            stack[-1:] = []
            wants_key = False
        elif piece == "," and stack:
            top = stack[-1]
            if isinstance(top, int):
                stack[-1] = top + 1
            else:
                wants_key = True
        elif piece == ":":
            wants_key = False
        elif piece[0] == '"':
            if wants_key and stack:
                stack[-1] = json.loads(piece, strict=False)
            else:
                yield tuple(part for part in stack if part is not None), found.start(), piece
