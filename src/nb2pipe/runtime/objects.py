"""Pickle bytes and buffers in, immutable content-addressed files out, and back by private memory map.

A file is `MAGIC | number of segments (u64) | (offset, length) (u64, u64) per segment | segments`; segment 0 is the
pickle stream, the others are its out-of-band buffers (PEP 574), each aligned to 64 bytes. Its name is the digest of
all its bytes, with the algorithm's name in front (`digests`). A published file is never written to again: readers map
it. Who stores the same content again puts a file of the same bytes in its place, which mends a damaged one.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import re
import secrets
import stat
import struct
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TypeAlias

from nb2pipe.runtime import digests

Buffer: TypeAlias = bytes | bytearray | memoryview

MAGIC = b"nb2pipe\x01"
_ALIGNMENT = 64
_CHUNK_BYTES = 1 << 20
_MAPPING = re.compile(rb"(?m)^([0-9a-f]+)-([0-9a-f]+) ")
_KILOBYTES = re.compile(rb"(?m)^(Anonymous|Swap): +(\d+) kB")
_HASHED_AT_ONCE = 16 << 20
_WRITTEN_AT_ONCE = 64 << 20
_NAME = re.compile(r"(sha256|blake3)-([0-9a-f]{64})")
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


class StoreError(Exception):
    """An object is missing, foreign or damaged, or can't be written. The message is one line for people."""


@dataclass(frozen=True)
class Stored:
    """An object's id and its size on disk."""

    id: str
    size_bytes: int


def path_of(store: Path, object_id: str) -> Path:
    """Where an object lives. Raises StoreError for an id that no object can have, so that no id leaves the store."""
    return store / _algorithm_and_digest(object_id)[1][:2] / object_id


def put(store: Path, pickle: Buffer, buffers: Sequence[Buffer]) -> Stored:
    """Store one object durably: temporary file, fsync, rename, fsync of the directory. Raises OSError, StoreError."""
    segments = [memoryview(pickle).cast("B"), *(memoryview(buffer).cast("B") for buffer in buffers)]
    chunks = _layout(segments)
    size = sum(chunk.nbytes for chunk in chunks)
    algorithm = digests.for_size(size)
    digest = _hasher(algorithm)
    hashing = _Hashing(digest, chunks)
    if size < _CHUNK_BYTES:  # sooner hashed than written: what is there already need not be synced again
        hashing.run()
        object_id = f"{algorithm}-{digest.hexdigest()}"
        if _is_sound(store, object_id):
            return Stored(object_id, size)
    else:
        hashing.start()
    _private_dir(store)
    temporary = store / f".{secrets.token_hex(8)}.tmp"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb", buffering=0):
            os.fchmod(descriptor, 0o600)  # whatever the umask said
            for chunk in chunks:
                _write_all(descriptor, chunk)
            os.fsync(descriptor)
        hashing.finish()
        object_id = f"{algorithm}-{digest.hexdigest()}"
        target = path_of(store, object_id)
        _private_dir(target.parent)
        os.replace(temporary, target)  # noqa: PTH105  # pathlib's own calls this
    except BaseException:
        hashing.stop()
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    for directory in (target.parent, store):
        _sync_directory(directory)
    return Stored(object_id, size)


def get(store: Path, object_id: str) -> list[memoryview]:
    """The segments of an object, writable but private to this process. Verified before it is handed out.

    Raises StoreError if the file is missing, someone else's, no regular file, or not what its name says.
    """
    algorithm, digest = _algorithm_and_digest(object_id)
    hasher = _hasher(algorithm)
    shown = object_id[:15]
    with os.fdopen(_open_own(store, object_id, digest[:2]), "rb") as file:
        if os.fstat(file.fileno()).st_size < len(MAGIC) + 8:
            raise StoreError(f"the stored object {shown} is cut short")
        content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    hasher.update(content)
    if hasher.hexdigest() != digest:
        raise StoreError(f"the stored object {shown} is damaged: its content is not what its name says")
    if content[: len(MAGIC)] != MAGIC:
        raise StoreError(f"the stored object {shown} has a format that this nb2pipe does not read")
    (count,) = struct.unpack_from("<Q", content, len(MAGIC))
    places = [struct.unpack_from("<QQ", content, len(MAGIC) + 8 + 16 * index) for index in range(count)]
    return [content[offset : offset + length] for offset, length in places]


def _algorithm_and_digest(object_id: str) -> tuple[str, str]:
    found = _NAME.fullmatch(object_id)
    if found is None:
        raise StoreError(f"{object_id[:80]!r} is not the id of a stored object")
    return found[1], found[2]


def _hasher(algorithm: str) -> digests.Hasher:
    found = digests.hasher(algorithm)
    if found is None:
        raise StoreError(
            f"a stored object is named by {algorithm}, which this kernel's environment lacks: "
            f"{sys.executable} -m pip install {algorithm}"
        )
    return found


def _open_own(store: Path, object_id: str, folder: str) -> int:
    """A descriptor of the object's file: it and the directories that hold it are the user's own, and no links."""
    flags = os.O_RDONLY | os.O_CLOEXEC | _NO_FOLLOW | os.O_NONBLOCK
    opened: list[int] = []
    try:
        for part in (str(store), folder, object_id):
            above = opened[-1] if opened else None
            opened.append(os.open(part, flags | (0 if part == object_id else os.O_DIRECTORY), dir_fd=above))
            status = os.fstat(opened[-1])
            if status.st_uid != os.geteuid() or (part == object_id and not stat.S_ISREG(status.st_mode)):
                raise StoreError(f"the stored object {object_id[:15]} is not a file of yours: it is not loaded")
        return opened.pop()
    except OSError as error:
        raise StoreError(f"the stored object {object_id[:15]} can't be read: {error.strerror}") from error
    finally:
        for descriptor in opened:
            os.close(descriptor)


class _Hashing:
    """Takes in chunks beside the thread that writes them: both let other threads run meanwhile."""

    def __init__(self, digest: digests.Hasher, chunks: Sequence[memoryview]) -> None:
        self._digest = digest
        self._chunks = chunks
        self._stopped = False
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="nb2pipe hashing", daemon=True)
        self._thread.start()

    def run(self) -> None:
        """Take in all chunks."""
        for chunk in self._chunks:
            for start in range(0, chunk.nbytes, _HASHED_AT_ONCE):
                if self._stopped:
                    return
                self._digest.update(chunk[start : start + _HASHED_AT_ONCE])

    def _run(self) -> None:
        try:
            self.run()
        except BaseException as error:  # noqa: BLE001  # raised again by `finish`
            self._error = error

    def finish(self) -> None:
        """Wait for the end. Raises what the thread raised."""
        if self._thread is not None:
            self._thread.join()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Give it up: nothing is read any more when this returns."""
        self._stopped = True
        if self._thread is not None:
            self._thread.join()


def is_untouched(segments: Sequence[memoryview]) -> bool:
    """True if nothing was ever written to the private memory map that `get` gave these segments of.

    A page that is written to becomes anonymous. False where the system does not tell.
    """
    content = segments[0].obj
    if not isinstance(content, mmap.mmap) or len(content) < _CHUNK_BYTES:  # a small one is sooner compared
        return False
    low = ctypes.addressof(ctypes.c_char.from_buffer(content))
    high = low + len(content)
    try:
        maps = Path("/proc/self/smaps").read_bytes()
    except OSError:
        return False
    covered = 0
    headers = list(_MAPPING.finditer(maps))
    for header, following in zip_longest(headers, headers[1:]):
        start, end = int(header[1], 16), int(header[2], 16)
        if start < high and end > low:
            told = dict(_KILOBYTES.findall(maps, header.end(), following.start() if following else len(maps)))
            if told.get(b"Anonymous") != b"0" or told.get(b"Swap") != b"0":
                return False
            covered += min(end, high) - max(start, low)
    return covered == high - low


def address_of(buffer: Buffer) -> int:
    """Where the bytes of a buffer are, which may be read-only; 0 if it is empty."""
    view = memoryview(buffer).cast("B")
    if not view.nbytes:
        return 0
    pointer = ctypes.py_object(view)
    raw = _Buffer()
    ctypes.pythonapi.PyObject_GetBuffer(pointer, ctypes.byref(raw), 0)
    try:
        return int(raw.buf or 0)
    finally:
        ctypes.pythonapi.PyBuffer_Release(ctypes.byref(raw))


class _Buffer(ctypes.Structure):
    """`Py_buffer`, part of Python's stable ABI since 3.11 and the same in 3.10."""

    _fields_ = (
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.py_object),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    )


def _layout(segments: Sequence[memoryview]) -> list[memoryview]:
    """Header, segments and padding in file order."""
    offset = len(MAGIC) + 8 + 16 * len(segments)
    header = bytearray(MAGIC + struct.pack("<Q", len(segments)))
    body: list[memoryview] = []
    for segment in segments:
        padding = -offset % _ALIGNMENT
        header += struct.pack("<QQ", offset + padding, segment.nbytes)
        body += [memoryview(bytes(padding)), segment]
        offset += padding + segment.nbytes
    return [memoryview(header), *body]


def _write_all(descriptor: int, chunk: memoryview) -> None:
    while chunk.nbytes:
        chunk = chunk[os.write(descriptor, chunk[:_WRITTEN_AT_ONCE]) :]


def _is_sound(store: Path, object_id: str) -> bool:
    """True if the object is there already, whole."""
    try:
        get(store, object_id)
    except StoreError:
        return False
    return True


def _private_dir(directory: Path) -> None:
    if not directory.exists():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)  # whatever the umask said
        _sync_directory(directory.parent)


def _sync_directory(directory: Path) -> None:
    if os.name != "posix":
        return  # Windows has no fsync for directories
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
