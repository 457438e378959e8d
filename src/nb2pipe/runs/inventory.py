"""A `.nb2pipe/` in; out, all that is in it: runs, records of steps, what they name, and what killed processes left."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nb2pipe.errors import EnvironmentProblem
from nb2pipe.layout import RootDir, RunDir, algorithm_and_digest
from nb2pipe.model import Run, RunState
from nb2pipe.records import dataclass
from nb2pipe.runs import store

_OBJECT = re.compile(rb"(?:sha256|blake3)-[0-9a-f]{64}")
GONE = ".gone-"  # begins the name of a run's directory that is being removed


@dataclass(frozen=True)
class Record:
    """Something that names objects: a run, or what is kept of a step. `group` is the notebook, or the step's folder.

    `goes_on`: a run on a cluster that has not ended, as far as is known here. Nothing but its record knows where it is.
    """

    path: Path
    run: str
    group: str
    size_bytes: int
    objects: frozenset[str]
    succeeded: bool = False
    is_run: bool = False
    goes_on: bool = False


@dataclass(frozen=True)
class Inventory:
    """All that is in a `.nb2pipe/`. `leftovers` are what killed processes left, `other_bytes` is what always stays."""

    records: tuple[Record, ...]
    objects: Mapping[str, int]
    leftovers: Mapping[Path, int]
    other_bytes: int = 0


def inventory(layout: RootDir) -> Inventory:
    """Look at everything. Raises OSError for what can't be read: what it names is not known then."""
    told = {directory: _told_by(directory) for directory in directories(layout)}
    never_began = [directory.path for directory, run in told.items() if run is None]
    leftovers = {path: size_of(path) for path in _leftovers(layout, never_began)}
    runs = [_of_run(directory, run, leftovers) for directory, run in told.items() if run is not None]
    records = [*runs, *_of_steps(layout)]
    objects = {
        path.name: path.lstat().st_size
        for folder in entries(layout.objects)
        if folder.is_dir() and not folder.is_symlink()
        for path in entries(folder)
        if _is_object(path)
    }
    known = sum(item.size_bytes for item in records) + sum(objects.values()) + sum(leftovers.values())
    return Inventory(tuple(records), objects, leftovers, max(0, size_of(layout.path) - known))


def _told_by(directory: RunDir) -> Run | None:
    """The run; None for one that never began. A damaged record tells of a failed run without a notebook."""
    try:
        return store.read(directory)
    except EnvironmentProblem:
        return Run(directory.id, "", "", RunState.FAILED, store.started_at(directory.id), ())


def _of_run(directory: RunDir, run: Run, leftovers: Mapping[Path, int]) -> Record:
    files = [directory.events, *directory.path.glob("steps/*/*.json")]
    objects = frozenset(name for path in files if path.is_file() for name in _named(path.read_bytes()))
    size = size_of(directory.path) - sum(leftovers[path] for path in leftovers if directory.path in path.parents)
    succeeded = run.state is RunState.SUCCEEDED
    goes_on = bool(run.target) and not run.state.done
    return Record(directory.path, directory.id, run.notebook, size, objects, succeeded, is_run=True, goes_on=goes_on)


def _of_steps(layout: RootDir) -> Iterator[Record]:
    for path in sorted(layout.steps.glob("*/*/*.json")):
        if path.name.startswith("."):
            continue
        content = path.read_bytes()
        yield Record(path, path.stem, str(path.parent), len(content), frozenset(_named(_results(content))))


def _results(content: bytes) -> bytes:
    """A step's record without what its results were made of: those objects are other records' own."""
    try:
        data = json.loads(content.partition(b"\n")[2])
        return json.dumps({key: value for key, value in data.items() if key != "ingredients"}).encode()
    except (ValueError, AttributeError):
        return content


def _named(content: bytes) -> set[str]:
    """All that may be the id of an object, wherever it stands: formats change, what they name must not be lost."""
    return {name.decode() for name in _OBJECT.findall(content)}


def _leftovers(layout: RootDir, never_began: Sequence[Path]) -> Iterator[Path]:
    """What nobody will finish, since nobody is at work here."""
    yield from never_began
    yield from (path for path in entries(layout.runs) if path.name.startswith(GONE))
    yield from entries(layout.verifications)
    for folder, names, files in os.walk(layout.path):
        here = Path(folder)
        if here == layout.path:
            names[:] = [name for name in names if name != layout.verifications.name]
        if here == layout.runs:
            names[:] = [name for name in names if here / name not in never_began and not name.startswith(GONE)]
        if here.parent == layout.runs:
            names[:] = [name for name in names if name != "folder"]  # the user's own files
        yield from (here / name for name in files if name.startswith(".") and name.endswith(".tmp"))


def directories(layout: RootDir) -> list[RunDir]:
    """Those of runs, oldest first."""
    return [layout.run(run_id) for run_id in sorted(store.ids(layout.path))]


def _is_object(path: Path) -> bool:
    try:
        algorithm_and_digest(path.name)
    except ValueError:
        return False
    return not path.is_dir()


def entries(folder: Path) -> list[Path]:
    """What is in a folder; nothing where there is none."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def size_of(path: Path) -> int:
    """The bytes of all files at and below `path`; of none that goes meanwhile."""
    size = 0
    if path.is_symlink() or not path.is_dir():
        with contextlib.suppress(FileNotFoundError):
            size = path.lstat().st_size
        return size
    for folder, _, files in os.walk(path):
        for name in files:
            with contextlib.suppress(FileNotFoundError):
                size += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118  # for each file of each run
    return size
