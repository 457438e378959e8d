"""Generated notebooks, run straight and as their pipelines say: each step in a namespace of its own, values copied.

What one step hands to another is copied as a whole, as the store does; a step sees nothing else. The prints must be
the same. Where the straight run fails, the notebook is left out.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from contextlib import redirect_stdout
from types import FunctionType
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from nb2pipe.model import Step

NAMES = st.sampled_from(["x", "y", "z", "w"])
FUNCTION = st.sampled_from(["f", "g"])
PURE = st.sampled_from(["len(str({0}))", "[*{0}]", "list({0})", "sorted(str({0}))", "{0}[:1]", "{0} + [7]", "[{0}]", "{{'k': {0}}}", "[i for i in [{0}]]", "{0}"])  # fmt: skip
LINE = st.one_of(
    st.tuples(NAMES, NAMES).map(lambda p: f"{p[0]} = {p[1]}"),
    st.tuples(NAMES, NAMES, PURE).map(lambda p: f"{p[0]} = " + p[2].format(p[1])),
    st.tuples(NAMES, st.integers(0, 9)).map(lambda p: f"{p[0]} = [{p[1]}]"),
    st.tuples(NAMES, st.integers(0, 9)).map(lambda p: f"{p[0]}.append({p[1]})"),
    st.tuples(NAMES, NAMES).map(lambda p: f"{p[0]}.append({p[1]})"),
    st.tuples(NAMES, NAMES).map(lambda p: f"{p[0]}.append([{p[1]}])"),
    st.tuples(NAMES, NAMES).map(lambda p: f"{p[0]}.extend({p[1]})"),
    st.tuples(NAMES, NAMES).map(lambda p: f"{p[0]} = {p[1]}[0]"),
    st.tuples(NAMES, NAMES).map(lambda p: f"{p[0]} = {p[1]}.pop()"),
    st.tuples(NAMES, NAMES).map(lambda p: f"{p[0]}[0] = {p[1]}"),
    st.tuples(NAMES, NAMES).map(lambda p: f"{p[0]} += [{p[1]}]"),
    st.tuples(NAMES, NAMES).map(lambda p: f"{p[0]}, {p[1]} = {p[1]}, {p[0]}"),
    st.tuples(NAMES, NAMES, NAMES).map(lambda p: f"if {p[0]}:\n    {p[1]} = {p[2]}"),
    st.tuples(NAMES, NAMES, NAMES).map(lambda p: f"if not {p[0]}:\n    {p[1]} = {p[2]}\nelse:\n    {p[2]}.append(1)"),
    st.tuples(NAMES, NAMES).map(lambda p: f"for {p[0]} in {p[1]}:\n    {p[0]}.append(4)\n    break"),
    st.tuples(NAMES, NAMES, NAMES).map(lambda p: f"for i in range(3):\n    {p[0]}.append(i)\n    {p[0]} = {p[1]}\n    {p[1]} = {p[2]}"),
    st.tuples(NAMES, NAMES).map(lambda p: f"try:\n    {p[0]} = [1]\n    {p[1]}[9]\n    {p[0]} = [2]\nexcept Exception:\n    {p[0]}.append(5)"),
    st.tuples(NAMES, FUNCTION, NAMES).map(lambda p: f"{p[0]} = {p[1]}({p[2]})"),
    st.tuples(FUNCTION, NAMES, NAMES).map(lambda p: f"def {p[0]}(a):\n    a.append(8)\n    {p[1]}.append(9)\n    return {p[2]}"),
    st.tuples(FUNCTION, NAMES).map(lambda p: f"def {p[0]}(a):\n    global {p[1]}\n    {p[1]} = a\n    return [a]"),
    st.tuples(FUNCTION, NAMES).map(lambda p: f"def {p[0]}(a, b=3):\n    for c in a:\n        if c:\n            return {p[1]}\n    return a"),
    st.tuples(NAMES, NAMES).map(lambda p: f"{p[0]} = iter({p[1]})\n{p[1]} = list({p[0]})\n{p[0]} = [*{p[1]}]"),
    st.tuples(NAMES, NAMES).map(lambda p: f"{p[0]} = list(zip({p[1]}, {p[1]}))"),
    st.tuples(NAMES, NAMES, NAMES).map(lambda p: f"{p[0]} = [{p[1]}, {p[2]}]"),
    st.tuples(NAMES, NAMES).map(lambda p: f"{p[0]} = [c for c in {p[1]} if {p[0]}]"),
    st.tuples(NAMES, NAMES).map(lambda p: f"{p[0]} = {p[1]} if {p[0]} else {p[0]}"),
    st.tuples(NAMES, NAMES).map(lambda p: f"{p[0]} = {p[1]} or {p[0]}"),
    st.tuples(NAMES, NAMES).map(lambda p: f"match {p[1]}:\n    case [{p[0]}, *_]:\n        pass\n    case _:\n        {p[0]} = []"),
    st.tuples(NAMES, NAMES).map(lambda p: f"{p[0]}.insert(0, {p[1]})\n{p[1]} = {p[0]}[-1]"),
    st.tuples(NAMES, NAMES).map(lambda p: f"print({p[0]} is {p[1]})"),
    st.tuples(NAMES, NAMES).map(lambda p: f"({p[0]} := {p[1]}).append(6)"),
    NAMES.map(lambda p: f"del {p}\n{p} = [0]"),
    NAMES.map(lambda p: f"{p}.reverse()"),
    st.just("w = len(x)"),
)  # fmt: skip

CELL = st.tuples(st.lists(LINE, min_size=1, max_size=3), NAMES | st.just("")).map(
    lambda p: "\n".join(p[0]) + (f"\nprint({p[1]})" if p[1] else "")
)


class Failed(Exception):
    """The straight run fails."""


def run(source: str, namespace: dict[str, Any]) -> str:
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(source, "cell", "exec"), namespace)  # generated above, harmless
    return printed.getvalue()


def straight(sources: list[str]) -> list[str]:
    namespace: dict[str, Any] = {}
    try:
        return [run(source, namespace) for source in sources]
    except Exception as error:
        raise Failed(str(error)) from error


def piped(linked: Any, sources: list[str]) -> list[str]:
    """Run the steps in notebook order, each with what its plan says and nothing else."""
    stored: dict[str, dict[str, Any]] = {}
    definitions = {item.id: item for item in linked.pipeline.definitions}
    replayed = {name for item in linked.pipeline.definitions for name in item.names}
    printed = []
    for step in linked.pipeline.steps:
        namespace: dict[str, Any] = {}
        for key in step.definitions:
            run(definitions[key].source, namespace)
        load(step, stored, namespace)
        printed.append("".join(run(sources[cell], namespace) for cell in step.cells))
        kept = {name: namespace[name] for name in step.outputs if name in namespace and name not in replayed}
        stored[step.id] = copy.deepcopy(kept)
    return printed


def load(step: Step, stored: dict[str, dict[str, Any]], namespace: dict[str, Any]) -> None:
    copies: dict[str, dict[str, Any]] = {}
    for need in step.needs:
        for provider in need.providers:
            if need.variable in stored[provider]:
                if provider not in copies:
                    copies[provider] = copy.deepcopy(stored[provider])
                namespace[need.variable] = bound_to(namespace, copies[provider][need.variable])
                break


def bound_to(namespace: dict[str, Any], value: Any) -> Any:
    """A notebook function that crosses as a value looks its names up where it is used, as in one process."""
    if isinstance(value, FunctionType):
        return FunctionType(value.__code__, namespace, value.__name__, value.__defaults__)
    return value


@given(st.lists(CELL, min_size=2, max_size=6))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_a_pipeline_prints_what_the_notebook_prints(link_steps: Callable[..., Any], middle: list[str]) -> None:
    sources = ["x = [1, [2]]\ny = [[3], x]\nz = [x[1]]\nw = []", *middle, "print(x, y, z, w)"]
    try:
        expected = straight(sources)
    except Failed:
        assume(False)
    linked = link_steps(*sources)
    assert linked.errors == []
    assert piped(linked, sources) == expected
