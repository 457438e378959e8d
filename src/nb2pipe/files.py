"""Bytes in, files out: written whole or not at all, and readable by their owner alone. Standard library only."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path


def make_private_dir(path: Path) -> Path:
    """Create `path` and what lacks above it, mode 0700 for each directory made, durably. Raises OSError."""
    missing = [path, *path.parents]
    for directory in reversed([item for item in missing if not item.exists()]):
        directory.mkdir(mode=0o700, exist_ok=True)
        directory.chmod(0o700)  # whatever the umask said
        sync_dir(directory.parent)  # what is synced inside is lost with it else
    if not path.is_dir():
        raise NotADirectoryError(20, "not a directory", str(path))
    return path


def own_private_dir(path: Path) -> Path:
    """As `make_private_dir`; one that was there is closed to others. Raises OSError for another user's, or a link."""
    make_private_dir(path)
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, "it is a link", str(path))
    if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "it belongs to another user", str(path))
    if status.st_mode & 0o077:
        path.chmod(0o700)
    return path


def write_new(path: Path, content: bytes) -> None:
    """Put `content` into a file that isn't there yet. Raises FileExistsError if something is, and other OSErrors."""
    with path.open("xb") as file:
        try:
            file.write(content)
        except BaseException:
            with contextlib.suppress(OSError):
                path.unlink()
            raise


def write_private(path: Path, content: bytes) -> None:
    """Put `content` into a file that isn't there yet, mode 0600: one that nobody reads before it is whole.

    Raises OSError; a part of the file may then be there.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        os.fchmod(descriptor, 0o600)  # whatever the umask said
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]


def write_atomic(path: Path, content: bytes, *, durable: bool = True, mode: int | None = None) -> None:
    """Put `content` at `path`: after a crash there is the old file or the new one, never a part. Mode 0600 by default.

    The order is SQLite's: data, fsync, rename, fsync of the directory. `durable=False` leaves both fsyncs out, for
    what is written over and over. Raises OSError; the old file is then untouched and nothing else is left.
    """
    import tempfile  # most commands write nothing

    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if mode is not None:
                os.chmod(temporary, mode)  # noqa: PTH101  # as above
            if durable:
                os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105  # the pair to mkstemp, which gives a string
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise
    if durable:
        sync_dir(path.parent)


def sync_dir(path: Path) -> None:
    """Make renames in `path` survive a power loss, where the system can (Windows can't open a directory)."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
