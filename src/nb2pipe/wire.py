"""Model data to JSON data and back, led by the dataclasses' own annotations.

Fields that hold their default are left out, so that a new field changes no file in which it isn't used. A union of
dataclasses (`RunEvent`) is told apart by a key `kind`, the class's name. `whole` is the form for browsers: every field
is there, and a number that is none (NaN, infinity), which no JSON of theirs may hold, is null.
"""

from __future__ import annotations

import inspect
import json
import math
import sys
import types
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from nb2pipe import model
from nb2pipe.model import Json

T = TypeVar("T")
_PLAIN = frozenset({str, int, float, bool, type(None)})  # most values by far


def encode(value: object, *, kind: bool = False, whole: bool = False) -> Json:
    """Plain JSON data for a model value. With `kind`, the class's name goes along, for unions."""
    if value.__class__ in _PLAIN:
        return None if whole and isinstance(value, float) and not math.isfinite(value) else cast("Json", value)
    if is_dataclass(value) and not isinstance(value, type):
        found: dict[str, Json] = {"kind": type(value).__name__} if kind else {}
        for item in fields(value):
            content = getattr(value, item.name)
            if whole or not _is_default(item, content):
                found[item.name] = encode(content, whole=whole)
        return found
    if isinstance(value, Enum):
        return cast("str", value.value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): encode(item, whole=whole) for key, item in value.items()}
    if isinstance(value, AbstractSet):
        return sorted(cast("str", encode(item)) for item in value)
    if isinstance(value, list | tuple):
        return [encode(item, whole=whole) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} is not part of the model")


def decode(annotation: Any, data: Any) -> Any:  # noqa: ANN401  # led by run-time annotations: typed by `read` below
    """The model value of type `annotation` in `data`. Raises ValueError where the data don't fit it."""
    if annotation is Any or annotation == Json:
        return data
    if isinstance(annotation, type) and annotation in _SCHEMA_TYPES and annotation is not float:
        return _require(annotation, data)
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return _decode_union(get_args(annotation), data)
    if origin is tuple:
        return _decode_tuple(get_args(annotation), data)
    if origin is not None and issubclass(origin, Mapping):
        key_type, value_type = get_args(annotation)
        return {decode(key_type, key): decode(value_type, item) for key, item in _require(dict, data).items()}
    if is_dataclass(annotation) and isinstance(annotation, type):
        return _decode_dataclass(annotation, data)
    if annotation is datetime:
        return datetime.fromisoformat(_require(str, data))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return annotation(data)
    if annotation is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    return _require(annotation, data)


def read(cls: type[T], data: object) -> T:
    """`decode` for one dataclass, typed. Raises ValueError."""
    return cast("T", decode(cls, data))


def dumps(data: Json, *, as_is: Collection[str] = ()) -> str:
    """The project's one JSON text form: sorted keys, two spaces, UTF-8, a final newline.

    What stands under a key of `as_is` keeps the order of its keys: where a dict is a value of the notebook's.
    """
    if as_is:
        return json.dumps(in_order(data, as_is), indent=2, ensure_ascii=False) + "\n"
    return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def in_order(data: Json, as_is: Collection[str]) -> Json:
    """The data with their keys sorted, but for what stands under a key of `as_is`."""
    if isinstance(data, Mapping):
        return {key: data[key] if key in as_is else in_order(data[key], as_is) for key in sorted(data)}
    if isinstance(data, list | tuple):
        return [in_order(item, as_is) for item in data]
    return data


def _is_default(item: Field[Any], content: object) -> bool:
    if item.default is not MISSING:
        return type(content) is type(item.default) and bool(content == item.default)
    if item.default_factory is not MISSING:
        return bool(content == item.default_factory())
    return False


def _require(cls: Any, data: Any) -> Any:  # noqa: ANN401
    expected = cls if isinstance(cls, type) else object
    if expected is type(None) and data is None:
        return None
    if not isinstance(data, expected) or (expected is int and isinstance(data, bool)):
        raise ValueError(f"expected {expected.__name__}, found {type(data).__name__}")
    return data


def _decode_union(options: Sequence[Any], data: Any) -> Any:  # noqa: ANN401
    if str in options and bool in options:  # Json itself, as `get_type_hints` unfolds it
        return data
    if data is None and type(None) in options:
        return None
    options = [option for option in options if option is not type(None)]
    if len(options) == 1:
        return decode(options[0], data)
    kind = data.get("kind") if isinstance(data, dict) else None
    for option in options:
        if getattr(option, "__name__", None) == kind:
            return decode(option, {key: item for key, item in data.items() if key != "kind"})
    raise ValueError(f"unknown kind {kind!r}")


def _decode_tuple(arguments: Sequence[Any], data: Any) -> tuple[Any, ...]:  # noqa: ANN401
    items = _require(list, data)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(decode(arguments[0], item) for item in items)
    if len(items) != len(arguments):
        raise ValueError(f"expected {len(arguments)} items, found {len(items)}")
    return tuple(decode(argument, item) for argument, item in zip(arguments, items, strict=True))


@cache
def _hints(cls: type) -> Mapping[str, Any]:
    return get_type_hints(cls, {**vars(model), **vars(sys.modules[cls.__module__])})


def _decode_dataclass(cls: type, data: Any) -> Any:  # noqa: ANN401
    content = _require(dict, data)
    hints = _hints(cls)
    unknown = sorted(set(content) - set(hints))
    if unknown:
        raise ValueError(f"{cls.__name__} has no {', '.join(unknown)}")
    try:
        return cls(**{key: decode(hints[key], item) for key, item in content.items()})
    except TypeError as error:
        raise ValueError(f"{cls.__name__}: {error}") from error


def schema(cls: type, *, whole: bool = False) -> dict[str, Json]:
    """JSON Schema (2020-12) of what `encode` gives for a dataclass: `$defs` for the dataclasses within."""
    schemas = Schemas("#/$defs/", whole=whole, terse=not whole)
    reference = schemas.of(cls)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **reference, "$defs": schemas.definitions}


class Schemas:
    """JSON Schemas of several dataclasses, which share `definitions`; references to those begin with `place`.

    As `encode` with `whole`: all fields are required, and a map's number may be null. `terse`: descriptions are the
    first paragraph alone, and enums aren't definitions of their own.
    """

    def __init__(self, place: str, *, whole: bool = False, terse: bool = False) -> None:
        self.definitions: dict[str, Json] = {}
        self._place = place
        self._whole = whole
        self._terse = terse

    def of(self, cls: type) -> dict[str, Json]:
        """The reference to a dataclass, which is defined from now on."""
        if cls.__name__ not in self.definitions:
            self.definitions[cls.__name__] = None  # taken, so that a class within itself ends
            self.definitions[cls.__name__] = self._of_dataclass(cls)
        return {"$ref": f"{self._place}{cls.__name__}"}

    def _of(self, annotation: Any) -> dict[str, Json]:  # noqa: ANN401
        origin, arguments = get_origin(annotation), get_args(annotation)
        if annotation == Json or (origin in (Union, types.UnionType) and str in arguments and bool in arguments):
            return {}
        if origin in (Union, types.UnionType):
            return {"anyOf": [self._of(option) for option in arguments]}
        if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
            return {"type": "array", "items": self._of(arguments[0])}
        if origin is tuple:
            return {"type": "array", "prefixItems": [self._of(item) for item in arguments], "items": False}
        if origin is not None and issubclass(origin, Mapping):
            values = float | None if self._whole and arguments[1] is float else arguments[1]
            return {"type": "object", "additionalProperties": self._of(values)}
        if is_dataclass(annotation) and isinstance(annotation, type):
            return self.of(annotation)
        if isinstance(annotation, type) and issubclass(annotation, Enum):
            return self._of_enum(annotation)
        if annotation is datetime:
            return {"type": "string", "format": "date-time"}
        return {"type": _SCHEMA_TYPES[annotation]}

    def _of_dataclass(self, cls: type) -> dict[str, Json]:
        hints = _hints(cls)
        required = [item.name for item in fields(cls) if item.default is MISSING and item.default_factory is MISSING]
        described = inspect.cleandoc(cls.__doc__ or "")
        return {
            "type": "object",
            "description": described.split("\n\n")[0] if self._terse else described,
            "properties": {item.name: self._of(hints[item.name]) for item in fields(cls)},
            "required": [item.name for item in fields(cls)] if self._whole else [*required],
            "additionalProperties": False,
        }

    def _of_enum(self, cls: type[Enum]) -> dict[str, Json]:
        values: list[Json] = [item.value for item in cls]
        if self._terse:
            return {"enum": values}
        described = inspect.cleandoc(cls.__doc__ or "")
        self.definitions[cls.__name__] = {"type": "string", "description": described, "enum": values}
        return {"$ref": f"{self._place}{cls.__name__}"}


_SCHEMA_TYPES: Mapping[Any, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}
