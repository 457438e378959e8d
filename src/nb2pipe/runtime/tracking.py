"""Functions and classes that travel by value in; out, the same object for all of its copies in one process.

cloudpickle does so for classes. Here functions, and the variables that they share, get the same: after a later step
has changed a container of them, `registry["f"] is f` still holds. Where several copies are loaded, the state of the
last one stays.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import types
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from cloudpickle import cloudpickle

_keys: WeakKeyDictionary[Callable[..., Any], str] = WeakKeyDictionary()
_functions: WeakValueDictionary[str, Callable[..., Any]] = WeakValueDictionary()
_maker = ""  # the step that functions and classes are new in
_made: Counter[str] = Counter()
_CELL = re.compile(
    r"([/\\]ipykernel_)\d+([/\\])\d+\.py$"
)  # a cell's file: the kernel's number, the whole cell's digest
_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_CLASS_TABLES = ("_DYNAMIC_CLASS_TRACKER_BY_CLASS", "_DYNAMIC_CLASS_TRACKER_BY_ID")


def begin(step_id: str) -> None:
    """From now on, what is new is this step's: run again, it gives its functions and classes the same keys.

    So equal values are stored as equal bytes, and steps that take them need not run again.
    """
    global _maker  # noqa: PLW0603  # the process's
    if step_id != _maker:
        _maker = step_id
        _made.clear()


def _new_key(kind: str) -> str:
    """A key that nothing else has: how many of this kind the step has made so far is a part of it."""
    if not _maker:
        return uuid.uuid4().hex
    made = f"{_maker}\n{kind}"
    _made[made] += 1
    return hashlib.sha256(f"{made}\n{_made[made]}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _kind_of(code: types.CodeType) -> str:
    consts = [repr(item) for item in code.co_consts if type(item) in _PLAIN]
    return f"function {code.co_name} {code.co_code.hex()} {code.co_names} {code.co_varnames} {consts}"


def lasting(code: types.CodeType) -> types.CodeType:
    """The same code under a file's name that changes neither with the kernel nor with the cell around it."""
    name = _CELL.sub(r"\g<1>0\g<2>0.py", code.co_filename)
    return code if name == code.co_filename else code.replace(co_filename=name)


def note_class(cls: type) -> None:
    """Give a class that will travel by value its key, before cloudpickle makes up one."""
    by_class, by_id = (getattr(cloudpickle, name, None) for name in _CLASS_TABLES)
    if not _maker or by_class is None or by_id is None or cloudpickle._should_pickle_by_reference(cls):
        return
    if cls not in by_class:
        key = by_class[cls] = _new_key(f"class {cls.__qualname__}")
        by_id[key] = cls


def key_of(function: types.FunctionType) -> str:
    """What stands for this function in all of its copies."""
    if function not in _keys:
        _keys[function] = _new_key(_kind_of(function.__code__))
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
