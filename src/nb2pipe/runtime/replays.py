"""Replayed definitions in; out, which of them the step bound anew or changed in place: later steps replay them anew."""

from __future__ import annotations

import enum
import functools
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nb2pipe.runtime import pickling


class Replays:
    """The definitions of the pipeline, as this step knows them. `bound`: names as a replay bound them."""

    def __init__(
        self, definitions: Mapping[str, Mapping[str, Any]], plan: Mapping[str, Any], main: dict[str, Any]
    ) -> None:
        self._definitions = definitions
        self._cells = set(plan["cells"])
        self._outputs = set(plan.get("outputs", ()))
        self._main = main
        names = {name for key in plan.get("definitions", ()) for name in definitions[key]["names"]}
        self.bound: dict[str, object] = {name: main[name] for name in sorted(names) if name in main}
        self._marks: dict[str, Marks] = {}

    def note(self, defined: Mapping[str, object]) -> None:
        """Note what functions and classes are like (`defined`: name@id -> object)."""
        references = {id(obj): ref for ref, obj in defined.items()}
        for name, value in self.bound.items():
            found = _marks(value, self._main, references) if id(value) in references else None
            if found is not None:
                self._marks[name] = found

    def changed(self, references: Mapping[int, str]) -> list[str]:
        """Functions and classes that the step changed in place, which was not expected."""
        names = sorted(set(self._marks) - self._outputs)
        return [name for name in names if _is_changed(self._marks[name], self._main, references)]

    def means(self, name: str, value: object) -> bool:
        """True for a definition's name that still means what each later step replays."""
        found = [definition for definition in self._definitions.values() if name in definition["names"]]
        if name in self._outputs or not found:
            return False
        if name in self.bound:
            return self.bound[name] is value
        if any(definition["at"]["cell"] in self._cells for definition in found):
            return True
        return any(_imports(definition, name, value) for definition in found)  # a second import of the same


def _imports(definition: Mapping[str, Any], name: str, value: object) -> bool:
    if definition["kind"] != "import":
        return False
    namespace: dict[str, object] = {}
    try:
        exec(definition["source"], namespace)  # noqa: S102  # the notebook's own import, in its kernel
    except Exception:  # noqa: BLE001  # whatever importing raises: then it is not what was bound here
        return False
    return namespace.get(name) is value


@dataclass(frozen=True)
class Marks:
    """What was seen of one definition: attribute -> its object, and its bytes where it can be pickled."""

    obj: object
    attributes: Mapping[str, tuple[object, bytes | None]]


def _marks(obj: object, main: dict[str, Any], references: Mapping[int, str]) -> Marks | None:
    """What `obj` is like now; None for what is no function and no class of the notebook."""
    if isinstance(obj, types.FunctionType):
        return Marks(obj, {"": _mark(obj, main, references)})
    if isinstance(obj, type) and not issubclass(obj, enum.Enum):  # an Enum keeps what was looked up
        found = {name: value for name, value in vars(obj).items() if _counts(name, value)}
        return Marks(obj, {name: _mark(value, main, references) for name, value in found.items()})
    return None


def _is_changed(before: Marks, main: dict[str, Any], references: Mapping[int, str]) -> bool:
    """Whether the definition is no longer as it was."""
    now = _marks(before.obj, main, references)
    if now is None or set(now.attributes) != set(before.attributes):
        return True
    for name, (value, data) in before.attributes.items():
        other, other_data = now.attributes[name]
        if data is None and other is not value:
            return True
        if data is not None and data != other_data:
            return True
    return False


def _counts(name: str, value: object) -> bool:
    """Not: what Python and libraries keep in a class for themselves."""
    dunder = name.startswith("__") and name.endswith("__")
    return name != "_abc_impl" and (not dunder or isinstance(value, types.FunctionType))


def _mark(value: object, main: dict[str, Any], references: Mapping[int, str]) -> tuple[object, bytes | None]:
    if isinstance(
        value, (property, classmethod, staticmethod, functools.cached_property, functools._lru_cache_wrapper)
    ):
        return value, None
    shown: object = {"": value}
    if isinstance(value, types.FunctionType):
        shown = (id(value), value.__code__, value.__defaults__, value.__kwdefaults__, vars(value))
    try:
        pickled = pickling.dumps(shown, main, references)
    except Exception:  # noqa: BLE001  # whatever the user's own __reduce__ may raise
        return value, None
    return value, b"".join(bytes(segment) for segment in pickled.segments)
