"""Folders in; out, what an import finds there, as `runtime.facts` tells of it; and the words that stand for digests.

The same as in the runtime, which travels to the kernels by itself, so that what was noted there can be held against it.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

CHANGING = "changing"  # in place of a digest: it became another while the step ran, and the step did not do it
FOLDER = "folder"  # in place of a digest


def shadows(folder: Path, imported: Collection[str]) -> set[str]:
    """The names in a folder that an import of these modules may find: files of code, and folders."""
    try:
        with os.scandir(folder) as entries:
            return {item.name for item in entries if _is_module(item) and item.name.partition(".")[0] in imported}
    except OSError:
        return set()


def _is_module(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith((".py", ".so", ".pyd")) or ("." not in entry.name and entry.is_dir())
