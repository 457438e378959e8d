"""The notebook's parameters in, KFP's types and values out; and what a pod is given back to the notebook's values.

protobuf has one kind of number: 1 and 1.0 are the same to KFP. What a pod is given is made what the notebook has by the
declared type, and inside lists and dicts by what the notebook's own value holds. Nor has KFP a None that each of its
runners passes on: a parameter that is None, or computed from others, is a text there, empty unless somebody gives one.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nb2pipe.evaluate import Undecidable, evaluate
from nb2pipe.model import Diagnostic, Json, Location, Parameter, ParameterType, Severity

if TYPE_CHECKING:
    from kfp.pipeline_spec import pipeline_spec_pb2

_NAMES = {
    ParameterType.INT: "NUMBER_INTEGER",
    ParameterType.FLOAT: "NUMBER_DOUBLE",
    ParameterType.BOOL: "BOOLEAN",
    ParameterType.STR: "STRING",
    ParameterType.LIST: "LIST",
    ParameterType.DICT: "STRUCT",
    ParameterType.NONE: "STRING",
}
_EXACT = 2**53
_TEMPLATE = "{{"


def with_values(parameters: Sequence[Parameter], given: Mapping[str, Json]) -> tuple[Parameter, ...]:
    """The parameters with other values. One that is computed, and was given a value, is computed no more."""
    return tuple(
        replace(item, default=given[item.name], expression=None, uses=()) if item.name in given else item
        for item in parameters
    )


def needed(parameters: Sequence[Parameter], names: Sequence[str]) -> tuple[str, ...]:
    """These parameters, and those that they are computed from, in notebook order."""
    found = set(names)
    for item in reversed(parameters):
        if item.name in found:
            found.update(item.uses)
    return tuple(item.name for item in parameters if item.name in found)


def check(parameters: Sequence[Parameter]) -> Iterator[Diagnostic]:
    """N2P522 for each whose value would not come through KFP as it is."""
    for item in parameters:
        why = _obstacle(item.default)
        if why:
            at = Location(cell=item.at.cell, line=item.at.line, variable=item.name)
            hint = "give it another value with `--param`, or compute it in a step"
            message = f"parameter `{item.name}` would not arrive in KFP as it is: {why}"
            yield Diagnostic("N2P522", Severity.ERROR, message, at, hint)


def _obstacle(value: Json) -> str:
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int):
        return "" if abs(value) <= _EXACT else "it carries whole numbers up to 2**53 exactly"
    if isinstance(value, float):
        return "" if math.isfinite(value) else f"JSON has no {value}"
    if isinstance(value, str):
        return f"`{_TEMPLATE}` is a template there" if _TEMPLATE in value else ""
    parts = [*value, *value.values()] if isinstance(value, Mapping) else value
    return next(filter(None, map(_obstacle, parts)), "")


def define(definition: pipeline_spec_pb2.ComponentInputsSpec.ParameterSpec, parameter: Parameter) -> None:
    """Declare a parameter of the pipeline."""
    from google.protobuf import json_format

    declare(definition, parameter)
    definition.is_optional = True
    value = parameter.default
    if _is_text(parameter):
        unsaid = parameter.expression is not None or value is None
        value = "" if unsaid else json.dumps(value, sort_keys=True)
        what = f"computed: {parameter.expression}" if parameter.expression is not None else "None"
        definition.description = f"{parameter.type.value}, as JSON; empty: {what}" if unsaid else "as JSON"
    json_format.ParseDict(value, definition.default_value)


def declare(definition: pipeline_spec_pb2.ComponentInputsSpec.ParameterSpec, parameter: Parameter) -> None:
    """Declare an input of a task."""
    from nb2pipe.targets.kfp.messages import pipeline_spec

    enum = pipeline_spec().ParameterType.ParameterTypeEnum
    definition.parameter_type = enum.Value("STRING" if _is_text(parameter) else _NAMES[parameter.type])


def _is_text(parameter: Parameter) -> bool:
    return parameter.expression is not None or parameter.default is None or parameter.type is ParameterType.NONE


def sent(parameter: Parameter, value: Json) -> Json:
    """A value for a parameter as it is declared to KFP: of one that is declared a text, as JSON."""
    return json.dumps(value, sort_keys=True) if _is_text(parameter) else value


# --- in the pod ---------------------------------------------------------------------------------------------------


def received(parameters: Sequence[Parameter], given: Mapping[str, Json]) -> dict[str, Json]:
    """The values as the notebook would have them; those that are computed, and were not given, computed.

    `given`: what KFP handed over, by the notebook's names. Raises ValueError for what is not of its type.
    """
    found: dict[str, Json] = {}
    for item in parameters:
        value = given.get(item.name)
        if _is_text(item) and value in (None, ""):
            value = None
        elif _is_text(item):
            value = _from_text(item, value)
        if value is not None:
            found[item.name] = _as_in_notebook(item, value)
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
    """What a text means: itself for a str, else JSON; for a parameter of any type, JSON if it is some."""
    if not isinstance(text, str) or parameter.type is ParameterType.STR:
        return text
    words: dict[str, Json] = {"True": True, "False": False, "None": None}
    try:
        found: Json = words[text] if text in words else json.loads(text)
    except ValueError as error:
        if parameter.type is ParameterType.NONE:
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
