"""Compiled pipelines, loaded back and run by KFP's own local runner."""

from __future__ import annotations

import pytest
from kfp_runs import Run

pytestmark = pytest.mark.kernel


def test_two_steps(run_by_kfp: Run) -> None:
    ran = run_by_kfp(
        ("parameters", "n = 3\nscale = 1.5\nname = 'it\\'s'"),
        ("step:make", "data = [scale * i for i in range(n)]\nprint(name, data)"),
        ("step:use", "total = sum(data)\nprint('total', total)"),
    )
    assert ran.code == 0, ran.text
    assert (ran.printed("make"), ran.printed("use")) == ("it's [0.0, 1.5, 3.0]\n", "total 4.5\n")
