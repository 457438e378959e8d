"""What KFP hands to a pod in; out, the values that the notebook's parameters have there.

protobuf has one kind of number: 1 and 1.0 are the same to KFP. What a pod is given is made what the notebook has by the
declared type, and inside lists and dicts by what the notebook's own value holds. Nor has KFP a None that each of its
runners passes on: a parameter that is None, or computed from others, is a text there, empty unless somebody gives one.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence

from nb2pipe.evaluate import Undecidable, evaluate
from nb2pipe.model import Json, Parameter, ParameterType

_QUOTED = ('"',)
_NOTHING = ("None", "null")


def is_text(parameter: Parameter) -> bool:
    """True for a parameter that KFP has as a text, whatever its type is."""
    return parameter.expression is not None or parameter.default is None or parameter.type is ParameterType.NONE


def sent(parameter: Parameter, value: Json) -> Json:
    """A value for a parameter as it is declared to KFP. Of one that is declared a text, what `received` makes it of."""
    if not is_text(parameter):
        return value
    plain = isinstance(value, str) and parameter.type is ParameterType.STR and value and value[0] not in _QUOTED
    return value if plain and value not in _NOTHING else json.dumps(value)


def needed(parameters: Sequence[Parameter], names: Sequence[str]) -> tuple[str, ...]:
    """These parameters, and those that they are computed from, in notebook order."""
    found = set(names)
    for item in reversed(parameters):
        if item.name in found:
            found.update(item.uses)
    return tuple(item.name for item in parameters if item.name in found)


def received(parameters: Sequence[Parameter], given: Mapping[str, Json]) -> dict[str, Json]:
    """The values as the notebook would have them; those that are computed, and were not given, computed.

    `given`: what KFP handed over, by the notebook's names. Raises ValueError for what is not of its type.
    """
    found: dict[str, Json] = {}
    for item in parameters:
        value = given.get(item.name)
        said = value not in (None, "") if is_text(item) else value is not None
        if said:
            found[item.name] = _as_in_notebook(item, _from_text(item, value) if is_text(item) else value)
        elif item.expression is not None:
            try:
                found[item.name] = evaluate(ast.parse(item.expression, mode="eval").body, found)
            except Undecidable as error:
                raise ValueError(f"parameter `{item.name}` can't be computed from what was given: {error}") from error
        else:
            found[item.name] = item.default
    return found


def _as_in_notebook(parameter: Parameter, value: Json) -> Json:
    kind = parameter.type
    if value is None:
        return None
    if kind in (ParameterType.NONE, ParameterType.BOOL) or isinstance(value, bool | str):
        return value
    if kind is ParameterType.INT and isinstance(value, float):
        if not value.is_integer():
            raise ValueError(f"parameter `{parameter.name}` is {value}, but its type is int")
        return int(value)
    if kind is ParameterType.FLOAT and isinstance(value, int):
        return float(value)
    if isinstance(value, list | dict):
        return parameter.default if _same(value, parameter.default) else _like(value, parameter.default)
    return value


def _same(one: Json, other: Json) -> bool:
    """True if protobuf can't tell them apart."""
    return json.dumps(_made(one, float), sort_keys=True) == json.dumps(_made(other, float), sort_keys=True)


def _from_text(parameter: Parameter, text: Json) -> Json:
    """What a text means: JSON, or True, False and None as Python writes them; for a str, itself if it has no quotes."""
    if not isinstance(text, str):
        return text
    if (
        parameter.type is ParameterType.STR
        and text[:1] not in _QUOTED
        and not (parameter.nullable and text in _NOTHING)
    ):
        return text
    words: dict[str, Json] = {"True": True, "False": False, "None": None}
    try:
        found: Json = words[text] if text in words else json.loads(text)
    except ValueError as error:
        if parameter.type in (ParameterType.NONE, ParameterType.STR):
            return text
        raise ValueError(f"parameter `{parameter.name}` is {text!r}: no {parameter.type.value}") from error
    return found


def _like(value: Json, default: Json) -> Json:
    """Numbers made int or float as those of the notebook's value are; whole ones int where it has both or none."""
    kinds = {type(number) for number in _numbers(default)}
    return _made(value, float if kinds == {float} else int)


def _numbers(value: Json) -> Iterator[Json]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _numbers(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def _made(value: Json, kind: type[int | float]) -> Json:
    if isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return {key: _made(item, kind) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_made(item, kind) for item in value]
    if isinstance(value, float) and kind is int and value.is_integer():
        return int(value)
    if isinstance(value, int) and kind is float:
        return float(value)
    return value
