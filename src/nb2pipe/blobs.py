"""Plain files kept in the store: bytes in, a digest as their name out, and back, verified. Nothing is unpickled here.

They lie in `objects/` among the values that steps stored; `runtime.objects` writes and reads those. One name holds one
content, and a file with a name is never written to again.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from nb2pipe.files import make_private_dir, sync_dir
from nb2pipe.layout import RootDir, algorithm_and_digest

_CHUNK_BYTES = 1 << 20


class Damaged(ValueError):
    """A blob that is missing, somebody else's, or not what its name says. The message is one line for people."""


def put(root: RootDir, content: bytes | Path) -> str:
    """Keep the content, of a file or as it is; durable when this returns. Returns its id.

    A file that changes meanwhile is kept as it was read: the id is of the bytes that were kept. Raises OSError.
    """
    objects = make_private_dir(root.objects)
    temporary = objects / f".{secrets.token_hex(8)}.tmp"
    digest = hashlib.sha256()
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            os.fchmod(descriptor, 0o600)  # whatever the umask said
            for chunk in _chunks(content):
                digest.update(chunk)
                _write_all(descriptor, chunk)
            object_id = f"sha256-{digest.hexdigest()}"
            os.fsync(file.fileno())
        target = root.object(object_id)
        make_private_dir(target.parent)
        os.replace(temporary, target)  # noqa: PTH105  # over the same content, or a damaged one, which is mended by it
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_dir(target.parent)
    sync_dir(objects)
    return object_id


def read(root: RootDir, object_id: str) -> bytes:
    """The content of a blob. Raises Damaged, and ValueError for what is no id."""
    return b"".join(_verified(root, object_id))


def restore(root: RootDir, object_id: str, target: Path) -> None:
    """Put the blob's content at `target`, whole or not at all. The mode is that of a new file, or of the one there.

    Raises Damaged, ValueError for what is no id, OSError where `target` can't be written; it is then as it was.
    """
    try:
        _restore(root, object_id, target, root.objects)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _restore(root, object_id, target, target.parent)  # another file system: nothing is renamed to there


def _restore(root: RootDir, object_id: str, target: Path, beside: Path) -> None:
    """By way of a temporary file in `beside`: one in the store is swept if this is killed, and no step lists it."""
    temporary = beside / f".{secrets.token_hex(8)}.tmp"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        with os.fdopen(descriptor, "wb", buffering=0):
            for chunk in _verified(root, object_id):
                _write_all(descriptor, chunk)
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(descriptor, stat.S_IMODE(target.stat().st_mode))
            os.fsync(descriptor)
        os.replace(temporary, target)  # noqa: PTH105  # one call for both
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_dir(target.parent)


def _chunks(content: bytes | Path) -> Iterator[memoryview]:
    """The content piece by piece. Raises OSError for what is no regular file: a pipe would be waited for."""
    if isinstance(content, bytes):
        yield memoryview(content)
        return
    descriptor = os.open(content, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(content))
        while chunk := file.read(_CHUNK_BYTES):
            yield memoryview(chunk)


def _verified(root: RootDir, object_id: str) -> Iterator[bytes]:
    """The pieces of a blob; the last step raises Damaged if they were not what the name says."""
    path = root.object(object_id)
    algorithm, wanted = algorithm_and_digest(object_id)
    shown = object_id[:15]
    if algorithm != "sha256":  # as all that `put` keeps
        raise Damaged(f"the stored object {shown} is a value of a step, no file")
    digest = hashlib.sha256()
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Damaged(f"the stored file {shown} can't be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            raise Damaged(f"the stored file {shown} is not a file of yours: it is not used")
        try:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
                yield chunk
        except OSError as error:
            raise Damaged(f"the stored file {shown} can't be read: {error.strerror}") from error
    if digest.hexdigest() != wanted:
        raise Damaged(f"the stored file {shown} is damaged: its content is not what its name says")


def _write_all(descriptor: int, chunk: bytes | memoryview) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
