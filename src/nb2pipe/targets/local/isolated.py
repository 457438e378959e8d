"""A folder in; out, a copy of it for a run that must not touch the original."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from nb2pipe.errors import EnvironmentProblem
from nb2pipe.layout import RootDir
from nb2pipe.records import dataclass

MAX_BYTES = 1_000_000_000

_LEFT_OUT = frozenset({".nb2pipe", ".git", "__pycache__", ".ipynb_checkpoints", ".venv", "node_modules"})


@dataclass(frozen=True)
class Copied:
    """What is, or would be, copied. `left_out`: links out of the folder, and what is neither file nor folder.

    `unreadable`: folders that the system lets nobody list.
    """

    files: int
    size_bytes: int
    left_out: tuple[str, ...]
    unreadable: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.files} files, {self.size_bytes / 1e6:.1f} MB"
        if self.left_out:
            text += f"; left out, as they lead out of the folder: {', '.join(self.left_out)}"
        if self.unreadable:
            text += f"; left out, as they can't be read: {', '.join(self.unreadable)}"
        return text


@dataclass(frozen=True)
class _Plan:
    folders: list[Path]
    files: list[Path]
    links: list[Path]
    copied: Copied


def copy(folder: Path, target: Path, *, without: Path, max_bytes: int = MAX_BYTES) -> Copied:
    """Copy `folder`, but not what is in `without` and other directories of runs, to `target`, which must not exist.

    Raises EnvironmentProblem (N2P508) before anything is copied if that is more than `max_bytes`; OSError.
    """
    plan = _plan(folder, without, max_bytes)
    target.mkdir(mode=0o700)
    for path in plan.folders:
        (target / path).mkdir()
    for path in plan.files:
        shutil.copy2(folder / path, target / path)
    for path in plan.links:
        (target / path).symlink_to((folder / path).readlink())
    return plan.copied


def _plan(folder: Path, without: Path, max_bytes: int) -> _Plan:
    root = folder.resolve()
    folders: list[Path] = []
    files: list[Path] = []
    links: list[Path] = []
    left_out: list[str] = []
    unreadable: list[str] = []
    size = 0

    def note(error: OSError) -> None:
        unreadable.append(os.path.relpath(error.filename, root))

    for here, names, others in os.walk(root, onerror=note):
        base = Path(here)
        names[:] = sorted(name for name in names if not _is_left_out(base / name, without))
        for name in [*names, *sorted(others)]:
            path = base / name
            relative = path.relative_to(root)
            if path.is_symlink():
                inside = not path.readlink().is_absolute() and Path(os.path.realpath(path)).is_relative_to(root)
                if inside:
                    links.append(relative)
                else:
                    left_out.append(str(relative))
            elif path.is_dir():
                folders.append(relative)
            elif path.is_file():
                files.append(relative)
                size += path.stat().st_size
            else:
                left_out.append(str(relative))
        if size > max_bytes:
            raise _too_large(root, max_bytes)
    return _Plan(folders, files, links, Copied(len(files), size, tuple(left_out), tuple(unreadable)))


def _is_left_out(path: Path, without: Path) -> bool:
    """True for what is no part of the user's work: among it every directory of runs, whatever its name."""
    if path.name in _LEFT_OUT or path == without:
        return True
    files = RootDir(path)
    return files.objects.is_dir() and files.runs.is_dir() and files.locks.is_dir()


def _too_large(folder: Path, max_bytes: int) -> Exception:
    return EnvironmentProblem.of(
        "N2P508",
        f"{folder} holds more than {max_bytes / 1e6:.0f} MB: too much to copy for an isolated run",
        hint="run without `--isolated`, or move large data out of the folder and read it from there",
    )
