"""A path in, the file's bytes out. Only a regular file is ever opened, so that nothing here can wait for ever."""

from __future__ import annotations

import errno
import os
import stat
from itertools import islice
from pathlib import Path

from nb2pipe.config import Limits
from nb2pipe.errors import BadInput, EnvironmentProblem, Nb2pipeError
from nb2pipe.model import Location
from nb2pipe.notebook.names import nearest, shown

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_OTHER_SUFFIXES = {
    ".py": "a Python script",
    ".md": "a Markdown file",
    ".rmd": "an R Markdown file",
    ".qmd": "a Quarto file",
    ".r": "an R script",
    ".jl": "a Julia script",
    ".html": "a web page",
    ".yaml": "a YAML file",
    ".yml": "a YAML file",
    ".zip": "an archive",
    ".gz": "an archive",
}
_WRONG_PATH = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL}
_NOT_A_FILE = {errno.ENXIO, errno.ENODEV, errno.EISDIR}  # what opening a socket or a device without a driver gives


def shown_path(path: Path) -> str:
    """The path as people are shown it; bytes that are no text become `?`."""
    return str(path).encode("utf-8", "replace").decode()


def read_bytes(path: Path, limits: Limits) -> bytes:
    """All bytes of a notebook file.

    Raises BadInput where `path` can't be a notebook, EnvironmentProblem where the system refuses to read it.
    """
    at = Location(notebook=shown_path(path))
    other = _OTHER_SUFFIXES.get(path.suffix.lower())
    try:
        # Looked at before it is opened: opening a device can do things to it. Looked at again once open.
        _require_file(path.stat().st_mode, at)
        if other is not None:
            raise _not_a_notebook(path, other, at)
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        with open(os.open(path, flags), "rb") as file:  # noqa: PTH123  # a descriptor, no path
            status = os.fstat(file.fileno())
            _require_file(status.st_mode, at)
            require_size(status.st_size, limits, at)
            content = file.read(limits.max_file_bytes + 1)
    except OSError as error:
        raise _from_system(error, path, at) from error
    except ValueError as error:  # a NUL in the path
        raise BadInput.of("N2P102", "the path holds a NUL character", at=at, hint="check the path") from error
    require_size(len(content), limits, at)
    return content


def require_size(size: int, limits: Limits, at: Location) -> None:
    """Raises BadInput for a notebook with more bytes than allowed."""
    if size > limits.max_file_bytes:
        raise BadInput.of(
            "N2P105",
            f"the notebook is larger than the limit of {limits.max_file_bytes:,} bytes",
            at=at,
            hint="clear its outputs (Edit > Clear Outputs of All Cells), or set NB2PIPE_MAX_FILE_BYTES",
        )


def _require_file(mode: int, at: Location) -> None:
    if stat.S_ISREG(mode):
        return
    kind = next((name for test, name in _KINDS if test(mode)), "no regular file")
    raise BadInput.of("N2P103", f"this is {kind}, not a notebook file", at=at, hint="give the path of an .ipynb file")


def _not_a_notebook(path: Path, kind: str, at: Location) -> Nb2pipeError:
    hint = "give the path of an .ipynb file"
    if path.suffix.lower() in (".py", ".md", ".rmd", ".qmd", ".r", ".jl"):
        hint = f"give an .ipynb file; `jupytext --to ipynb {shown(path.name)}` makes one"
    return BadInput.of("N2P110", f"this is {kind}, not a notebook", at=at, hint=hint)


def _from_system(error: OSError, path: Path, at: Location) -> Nb2pipeError:
    reason = (error.strerror or type(error).__name__).lower()
    if error.errno == errno.ENOENT:
        return BadInput.of("N2P102", "there is no such file", at=at, hint=_similar(path))
    hint = "give the path of an .ipynb file"
    if error.errno in _NOT_A_FILE:
        return BadInput.of("N2P103", f"this is not a file that can be read: {reason}", at=at, hint=hint)
    if error.errno in _WRONG_PATH:
        return BadInput.of("N2P102", f"the path leads to no file: {reason}", at=at, hint="check the path")
    hint = "check who may read it" if isinstance(error, PermissionError) else "check the disk or the network share"
    return EnvironmentProblem.of("N2P104", f"the notebook can't be read: {reason}", at=at, hint=hint)


def _similar(path: Path) -> str:
    """A hint for a path without a file: the notebook in the same folder whose name is nearest."""
    try:
        with os.scandir(path.parent) as entries:
            names = sorted(entry.name for entry in islice(entries, 1000) if entry.name.endswith(".ipynb"))
    except OSError:
        return "check the path: its folder does not exist or can't be read"
    found = nearest(path.name, names)
    return f"did you mean `{shown(found)}`?" if found else "check the path"
