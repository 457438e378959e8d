"""A notebook run for comparison in; out, descriptions of its final values (`state.json`, `state.bin`).

`begin` makes a kernel run a notebook straight, as if its first cell had not been ours; `end` describes what is there.
"""

from __future__ import annotations

import builtins
import contextlib
import pickle
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nb2pipe.runtime import demand, describe, spec
from nb2pipe.runtime.cells import private, write_json
from nb2pipe.runtime.session import current_or_none

SCHEMA = 1
PICKLES = (".pkl", ".pickle", ".joblib")
MAX_PICKLE_BYTES = 200_000_000

_told: dict[str, Any] = {}


def begin(step_id: str) -> None:
    """Run the cells that follow as a kernel runs them, numbered as in the notebook."""
    from IPython import get_ipython

    _told.update(spec.spec_of(step_id))
    shell: Any = get_ipython()
    shell.events.register("post_run_cell", _Numbering(shell, _told["plan"]["cells"]))


class _Numbering:
    """After each cell, the first of which is ours: give the next one its number."""

    def __init__(self, shell: Any, cells: Sequence[int]) -> None:  # noqa: ANN401
        self._shell = shell
        self._cells = iter(cells)
        self._first = True

    def __call__(self, _result: Any) -> None:  # noqa: ANN401
        if self._first:
            _forget_history(self._shell)
            self._first = False
        number = next(self._cells, None)
        if number is not None:
            self._shell.execution_count = number + 1


def _forget_history(shell: Any) -> None:  # noqa: ANN401
    """As in a kernel that has run nothing yet."""
    history = shell.history_manager
    history.input_hist_parsed[:] = [""]
    history.input_hist_raw[:] = [""]
    history._i = history._ii = history._iii = history._i00 = ""
    for name in ("_i", "_ii", "_iii"):
        shell.user_ns[name] = ""
    for name in ("_i1", "__nb2pipe__"):
        shell.user_ns.pop(name, None)


def end(_step_id: str) -> None:
    """Describe what a notebook, or a pipeline, has left in this kernel."""
    from IPython import get_ipython

    session = current_or_none()
    out = Path(_told["out"]) if session is None else session.out
    folder = str(_told["folder"]) if session is None else session.folder
    describe_all(get_ipython(), out, folder, () if session is None else session.unloadable)
    write_json(out / "outputs.json", {"schema": spec.SCHEMA})


def describe_all(shell: Any, out: Path, folder: str, unloadable: Sequence[str] = ()) -> None:  # noqa: ANN401
    """Describe the final values of all variables, and what was pickled into files of `folder`, in `out`.

    `unloadable`: variables that are stored, and can't be looked at.
    """
    hidden = shell.user_ns_hidden
    names = {
        name: value
        for name, value in shell.user_ns.items()
        if not demand.is_own(name)
        and hidden.get(name, hidden) is not value
        and getattr(builtins, name, hidden) is not value  # a step has them at hand
    }
    with open(out / "state.bin", "wb", opener=private) as blob:  # pathlib has no opener

        def put(content: bytes) -> int:
            place = blob.tell()
            blob.write(content)
            return place

        described = {name: describe.describe(value, folder).data(put) for name, value in sorted(names.items())}
        files = {path: item.data(put) for path, item in _pickled(Path(folder), out)}
    found = {"values": described, "files": files, "unloadable": list(unloadable), "versions": _versions()}
    write_json(out / "state.json", {"schema": SCHEMA, **found})


def _pickled(folder: Path, out: Path) -> Iterator[tuple[str, describe.Description]]:
    """Files of pickles that this run has written: equal values may be pickled to other bytes."""
    request = out.parent.parent / "request.json"  # the run's
    began = request.stat().st_mtime if request.is_file() else 0.0
    for path in sorted(folder.rglob("*")):
        if path.suffix not in PICKLES:
            continue
        with contextlib.suppress(Exception):  # no pickle: then its bytes are compared
            found = path.lstat()
            if stat.S_ISREG(found.st_mode) and found.st_mtime >= began and found.st_size <= MAX_PICKLE_BYTES:
                yield path.relative_to(folder).as_posix(), describe.describe(_load(path), str(folder))


def _load(path: Path) -> object:
    if "joblib" in sys.modules:
        return sys.modules["joblib"].load(path)
    with path.open("rb") as file:
        return pickle.load(file)


def _versions() -> Mapping[str, str]:
    """Python's, and those of the packages that the notebook has imported."""
    found = {"python": sys.version.split()[0]}
    for name in ("numpy", "pandas", "scipy", "sklearn", "matplotlib", "statsmodels", "torch"):
        version = getattr(sys.modules.get(name), "__version__", None)
        if isinstance(version, str):
            found[name] = version
    return found
