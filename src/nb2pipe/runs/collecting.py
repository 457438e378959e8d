"""A `.nb2pipe/` in; out, a smaller one: old runs, old records of steps, and objects that nothing names any more go.

Records go before what they name: whenever this is killed, nothing that is left names something that is gone. Nothing
is decided by a clock: what is old is told by the runs' ids, and what is left over by the lock, which no run shares.
"""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.files import sync_dir
from nb2pipe.layout import RootDir
from nb2pipe.locks import alone, shared
from nb2pipe.records import dataclass
from nb2pipe.runs import store
from nb2pipe.runs.inventory import GONE, Inventory, Record, directories, entries, inventory


@dataclass(frozen=True)
class Collected:
    """What was removed, or would be. `kept_bytes` is what stays; `runs` are ids."""

    runs: tuple[str, ...]
    records: int
    objects: int
    leftovers: int
    freed_bytes: int
    kept_runs: int
    kept_bytes: int


def collect(
    root: Path, *, keep_runs: int | None = None, max_bytes: int | None = None, dry_run: bool = False
) -> Collected:
    """Remove what nothing names; also old runs and records, beyond the newest `keep_runs` or until `max_bytes` hold it.

    Raises BadInput (N2P620) if a run is under way, EnvironmentProblem (N2P601) if something can't be read or removed.
    """
    layout = RootDir(root.resolve())
    if not layout.path.is_dir():
        return Collected((), 0, 0, 0, 0, 0, 0)
    try:
        with alone(layout.in_use) as free:
            if not free or any(store.is_under_way(run) for run in directories(layout)):
                raise _in_use(layout)
            found = inventory(layout)
            leaving = to_remove(found, keep_runs, max_bytes)
            lost = unnamed(found, leaving)
            if not dry_run:
                _remove(layout, leaving, found.leftovers, lost)
            return _told(found, leaving, lost)
    except OSError as error:
        raise _cannot(layout.path, error) from error


def remove(root: Path, which: Sequence[str]) -> tuple[str, ...]:
    """Remove these runs (ids, or their beginnings): all of them or, if one is not to be found, none.

    What is kept of their steps for later runs stays. Raises BadInput (N2P602, N2P603; N2P620 for one under way),
    EnvironmentProblem (N2P601).
    """
    found = {run.id: run for run in (store.find(root, name) for name in which)}
    try:
        with shared(RootDir(root.resolve()).in_use):
            for run in found.values():
                if store.is_under_way(run):
                    raise BadInput.of("N2P620", f"run {run.id} is under way", hint="stop it first: `nb2pipe cancel`")
            for run in found.values():
                _remove_run(run.path)
    except OSError as error:
        raise _cannot(root, error) from error
    return tuple(found)


def to_remove(found: Inventory, keep_runs: int | None, max_bytes: int | None) -> tuple[Record, ...]:
    """The records that go.

    The latest successful run of each notebook always stays, a run that goes on on a cluster, each step's newest record.
    """
    newest_first = sorted(found.records, key=lambda item: (item.run, item.path.name), reverse=True)
    seen: Counter[tuple[bool, str]] = Counter()
    successful: set[str] = set()
    gone: list[Record] = []
    candidates: list[Record] = []
    for item in newest_first:
        seen[item.is_run, item.group] += 1
        last = item.group not in successful and item.succeeded if item.is_run else seen[False, item.group] == 1
        if item.succeeded:
            successful.add(item.group)
        if last or item.goes_on:
            continue
        (gone if keep_runs is not None and seen[item.is_run, item.group] > keep_runs else candidates).append(item)
    if max_bytes is not None:
        gone += _until(found, gone, reversed(candidates), max_bytes)
    return tuple(gone)


def _until(found: Inventory, gone: Sequence[Record], oldest_first: Iterable[Record], max_bytes: int) -> list[Record]:
    """Those of `oldest_first` that have to go so that all that is left fits."""
    leaving = {item.path for item in gone}
    staying = [item for item in found.records if item.path not in leaving]
    names = Counter(name for item in staying for name in item.objects if name in found.objects)
    size = found.other_bytes + sum(item.size_bytes for item in staying) + sum(found.objects[name] for name in names)
    more: list[Record] = []
    for item in oldest_first:
        if size <= max_bytes:
            break
        more.append(item)
        size -= item.size_bytes
        for name in item.objects & found.objects.keys():
            names[name] -= 1
            if not names[name]:
                size -= found.objects[name]
    return more


def unnamed(found: Inventory, leaving: Sequence[Record]) -> tuple[str, ...]:
    """The objects that nothing names once these records are gone."""
    paths = {item.path for item in leaving}
    named: set[str] = set()
    for item in found.records:
        if item.path not in paths:
            named |= item.objects
    return tuple(sorted(found.objects.keys() - named))


def _remove(layout: RootDir, leaving: Sequence[Record], leftovers: Iterable[Path], lost: Sequence[str]) -> None:
    for item in leaving:
        if item.is_run:
            _remove_run(item.path)
        else:
            item.path.unlink(missing_ok=True)
    for path in leftovers:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for folder in {item.path.parent for item in leaving}:
        sync_dir(folder)  # before the first object goes: no record comes back after a power loss
    for name in lost:
        layout.object(name).unlink(missing_ok=True)
    for folder in [*entries(layout.objects), *layout.steps.glob("*/*"), *layout.steps.glob("*")]:
        with contextlib.suppress(OSError):  # those that aren't empty
            folder.rmdir()


def _remove_run(path: Path) -> None:
    """Under another name first: a run that is half removed is no run."""
    aside = path.with_name(GONE + path.name)
    path.rename(aside)
    sync_dir(path.parent)
    shutil.rmtree(aside)


def _told(found: Inventory, leaving: Sequence[Record], lost: Sequence[str]) -> Collected:
    runs = tuple(sorted(item.run for item in leaving if item.is_run))
    freed = (
        sum(item.size_bytes for item in leaving)
        + sum(found.objects[name] for name in lost)
        + sum(found.leftovers.values())
    )
    total = (
        found.other_bytes
        + sum(item.size_bytes for item in found.records)
        + sum(found.objects.values())
        + sum(found.leftovers.values())
    )
    kept = sum(item.is_run for item in found.records) - len(runs)
    return Collected(runs, len(leaving) - len(runs), len(lost), len(found.leftovers), freed, kept, total - freed)


def _in_use(layout: RootDir) -> BadInput:
    running = [run.id for run in directories(layout) if store.is_under_way(run)]
    who = f"run {running[-1]} is under way" if running else "another nb2pipe is at work"
    return BadInput.of("N2P620", f"{who} in {layout.path}: nothing was removed", hint="try again once it has ended")


def _cannot(root: Path, error: OSError) -> EnvironmentProblem:
    where = error.filename if isinstance(error.filename, str) else root
    return EnvironmentProblem.of(
        "N2P601",
        f"{where} can't be read or removed: {error.strerror or error}",
        hint="change the permissions there; what could be removed so far is gone",
    )
