"""A `.nb2pipe/` in; out, the same without what killed runs left half-written. Done as a run begins, if it is alone.

`gc` finds such things everywhere; this looks only where the runs just before may have left some, so that it takes no
time. What is a run's own goes with the run.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from nb2pipe.layout import RootDir, RunDir
from nb2pipe.locks import alone
from nb2pipe.targets.local.request import sockets_of

_RUNS = 8  # at most: as many may have been killed one after the other, or at once


def sweep(run: RunDir) -> None:
    """Remove what is left of runs before `run`, if nobody is at work. It is a help only: nothing is raised."""
    root = run.root
    with contextlib.suppress(OSError), alone(root.in_use) as nobody:
        if not nobody:
            return
        for path in (*_temporary(root.path), *_temporary(root.objects), *_of_records(root)):
            _unlink(path)
        for name in _runs_before(run):
            if not _sweep_run(root.run(name)):
                return


def _sweep_run(run: RunDir) -> bool:
    """False if there was nothing to do: then neither is there for the runs before."""
    ended = run.merged.exists()
    if not ended:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            shutil.rmtree(sockets_of(json.loads(run.request.read_bytes())["sockets"]), ignore_errors=True)
    if not run.events.exists():  # it never began
        shutil.rmtree(run.path, ignore_errors=True)
        return True
    found = [*_temporary(run.path), *(path for step in _entries(run.path / "steps") for path in _temporary(step))]
    for path in found:
        _unlink(path)
    return bool(found) or not ended


def _runs_before(run: RunDir) -> list[str]:
    names = sorted((path.name for path in _entries(run.root.runs)), reverse=True)
    return [name for name in names if name < run.id and name[0] != "."][:_RUNS]


def _of_records(root: RootDir) -> Iterator[Path]:
    """Those among the records of steps, and of what was learned."""
    yield from _temporary(root.path / "learned")
    for notebook in _entries(root.steps):
        for step in _entries(notebook):
            yield from _temporary(step)


def _temporary(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.name.startswith(".") and path.name.endswith(".tmp")]


def _entries(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in os.listdir(folder)]  # noqa: PTH208  # names alone
    except OSError:
        return []


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
