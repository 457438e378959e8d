"""A cell's outputs as nbformat has them in, their normal form out: two outputs are the same if this is the same.

What changes from process to process goes (`noise`, `screen`, `pictures`), and so do execution counts, metadata, display
ids and tracebacks. What is printed is joined, what is displayed keeps its order; the order between the two is left out.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nb2pipe.model import Json
from nb2pipe.verify import pictures
from nb2pipe.verify.noise import Where, quiet
from nb2pipe.verify.screen import shown

WIDGET = "application/vnd.jupyter.widget-view+json"
_BOKEH = "application/vnd.bokehjs_"
_BINARY = ("image/", "audio/", "video/", "application/pdf")
_SVG = "image/svg+xml"


@dataclass(frozen=True)
class Part:
    """One form of what a cell displays. `text` is compared: the text itself, or the digest of a picture.

    `content` is the picture's bytes, for those who tell what differs.
    """

    mime: str
    text: str
    content: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True)
class Display:
    """What one `display`, or a cell's last expression, shows: its forms by name. An error has the forms below."""

    parts: tuple[Part, ...]

    @property
    def is_error(self) -> bool:
        return bool(self.parts) and self.parts[0].mime == ERROR


ERROR = "error"
"""In place of a MIME type: the text is the exception's name and its message."""


@dataclass(frozen=True)
class Normal:
    """The normal form. `warned` is empty where stderr is left out."""

    printed: str = ""
    warned: str = ""
    displays: tuple[Display, ...] = ()


NOTHING = Normal()
"""The normal form of a cell that shows nothing."""


def normal(outputs: Sequence[Json], *, stderr: bool = False) -> Normal:
    """The normal form of a cell's outputs. What isn't an output by nbformat's schema is compared as JSON.

    stderr is left out if not asked for: a fresh process repeats warnings that one process gives once.
    """
    streams = {"stdout": "", "stderr": ""}
    displays: list[Display] = []
    for output in outputs:
        if not isinstance(output, Mapping):
            displays.append(Display((Part("", _dumped(output)),)))
        elif output.get("output_type") == "stream":
            name = str(output.get("name", "stdout"))
            streams[name] = streams.get(name, "") + text_of(output.get("text", ""))
        elif output.get("output_type") == "error":
            displays.append(_error(output))
        else:
            data = output.get("data")
            parts = sorted(data.items()) if isinstance(data, Mapping) else []
            if parts:
                displays.append(Display(tuple(_part(mime, content) for mime, content in parts)))
    warned = _printed(streams["stderr"]) if stderr else ""
    return Normal(_printed(streams["stdout"]), warned, tuple(displays))


def _error(output: Mapping[str, Json]) -> Display:
    name, message = (_printed(text_of(output.get(key, ""))) for key in ("ename", "evalue"))
    return Display((Part(ERROR, f"{name}: {message}" if message else name),))


def _part(mime: str, content: Json) -> Part:
    if mime == WIDGET:
        return Part(mime, "widget")
    if mime.startswith(_BOKEH) and isinstance(content, Mapping):
        return Part(mime, "bokeh")  # the number of a model; the model is in the script beside it
    if mime == "application/json" or (mime.endswith("+json") and not _is_text(content)) or not _is_text(content):
        return Part(mime, quiet(_dumped(content), Where.DATA))
    text = text_of(content)
    if mime == _SVG:
        return Part(mime, quiet(text, Where.SVG))
    if mime.startswith(_BINARY):
        return _picture(mime, text)
    if mime == "text/plain":
        return Part(mime, _printed(text))
    return Part(mime, quiet(text, Where.MARKUP))


def _picture(mime: str, text: str) -> Part:
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        content = text.encode("utf-8", "surrogatepass")
    return Part(mime, pictures.digest(mime, content), content)


def _printed(text: str) -> str:
    return quiet(shown(text), Where.PRINTED).rstrip("\n")


def _dumped(content: Json) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, indent=1, default=str)


def _is_text(content: Json) -> bool:
    """nbformat keeps text as one string or as its lines."""
    if isinstance(content, str):
        return True
    return isinstance(content, Sequence) and all(isinstance(line, str) for line in content)


def text_of(content: Json) -> str:
    """The text of a stream, or of one form of a display: nbformat keeps it as a string, or as its lines."""
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        return "".join(str(piece) for piece in content)
    return "" if content is None else str(content)
