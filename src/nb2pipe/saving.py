"""Tags for a notebook's cells, or a new notebook's bytes, in; files out. Nothing is ever written over by surprise."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from nb2pipe import notebook
from nb2pipe.config import Limits
from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.files import write_atomic, write_new
from nb2pipe.model import Location


def write_tags(
    source: Path,
    tags: Mapping[int, Sequence[str]],
    digest: str,
    copy: Path | None = None,
    *,
    limits: Limits | None = None,
) -> None:
    """Write tags into the notebook's own file, or into a new file `copy`; nothing else changes.

    `digest` is that of the notebook that the tags are for. Raises BadInput if the notebook has changed since (N2P163),
    if something is at `copy` already (N2P164), or for a notebook of an old format (N2P162); EnvironmentProblem if the
    file can't be written (N2P611).
    """
    limits = limits or Limits.from_environment()
    content = notebook.read_bytes(source, limits)
    shown = notebook.shown_path(source)
    if notebook.parse(content, shown, limits).digest != digest:
        raise BadInput.of(
            "N2P163",
            "the notebook changed while steps were looked for, so that nothing is written",
            at=Location(shown),
            hint="save it and try again",
        )
    tagged = notebook.with_tags(content, tags, limits, shown)
    if copy is not None:
        create(copy, tagged)
        return
    path = source.resolve()  # a link stays a link
    try:
        if not os.access(path, os.W_OK):  # to put a file in its place would ask nobody
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        write_atomic(path, tagged, mode=stat.S_IMODE(path.stat().st_mode))
    except OSError as error:
        raise _unwritten(source, error) from error


def create(path: Path, content: bytes) -> None:
    """Write a file that isn't there yet. Raises BadInput if it is (N2P164), EnvironmentProblem (N2P611)."""
    try:
        write_new(path, content)
    except FileExistsError as error:
        raise BadInput.of(
            "N2P164",
            f"{notebook.shown_path(path)} is there already, and is left as it is",
            hint="give another name, or move the file away",
        ) from error
    except OSError as error:
        raise _unwritten(path, error) from error


def _unwritten(path: Path, error: OSError) -> EnvironmentProblem:
    return EnvironmentProblem.of(
        "N2P611",
        f"{notebook.shown_path(path)} can't be written: {error.strerror or error}",
        hint="choose a file in a folder that is there and that you may write to",
    )
