"""Each example, compiled and run by KFP's own local runner: the notebook's results, cell by cell and value by value."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nb2pipe import api
from nb2pipe.observing import KFP_LOCAL, Settings
from nb2pipe.verify.verdicts import Outcome
from nb2pipe.verifying import Asked

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.ipynb"))

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(900)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_by_kfp_s_runner(name: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples" / f"{name}.ipynb", tmp_path)
    found = api.verify(tmp_path / f"{name}.ipynb", Asked(Settings(on=KFP_LOCAL), bisect=False))
    assert (found.outcome, found.problem) == (Outcome.SAME, "")
    assert found.cells
    assert found.variables
