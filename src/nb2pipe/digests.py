"""Paths in, digests of the files' content out. One that was hashed before and is as it was then isn't read again.

"As it was" means inode, size, and both times to the nanosecond: no program sets the time of the last change of a
file's status back by accident. No decision hangs on what time it is.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path

from nb2pipe.files import write_atomic

_SCHEMA = 1
_CHUNK_BYTES = 1 << 20
_RACY_NS = 2_000_000_000  # a file that changed less than that ago may change again within one tick of its clock
_MOST = 20_000

Stamp = tuple[int, int, int, int, int]


class FileDigests:
    """What is known of files; `path` is where it is kept from one command to the next."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)
        self._new = False
        self.looked_at: dict[str, Stamp | None] = {}
        """The files that were asked for, each as it was when its content was known."""

    def of(self, file: Path) -> str | None:
        """SHA-256 of the content: 64 hex digits; None for what isn't there, or is no regular file that can be read."""
        key = str(file)
        stamp = self.looked_at[key] = stamp_of(file)
        if stamp is None:
            return None
        kept = self._known.get(key)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        digest = _hashed(file)
        if digest is not None and stamp_of(file) == stamp and _is_settled(stamp):
            self._known[key] = (stamp, digest)
            self._new = True
        return digest

    def save(self) -> None:
        """Keep what was learned. A help only: nothing is said if it can't be written."""
        if self._new:
            latest = list(self._known.items())[-_MOST:]
            content = json.dumps(
                {"schema": _SCHEMA, "files": {key: [*stamp, digest] for key, (stamp, digest) in latest}}
            )
            with contextlib.suppress(OSError):
                write_atomic(self._path, content.encode("utf-8", "surrogatepass"), durable=False)
            self._new = False


def stamp_of(file: Path) -> Stamp | None:
    """What changes when the file does; None for what isn't there, or is no regular file."""
    try:
        status = file.stat()
    except (OSError, ValueError):
        return None
    if not _is_regular(status):
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _is_regular(status: os.stat_result) -> bool:
    import stat

    return stat.S_ISREG(status.st_mode)


def _is_settled(stamp: Stamp) -> bool:
    now = time.time_ns()
    return all(abs(now - changed) > _RACY_NS for changed in stamp[3:])


def _hashed(file: Path) -> str | None:
    digest = hashlib.sha256()
    try:
        with file.open("rb", buffering=0) as opened:
            while chunk := opened.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError:
        return None
    return digest.hexdigest()


def _read(path: Path) -> dict[str, tuple[Stamp, str]]:
    try:
        content = json.loads(path.read_bytes())
        if content["schema"] != _SCHEMA:
            return {}
        return {
            str(key): ((int(a), int(b), int(c), int(d), int(e)), str(digest))
            for key, (a, b, c, d, e, digest) in content["files"].items()
        }
    except (OSError, ValueError, TypeError, KeyError):
        return {}
