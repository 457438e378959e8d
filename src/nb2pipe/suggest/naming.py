"""Headings, comments and what cells do in, names for steps out: readable, valid and different from each other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from nb2pipe.suggest.words import words

LONGEST = 36
"""Characters of a name that is made here. A step's name may have 63; shorter ones are easier to read in a graph."""

_IMAGE_OR_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_TAG = re.compile(r"<[^>]*>")
_MATHS = re.compile(r"\$[^$]*\$")
_ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_NUMBER = re.compile(
    r"^(?:(?:step|part|section|chapter|exercise|task|q)\s*)?(?:\d+(?:\.\d+)*|[ivx]+(?=[.):]))[.):]*\s+", re.IGNORECASE
)
_QUOTES = "'\u2019\u2018\u02bc`\""
_STOP = re.compile(r"(?<!\bvs)[:;.!?](?=\s|$)|[\u2013\u2014|]|\s-+\s")
_ELISION = re.compile(r"(?<=\b\w)['\u2019](?=\w{2})")  # d'entrée, l'analyse
_MOST_WORDS = 4


def name_of(text: str, *, whole: bool = False) -> str:
    """A step's name for a heading or a comment; empty if nothing of it can be one.

    Letters of all scripts stay, lower case where there is one; numbering, formulas and asides in brackets go, and
    what follows a colon or a dash, unless the `whole` is asked for.
    """
    plain = _MATHS.sub(" ", _TAG.sub(" ", _IMAGE_OR_LINK.sub(r"\1", unicodedata.normalize("NFC", text))))
    numberless = _NUMBER.sub("", plain.strip(" *_#\t").replace("`", ""))
    for candidate in (_ASIDE.sub(" ", numberless), numberless, plain):
        found = _split(candidate) if whole else _words(candidate)
        if found:
            return _joined(found)
    return ""


def _words(text: str) -> list[str]:
    """The words up to the first stop that has at least one before it; the words after it if that is too little."""
    parts = [found for part in _STOP.split(text) if (found := _split(part))]
    if not parts:
        return []
    first = parts[0]
    return first if len("".join(first)) > 2 or len(parts) == 1 else parts[1]


def _split(text: str) -> list[str]:
    text = _ELISION.sub(" ", text)
    for mark in _QUOTES:
        text = text.replace(mark, "")
    kept = "".join(char if _is_letter(char) else " " for char in text)
    found = [word.strip("_") for word in unicodedata.normalize("NFC", kept.lower()).split()]
    found = [word for word in found if word]
    return [word for word in found if word not in words().small] or found


def _is_letter(char: str) -> bool:
    return char == "_" or char.isalnum() or unicodedata.category(char)[0] == "M"


def _joined(found: list[str]) -> str:
    """As many of the first words as make a short name."""
    kept = found[0][:LONGEST]
    for word in found[1:_MOST_WORDS]:
        if len(kept) + 1 + len(word) > LONGEST:
            break
        kept = f"{kept}_{word}"
    last = kept.rpartition("_")[2]
    if last in words().linking and "_" in kept:
        kept = kept.rpartition("_")[0]
    if unicodedata.category(kept[0])[0] == "M":
        kept = f"_{kept}"[:LONGEST]
    return kept.strip("_-") and kept


def deed(verb: str, variable: str) -> str:
    """A step's name for what it does, and to what: `fit_forest`. Either may be empty."""
    name = "".join(char for char in unicodedata.normalize("NFC", variable.lower()) if _is_letter(char)).strip("_")
    return "_".join(part for part in (verb, name if len(name) <= LONGEST // 2 else "") if part)


def fresh(name: str, taken: Collection[str]) -> str:
    """The name, or with a number from 2 on where a name that differs too little is taken."""
    known = {alike(other) for other in taken}
    number, candidate = 1, name
    while alike(candidate) in known:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def alike(name: str) -> str:
    """What names that people would take for one have in common."""
    return name.casefold().replace("-", "_")
