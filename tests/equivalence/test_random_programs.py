"""The promise on generated notebooks: the same as run top to bottom, or refused, or stopped with a reason. Never wrong.

The longer search is tests/soak/random_programs.py. A failure shows the smallest notebook that still fails, ready to be
a row of test_found.py: statements are left out, which says more than Hypothesis' own smaller draws.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from fast import Server, compare, shrink
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from programs import program

EXAMPLES = 80
MOST_REFUSED = 0.1  # of the programs that run; more than that is analysis that has become less precise


@pytest.mark.parametrize("part", range(4))
def test_a_generated_notebook_is_never_wrong(server: Server, part: int) -> None:
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
    def check(random: Random, order: int) -> None:
        cells = program(random)
        found = compare(server, cells, Random(order))
        kinds[found.kind] += 1
        if found.kind == "wrong":
            smallest = shrink(server, cells, [order], limit=150)
            text = "\n".join(f"# {step}\n{source}" for step, source in smallest)
            pytest.fail(f"{found.why}\n{text}\n{compare(server, smallest, Random(order))}")

    check()
    print(dict(kinds))
    ran = kinds.total() - kinds["invalid"]
    assert ran > EXAMPLES / 2, kinds
    assert kinds["refused"] + kinds["stopped"] <= ran * MOST_REFUSED, kinds
