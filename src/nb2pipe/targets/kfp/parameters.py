"""The notebook's parameters in; out, KFP's declarations of them, and what KFP can't carry. See `received`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nb2pipe.model import Diagnostic, Json, Location, Parameter, ParameterType, Severity
from nb2pipe.targets.kfp.received import is_text

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


def check(parameters: Sequence[Parameter], notebook: str | None = None) -> Iterator[Diagnostic]:
    """N2P522 for each whose value would not come through KFP as it is. `notebook`: where they are, to say so."""
    for item in parameters:
        why = _obstacle(item.default)
        if why:
            at = Location(notebook=notebook, cell=item.at.cell, line=item.at.line, variable=item.name)
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
        if any("\ud800" <= char <= "\udfff" for char in value):
            return "half a surrogate pair is no text there"
        return f"`{_TEMPLATE}` is a template there" if _TEMPLATE in value else ""
    parts = [*value, *value.values()] if isinstance(value, Mapping) else value
    return next(filter(None, map(_obstacle, parts)), "")


def check_sent(parameters: Sequence[Parameter], values: Mapping[str, Json]) -> Iterator[Diagnostic]:
    """N2P522 for each value that a run sends whose keys would come in another order: a Struct of KFP's keeps none."""
    for item in parameters:
        value = values.get(item.name)
        if item.name in values and not _is_sorted(value) and json.dumps(value) != json.dumps(item.default):
            at = Location(cell=item.at.cell, line=item.at.line, variable=item.name)
            message = f"parameter `{item.name}` would not arrive in KFP as it is: it sorts the keys of a dict"
            hint = "give the keys in alphabetical order, or write the value into the notebook"
            yield Diagnostic("N2P522", Severity.ERROR, message, at, hint)


def _is_sorted(value: Json) -> bool:
    if isinstance(value, Mapping):
        return list(value) == sorted(value) and all(map(_is_sorted, value.values()))
    return not isinstance(value, list | tuple) or all(map(_is_sorted, value))


def define(definition: pipeline_spec_pb2.ComponentInputsSpec.ParameterSpec, parameter: Parameter) -> None:
    """Declare a parameter of the pipeline."""
    from google.protobuf import json_format

    declare(definition, parameter)
    definition.is_optional = True
    value = parameter.default
    if is_text(parameter):
        unsaid = parameter.expression is not None or value is None
        value = "" if unsaid else json.dumps(value)
        what = f"computed: {parameter.expression}" if parameter.expression is not None else "None"
        definition.description = f"{parameter.type.value}, as JSON; empty: {what}" if unsaid else "as JSON"
    json_format.ParseDict(value, definition.default_value)


def declare(definition: pipeline_spec_pb2.ComponentInputsSpec.ParameterSpec, parameter: Parameter) -> None:
    """Declare an input of a task."""
    from nb2pipe.targets.kfp.messages import pipeline_spec

    enum = pipeline_spec().ParameterType.ParameterTypeEnum
    definition.parameter_type = enum.Value("STRING" if is_text(parameter) else _NAMES[parameter.type])
