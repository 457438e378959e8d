"""A value of NumPy, pandas or matplotlib in; out, what counts of it, added to a walk (`describe`): is it one of theirs?

A library is looked at only where the notebook has imported it.
"""

from __future__ import annotations

import sys
from typing import Any, Protocol


class Walk(Protocol):
    """What `describe` walks with."""

    numbers: Any

    def add(self, value: object) -> None:
        """Take a value apart."""

    def token(self, kind: str, content: bytes = b"") -> None:
        """Something that must be equal to the letter."""

    def close(self, value: object) -> None:
        """A value that can't be looked into."""


def type_name(value: object) -> str:
    """`pandas.DataFrame` rather than `pandas.core.frame.DataFrame`."""
    cls = type(value)
    package = str(getattr(cls, "__module__", "") or "").partition(".")[0]
    return cls.__qualname__ if package in ("builtins", "__main__", "") else f"{package}.{cls.__qualname__}"


def numpy_value(walk: Walk, value: Any) -> bool:  # noqa: ANN401
    import numpy as np

    if isinstance(value, np.ma.MaskedArray):
        walk.token("masked", str(value.dtype).encode())
        walk.add(np.ma.getmaskarray(value))
        walk.add(np.asarray(value.filled(0) if value.dtype.names is None else value.data))
    elif isinstance(value, np.ndarray):
        walk.token("array", f"{type_name(value)} {value.dtype.str} {value.shape}".encode())
        _array(walk, np.asarray(value))
    elif isinstance(value, np.generic):
        walk.token("scalar", str(value.dtype).encode())
        _array(walk, np.asarray(value))
    elif isinstance(value, np.dtype):
        walk.token("dtype", repr(value).encode())
    elif isinstance(value, np.ufunc):
        walk.token("ufunc", value.__name__.encode())
    elif value is getattr(getattr(np.random, "mtrand", None), "_rand", None):
        walk.token("numpy's global generator")
    else:
        return False
    return True


def _array(walk: Walk, value: Any) -> None:  # noqa: ANN401
    """The elements in C order."""
    import numpy as np

    kind = value.dtype.kind
    if value.dtype.names:
        for name in value.dtype.names:
            walk.add(value[name])
    elif kind == "f":
        walk.numbers.frombytes(np.ascontiguousarray(value, dtype="d").tobytes())
    elif kind == "c":
        walk.numbers.frombytes(np.ascontiguousarray(value, dtype="D").tobytes())
    elif kind == "O":
        for item in value.ravel():
            walk.add(item)
    else:
        walk.token("elements", np.ascontiguousarray(value).tobytes())


def pandas_value(walk: Walk, value: Any) -> bool:  # noqa: ANN401
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        walk.token("frame", type_name(value).encode())
        walk.add(value.index)
        walk.add(value.columns)
        walk.add(value.attrs)
        for position in range(len(value.columns)):
            walk.add(value.iloc[:, position].array)
    elif isinstance(value, pd.Series):
        walk.token("series", type_name(value).encode())
        walk.add(value.name)
        walk.add(value.index)
        walk.add(value.attrs)
        walk.add(value.array)
    elif isinstance(value, pd.MultiIndex):
        walk.token("multiindex")
        walk.add(list(value.names))
        for level in range(value.nlevels):
            walk.add(value.get_level_values(level).array)
    elif isinstance(value, pd.Index):
        walk.token("index", type_name(value).encode())
        walk.add(value.name)
        walk.add(getattr(value, "freqstr", None))
        walk.add(value.array)
    elif isinstance(value, pd.Categorical):
        walk.token("categorical", str(value.ordered).encode())
        walk.add(value.codes)
        walk.add(value.categories)
    elif isinstance(value, pd.api.extensions.ExtensionArray):
        _extension_array(walk, value)
    elif value is pd.NA or value is pd.NaT:
        walk.token("missing", repr(value).encode())
    else:
        return False
    return True


def _extension_array(walk: Walk, value: Any) -> None:  # noqa: ANN401
    import numpy as np

    walk.token("column", str(value.dtype).encode("utf-8", "surrogatepass"))
    plain = getattr(value, "_ndarray", None)
    if isinstance(plain, np.ndarray):  # NumPy's own types, dates, strings
        _array(walk, plain)
        return
    missing = np.asarray(value.isna())
    walk.add(missing)
    kind = getattr(value.dtype, "kind", "O")
    if kind in "fiub":
        fill: Any = 0.0 if kind == "f" else 0
        _array(walk, value.to_numpy(dtype="d" if kind == "f" else kind + "8" if kind in "iu" else bool, na_value=fill))
        return
    items = np.asarray(value, dtype=object)
    for item, gone in zip(items, missing, strict=True):
        walk.add(None if gone is np.True_ or gone else item)


def is_drawn(value: object) -> bool:
    artist = sys.modules.get("matplotlib.artist")
    return artist is not None and isinstance(value, artist.Artist)


def matplotlib_value(walk: Walk, value: Any) -> bool:  # noqa: ANN401
    """A figure by its pixels; its parts show in it."""
    if not is_drawn(value):
        return False
    figure = sys.modules.get("matplotlib.figure")
    if figure is None or not isinstance(value, figure.Figure):
        walk.close(value)
        return True
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = value.canvas
    try:
        agg = FigureCanvasAgg(value)
        agg.draw()
        pixels = bytes(agg.buffer_rgba())
    finally:
        value.set_canvas(canvas)
    walk.token("figure", f"{value.get_size_inches()} {value.dpi}".encode())
    walk.token("pixels", pixels)
    return True


def is_immutable(value: object) -> bool:
    """True for what pandas makes anew, or shares, as it likes: nobody can tell whether it is one object or two."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, (pandas.Index, pandas.api.extensions.ExtensionArray))
