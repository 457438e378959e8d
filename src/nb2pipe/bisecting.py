"""A plan whose results differ in; out, the step where they come apart: found by running more and more of it together.

All steps in one process are the notebook run straight. With the first k steps in one process, the results differ as
long as the place where they come apart lies after them: halving finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from nb2pipe.model import Pipeline
from nb2pipe.verify.verdicts import Cut, ValueReport

Differing = Callable[[Pipeline], Collection[str]]
"""What differs once this plan has run: cells and files, by names that are theirs alone."""
DifferingAt = Callable[[Pipeline, int], Sequence[ValueReport]]
"""A pipeline of the first steps, and the cell that follows them: the variables that differ there."""


def find(
    pipeline: Pipeline,
    found: Sequence[str],
    differing: Differing,
    differing_at: DifferingAt,
    tell: Callable[[str], None],
) -> Cut | None:
    """Where the results come apart; None if they also do when all steps share one process.

    `found` is what differs in a run of the plan as it is, the first in the notebook first. What differs with all steps
    in one process too has another cause than a cut: it is left aside. The first of the rest is looked for, as what
    follows may only come of it.
    """
    sizes = _sizes(pipeline)
    always = differing(together(pipeline, sizes[-1])) if sizes else found
    first = next((item for item in found if item not in always), None)
    if first is None:
        return None
    low, high = -1, len(sizes) - 1  # it differs with sizes[low] steps together, and with sizes[high] it doesn't
    while high - low > 1:
        middle = (low + high) // 2
        tell(f"with the first {sizes[middle]} of {len(pipeline.steps)} steps in one process")
        if first in differing(together(pipeline, sizes[middle])):
            low = middle
        else:
            high = middle
    return _cut(pipeline, sizes[high], differing_at)


def leaving(pipeline: Pipeline, reports: Sequence[ValueReport]) -> Cut | None:
    """For variables that are not what they were once they have left their step, which no step has shown so far."""
    for report in reports:
        for step in reversed(pipeline.steps):
            if report.name in step.outputs:
                cells = (max(step.cells, default=0), max(step.cells, default=0) + 1)
                names = tuple(item.name for item in reports)
                cause = (
                    f"`{report.name}` ({report.type}) is another once it has left `{step.name}`: {report.difference}"
                )
                fix = f"use `{report.name}` in `{step.name}` only, and pass on what it is made from"
                return Cut(step.name, "", cells, names, cause, fix)
    return None


def together(pipeline: Pipeline, size: int) -> Pipeline:
    """The same plan with its first `size` steps in one process."""
    first = pipeline.steps[0].id
    steps = [replace(step, process=first) if number < size else step for number, step in enumerate(pipeline.steps)]
    return replace(pipeline, steps=tuple(steps))


def _sizes(pipeline: Pipeline) -> list[int]:
    """How many of the first steps can be put together: whole processes only; at least two."""
    steps = pipeline.steps
    found = []
    for size in range(2, len(steps) + 1):
        inside = {step.process for step in steps[:size] if step.process}
        if not any(step.process in inside for step in steps[size:]):
            found.append(size)
    return found


def _cut(pipeline: Pipeline, size: int, differing_at: DifferingAt) -> Cut:
    """Between the last step of the first `size` and those before it."""
    steps = pipeline.steps
    before, after = steps[size - 2], steps[size - 1]
    cells = (max(before.cells, default=0), min(after.cells, default=0))
    above = tuple(item for item in pipeline.definitions if item.at.cell < cells[1])
    earlier = replace(pipeline, steps=steps[: size - 1], definitions=above)
    reads = {need.variable for need in after.needs}
    reports = sorted(differing_at(earlier, cells[1]), key=lambda item: item.name not in reads)
    names = tuple(item.name for item in reports)
    if not reports:
        cause = (
            f"step `{after.name}` gets all variables as the notebook has them: what differs is something else, "
            f"a library's settings or a file for instance"
        )
        fix = f"put the cells of `{before.name}` and `{after.name}` into one step"
        return Cut(before.name, after.name, cells, (), cause, fix)
    first = reports[0]
    what = f"`{first.name}` ({first.type})"
    cause = f"{what} is not what it is in the notebook when `{after.name}` begins: {first.difference}"
    fix = (
        f"put the cells that make and use `{first.name}` into one step; or, if a line changes it unseen, write "
        f"`# nb2pipe: updates {first.name}` there; or have its class hand on all that counts when it is pickled"
    )
    return Cut(before.name, after.name, cells, names, cause, fix)
