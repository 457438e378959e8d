"""Python's audit events in; out, the files and folders that the running cell opened, changed or listed.

Only what goes through Python's own `open`, `os` and `sqlite3` is seen: not what a subprocess does, nor a library's own
C code. What belongs to Python, the system or a program's own settings is left out.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nb2pipe.runtime.facts import Facts

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = frozenset({"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink"})
_LISTS = frozenset({"os.listdir", "os.scandir"})
_NOT_DATA = frozenset({".nb2pipe", "__pycache__", "site-packages", "dist-packages", ".ipynb_checkpoints", ".git"})
_SYSTEM = (
    "/proc",
    "/sys",
    "/dev",
    "/etc",
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/sbin",
    "/run/user",
    "/var/cache",
    "/var/lib",
)
_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep  # noqa: PTH100, PTH120
_TEMPORARY = re.compile(r"tmp[a-z0-9_]{8}(/|$)")  # as `tempfile` names them
_EVENTS = frozenset({"open", "sqlite3.connect", "exec", "import", "os.fork", *_CHANGES, *_LISTS})
_CODE = (".py", ".pyw")
_SHOWING = ("linecache.py", "inspect.py", "traceback.py")
_LIBRARY = (
    *(path + os.sep for path in {sysconfig.get_paths()["stdlib"], str(Path(os.__file__).parent)}),
    "<frozen",
    __file__,
)


@dataclass(frozen=True)
class Touch:
    """One event. `path`: as from the notebook's folder if it is `inside`, else absolute.

    `written`: it may be another afterwards. `read`: what was there may count. `listed`: a folder whose names are read.
    """

    path: str
    inside: bool
    read: bool
    written: bool
    listed: bool = False


_Note = Callable[[Touch], None]
_notes: list[Callable[[str, tuple[object, ...]], None]] = []
_ours: set[int] = set()  # threads in which it is we who look


def watch(folder: str, note: _Note, facts: Facts) -> None:
    """From now on, tell `note` of each file that is touched, right before it is.

    `facts` are told of files whose code is executed, as modules or otherwise, of names that are imported, if they are
    found or not, and of forks.
    """
    place = Place(folder)
    busy = False

    def told(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal busy
        if busy:
            return  # it is `note` itself that looks
        busy = True
        try:
            if event == "exec":
                facts.executed(getattr(arguments[0], "co_filename", ""))
                return
            if event == "import":
                facts.imports(str(arguments[0]))
                return
            if event == "os.fork":
                facts.forking()
                return
            for path, read, written in _touches(event, arguments):
                full, inside = place.of(path)
                if full is not None and not (full.endswith(_CODE) and _is_python_itself()):
                    note(Touch(full, inside, read, written, event in _LISTS))
        finally:
            busy = False

    if not _notes:
        sys.addaudithook(_hook)  # there is no way to take one out again
    _notes[:] = [told]


class Place:
    """The notebook's folder: a path in, how it is told of out."""

    def __init__(self, folder: str) -> None:
        self._root = os.path.realpath(folder)
        self._inside = self._root + os.sep
        self._home = os.path.realpath(os.path.expanduser("~")).rstrip(os.sep) + os.sep  # noqa: PTH111
        self._temporary = os.path.realpath(tempfile.gettempdir()) + os.sep
        self._not_outside = (*_python(), *(path + os.sep for path in _SYSTEM))

    def of(self, path: object, *, named: bool = False) -> tuple[str | None, bool]:
        """The path as in `Touch`, and whether it is inside; None for what is no data of the notebook's.

        What the notebook names itself is data also where programs keep their settings.
        """
        if not isinstance(path, str | bytes | os.PathLike):
            return None, False
        # the folder's name is resolved, and no link below it: a link is a file of its own
        full = os.path.normpath(os.path.join(os.path.realpath(os.getcwd()), os.fsdecode(path)))  # noqa: PTH109, PTH118
        if full == self._root:
            return ".", True
        inside = full.startswith(self._inside)
        shown = PurePath(full[len(self._inside) :] if inside else full)
        if _NOT_DATA.intersection(shown.parts) or shown.suffix == ".pyc":
            return None, inside
        hidden = not named and self._is_hidden(full)
        if not inside and (full.startswith(self._not_outside) or hidden or self._is_temporary(full)):
            return None, False
        return shown.as_posix(), inside

    def _is_temporary(self, full: str) -> bool:
        return full.startswith(self._temporary) and bool(_TEMPORARY.match(full[len(self._temporary) :]))

    def _is_hidden(self, full: str) -> bool:
        """Settings and caches of programs: `~/.cache`, `~/.config`. A notebook that lies in such a folder is none."""
        first = full[len(self._home) :].partition(os.sep)[0]
        if not full.startswith(self._home) or not first.startswith("."):
            return False
        return not self._inside.startswith(f"{self._home}{first}{os.sep}")


def _of_descriptor(number: int) -> str | None:
    """The folder or file that a descriptor is open for, as far as the system tells."""
    try:
        found = os.readlink(f"/proc/self/fd/{number}")  # noqa: PTH115
    except OSError:
        return None
    return found if os.path.isabs(found) else None  # noqa: PTH117


def _python() -> tuple[str, ...]:
    """Where Python and what is installed lie."""
    found = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()}
    return tuple(sorted(os.path.realpath(path) + os.sep for path in found if path and path != os.sep))


def _touches(event: str, arguments: tuple[Any, ...]) -> list[tuple[object, bool, bool]]:
    """Each path of an event: may what was there count, and may it be another afterwards."""
    if event == "open":
        path, _, flags = arguments
        written = isinstance(flags, int) and bool(flags & _WRITES)
        anew = written and bool(flags & os.O_TRUNC)
        return [(path, not anew, written)]
    if event == "sqlite3.connect":
        return [(arguments[0], True, True)]
    if event in _LISTS:
        where = _of_descriptor(arguments[0]) if type(arguments[0]) is int else arguments[0] or "."
        return [] if _is_python_itself() else [(where, True, False)]
    if event in ("os.rename", "os.link"):
        source, target, source_dir, target_dir = (*arguments, -1, -1)[:4]
        return [(_beside(source, source_dir), True, event == "os.rename"), (_beside(target, target_dir), False, True)]
    if event == "os.symlink":
        return [(_beside(arguments[1], *arguments[2:3]), False, True)]
    if event == "os.truncate":
        return [(arguments[0], True, True)]
    place = {"os.remove": 1, "os.rmdir": 1, "os.mkdir": 2}[event]
    return [(_beside(arguments[0], *arguments[place : place + 1]), False, True)]


def _beside(path: Any, directory: object = -1) -> object:  # noqa: ANN401  # whatever was given
    """A path that is told as from an open directory."""
    if not isinstance(directory, int) or directory < 0 or isinstance(path, int):
        return path
    return os.path.join(os.readlink(f"/proc/self/fd/{directory}"), os.fsdecode(path))  # noqa: PTH115, PTH118


def _is_python_itself() -> bool:
    """True if it is the import system that looks: each import goes through `sys.path`. Or what shows source lines.

    A module that lists a folder while it is imported does so itself.
    """
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if "importlib" in name or name.endswith(_SHOWING):
            return True
        if not name.startswith(_LIBRARY) or "-packages" in name:
            return False
        frame = frame.f_back
    return False


@contextlib.contextmanager
def unseen() -> Iterator[None]:
    """What this thread touches in here is not the notebook's doing."""
    thread = threading.get_ident()
    _ours.add(thread)
    try:
        yield
    finally:
        _ours.discard(thread)


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _EVENTS:
        return
    if sys._getframe(1).f_code.co_filename.startswith(_OURS) or threading.get_ident() in _ours:
        return  # the store, which opens files within folders that it has open
    with contextlib.suppress(Exception):  # what is raised here would stop the user's own `open`
        _notes[0](event, arguments)
