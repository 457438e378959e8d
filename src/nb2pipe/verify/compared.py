"""What a cell shows on two sides in, HTML with both beside each other out; lines of text that differ are marked."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from nb2pipe.markup import Html, element, joined
from nb2pipe.model import Json
from nb2pipe.verify import pictures
from nb2pipe.verify.noise import Where, quiet
from nb2pipe.verify.normal import normal, text_of
from nb2pipe.verify.rendered import MAX_OUTPUTS, picture, render
from nb2pipe.verify.screen import shown

_MAX_LINES = 1000
"""More are not matched with each other: that takes time by the square of their number, as do a line's words."""
_MAX_LINE = 400
_MAX_MARKED = 100
_AROUND = 3
"""Lines that are the same, shown above and below those that are not."""
_WORDS = re.compile(r"\d+(?:\.\d+)?|[^\W\d]+|\s+|.", re.DOTALL)


def side_by_side(one: Sequence[Json], other: Sequence[Json], names: tuple[str, str]) -> Html:
    """Both sides under their names: what is printed, line by line; what is displayed, one by one; then stderr."""
    left, right = (_Side(outputs) for outputs in (one, other))
    rows = [_printed(left.stdout, right.stdout)]
    pairs = list(zip_longest(left.displays, right.displays))
    rows.extend(_pair(display, twin) for display, twin in pairs[:MAX_OUTPUTS])
    if len(pairs) > MAX_OUTPUTS:
        rows.append(element("p", f"{len(pairs) - MAX_OUTPUTS} more outputs are not shown.", class_="remark"))
    if left.stderr or right.stderr:
        rows.append(_beside(render(left.stderr), render(right.stderr)))
    head = element("div", *(element("span", name) for name in names), class_="sides")
    return element("div", head, *rows, class_="compared")


class _Side:
    """The outputs of one side, by what is done with them."""

    def __init__(self, outputs: Sequence[Json]) -> None:
        known = [output for output in outputs if isinstance(output, Mapping)]
        streams = [output for output in known if output.get("output_type") == "stream"]
        self.stdout = shown("".join(text_of(item.get("text")) for item in streams if item.get("name") != "stderr"))
        self.stderr = [item for item in streams if item.get("name") == "stderr"]
        self.displays = [output for output in known if output.get("output_type") != "stream"]


def _printed(one: str, other: str) -> Html:
    if not one and not other:
        return Html("")
    if _alike(one, other):
        return _same(render([{"output_type": "stream", "name": "stdout", "text": one}]))
    return lines(one, other)


def _pair(one: Mapping[str, Json] | None, other: Mapping[str, Json] | None) -> Html:
    sides = [render([side]) if side is not None else None for side in (one, other)]
    if one is None or other is None:
        return _beside(*(side or element("p", "nothing", class_="remark") for side in sides))
    if normal([one]) == normal([other]):
        return _same(sides[0] or Html(""))
    texts = [_plain(side) for side in (one, other)]
    beside = _beside(*(side or Html("") for side in sides))
    if texts[0] is None or texts[1] is None or _alike(texts[0], texts[1]):
        return joined(beside, _overlay(one, other))
    marked = lines(texts[0], texts[1])
    if _is_text(one) and _is_text(other):
        return marked
    return joined(beside, element("details", element("summary", "as text, line by line"), marked, open=True))


def _plain(output: Mapping[str, Json]) -> str | None:
    """The plain text of a display, the message of an error."""
    if output.get("output_type") == "error":
        return f"{text_of(output.get('ename'))}: {text_of(output.get('evalue'))}"
    data = output.get("data")
    if not isinstance(data, Mapping) or "text/plain" not in data:
        return None
    return shown(text_of(data["text/plain"]))


def _is_text(output: Mapping[str, Json]) -> bool:
    data = output.get("data")
    return isinstance(data, Mapping) and set(data) <= {"text/plain", "text/latex"}


def _alike(one: str, other: str) -> bool:
    return quiet(one, Where.PRINTED) == quiet(other, Where.PRINTED)


def _overlay(one: Mapping[str, Json], other: Mapping[str, Json]) -> Html | None:
    """One picture over the other, if they are of one size; what is the same in both is black."""
    both = [_png(side) for side in (one, other)]
    sizes = {pictures.size(content) for content in both}
    if len(sizes) != 1 or None in sizes:
        return None
    layers = [picture("image/png", base64.b64encode(content).decode()) for content in both]
    remark = element("p", "One picture over the other: what is black is the same in both.", class_="remark")
    return element("figure", element("div", *layers, class_="overlay"), remark)


def _png(output: Mapping[str, Json]) -> bytes:
    data = output.get("data")
    try:
        return base64.b64decode(text_of(data.get("image/png"))) if isinstance(data, Mapping) else b""
    except (binascii.Error, ValueError):
        return b""


def _same(content: Html) -> Html:
    return element("div", content, element("p", "the same on both sides", class_="remark"), class_="both")


def _beside(*sides: Html) -> Html:
    return element("div", *(element("div", side) for side in sides), class_="beside")


def lines(one: str, other: str) -> Html:
    """Both texts line by line; what is the same on both sides after the rules of `noise` is no difference."""
    left, right = (side.split("\n") for side in (one, other))
    start, told = 0, None
    if max(len(left), len(right)) > _MAX_LINES:
        start = max(0, _first_difference(left, right) - _AROUND)
        left, right = (side[start : start + _MAX_LINES] for side in (left, right))
        told = element("p", f"Lines {start + 1:,} to {start + _MAX_LINES:,} at most.", class_="remark")
    columns = element("colgroup", *(element("col", class_=kind) for kind in ("number", None, "number", None)))
    rows = _Rows(left, right, start).all()
    return joined(element("table", columns, element("tbody", *rows), class_="lines"), told)


def _first_difference(left: Sequence[str], right: Sequence[str]) -> int:
    pairs = enumerate(zip(left, right, strict=False))
    same = min(len(left), len(right))
    return next((at for at, (line, twin) in pairs if not _alike(line, twin)), same)


class _Rows:
    """The rows of a table of lines. `start`: how many lines there are before these."""

    def __init__(self, left: Sequence[str], right: Sequence[str], start: int) -> None:
        self.left = left
        self.right = right
        self.start = start
        self.marked = 0

    def all(self) -> Iterator[Html]:
        keys = [[quiet(line, Where.PRINTED) for line in side] for side in (self.left, self.right)]
        for kind, a, b, c, d in SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_opcodes():
            if kind == "equal":
                yield from self._unchanged(range(a, b), c)
            else:
                yield from (self._changed(at, beside) for at, beside in zip_longest(range(a, b), range(c, d)))

    def _unchanged(self, same: range, beside: int) -> Iterator[Html]:
        """Lines that are the same: the few next to a difference, and how many are between."""
        above = 0 if same.start == 0 else _AROUND
        below = 0 if same.stop == len(self.left) else _AROUND
        hidden = range(same.start + above, same.stop - below)
        for at in same:
            if len(hidden) > 2 and at in hidden:
                if at == hidden.start:
                    told = element("td", f"{len(hidden)} lines are the same", colspan="4")
                    yield element("tr", told, class_="skip")
                continue
            line, twin = self.left[at], self.right[beside + at - same.start]
            yield element("tr", *self._cells(at, line), *self._cells(beside + at - same.start, twin))

    def _changed(self, at: int | None, beside: int | None) -> Html:
        """Lines that differ, with what differs in them marked; None: there is none."""
        line = None if at is None else self.left[at]
        twin = None if beside is None else self.right[beside]
        kinds = ("gone" if line is not None else None, "come" if twin is not None else None)
        if line is not None and twin is not None and max(len(line), len(twin)) <= _MAX_LINE:
            self.marked += 1
            if self.marked <= _MAX_MARKED:
                line, twin = _marked(line, twin)
        return element("tr", *self._cells(at, line, kinds[0]), *self._cells(beside, twin, kinds[1]))

    def _cells(self, at: int | None, line: str | None, kind: str | None = None) -> tuple[Html, Html]:
        number = None if at is None else str(self.start + at + 1)
        if line is not None and not isinstance(line, Html) and len(line) > _MAX_LINE:
            line = f"{line[:_MAX_LINE]}…"
        return element("td", number, class_="number"), element("td", line, class_=kind)


def _marked(one: str, other: str) -> tuple[Html, Html]:
    """Both lines, the words that differ within `<mark>`."""
    words, twins = _WORDS.findall(one), _WORDS.findall(other)
    left: list[Html] = []
    right: list[Html] = []
    for kind, a, b, c, d in SequenceMatcher(None, words, twins, autojunk=False).get_opcodes():
        for parts, part in ((left, "".join(words[a:b])), (right, "".join(twins[c:d]))):
            if part:
                parts.append(joined(part) if kind == "equal" else _mark(part))
    return joined(*left), joined(*right)


def _mark(part: str) -> Html:
    """The blanks around a word are not marked: columns that move would be all colour."""
    word = part.strip()
    if not word:
        return element("mark", part)
    before, _, after = part.partition(word)
    return joined(before, element("mark", word), after)
