"""Names, attributes and text in, HTML out: what isn't `Html` already is escaped, so nothing can be forgotten."""

from __future__ import annotations

import html
import re

_LONE = re.compile("[\ud800-\udfff]")
# Control characters but tab and line break, and what turns the direction of text that follows.
_CONTROLS: dict[int, str] = dict.fromkeys(
    (*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)),
    "\ufffd",
)
_EMPTY = frozenset(("meta", "img", "br", "col", "input"))


class Html(str):
    """Text that is HTML."""

    __slots__ = ()


def clean(content: str) -> str:
    """`content` without control characters, and without lone surrogates, which can't be encoded."""
    return _LONE.sub("\ufffd", content.translate(_CONTROLS))


def text(content: str) -> Html:
    """`content`, cleaned, as HTML text, or as the value of an attribute in double quotes."""
    return Html(html.escape(clean(content)))


def raw(content: str) -> Html:
    """`content`, which is HTML by somebody else; only what can't be encoded is replaced."""
    return Html(_LONE.sub("\ufffd", content))


def element(name: str, /, *inside: str | None, **attributes: str | bool | None) -> Html:
    """`<name ...>inside</name>`; attributes that are None or False are left out, `class_` and `for_` lose their `_`."""
    told = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{text(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _EMPTY:
        return Html(f"<{name}{told}>")
    return Html(f"<{name}{told}>{joined(*inside)}</{name}>")


def told(content: str) -> Html:
    """A sentence; what stands between backticks in it is code."""
    parts = content.split("`")
    if len(parts) % 2 == 0:
        return text(content)  # one that closes nothing
    return joined(*(element("code", part) if number % 2 else part for number, part in enumerate(parts)))


def joined(*parts: str | None) -> Html:
    """The parts one after the other, each escaped if it isn't HTML."""
    return Html("".join(part if isinstance(part, Html) else text(part) for part in parts if part is not None))
