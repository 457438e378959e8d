"""Counters that libraries keep in their modules and classes in; out, how far a step took them, and the way on.

A library that names what it makes by counting (`sys[3]`) goes on from one step to the next: how far a step took its
counters stands in the step's record, later steps go on from there, and whether they did is looked at (`serial`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType

_COUNTER = re.compile(r"count|serial|instances|sequence|(next|last)_?(id|num|index)", re.IGNORECASE)
_LARGE = frozenset({"numpy", "pandas", "matplotlib", "scipy", "sklearn"})  # none of their results hang on a count
_OWN = frozenset({"__main__", "builtins", "nb2pipe", "IPython", "ipykernel"})


def snapshot(main: Mapping[str, object]) -> dict[str, int]:
    """The counters of all packages that the notebook's names are of: `module:attribute` or `module:Class.attribute`."""
    packages = {_package(value) for value in list(main.values())} - _LARGE - _OWN - sys.stdlib_module_names
    found: dict[str, int] = {}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in packages and isinstance(module, ModuleType):
            found.update(_counters(name, module))
    return found


def advanced(before: Mapping[str, int], now: Mapping[str, int]) -> dict[str, list[int | None]]:
    """What is not what it was: from where, to where. What the step itself imported comes from nowhere."""
    return {key: [before.get(key), value] for key, value in now.items() if before.get(key) != value}


def go_on(counted: Mapping[str, int]) -> None:
    """Set the counters of the modules that are loaded."""
    for key, value in counted.items():
        name, _, path = key.partition(":")
        owner: object = sys.modules.get(name)
        *classes, attribute = path.split(".")
        for part in classes:
            owner = vars(owner).get(part) if owner is not None else None
        if owner is not None and type(vars(owner).get(attribute)) is int:
            setattr(owner, attribute, value)


def _package(value: object) -> str:
    home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return home.partition(".")[0] if isinstance(home, str) else ""


def _counters(name: str, module: ModuleType) -> Iterator[tuple[str, int]]:
    for attribute, value in list(vars(module).items()):
        if type(value) is int and _COUNTER.search(attribute):
            yield f"{name}:{attribute}", value
        elif isinstance(value, type) and value.__module__ == name and "." not in value.__qualname__:
            for own, number in list(vars(value).items()):
                if type(number) is int and _COUNTER.search(own):
                    yield f"{name}:{value.__qualname__}.{own}", number
