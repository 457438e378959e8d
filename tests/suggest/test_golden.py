"""What is suggested for the examples without their steps. `NB2PIPE_UPDATE_GOLDEN=1` writes `golden/` anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
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


WINE = [
    "from sklearn.datasets import load_wine\nfrom sklearn.ensemble import RandomForestClassifier\nfrom sklearn.linear_model import LogisticRegression\nfrom sklearn.model_selection import train_test_split\nfrom sklearn.preprocessing import StandardScaler",
    "trees = 100\ntest_share = 0.3",
    "X, y = load_wine(return_X_y=True, as_frame=True)\nX_train, X_test, y_train, y_test = train_test_split(X, y, test_size=test_share, random_state=0)\nprint(len(X_train), 'rows to learn from')",
    "forest = RandomForestClassifier(n_estimators=trees, random_state=0).fit(X_train, y_train)",
    "scaler = StandardScaler().fit(X_train)\nlinear = LogisticRegression(random_state=0).fit(scaler.transform(X_train), y_train)",
    "forest_accuracy = forest.score(X_test, y_test)\nlinear_accuracy = linear.score(scaler.transform(X_test), y_test)",
    "print('forest:', forest_accuracy)\nprint('linear:', linear_accuracy)",
]
"""The README's notebook."""


def test_the_page_shows_what_the_command_prints(
    saved: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(saved(*WINE, name="wine.ipynb").parent)
    assert cli.run(["suggest", "wine.ipynb"]) == 0
    page = (ROOT / "docs" / "suggest.md").read_text(encoding="utf-8")
    assert f"$ nb2pipe suggest wine.ipynb\n{capsys.readouterr().out}```\n" in page


def test_each_golden_has_its_example() -> None:
    assert sorted(path.stem for path in GOLDEN.iterdir()) == NAMES
