"""What a step's results depend on besides code: files that nothing opens before our eyes."""

from __future__ import annotations

from pathlib import Path

import pytest

from nb2pipe.runtime.facts import FOLDER, Facts

HASH_OF_X = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"

TOLD = {
    # what is told -> the files that are named then, and the folders that are listed
    "a file": ("data/a.json", {"data/a.json": HASH_OF_X}, {}),
    "a file that is not there": ("data/none.json", {}, {}),
    "a folder": (
        "data",
        {"data": FOLDER, "data/a.json": HASH_OF_X, "data/b.csv": HASH_OF_X, "data/deep": FOLDER, "data/deep/c.json": HASH_OF_X},
        {"data": ["a.json", "b.csv", "deep"], "data/deep": ["c.json"]},
    ),
    "a pattern": ("data/*.json", {"data/a.json": HASH_OF_X}, {"data": ["a.json", "b.csv", "deep"]}),
    "a pattern of many folders": (
        "data/**/*.json",
        {"data/a.json": HASH_OF_X, "data/deep/c.json": HASH_OF_X},
        {"data": ["a.json", "b.csv", "deep"], "data/deep": ["c.json"]},
    ),
    "a pattern that nothing matches yet": ("*.parquet", {}, {".": ["data"]}),
    "a folder that is not there": ("none/*.json", {}, {"none": []}),
}  # fmt: skip


@pytest.mark.parametrize("case", TOLD)
def test_files_that_the_plan_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    pattern, named, listed = TOLD[case]
    (tmp_path / "data" / "deep").mkdir(parents=True)
    for path in ("data/a.json", "data/b.csv", "data/deep/c.json"):
        (tmp_path / path).write_text("x")
    monkeypatch.chdir(tmp_path / "data")  # what is told is as from the notebook's folder, wherever the step is
    facts = Facts(str(tmp_path), ())
    facts.told([pattern])
    found = facts.of_step({})
    assert (found["named"], found["listed"]) == (named, listed)
