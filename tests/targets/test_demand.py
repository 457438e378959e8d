"""Names that the plan forgot, in real kernels: fetched, waited for, told about; and what must not be fetched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nb2pipe import render
from nb2pipe.model import Bundle, Cell, Notebook, Printed, RunState
from nb2pipe.targets.local.request import RUNNER

pytestmark = pytest.mark.kernel


def forgetful(field: Any, **steps: str) -> Bundle:
    """One cell a step, and a plan that knows what each stores and deletes, not what it needs."""
    made: dict[Any, str] = {}
    cells = []
    for number, (name, source) in enumerate(steps.items()):
        deletes, outputs = (), tuple({"x": ("x", "y"), "later": ("k",)}.get(name, ()))
        made[replace(field.step(name, outputs=outputs), cells=(number,), deletes=deletes)] = ""
        cells.append(Cell(number, source))
    return render.bundle(Notebook("note.ipynb", tuple(cells)), field.bundle(made).pipeline)


@pytest.mark.timeout(180)
def test_a_forgotten_name_is_fetched(field: Any) -> None:
    """From cells, functions, classes, comprehensions, strings; the same object as what else is loaded of its unit."""
    bundle = forgetful(
        field,
        x="x = [1]\ny = {'x': x}\ndef f(v): return [v + x[0] for _ in x]",
        read="assert eval('x') is y['x']\nclass A:\n    z = x[:]\nprint([n + x[0] for n in A.z], f(1))\nprint(sorted({n for n in x}))",
        gone="del x\ntry:\n    x\nexcept NameError as error:\n    print(error)\ntry:\n    eval('y', {})\nexcept NameError as error:\n    print(error)",
        after="try:\n    x\nexcept NameError as error:\n    print(error)\nimport pickle\nprint(list(pickle.loads(pickle.dumps(iter([1])))))",
    )
    run, events = field.run(bundle, runner=RUNNER, jobs=1)
    printed = {
        name: "".join(e.text for e in events if isinstance(e, Printed) and e.step == name)
        for name in ("read", "gone", "after")
    }
    assert run.state is RunState.SUCCEEDED, run
    assert printed["read"] == "[2] [2]\n[1]\n"
    assert printed["gone"] == "name 'x' is not defined\nname 'y' is not defined\n", "deleted here; another namespace"
    assert printed["after"] == "name 'x' is not defined\n[1]\n", "deleted by a step before"
    assert run.warnings == tuple(
        f"step `{step}` read `{name}`, which its code does not show: fetched from step `x`; "
        f"`# nb2pipe: needs {name}` tells it beforehand"
        for step, names in {"read": "fxy", "gone": "x"}.items()
        for name in names
    )


@pytest.mark.timeout(180)
def test_a_step_that_has_not_ended_is_waited_for(field: Any) -> None:
    """One that may bind the name by its code, and, before it would be a NameError, any."""
    bundle = forgetful(
        field,
        later="import time, pathlib\nwhile not pathlib.Path('here').exists(): time.sleep(0.01)\ntime.sleep(0.5)\nk = [3]\nq = 4",
        early="import pathlib\npathlib.Path('here').touch()\nprint(k, q)",
    )
    run, events = field.run(bundle, runner=RUNNER, jobs=2)
    assert run.state is RunState.SUCCEEDED, run
    assert [e.text for e in events if isinstance(e, Printed)] == ["[3] 4\n"]


@pytest.mark.timeout(180)
def test_a_value_that_can_not_be_had_stops_the_step(field: Any) -> None:
    """Even where its code catches everything."""
    bundle = forgetful(field, x="x = (n for n in [1])", read="try:\n    y = x\nexcept Exception:\n    y = 'none'")
    run, _ = field.run(bundle, runner=RUNNER, jobs=1)
    assert run.state is RunState.FAILED
    assert run.steps[1].error is not None
    assert run.steps[1].error.message == "step `read`: `x` (generator) is read, and step 'x' could not store it"
