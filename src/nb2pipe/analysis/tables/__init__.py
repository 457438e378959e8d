"""The data files beside this module in, lookups by name out. A key that ends in `*` covers all names that begin so.

What the user's own file adds holds inside `using`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from nb2pipe.analysis.tables import user
from nb2pipe.analysis.tables.user import UserTables
from nb2pipe.records import dataclass
from nb2pipe.tables import read_tables

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
        try:
            return self._known[name]
        except KeyError:
            found = self._known[name] = self._find(name)
            return found

    def values(self) -> list[T]:
        """All facts."""
        return [*self._exact.values(), *self._prefix.values(), *(value for _, _, value in self._middle)]

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
    caches: frozenset[str]
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

    changes: Patterns[list[int | str]]
    methods: Patterns[list[int | str]]
    results: Patterns[str]
    distinct: Patterns[bool]
    out: Patterns[int]
    out_methods: Mapping[str, int]
    code: frozenset[str]
    unpickle: frozenset[str]
    packages: frozenset[str]
    standard: frozenset[str]  # of these, Python's own


@dataclass(frozen=True)
class Resources:
    """What touches state that is no variable, see resources.toml; `carried` and `blind` are in options.toml.

    A place is [position, keyword].
    """

    reads: Patterns[tuple[int, str]]
    writes: Patterns[tuple[int, str]]
    method_reads: Mapping[str, tuple[int, str]]
    method_writes: Mapping[str, tuple[int, str]]
    process: Mapping[str, tuple[str, str]]
    seeds: Patterns[bool]
    draws: Patterns[bool]
    own: Patterns[bool]
    unseeded: Patterns[bool]
    steady: Patterns[list[Any]]
    unless_random_state: Patterns[bool]
    method_draws: frozenset[str]
    fit_draws: frozenset[str]
    setup: Patterns[bool]
    outside: Patterns[bool]
    gets: Patterns[bool]
    keeps: Patterns[bool]
    keeping: frozenset[str]
    restores: Mapping[str, str]
    carried: Patterns[list[str]]
    blind: Mapping[str, frozenset[str]]
    asks: frozenset[str]


def _load(name: str) -> dict[str, Any]:
    return read_tables(Path(__file__).with_name(name))


@dataclass(frozen=True)
class _All:
    """All tables, with what a user adds to them."""

    magics: Magics
    methods: Methods
    functions: Functions
    resources: Resources


def _places(table: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """Position -> names, the other way round."""
    return {name: int(position) for position, names in table.items() for name in names}


def magics() -> Magics:
    """magics.toml."""
    return (_used.get() or _built_in()).magics


def methods() -> Methods:
    """methods.toml."""
    return (_used.get() or _built_in()).methods


def functions() -> Functions:
    """functions.toml and packages.toml."""
    return (_used.get() or _built_in()).functions


def resources() -> Resources:
    """resources.toml and options.toml."""
    return (_used.get() or _built_in()).resources


_used: ContextVar[_All | None] = ContextVar("tables", default=None)


@contextmanager
def using(tables: UserTables) -> Iterator[None]:
    """Inside, lookups find what the user adds; where it says something else than the built-in tables, it wins."""
    before = _used.set(_all(tables.entries) if tables.entries else None)
    try:
        yield
    finally:
        _used.reset(before)


def user_tables(folder: Path) -> UserTables:
    """The tables of the user that hold for notebooks in `folder`."""
    lists = {"methods": {item.name for item in fields(Methods)}, "magics": {item.name for item in fields(Magics)}}
    return user.find(folder, user.grammar(lists))


@cache
def _built_in() -> _All:
    return _all({})


def _all(added: Mapping[str, Mapping[str, Any]]) -> _All:
    return _All(
        _magics(added.get("magics", {})),
        _methods(added.get("methods", {})),
        _functions(added.get("functions", {}), added.get("packages", {})),
        _resources(added.get("resources", {})),
    )


def _magics(added: Mapping[str, Any]) -> Magics:
    return Magics(**{key: frozenset(value) | set(added.get(key, ())) for key, value in _load("magics.toml").items()})


_EXCLUSIVE = ("fresh", "view", "caches", "changes", "keeps", "fits", "data_only")  # a method does one of these


def _methods(added: Mapping[str, Any]) -> Methods:
    content = _load("methods.toml")
    for key in _EXCLUSIVE:
        others = {name for other in _EXCLUSIVE if other != key for name in added.get(other, ())}
        content[key] = [name for name in content[key] if name not in others]
    content = {key: [*value, *added.get(key, ())] for key, value in content.items()}
    prefixes: dict[str, Any] = {
        key: tuple(content.pop(key)) for key in ("keeps_prefixes", "view_prefixes", "value_prefixes")
    }
    data = Patterns.of(content.pop("data"))
    sets: dict[str, Any] = {key: frozenset(value) for key, value in content.items()}
    return Methods(**sets, **prefixes, data=data)


def _functions(added: Mapping[str, Any], more: Mapping[str, Any]) -> Functions:
    data, packages = _load("functions.toml"), _load("packages.toml")
    names = {key: [*data[key]["names"], *added.get(key, ())] for key in ("distinct", "code", "unpickle")}
    known = {*packages["standard"], *packages["known"], *more.get("known", ()), "builtins"}
    return Functions(
        changes=Patterns({**data["changes"], **added.get("changes", {})}),
        methods=Patterns({**data["methods"], **added.get("methods", {})}),
        results=Patterns({**data["results"], **added.get("results", {})}),
        distinct=Patterns.of(names["distinct"]),
        out=Patterns({**_places(data["out"]), **_places(added.get("out", {}))}),
        out_methods={**_places(data["out_methods"]), **_places(added.get("out_methods", {}))},
        code=frozenset(names["code"]),
        unpickle=frozenset(names["unpickle"]),
        packages=frozenset(known),
        standard=frozenset({*packages["standard"], "builtins"}),
    )


def _resources(added: Mapping[str, Any]) -> Resources:
    data, options = _load("resources.toml"), _load("options.toml")
    lists = {**data["rng"], "setup": data["setup"]["names"], "outside": data["outside"]["names"]}
    del lists["steady"]
    lists = {key: [*value, *added.get(key, ())] for key, value in lists.items()}
    tables = {key: {**data[key], **added.get(key, {})} for key in ("reads", "writes", "method_reads", "method_writes")}
    places = {
        key: {name: (place[0], place[1]) for name, place in sorted(table.items())} for key, table in tables.items()
    }
    return Resources(
        reads=Patterns(places["reads"]),
        writes=Patterns(places["writes"]),
        method_reads=places["method_reads"],
        method_writes=places["method_writes"],
        process={key: (kind, way) for key, (kind, way) in {**data["process"], **added.get("process", {})}.items()},
        seeds=Patterns.of(lists["seeds"]),
        draws=Patterns.of(lists["draws"]),
        own=Patterns.of(lists["own"]),
        unseeded=Patterns.of(lists["unseeded"]),
        steady=Patterns({**data["rng"]["steady"], **added.get("steady", {})}),
        unless_random_state=Patterns.of(lists["unless_random_state"]),
        method_draws=frozenset(lists["method_draws"]),
        fit_draws=frozenset(lists["fit_draws"]),
        setup=Patterns.of(lists["setup"]),
        outside=Patterns.of(lists["outside"]),
        gets=Patterns.of([*data["setup"]["gets"], *added.get("gets", ())]),
        keeps=Patterns.of(data["setup"]["keeps"]),
        keeping=frozenset(name.partition(".")[0] for name in data["setup"]["keeps"]),
        restores={**data["restores"], **added.get("restores", {})},
        carried=Patterns(options["carried"]),
        asks=frozenset(options["asks"]["names"]),
        blind={library: frozenset(names) for library, names in options["blind"].items()},
    )
