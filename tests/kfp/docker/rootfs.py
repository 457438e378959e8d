"""Pins in; out, the root file system of an image that has this Python, these distributions, and nothing else.

All is copied from this machine, so that no registry and no index is asked: a shell, the interpreter and its standard
library, the files of each pinned distribution, and the shared libraries that they load.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Collection, Iterable, Iterator
from importlib import metadata
from pathlib import Path

_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x[0-9a-f]+\)")
# of those that every image of Debian's has, what the program and the examples' cells call
_PROGRAMS = ("sh", "mktemp", "mkdir", "cat", "cut", "grep", "head", "ls", "sed", "sort", "tail", "wc")
_LEFT_OUT = shutil.ignore_patterns(
    "__pycache__", "test", "tests", "site-packages", "idlelib", "ensurepip", "config-*", "*.a"
)


USUAL = (
    "libgcc_s.so.1", "libstdc++.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1", "libm.so.6",
    "libresolv.so.2", "libnss_dns.so.2", "libnss_files.so.2", "libz.so.1", "liblzma.so.5", "libbz2.so.1.0", "libexpat.so.1",
)  # fmt: skip
"""What wheels of an index expect of an image: its names here."""


def make(folder: Path, pins: Iterable[str], libraries: Collection[str] = ()) -> None:
    """Fill `folder`, a new one. Raises PackageNotFoundError for a distribution that isn't installed here.

    `libraries`: shared ones that are there besides, by name.
    """
    programs = [Path(found) for name in _PROGRAMS if (found := shutil.which(name))]
    python = Path(sys.executable).resolve()
    library = Path(sysconfig.get_path("stdlib"))
    site = folder / library.relative_to("/") / "site-packages"
    shutil.copytree(library, folder / library.relative_to("/"), ignore=_LEFT_OUT, symlinks=False)
    site.mkdir()
    for pin in pins:
        _distribution(pin, site)
    for program in programs:
        _copy(program.resolve(), folder / "usr/bin" / program.name)
    _copy(python, folder / python.relative_to("/"))
    (folder / "bin").symlink_to("usr/bin")
    (folder / "usr/bin/python3").symlink_to(python)
    for file in [*programs, python, *folder.rglob("*.so"), *folder.rglob("*.so.*")]:
        for needed in _libraries(file):
            target = folder / needed.relative_to("/")
            if not target.exists():
                _copy(needed.resolve(), target)
    known = (
        subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout if libraries else ""
    )
    for name, path in re.findall(r"^\s+(\S+) \(.*=> (\S+)$", known, re.MULTILINE):
        if name in libraries and not (folder / path.lstrip("/")).exists():
            _copy(Path(path).resolve(), folder / path.lstrip("/"))
    for name in ("tmp", "root", "etc", "proc", "dev", "sys", "work"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "tmp").chmod(0o1777)
    (folder / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n", "utf-8")


def _distribution(pin: str, site: Path) -> None:
    """`pip==`: of any version."""
    name, _, version = pin.partition("==")
    found = metadata.distribution(name)
    assert found.version == version or not version, (pin, found.version)
    for file in found.files or ():
        source = Path(str(found.locate_file(file)))
        if ".." not in file.parts and source.is_file() and source.suffix != ".pyc":
            _copy(source, site / file)


def _libraries(file: Path) -> Iterator[Path]:
    done = subprocess.run(["ldd", str(file)], capture_output=True, text=True, check=False)
    yield from (Path(match) for match in _LIBRARY.findall(done.stdout))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)
