"""Functions and classes that travel by value in; out, the same object for all of its copies in one process.

cloudpickle does so for classes. Here functions, and the variables that they share, get the same: after a later step
has changed a container of them, `registry["f"] is f` still holds. Where several copies are loaded, the state of the
last one stays.
"""

from __future__ import annotations

import contextlib
import types
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from cloudpickle import cloudpickle

_keys: WeakKeyDictionary[Callable[..., Any], str] = WeakKeyDictionary()
_functions: WeakValueDictionary[str, Callable[..., Any]] = WeakValueDictionary()
_CLASS_TABLES = ("_DYNAMIC_CLASS_TRACKER_BY_CLASS", "_DYNAMIC_CLASS_TRACKER_BY_ID")


def key_of(function: Callable[..., Any]) -> str:
    """What stands for this function in all of its copies."""
    if function not in _keys:
        _keys[function] = uuid.uuid4().hex
        _functions[_keys[function]] = function
    return _keys[function]


def function_of(key: str, make: Callable[..., Any], arguments: tuple[Any, ...]) -> Callable[..., Any]:
    """The function that `key` stands for: the one that is here already, else a new one. Called by unpickling."""
    function = _functions.get(key)
    if function is None:
        function = make(*arguments)
        _keys[function] = key
        _functions[key] = function
    return function


def cell_of(key: str, index: int) -> types.CellType:
    """The variable at `index` of the closure of the function `key`, or a new one. Called by unpickling."""
    closure = getattr(_functions.get(key), "__closure__", None)
    return closure[index] if closure else types.CellType()


@contextlib.contextmanager
def apart() -> Iterator[None]:
    """What is loaded here is new, and leaves the functions and classes that are in use as they are."""
    global _keys, _functions  # the tables are the process's
    before = (_keys, _functions)
    classes = {name: getattr(cloudpickle, name) for name in _CLASS_TABLES if hasattr(cloudpickle, name)}
    _keys, _functions = WeakKeyDictionary(), WeakValueDictionary()
    for name, table in classes.items():
        setattr(cloudpickle, name, type(table)())
    try:
        yield
    finally:
        _keys, _functions = before
        for name, table in classes.items():
            setattr(cloudpickle, name, table)
