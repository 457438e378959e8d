"""What a step's results depend on besides code: files that nothing opens before our eyes."""

from __future__ import annotations

import hashlib
import os
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


def test_what_forks_touch(tmp_path: Path) -> None:
    """Told once: what is known when a process is forked is not told again."""
    for name in ("one", "two", "three"):
        (tmp_path / name).write_text("x")
    facts = Facts(str(tmp_path), ())
    facts.touched(Touch("one", inside=True, read=True, written=False))
    for _ in range(2):
        facts.forking()
        if (child := os.fork()) == 0:
            facts.touched(Touch("one", inside=True, read=True, written=False))
            facts.touched(Touch("two", inside=True, read=True, written=True))
            (tmp_path / "two").write_text("y")
            facts.touched(Touch("three", inside=True, read=False, written=True))
            (tmp_path / "three").unlink(missing_ok=True)
            facts.touched(Touch(".", inside=True, read=True, written=False, listed=True))
            os._exit(0)
        os.waitpid(child, 0)
    (tmp_path / "three").write_text("x")
    found = facts.of_step({})
    y = hashlib.sha256(b"y").hexdigest()
    assert found["read"] == {"one": HASH_OF_X, "two": HASH_OF_X}
    assert found["wrote"] == {"two": y, "three": HASH_OF_X}
    assert found["listed"] == {".": ["one", "two"]}


PATTERNS = {
    # what a cell names -> the files that count then, and the folders that are listed
    "a pattern": ("d/*.txt", {"d/a.txt": HASH_OF_X}, ["d"]),
    "one that nothing matches yet": ("d/*.csv", {}, ["d"]),
    "one of files beside the notebook": ("*.md", {"x.md": HASH_OF_X}, ["."]),
    "one that nothing matches beside the notebook": ("*.csv", {}, []),
    "a folder that is not there": ("e/*.txt", {}, []),
    "all over the disk": ("/*/*.txt", {}, []),
    "deep, elsewhere": ("../**/*.md", {}, []),
    "no pattern": (r"^\d+.*\.?$", {}, []),
}


@pytest.mark.parametrize("case", PATTERNS)
def test_patterns_that_a_cell_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    pattern, named, listed = PATTERNS[case]
    folder = tmp_path / "work"
    (folder / "d").mkdir(parents=True)
    for path in ("d/a.txt", "x.md"):
        (folder / path).write_text("x")
    monkeypatch.chdir(folder)
    facts = Facts(str(folder), ())
    facts.named(iter([pattern]))
    found = facts.of_step({})
    assert (found["named"], list(found["listed"])) == (named, listed)
