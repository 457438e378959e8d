"""What names of functions and variables tell people, from `words.toml`: sets of words out."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from nb2pipe.records import dataclass


@dataclass(frozen=True)
class PhaseWords:
    """The calls of a phase: whole names, and how names begin."""

    calls: frozenset[str]
    prefixes: tuple[str, ...]


@dataclass(frozen=True)
class Words:
    """The file's content."""

    heavy: frozenset[str]
    light: frozenset[str]
    no_subject: frozenset[str]
    small: frozenset[str]
    linking: frozenset[str]
    phases: Mapping[str, PhaseWords]


@cache
def words() -> Words:
    """All words."""
    data = tomllib.loads(resources.files("nb2pipe.suggest").joinpath("words.toml").read_text(encoding="utf-8"))
    phases = {
        name: PhaseWords(frozenset(found["calls"]), tuple(found.get("prefixes", ())))
        for name, found in data["phases"].items()
    }
    sets = {name: frozenset(data[name]) for name in ("heavy", "light", "no_subject", "small", "linking")}
    return Words(phases=phases, **sets)
