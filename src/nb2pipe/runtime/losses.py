"""An instance of a class of the user's own that says itself how it is pickled, in; refused if it would arrive changed.

`__getstate__` may leave out what cells look at; `__reduce__` may make it anew with something else in it. A library's
class is taken at its word.
"""

from __future__ import annotations

import copy
import pickle
import sys
import sysconfig
from collections.abc import Mapping
from typing import Any

from nb2pipe.runtime.arrays import CannotLeave
from nb2pipe.runtime.changes import Verdict, compare

_WAYS = ("__getstate__", "__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__")
_INSTALLED = ("site-packages", "dist-packages")
_STANDARD = sysconfig.get_path("stdlib")


def own_way(obj: Any) -> Any:  # noqa: ANN401
    """How `obj` is pickled, if a class of the user's says so; else None. Raises CannotLeave."""
    cls = type(obj)
    ways = [name for base in cls.__mro__ if _is_own(base) for name in _WAYS if name in vars(base)]
    if not ways or isinstance(obj, (type, BaseException)):
        return None
    reduced = obj.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
    attributes = getattr(obj, "__dict__", None)
    if not isinstance(reduced, tuple) or type(attributes) is not dict:
        return reduced
    lost = _lost(obj, reduced, attributes)
    if lost:
        raise CannotLeave(f"its class `{cls.__qualname__}` does not hand on `{lost}` as it is (`{ways[0]}`)")
    return reduced


def _is_own(cls: type) -> bool:
    """True for a class of the notebook, or of a module that isn't installed."""
    if cls.__module__ == "__main__":
        return True
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return isinstance(file, str) and not file.startswith(_STANDARD) and not any(part in file for part in _INSTALLED)


def _lost(obj: Any, reduced: tuple[Any, ...], attributes: Mapping[str, object]) -> str:  # noqa: ANN401
    """The first attribute that what is made of `reduced` has not, or has otherwise."""
    state = reduced[2] if len(reduced) > 2 else None
    if type(state) is dict and not hasattr(type(obj), "__setstate__"):
        made: Mapping[str, object] = state
    else:
        made = vars(copy._reconstruct(obj, None, *reduced))  # type: ignore[attr-defined]  # as copy.copy
    for name, value in attributes.items():
        if name not in made or (made[name] is not value and compare(made[name], value) is not Verdict.SAME):
            return name
    return next((name for name in made if name not in attributes), "")
