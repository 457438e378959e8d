"""Classes of the notebook that were loaded by value, and what unpickling them a second time does to them.

cloudpickle knows such a class again by an id, and gives the one that is there the attributes that were stored. To look
at an old value, they are put back afterwards; what they were in between is what the class was like when it was stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cloudpickle import cloudpickle

_State = dict[str, Any]
# made by Python itself, or by what uses the class
_NOT_COMPARED = frozenset({"__dict__", "__weakref__", "__doc__", "_abc_impl", "__slotnames__", "__firstlineno__"})


@contextmanager
def kept_as_they_are() -> Iterator[dict[type, _State]]:
    """Yields the attributes that each class has now, and gives them back to it at the end."""
    now = {cls: dict(vars(cls)) for cls in _tracked()}
    try:
        yield now
    finally:
        for cls, state in now.items():
            _give(cls, state)


def differing(now: dict[type, _State]) -> dict[type, tuple[_State, _State]]:
    """The classes that have been given other attributes meanwhile: those that they had, and those that they have."""
    found = {}
    for cls, state in now.items():
        other = dict(vars(cls))
        if any(state.get(key) is not value for key, value in other.items()):
            found[cls] = (_compared(state), _compared(other))
    return found


def _compared(state: _State) -> _State:
    return {key: value for key, value in state.items() if key not in _NOT_COMPARED}


def _tracked() -> list[type]:
    return [cls for cls in list(cloudpickle._DYNAMIC_CLASS_TRACKER_BY_CLASS) if cls.__module__ == "__main__"]


def _give(cls: type, state: _State) -> None:
    given = vars(cls)
    for key in [key for key in given if key not in state]:
        type.__delattr__(cls, key)
    for key, value in state.items():
        if key not in ("__dict__", "__weakref__") and given.get(key) is not value:
            type.__setattr__(cls, key, value)
