"""A notebook's Markdown cells in, the headings that stand above each code cell out, with how much each weighs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from nb2pipe.model import Json
from nb2pipe.records import dataclass

_ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_HTML = re.compile(r"[ \t]*<h([1-6])\b[^>]{0,200}>(.{0,300}?)</h\1>", re.IGNORECASE)
_LONGEST = 300  # a longer line is no heading
_BLOCK = (" ", "\t", "#", ">", "*", "-", "+", "|", "<")


@dataclass(frozen=True)
class Heading:
    """A heading: `text` as it stands there, `level` 1 to 6. `rank` counts from 0, the level that sections have.

    The one heading at the notebook's top that names the whole is its title: rank None.
    """

    text: str
    level: int
    rank: int | None = 0


def headings(raw: Mapping[str, Json]) -> tuple[tuple[Heading, ...], ...]:
    """For each code cell the headings between the code cell above it and itself, in order."""
    cells = raw.get("cells")
    found: list[tuple[Heading, ...]] = []
    waiting: list[Heading] = []
    for cell in cells if isinstance(cells, Sequence) else ():
        if not isinstance(cell, Mapping):
            continue
        source = cell.get("source")
        if cell.get("cell_type") == "code":
            found.append(tuple(waiting))
            waiting = []
        elif cell.get("cell_type") == "markdown" and isinstance(source, str):
            waiting.extend(in_text(source))
    return _ranked(found)


def in_text(source: str) -> list[Heading]:
    """The headings of one Markdown cell: `#`, underlined, or HTML; what stands in a fence of code is none."""
    found: list[Heading] = []
    fence: str | None = None
    above = ""
    for line in source.splitlines():
        opened = _FENCE.match(line)
        if opened and fence in (None, opened[1]):
            fence = opened[1] if fence is None else None
            above = ""
            continue
        if fence is not None or len(line) > _LONGEST:
            above = ""
            continue
        atx, html = _ATX.match(line), _HTML.match(line)
        under = _SETEXT.match(line) if above else None
        if atx and atx[2]:
            found.append(Heading(atx[2], len(atx[1])))
        elif under:
            found.append(Heading(above, 1 if under[1][0] == "=" else 2))
        elif html:
            found.append(Heading(html[2], int(html[1])))
        text = line.strip()
        above = text if text and not (atx or under or html) and not line.startswith(_BLOCK) else ""
    return found


def _ranked(found: Sequence[tuple[Heading, ...]]) -> tuple[tuple[Heading, ...], ...]:
    """Levels become ranks. A level that has one heading only, the first of all, is the title's."""
    everything = [heading for group in found for heading in group]
    levels = sorted({heading.level for heading in everything})
    counts = Counter(heading.level for heading in everything)
    title = bool(levels) and counts[levels[0]] == 1 and everything[0].level == levels[0] and len(everything) > 1
    rest = levels[1:] if title else levels
    # A single heading makes no row of sections: those below it are of its rank.
    alone = len(rest) > 1 and counts[rest[0]] == 1
    ranks = {level: max(0, place - alone) for place, level in enumerate(rest)}
    return tuple(tuple(replace(heading, rank=ranks.get(heading.level)) for heading in group) for group in found)
