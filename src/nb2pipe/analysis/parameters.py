"""A `parameters` cell's tree in, typed parameters out; and given values in, checked and completed values out."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Mapping, Sequence

from nb2pipe.analysis.suggest import closest
from nb2pipe.errors import BadInput
from nb2pipe.evaluate import Undecidable, evaluate
from nb2pipe.model import At, Diagnostic, Json, Location, Parameter, ParameterType, Severity

_TYPES: tuple[tuple[type, ParameterType], ...] = (
    (bool, ParameterType.BOOL),
    (int, ParameterType.INT),
    (float, ParameterType.FLOAT),
    (str, ParameterType.STR),
    (list, ParameterType.LIST),
    (dict, ParameterType.DICT),
)
_ANNOTATIONS = {
    "int": ParameterType.INT,
    "float": ParameterType.FLOAT,
    "bool": ParameterType.BOOL,
    "str": ParameterType.STR,
    "list": ParameterType.LIST,
    "List": ParameterType.LIST,
    "Sequence": ParameterType.LIST,
    "dict": ParameterType.DICT,
    "Dict": ParameterType.DICT,
    "Mapping": ParameterType.DICT,
}


def parameters_of(cell: int, tree: ast.Module, earlier: Sequence[Parameter] = ()) -> tuple[Parameter, ...]:
    """The parameters that a cell's top-level assignments give, in order; `earlier` are those of cells above."""
    known = {parameter.name: parameter for parameter in earlier}
    found: dict[str, Parameter] = {}
    for statement in tree.body:
        for name, value, annotation in _assignments(statement):
            parameter = _parameter(name, value, annotation, At(cell, statement.lineno), known)
            if parameter is not None:
                known[name] = found[name] = parameter
    return tuple(found.values())


def is_parameter(statement: ast.stmt, names: Mapping[str, Parameter]) -> bool:
    """True if the statement does nothing but give parameters their values."""
    pairs = _assignments(statement)
    return bool(pairs) and all(name in names for name, _, _ in pairs)


def _assignments(statement: ast.stmt) -> list[tuple[str, ast.expr, ast.expr | None]]:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value is not None:
        return [(statement.target.id, statement.value, statement.annotation)]
    if not isinstance(statement, ast.Assign):
        return []
    pairs: list[tuple[str, ast.expr, ast.expr | None]] = []
    for target in statement.targets:
        if isinstance(target, ast.Name):
            pairs.append((target.id, statement.value, None))
        elif isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
            if len(target.elts) != len(statement.value.elts):
                return []
            for item, value in zip(target.elts, statement.value.elts, strict=True):
                if not isinstance(item, ast.Name):
                    return []
                pairs.append((item.id, value, None))
        else:
            return []
    return pairs


def _parameter(
    name: str, value: ast.expr, annotation: ast.expr | None, at: At, known: Mapping[str, Parameter]
) -> Parameter | None:
    uses = sorted({item.id for item in ast.walk(value) if isinstance(item, ast.Name) and item.id in known})
    try:
        default = evaluate(value, {item: known[item].default for item in known})
    except Undecidable:
        return None
    if isinstance(default, list | dict) and any(isinstance(known[item].default, list | dict) for item in uses):
        return None  # two parameters that may share an object would arrive as two
    kind, nullable = _annotated_type(annotation)
    if kind is None:
        kind = type_of(default)
    elif default is not None and not _fits(kind, default):
        kind = type_of(default)  # Python doesn't hold annotations either
    expression = ast.unparse(value) if uses else None
    return Parameter(name, kind, default, at, expression, tuple(uses), nullable or default is None)


def _annotated_type(node: ast.expr | None) -> tuple[ParameterType | None, bool]:
    """The type that an annotation says, and whether it allows None."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return _annotated_type(ast.parse(node.value, mode="eval").body)
        except SyntaxError:
            return None, False
    if isinstance(node, ast.Constant) and node.value is None:
        return None, True
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([node.left, node.right])
    if isinstance(node, ast.Subscript):
        base = _last_name(node.value)
        if base == "Optional":
            return _annotated_type(node.slice)[0], True
        if base == "Union":
            return _union(node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice])
        return _ANNOTATIONS.get(base), False
    return _ANNOTATIONS.get(_last_name(node)), False


def _union(parts: Sequence[ast.expr]) -> tuple[ParameterType | None, bool]:
    found = [_annotated_type(part) for part in parts]
    kinds = [kind for kind, _ in found if kind is not None]
    return (kinds[0] if len(kinds) == 1 else None), any(nullable for _, nullable in found)


def _last_name(node: ast.expr | None) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def type_of(value: Json) -> ParameterType:
    """JSON's type of a value; None fits any type."""
    for python, kind in _TYPES:
        if isinstance(value, python):
            return kind
    return ParameterType.NONE


def _fits(kind: ParameterType, value: Json) -> bool:
    if kind is ParameterType.NONE:
        return True
    if kind is ParameterType.FLOAT:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is ParameterType.INT:
        return isinstance(value, int) and not isinstance(value, bool)
    return type_of(value) is kind


# --- given values -------------------------------------------------------------------------------------------------


def from_text(parameter: Parameter, text: str) -> Json:
    """The value that `--param name=text` means for this parameter. Raises BadInput.

    A str parameter takes the text as it is; any other takes JSON, and True, False and None as Python writes them.
    """
    if parameter.type is ParameterType.STR and not (parameter.nullable and text in ("None", "null")):
        return text
    words: dict[str, Json] = {"True": True, "False": False, "None": None}
    if text in words:
        value = words[text]
    else:
        try:
            value = json.loads(text)
            json.dumps(value, allow_nan=False)  # NaN and 1e999 are no JSON, and would make the run's record none
        except (ValueError, RecursionError):
            if parameter.type is not ParameterType.NONE:
                raise _mismatch(parameter, repr(text)) from None
            value = text
    return _checked(parameter, value)


def apply(parameters: Sequence[Parameter], given: Mapping[str, Json]) -> dict[str, Json]:
    """Every parameter's value: given ones checked against their type, computed ones worked out anew.

    Raises BadInput for an unknown name, a value of another type, and a computation that fails with what is given.
    """
    names = {parameter.name for parameter in parameters}
    problems = [_unknown(name, sorted(names)) for name in given if name not in names]
    values: dict[str, Json] = {}
    for parameter in parameters:
        try:
            values[parameter.name] = _value(parameter, given, values)
        except BadInput as error:
            problems.extend(error.diagnostics)
            values[parameter.name] = parameter.default
    if problems:
        raise BadInput(problems)
    return values


def _value(parameter: Parameter, given: Mapping[str, Json], values: Mapping[str, Json]) -> Json:
    if parameter.name in given:
        return _checked(parameter, given[parameter.name])
    if parameter.expression is None:
        return parameter.default
    try:
        return evaluate(ast.parse(parameter.expression, mode="eval").body, values)
    except Undecidable as error:
        raise BadInput.of(
            "N2P216",
            f"parameter `{parameter.name}` can't be computed from {', '.join(parameter.uses)}: {error}",
            at=Location(cell=parameter.at.cell, line=parameter.at.line, variable=parameter.name),
            hint=f"give `{parameter.name}` a value as well",
        ) from error


def _checked(parameter: Parameter, value: Json) -> Json:
    if value is None and (parameter.nullable or parameter.type is ParameterType.NONE):
        return None
    if isinstance(value, float) and not math.isfinite(value) and parameter.type is not ParameterType.FLOAT:
        raise _mismatch(parameter, repr(value))
    if not _fits(parameter.type, value):
        raise _mismatch(parameter, json.dumps(value, ensure_ascii=False, default=repr)[:80])
    if parameter.type is ParameterType.FLOAT and isinstance(value, int):
        return float(value)
    return value


def _mismatch(parameter: Parameter, shown: str) -> BadInput:
    return BadInput.of(
        "N2P215",
        f"parameter `{parameter.name}` is {shown}, but its type is {parameter.type.value}",
        at=Location(cell=parameter.at.cell, line=parameter.at.line, variable=parameter.name),
        hint=f"give a value of that type, such as {json.dumps(parameter.default, ensure_ascii=False)[:60]}",
    )


def _unknown(name: str, names: Sequence[str]) -> Diagnostic:
    near = closest(name, names)
    hint = f"did you mean `{near}`?" if near else f"the parameters are: {', '.join(names) or 'none'}"
    return Diagnostic("N2P214", Severity.ERROR, f"the notebook has no parameter `{name}`", Location(), hint)
