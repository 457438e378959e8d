"""pandas objects in; out, how each is pickled so that copy-on-write goes on as it was.

With copy-on-write, pandas objects that share memory are separate values: who writes first takes a copy. Only an array
that was taken out (`df["v"].to_numpy()`) sees what is written, as long as nobody has copied. Which objects count as
sharing is kept by `BlockValuesRefs`, one for each memory; it travels along.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from nb2pipe.runtime.left import Left

_TRIED: set[int] = set()  # ids of frames whose attributes are being tried
_KEPT: list[object] = []  # what stands for references from outside of what was stored


def has_copy_on_write() -> bool:
    """Whether the pandas of this process copies on write."""
    pandas = sys.modules["pandas"]
    if int(pandas.__version__.split(".")[0]) >= 3:
        return True
    return bool(pandas.get_option("mode.copy_on_write") is True)


def reduced_with_attributes(obj: Any, problem: Callable[[object], str]) -> Any:  # noqa: ANN401
    """A frame or a series with the attributes that somebody gave it, which pandas would leave behind.

    `problem` says why a value can't be stored; empty if it can.
    """
    function, arguments, state, *rest = obj.__reduce_ex__(5)
    more = {name: value for name, value in vars(obj).items() if not name.startswith("_") and name not in state}
    if id(obj) in _TRIED:  # an attribute holds the frame itself
        return (function, arguments, state, *rest)
    _TRIED.add(id(obj))
    try:
        problems = {name: problem(value) for name, value in more.items()}
    finally:
        _TRIED.remove(id(obj))
    for name, why in problems.items():
        if why:
            what = f"{type(more[name]).__module__}.{type(more[name]).__qualname__}"
            more[name] = Left(f"the attribute {name!r} of a {type(obj).__name__} stayed in its step: {what}: {why}")
    return (function, arguments, {**state, **more}, *rest)


def reduced_block(block: Any, values: object) -> Any:  # noqa: ANN401
    """A block, as pandas pickles it but with `values` for its array, and with its references."""
    function, arguments, *rest = block.__reduce__()
    return (block_with, (function, (values, *arguments[1:]), block.refs), *rest)


def block_with(function: Any, arguments: Any, refs: Any) -> Any:  # noqa: ANN401
    """Called by unpickling."""
    block = function(*arguments)
    block.refs = refs
    refs.add_reference(block)
    return block


def arrays_of_index(index: Any) -> list[object]:  # noqa: ANN401
    """What an Index consists of: its array with that one's attributes, the codes of one of several levels."""
    array = getattr(index, "_data", None)
    attributes = getattr(array, "__dict__", {})
    return [array, attributes, attributes.get("_cache"), *(getattr(index, "_codes", None) or ())]


def living(refs: Any) -> int:  # noqa: ANN401
    """How many blocks and indexes share the memory of `refs`."""
    return sum(reference() is not None for reference in refs.referenced_blocks)


def keep_referenced(refs: Any, count: int) -> None:  # noqa: ANN401
    """Let something stand for a block that shared the memory and was not stored, so that a write still copies."""
    if living(refs) < count:
        import pandas as pd

        index = pd.Index([])
        _KEPT.append(index)
        refs.add_index_reference(index)


def manager_of(cls: Any, block: object, axis: object) -> object:  # noqa: ANN401
    """The manager of a Series. Called by unpickling."""
    return cls(block, axis)
