"""Parameters: found in a cell, checked and computed from what is given."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nb2pipe.analysis import apply, from_text
from nb2pipe.analysis.parameters import parameters_of
from nb2pipe.errors import BadInput
from nb2pipe.evaluate import Undecidable, evaluate
from nb2pipe.model import At, Parameter, ParameterType

FOUND = [
    ("n = 1", ("n", "int", 1, False)),
    ("n = -1.5", ("n", "float", -1.5, False)),
    ("n = True", ("n", "bool", True, False)),
    ("n = 'it\\'s'", ("n", "str", "it's", False)),
    ("n = None", ("n", "any", None, True)),
    ("n = [1, [2]]", ("n", "list", [1, [2]], False)),
    ("n = {'a': {'b': None}}", ("n", "dict", {"a": {"b": None}}, False)),
    ("n: float = 1", ("n", "float", 1, False)),
    ("n: int | None = None", ("n", "int", None, True)),
    ("n: 'Optional[str]' = None", ("n", "str", None, True)),
    ("n: typing.Optional[list[int]] = [1]", ("n", "list", [1], True)),
    ("n: Union[int, None] = 3", ("n", "int", 3, True)),
    ("n: str = 3", ("n", "int", 3, False)),
    ("n = 2 ** 10 - 1", ("n", "int", 1023, False)),
    ("n = 'a' * 3", ("n", "str", "aaa", False)),
    ("n = 3 in (1, 3)", ("n", "bool", True, False)),
    ("n = 'A'.lower() + 'b'", ("n", "str", "ab", False)),
    ("n = 'x' if 1 > 2 else 'y'", ("n", "str", "y", False)),
    ("größe = 1", ("größe", "int", 1, False)),
]
NOT_FOUND = ["n = f()", "n = (1, 2)", "n = {1: 2}", "n = 9 ** 9 ** 9", "n = 'a' * 10 ** 12", "n = {1}", "n = b'x'", "n = 1j", "n = float('inf')", "n = [0] * 10 ** 9",
    "n = 1 / 0", "n = 'a'.join(['b'] * 10 ** 9)", "n = f'{1:{10 ** 9}}'", "n = '%s' % 1", "n.x = 1", "n = open('x')", "n = lambda: 1", "n = x"]  # fmt: skip


def found(source: str) -> tuple[Parameter, ...]:
    return parameters_of(0, ast.parse(source))


@pytest.mark.parametrize(("source", "expected"), FOUND)
def test_found(source: str, expected: tuple[str, str, Any, bool]) -> None:
    (parameter,) = found(source)
    assert (parameter.name, parameter.type.value, parameter.default, parameter.nullable) == expected
    assert type(parameter.default) is type(expected[2])


@pytest.mark.parametrize("source", NOT_FOUND)
def test_not_found(source: str) -> None:
    assert found(source) == ()


def test_computed_from_earlier_ones() -> None:
    parameters = found("n = 2\nm = n * 10\npath = f'out/{m}.csv'\na, b = 1, n")
    assert [item.expression for item in parameters] == [None, "n * 10", "f'out/{m}.csv'", None, "n"]
    assert parameters[2].uses == ("m",)
    assert apply(parameters, {}) == {"n": 2, "m": 20, "path": "out/20.csv", "a": 1, "b": 2}
    assert apply(parameters, {"n": 3}) == {"n": 3, "m": 30, "path": "out/30.csv", "a": 1, "b": 3}
    assert apply(parameters, {"m": 7}) == {"n": 2, "m": 7, "path": "out/7.csv", "a": 1, "b": 2}


def test_two_parameters_never_share_a_list() -> None:
    assert [item.name for item in found("a = [1]\nb = a\nc = len(a)")] == ["a", "c"]


TEXTS = [
    (ParameterType.INT, "3", 3),
    (ParameterType.INT, "-3", -3),
    (ParameterType.FLOAT, "3", 3.0),
    (ParameterType.FLOAT, "1e-3", 0.001),
    (ParameterType.BOOL, "True", True),
    (ParameterType.BOOL, "false", False),
    (ParameterType.STR, "3", "3"),
    (ParameterType.STR, "it's \"so\"\n{x}", "it's \"so\"\n{x}"),
    (ParameterType.LIST, "[1, \"a\"]", [1, "a"]),
    (ParameterType.DICT, "{\"a\": null}", {"a": None}),
    (ParameterType.NONE, "text", "text"),
    (ParameterType.NONE, "[1]", [1]),
]  # fmt: skip
BAD_TEXTS = [
    (ParameterType.INT, "3.5"),
    (ParameterType.INT, "true"),
    (ParameterType.INT, "x"),
    (ParameterType.BOOL, "1"),
    (ParameterType.LIST, "{}"),
    (ParameterType.DICT, "[" * 100_000),
    (ParameterType.INT, "null"),
    (ParameterType.INT, ""),
    (ParameterType.FLOAT, "NaN"),
    (ParameterType.FLOAT, "1e999"),
    (ParameterType.LIST, "[1, NaN]"),
]


@pytest.mark.parametrize(("kind", "text", "value"), TEXTS)
def test_from_text(kind: ParameterType, text: str, value: Any) -> None:
    result = from_text(Parameter("n", kind, None, At(0)), text)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(("kind", "text"), BAD_TEXTS)
def test_text_of_another_type(kind: ParameterType, text: str) -> None:
    with pytest.raises(BadInput) as caught:
        from_text(Parameter("n", kind, 1, At(0)), text)
    assert caught.value.diagnostics[0].code == "N2P215"
    assert "`n`" in str(caught.value)


@given(st.text())
def test_text_reaches_a_str_parameter_as_it_is(text: str) -> None:
    assert from_text(Parameter("n", ParameterType.STR, "", At(0)), text) == text


def test_all_wrong_values_are_told_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        apply(found("rate = 0.1\nn = 1"), {"rat": 1, "n": "x", "rate": True})
    assert [(item.code, item.hint) for item in caught.value.diagnostics] == [
        ("N2P214", "did you mean `rate`?"),
        ("N2P215", "give a value of that type, such as 0.1"),
        ("N2P215", "give a value of that type, such as 1"),
    ]


def test_a_computation_that_fails_with_what_is_given() -> None:
    with pytest.raises(BadInput) as caught:
        apply(found("n = 2\nm = 10 / n"), {"n": 0})
    assert caught.value.diagnostics[0].code == "N2P216"


@given(st.text(alphabet="0123456789+-*/%()<>=[]{}'\", anotif:.", max_size=30))
def test_evaluate_any_expression(text: str) -> None:
    try:
        node = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError):
        return
    try:
        evaluate(node, {"n": 1, "a": [1]})
    except Undecidable:
        return


def test_an_unfit_line_is_an_error_with_its_place(cells: Callable[..., Any]) -> None:
    linked = cells(("parameters", "n = 1\nimport os\nT = (1, 2)\nx = object()\nprint(n)"), ("a", "print(n, T)"))
    places = [(item.code, item.location.line) for item in linked.diagnostics]
    assert places == [("N2P210", 5)]
    assert [item.name for item in linked.pipeline.parameters] == ["n"]
