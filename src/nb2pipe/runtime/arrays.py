"""NumPy arrays in; out, which of them show one memory, and how each is pickled so that they show one memory again.

Two arrays share memory if their bytes overlap, whatever made them do so (`.base`, `as_strided`, pandas): what can be
seen from outside is the same. A memory that one array alone shows is that array's own, and is pickled with it.
"""

from __future__ import annotations

import bisect
import ctypes
import mmap
import pickle
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


class CannotLeave(pickle.PicklingError):
    """A value that must not leave its process. The message says why, for people."""


@dataclass(frozen=True)
class Shown:
    """An array, and the addresses that it shows. `bare`: not inside of a pandas object that copies on write."""

    low: int
    high: int
    bare: bool
    array: Any

    @staticmethod
    def by(array: Any, *, bare: bool) -> Shown:  # noqa: ANN401
        """What `array` shows; `low` equals `high` if it is empty."""
        low = high = array.__array_interface__["data"][0]
        if array.size:
            for length, stride in zip(array.shape, array.strides, strict=True):
                if stride < 0:
                    low += (length - 1) * stride
                else:
                    high += (length - 1) * stride
            high += array.itemsize
        return Shown(low, high, bare, array)


@dataclass(frozen=True)
class Memory:
    """A piece of memory that several arrays show."""

    low: int
    high: int
    bare: bool
    shown: tuple[Shown, ...]
    owner: Any  # the array that is pickled with the bytes; the others are views of it


class Memories:
    """The pieces of memory that more than one of `shown` shows."""

    def __init__(self, shown: Iterable[Shown] = ()) -> None:
        self.all = [_memory(cluster) for cluster in clusters(shown)]
        self._lows = [memory.low for memory in self.all]

    def of(self, shown: Shown) -> Memory | None:
        """The piece that an array shows together with others."""
        place = bisect.bisect_right(self._lows, shown.low) - 1
        if place < 0 or shown.low == shown.high or shown.high > self.all[place].high:
            return None
        return self.all[place]


def clusters(shown: Iterable[Shown]) -> list[list[Shown]]:
    """The arrays that overlap, directly or by others between them; those that overlap with none are left out."""
    distinct = {(id(item.array), item.bare): item for item in shown if item.low < item.high}
    found: list[list[Shown]] = []
    end = -1
    for item in sorted(distinct.values(), key=lambda item: (item.low, -item.high)):
        if item.low < end:
            found[-1].append(item)
        else:
            found.append([item])
        end = max(end, item.high)
    return [cluster for cluster in found if len({id(item.array) for item in cluster}) > 1]


def _memory(cluster: Sequence[Shown]) -> Memory:
    low, high = cluster[0].low, max(item.high for item in cluster)
    bare = any(item.bare for item in cluster)
    return Memory(low, high, bare, tuple(cluster), _owner(cluster, low, high))


def _owner(cluster: Sequence[Shown], low: int, high: int) -> Any:  # noqa: ANN401
    """An array that shows the whole piece without gaps: one of them, if there is, or one that is made for it."""
    import numpy as np

    whole = [item.array for item in cluster if (item.low, item.high) == (low, high)]
    objects = any(item.array.dtype.hasobject for item in cluster)
    if objects:
        whole += [array for item in cluster for array in _bases(item.array)]
    for array in sorted(whole, key=lambda array: array.base is not None):
        if type(array) is np.ndarray and array.flags.forc and (array.flags.writeable or objects):
            return array
    if objects:
        raise CannotLeave("arrays of objects that share memory, of which none shows all of it, would arrive apart")
    return np.frombuffer((ctypes.c_ubyte * (high - low)).from_address(low), np.uint8)


def _bases(array: Any) -> list[Any]:  # noqa: ANN401
    import numpy as np

    found = []
    while array is not None:
        if type(array) is np.ndarray:
            found.append(array)
        array = getattr(array, "base", None)
    return found


def refuse_mapped(array: Any) -> None:  # noqa: ANN401
    """Raises CannotLeave for an array that is a window on a file: what is written to it is written there."""
    import numpy as np

    base = array
    while base is not None:
        if type(base) is np.memmap and isinstance(getattr(base, "_mmap", None), mmap.mmap):
            if base is array or base.mode in ("r+", "w+"):
                raise CannotLeave("an array mapped from a file is bound to that file: open it anew where it is used")
            return
        base = getattr(base, "base", None)


def reduced(array: Any, memory: Memory | None) -> Any:  # noqa: ANN401
    """How an exact ndarray is pickled, in pickle's terms; NotImplemented: as NumPy does it."""
    if memory is not None:
        if memory.owner is array:
            return NotImplemented
        offset = array.__array_interface__["data"][0] - Shown.by(memory.owner, bare=True).low
        return (view_of, (memory.owner, array.dtype, array.shape, array.strides, offset, array.flags.writeable))
    if array.flags.forc or array.dtype.hasobject:
        return NotImplemented
    return (view_of, _dense(array))


def _dense(array: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """The arguments of `view_of` for an array with gaps: a copy without them, its axes in memory's order as they were.

    The order of the axes, their direction and repeats matter: sums are added up in the order of memory.
    """
    strides = list(array.strides)
    part = tuple(slice(0, 1) if stride == 0 else slice(None, None, -1 if stride < 0 else 1) for stride in array.strides)
    dense = array[part].copy(order="K")
    offset = 0
    for axis, stride in enumerate(strides):
        strides[axis] = 0 if stride == 0 else dense.strides[axis] * (1 if stride > 0 else -1)
        offset += (array.shape[axis] - 1) * dense.strides[axis] if stride < 0 else 0
    return (dense.ravel(order="K"), array.dtype, array.shape, tuple(strides), offset, array.flags.writeable)


def view_of(owner: Any, dtype: Any, shape: Any, strides: Any, offset: int, writeable: bool) -> Any:  # noqa: ANN401
    """The view that `reduced` took apart. Called by unpickling."""
    import numpy as np

    buffer = owner if owner.flags.c_contiguous else owner.T
    view = np.ndarray(shape, dtype, buffer=buffer, offset=offset, strides=strides)
    if not writeable:
        view.flags.writeable = False
    return view


def view_over(exporter: Any, dtype: Any, shape: Any, strides: Any, offset: int, writeable: bool) -> Any:  # noqa: ANN401
    """An array over the bytes of what is no array. Called by unpickling."""
    import numpy as np

    return view_of(np.frombuffer(exporter, np.uint8), dtype, shape, strides, offset, writeable)


def subclass_of(plain: Any, cls: Any) -> Any:  # noqa: ANN401
    """An instance of a subclass of ndarray over the memory of `plain`. Called by unpickling."""
    return plain.view(cls)
