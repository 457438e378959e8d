"""A cell's source and outputs in, HTML for people out. All of nbconvert that is used is used here.

Text is escaped, pictures are `data:` URLs, and what is HTML already is put in a frame that runs no script and loads
nothing. What is too large is cut, and says so.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from importlib.resources import files

from nb2pipe.markup import Html, clean, element, joined, raw, text
from nb2pipe.model import Json
from nb2pipe.verify import pictures
from nb2pipe.verify.normal import WIDGET, text_of
from nb2pipe.verify.screen import shown

MAX_TEXT = 200_000
"""Characters of one output; of a picture, MAX_PICTURE bytes as base64."""
MAX_PICTURE = 4_000_000
MAX_OUTPUTS = 60
"""Of one cell."""
LONG = 24
"""Outputs of more lines are folded."""

_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_SCRIPTED = re.compile(r"<(script|iframe|object|embed)\b", re.IGNORECASE)
_WITHIN = re.compile(r"<(iframe|object|embed)\b", re.IGNORECASE)
_FEW = 200
"""Characters: fewer around a page within the page only ask to trust the notebook."""
_DRAWN = re.compile(r"<(?:img|svg|table|hr|input|progress|meter|button)\b|background|border", re.IGNORECASE)
_CODE = re.compile(r"<(?P<end>/?)(?P<name>script|style|noscript)\b|(?P<begins><!--)|(?P<ends>-->)", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_COLOURED = re.compile(r"colou?r|background|<svg|<img|filter", re.IGNORECASE)
_ROW = re.compile(r"<tr\b|<p\b|<li\b|<br\b|<h\d\b|<div\b", re.IGNORECASE)
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; base-uri 'none'"
_INTERACTIVE = "Drawn by a script, and no script of a notebook runs in this page. What it draws from was compared."


def highlighted(source: str) -> Html:
    """The source of a cell with its syntax marked (Pygments' classes)."""
    if len(source) > MAX_TEXT:
        return joined(text(source[:MAX_TEXT]), _cut(len(source)))
    from nbconvert.filters import Highlight2HTML

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of lexers that move from package to package
        mark = Highlight2HTML(pygments_lexer="ipython3")
        mark.extra_formatter_options = {"nowrap": True}
        return raw(str(mark(clean(source))).rstrip("\n"))


def render(outputs: Sequence[Json]) -> Html:
    """Everything that a cell shows, in order, streams joined with those that follow."""
    parts: list[Html] = []
    merged = _merged(outputs)
    for output in merged[:MAX_OUTPUTS]:
        kind = output.get("output_type")
        if kind == "stream":
            name = str(output.get("name"))
            parts.append(_text(text_of(output.get("text")), "stderr" if name == "stderr" else "stdout"))
        elif kind == "error":
            parts.append(_error(output))
        else:
            data = output.get("data")
            parts.append(_display(data if isinstance(data, Mapping) else {}))
    parts = [part for at, part in enumerate(parts) if part != parts[at - 1] or part != _note(_INTERACTIVE) or at == 0]
    if len(merged) > MAX_OUTPUTS:
        parts.append(_note(f"{len(merged) - MAX_OUTPUTS} more outputs are not shown."))
    return joined(*parts)


def _merged(outputs: Sequence[Json]) -> list[Mapping[str, Json]]:
    """The outputs; pieces of one stream that follow each other are one."""
    found: list[Mapping[str, Json]] = []
    for output in outputs:
        if not isinstance(output, Mapping):
            continue
        before = found[-1] if found else {}
        if output.get("output_type") == "stream" == before.get("output_type") and (
            output.get("name") == before.get("name")
        ):
            found[-1] = {**before, "text": text_of(before.get("text")) + text_of(output.get("text"))}
        else:
            found.append(output)
    return found


def _error(output: Mapping[str, Json]) -> Html:
    traceback = output.get("traceback")
    lines = [str(line) for line in traceback] if isinstance(traceback, Sequence) else []
    told = f"{output.get('ename', '')}: {output.get('evalue', '')}"
    return _text("\n".join(lines) or told, "error")


def _text(content: str, kind: str) -> Html:
    """Printed text with its colours."""
    from nbconvert.filters import ansi2html

    length = len(content)
    if length > MAX_TEXT:
        content = content[:MAX_TEXT]
    if "\r" in content or "\b" in content:
        content = shown(content)
    content = content.rstrip("\n")
    if not content:
        return Html("")
    body = raw(str(ansi2html(_without_controls(content))))
    rest = _cut(length) if length > MAX_TEXT else None
    return folded(element("pre", body, class_=kind), content.count("\n") + 1, rest)


def _without_controls(content: str) -> str:
    """ANSI's escape stays for who makes colours of it."""
    return "\x1b".join(clean(part) for part in content.split("\x1b"))


def folded(content: Html, lines: int, rest: Html | None = None) -> Html:
    """`content` behind a line that can be clicked if it has many lines."""
    if lines <= LONG:
        return joined(content, rest)
    return joined(element("details", element("summary", f"{lines} lines"), content, class_="fold"), rest)


def _display(data: Mapping[str, Json]) -> Html:
    """The form that shows most without a script; nothing but a word for what only a script would show."""
    for mime in _PICTURES:
        if mime in data and "text/html" not in data:
            return picture(mime, text_of(data[mime]))
    if "image/svg+xml" in data:
        return _svg(text_of(data["image/svg+xml"]))
    if "text/html" in data:
        return _html(text_of(data["text/html"]), data)
    for mime in _PICTURES:
        if mime in data:
            return picture(mime, text_of(data[mime]))
    if "text/markdown" in data:
        return _markdown(text_of(data["text/markdown"]))
    plain = text_of(data.get("text/plain"))
    others = sorted(set(data) - {"text/plain", "text/latex"})
    if "text/latex" in data and not plain:
        return _text(text_of(data["text/latex"]), "plain")
    if others and others != ["application/json"]:
        return joined(_text(plain, "plain"), _note(_left_out(others)))
    if "application/json" in data and (not plain or plain.startswith("<IPython")):
        return _text(json.dumps(data["application/json"], indent=2, ensure_ascii=False, default=str), "plain")
    return _text(plain, "plain")


def _left_out(mimes: Sequence[str]) -> str:
    """Why what has these forms, and perhaps text, is not shown otherwise."""
    if WIDGET in mimes:
        return "A widget. Its text was compared, its state was not."
    if all(mime == "application/javascript" or mime.endswith("+json") for mime in mimes):
        return _INTERACTIVE
    return f"Not shown: {mimes[0]}"


def picture(mime: str, content: str) -> Html:
    """A picture, given as base64, on white."""
    content = "".join(content.split())
    if len(content) > MAX_PICTURE:
        return _note(f"A picture of {len(content) * 3 // 4_000_000} MB is not shown.")
    if not _BASE64.fullmatch(content):
        return _note("A picture that is damaged is not shown.")
    try:
        size = pictures.size(base64.b64decode(content[:64]))
    except (binascii.Error, ValueError):
        size = None
    width, height = (str(size.width), str(size.height)) if size else (None, None)
    image = element("img", src=f"data:{mime};base64,{content}", alt=f"a picture ({mime})", width=width, height=height)
    return element("div", image, class_="paper")


def _svg(content: str) -> Html:
    """A picture by `<img>`: in there, SVG runs no script and loads nothing."""
    if len(content) > MAX_PICTURE:
        return _note(f"A picture of {len(content) // 1_000_000} MB is not shown.")
    packed = base64.b64encode(raw(content).encode()).decode()
    return element("div", element("img", src=f"data:image/svg+xml;base64,{packed}", alt="a picture"), class_="paper")


def _markdown(content: str) -> Html:
    from nbconvert.filters import markdown2html

    return _frame(str(markdown2html(raw(content[:MAX_TEXT]))), len(content))


def _html(content: str, data: Mapping[str, Json]) -> Html:
    """A frame; for what only a script can draw, its picture or its text, and a note."""
    beginning = content[:MAX_TEXT]
    seen = _without_code(beginning)
    words = "".join(_TAG.sub("", seen).split())
    if not words and not _DRAWN.search(seen):
        other = next((mime for mime in _PICTURES if mime in data), None)
        if other is not None:
            return picture(other, text_of(data[other]))
        told = _note(_INTERACTIVE) if _SCRIPTED.search(content) else None
        return joined(_text(text_of(data.get("text/plain")), "plain"), told)
    if _WITHIN.search(content) and len(words) < _FEW:
        return joined(_text(text_of(data.get("text/plain")), "plain"), _note(_INTERACTIVE))
    return _frame(beginning, len(content))


def _without_code(content: str) -> str:
    """HTML without scripts, styles and comments, in one pass: what is never closed takes no longer."""
    parts: list[str] = []
    start, inside = 0, ""
    for found in _CODE.finditer(content):
        name = (found["name"] or "--").lower()
        if not inside and (found["begins"] or found["end"] == ""):
            parts.append(content[start : found.start()])
            inside = name
        elif inside == name and (found["ends"] or found["end"]):
            start, inside = found.end() if found["ends"] else found.start(), ""
    return "".join([*parts, "" if inside else content[start:]])


def _frame(content: str, length: int) -> Html:
    """HTML from a notebook, in a page of its own. What has colours of its own is shown on white."""
    style = files(__package__).joinpath("frame.css").read_text(encoding="utf-8")
    body = raw(content.replace("\0", "\ufffd"))
    paper = bool(_COLOURED.search(body))
    inside = joined(
        Html("<!DOCTYPE html>"),
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("style", Html(style)),
        element("body", body, class_="paper" if paper else None),
    )
    rows = min(len(_ROW.findall(body)) + body.count("<tr") // 2 + 1, 22)
    frame = element(
        "iframe",
        sandbox="allow-same-origin",
        srcdoc=inside,
        title="what the cell shows",
        class_="paper" if paper else None,
        style=f"height:{rows * 1.75 + 1:.1f}em",
    )
    return joined(frame, _cut(length) if length > MAX_TEXT else None)


def _cut(length: int) -> Html:
    return _note(f"Cut here: {length:,} characters, of which the first {MAX_TEXT:,} are shown.")


def _note(content: str) -> Html:
    return element("p", content, class_="remark")
