"""Two normal forms in, one line for people out: where the first difference is."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import NamedTuple

from nb2pipe.verify import pictures
from nb2pipe.verify.normal import Display, Normal, Part

_SHOWN = 56
"""How many characters of a line are shown: those around the first that differs."""
_MAX_LINE = 200
_CONTROLS: dict[int, str] = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0xFEFF), " ")
_CONTROLS |= dict.fromkeys((0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "")
_CONTROLS |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_PICTURE = re.compile(r"image/|application/pdf")


class Sides(NamedTuple):
    """What the two are called: "in the notebook", "in the pipeline"; and as the subject of a sentence."""

    one: str
    other: str
    first: str
    second: str


NOTEBOOK_AND_PIPELINE = Sides("in the notebook", "in the pipeline", "the notebook", "the pipeline")
TWO_RUNS = Sides("in the first run", "in the second run", "the first run", "the second run")


def difference(one: Normal, other: Normal, sides: Sides = NOTEBOOK_AND_PIPELINE) -> str:
    """Where the two differ first, errors before all else; empty if they are the same."""
    if one == other:
        return ""
    found = (
        _errors(one, other, sides)
        or _texts(one.printed, other.printed, "of what is printed", sides)
        or _displays(one.displays, other.displays, sides)
        or _texts(one.warned, other.warned, "of stderr", sides)
    )
    return found.translate(_CONTROLS)[:_MAX_LINE]


def _errors(one: Normal, other: Normal, sides: Sides) -> str:
    raised, twin = _raised(one), _raised(other)
    if raised == twin:
        return ""
    if raised is None:
        return f"{sides.second} raises {_quoted(twin)}; {sides.first} does not"
    if twin is None:
        return f"{sides.first} raises {_quoted(raised)}; {sides.second} does not"
    shown, beside = _neighbourhoods(raised, twin)
    return f"{sides.first} raises {shown}; {sides.second} {beside}"


def _raised(form: Normal) -> str | None:
    return next((item.parts[0].text for item in form.displays if item.is_error), None)


def _texts(one: str, other: str, where: str, sides: Sides) -> str:
    lines, twins = (text.split("\n") if text else [] for text in (one, other))
    for number, (line, twin) in enumerate(zip_longest(lines, twins), start=1):
        if line != twin:
            shown, beside = _neighbourhoods(line, twin)
            return f"line {number} {where}: {shown} {sides.one}, {beside} {sides.other}"
    return ""


def _neighbourhoods(one: str | None, other: str | None) -> tuple[str, str]:
    """Both texts, quoted, cut to what lies around the first place where they differ; None: there is none."""
    if not one or not other:
        return _quoted(one), _quoted(other)
    if one.strip() != other.strip():  # the indent of markup tells nothing
        one, other = one.strip(), other.strip()
    limit = min(len(one), len(other))
    at = next((place for place in range(limit) if one[place] != other[place]), limit)
    return _quoted(one, at), _quoted(other, at)


def _quoted(text: str | None, at: int = 0) -> str:
    """`text` on one line, cut to _SHOWN characters with the one at `at` among them."""
    if text is None:
        return "nothing"
    if not text:
        return "an empty line"
    start = max(0, min(at - _SHOWN // 2, len(text) - _SHOWN))
    part = text[start : start + _SHOWN].replace("\n", "⏎")
    return f"`{'…' * (start > 0)}{part}{'…' * (start + _SHOWN < len(text))}`"


def _displays(one: tuple[Display, ...], other: tuple[Display, ...], sides: Sides) -> str:
    for number, (display, twin) in enumerate(zip_longest(one, other), start=1):
        if display == twin:
            continue
        if display is None or twin is None:
            where, lacking = (sides.one, sides.other) if twin is None else (sides.other, sides.one)
            return f"output {number} ({_kinds(display or twin)}) is {where}, and not {lacking}"
        return _display(display, twin, number, sides)
    return ""


def _kinds(display: Display | None) -> str:
    return ", ".join(part.mime for part in display.parts) if display else ""


def _display(one: Display, other: Display, number: int, sides: Sides) -> str:
    """Pictures first, then what is read best: plain text, then the rest."""
    parts, twins = ({part.mime: part for part in display.parts} for display in (one, other))
    if parts.keys() != twins.keys():
        return f"output {number} is {_kinds(one)} {sides.one}, {_kinds(other)} {sides.other}"
    for mime in sorted(parts, key=_rank):
        part, twin = parts[mime], twins[mime]
        if part != twin:
            if part.content:
                return _picture(part, twin, number)
            return _texts(part.text, twin.text, f"of {mime} of output {number}", sides)
    return ""


def _rank(mime: str) -> tuple[int, str]:
    if _PICTURE.match(mime):
        return 0, mime
    return (1 if mime == "text/plain" else 2), mime


def _picture(one: Part, other: Part, number: int) -> str:
    size, twin = pictures.size(one.content), pictures.size(other.content)
    what = f"the picture of output {number} differs"
    if size is None or twin is None:
        return f"{what} ({one.mime})"
    if size != twin:
        return f"{what}: {size} and {twin} pixels"
    share = pictures.share_that_differs(one.content, other.content)
    return f"{what}: {size} in both" + ("" if share is None else f", {_percent(share)} of its pixels")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= 0.001 else "less than 0.1 %"
