"""What the nets of a step cost: sizes in, a table out, each row with its ratio to a plain way of doing the same."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import pickle
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nb2pipe.runtime import units

MAIN: dict[str, Any] = vars(sys.modules["__main__"])


def seconds(action: Callable[[], Any]) -> tuple[float, Any]:
    """The time of one go, and what came out."""
    start = time.perf_counter()
    found = action()
    return time.perf_counter() - start, found


def no_definition(ref: str) -> object:
    """Values here are made of no definition of a notebook."""
    raise KeyError(ref)


def row(name: str, took: float, against: float | None = None) -> float:
    """Print one row of a table; gives the time back."""
    ratio = "" if against is None else f"{took / against:10.3f}"
    print(f"  {name:<44}{took * 1000:12.1f} ms{ratio}")
    return took


def values(megabytes: int) -> dict[str, Any]:
    """What is stored and loaded."""
    cells = megabytes * 125_000
    numbers = np.random.default_rng(0)
    rows = megabytes * 500
    return {
        "an array": numbers.random(cells),
        "a frame of numbers": pd.DataFrame(numbers.random((cells // 10, 10))).rename(columns=str),
        "a list of dicts": [{"id": i, "name": f"n{i}", "tags": [i, i + 1], "v": i * 0.5} for i in range(rows)],
    }


def check(array: np.ndarray[Any, Any], store: Path) -> None:
    """The changed-input check of an array that nobody changed, and of one that somebody did."""
    print(f"changed-input check of an array of {array.nbytes / 1e6:.0f} MB; ratio to hashing it")
    stored, _ = units.save({"x": array}, store, MAIN, {})
    (unit,) = units.load({"x": stored["x"].object}, store, MAIN, no_definition)
    hashing = row("sha256", seconds(lambda: hashlib.sha256(array).digest())[0])
    row("comparing with a copy", seconds(lambda: np.array_equal(array, unit.members["x"]))[0], hashing)
    took, verdict = seconds(lambda: units.changes(unit, store, MAIN, {}, no_definition))
    row(f"check: {verdict['x'].name}", took, hashing)
    unit.members["x"][1] += 1  # type: ignore[index]
    took, verdict = seconds(lambda: units.changes(unit, store, MAIN, {}, no_definition))
    row(f"check: {verdict['x'].name}", took, hashing)


def crossing(name: str, value: object, folder: Path) -> None:
    """Storing and loading, against pickle (and what else people use)."""
    print(f"{name}; ratio to pickle, protocol 5, in a file")
    path = folder / "value"

    def dump() -> None:
        with path.open("wb") as file:
            pickle.dump(value, file, 5)

    def read() -> object:
        with path.open("rb") as file:
            return pickle.load(file)

    saving, loading = seconds(dump)[0], seconds(read)[0]
    row("pickle: save", saving)
    row("pickle: load", loading)
    if isinstance(value, np.ndarray):
        row("np.save", seconds(lambda: np.save(folder / "value.npy", value))[0], saving)
        row("np.load", seconds(lambda: np.load(folder / "value.npy"))[0], loading)
    with contextlib.suppress(ImportError):
        import joblib

        row("joblib: save", seconds(lambda: joblib.dump(value, path))[0], saving)
        row("joblib: load", seconds(lambda: joblib.load(path))[0], loading)
    took, (stored, _) = seconds(lambda: units.save({"x": value}, folder, MAIN, {}))
    row("nb2pipe: save (durably, hashed)", took, saving)
    took, _ = seconds(lambda: units.save({"x": value, "y": [1]}, folder / "other", MAIN, {}))
    row("nb2pipe: save, beside another list", took, saving)
    loaded = {"x": stored["x"].object}
    row("nb2pipe: load (verified)", seconds(lambda: units.load(loaded, folder, MAIN, no_definition))[0], loading)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=800)
    size = parser.parse_args().megabytes
    made = values(size)
    for name, value in made.items():
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as place:
            if name == "an array":
                check(value, Path(place))
            crossing(name, value, Path(place))


if __name__ == "__main__":
    main()
