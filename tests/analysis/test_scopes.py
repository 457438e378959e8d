"""Scoping, held against the compiler's own symbol tables for generated code."""

from __future__ import annotations

import ast
import symtable
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nb2pipe.analysis.scopes import FUNCTIONS, scope_of

NAMES = st.sampled_from(["a", "b", "c", "d"])


def expressions() -> st.SearchStrategy[str]:
    return st.recursive(
        NAMES | st.just("1"),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda p: f"({p[0]} + {p[1]})"),
            st.tuples(NAMES, inner).map(lambda p: f"(lambda {p[0]}: {p[1]})"),
            st.tuples(NAMES, NAMES, inner).map(lambda p: f"(lambda {p[0]}={p[1]}: {p[2]})"),
            st.tuples(inner, NAMES, NAMES).map(lambda p: f"[{p[0]} for {p[1]} in {p[2]}]"),
            st.tuples(inner, NAMES, NAMES, inner).map(lambda p: f"{{{p[0]} for {p[1]} in {p[2]} if {p[3]}}}"),
            st.tuples(inner, NAMES, NAMES, NAMES).map(lambda p: f"[{p[0]} for {p[1]} in {p[2]} for z in {p[3]}]"),
            st.tuples(NAMES, inner).map(lambda p: f"({p[0]} := {p[1]})"),
            inner.map(lambda p: f"f'{{{p}}}'"),
            st.tuples(NAMES, inner).map(lambda p: f"{p[0]}.k[{p[1]}]"),
        ),
        max_leaves=4,
    )


def indent(block: str) -> str:
    return "\n".join(f"    {line}" for line in block.split("\n"))


def statements() -> st.SearchStrategy[str]:
    simple = st.one_of(
        st.tuples(NAMES, expressions()).map(lambda p: f"{p[0]} = {p[1]}"),
        st.tuples(NAMES, NAMES, expressions()).map(lambda p: f"{p[0]}, *{p[1]} = {p[2]}"),
        st.tuples(NAMES, expressions()).map(lambda p: f"{p[0]} += {p[1]}"),
        st.tuples(NAMES, expressions()).map(lambda p: f"{p[0]}: {p[0]} = {p[1]}"),
        NAMES.map(lambda p: f"import os as {p}"),
        NAMES.map(lambda p: f"del {p}"),
        NAMES.map(lambda p: f"global {p}"),
        expressions(),
    )
    return st.recursive(
        simple,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map("\n".join),
            st.tuples(NAMES, inner).map(lambda p: f"if {p[0]}:\n{indent(p[1])}"),
            st.tuples(NAMES, NAMES, inner).map(lambda p: f"for {p[0]} in {p[1]}:\n{indent(p[2])}"),
            st.tuples(NAMES, NAMES, inner).map(lambda p: f"with {p[0]} as {p[1]}:\n{indent(p[2])}"),
            st.tuples(NAMES, inner).map(lambda p: f"try:\n    pass\nexcept E as {p[0]}:\n{indent(p[1])}"),
            st.tuples(NAMES, NAMES, inner).map(lambda p: f"match {p[0]}:\n    case [{p[1]}]:\n{indent(indent(p[2]))}"),
            st.tuples(NAMES, NAMES, inner).map(lambda p: f"def {p[0]}({p[1]}):\n{indent(p[2])}"),
            st.tuples(NAMES, inner).map(lambda p: f"class {p[0]}:\n{indent(p[1])}"),
        ),
        max_leaves=6,
    )


def tables(table: symtable.SymbolTable) -> list[symtable.SymbolTable]:
    return [table, *(inner for child in table.get_children() for inner in tables(child))]


@given(statements())
@settings(max_examples=400, deadline=None)
def test_scopes_are_the_compilers(body: str) -> None:
    source = f"def function(a):\n{indent(body)}\n"
    try:
        whole = symtable.symtable(source, "cell", "exec")
    except SyntaxError:
        return
    if sys.version_info >= (3, 12) and any(isinstance(node, ast.comprehension) for node in ast.walk(ast.parse(source))):
        return  # inlined since then (PEP 709): their names are mixed with those of the scope around them
    function = next(child for child in whole.get_children() if child.get_name() == "function")
    found = scope_of(ast.parse(source).body[0])  # type: ignore[arg-type]
    own = {symbol.get_name() for symbol in function.get_symbols() if symbol.is_local()}
    assert found.locals == own
    outside = {
        symbol.get_name()
        for table in tables(function)
        for symbol in table.get_symbols()
        if symbol.is_global() and (symbol.is_referenced() or symbol.is_assigned() or symbol.is_imported())
    }
    assert found.free | found.global_binds == outside


@pytest.mark.parametrize(
    ("source", "free"),
    [
        ("lambda x: x + k", {"k"}),
        ("lambda x=k: x", set()),
        ("def f():\n    def g():\n        return k\n    k = 1", set()),
        ("def f():\n    def g():\n        global k\n        return k\n    k = 1", {"k"}),
        ("def f():\n    return [k for k in ks]", {"ks"}),
        ("class A:\n    def m(self):\n        return k", {"k"}),
        ("async def f():\n    await k", {"k"}),
    ],
)
def test_free_names(source: str, free: set[str]) -> None:
    node = ast.parse(source).body[0]
    code = node.value if isinstance(node, ast.Expr) else node
    assert isinstance(code, (*FUNCTIONS, ast.ClassDef))
    assert scope_of(code).free == free
