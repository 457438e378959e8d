"""The nets at run time, proved by taking entries out of the plan: the run is still right, or stops and says why."""

from __future__ import annotations

import builtins
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from fast import Cells, Server, compare
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from programs import program

from nb2pipe.model import Need, Order, OrderKind, Pipeline, Step

EXAMPLES = 60


def without(pipeline: Pipeline, step: Step, field: str, entry: object) -> Pipeline:
    """The pipeline with one entry less in a field of one of its steps."""
    fewer = tuple(item for item in getattr(step, field) if item != entry)
    changed = replace(step, **{field: fewer}, orders=(*step.orders, *(_order(pipeline, step, entry))))
    return replace(pipeline, steps=tuple(changed if item.id == step.id else item for item in pipeline.steps))


def _order(pipeline: Pipeline, step: Step, entry: object) -> list[Order]:
    """Files and random generators have an order of their own, which is left out where a variable gives the same."""
    if not isinstance(entry, Need):
        return []
    providers = [pipeline.step(provider) for provider in entry.providers]
    return [Order(item.id, OrderKind.RESOURCE, "as before") for item in providers if item.writes or step.writes]


def forgetful(random: Random, cells: Cells) -> Callable[[Pipeline], Pipeline]:
    """A planner that forgets some entries: what a step needs, stores, deletes, replays, is given.

    It forgets no output whose name a builtin has too, which then would not be missed; and no input of a notebook that
    looks names up by itself: `globals()["x"]` asks no net.
    """
    by_itself = any(re.search(r"(globals|locals|vars|dir)\(", source) for _, source in cells)
    fields = ("outputs", "deletes") if by_itself else ("needs", "outputs", "deletes", "definitions", "parameters")
    share = random.choice([0.1, 0.3, 0.6])

    def forget(pipeline: Pipeline) -> Pipeline:
        named = {item.id for item in pipeline.definitions if item.names}
        for step in pipeline.steps:
            for field in fields:
                for entry in getattr(step, field):
                    kept = hasattr(builtins, str(entry)) or (field == "definitions" and entry not in named)
                    if random.random() < share and not kept:
                        pipeline = without(pipeline, pipeline.step(step.id), field, entry)
        return pipeline

    return forget


@pytest.mark.parametrize("part", range(3))
def test_a_forgetful_plan_is_never_wrong(server: Server, part: int) -> None:
    kinds: Counter[str] = Counter()

    @seed(part)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False), st.integers(0, 2**16))
    def check(random: Random, choice: int) -> None:
        cells = program(random)
        found = compare(server, cells, Random(choice), forgetful(Random(choice), cells))
        kinds[found.kind] += 1
        text = "\n".join(f"# {step}\n{source}" for step, source in cells)
        assert found.kind != "wrong", f"{choice}: {found.why}\n{text}"

    check()
    print(dict(kinds))
    assert kinds["same"] > kinds.total() / 2, kinds
    assert kinds["raised"] < kinds.total() / 10, kinds
