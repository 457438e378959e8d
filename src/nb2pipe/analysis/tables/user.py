"""A notebook's folder in, the user's own tables out: what `nb2pipe.toml` or `pyproject.toml` says of libraries.

    [tables.functions.changes]
    "mylib.normalize" = [0]

The sections are those of the files beside this module. The nearest file counts, up to the project's root.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, TypeAlias

from nb2pipe.analysis.suggest import closest
from nb2pipe.model import Diagnostic, Location, Severity
from nb2pipe.records import dataclass

FILE, PROJECT = "nb2pipe.toml", "pyproject.toml"
_MAX_BYTES = 1_000_000
_OURS = re.compile(rb"""\btool["'\s]*(?:\.["'\s]*nb2pipe|\]|=)""")  # text without it has no table of ours

_RESULTS = ("value", "fresh", "view", "holds", "sees", "container", "item", "iterator")
_KINDS, _WAYS = ("file", "cwd", "env"), ("read", "write")


@dataclass(frozen=True)
class UserTables:
    """`entries`: table -> section -> what is added. What is wrong counts for nothing and is in `diagnostics`."""

    entries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True)
class Shape:
    """What a section may hold: a list of names, or names with a value that `fits`. `words` say it to people."""

    words: str
    fits: Callable[[Any], bool] | None = None


def _is_texts(value: Any) -> bool:  # noqa: ANN401  # data of any kind
    return isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value)


def _is_count(value: Any) -> bool:  # noqa: ANN401  # data of any kind
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 100


def _is_place(value: Any) -> bool:  # noqa: ANN401  # data of any kind
    if value == [-1, ""]:  # the object whose method it is
        return True
    return isinstance(value, list) and len(value) == 2 and _is_count(value[0]) and _is_texts(value[1:])


def _is_arguments(value: Any) -> bool:  # noqa: ANN401  # data of any kind
    return isinstance(value, list) and all(_is_count(item) or _is_texts([item]) for item in value)


def _is_process(value: Any) -> bool:  # noqa: ANN401  # data of any kind
    return _is_texts(value) and len(value) == 2 and value[0] in _KINDS and value[1] in _WAYS


_LIST = Shape('a list of names, such as ["mylib.load", "mylib.io.*"]')
_ARGUMENTS = Shape('a list of positions (from 0) or keywords, such as [0, "out"]', _is_arguments)
_PLACE = Shape('a position and a keyword, such as [0, "path"]', _is_place)
_PROCESS = Shape(f"[one of {', '.join(_KINDS)}; one of {', '.join(_WAYS)}]", _is_process)
_STEADY = Shape('an argument and its values that make it vary, such as ["solver", "sag"]', _is_texts)
_NAMES = Shape('a list of names, such as ["mylib.scale"], under the position of their `out`', _is_texts)
_PREFIX = Shape("the beginning of the names that it sets back", lambda value: isinstance(value, str))
_RESULT = Shape(f"one of {', '.join(_RESULTS)}", lambda value: isinstance(value, str) and value in _RESULTS)

Grammar: TypeAlias = Mapping[str, Mapping[str, Shape]]


def grammar(lists: Mapping[str, Iterable[str]]) -> Grammar:
    """All sections that a user's file may have. `lists`: those of methods and magics, which are lists of names."""
    lists = {
        "functions": ("distinct", "unpickle", "code"),
        "resources": (
            *("setup", "seeds", "draws", "own", "unseeded", "unless_random_state", "method_draws", "fit_draws"),
            "outside",
        ),
        "packages": ("known",),
        **lists,
    }
    found = {table: dict.fromkeys(sorted(names), _LIST) for table, names in lists.items()}
    found["functions"] |= {"changes": _ARGUMENTS, "methods": _ARGUMENTS, "results": _RESULT}
    found["resources"] |= dict.fromkeys(("reads", "writes", "method_reads", "method_writes"), _PLACE)
    found["resources"]["process"] = _PROCESS
    found["resources"] |= {"steady": _STEADY, "gets": _LIST, "restores": _PREFIX}
    found["functions"] |= {"out": _NAMES, "out_methods": _NAMES}
    return found


def find(folder: Path, known: Grammar) -> UserTables:
    """The tables of the nearest file at or above `folder`; none beyond the folder that holds .git or pyproject.toml."""
    folder = folder.resolve()
    for here in (folder, *folder.parents):
        own, project = here / FILE, here / PROJECT
        if own.is_file():
            return _read(own, (), known)
        if project.is_file():
            return _read(project, ("tool", "nb2pipe"), known)
        if (here / ".git").exists():
            break
    return UserTables()


def _read(path: Path, below: tuple[str, ...], known: Grammar) -> UserTables:
    at = Location(notebook=str(path).encode("utf-8", "replace").decode())
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES)  # one that is longer ends in the middle
        if below and not _OURS.search(raw):
            return UserTables()  # another tool's file, and another tool's business
        from tomllib import loads  # most notebooks have no such file

        data: Any = loads(raw.decode())
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error).splitlines()[0]
        message = f"this file can't be read as TOML of up to {_MAX_BYTES:,} bytes: {_shown(reason or '')}"
        return UserTables(diagnostics=(_problem(at, message, "mend it: https://toml.io shows how it is written"),))
    for key in below:
        data = data.get(key, {}) if isinstance(data, dict) else {}
    reading = _Reading(at, ".".join([*below, ""]))
    return UserTables(reading.tables(data, known), tuple(reading.diagnostics))


@dataclass
class _Reading:
    """A file's content while it is checked."""

    at: Location
    prefix: str
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def tables(self, data: Any, known: Grammar) -> dict[str, dict[str, Any]]:  # noqa: ANN401  # data of any kind
        found: dict[str, dict[str, Any]] = {}
        for table, sections in self._known(
            "tables", self._known("", data, ["tables"]).get("tables", {}), known
        ).items():
            where = f"tables.{table}"
            found[table] = {}
            for section, content in self._known(where, sections, known[table]).items():
                found[table][section] = self._section(f"{where}.{section}", content, known[table][section])
        return found

    def _known(self, where: str, data: Any, names: Iterable[str]) -> dict[str, Any]:  # noqa: ANN401  # data of any kind
        """The entries of a table whose keys are known."""
        if not isinstance(data, dict):
            self._wrong(where, "a table")
            return {}
        known = sorted(names)
        for key in data:
            if key not in known:
                near = closest(key, known)
                hint = f"did you mean `{near}`?" if near else f"known are {', '.join(known)}"
                place = f"{self.prefix}{where}".rstrip(".")
                message = f"`{place}` has an unknown key `{_shown(key)}`" if place else f"unknown key `{_shown(key)}`"
                self.diagnostics.append(_problem(self.at, message, hint))
        return {key: value for key, value in data.items() if key in known}

    def _section(self, where: str, content: Any, shape: Shape) -> Any:  # noqa: ANN401  # data of any kind
        if shape.fits is None:
            if not _is_texts(content):
                self._wrong(where, shape.words)
                return []
            return content
        if not isinstance(content, dict):
            self._wrong(where, f"a table: a name, and {shape.words}")
            return {}
        for name, value in content.items():
            if not shape.fits(value):
                self._wrong(f'{where}."{name}"', shape.words)
        return {name: value for name, value in content.items() if shape.fits(value)}

    def _wrong(self, where: str, allowed: str) -> None:
        message = f"`{_shown(self.prefix + where)}` has a wrong value"
        self.diagnostics.append(_problem(self.at, message, f"write {allowed}"))


def _problem(at: Location, message: str, hint: str) -> Diagnostic:
    return Diagnostic("N2P142", Severity.ERROR, message, at, hint)


def _shown(text: str) -> str:
    return "".join(item if item.isprintable() else ascii(item)[1:-1] for item in text[:120])
