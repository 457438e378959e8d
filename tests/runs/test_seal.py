"""What a seal asks of this machine: each answer changes with what it stands for, and with nothing else."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from nb2pipe import seal
from nb2pipe.model import Json

KEY = b"k" * 32
Change: TypeAlias = Callable[[Path], object]


def write_again_at_the_same_time(path: Path) -> None:
    """Other content of the same size, and the old date set again."""
    before = path.stat()
    path.write_text("ABC")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.rename(path)


def nothing(_path: Path) -> None:
    """The twin of all that changes something."""


# kind, what is there before ("file", "folder" or nothing), what happens, whether the answer is another one then
CHANGES: list[tuple[str, str, Change, bool]] = [
    ("file", "file", nothing, False),
    ("file", "file", lambda path: path.read_text(), False),
    ("file", "file", lambda path: path.write_text("abcd"), True),
    ("file", "file", write_again_at_the_same_time, True),
    ("file", "file", replaced, True),
    ("file", "file", lambda path: path.unlink(), True),
    ("file", "file", lambda path: (path.unlink(), path.mkdir()), True),
    ("file", "", nothing, False),
    ("file", "", lambda path: path.write_text(""), True),
    ("file", "", lambda path: path.mkdir(), True),
    ("file", "", os.mkfifo, True),
    ("content", "file", nothing, False),
    ("content", "file", replaced, False),  # the same content
    ("content", "file", write_again_at_the_same_time, True),
    ("content", "file", lambda path: path.unlink(), True),
    ("content", "", lambda path: path.write_text(""), True),
    ("names", "folder", nothing, False),
    ("names", "folder", lambda path: (path / "new.csv").write_text(""), True),
    ("names", "folder", lambda path: (path / ".hidden").write_text(""), False),
    ("names", "folder", lambda path: (path / "a.csv").unlink(), True),
    ("names", "folder", lambda path: (path / "a.csv").write_text("other content"), False),
    ("entries", "folder", nothing, False),
    ("entries", "folder", lambda path: (path / "pandas-3.0.0.dist-info").mkdir(), True),
    ("entries", "folder", lambda path: (path / "a.csv").rename(path / "b.csv"), True),
    ("entries", "", lambda path: path.mkdir(), True),
    ("size", "file", nothing, False),
    ("size", "file", lambda path: path.write_text("ab"), True),
    ("size", "file", lambda path: path.unlink(), True),
    ("newest", "folder", nothing, False),
    ("newest", "folder", lambda path: (path / "20261122-124525-00000002.json").write_text("{}"), True),
    ("newest", "folder", lambda path: (path / "20261122-124525-00000000.json").write_text("{}"), False),
    ("newest", "folder", lambda path: (path / "20261122-124525-00000001.json").write_text("{ }"), True),
    ("newest", "folder", lambda path: (path / "20261122-124525-00000001.json").unlink(), True),
    ("link", "", lambda path: path.symlink_to("elsewhere"), True),
    ("link", "file", nothing, False),
    ("program", "folder", nothing, False),
    ("program", "folder", lambda path: (path / "a.csv").write_text("other code"), True),
    ("program", "folder", lambda path: (path / "new.py").write_text(""), True),
    ("program", "folder", lambda path: (path / "__pycache__").mkdir(), False),
]


@pytest.mark.parametrize(("kind", "before", "change", "is_other"), CHANGES)
def test_an_answer_changes_with_what_is_asked_of(
    tmp_path: Path, kind: str, before: str, change: Change, is_other: bool
) -> None:
    path = tmp_path / "thing"
    if before == "file":
        path.write_text("abc")
    elif before == "folder":
        path.mkdir()
        (path / "a.csv").write_text("abc")
        (path / "20261122-124525-00000001.json").write_text("{}")
    facts = seal.ask({kind: [str(path)]})
    time.sleep(0.02)  # more than one tick of the file system's clock
    change(path)
    assert seal.holds(facts) is not is_other


SETTLED: dict[str, tuple[dict[str, dict[str, Json]], bool]] = {
    "a file that just changed": ({"file": {"file": [1]}}, False),
    "one that wasn't there, by an answer that was had before": ({"file": {"none": "errno 2"}}, True),
    "one that isn't there now, in a folder that just changed": ({"beside": {"none": "errno 2"}}, False),
    "a folder of packages that just changed": ({"entries": {"": ""}}, False),
    "names, which are compared as they were": ({"names": {"": ""}}, True),
    "what may change without its stamp": ({"file": {"/proc/cpuinfo": [1]}}, False),
}


@pytest.mark.parametrize("case", SETTLED)
def test_what_just_changed_is_not_sure(tmp_path: Path, case: str) -> None:
    (tmp_path / "file").write_text("")
    facts, expected = SETTLED[case]
    there = {kind: {str(tmp_path / path): answer for path, answer in found.items()} for kind, found in facts.items()}
    assert seal.settled(there, time.time_ns()) is expected
    later = time.time_ns() + 2 * seal.SETTLED_NS  # as a look that long after
    assert seal.settled(there, later) is (case != "what may change without its stamp")


def test_only_ones_own_signature_counts(tmp_path: Path) -> None:
    path = tmp_path / "unchanged.json"
    seal.write(path, {"run": "one"}, KEY)
    assert seal.read(path, KEY) == {"schema": seal.SCHEMA, "run": "one"}
    assert seal.read(path, b"o" * 32) is None
    path.write_bytes(path.read_bytes().replace(b"one", b"two"))
    assert seal.read(path, KEY) is None


VARIABLES = [
    ("HOME", True),
    ("JUPYTER_PATH", True),
    ("NB2PIPE_MAX_CELLS", True),
    ("ASKED_FOR", True),
    ("TERM", False),
    ("OTHER", False),
]


@pytest.mark.parametrize(("name", "counts"), VARIABLES)
def test_variables_that_count(monkeypatch: pytest.MonkeyPatch, name: str, counts: bool) -> None:
    monkeypatch.delenv(name, raising=False)
    absent = seal.environment(KEY, ["ASKED_FOR"])
    monkeypatch.setenv(name, "")
    empty = seal.environment(KEY, ["ASKED_FOR"])
    monkeypatch.setenv(name, "value")
    given = seal.environment(KEY, ["ASKED_FOR"])
    assert len({absent, empty, given}) == (3 if counts else 1)


def test_the_tables_that_are_looked_for(tmp_path: Path) -> None:
    inner = tmp_path / "project" / "notebooks"
    inner.mkdir(parents=True)
    (tmp_path / "project" / "pyproject.toml").write_text("")
    found = seal.tables_above(inner)
    assert str(inner / "nb2pipe.toml") in found
    assert found[-2] == str(tmp_path / "project" / "pyproject.toml")
    facts = seal.ask({"tables": found})
    assert seal.holds(facts)
    (inner / "nb2pipe.toml").write_text("")  # nearer than the one that counted
    assert not seal.holds(facts)
