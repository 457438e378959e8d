"""What is suggested for the examples without their steps. `NB2PIPE_UPDATE_GOLDEN=1` writes `golden/` anew."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from nb2pipe import cli

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(path.stem for path in (ROOT / "examples").glob("*.ipynb"))


@pytest.mark.parametrize("name", NAMES)
def test_preview_of_an_example(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(ROOT / "examples" / f"{name}.ipynb", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["suggest", f"{name}.ipynb", "--again"]) == 0
    out = capsys.readouterr().out
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("NB2PIPE_UPDATE_GOLDEN") == "1":
        GOLDEN.mkdir(exist_ok=True)
        golden.write_text(out, encoding="utf-8")
    assert out == golden.read_text(encoding="utf-8")


def test_each_golden_has_its_example() -> None:
    assert sorted(path.stem for path in GOLDEN.iterdir()) == NAMES
