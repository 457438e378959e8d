"""The promise after any edits: a run that takes earlier results gives what a run from scratch gives, or says why not.

The longer search is tests/soak/edits.py. What it finds becomes a row of test_edits.py.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from edits import follow, history, shrunk
from fast import Server

PROJECTS = 6


@pytest.mark.parametrize("part", range(3))
def test_an_edited_notebook_is_never_wrong(server: Server, part: int) -> None:
    kinds: Counter[str] = Counter()
    taken = 0
    for number in range(part * PROJECTS, (part + 1) * PROJECTS):
        states = history(server, Random(number))
        if len(states) < 2:
            continue
        found = follow(server, states, number)
        kinds[found.kind] += 1
        taken += found.taken
        if found.kind == "wrong":
            pytest.fail(f"seed {number}: {found.why}\n" + shrunk(server, states, number))
    print(dict(kinds), taken)
    assert kinds["same"] > 0, kinds
    assert taken > 0
