"""The plan of `--safe` on generated notebooks: each step gets everything, one after the other. Never wrong."""

from __future__ import annotations

from collections import Counter
from random import Random

from fast import Server, compare
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from programs import program

EXAMPLES = 50


def test_the_safe_plan_is_never_wrong(server: Server) -> None:
    kinds: Counter[str] = Counter()

    @seed(5)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False))
    def check(random: Random) -> None:
        cells = program(random)
        found = compare(server, cells, safe=True)
        kinds[found.kind] += 1
        text = "\n".join(f"# {step}\n{source}" for step, source in cells)
        assert found.kind in ("same", "invalid", "refused"), f"{found}\n{text}"

    check()
    assert kinds["same"] > EXAMPLES * 0.8, kinds
