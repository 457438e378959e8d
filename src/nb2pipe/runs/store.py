"""The runs kept in `.nb2pipe/`: a directory in, `Run`s out; and the making of a new run's directory."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.files import make_private_dir, own_private_dir, sync_dir, write_atomic
from nb2pipe.layout import RootDir, RunDir
from nb2pipe.locks import shared
from nb2pipe.model import CancelRequested, Diagnostic, Run, RunFinished, RunState, Severity, Warned
from nb2pipe.processes import is_alive, load_identity
from nb2pipe.runs.events import read_events, reduce, reduce_all

NAME = ".nb2pipe"
_RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}")
_DIED = "its supervisor died before the run was finished"


def default_root(notebook: Path | None) -> Path:
    """`.nb2pipe/` beside the notebook, or in the working directory for content without a file."""
    return (notebook.resolve().parent if notebook is not None else Path.cwd()) / NAME


def create(root: Path, *, now: datetime | None = None) -> RunDir:
    """Make the directory of a new run below `root`, and `root` itself with a `.gitignore` of `*`.

    Ids sort by time: UTC, then hex digits. Raises EnvironmentProblem (N2P601) where it can't be written.
    """
    layout = RootDir(root.resolve())
    started = (now or datetime.now(UTC)).astimezone(UTC)
    try:
        make_root(layout.path)
        for directory in (layout.objects, layout.locks, layout.runs):
            own_private_dir(directory)
        with shared(layout.in_use):  # else it may be collected while it is made
            while True:
                run = layout.run(_new_id(started, max(ids(layout.path), default="")))
                with contextlib.suppress(FileExistsError):  # another run took this very id
                    run.path.mkdir(mode=0o700)
                    break
            sync_dir(layout.runs)
            make_private_dir(run.path / "steps")
    except OSError as error:
        raise cannot_write(layout.path, error) from error
    return run


def _new_id(started: datetime, last: str) -> str:
    """An id that sorts after the last run's: that may have begun in the same second, or with a clock that was wrong."""
    if not last or f"{started:%Y%m%d-%H%M%S}" > last[:15]:
        return f"{started:%Y%m%d-%H%M%S}-{os.urandom(4).hex()}"
    number = int(last[16:], 16) + 1 + int.from_bytes(os.urandom(2), "big")
    if number < 1 << 32:
        return f"{last[:16]}{number:08x}"
    return _new_id(started_at(last) + timedelta(seconds=1), last)


def make_root(root: Path) -> None:
    """Make `root`, which only its owner sees and Git ignores. Raises OSError, also if it is somebody else's."""
    own_private_dir(root)
    ignore = root / ".gitignore"
    if not ignore.exists():
        with shared(RootDir(root).in_use):  # else what is half-written may be taken for a leftover
            write_atomic(ignore, b"*\n")


@contextlib.contextmanager
def in_use(root: Path) -> Iterator[None]:
    """While in this block nothing is removed from `root`, if it is there. Raises EnvironmentProblem (N2P601)."""
    with contextlib.ExitStack() as stack:
        try:
            if root.is_dir():
                stack.enter_context(shared(RootDir(root).in_use))
        except OSError as error:
            raise cannot_write(root, error) from error
        yield


def cannot_write(path: Path, error: OSError) -> EnvironmentProblem:
    """The error for a run directory that can't be written: full, read-only, someone else's."""
    where = error.filename if isinstance(error.filename, str) else path
    message = f"runs can't be kept in {where}: {error.strerror or error}"
    hint = "free some space or change the permissions there, or choose another place with `--run-dir`"
    return EnvironmentProblem([Diagnostic("N2P601", Severity.ERROR, message, hint=hint)])


def runs(root: Path, *, most: int | None = None) -> tuple[Run, ...]:
    """The runs below `root`, newest first; empty where there is no such directory. Damaged ones are left out.

    `most`: only the newest so many are looked at.
    """
    found: list[Run] = []
    for run_id in sorted(ids(root), reverse=True)[:most]:
        with contextlib.suppress(EnvironmentProblem):
            run = read(RootDir(root).run(run_id))
            if run is not None:
                found.append(run)
    return tuple(found)


def find(root: Path, which: str = "latest") -> RunDir:
    """The directory of the run with this id, with the one id that begins (or ends) so, or of the latest run.

    Raises BadInput: N2P602 for none, N2P603 for several.
    """
    there = sorted(ids(root))
    if which == "latest":
        matches = there[-1:]
    else:
        matches = [run_id for run_id in there if which and (run_id.startswith(which) or run_id.endswith(which))]
    if not matches:
        what = "no run has been made" if which == "latest" else f"there is no run `{which}`"
        raise BadInput.of("N2P602", f"{what} in {root}", hint="`nb2pipe runs` lists them; `nb2pipe run` makes one")
    if len(matches) > 1:
        message = f"`{which}` may be any of {len(matches)} runs: {', '.join(matches)}"
        raise BadInput.of("N2P603", message, hint="write more of the id")
    return RootDir(root).run(matches[0])


def load(root: Path, which: str = "latest") -> Run:
    """The run that `find` finds, as its events tell. Raises BadInput (N2P602, N2P603), EnvironmentProblem (N2P605).

    A run whose supervisor died without saying so reads as FAILED, or CANCELED if it was being cancelled.
    """
    directory = find(root, which)
    run = read(directory)
    if run is None:
        raise BadInput.of("N2P602", f"run {directory.id} never began", hint="`nb2pipe run` makes a new one")
    return run


def ids(root: Path) -> list[str]:
    """The ids of all directories of runs, in no order."""
    try:
        names = [entry.name for entry in RootDir(root).runs.iterdir()]
    except OSError:
        return []
    return [name for name in names if is_id(name)]


def is_id(text: str) -> bool:
    """True for what is a run's whole id."""
    return _RUN_ID.fullmatch(text) is not None


def is_under_way(directory: RunDir) -> bool:
    """True while the process that looks after the run is there."""
    supervisor = load_identity(directory.supervisor)
    return supervisor is not None and is_alive(supervisor)


def started_at(run_id: str) -> datetime:
    """When the run with this id was made."""
    return datetime.strptime(run_id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)


def read(directory: RunDir) -> Run | None:
    """The run in a directory; None where it never began. Raises EnvironmentProblem (N2P605)."""
    alive = is_under_way(directory)
    # liveness first: a supervisor that ends in between has written its last event by then
    try:
        events = read_events(directory.events)
        run = reduce_all(events)
    except ValueError as error:
        message = f"{directory.events} is no record of a run: {error}"
        raise EnvironmentProblem.of("N2P605", message, hint="`nb2pipe run` makes a new one") from error
    if run is None or run.state.done or alive or run.target:  # nobody here looks after what runs elsewhere
        return run
    canceled = any(isinstance(event, CancelRequested) for event in events)
    return after_death(run, events[-1].at, canceled=canceled)


def after_death(run: Run, at: datetime, *, canceled: bool) -> Run:
    """What becomes of a run whose supervisor died: `at` is its last event's time; `canceled`: it was to stop."""
    state = RunState.CANCELED if canceled else RunState.FAILED
    return reduce(reduce(run, Warned(at, _DIED)), RunFinished(at, state))
