"""Printed text with control sequences in, what a terminal shows of it out."""

from __future__ import annotations

import re

_TOKENS = re.compile(
    r"\x1b\[(?P<numbers>[0-?]*)[ -/]*(?P<does>[@-~]?)"
    r"|(?P<other>\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?)"
    r"|(?P<move>\r+|\n|\x08+)"
    r"|(?P<text>[^\x1b\r\n\x08]+)"
)
_CONTROL = re.compile(r"[\x1b\r\x08]")
_SHORT = 1000  # characters: a row is a string until then, which takes less memory
_FARTHEST = 1000
"""No sequence moves the cursor by more columns: no terminal is wider, and what lies between is made of blanks."""


def shown(text: str) -> str:
    """`text` without colours, with `\\r`, backspaces and the moves of progress bars carried out.

    Blanks at the ends of lines, and lines without anything at the end, can't be seen, and go. What would clear the
    whole screen is left alone, since notebooks do not.
    """
    if _CONTROL.search(text):
        screen = _Screen()
        for token in _TOKENS.finditer(text):
            screen.take(token)
        text = "\n".join(line if isinstance(line, str) else "".join(line) for line in screen.rows)
    return "\n".join(line.rstrip() for line in text.split("\n")).rstrip("\n")


class _Screen:
    """Rows of text and a cursor. A row that is written over is a list: to change a character takes no copy of it."""

    def __init__(self) -> None:
        self.rows: list[str | list[str]] = [""]
        self.row = 0
        self.column = 0

    def take(self, token: re.Match[str]) -> None:
        if text := token["text"]:
            self._write(text)
        elif move := token["move"]:
            self._move(move)
        elif token["does"]:
            self._sequence(token["does"], token["numbers"])

    def _write(self, text: str) -> None:
        line = self.rows[self.row]
        if isinstance(line, str) and self.column == len(line) < _SHORT:
            self.rows[self.row] = line + text
        else:
            cells = self._cells()
            cells.extend(" " * (self.column - len(cells)))
            cells[self.column : self.column + len(text)] = text
        self.column += len(text)

    def _cells(self) -> list[str]:
        line = self.rows[self.row]
        cells = list(line) if isinstance(line, str) else line
        self.rows[self.row] = cells
        return cells

    def _move(self, move: str) -> None:
        if move[0] == "\x08":
            self.column = max(0, self.column - len(move))
            return
        self.column = 0
        if move == "\n":
            self.row += 1
            if self.row == len(self.rows):
                self.rows.append("")

    def _sequence(self, does: str, numbers: str) -> None:
        given = int(numbers[:4]) if numbers[:4].isdecimal() and numbers.isdecimal() else 0
        count = min(given or 1, _FARTHEST)
        if does == "K":
            self._erase(given)
        elif does == "J" and given == 0:
            self._erase(0)
            del self.rows[self.row + 1 :]
        elif does in "AF":
            self.row = max(0, self.row - count)
        elif does in "BE":
            self.row = min(len(self.rows) - 1, self.row + count)
        elif does == "C":
            self.column = min(self.column + count, max(self.column, _FARTHEST))
        elif does == "D":
            self.column = max(0, self.column - count)
        elif does == "G":
            self.column = count - 1
        if does in "EF":
            self.column = 0

    def _erase(self, part: int) -> None:
        cells = self._cells()
        if part == 0:
            del cells[self.column :]
        elif part == 1:
            end = min(self.column, len(cells))
            cells[:end] = " " * end
        elif part == 2:
            cells.clear()
