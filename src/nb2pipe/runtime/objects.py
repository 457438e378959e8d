"""Pickle bytes and buffers in, immutable content-addressed files out, and back by private memory map.

A file is `MAGIC | number of segments (u64) | (offset, length) (u64, u64) per segment | segments`; segment 0 is the
pickle stream, the others are its out-of-band buffers (PEP 574), each aligned to 64 bytes. Its name is the digest of
all its bytes, with the algorithm's name in front. A published file is never written to again: readers map it.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import mmap
import os
import re
import secrets
import stat
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview

MAGIC = b"nb2pipe\x01"
_ALIGNMENT = 64
_CHUNK_BYTES = 1 << 20
_MAPPING = re.compile(rb"(?m)^([0-9a-f]+)-([0-9a-f]+) ")
_KILOBYTES = re.compile(rb"(?m)^(Anonymous|Swap): +(\d+) kB")
_NAME = re.compile(r"sha256-[0-9a-f]{64}")


class StoreError(Exception):
    """An object is missing, foreign or damaged, or can't be written. The message is one line for people."""


@dataclass(frozen=True)
class Stored:
    """An object's id and its size on disk."""

    id: str
    size_bytes: int


def path_of(store: Path, object_id: str) -> Path:
    """Where an object lives. Raises StoreError for an id that no object can have, so that no id leaves the store."""
    if not _NAME.fullmatch(object_id):
        raise StoreError(f"{object_id[:80]!r} is not the id of a stored object")
    return store / object_id[7:9] / object_id


def put(store: Path, pickle: Buffer, buffers: Sequence[Buffer]) -> Stored:
    """Store one object durably: temporary file, fsync, rename, fsync of the directory. Raises OSError, StoreError."""
    segments = [memoryview(pickle).cast("B"), *(memoryview(buffer).cast("B") for buffer in buffers)]
    chunks = _layout(segments)
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    size = sum(chunk.nbytes for chunk in chunks)
    object_id = "sha256-" + digest.hexdigest()
    target = path_of(store, object_id)
    if _is_sound(target, size):
        return Stored(object_id, size)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = target.parent / f".{secrets.token_hex(8)}.tmp"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            for chunk in chunks:
                _write_all(file.fileno(), chunk)
            os.fsync(descriptor)
        os.replace(temporary, target)  # noqa: PTH105  # pathlib's own calls this
    except BaseException:
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
    path = path_of(store, object_id)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        raise StoreError(f"the stored object {object_id[:15]} can't be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or (hasattr(os, "geteuid") and status.st_uid != os.geteuid()):
            raise StoreError(f"the stored object {object_id[:15]} is not a file of yours: it is not loaded")
        if status.st_size < len(MAGIC) + 8:
            raise StoreError(f"the stored object {object_id[:15]} is cut short")
        content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    if "sha256-" + hashlib.sha256(content).hexdigest() != object_id:
        raise StoreError(f"the stored object {object_id[:15]} is damaged: its content is not what its name says")
    if content[: len(MAGIC)] != MAGIC:
        raise StoreError(f"the stored object {object_id[:15]} has a format that this nb2pipe does not read")
    (count,) = struct.unpack_from("<Q", content, len(MAGIC))
    places = [struct.unpack_from("<QQ", content, len(MAGIC) + 8 + 16 * index) for index in range(count)]
    return [content[offset : offset + length] for offset, length in places]


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
        chunk = chunk[os.write(descriptor, chunk[: 64 * _CHUNK_BYTES]) :]


def _is_sound(path: Path, size: int) -> bool:
    """True if the object is there already, whole: a file of the right size and content."""
    try:
        if path.stat().st_size != size:
            return False
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError:
        return False
    return "sha256-" + digest.hexdigest() == path.name


def _sync_directory(directory: Path) -> None:
    if os.name != "posix":
        return  # Windows has no fsync for directories
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
