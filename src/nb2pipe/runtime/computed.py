"""An object and its attributes in; out, which of them a library has computed of the others for itself alone."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

_CACHE = "_cache"
_CACHES = frozenset({"cache_readonly", "cache_writable", "CachedAttribute", "CachedProperty"})
"""Descriptors of statsmodels and pandas that keep what they compute in the dict `_cache` of their object."""
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


def unread(value: object, now: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The attributes `now` without what reads of them have computed since `before`; None: ever."""
    before = before or {}
    computed_since = computed(value, now.keys() - before.keys())
    found = {name: item for name, item in now.items() if name not in computed_since}
    cache, was = found.get(_CACHE), before.get(_CACHE, {})
    cls = type(value)
    if cache is was or type(cache) is not dict or type(was) is not dict or cls.__module__ == "__main__":
        return found
    names = {name for base in cls.__mro__ for name, item in vars(base).items() if type(item).__name__ in _CACHES}
    kept = {name: item for name, item in cache.items() if name not in names or name in was}
    if kept or _CACHE in before:
        return {**found, _CACHE: kept}
    return {name: item for name, item in found.items() if name != _CACHE}  # the first read has made it
