"""The data files beside this module in, lookups by name out. A key that ends in `*` covers all names that begin so."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Patterns(Generic[T]):
    """Names to facts. The exact name wins, then the longest prefix that a `*` follows, then `*` in the middle."""

    def __init__(self, entries: Mapping[str, T]) -> None:
        self._exact = {key: value for key, value in entries.items() if "*" not in key}
        self._prefix = {key[:-1]: value for key, value in entries.items() if key.endswith("*") and key.count("*") == 1}
        self._middle: list[tuple[str, str, T]] = []
        for key in sorted(entries):
            start, star, tail = key.partition("*")
            if star and tail:
                self._middle.append((start, tail, entries[key]))
        self._known: dict[str, T | None] = {}

    def get(self, name: str) -> T | None:
        """What is said of `name`, if anything."""
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def _find(self, name: str) -> T | None:
        if name in self._exact:
            return self._exact[name]
        for end in range(len(name), 0, -1):
            if name[:end] in self._prefix:
                return self._prefix[name[:end]]
        for start, tail, value in self._middle:
            if name.startswith(start) and name.endswith(tail) and len(name) >= len(start) + len(tail):
                return value
        return None

    @classmethod
    def of(cls, names: Iterable[str]) -> Patterns[bool]:
        """A set of names."""
        return Patterns(dict.fromkeys(names, True))


@dataclass(frozen=True)
class Magics:
    """What IPython's magics do, see magics.toml."""

    harmless: frozenset[str]
    setup: frozenset[str]
    reads_all: frozenset[str]
    python_line: frozenset[str]
    python_cell: frozenset[str]
    foreign_cell: frozenset[str]
    display_cell: frozenset[str]
    writes_file: frozenset[str]
    environment: frozenset[str]
    installers: frozenset[str]
    installers_change: frozenset[str]
    installers_tell: frozenset[str]
    interactive: frozenset[str]
    shell_reads: frozenset[str]
    automagic: frozenset[str]


@dataclass(frozen=True)
class Methods:
    """What methods do by name, see methods.toml."""

    value_attributes: frozenset[str]
    fresh: frozenset[str]
    view: frozenset[str]
    changes: frozenset[str]
    keeps: frozenset[str]
    fits: frozenset[str]
    data_only: frozenset[str]
    keeps_prefixes: tuple[str, ...]
    view_prefixes: tuple[str, ...]
    value_prefixes: tuple[str, ...]
    data: Patterns[bool]


@dataclass(frozen=True)
class Functions:
    """What library functions do, see functions.toml and packages.toml."""

    changes: Patterns[list[int]]
    methods: Patterns[list[int]]
    results: Patterns[str]
    distinct: Patterns[bool]
    out: Patterns[int]
    out_methods: Mapping[str, int]
    code: frozenset[str]
    unpickle: frozenset[str]
    packages: frozenset[str]


@dataclass(frozen=True)
class Resources:
    """What touches state that is no variable, see resources.toml. A place is [position, keyword]."""

    reads: Patterns[tuple[int, str]]
    writes: Patterns[tuple[int, str]]
    method_reads: Mapping[str, tuple[int, str]]
    method_writes: Mapping[str, tuple[int, str]]
    process: Mapping[str, tuple[str, str]]
    seeds: Patterns[bool]
    draws: Patterns[bool]
    own: Patterns[bool]
    unless_random_state: Patterns[bool]
    method_draws: frozenset[str]
    fit_draws: frozenset[str]
    setup: Patterns[bool]
    gets: Patterns[bool]
    restores: Mapping[str, str]


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__name__).joinpath(name).read_text(encoding="utf-8"))


def _places(table: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """Position -> names, the other way round."""
    return {name: int(position) for position, names in table.items() for name in names}


@cache
def magics() -> Magics:
    """magics.toml."""
    return Magics(**{key: frozenset(value) for key, value in _load("magics.toml").items()})


@cache
def methods() -> Methods:
    """methods.toml."""
    content = _load("methods.toml")
    prefixes: dict[str, Any] = {
        key: tuple(content.pop(key)) for key in ("keeps_prefixes", "view_prefixes", "value_prefixes")
    }
    data = Patterns.of(content.pop("data"))
    sets: dict[str, Any] = {key: frozenset(value) for key, value in content.items()}
    return Methods(**sets, **prefixes, data=data)


@cache
def functions() -> Functions:
    """functions.toml and packages.toml."""
    data, packages = _load("functions.toml"), _load("packages.toml")
    return Functions(
        changes=Patterns(data["changes"]),
        methods=Patterns(data["methods"]),
        results=Patterns(data["results"]),
        distinct=Patterns.of(data["distinct"]["names"]),
        out=Patterns(_places(data["out"])),
        out_methods=_places(data["out_methods"]),
        code=frozenset(data["code"]["names"]),
        unpickle=frozenset(data["unpickle"]["names"]),
        packages=frozenset(packages["standard"]) | frozenset(packages["known"]) | {"builtins"},
    )


@cache
def resources() -> Resources:
    """resources.toml."""
    data = _load("resources.toml")
    rng = data["rng"]
    return Resources(
        reads=Patterns({key: (place[0], place[1]) for key, place in data["reads"].items()}),
        writes=Patterns({key: (place[0], place[1]) for key, place in data["writes"].items()}),
        method_reads={key: (place[0], place[1]) for key, place in data["method_reads"].items()},
        method_writes={key: (place[0], place[1]) for key, place in data["method_writes"].items()},
        process={key: (kind, way) for key, (kind, way) in data["process"].items()},
        seeds=Patterns.of(rng["seeds"]),
        draws=Patterns.of(rng["draws"]),
        own=Patterns.of(rng["own"]),
        unless_random_state=Patterns.of(rng["unless_random_state"]),
        method_draws=frozenset(rng["method_draws"]),
        fit_draws=frozenset(rng["fit_draws"]),
        setup=Patterns.of(data["setup"]["names"]),
        gets=Patterns.of(data["setup"]["gets"]),
        restores=data["restores"],
    )
