"""nb2pipe's own runtime in; out, a copy of it for the kernels of one run, compiled where that was done before.

Python takes a compiled file if it is of a source with the same size and time: so the copies keep their time. A kernel
of another Python looks for other files, and compiles by itself.
"""

from __future__ import annotations

import contextlib
import os
import py_compile
import struct
import sys
from importlib.util import cache_from_source
from pathlib import Path

import nb2pipe
from nb2pipe.files import make_private_dir, write_private

_PARTS = ("__init__.py", "runtime/*.py")


def copy(target: Path) -> None:
    """Make `target`, which nobody uses yet, a folder that kernels import the runtime from. Raises OSError."""
    source = Path(nb2pipe.__file__).parent
    for pattern in _PARTS:
        paths = sorted(source.glob(pattern))
        folder = make_private_dir(target / "nb2pipe" / paths[0].parent.relative_to(source))
        compiled = make_private_dir(folder / "__pycache__")  # else the kernel makes it, as its umask says
        for path in paths:
            copied = folder / path.name
            status = path.stat()
            write_private(copied, path.read_bytes())
            os.utime(copied, ns=(status.st_atime_ns, status.st_mtime_ns))
            if (content := _compiled(path, status)) is not None:
                write_private(compiled / Path(cache_from_source(str(copied))).name, content)


def _compiled(path: Path, status: os.stat_result) -> bytes | None:
    """What Python keeps of the compiled file, made anew if it is of another source; None if it keeps none."""
    place = Path(cache_from_source(str(path)))
    found = _read(place)
    if (found is None or not _is_of(found, status)) and not sys.dont_write_bytecode:
        with contextlib.suppress(OSError, py_compile.PyCompileError):  # for next time, as an import would do it
            py_compile.compile(str(path), doraise=True)
        found = _read(place)
    return found


def _read(place: Path) -> bytes | None:
    try:
        return place.read_bytes()
    except OSError:
        return None


def _is_of(compiled: bytes, source: os.stat_result) -> bool:
    """True if Python would take it for this source: PEP 552's flags, time and size follow the magic number."""
    told = struct.pack("<III", 0, int(source.st_mtime) & 0xFFFFFFFF, source.st_size & 0xFFFFFFFF)
    return compiled[4:16] == told
