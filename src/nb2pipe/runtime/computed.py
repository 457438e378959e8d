"""An object and its attributes in; out, which of them a library has computed of the others for itself alone."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

_ADDRESSES = frozenset({"_stop_words_id"})  # where scikit-learn's vectorizers keep the `id()` of their stop words


def computed(value: object, names: Iterable[Any]) -> frozenset[Any]:
    """Those of `names` that are there only since somebody has read them: by `functools.cached_property`; and addresses.

    None in objects of the notebook's own classes: there analysis sees such a read, and counts it as a change.
    """
    cls = type(value)
    if cls.__module__ == "__main__":
        return frozenset()
    found = {
        name for base in cls.__mro__ for name, item in vars(base).items() if type(item) is functools.cached_property
    }
    if cls.__module__.startswith("sklearn."):
        found |= _ADDRESSES
    return frozenset(found.intersection(names)) if found else frozenset()
