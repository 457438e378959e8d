"""An object and its attributes in; out, which of them a library's `functools.cached_property` made of the others."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any


def computed(value: object, names: Iterable[Any]) -> frozenset[Any]:
    """Those of `names` that are there only since somebody has read them.

    None in objects of the notebook's own classes: there analysis sees such a read, and counts it as a change.
    """
    cls = type(value)
    if cls.__module__ == "__main__":
        return frozenset()
    found = {
        name for base in cls.__mro__ for name, item in vars(base).items() if type(item) is functools.cached_property
    }
    return frozenset(found.intersection(names)) if found else frozenset()
