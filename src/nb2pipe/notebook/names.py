"""Step names in, normal forms and ids out. No other module decides what a step may be called."""

from __future__ import annotations

import hashlib
import unicodedata
from difflib import get_close_matches

MAX_NAME = 63
"""Characters of a step's name, and of its id: what Kubernetes allows for a label and for most names."""

NAME_RULE = f"letters, digits, `_` and `-`, at most {MAX_NAME} characters"
_HASH = 6
_SHOWN = 60


def normal(name: str) -> str:
    """The name in Unicode's form NFC: a notebook saved on macOS may hold `é` as two characters."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def is_name(name: str) -> bool:
    """True for letters, digits, `_` and `-` of any script, at most 63 of them, in form NFC.

    Combining marks are allowed after the first character: Hindi or Thai can't be written without them.
    """
    if not 0 < len(name) <= MAX_NAME or normal(name) != name or unicodedata.category(name[0])[0] == "M":
        return False
    return all(char in "_-" or unicodedata.category(char)[0] == "M" or char.isalnum() for char in name)


def suggest_name(text: str) -> str | None:
    """A legal name near `text`: spaces become `_`, what is not allowed goes. None where nothing would be left."""
    words = "_".join(normal(text[: 4 * MAX_NAME]).split())
    kept = "".join(char for char in words if char in "_-" or char.isalnum())[:MAX_NAME]
    return kept if kept.strip("_-") and is_name(kept) else None


def slug(name: str) -> str:
    """The id of a step: ASCII `[a-z0-9][a-z0-9_-]*`, at most 63 characters.

    The name itself where it is such a slug already; otherwise what is left of it, `-`, and 6 hex digits of the
    SHA-256 of the name, so that two names with the same rest still have two ids.
    """
    letters = unicodedata.normalize("NFKD", name).lower()  # in this order: 𝘈 has no lower case, A has
    kept = "".join(char for char in letters if char in "_-" or (char.isascii() and char.isalnum()))
    kept = kept.lstrip("_-")
    if kept == name:
        return name
    digest = hashlib.sha256(normal(name).encode()).hexdigest()[:_HASH]
    return f"{kept[: MAX_NAME - _HASH - 1] or 'step'}-{digest}"


def nearest(word: str, known: list[str]) -> str | None:
    """The one of `known` that `word` is most like, or None."""
    found = get_close_matches(word[: 2 * MAX_NAME], known, n=1, cutoff=0.6)
    return found[0] if found else None


def shown(text: str) -> str:
    """Text of the user's as one short line that is safe to print."""
    short = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "".join(char if char.isprintable() else "\ufffd" for char in short)
