"""Verifications that go on by themselves, kept in `.nb2pipe/verified/`: written by the process that makes one.

A folder each: `about.json` (whose, and the process), `progress.txt` (a line each), `canceled` (somebody asked it to
stop), `found.json` (the end), `report.html`. The newest few are kept.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path

from nb2pipe import wire
from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.files import make_private_dir, write_atomic
from nb2pipe.layout import RootDir
from nb2pipe.model import RunState
from nb2pipe.processes import Identity, identify, is_alive, send
from nb2pipe.records import dataclass
from nb2pipe.runs import store

KEPT = 10
"""How many stay, of those that have ended."""

_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}")
_MOST_LINES = 1_000


@dataclass(frozen=True)
class About:
    """Whose verification it is, and which process makes it."""

    notebook: str
    process: Identity


@dataclass(frozen=True)
class Found:
    """How it ended: `outcome`, `problem` and `counts` (of cells, by verdict) as in `verify.verdicts.Verification`."""

    state: RunState
    outcome: str = ""
    problem: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Verified:
    """A verification as it is now. `lines`: its progress."""

    id: str
    notebook: str
    lines: tuple[str, ...]
    found: Found

    @property
    def state(self) -> RunState:
        """RUNNING until it has come to an end."""
        return self.found.state


class Keeper:
    """Writes the record of one verification, in the process that makes it."""

    def __init__(self, root: Path, notebook: str) -> None:
        """Begin one. Raises EnvironmentProblem (N2P601)."""
        self.id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
        self._path = RootDir(root).verified / self.id
        try:
            store.make_root(root)
            make_private_dir(self._path)
            self._write("about.json", wire.dumps(wire.encode(About(notebook, identify(os.getpid())))))
        except OSError as error:
            raise store.cannot_write(self._path, error) from error
        _forget_old(RootDir(root).verified, self.id)

    def line(self, text: str) -> None:
        """One more line of progress. That it can't be written stops nothing."""
        with contextlib.suppress(OSError), (self._path / "progress.txt").open("a", encoding="utf-8") as file:
            file.write(" ".join(text.split()) + "\n")

    def end(self, found: Found, report: str = "") -> None:
        """It has ended; `report` is its page. Raises EnvironmentProblem (N2P601)."""
        try:
            if report:
                self._write("report.html", report)
            self._write("found.json", wire.dumps(wire.encode(found)))
        except OSError as error:
            raise store.cannot_write(self._path, error) from error

    def _write(self, name: str, text: str) -> None:
        write_atomic(self._path / name, text.encode("utf-8", "backslashreplace"))


def load(root: Path, verification: str) -> Verified:
    """The verification with this id. Raises BadInput (N2P602) if there is none."""
    folder = _folder(root, verification)
    about = _about(folder)
    ended = _found(folder)  # first: a process that ends in between has written it by then
    if ended is None and not is_alive(about.process):
        ended = _found(folder) or _died(folder)
    lines = _text(folder / "progress.txt").splitlines()[-_MOST_LINES:]
    return Verified(verification, about.notebook, tuple(lines), ended or Found(RunState.RUNNING))


def report(root: Path, verification: str) -> Path | None:
    """The page of a verification that has come to an end; None if there is none. Raises as `load` does."""
    path = _folder(root, verification) / "report.html"
    return path if path.is_file() else None


def cancel(root: Path, verification: str) -> Verified:
    """Ask it to stop. Raises BadInput: N2P602 there is none, N2P604 it has ended."""
    folder = _folder(root, verification)
    process = _about(folder).process
    if load(root, verification).state.done:
        raise BadInput.of(
            "N2P604", f"verification {verification} is not under way", hint="its report says what it found"
        )
    try:
        write_atomic(folder / "canceled", b"", durable=False)
    except OSError as error:
        raise store.cannot_write(folder, error) from error
    send(process, signal.SIGTERM)
    return load(root, verification)


def _folder(root: Path, verification: str) -> Path:
    folder = RootDir(root).verified / verification
    if not _ID.fullmatch(verification) or not folder.is_dir():
        raise BadInput.of("N2P602", f"there is no verification `{verification[:80]}` in {root}", hint="begin a new one")
    return folder


def _about(folder: Path) -> About:
    try:
        return wire.read(About, json.loads((folder / "about.json").read_bytes()))
    except (OSError, ValueError) as error:
        message = f"{folder} is no record of a verification: {error}"
        raise EnvironmentProblem.of("N2P605", message, hint="begin a new one") from error


def _found(folder: Path) -> Found | None:
    try:
        return wire.read(Found, json.loads((folder / "found.json").read_bytes()))
    except (OSError, ValueError):
        return None


def _died(folder: Path) -> Found:
    if (folder / "canceled").exists():
        return Found(RunState.CANCELED)
    return Found(RunState.FAILED, problem="its process died before it came to an end")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _forget_old(verified: Path, but: str) -> None:
    """Remove all but the newest that have ended."""
    names = sorted((item.name for item in verified.iterdir() if _ID.fullmatch(item.name)), reverse=True)
    for name in [item for item in names if item != but][KEPT - 1 :]:
        with contextlib.suppress(EnvironmentProblem):
            if not is_alive(_about(verified / name).process):
                shutil.rmtree(verified / name, ignore_errors=True)
