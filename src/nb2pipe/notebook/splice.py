"""A notebook file's bytes and tags for its cells in, the same bytes with these tags, and nothing else changed, out.

The file is not written anew from its data: that would change its indents, the order of its keys, and how it spells
characters, and Git would show all of it. The places of the cells' metadata are looked up in the text, and only what
lies there is replaced.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from json.decoder import scanstring  # type: ignore[attr-defined]  # public in the json module's code, not in its stubs

from nb2pipe.config import Limits
from nb2pipe.errors import BadInput
from nb2pipe.model import Location, Notebook
from nb2pipe.notebook.read import parse
from nb2pipe.records import dataclass

_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"[^\s,\]}]+")
_MARK = re.compile(r'["\[\]{}]')
_SPACED = re.compile(r'\ufeff?\s*\{\s*"(?:[^"\\]|\\.)*"\s*: ')
_ESCAPED = re.compile(r"\\u[0-9a-fA-F]{4}")


@dataclass(frozen=True)
class _Member:
    """A member of an object in the text: `start` is its key's, `value` to `end` is what belongs to the key."""

    key: str
    start: int
    value: int
    end: int


def with_tags(content: bytes, tags: Mapping[int, Sequence[str]], limits: Limits, name: str | None = None) -> bytes:
    """The file with these tags on the code cells named by index. Raises BadInput for what is no notebook of format 4.

    What comes out is read again: all but these tags must be as it was.
    """
    before = parse(content, name, limits)
    text = content.decode("utf-8")
    bom = text.startswith("\ufeff")
    places = _cells(text, 1 if bom else 0)
    if places is None or len(places) != len(_raw_cells(before)):
        raise BadInput.of(
            "N2P162",
            "tags can't be written to a notebook of format 3 or older",
            at=Location(name),
            hint="open it in Jupyter and save it, which makes it format 4",
        )
    edits = [
        _edit(text, places[cell.position], tags[cell.index])
        for cell in before.cells
        if cell.index in tags and tuple(tags[cell.index]) != cell.tags
    ]
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    found = text.encode("utf-8")
    _require_same(content, found, tags, limits)
    return found


def _raw_cells(found: Notebook) -> Sequence[object]:
    cells = found.raw.get("cells")
    return cells if isinstance(cells, Sequence) else ()


def _require_same(old: bytes, new: bytes, tags: Mapping[int, Sequence[str]], limits: Limits) -> None:
    """Raises AssertionError if anything but the tags has changed: that would be our mistake, and nothing is written."""
    before, after = parse(old, None, limits), parse(new, None, limits)
    wanted = [tuple(tags.get(cell.index, cell.tags)) for cell in before.cells]
    plain, now = json.loads(old.decode("utf-8-sig")), json.loads(new.decode("utf-8-sig"))
    for data in (plain, now):
        for cell in data["cells"]:
            if cell.get("cell_type") == "code":
                metadata = cell.pop("metadata", None) or {}
                metadata.pop("tags", None)
                cell["metadata"] = metadata
    if [cell.tags for cell in after.cells] != [tuple(dict.fromkeys(item)) for item in wanted] or plain != now:
        raise AssertionError("the notebook would have changed in more than its tags")


# --- one cell -----------------------------------------------------------------------------------------------------


def _edit(text: str, cell: int, tags: Sequence[str]) -> tuple[int, int, str]:
    """Where to put what, for the cell whose object begins at `cell`."""
    members = list(_members(text, cell))
    metadata = next((item for item in members if item.key == "metadata"), None)
    escaped = text.isascii() and _ESCAPED.search(text) is not None
    written = [json.dumps(tag, ensure_ascii=escaped) for tag in tags]
    if metadata is None or text[metadata.value] != "{":  # left out, or null
        indent = _indent(text, members[0].start) if members else None
        body = _object(text, {"tags": written}, indent)
        if metadata is not None:
            return metadata.value, metadata.end, body
        return _inserted(text, cell, members, "metadata", body)
    inside = list(_members(text, metadata.value))
    present = next((item for item in inside if item.key == "tags"), None)
    if present is not None:
        return present.value, present.end, _list(text, written, _indent(text, present.start))
    if not inside:
        return metadata.value, metadata.end, _object(text, {"tags": written}, _indent(text, metadata.start))
    value = _list(text, written, _indent(text, inside[0].start))
    return _inserted(text, metadata.value, inside, "tags", value)


def _inserted(text: str, opened: int, members: Sequence[_Member], key: str, value: str) -> tuple[int, int, str]:
    """A new member of the object at `opened`: where the alphabet wants it if the keys are in its order, else last."""
    keys = [item.key for item in members]
    place = sum(other < key for other in keys) if keys == sorted(keys) else len(keys)
    if not members:
        return opened + 1, opened + 1, f'"{key}": {value}'
    indent = _indent(text, members[0].start)
    colon = text[members[0].start : members[0].value].rpartition(":")[2] or ""
    member = f'"{key}":{colon}{value}'
    gap = _line(text, indent) if indent is not None else _gap(text, members)
    if place < len(members):
        start = members[place].start
        return start, start, f"{member},{gap}"
    end = members[-1].end
    return end, end, f",{gap}{member}"


def _gap(text: str, members: Sequence[_Member]) -> str:
    """What stands between two members on one line."""
    if len(members) > 1:
        return text[members[0].end : members[1].start].partition(",")[2]
    return " " if text[members[0].value - 1] == " " else ""


def _indent(text: str, start: int) -> str | None:
    """The white space before the key at `start`, if it stands first in its line."""
    line = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    before = text[line:start]
    return before if line and not before.strip(" \t") else None


def _line(text: str, indent: str) -> str:
    return ("\r\n" if "\r\n" in text else "\n") + indent


def _unit(text: str) -> str:
    """One step of the file's indent."""
    opened = text.find("{")
    found = _SPACE.match(text, opened + 1)
    space = found.group() if found else ""
    return space.rpartition("\n")[2] or " "


def _list(text: str, items: Sequence[str], indent: str | None) -> str:
    if not items:
        return "[]"
    if indent is None:
        return f"[{_comma(text).join(items)}]"
    inner = _line(text, indent + _unit(text))
    return f"[{inner}{f',{inner}'.join(items)}{_line(text, indent)}]"


def _object(text: str, members: Mapping[str, Sequence[str]], indent: str | None) -> str:
    """An object whose key stands at `indent`."""
    if indent is None:
        colon = ": " if _comma(text) == ", " else ":"
        inside = _comma(text).join(f'"{key}"{colon}{_list(text, items, None)}' for key, items in members.items())
        return f"{{{inside}}}"
    deeper = indent + _unit(text)
    inner = _line(text, deeper)
    lines = f",{inner}".join(f'"{key}": {_list(text, items, deeper)}' for key, items in members.items())
    return f"{{{inner}{lines}{_line(text, indent)}}}"


def _comma(text: str) -> str:
    """What parts two items of a file without line breaks: its first key tells whether it has spaces."""
    return ", " if _SPACED.match(text) else ","


# --- places in JSON text: it was read before, so that it is valid and not too deep ----------------------------------


def _cells(text: str, start: int) -> list[int] | None:
    """Where the objects of the notebook's cells begin; None if it has no `cells`."""
    for member in _members(text, _skip(text, start)):
        if member.key == "cells" and text[member.value] == "[":
            return [place for place, _ in _items(text, member.value)]
    return None


def _members(text: str, opened: int) -> Iterator[_Member]:
    place = _skip(text, opened + 1)
    while text[place] != "}":
        start = place
        key, place = scanstring(text, place + 1)
        value = _skip(text, _skip(text, place) + 1)
        end = _end(text, value)
        yield _Member(key, start, value, end)
        place = _skip(text, end)
        if text[place] == ",":
            place = _skip(text, place + 1)


def _items(text: str, opened: int) -> Iterator[tuple[int, int]]:
    place = _skip(text, opened + 1)
    while text[place] != "]":
        end = _end(text, place)
        yield place, end
        place = _skip(text, end)
        if text[place] == ",":
            place = _skip(text, place + 1)


def _end(text: str, start: int) -> int:
    """Where the value that begins at `start` ends."""
    if text[start] == '"':
        return int(scanstring(text, start + 1)[1])
    if text[start] not in "[{":
        found = _SCALAR.match(text, start)
        return found.end() if found else start
    depth = 0
    place = start
    while found := _MARK.search(text, place):
        char, place = found.group(), found.end()
        if char == '"':
            place = int(scanstring(text, place)[1])
        else:
            depth += 1 if char in "[{" else -1
        if not depth:
            break
    return place


def _skip(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place
