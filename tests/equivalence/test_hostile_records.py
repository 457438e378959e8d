"""Records of earlier runs that are damaged, foreign or out of order: the run is right all the same. No kernels."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import edits
import pytest
from edits import Project
from fast import Server

CELLS = [("a", "x = len('a')"), ("b", "y = x + 1\nprint(y)"), ("c", "print(3)")]
NEVER = "it has never run"
FOREIGN = "what is kept of its last run is damaged, or not signed with your key"


def _each(project: Project, pattern: str, change: Callable[[Path], object]) -> None:
    found = [path for path in (project.place / "root").glob(pattern) if path.is_file()]
    assert found
    for path in found:
        change(path)


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _link(path: Path) -> None:
    elsewhere = path.with_name("elsewhere")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


# what is done to which files, and why each step runs then; None: for whatever reason
CASES: dict[str, tuple[str, Callable[[Path], object], dict[str, str] | None]] = {
    "records that are cut short": ("steps/*/*/*.json", _cut, dict.fromkeys("abc", FOREIGN)),
    "records with a bit that is another": ("steps/*/*/*.json", _flip, dict.fromkeys("abc", FOREIGN)),
    "records that are empty": ("steps/*/*/*.json", lambda path: path.write_bytes(b""), dict.fromkeys("abc", FOREIGN)),
    "records that are links": ("steps/*/*/*.json", _link, dict.fromkeys("abc", FOREIGN)),
    "one step's records are gone": ("steps/*/b/*.json", Path.unlink, {"b": NEVER}),
    "digests of files that are damaged": ("files.json", _flip, None),
    "objects that are gone": ("objects/*/*", Path.unlink, dict.fromkeys("abc", "gone")),
    "a record that is somebody else's": ("steps/*/c/*.json", lambda path: path.write_bytes(b"0" * 64 + b"\n{}"), {"c": FOREIGN}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_damage(server: Server, name: str, tmp_path: Path) -> None:
    pattern, change, because = CASES[name]
    project = Project(server, tmp_path)
    project.put("data.txt", "1")
    assert project.run([*CELLS, ("d", "print(open('data.txt').read())")]).kind == "done"
    assert project.run(CELLS).because == {}
    os.utime(project.folder / "data.txt", ns=(1, 1))
    if not (project.place / "root" / "files.json").exists():
        (project.place / "root" / "files.json").write_text("{}")
    _each(project, pattern, change)
    ran = project.run(CELLS)
    assert ran.kind == "done"
    if because is not None:
        assert set(ran.because) == set(because), ran
        assert all(any(because[step] in reason for reason in ran.because[step]) for step in because), ran
    assert not project.differing(ran, project.straight(CELLS))
    assert project.run(CELLS).because == {}


def test_records_of_another_user(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(server, tmp_path)
    assert project.run(CELLS).kind == "done"
    monkeypatch.setattr(edits, "_KEY", "another key, of somebody who cloned it all")
    assert set(project.run(CELLS).because.values()) == {(FOREIGN,)}


def test_the_last_run_counts_whatever_the_clock_says(server: Server, tmp_path: Path) -> None:
    cells = [("a", "import uuid\nx = uuid.uuid4().hex"), ("b", "print(x)")]
    project = Project(server, tmp_path)
    project.number = 900
    first = project.run(cells)
    project.number = 100
    second = project.run(cells, force=True)
    assert second.printed != first.printed
    third = project.run(cells)
    assert third.because == {}
    assert third.printed == second.printed
