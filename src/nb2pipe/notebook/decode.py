"""A notebook's bytes in, plain JSON data out, within bounds. What it means is `read`'s business.

Stricter than Python's own reader where leniency hides a mistake: a key given twice (a merge gone wrong), NaN
(no browser opens it), nesting without end.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

from nb2pipe.config import Limits
from nb2pipe.errors import BadInput, Nb2pipeError
from nb2pipe.model import Json, Location
from nb2pipe.notebook.files import require_size
from nb2pipe.notebook.names import shown

_CONFLICT = re.compile(r"^<{7} .*$", re.MULTILINE)
_WIDE = (
    (codecs.BOM_UTF32_LE, "UTF-32"),  # before UTF-16: its mark begins alike
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_DEEPEST = 250  # whatever NB2PIPE_MAX_DEPTH says: readers after this one recurse, two frames a level
_LITERALS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")


class _Refused(ValueError):
    """A value that JSON text can hold and a notebook can't. The message is for people, `hint` the fix."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def decode(content: bytes, limits: Limits, at: Location) -> dict[str, Any]:
    """The notebook's top-level object, as new dicts and lists that nobody else holds.

    Raises BadInput: too large, too deep, not UTF-8, not JSON, or no object.
    """
    require_size(len(content), limits, at)
    data = _loads(_text(content, at), at)
    if not isinstance(data, dict):
        raise BadInput.of(
            "N2P108", f"this is {_kind(data)}, not a notebook", at=at, hint="a notebook's top level is a JSON object"
        )
    _require_bounds(data, limits, at)
    return data


def encode(content: Mapping[str, Json], at: Location) -> bytes:
    """The bytes of a notebook file with this content. Raises BadInput for what is no JSON data."""
    try:
        return json.dumps(content, default=_plain).encode()
    except (TypeError, ValueError, RecursionError) as error:
        message = f"the notebook's content is no JSON data: {shown(str(error))}"
        raise BadInput.of("N2P107", message, at=at, hint="pass what `json.loads` gives for an .ipynb file") from error


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} is not part of JSON")


def _text(content: bytes, at: Location) -> str:
    wide = next((name for mark, name in _WIDE if content.startswith(mark)), None)
    if wide is None and b"\0" in content[:4]:
        wide = "UTF-16 or binary data"
    if wide is not None:
        raise BadInput.of("N2P106", f"the notebook is saved as {wide}, not as UTF-8", at=at, hint="save it as UTF-8")
    try:
        # A byte order mark is not Jupyter's way (it refuses the file), but it is harmless and Windows editors add it.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput.of(
            "N2P106", f"the notebook is not UTF-8 text: byte {error.start:,} is wrong", at=at, hint="save it as UTF-8"
        ) from error


def _loads(text: str, at: Location) -> object:
    if not text.strip():
        raise BadInput.of("N2P107", "the notebook file is empty", at=at, hint="open it in Jupyter and save it")
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except _Refused as error:
        raise BadInput.of("N2P107", f"the notebook is not valid: {error}", at=at, hint=error.hint) from error
    except json.JSONDecodeError as error:
        raise _not_json(text, error, at) from error
    except RecursionError as error:
        raise _too_deep(at) from error
    except ValueError as error:  # int() refuses thousands of digits
        raise _large_number(at) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # add gives None
        raise _Refused(
            f"the key `{shown(twice)}` stands twice in one object",
            "a merge may have gone wrong: keep one of the two, or open the notebook in Jupyter and save it",
        )
    return found


def _constant(name: str) -> None:
    raise _Refused(f"{name} is not part of JSON", "clear the outputs of the cell that shows it, and save")


def _not_json(text: str, error: json.JSONDecodeError, at: Location) -> Nb2pipeError:
    conflict = _CONFLICT.search(text)
    if conflict is not None:
        line = text.count("\n", 0, conflict.start()) + 1
        return BadInput.of(
            "N2P107",
            f"the file holds an unresolved merge conflict (line {line} of the file)",
            at=at,
            hint="resolve it first: `nbdime mergetool`, or `git checkout --ours`/`--theirs` for this file",
        )
    rest = text[error.pos :].rstrip()
    if not rest or error.msg.startswith("Unterminated") or any(word.startswith(rest) for word in _LITERALS):
        return BadInput.of(
            "N2P107",
            f"the file ends too early, in line {error.lineno}: it was not written to its end",
            at=at,
            hint="take it from Git, a backup or `.ipynb_checkpoints`",
        )
    return BadInput.of(
        "N2P107",
        f"this is not a notebook: no JSON at line {error.lineno} of the file ({error.msg.lower()})",
        at=at,
        hint="an .ipynb file is JSON; take it from Git or a backup",
    )


def _require_bounds(data: dict[str, Any], limits: Limits, at: Location) -> None:
    """Depth and numbers, without recursion."""
    deepest = min(limits.max_depth, _DEEPEST)
    waiting: list[tuple[dict[str, Any] | list[Any], int]] = [(data, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > deepest:
            raise _too_deep(at)
        for item in value.values() if isinstance(value, dict) else value:
            if isinstance(item, dict | list):
                waiting.append((item, depth + 1))
            elif isinstance(item, float) and not isfinite(item):  # 1e999 reads as infinity
                raise _large_number(at)


def _large_number(at: Location) -> Nb2pipeError:
    message = "the notebook holds a number too large for JSON readers"
    return BadInput.of("N2P107", message, at=at, hint="clear the outputs of the cell that shows it, and save")


def _too_deep(at: Location) -> Nb2pipeError:
    return BadInput.of(
        "N2P105",
        "the notebook nests lists and objects too deeply",
        at=at,
        hint=f"clear its outputs, or set NB2PIPE_MAX_DEPTH (at most {_DEEPEST})",
    )


def _kind(data: object) -> str:
    if data is None:
        return "`null`"
    if isinstance(data, list):
        return "a JSON list"
    return "a bare string" if isinstance(data, str) else "a bare number or truth value"
