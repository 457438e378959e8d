"""A pipeline in; out, the same steps one after the other, each with all that is there: the plan that takes no chances.

It is right wherever carrying every value from step to step is right, whatever analysis did not understand. It costs
parallelism, and the time to store and load everything at each step.
"""

from __future__ import annotations

from dataclasses import replace

from nb2pipe.model import At, Need, Order, OrderKind, Pipeline, Step

_REASON = "one step after the other, as `--safe` asks"


def safe(pipeline: Pipeline) -> Pipeline:
    """Each step waits for the one before it, loads every variable that there may be, and stores them all again."""
    known: dict[str, At] = {}  # variable -> where it was last written
    steps: list[Step] = []
    for step in pipeline.steps:
        before = steps[-1].id if steps else None
        first = At(min(step.cells, default=0))
        own = {need.variable: need for need in step.needs}
        needs = tuple(
            replace(own[name], providers=(before,))
            if name in own
            else Need(name, (before,), first, written, soft=True, updated=True)
            for name, written in sorted(known.items())
            if before is not None
        )
        orders = (*step.orders, Order(before, OrderKind.BARRIER, _REASON)) if before is not None else ()
        last = At(max(step.cells, default=0))
        known.update(dict.fromkeys(step.outputs, last))
        steps.append(replace(step, needs=needs, orders=orders, outputs=tuple(sorted(known))))
    return replace(pipeline, steps=tuple(steps))
