"""A constant expression in, its JSON value out. A small calculator of our own: nothing of the user's is executed.

Sizes and exponents are bounded, so that no expression takes long or much memory.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from nb2pipe.model import Json

MAX_SIZE = 1_000_000
_MAX_BITS = 4_096
_MAX_DEPTH = 60

_ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}
_UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
}
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "len": len,
    "abs": abs,
    "round": round,
    "min": min,
    "max": max,
    "sum": sum,
    "sorted": sorted,
    "list": list,
    "dict": dict,
}
_STRING_METHODS = frozenset(
    {"lower", "upper", "strip", "title", "capitalize", "replace", "split", "join", "lstrip", "rstrip"}
)
_FAILURES = (TypeError, ValueError, ArithmeticError, LookupError, RecursionError, MemoryError)


class Undecidable(Exception):
    """The expression is no constant, or its value is no JSON value of bounded size."""


def evaluate(node: ast.expr, names: Mapping[str, Json]) -> Json:
    """The expression's value, given the values of `names`. Raises Undecidable."""
    try:
        return _json(_value(node, names, 0))
    except _FAILURES as error:
        raise Undecidable(str(error) or type(error).__name__) from error


def _value(node: ast.expr, names: Mapping[str, Json], depth: int) -> Any:  # noqa: ANN401  # checked by `_json`
    if depth > _MAX_DEPTH:
        raise Undecidable("it is nested too deeply")

    def inner(part: ast.expr) -> Any:  # noqa: ANN401
        return _value(part, names, depth + 1)

    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        if node.id not in names:
            raise Undecidable(f"{node.id} is no parameter above")
        return names[node.id]
    if isinstance(node, ast.List | ast.Tuple):
        items = [inner(item) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    if isinstance(node, ast.Dict):
        return {inner(_given(key)): inner(item) for key, item in zip(node.keys, node.values, strict=True)}
    if isinstance(node, ast.JoinedStr):
        return _size("".join(_formatted(part, inner) for part in node.values))
    if isinstance(node, ast.IfExp):
        return inner(node.body) if inner(node.test) else inner(node.orelse)
    return _operation(node, inner)


def _operation(node: ast.expr, inner: Callable[[ast.expr], Any]) -> Any:  # noqa: ANN401
    if isinstance(node, ast.UnaryOp):
        return _UNARY[type(node.op)](inner(node.operand))
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        return _arithmetic(node.op, inner(node.left), inner(node.right))
    if isinstance(node, ast.BoolOp):
        found: Any = None
        for part in node.values:
            found = inner(part)
            if bool(found) is isinstance(node.op, ast.Or):
                return found
        return found
    if isinstance(node, ast.Compare):
        values = [inner(part) for part in (node.left, *node.comparators)]
        return all(_COMPARE[type(op)](values[i], values[i + 1]) for i, op in enumerate(node.ops))
    if isinstance(node, ast.Subscript):
        if isinstance(node.slice, ast.Slice):
            parts = (node.slice.lower, node.slice.upper, node.slice.step)
            return inner(node.value)[slice(*(inner(part) if part else None for part in parts))]
        return inner(node.value)[inner(node.slice)]
    if isinstance(node, ast.Call) and not node.keywords:
        return _call(node, inner)
    raise Undecidable(f"{type(node).__name__} is no constant")


def _arithmetic(op: ast.operator, left: Any, right: Any) -> Any:  # noqa: ANN401
    if isinstance(op, ast.Mod) and isinstance(left, str | bytes):
        raise Undecidable("% formatting is not worked out here; use an f-string")
    if isinstance(op, ast.Pow) and isinstance(left, int) and isinstance(right, int):
        if right < 0:
            return float(left) ** right
        if left.bit_length() * right > _MAX_BITS:
            raise Undecidable("the power is too large")
    if isinstance(op, ast.Mult):
        for sequence, count in ((left, right), (right, left)):
            if isinstance(sequence, str | list | tuple) and isinstance(count, int) and len(sequence) * count > MAX_SIZE:
                raise Undecidable("the value is too large")
        if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() > _MAX_BITS:
            raise Undecidable("the number is too large")
    return _size(_ARITHMETIC[type(op)](left, right))


def _call(node: ast.Call, inner: Callable[[ast.expr], Any]) -> Any:  # noqa: ANN401
    arguments = [inner(item) for item in node.args]
    if isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS:
        return _size(_FUNCTIONS[node.func.id](*arguments))
    if isinstance(node.func, ast.Attribute) and node.func.attr in _STRING_METHODS:
        text = inner(node.func.value)
        if isinstance(text, str):
            if node.func.attr == "replace" and len(arguments) == 2:
                _size_of(text.count(str(arguments[0])) * len(str(arguments[1])) + len(text))
            if node.func.attr == "join" and arguments:
                _size_of(sum(len(item) + len(text) for item in arguments[0]))
            return getattr(text, node.func.attr)(*arguments)
    raise Undecidable("it calls a function that is not worked out here")


def _formatted(part: ast.expr, inner: Callable[[ast.expr], Any]) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    if not isinstance(part, ast.FormattedValue) or part.conversion not in (-1, 115, 114):
        raise Undecidable("it is no constant")
    value = inner(part.value)
    if part.format_spec is not None:
        spec = inner(part.format_spec)
        if not isinstance(spec, str) or any(len(digits) > 4 for digits in _digit_runs(spec)):
            raise Undecidable("the format is too wide")
        return format(value, spec)
    return repr(value) if part.conversion == 114 else str(value)


def _digit_runs(text: str) -> list[str]:
    return "".join(char if char.isdigit() else " " for char in text).split()


def _given(key: ast.expr | None) -> ast.expr:
    if key is None:
        raise Undecidable("** is not worked out here")
    return key


def _size(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str | list | dict | tuple):
        _size_of(len(value))
    return value


def _size_of(size: int) -> None:
    if size > MAX_SIZE:
        raise Undecidable("the value is too large")


def _json(value: Any, depth: int = 0) -> Json:  # noqa: ANN401
    if depth > _MAX_DEPTH:
        raise Undecidable("the value is nested too deeply")
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise Undecidable("a dict's keys must be strings")
        return {key: _json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_json(item, depth + 1) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > _MAX_BITS:
        raise Undecidable("the number is too large")
    if isinstance(value, float) and not math.isfinite(value):
        raise Undecidable("the number is not finite")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise Undecidable(f"a {type(value).__name__} is no JSON value")
