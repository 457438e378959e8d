"""The user's key in; out, whether a record was made here by this user: what somebody else made is never trusted.

A cache is code: unpickling runs it. A cloned repository may hold a `.nb2pipe/`, so each record of a step carries a
message authentication code (HMAC-SHA-256) under a key that is in no repository.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import stat
from pathlib import Path

from nb2pipe.files import make_private_dir, write_atomic
from nb2pipe.locks import exclusive

VARIABLE = "NB2PIPE_STORE_KEY"
"""The environment variable whose value goes before the user's own key: where a cache is restored, as in CI."""

_BYTES = 32


def user_key() -> bytes:
    """The key, made at its first use. Raises OSError if none can be kept, ValueError for a bad one."""
    given = os.environ.get(VARIABLE)
    if given is not None:
        if len(given) < _BYTES:
            raise ValueError(f"the key in {VARIABLE} has fewer than {_BYTES} characters")
        return hashlib.sha256(given.encode("utf-8", "surrogateescape")).digest()
    path = key_path()
    with contextlib.suppress(FileNotFoundError):
        return _read(path)
    make_private_dir(path.parent)
    with exclusive(path.with_suffix(".lock")):  # another run may make it right now
        if not path.exists():
            for left in path.parent.glob(f".{path.name}.*.tmp"):  # by somebody who was killed while doing the same
                left.unlink(missing_ok=True)
            write_atomic(path, os.urandom(_BYTES).hex().encode())
    return _read(path)


def key_path() -> Path:
    """Where the user's own key lies."""
    data = os.environ.get("XDG_DATA_HOME") or Path("~/.local/share").expanduser()
    return Path(data) / "nb2pipe" / "store.key"


def sign(key: bytes, content: bytes) -> str:
    """The code for this content: 64 hex digits."""
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def is_signed(key: bytes, content: bytes, code: str) -> bool:
    """True if `code` is the one that the key gives."""
    return hmac.compare_digest(sign(key, content).encode(), code.encode("utf-8", "surrogatepass"))


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise PermissionError(1, "the key may only be yours to read: remove it, and a new one is made", str(path))
        content = file.read(1000)
    if len(content) != 2 * _BYTES:
        raise ValueError(f"{path} holds no key: remove it, and a new one is made")
    return content
