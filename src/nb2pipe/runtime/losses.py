"""An instance of a class of the user's own that says itself how it is pickled, in; refused if it would arrive changed.

`__getstate__` may leave out what cells look at; `__reduce__` may make it anew with something else in it. A library's
class is taken at its word, unless its own `==` says that what arrives is another.
"""

from __future__ import annotations

import copy
import io
import pickle
import sys
import types
from collections import Counter
from collections.abc import Mapping
from typing import Any

from nb2pipe.runtime.arrays import CannotLeave
from nb2pipe.runtime.changes import Verdict, compare
from nb2pipe.runtime.computed import is_own

_WAYS = ("__getstate__", "__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__")
_MAX_TRIED_BYTES = 1_000_000
_MAX_TRIED = 200  # instances of one class: where that many arrive as they are, the others do too

_tried: Counter[type] = Counter()


def own_way(obj: Any) -> Any:  # noqa: ANN401
    """How `obj` is pickled, if a class of the user's says so; else None. Raises CannotLeave."""
    cls = type(obj)
    ways = [name for base in cls.__mro__ if is_own(base) for name in _WAYS if name in vars(base)]
    if isinstance(obj, (type, BaseException)):
        return None
    if not ways:
        kept = _kept_elsewhere(obj, cls)
        if kept:
            raise CannotLeave(f"its class `{cls.__qualname__}` keeps {kept}")
        if _arrives_unequal(obj, cls):
            raise CannotLeave(f"its class `{cls.__qualname__}` says itself that what a pickle makes of it is another")
        return None
    reduced = obj.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
    attributes = getattr(obj, "__dict__", None)
    if not isinstance(reduced, tuple) or type(attributes) is not dict:
        return reduced
    lost = _lost(obj, reduced, attributes)
    if lost:
        raise CannotLeave(f"its class `{cls.__qualname__}` does not hand on `{lost}` as it is (`{ways[0]}`)")
    return reduced


_ELSEWHERE = {
    # class of a library -> (an attribute that is set where more belongs to the object, what it is)
    ("holoviews.core.dimension", "LabelledData"): ("_id", "what `.opts` set outside of it, in `holoviews.Store`"),
}


def _kept_elsewhere(obj: Any, cls: type) -> str:  # noqa: ANN401
    """What belongs to the object and no pickle of it holds; empty if all of it is in there."""
    for base in cls.__mro__:
        attribute, what = _ELSEWHERE.get((base.__module__, base.__qualname__), ("", ""))
        if attribute and getattr(obj, attribute, None) is not None:
            return what
    return ""


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


def _arrives_unequal(obj: Any, cls: type) -> bool:  # noqa: ANN401
    """True if the class of a library has an `==`, which says that what a pickle makes of `obj` is another.

    What two pickles make must be equal, else that `==` tells nothing: it goes by identity, or there is a NaN.
    """
    if _tried[cls] >= _MAX_TRIED or not (_written(cls, "__eq__") and _written(cls, "__setstate__")):
        return False
    _tried[cls] += 1
    try:
        if (obj == obj) is not True:  # it may be an array, or always False
            return False
        content = _Small()
        pickle.Pickler(content, pickle.HIGHEST_PROTOCOL).dump(obj)
        one, other = (pickle.loads(content.getvalue()) for _ in range(2))
        unequal = (one == other) is True and (one == obj) is False
    except Exception:  # noqa: BLE001  # it can't be tried: it is large, or holds what only our pickler can take
        return False
    if unequal:
        del _tried[cls]
    return unequal


def _written(cls: type, method: str) -> bool:
    """True if the method is Python code of a library's."""
    found = getattr(cls, method, None)
    return isinstance(found, types.FunctionType) and found.__module__.partition(".")[0] not in sys.stdlib_module_names


class _Small(io.BytesIO):
    """Takes only so many bytes."""

    def write(self, content: Any) -> int:  # noqa: ANN401
        if self.tell() + memoryview(content).nbytes > _MAX_TRIED_BYTES:
            raise ValueError("too large to be tried")
        return super().write(content)
