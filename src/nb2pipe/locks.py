"""A lock file in, the lock or the name of its owner out: one run at a time for a notebook, one writer for a file.

It is a `flock`: the system frees it when its holder is gone, so that no lock is ever to be removed by hand.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from nb2pipe.files import make_private_dir


def open_lock(path: Path) -> int:
    """Open the lock file; nothing is locked yet. Raises OSError."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def try_lock(descriptor: int, owner: str) -> bool:
    """Take the lock and leave the owner's name in the file; False if somebody else has it. Raises OSError."""
    import fcntl  # not on Windows, where there are no local runs

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, owner.encode(), 0)
    return True


def owner_of(descriptor: int) -> str:
    """Who has the lock, by the file's content."""
    return os.pread(descriptor, 200, 0).decode(errors="replace") or "another run"


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock of this file, after whoever holds it now. For what takes no time. Raises OSError."""
    import fcntl

    make_private_dir(path.parent)
    descriptor = open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def shared(path: Path) -> Iterator[int]:
    """Hold the lock of this file together with others, after whoever has it alone. Gives the descriptor.

    A child that inherits the descriptor holds the lock too, until it ends. Raises OSError.
    """
    import fcntl

    make_private_dir(path.parent)
    descriptor = open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Hold the lock of this file if nobody else does: False if somebody does. Raises OSError."""
    import fcntl

    make_private_dir(path.parent)
    descriptor = open_lock(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
