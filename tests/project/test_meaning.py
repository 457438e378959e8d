"""What counts as the same code: formatting and comments don't, all else does."""

from __future__ import annotations

import ast

import pytest

from nb2pipe import meaning

SAME = {
    "comments and blank lines": ("x = 1\ny = f(x)", "# first\nx = 1  # one\n\n\ny = f(x)"),
    "spaces, lines, commas and quotes": ("f(a, 'b', [1, 2])", 'f(\n    a,\n    "b",\n    [1,2,],\n)'),
    "parentheses that say nothing": ("x = a + b", "x = (a + b)"),
    "numbers as they are written": ("x = 1000000", "x = 1_000_000"),
    "a semicolon between statements": ("x = 1; y = 2", "x = 1\ny = 2"),
    "a semicolon after what shows nothing": ("x = 1;", "x = 1"),
    "a semicolon in a comment": ("x", "x  # ;"),
    "a magic, trailing blanks": ("%matplotlib inline\nx = 1", "%matplotlib inline  \nx = 1\n"),
    "an integer of more digits than Python shows": (f"x = 0x{'f' * 6000}", f"x = (0x{'f' * 6000})"),
    "an f-string": ("f'{x!r:>{w}} {y=}'", 'f"{x!r:>{w}} {y=}"'),
}
OTHER = {
    "a value": ("x = 1", "x = 2"),
    "a value's type": ("x = 1", "x = 1.0"),
    "True is not 1": ("x = 1", "x = True"),
    "a string that looks like code": ("x = 'a'", "x = a"),
    "bytes": ("x = 'a'", "x = b'a'"),
    "None or nothing": ("return_ = [None]", "return_ = []"),
    "an order": ("x = 1\ny = 2", "y = 2\nx = 1"),
    "a name": ("x", "y"),
    "an indentation that means something": ("if a:\n    b\nc", "if a:\n    b\n    c"),
    "a semicolon that hides the value": ("x;", "x"),
    "a semicolon that hides the value, before a comment": ("x;  # no", "x  # no"),
    "a default": ("def f(a, b=1): pass", "def f(a, b=2): pass"),
    "a default of another parameter": ("def f(a=1, *, b): pass", "def f(a, *, b=1): pass"),
    "an absent key": ("{**a}", "{None: a}"),
    "an import's level": ("from .a import b", "from a import b"),
    "a docstring": ("def f(): 'a'", "def f(): 'b'"),
    "a magic": ("%matplotlib inline", "%matplotlib notebook"),
    "an unpacking": ("f(*a)", "f(a)"),
    "where a string ends": ("f('a', 'b')", "f('a\\', \\'b')"),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_the_same(one: str, other: str) -> None:
    assert meaning.of_cell(one) == meaning.of_cell(other)


@pytest.mark.parametrize(("one", "other"), OTHER.values(), ids=OTHER)
def test_not_the_same(one: str, other: str) -> None:
    assert meaning.of_cell(one) != meaning.of_cell(other)


def test_it_is_the_same_on_every_python() -> None:
    """Written down once: what an upgrade of Python must not change."""
    source = (
        "@d\nasync def f(a: int = 1, *b, **c) -> str:\n    return f'{a!r:>3}' if b else -2.5j\nclass A(B): x = ...\n"
    )
    expected = "421ba0df7065e3549b0fbf82ae3f8a64d55e2bed287000aaba28307753735435"
    assert meaning.of_cell(source) == expected


def test_deep_code_does_not_recurse() -> None:
    tree = ast.parse("x = " + "-" * 90 + "1")
    for _ in range(5000):
        tree.body[0].value = ast.UnaryOp(ast.USub(), tree.body[0].value)  # type: ignore[attr-defined]
    assert len(meaning.of_nodes([tree])) == 64
