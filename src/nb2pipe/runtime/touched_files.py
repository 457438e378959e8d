"""Python's audit events in; out, the files of the notebook's folder that the running cell opened, by cell.

Only what goes through Python's own `open` and `os` is seen: not what a subprocess does, nor a library's own C code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import PurePath

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = frozenset({"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink"})
_NOT_DATA = frozenset({".nb2pipe", "__pycache__", "site-packages", ".ipynb_checkpoints", ".git"})

_Note = Callable[[str, bool], None]
_notes: list[Callable[[object, bool], None]] = []


def watch(folder: str, note: _Note) -> None:
    """From now on, tell `note` of each file below `folder` that is opened: its path from there, was it for writing."""
    root = os.path.realpath(folder) + os.sep

    def told(path: object, written: bool) -> None:
        if isinstance(path, (str, bytes, os.PathLike)):
            # the folder's name is resolved, and no link below it: a link is a file of its own
            full = os.path.normpath(os.path.join(os.path.realpath(os.getcwd()), os.fsdecode(path)))  # noqa: PTH109, PTH118
            inside = PurePath(full[len(root) :]) if full.startswith(root) else None
            if inside is not None and not _NOT_DATA.intersection(inside.parts) and inside.suffix not in (".py", ".pyc"):
                note(inside.as_posix(), written)

    if not _notes:
        sys.addaudithook(_hook)  # there is no way to take one out again
    _notes[:] = [told]


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event != "open" and event not in _CHANGES:
        return
    try:
        if event == "open":
            path, _, flags = arguments
            _notes[0](path, isinstance(flags, int) and bool(flags & _WRITES))
        else:
            for path in arguments[: 2 if event in ("os.rename", "os.link", "os.symlink") else 1]:
                _notes[0](path, True)
    except Exception:  # noqa: BLE001, S110  # what is raised here would stop the user's own `open`
        pass
