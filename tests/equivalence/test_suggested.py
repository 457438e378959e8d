"""Notebooks as people write them, with the steps that `nb2pipe suggest` finds: the pipeline prints what they print."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fast import Server, compare, notebook_of
from test_habits import NOTEBOOKS

from nb2pipe.config import Limits
from nb2pipe.suggesting import suggest_steps


@pytest.mark.parametrize("case", NOTEBOOKS)
def test_suggested_steps_print_what_the_notebook_prints(server: Server, case: str) -> None:
    bare = notebook_of([("", source) for _, source in NOTEBOOKS[case]])
    found = suggest_steps(bare, limits=replace(Limits(), max_wall_s=120))
    tags = [next(iter(cell.tags), "").removeprefix("step:") for cell in found.analyzed.notebook.cells]
    outcome = compare(server, [(tag, source) for tag, (_, source) in zip(tags, NOTEBOOKS[case], strict=True)])
    assert outcome.kind == "same", (tags, outcome)
