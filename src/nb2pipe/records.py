"""A class in, the same class as a dataclass out, for a tenth of the time. Standard library only.

`dataclasses.dataclass` compiles six functions for each frozen class while its module is imported: 60 ms of each command
with Python 3.11. Here what compares, shows and protects instances isn't compiled; the constructor is, with the first
instance: most commands use a third of the classes that they import.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, /, *, frozen: bool = False, order: bool = False) -> Any:  # noqa: ANN401
        """As `dataclasses.dataclass`, for classes without slots that inherit no fields."""
        if cls is None:
            return lambda cls: dataclass(cls, frozen=frozen, order=order)
        if hasattr(cls, "__post_init__"):
            raise TypeError(f"{cls.__qualname__}: `__post_init__` is not called here; use dataclasses.dataclass")
        own = vars(cls).copy()
        cls.__doc__ = cls.__doc__ or cls.__qualname__  # else the signature is looked into, to be shown: 2 ms
        found = dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
        methods = {"__init__": _constructor(found, frozen=frozen), "__repr__": _shown}
        methods |= _comparing(found, ("eq", "lt", "le", "gt", "ge") if order else ("eq",))
        methods |= _fixed(found) if frozen else {"__hash__": None}
        for name, method in methods.items():
            if own.get(name) is None:  # a class that has an `__eq__` of its own has None for `__hash__`
                setattr(found, name, method)
        return found


def _constructor(cls: type, *, frozen: bool) -> Callable[..., None]:
    """An `__init__` that makes the real one at the first call, which takes its place."""

    def make(self: object, /, *arguments: object, **named: object) -> None:
        made = _compiled(cls, frozen=frozen)
        setattr(cls, "__init__", made)  # noqa: B010  # mypy wouldn't have it assigned
        made(self, *arguments, **named)

    return make


def _compiled(cls: Any, *, frozen: bool) -> Callable[..., None]:  # noqa: ANN401  # a dataclass
    known: dict[str, Any] = {"_absent": object()}
    parameters: list[str] = ["self"]
    lines: list[str] = []
    for number, item in enumerate(dataclasses.fields(cls)):
        name, value = item.name, item.name
        if item.default is not dataclasses.MISSING:
            known[f"_{number}"] = item.default
            parameters.append(f"{name}=_{number}")
        elif item.default_factory is not dataclasses.MISSING:
            known[f"_{number}"] = item.default_factory
            parameters.append(f"{name}=_absent")
            value = f"_{number}() if {name} is _absent else {name}"
        else:
            parameters.append(name)
        lines.append(f" _fields[{name!r}] = {value}" if frozen else f" self.{name} = {value}")
    text = "\n".join([f"def __init__({', '.join(parameters)}):", " _fields = self.__dict__", *lines])
    exec(text, known)  # noqa: S102  # the names of our own classes' fields
    made: Callable[..., None] = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"  # as a TypeError about its arguments says
    return made


def _comparing(cls: Any, operators: Iterable[str]) -> dict[str, Callable[..., bool]]:  # noqa: ANN401  # a dataclass
    key = _key(item.name for item in dataclasses.fields(cls) if item.compare)

    def method(compare: Callable[[Any, Any], bool]) -> Callable[..., bool]:
        def between(self: object, other: object) -> bool:
            return compare(key(self), key(other)) if other.__class__ is self.__class__ else NotImplemented

        return between

    return {f"__{name}__": method(getattr(operator, name)) for name in operators}


def _fixed(cls: Any) -> dict[str, Callable[..., Any]]:  # noqa: ANN401  # a dataclass
    """What makes instances hashable, and keeps them as they are."""
    fields = dataclasses.fields(cls)
    names = frozenset(item.name for item in fields)
    key = _key(item.name for item in fields if (item.compare if item.hash is None else item.hash))

    def hashed(self: object) -> int:
        return hash(key(self))

    def set_attribute(self: object, name: str, value: object) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        object.__setattr__(self, name, value)

    def delete_attribute(self: object, name: str) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        object.__delattr__(self, name)

    return {"__hash__": hashed, "__setattr__": set_attribute, "__delattr__": delete_attribute}


def _key(names: Iterable[str]) -> Callable[[object], tuple[Any, ...]]:
    """What instances are compared by."""
    found = tuple(names)
    if len(found) > 1:
        return operator.attrgetter(*found)
    return lambda value: tuple([getattr(value, name) for name in found])


def _shown(self: Any) -> str:  # noqa: ANN401  # any of the classes
    shown = [f"{item.name}={getattr(self, item.name)!r}" for item in dataclasses.fields(self) if item.repr]
    return f"{type(self).__qualname__}({', '.join(shown)})"
