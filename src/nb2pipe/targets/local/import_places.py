"""Names that a step imported in; out, what such imports may find besides installed packages, and where.

Those are the folders of PYTHONPATH, and what is installed to be edited: `.pth` files tell of folders, and setuptools'
`__editable__` files of packages. The notebook's own folder is told of by the step itself, see `runtime.facts`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from nb2pipe.folders import shadows
from nb2pipe.records import dataclass

_FILES = re.compile(r".+\.pth|__editable__.+\.py")
_MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class Places:
    """`found`: each place that has one of the names, with what it has, in the order in which Python looks.

    `folders` were looked into, `files` were read: what is found hangs on these.
    """

    found: str
    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def places(imported: Collection[str], sites: Iterable[str], environ: Mapping[str, str], folder: Path) -> Places:
    """Where imports of these top-level names would look now. `folder` is the notebook's."""
    files = sorted(_files(sites))
    folders = [str(folder / part) for part in environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    told: list[tuple[str, list[str]]] = []
    for file in files:
        if file.endswith(".pth"):
            folders += _lines(file)
        else:
            told += _editable(file, imported)
    looked = tuple(dict.fromkeys(os.path.normpath(place) for place in folders))
    named = [(place, sorted(shadows(Path(place), imported))) for place in looked]
    return Places(json.dumps([[place, names] for place, names in (*named, *told) if names]), looked, tuple(files))


def _files(sites: Iterable[str]) -> Iterator[str]:
    for site in sites:
        try:
            names = os.listdir(site)  # noqa: PTH208  # only the names
        except OSError:
            continue
        yield from (os.path.join(site, name) for name in names if _FILES.fullmatch(name))  # noqa: PTH118


def _lines(file: str) -> Iterator[str]:
    """The folders that a `.pth` file adds, as `site` reads it."""
    for line in _text(file).splitlines():
        if line.strip() and not line.startswith(("#", "import ", "import\t")):
            yield os.path.join(os.path.dirname(file), line.strip())  # noqa: PTH118, PTH120


def _editable(file: str, imported: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    """A file that tells Python where packages lie, if it is about one of the names."""
    text = _text(file)
    names = sorted(name for name in imported if f"'{name}'" in text)
    if names:
        yield f"{file} {hashlib.sha256(text.encode()).hexdigest()[:16]}", names


def _text(file: str) -> str:
    try:
        with open(file, encoding="utf-8", errors="replace") as opened:  # noqa: PTH123
            return opened.read(_MAX_BYTES)
    except OSError:
        return ""
