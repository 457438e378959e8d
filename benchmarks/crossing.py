"""Values that cross between steps: an array to writing its bytes, others to what people use for them."""

from __future__ import annotations

import gc
import os
import pickle
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.measuring import Row, compared, seconds
from nb2pipe.runtime import digests, units

MAIN: dict[str, Any] = vars(sys.modules["__main__"])
digests.use(digests.QUICK)  # as a run tells its kernels, where the package is there


def _no_definition(ref: str) -> object:
    raise KeyError(ref)


def _fresh(store: Path) -> Path:
    shutil.rmtree(store, ignore_errors=True)
    store.mkdir()
    return store


def array(folder: Path, rounds: int) -> Iterator[Row]:
    """800 MB: save (durably, hashed), load (verified), read each page, and the check that nobody changed it."""
    import numpy as np

    value = np.random.default_rng(0).random(100_000_000)
    content = memoryview(value).cast("B")
    store, plain = folder / "store", folder / "plain"

    def ours() -> float:
        _fresh(store)

        def go() -> None:
            stored, _ = units.save({"x": value}, store, MAIN, {})
            (unit,) = units.load({"x": stored["x"].object}, store, MAIN, _no_definition)
            float(unit.members["x"][::512].sum())  # type: ignore[index]
            units.changes(unit, store, MAIN, {}, _no_definition)

        return seconds(go)

    def written(*, durable: bool) -> float:
        plain.unlink(missing_ok=True)

        def go() -> None:
            with plain.open("wb", buffering=0) as file:
                rest = content
                while rest:
                    rest = rest[file.write(rest) :]
                if durable:
                    os.fsync(file.fileno())

        return seconds(go)

    ratio, base = compared(ours, lambda: written(durable=False), rounds)
    note = f"verified by {digests.for_size(value.nbytes)}"
    yield Row(
        "array of 800 MB: save, load, touch, unchanged check", ratio, 1.25, "`write()` of its bytes", base, note=note
    )
    ratio, base = compared(ours, lambda: written(durable=True), rounds)
    yield Row("the same, to a write that is durable too", ratio, None, "`write()` and `fsync`", base)
    stored, _ = units.save({"x": value}, _fresh(store), MAIN, {})
    size = stored["x"].size_bytes
    yield Row("bytes stored per byte of the array", size / value.nbytes, 1.01, "its bytes", None, note="a count")
    share = _anonymous_in_a_reader(stored["x"].object, store) / value.nbytes
    yield Row("anonymous memory of a reader, share of the array", share, 0.05, "its bytes", None, note="a count")
    shutil.rmtree(store)
    plain.unlink()


def _anonymous_in_a_reader(name: str, store: Path) -> int:
    """How many bytes a process that loads and reads the array has more of its own than before."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        before = _anonymous()
        (unit,) = units.load({"x": name}, store, MAIN, _no_definition)
        float(unit.members["x"][::512].sum())  # type: ignore[index]
        os.write(sink, str(_anonymous() - before).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(sink)
    with os.fdopen(source, "rb") as file:
        return int(file.read())


def _anonymous() -> int:
    text = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Anonymous:"))


def values(folder: Path, rounds: int) -> Iterator[Row]:
    """Write and read, ours durable and verified, to what people use: how many times quicker."""
    store, path = folder / "store", folder / "value"
    for what, aim, name, made, save, load in _kinds():
        value = made()

        def ours(value: object = value) -> float:
            _fresh(store)

            def go() -> None:
                stored, _ = units.save({"x": value}, store, MAIN, {})
                units.load({"x": stored["x"].object}, store, MAIN, _no_definition)

            return seconds(go)

        def theirs(value: object = value, save: Any = save, load: Any = load) -> float:  # noqa: ANN401
            return seconds(lambda: (save(value, path), load(path)))

        ratio, base = compared(ours, theirs, rounds)
        yield Row(f"{what}: write and read", 1 / ratio, aim, name, base, faster=True)
        del value
        gc.collect()


def _kinds() -> Iterator[tuple[str, float, str, Callable[[], object], Any, Any]]:
    import numpy as np
    import pandas as pd

    numbers = np.random.default_rng(0)
    frame = ("DataFrame of numbers, 80 MB", 2.5, "pandas' pickle")
    yield (
        *frame,
        lambda: pd.DataFrame(numbers.random((1_000_000, 10))).rename(columns=str),
        pd.to_pickle,
        pd.read_pickle,
    )
    import joblib

    yield ("fitted forest", 2, "joblib", _forest, joblib.dump, joblib.load)
    try:
        import dill
    except ImportError:
        print("dill is not there: no row for the dict of 100,000 dicts")
        return

    def dump(value: object, path: Path) -> None:
        with path.open("wb") as file:
            dill.dump(value, file, protocol=pickle.DEFAULT_PROTOCOL)

    def load(path: Path) -> object:
        with path.open("rb") as file:
            return dill.load(file)

    dicts = {f"k{i}": {"id": i, "name": f"n{i}", "tags": [i, i + 1], "v": i * 0.5} for i in range(100_000)}
    yield ("dict of 100,000 dicts", 8, "dill", lambda: dicts, dump, load)


def _forest() -> object:
    import numpy as np
    from sklearn.ensemble import RandomForestRegressor

    numbers = np.random.default_rng(0)
    data = numbers.random((10_000, 10))
    return RandomForestRegressor(50, random_state=0).fit(data, data.sum(axis=1) + numbers.random(10_000))
