"""A step that did more to a variable than its plan foresaw: what people are told, and when nothing is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nb2pipe.model import At, Kernel, Need, Pipeline, Role, Step, Value
from nb2pipe.targets.local.serial import overtaken
from nb2pipe.targets.local.stored import Outputs
from nb2pipe.targets.local.verdict import doubtful, unforeseen


def step(name: str, number: int, **given: Any) -> Step:
    return Step(name=name, id=name, role=Role.STEP, cells=(number,), **given)


def need(*providers: str) -> Need:
    return Need("x", providers, At(2), At(0))


B = step("b", 1, needs=(Need("x", ("a",), At(1), At(0)),))
STORED = Value("sha256-0", "list", 1)
OLD = Value("sha256-1", "list", 1)


def pipeline(**last: Any) -> Pipeline:
    return Pipeline(None, "", Kernel(), (step("a", 0, outputs=("x",)), B, step("c", 2, **last)))


@pytest.mark.parametrize(
    ("outputs", "message", "hint"),
    [
        (Outputs(1, changed={"x": True}), "changed `x` in place", "`# nb2pipe: updates x`"),
        (Outputs(1, values={"x": STORED}), "bound `x` anew", "`# nb2pipe: updates x`"),
        (Outputs(1, deleted=("x",)), "deleted `x`", "`del x`"),
    ],
    ids=["changed", "bound", "deleted"],
)
def test_a_later_step_would_get_the_value_from_before(outputs: Outputs, message: str, hint: str) -> None:
    error = unforeseen(pipeline(needs=(need("a"),)), B, outputs)
    assert error is not None
    assert error.message == f"step `b` {message}, which its code does not show; `c` would get the value from before"
    assert hint in (error.hint or "")
    assert unforeseen(pipeline(parameters=("x",)), B, outputs) is not None, "a parameter is given anew"
    assert unforeseen(pipeline(needs=(need("b", "a"),)), B, outputs) is None, "it gets it from here"
    assert unforeseen(pipeline(), B, outputs) is None, "nobody reads it"


def test_what_is_stored_beside_what_may_have_changed() -> None:
    """A later step that changes it changes another copy, unless only a doubtful change led to storing it."""
    later = pipeline(needs=(need("a"),), outputs=("x",))
    first = Outputs(1, values={"x": OLD})
    beside = Outputs(1, values={"x": STORED, "y": STORED}, shared=("x",), loaded={"x": OLD.object})
    last = Outputs(1, values={"x": STORED}, loaded={"x": OLD.object})
    changed, c = replace(last, altered=("x",)), later.steps[2]
    assert unforeseen(later, B, beside) is None, "nobody has changed it yet"
    assert overtaken(later, {"a": first, "b": beside, "c": last}, c) is None, "it is read, or bound anew"
    found = overtaken(later, {"a": first, "b": beside, "c": changed}, c)
    assert found is not None
    assert (found.step, found.variable) == ("b", "x")
    doubtful_only = replace(beside, changed={"y": False})
    assert overtaken(later, {"a": first, "b": doubtful_only, "c": changed}, c) is None


def test_a_doubtful_change_is_a_warning() -> None:
    outputs = Outputs(1, changed={"x": False}, values={"x": STORED})
    assert unforeseen(pipeline(needs=(need("a"),)), B, outputs) is None
    (warning,) = doubtful(pipeline(needs=(need("a"),)), B, outputs)
    assert "`# nb2pipe: updates x`" in warning


def test_state_that_is_no_variable_is_no_surprise() -> None:
    outputs = Outputs(1, values={"ambient:cwd": STORED})
    assert unforeseen(pipeline(needs=(need("a"),)), B, outputs) is None
