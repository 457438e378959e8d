"""State that is no variable, as a record that crosses like one: random generators, working directory, environment.

A record's name has a colon, so that no variable has it. A step gets the records of the last steps before it that
changed them, and stores those that it changed itself.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Mapping

PREFIX = "ambient:"


def capture(folder: str, environ: Mapping[str, str]) -> dict[str, object]:
    """The state of this process. `folder` is the notebook's: a directory in it is kept relative to it.

    The environment is kept as its difference from `environ`, the one that the kernel was started with.
    """
    found: dict[str, object] = {
        "rng:python": random.getstate(),
        "cwd": _relative(folder),
        "env": {
            "set": {name: value for name, value in os.environ.items() if environ.get(name) != value},
            "unset": sorted(set(environ) - set(os.environ)),
        },
        "path": list(sys.path),
    }
    if "numpy.random" in sys.modules:
        import numpy as np

        found["rng:numpy"] = np.random.get_state(legacy=False)
    return {PREFIX + name: value for name, value in found.items()}


def changed(before: Mapping[str, object], now: Mapping[str, object], written: frozenset[str]) -> dict[str, object]:
    """What to store: what differs, and the generators that the plan says the step drew from or seeded.

    A generator that was first imported by the step has no state before it. Only the plan can tell then whether the
    step drew: a fresh one, seeded by the system, must not take the place of a seeded one.
    """
    return {
        name: value
        for name, value in now.items()
        if (name in before and not _same(before[name], value)) or name.removeprefix(PREFIX) in written
    }


def restore(records: Mapping[str, object], folder: str) -> None:
    """Bring this process into the recorded state. Raises OSError if a directory is gone."""
    for name, value in records.items():
        match name.removeprefix(PREFIX), value:
            case "rng:python", tuple():
                random.setstate(value)
            case "rng:numpy", dict():
                import numpy as np

                np.random.set_state(value)
            case "cwd", str():
                os.chdir(os.path.join(folder, value))  # noqa: PTH118  # may be absolute: then it stays so
            case "env", {"set": dict(given), "unset": list(gone)}:
                os.environ.update(given)
                for variable in gone:
                    os.environ.pop(variable, None)
            case "path", list():
                sys.path[:] = value
            case unknown, _:
                raise ValueError(f"a record of unknown state: {unknown}")


def seed(number: int) -> None:
    """Begin the global generators of this process at a known place."""
    random.seed(number)
    try:
        import numpy as np
    except ImportError:
        return
    np.random.seed(number)


def _relative(folder: str) -> str:
    here = os.getcwd()  # noqa: PTH109
    inside = here == folder or here.startswith(folder.rstrip(os.sep) + os.sep)
    return os.path.relpath(here, folder) if inside else here


def _same(before: object, now: object) -> bool:
    if isinstance(before, dict) and isinstance(now, dict):  # NumPy's state holds an array
        return repr(before) == repr(now) and all(_same(before[key], now.get(key)) for key in before)
    if type(before).__module__ == "numpy":
        return bool(getattr(before, "tobytes")() == getattr(now, "tobytes")())  # noqa: B009
    return before == now
