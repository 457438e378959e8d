"""The notebook's parameters in, KFP's types and values out; and values that KFP hands to a pod back to the notebook's.

protobuf has one kind of number, so a whole number comes back as it likes: by its declared type it is made what it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nb2pipe.model import Json, Parameter, ParameterType

if TYPE_CHECKING:
    from google.protobuf import struct_pb2

_NAMES = {
    ParameterType.INT: "NUMBER_INTEGER",
    ParameterType.FLOAT: "NUMBER_DOUBLE",
    ParameterType.BOOL: "BOOLEAN",
    ParameterType.STR: "STRING",
    ParameterType.LIST: "LIST",
    ParameterType.DICT: "STRUCT",
    ParameterType.NONE: "STRING",
}


def type_of(parameter: Parameter) -> int:
    """KFP's type, a value of its enum."""
    from nb2pipe.targets.kfp.messages import pipeline_spec

    found: int = pipeline_spec().ParameterType.ParameterTypeEnum.Value(_NAMES[parameter.type])
    return found


def set_value(message: struct_pb2.Value, value: Json) -> None:
    """Give protobuf's Value this value."""
    from google.protobuf import json_format

    json_format.ParseDict(value, message)


def as_in_notebook(parameter: Parameter, value: Json) -> Json:
    """The value that a pod got for a parameter, as the notebook would have it."""
    if isinstance(value, bool):
        return value
    if parameter.type is ParameterType.INT and isinstance(value, float) and value.is_integer():
        return int(value)
    if parameter.type is ParameterType.FLOAT and isinstance(value, int):
        return float(value)
    return value
