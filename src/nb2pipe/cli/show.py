"""Model values in, lines for people out. The only place that prints a Diagnostic or a step's error.

Whatever comes from a notebook (names, messages, tracebacks, printed text) is cleaned before it reaches a terminal:
control sequences could move its cursor, set its title or hide a line.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from nb2pipe.model import Diagnostic, RunState, Severity, StepError

# CSI, then the string sequences (OSC, DCS, SOS, PM, APC) up to their end, then all other escapes. Linear: no class
# overlaps with what follows it.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]?|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?")
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_CONTROLS: dict[int, str | None] = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0xFEFF))
_CONTROLS |= dict.fromkeys(map(ord, _BIDI))
_CONTROLS |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")  # lone surrogates can't be encoded
_LINE = _CONTROLS | dict.fromkeys((0x09, 0x0A, 0x0D, 0x85, 0x2028, 0x2029), " ")
_TEXT = {code: value for code, value in _CONTROLS.items() if code not in (0x09, 0x0A)} | {0x2028: "\n", 0x2029: "\n"}

_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_STATE_STYLES = {
    RunState.SUCCEEDED: "green",
    RunState.FAILED: "red",
    RunState.CANCELED: "yellow",
    RunState.CANCELING: "yellow",
    RunState.RUNNING: "cyan",
}


def one_line(text: str) -> str:
    """`text` as one line without control, bidi and escape sequences; line breaks and tabs become spaces."""
    return _ESCAPES.sub("", text).translate(_LINE)


def block(text: str, *, colours: bool) -> str:
    """Several lines, cleaned alike; line breaks and tabs stay, and colours (SGR) where `colours` says so."""
    if not colours:
        return _ESCAPES.sub("", text).translate(_TEXT)
    parts: list[str] = []
    end = 0
    for found in _ESCAPES.finditer(text):
        parts.append(text[end : found.start()].translate(_TEXT))
        if _COLOUR.fullmatch(found.group()):
            parts.append(found.group())
        end = found.end()
    parts.append(text[end:].translate(_TEXT))
    return "".join(parts)


def colours_wanted(*, error: bool = False) -> bool:
    """True if the stream is a terminal that shows colours and nobody asked for none (`NO_COLOR`)."""
    stream = sys.stderr if error else sys.stdout
    return bool(stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")


def diagnostic(item: Diagnostic) -> str:
    """The one form of a problem: place, code, message, and the fix on a line of its own."""
    place = one_line(str(item.location))
    code = click.style(item.code, fg=_STYLES[item.severity], bold=True)
    level = "" if item.severity is Severity.ERROR else f" {item.severity.value}:"
    head = f"{place}: {code}{level} {one_line(item.message)}" if place else f"{code}{level} {one_line(item.message)}"
    return head if item.hint is None else f"{head}\n  fix: {one_line(item.hint)}"


def diagnostics(items: Iterable[Diagnostic], *, error: bool = True) -> None:
    """Print each, on standard error unless the diagnostics are what the command is for."""
    for item in items:
        click.echo(diagnostic(item), err=error, color=colours_wanted(error=error))


def counts(items: Sequence[Diagnostic]) -> str:
    """`1 error, 2 warnings`, or `no problems`."""
    found = []
    for severity in Severity:
        number = sum(item.severity is severity for item in items)
        if number:
            found.append(f"{number} {severity.value}{'s' if number > 1 else ''}")
    return ", ".join(found) if found else "no problems"


def state(value: RunState) -> str:
    """The state's word in its colour."""
    return click.style(value.value, fg=_STATE_STYLES.get(value))


def step_error(notebook: str, error: StepError) -> str:
    """What a failed step tells: one line (the message names step, cell and line), the user's own traceback, the fix."""
    lines = [click.style(one_line(f"{notebook}: {error.message}"), fg="red", bold=True)]
    if error.traceback:
        lines.append(block(error.traceback, colours=colours_wanted(error=True)).rstrip())
    if error.hint is not None:
        lines.append(f"  fix: {one_line(error.hint)}")
    return "\n".join(lines)


def near(path: Path) -> str:
    """The path from here for what is below the working directory, else the whole path; cleaned."""
    found = os.path.relpath(path)
    return one_line(str(path) if found.startswith(os.pardir) else found)


def seconds(duration: float) -> str:
    """`0.4 s`, `12 s`, `3 min 05 s`, `2 h 07 min`."""
    if duration < 9.95:
        return f"{duration:.1f} s"
    whole = round(duration)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def cells(numbers: Sequence[int]) -> str:
    """Cell indices (from 0) for people (from 1), neighbours joined: `cells 2-4, 7`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    text = ", ".join(f"{first + 1}" if first == last else f"{first + 1}-{last + 1}" for first, last in runs)
    return f"cell {text}" if len(numbers) == 1 else f"cells {text}"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with aligned columns. Styled text counts by what is seen."""
    if not rows:
        return []
    seen = [[len(click.unstyle(text)) for text in row] for row in rows]
    widths = [max(column) for column in zip(*seen, strict=True)]
    return [
        "  ".join(text + " " * (width - size) for text, size, width in zip(row, sizes, widths, strict=True)).rstrip()
        for row, sizes in zip(rows, seen, strict=True)
    ]
