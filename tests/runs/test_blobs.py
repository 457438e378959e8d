"""The store of plain files: what was put comes back, and nothing else does."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from nb2pipe import blobs
from nb2pipe.layout import RootDir

BIG = bytes(range(256)) * 12_000  # more than one piece


def files_of(root: RootDir) -> list[Path]:
    return sorted(path for path in root.path.rglob("*") if path.is_file())


@pytest.mark.parametrize("content", [b"", b"a", BIG])
@pytest.mark.parametrize("as_file", [False, True])
def test_round_trip(tmp_path: Path, content: bytes, *, as_file: bool) -> None:
    root = RootDir(tmp_path / "root")
    source = tmp_path / "source"
    source.write_bytes(content)
    object_id = blobs.put(root, source if as_file else content)
    assert object_id == f"sha256-{hashlib.sha256(content).hexdigest()}"
    assert blobs.read(root, object_id) == content
    blobs.restore(root, object_id, tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == content
    assert files_of(root) == [root.object(object_id)], "no temporary file stays"


def test_one_content_is_kept_once_and_what_was_restored_is_apart(tmp_path: Path) -> None:
    root = RootDir(tmp_path / "root")
    first = blobs.put(root, b"same")
    (tmp_path / "source").write_bytes(b"same")
    assert blobs.put(root, tmp_path / "source") == first
    assert len(files_of(root)) == 1
    blobs.restore(root, first, tmp_path / "target")
    with (tmp_path / "target").open("ab") as file:
        file.write(b"!")
    assert blobs.read(root, first) == b"same"


def _cut(path: Path) -> None:
    os.truncate(path, 1000)


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[1_500_000] ^= 1
    path.write_bytes(content)


def _link(path: Path) -> None:
    path.rename(path.with_name("other"))
    path.symlink_to(path.with_name("other"))


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("damage", [_cut, _flip, Path.unlink, _link, _pipe])
def test_damage_is_told_before_a_target_is_touched_and_mended_by_the_next_put(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    root = RootDir(tmp_path / "root")
    object_id = blobs.put(root, BIG)
    damage(root.object(object_id))
    target = tmp_path / "target"
    target.write_bytes(b"before")
    with pytest.raises(blobs.Damaged, match=object_id[:15]):
        blobs.read(root, object_id)
    with pytest.raises(blobs.Damaged):
        blobs.restore(root, object_id, target)
    assert target.read_bytes() == b"before"
    assert sorted(tmp_path.iterdir()) == [root.path, target]
    assert blobs.put(root, BIG) == object_id
    assert blobs.read(root, object_id) == BIG


def test_a_target_on_another_file_system(tmp_path: Path) -> None:
    memory = Path("/dev/shm")  # noqa: S108  # what is a file system of its own
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other file system here")
    root = RootDir(tmp_path / "root")
    object_id = blobs.put(root, BIG)
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        blobs.restore(root, object_id, Path(folder) / "target")
        assert [path.read_bytes() for path in Path(folder).iterdir()] == [BIG]
    assert files_of(root) == [root.object(object_id)]


def test_modes(tmp_path: Path) -> None:
    root = RootDir(tmp_path / "root")
    before = os.umask(0)
    try:
        object_id = blobs.put(root, b"x")
    finally:
        os.umask(before)
    for path in [root.path, *root.path.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    script = tmp_path / "script.sh"
    script.write_bytes(b"old")
    script.chmod(0o755)
    blobs.restore(root, object_id, script)
    assert stat.S_IMODE(script.stat().st_mode) == 0o755
    blobs.restore(root, object_id, tmp_path / "new")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o666 & ~before


def test_what_is_no_regular_file_is_not_kept(tmp_path: Path) -> None:
    root = RootDir(tmp_path / "root")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "missing"):
        with pytest.raises(OSError, match=r"regular|directory"):
            blobs.put(root, path)
    assert files_of(root) == []


@pytest.mark.parametrize("object_id", ["", "../../etc/passwd", "md5-" + "0" * 32, "sha256-" + "0" * 63])
def test_an_id_leads_nowhere_else(tmp_path: Path, object_id: str) -> None:
    with pytest.raises(ValueError, match="not the id"):
        blobs.read(RootDir(tmp_path), object_id)
