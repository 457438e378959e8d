"""A name in, the known name that was perhaps meant out."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, if one is like it; one that differs only in case comes first."""
    names = sorted(known)
    for other in names:
        if other.casefold() == name.casefold() and other != name:
            return other
    found = get_close_matches(name, [other for other in names if abs(len(other) - len(name)) <= 3], n=1, cutoff=0.75)
    return found[0] if found else None
