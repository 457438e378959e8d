"""An object and its attributes in; out, which of them a library has computed of the others for itself alone."""

from __future__ import annotations

import functools
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from typing import Any

_INSTALLED = ("site-packages", "dist-packages")
_STANDARD = sysconfig.get_path("stdlib")
_CACHE = "_cache"
_CACHES = frozenset({"cache_readonly", "cache_writable", "CachedAttribute", "CachedProperty"})
"""Descriptors of statsmodels and pandas that keep what they compute in the dict `_cache` of their object."""
_OF_ITSELF = {
    "holoviews": frozenset({"_plot_id"}),  # the `id()` of an element
    "iminuit": frozenset({"_time"}),  # the seconds that a minimum took
    "sklearn": frozenset({"_stop_words_id"}),  # the `id()` of a vectorizer's stop words
    # what `summary()` and `nobs` of a regression have computed; memory that a model works in, filled by nobody at first
    "statsmodels": frozenset({"diagn", "_nobs_int", "_tmp_like_exog"}),
}


def is_own(cls: type) -> bool:
    """True for a class of the notebook, or of a module that isn't installed."""
    if cls.__module__ == "__main__":
        return True
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return isinstance(file, str) and not file.startswith(_STANDARD) and not any(part in file for part in _INSTALLED)


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
    found |= _OF_ITSELF.get(cls.__module__.partition(".")[0], frozenset())
    return frozenset(found.intersection(names)) if found else frozenset()


def unread(value: object, now: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes `now` without what reads of them have computed since `before`."""
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


def caches(value: object, names: Iterable[Any]) -> frozenset[Any]:
    """Those of `names` that say of themselves that they are a library's own caches: `_cache`, `_summary_cache`."""
    if is_own(type(value)):
        return frozenset()
    return frozenset(name for name in names if str(name).startswith("_") and "cache" in str(name))
