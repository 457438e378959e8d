"""An executed step notebook in, one page of HTML out that loads nothing and runs no script.

All text is escaped. Pictures are `data:` URLs in `<img>`; HTML that a cell showed stands in a frame without scripts. It
needs nothing that isn't in Python, so that no image has to hold nbconvert for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from nb2pipe.markup import Html, element, joined

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'"
_STYLE = (
    "body{font:14px sans-serif;margin:1em auto;max-width:60em}"
    "pre{margin:.2em 0;padding:.5em;overflow:auto;white-space:pre-wrap}"
    ".code{background:#f4f4f4;border-left:3px solid #888}.stderr,.error{background:#fdd}"
    "iframe{border:0;width:100%;height:24em}img{max-width:100%}h2{font-size:1em;color:#666;margin:1.2em 0 0}"
)
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_MAX_TEXT = 200_000
_MAX_HTML = 2_000_000


def page(notebook: Mapping[str, Any], title: str) -> str:
    """The cells of the notebook's own, with what they show."""
    cells = [part for cell in notebook["cells"] for part in _cell(cell)]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("title", title),
        Html(f"<style>{_STYLE}</style>"),
    )
    return f"<!doctype html>{element('html', head, element('body', element('h1', title), *cells), lang='en')}\n"


def _cell(cell: Mapping[str, Any]) -> Iterator[Html]:
    marker = cell.get("metadata", {}).get("nb2pipe", {})
    if cell.get("cell_type") != "code" or (marker.get("role") != "cell" and not cell.get("outputs")):
        return
    if marker.get("role") == "cell":
        yield element("h2", f"cell {marker.get('cell', 0) + 1}")
        yield element("pre", _joined(cell.get("source", "")), class_="code")
    for output in cell.get("outputs", ()):
        yield _output(output)


def _output(output: Mapping[str, Any]) -> Html:
    kind = output.get("output_type")
    if kind == "stream":
        return _text(_joined(output.get("text", "")), str(output.get("name")))
    if kind == "error":
        return _text("\n".join(output.get("traceback", ())) or str(output.get("evalue")), "error")
    data = output.get("data", {})
    for mime in _PICTURES:
        if mime in data:
            content = re.sub(r"[^A-Za-z0-9+/=]", "", _joined(data[mime]))
            return element("img", src=f"data:{mime};base64,{content}", alt=_joined(data.get("text/plain", ""))[:200])
    if "image/svg+xml" in data:
        from urllib.parse import quote

        return element("img", src=f"data:image/svg+xml,{quote(_joined(data['image/svg+xml']))}", alt="")
    if "text/html" in data and len(_joined(data["text/html"])) <= _MAX_HTML:
        policy = element("meta", http_equiv="Content-Security-Policy", content=_POLICY)
        return element("iframe", sandbox="", srcdoc=f"{policy}{_joined(data['text/html'])}")
    return _text(_joined(data.get("text/plain", "")), "plain")


def _text(content: str, kind: str) -> Html:
    plain = _ANSI.sub("", content)
    cut = "\n[the rest is in the notebook]" if len(plain) > _MAX_TEXT else ""
    return element("pre", joined(plain[:_MAX_TEXT], cut), class_=kind)


def _joined(content: Any) -> str:  # noqa: ANN401  # nbformat has text whole or in lines
    return "".join(map(str, content)) if isinstance(content, list) else str(content)
