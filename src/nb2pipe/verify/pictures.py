"""Bytes of a picture in; what is looked at of it, its size, and how much of it differs from another, out."""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SEEN = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fcTL", b"fdAT")
"""The chunks of a PNG that make its pixels, those of animations among them. All others are remarks."""
_PDF_DATE = re.compile(rb"/(CreationDate|ModDate) ?\([^()]*\)")
_MAX_PIXELS = 1_500_000
"""Pictures above are not compared pixel by pixel: unpacking them without NumPy takes seconds."""


@dataclass(frozen=True)
class Size:
    """In pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


def digest(mime: str, content: bytes) -> str:
    """SHA-256 of what makes the picture: two pictures that look alike have one, whatever is noted in them."""
    if mime == "image/png":
        try:
            chunks = list(_chunks(content))
        except ValueError:
            chunks = []
        if chunks:
            content = _seen(chunks)
    elif mime == "application/pdf":
        content = _PDF_DATE.sub(b"", content)
    return hashlib.sha256(content).hexdigest()


def size(content: bytes) -> Size | None:
    """The size of a PNG; None for anything else."""
    if content[:8] != _SIGNATURE or content[12:16] != b"IHDR" or len(content) < 24:
        return None
    return Size(*struct.unpack(">II", content[16:24]))


def share_that_differs(one: bytes, other: bytes) -> float | None:
    """The share of pixels that differ in two PNGs of one size, from 0 to 1; None where it can't be told cheaply."""
    try:
        rows, others = _pixels(one), _pixels(other)
    except (ValueError, zlib.error, struct.error):
        return None
    if rows is None or others is None or (rows.width, len(rows.lines)) != (others.width, len(others.lines)):
        return None
    changed = 0
    for line, twin in zip(rows.lines, others.lines, strict=True):
        if (rows.bytes_each, line) != (others.bytes_each, twin):
            changed += sum(a != b for a, b in zip(rows.colours(line), others.colours(twin), strict=True))
    return changed / (rows.width * len(rows.lines)) if rows.lines and rows.width else None


@dataclass(frozen=True)
class _Rows:
    width: int
    bytes_each: int
    lines: list[bytearray]

    def colours(self, line: bytearray) -> Iterator[bytes]:
        """Each pixel as red, green, blue, opacity, so that pictures with and without opacity can be compared."""
        for start in range(0, len(line), self.bytes_each):
            pixel = bytes(line[start : start + self.bytes_each])
            if self.bytes_each <= 2:
                pixel = pixel[:1] * 3 + pixel[1:]
            yield pixel if len(pixel) == 4 else pixel + b"\xff"


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a PNG, kind and data. Raises ValueError for what is no PNG, or is cut off."""
    if content[:8] != _SIGNATURE:
        raise ValueError("no PNG")
    at = 8
    while True:
        if len(content) < at + 12:
            raise ValueError("cut off")
        (length,) = struct.unpack(">I", content[at : at + 4])
        kind = content[at + 4 : at + 8]
        if len(content) < at + 12 + length:
            raise ValueError("cut off")
        yield kind, content[at + 8 : at + 8 + length]
        if kind == b"IEND":
            return
        at += 12 + length


def _seen(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """What makes the pixels; how the compressed data are cut into chunks does not."""
    parts: list[tuple[bytes, bytearray]] = []
    for kind, data in chunks:
        if kind not in _SEEN:
            continue
        if kind == b"IDAT" and parts and parts[-1][0] == kind:
            parts[-1][1].extend(data)
        else:
            parts.append((kind, bytearray(data)))
    return b"".join(kind + len(data).to_bytes(8) + data for kind, data in parts)


def _pixels(content: bytes) -> _Rows | None:
    """The rows of a PNG of 8 bits a colour without palette and interlacing; None for others, and for large ones."""
    found = size(content)
    if found is None or found.width * found.height > _MAX_PIXELS:
        return None
    depth, kind, _, _, interlaced = struct.unpack(">BBBBB", content[24:29])
    bytes_each = {0: 1, 2: 3, 4: 2, 6: 4}.get(kind)
    if depth != 8 or interlaced or bytes_each is None:
        return None
    length = found.width * bytes_each
    wanted = (length + 1) * found.height
    packed = b"".join(data for name, data in _chunks(content) if name == b"IDAT")
    data = zlib.decompressobj().decompress(packed, wanted)
    if len(data) != wanted:
        return None
    lines: list[bytearray] = []
    above = bytearray(length)
    for start in range(0, wanted, length + 1):
        above = _unfiltered(data[start], bytearray(data[start + 1 : start + 1 + length]), above, bytes_each)
        lines.append(above)
    return _Rows(found.width, bytes_each, lines)


def _unfiltered(kind: int, line: bytearray, above: bytearray, step: int) -> bytearray:
    """A row as it was before it was filtered (PNG specification, 9.2). Raises ValueError for an unknown filter."""
    if kind == 1:
        for at in range(step, len(line)):
            line[at] = (line[at] + line[at - step]) & 255
    elif kind == 2:
        line = bytearray([(a + b) & 255 for a, b in zip(line, above, strict=True)])
    elif kind == 3:
        for at, upper in enumerate(above):
            left = line[at - step] if at >= step else 0
            line[at] = (line[at] + (left + upper) // 2) & 255
    elif kind == 4:
        for at, upper in enumerate(above):
            left, corner = (line[at - step], above[at - step]) if at >= step else (0, 0)
            line[at] = (line[at] + _nearest(left, upper, corner)) & 255
    elif kind != 0:
        raise ValueError("an unknown filter")
    return line


def _nearest(left: int, upper: int, corner: int) -> int:
    guess = left + upper - corner
    off = (abs(guess - left), abs(guess - upper), abs(guess - corner))
    if off[0] <= off[1] and off[0] <= off[2]:
        return left
    return upper if off[1] <= off[2] else corner
