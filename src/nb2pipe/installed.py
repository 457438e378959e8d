"""Folders of installed packages in; out, which distributions with which versions are there. Nothing is imported.

The names of the folders tell (`pandas-3.0.1.dist-info`), so that an unchanged environment costs one look. What was not
installed from an index, but from a folder or Git (`direct_url.json`), may be other code of one version: the digests in
its RECORD tell.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

_INFO = re.compile(r"(?P<name>[A-Za-z0-9._]+?)-(?P<version>[^-]+)(-py[0-9.]+)?\.(dist|egg)-info")
_TOP = re.compile(r"(?m)^([A-Za-z_0-9]+)(/|\.py|\.[a-z0-9_-]+\.so)")


class Installed:
    """What is installed in these folders; the first that has a distribution counts."""

    def __init__(self, sites: Iterable[str]) -> None:
        self._sites = tuple(dict.fromkeys(sites))
        self.records: set[str] = set()
        """Files that were read to tell the versions."""

    @functools.cached_property
    def versions(self) -> Mapping[str, str]:
        """Each distribution's version, by its name in PEP 503's form."""
        return {name: version for name, (version, _) in self._infos.items()}

    def owners(self, packages: Iterable[str]) -> Mapping[str, str]:
        """The distributions that these top-level packages belong to, with their versions. Unknown ones are left out."""
        found: dict[str, str] = {}
        for package in packages:
            direct = _normal(package)
            names = [direct] if direct in self._infos else self._owner.get(package, [])
            found.update((name, self._infos[name][0]) for name in names)
        return dict(sorted(found.items()))

    @functools.cached_property
    def _infos(self) -> Mapping[str, tuple[str, Path]]:
        found: dict[str, tuple[str, Path]] = {}
        for site in self._sites:
            try:
                entries = sorted(Path(site).iterdir())
            except OSError:
                continue
            for entry in entries:
                match = _INFO.fullmatch(entry.name)
                if match is not None and _normal(match["name"]) not in found:
                    found[_normal(match["name"])] = (f"{match['version']}{self._code(entry)}", entry)
        return found

    def _code(self, info: Path) -> str:
        """What tells the code of a distribution that is not from an index; empty for all others."""
        if not (info / "direct_url.json").is_file():
            return ""
        record = info / "RECORD"
        self.records.add(str(record))
        try:
            lines = record.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        code = sorted(line for line in lines if "sha256=" in line and not line.startswith(("..", info.name)))
        return f" ({hashlib.sha256(chr(10).join(code).encode()).hexdigest()[:8]})"

    @functools.cached_property
    def _owner(self) -> Mapping[str, list[str]]:
        """The distributions of each top-level package, by what they say that they installed."""
        found: dict[str, list[str]] = {}
        for name, (_, info) in self._infos.items():
            for top in _tops(info):
                found.setdefault(top, []).append(name)
        return found


def _tops(info: Path) -> set[str]:
    for file in ("top_level.txt", "RECORD"):
        try:
            text = (info / file).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        return set(text.split()) if file == "top_level.txt" else {match[1] for match in _TOP.finditer(text)}
    return set()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
