"""Where results come apart: plans whose outcome is known in, the cut that is found out. No kernel is needed."""

from __future__ import annotations

import pytest

from nb2pipe import bisecting
from nb2pipe.model import At, Kernel, Need, Pipeline, Role, Step
from nb2pipe.verify.verdicts import ValueReport, Verdict

NAMES = "abcde"


def pipeline() -> Pipeline:
    steps = tuple(Step(name, name, Role.STEP, (place,)) for place, name in enumerate(NAMES))
    needs = (Need("read", ("c",), At(3), At(2)),)
    return Pipeline("note.ipynb", "", Kernel("python3"), (*steps[:3], Step("d", "d", Role.STEP, (3,), needs), steps[4]))


def apart(plan: Pipeline, first: str, second: str) -> bool:
    return plan.step(second) not in plan.process_of(first)


@pytest.mark.parametrize(
    ("lost", "always", "cut"),
    [
        ({"cell 1": ("a", "b")}, set(), "ab"),
        ({"cell 3": ("c", "d")}, set(), "cd"),
        ({"cell 4": ("a", "e")}, set(), "de"),  # as long as `e` is not with `a`
        ({"cell 3": ("c", "d"), "cell 4": ("d", "e")}, set(), "cd"),  # the first
        ({"cell 3": ("c", "d"), "cell 4": ("d", "e")}, {"cell 3"}, "de"),
        ({"cell 3": ("c", "d")}, {"cell 0", "file x"}, "cd"),
        ({}, {"cell 0"}, ""),
        ({}, set(), ""),
    ],
)
def test_where_results_come_apart(lost: dict[str, tuple[str, str]], always: set[str], cut: str) -> None:
    """`lost` is right only while both steps share a process; `always` has nothing to do with cuts."""

    def differing(plan: Pipeline) -> set[str]:
        return always | {thing for thing, steps in lost.items() if apart(plan, *steps)}

    whole = pipeline()
    found = bisecting.find(whole, sorted(differing(whole)), differing, lambda _plan, _cell: (), lambda _line: None)
    assert (f"{found.before}{found.after}" if found else "") == cut


def test_what_the_step_reads_is_named_first() -> None:
    reports = [ValueReport(name, Verdict.DIFFERS, "int", "1, now 2") for name in ("another", "read")]

    def differing(plan: Pipeline) -> set[str]:
        return {"cell 3"} if apart(plan, "c", "d") else set()

    found = bisecting.find(pipeline(), ["cell 3"], differing, lambda _plan, _cell: reports, lambda _line: None)
    assert found is not None
    assert found.variables == ("read", "another")
    assert found.cause.startswith("`read` (int)")
