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


def advanced(before: Mapping[str, int], main: Mapping[str, object]) -> dict[str, list[int | bool | None]]:
    """What is not what it was: from where, to where, and whether the notebook holds an instance of what counts.

    What the step itself imported comes from nowhere. Libraries count many things of their own, too: nobody sees those.
    """
    values = [value for name, value in main.items() if not name.startswith("_")]
    values += [item for value in values if type(value) in (list, tuple, dict) for item in _items(value)]
    found: dict[str, list[int | bool | None]] = {}
    for key, value in snapshot(main).items():
        if before.get(key) != value:
            owner = _owner(key)
            held = isinstance(owner, type) and any(isinstance(item, owner) for item in values)
            found[key] = [before.get(key), value, held]
    return found


def go_on(counted: Mapping[str, int]) -> None:
    """Set the counters of the modules that are loaded."""
    for key, value in counted.items():
        owner, attribute = _owner(key), re.split(r"[.:]", key)[-1]
        if owner is not None and type(vars(owner).get(attribute)) is int:
            setattr(owner, attribute, value)


def _owner(key: str) -> object:
    """The module or class that the counter is an attribute of; None if it isn't here."""
    name, _, path = key.partition(":")
    module = sys.modules.get(name)
    own, _, _ = path.rpartition(".")
    return module if module is None or not own else vars(module).get(own)


def _items(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, (list, tuple)) else []


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
