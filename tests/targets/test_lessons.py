"""A run learns in real kernels: a value that can't be stored, a change in place, a file, an option; the next run is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from nb2pipe import api
from nb2pipe.model import Run, RunState

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(240)]

CASES = {
    "a value that can't be stored": (
        {"a": "import helpers\nit = helpers.numbers()", "b": "print(next(it))", "c": "print(list(it))"},
        "`it` (generator) can't be stored",
    ),
    "a value that can't be stored, and is perhaps read": (
        {
            "a": "import helpers\nit = helpers.numbers()",
            "b": "def f(k): return next(it) if k else 5\nprint([f(k) for k in range(2)])",
            "c": "print(2)",
        },
        "`it` (generator) is read, and step 'a' could not store it",
    ),
    "a value that can't be loaded": (
        {"a": "import helpers\nx = helpers.Odd()", "b": "print(x.n)"},
        "a value of x can't be loaded: NameError: it is not here",
    ),
    "a change that the code does not show": (
        {"a": "x = [1]", "b": "import helpers\nfor v in [x]:  # nb2pipe: pure\n    helpers.grow(v)", "c": "print(x)"},
        "`b` changed `x` in place, which its code does not show",
    ),
    "a file that two steps use": (
        {"a": "import helpers\nhelpers.wait()\nhelpers.write()", "b": "import helpers\nprint(helpers.read())"},
        "`a` and `b` both used the file t.txt",
    ),
    "an option that a module sets": (
        {"a": "import helpers\nhelpers.round_off()", "b": "import decimal\nprint(decimal.Decimal(1) / 7)"},
        "`a` set the option `prec` of decimal, which its code does not show; `b` ran without it",
    ),
}
HELPERS = """
import decimal, os, pathlib, time
def numbers(): return (n for n in range(3))
def grow(v): v.append(2)
def round_off(): decimal.getcontext().prec = 3
def wait(): time.sleep(1.5)
class Odd:
    n = 5
    def __reduce__(self): return (make, (os.getpid(),))
def make(home):
    if home != os.getpid():
        raise NameError("it is not here")
    return Odd()
def write(): pathlib.Path("t.txt").write_text("new")
def read(): return pathlib.Path("t.txt").read_text()
"""


def run(path: Path) -> Run:
    started = api.run(path, api.RunAsked(jobs=2))
    for _ in started.events():
        pass
    return api.run_record(path.parent, started.id)


@pytest.mark.parametrize("case", CASES)
def test_the_second_run_knows(tmp_path: Path, case: str, write_steps: Callable[[Mapping[str, str]], Path]) -> None:
    cells, message = CASES[case]
    (tmp_path / "helpers.py").write_text(HELPERS)
    (tmp_path / "t.txt").write_text("old")
    path = write_steps(cells)
    first = run(path)
    errors = [step.error.message for step in first.steps if step.error is not None]
    assert first.state is RunState.FAILED, first
    assert message in errors[0], errors
    second = run(path)
    assert second.state is RunState.SUCCEEDED, [step.error for step in second.steps]
