"""Names of modules and distributions in; out, what is installed for them here. It runs in the kernel's interpreter.

Standard library only, Python 3.10 or later: the text of this file is what another environment's interpreter is given.
Nothing of the user's is imported. Distributions are named in PEP 503's form.
"""

from __future__ import annotations

import importlib.machinery
import json
import re
import sys
from pathlib import Path
from typing import TypedDict

_INFO = re.compile(r"(?P<name>[A-Za-z0-9._]+?)-(?P<version>[^-]+)(-py[0-9.]+)?\.(dist|egg)-info")
_DEVELOPED = re.compile(r"(?P<name>[A-Za-z0-9._-]+)\.egg-info")
_REQUIRED = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)")


class Told(TypedDict):
    """What is known of a distribution. `requires`: lines of its metadata; `source`: empty if it is from an index."""

    name: str
    version: str
    requires: list[str]
    source: str


class Answer(TypedDict):
    """What `look` finds out."""

    python: list[int]
    standard: list[str]
    owners: dict[str, list[str]]
    distributions: dict[str, Told]


def look(modules: list[str], distributions: list[str]) -> Answer:
    """What these modules and distributions are, and all that they require, as far as it is installed.

    `python`: the interpreter's version. `standard`: the top-level modules that Python itself has. `owners`: module to
    distributions. `distributions`: name to what is known of it.
    """
    found = _Found()
    standard = sorted({top for top in map(_top, modules) if found.is_standard(top)})
    owners = {name: found.owners(name) for name in modules if _top(name) not in standard}
    wanted = [*distributions, *(name for names in owners.values() for name in names)]
    return {
        "python": list(sys.version_info[:3]),
        "standard": standard,
        "owners": owners,
        "distributions": found.with_required(wanted),
    }


class _Found:
    """What is in the folders that this interpreter imports from. The first that has a distribution counts."""

    def __init__(self) -> None:
        self.infos: dict[str, Path] = {}
        self._texts: dict[tuple[str, str], str] = {}
        self._records: dict[str, str] = {}
        for site in dict.fromkeys(Path(path).resolve() for path in sys.path if path):
            try:
                entries = sorted(site.iterdir())
            except OSError:
                continue
            for entry in entries:
                match = _INFO.fullmatch(entry.name) or _DEVELOPED.fullmatch(entry.name)
                if match is not None:
                    self.infos.setdefault(_normal(match["name"]), entry)

    def is_standard(self, top: str) -> bool:
        return top in sys.stdlib_module_names or top in sys.builtin_module_names

    def owners(self, module: str) -> list[str]:
        """The distributions that installed this module; of a namespace package, those of its part that is asked for."""
        top = _top(module)
        direct = _normal(top)
        path = module.replace(".", "/")
        if direct in self.infos and self._reach(direct, path) > (3 if "." in module else 0):
            return [direct]
        candidates = [name for name in sorted(self.infos) if self._has(name, top)]
        if len(candidates) > 1:
            candidates = self._nearest(path, candidates)
        return candidates or self._editable(top)

    def _has(self, name: str, top: str) -> bool:
        return any(
            f"\n{top}{ending}" in self._record(name) for ending in (".py,", "/", ".cpython", ".abi3", ".pyd,")
        ) or (top in self._top_level(name))

    def _nearest(self, path: str, candidates: list[str]) -> list[str]:
        """Those whose files reach furthest into the module's dotted name."""
        reach = {name: self._reach(name, path) for name in candidates}
        best = max(reach.values())
        return [name for name in candidates if reach[name] == best]

    def _reach(self, name: str, path: str) -> int:
        record = self._record(name)
        parts = path.split("/")
        for length in range(len(parts), 0, -1):
            part = "/".join(parts[:length])
            if any(f"\n{part}{ending}" in record for ending in (".py,", "/__init__.py,", ".cpython", ".abi3")):
                return 2 * length + 1
            if f"\n{part}/" in record:
                return 2 * length
        return 0

    def _editable(self, top: str) -> list[str]:
        """The distribution whose project folder the module is found in."""
        spec = importlib.machinery.PathFinder.find_spec(top)
        for finder in sys.meta_path if spec is None else ():
            find = getattr(finder, "find_spec", None)
            spec = spec or (find(top, None) if find is not None else None)
        places = [] if spec is None else [spec.origin or "", *(spec.submodule_search_locations or ())]
        for name in sorted(self.infos):
            folder = self._project(name)
            if folder and any(Path(folder) in Path(place).resolve().parents for place in places if place):
                return [name]
        return []

    def with_required(self, names: list[str]) -> dict[str, Told]:
        """These and what they require, whatever the platform, if it is installed."""
        found: dict[str, Told] = {}
        waiting = [(_normal(name), frozenset[str]()) for name in names]
        seen = set()
        while waiting:
            name, extras = waiting.pop()
            if (name, extras) in seen or name not in self.infos:
                continue
            seen.add((name, extras))
            found.setdefault(name, self._about(name))
            for line in self._requires(name):
                match = _REQUIRED.match(line)
                asked = _EXTRA.search(line.partition(";")[2])
                if match is not None and (asked is None or _normal(asked[1]) in extras):
                    more = frozenset(_normal(item) for item in (match[2] or "").split(",") if item.strip())
                    waiting.append((_normal(match[1]), more))
        return {name: found[name] for name in sorted(found)}

    def _about(self, name: str) -> Told:
        headers = self._headers(name)
        return {
            "name": next(iter(headers.get("name", [])), name),
            "version": next(iter(headers.get("version", [])), ""),
            "requires": self._requires(name),
            "source": self._source(name),
        }

    def _requires(self, name: str) -> list[str]:
        return self._headers(name).get("requires-dist", [])

    def _headers(self, name: str) -> dict[str, list[str]]:
        text = self._text(name, "METADATA") or self._text(name, "PKG-INFO")
        found: dict[str, list[str]] = {}
        for line in text.split("\n\n", 1)[0].splitlines():
            key, colon, value = line.partition(":")
            if colon and not line[:1].isspace():
                found.setdefault(key.lower(), []).append(value.strip())
        return found

    def _source(self, name: str) -> str:
        """How it was installed where that is not from an index: editable, folder, vcs, file."""
        if self._text(name, "INSTALLER").strip() == "conda":  # which notes the folder where it was built
            return ""
        if self.infos[name].suffix == ".egg-info" and self._project(name):
            return "editable"
        try:
            told = json.loads(self._text(name, "direct_url.json") or "{}")
        except ValueError:
            return ""
        if not isinstance(told, dict) or not told:
            return ""
        folder = told.get("dir_info")
        if isinstance(folder, dict):
            return "editable" if folder.get("editable") else "folder"
        return "vcs" if "vcs_info" in told else "file"

    def _project(self, name: str) -> str:
        """The folder of a project that is installed without being copied; empty for any other."""
        info = self.infos[name]
        if info.suffix == ".egg-info":
            return "" if info.parent.name in ("site-packages", "dist-packages") else str(info.parent)
        try:
            told = json.loads(self._text(name, "direct_url.json") or "{}")
            url = told["url"] if told["dir_info"].get("editable") else ""
        except (ValueError, KeyError, TypeError, AttributeError):
            return ""
        from urllib.parse import unquote, urlsplit

        return str(Path(unquote(urlsplit(url).path)).resolve()) if url.startswith("file:") else ""

    def _record(self, name: str) -> str:
        if name not in self._records:
            text = self._text(name, "RECORD")
            if not text:
                text = self._text(name, "SOURCES.txt") if self._project(name) == "" else ""
                text = "\n".join(f"{line}," for line in text.splitlines())
            self._records[name] = f"\n{text}"
        return self._records[name]

    def _top_level(self, name: str) -> list[str]:
        return self._text(name, "top_level.txt").split()

    def _text(self, name: str, file: str) -> str:
        if (name, file) not in self._texts:
            info = self.infos[name]
            place = info if info.is_file() and file == "PKG-INFO" else info / file  # distutils wrote it as one file
            try:
                self._texts[name, file] = place.read_text(encoding="utf-8", errors="replace")
            except OSError:
                self._texts[name, file] = ""
        return self._texts[name, file]


def _top(module: str) -> str:
    return module.partition(".")[0]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


if __name__ == "__main__":
    asked = json.loads(sys.stdin.read())
    print(json.dumps(look(asked["modules"], asked["distributions"])))  # noqa: T201  # it is how a program answers
