"""A folder in; out, what is told of it: the names in it, what an import finds there. Standard library only.

The same as in `runtime.facts`, which travels to the kernels by itself: what was noted there is held against it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable
from pathlib import Path

CHANGING = "changing"  # in place of a digest: it became another while the step ran, and the step did not do it
FOLDER = "folder"  # in place of a digest
MOST_NAMES = 5_000  # of one folder


def names_in(folder: Path) -> list[str]:
    """The names in a folder that count as its content, sorted; none where there is no such folder."""
    try:
        found = os.listdir(folder)  # noqa: PTH208  # only the names
    except OSError:
        return []
    return sorted(name for name in found if not name.startswith(".") and name != "__pycache__")


def shadows(folder: Path, imported: Collection[str]) -> set[str]:
    """The names in a folder that an import of these modules may find: files of code, and folders."""
    try:
        with os.scandir(folder) as entries:
            return {item.name for item in entries if _is_module(item) and item.name.partition(".")[0] in imported}
    except OSError:
        return set()


def digest_of(names: Iterable[str]) -> str:
    """One digest for many names."""
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()


def _is_module(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith((".py", ".so", ".pyd")) or ("." not in entry.name and entry.is_dir())
