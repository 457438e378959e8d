"""What a step's results depend on besides code: files that nothing opens before our eyes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from nb2pipe.runtime.facts import CHANGING, FOLDER, Facts
from nb2pipe.runtime.touched_files import Place, Touch

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


OUTSIDE = {
    # a path, the notebook's folder, and whether it is data: if it is opened, if the notebook names it
    "what a system's administrator mounts": ("/opt/ml/input/x.csv", "work", True, True),
    "a log": ("/var/log/x.log", "work", True, True),
    "a stick": ("/run/media/ada/x.csv", "work", True, True),
    "the system's": ("/usr/share/x.txt", "work", False, False),
    "a cache of the system": ("/var/cache/x.bin", "work", False, False),
    "settings of a project above": ("~/.env", "work", False, True),
    "the same, deeper": ("~/project/.env", "project/notebooks", True, True),
    "a program's cache": ("~/.cache/fonts.json", "work", False, True),
    "a hidden folder that the notebook itself lies in": ("~/.work/x.csv", ".work/notebooks", True, True),
}


@pytest.mark.parametrize("case", OUTSIDE)
def test_files_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    text, folder, opened, named = OUTSIDE[case]
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / folder)
    path = str(Path(text).expanduser())
    place = Place(str(tmp_path / folder))
    assert [place.of(path) == (path, False), place.of(path, named=True) == (path, False)] == [opened, named]


def test_a_name_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "x.bin").write_text("x")
    monkeypatch.setenv("HOME", str(tmp_path))
    facts = Facts(str(tmp_path / "work"), ())
    facts.named(iter(["~/x.bin", "~nobody-of-this-name/x.bin"]))
    assert facts.of_step({})["named"] == {str(tmp_path / "x.bin"): HASH_OF_X}


def test_a_module_that_is_edited_while_the_step_runs(tmp_path: Path) -> None:
    """What was executed counts, also for a later step of the process; two versions are no version."""
    digests = {text: hashlib.sha256(text.encode()).hexdigest() for text in ("one", "two", "three")}
    file, other = tmp_path / "helpers.py", tmp_path / "more.py"

    def noted(facts: Facts) -> object:
        modules = facts.of_step({})["modules"]
        return {path: digest for path, digest in modules.items() if path.startswith(str(tmp_path))}

    file.write_text("one")
    first, second = Facts(str(tmp_path), ()), Facts(str(tmp_path), ())
    first.executed(str(file))
    file.write_text("two")
    assert noted(first) == {str(file): digests["one"]}
    second.executed(str(file))
    assert noted(second) == {str(file): CHANGING}
    other.write_text("one")
    third = Facts(str(tmp_path), ())
    third.executed(str(other))
    third.touched(Touch("more.py", inside=True, read=False, written=True))
    other.write_text("three")
    assert noted(third) == {str(other): digests["three"]}  # as the step left it
