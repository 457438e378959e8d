"""The store's file format: what goes in comes out, and nothing else does."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nb2pipe.layout import RootDir
from nb2pipe.runtime import digests, objects

SOURCE = Path(objects.__file__).parents[2]
BIG = bytes(range(256)) * 20_000  # hashed beside the writing
quick = pytest.mark.skipif(find_spec("blake3") is None, reason="the optional package blake3 is not installed")


@pytest.fixture(params=["sha256", pytest.param("blake3", marks=quick)])
def algorithm(request: pytest.FixtureRequest) -> Iterator[str]:
    """The run's choice."""
    digests.use(request.param)
    yield request.param
    digests.use(digests.USUAL)


@given(st.binary(max_size=300), st.lists(st.binary(max_size=300), max_size=5))
def test_segments_come_back_as_they_went_in(
    tmp_path_factory: pytest.TempPathFactory, pickle: bytes, buffers: list[bytes]
) -> None:
    store = tmp_path_factory.mktemp("store")
    stored = objects.put(store, pickle, buffers)
    assert [bytes(segment) for segment in objects.get(store, stored.id)] == [pickle, *buffers]
    assert objects.path_of(store, stored.id).stat().st_size == stored.size_bytes


def test_same_content_is_stored_once_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    first = objects.put(tmp_path, b"abc", [b"defg"])
    assert objects.put(tmp_path, b"abc", [b"defg"]) == first
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [first.id]


def test_buffers_are_aligned_and_writable_and_writing_never_reaches_the_file(tmp_path: Path) -> None:
    stored = objects.put(tmp_path, b"p", [b"x" * 100])
    before = objects.path_of(tmp_path, stored.id).read_bytes()
    segment = objects.get(tmp_path, stored.id)[1]
    segment[0] = 0
    assert objects.path_of(tmp_path, stored.id).read_bytes() == before
    assert bytes(objects.get(tmp_path, stored.id)[1]) == b"x" * 100


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="told by Linux only")
@pytest.mark.parametrize("size", [2 << 20, 20 << 20])
def test_a_written_page_is_seen_and_reading_is_none(tmp_path: Path, size: int) -> None:
    stored = objects.put(tmp_path, b"p" * 10_000, [bytes(size)])
    segments = objects.get(tmp_path, stored.id)
    assert bytes(segments[1]) == bytes(size)
    assert objects.is_untouched(segments)
    other = objects.get(tmp_path, stored.id)
    other[1][0] = 1
    assert objects.is_untouched(segments), "each map is private"
    segments[1][size - 1] = 0
    assert not objects.is_untouched(segments), "written, though with what was there"


def test_a_buffer_is_at_its_address() -> None:
    whole = bytearray(range(50))
    first = objects.address_of(whole)
    assert objects.address_of(memoryview(whole)[7:]) == first + 7
    assert objects.address_of(memoryview(whole)[7:].toreadonly()) == first + 7
    assert objects.address_of(b"") == 0


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "extend", "swap"])
def test_a_damaged_object_is_refused_before_it_is_unpickled(tmp_path: Path, damage: str) -> None:
    stored = objects.put(tmp_path, b"abc" * 50, [b"defg" * 50])
    other = objects.put(tmp_path, b"other", [])
    path = objects.path_of(tmp_path, stored.id)
    content = path.read_bytes()
    damaged = {
        "flip": content[:60] + bytes([content[60] ^ 1]) + content[61:],
        "truncate": content[:-1],
        "empty": b"",
        "extend": content + b"\0",
        "swap": objects.path_of(tmp_path, other.id).read_bytes(),
    }[damage]
    path.unlink()
    path.write_bytes(damaged)
    with pytest.raises(objects.StoreError, match=r"damaged|cut short"):
        objects.get(tmp_path, stored.id)
    objects.put(tmp_path, b"abc" * 50, [b"defg" * 50])
    assert bytes(objects.get(tmp_path, stored.id)[0]) == b"abc" * 50, "storing it again mends it"


@pytest.mark.parametrize(
    "name", ["", "sha256-", "../../etc/passwd", "sha256-" + "g" * 64, "sha256-" + "0" * 64 + "\n", "/abs"]
)
def test_an_id_never_leads_out_of_the_store(tmp_path: Path, name: str) -> None:
    with pytest.raises(objects.StoreError, match="not the id"):
        objects.get(tmp_path, name)


def test_a_link_in_the_place_of_an_object_is_not_followed(tmp_path: Path) -> None:
    stored = objects.put(tmp_path, b"abc", [])
    path = objects.path_of(tmp_path, stored.id)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(objects.StoreError, match="can't be read"):
        objects.get(tmp_path, stored.id)


def test_objects_are_for_their_owner_only(tmp_path: Path) -> None:
    stored = objects.put(tmp_path / "store", b"abc", [])
    path = objects.path_of(tmp_path / "store", stored.id)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_the_id_names_the_algorithm_and_a_small_object_keeps_the_usual_one(tmp_path: Path, algorithm: str) -> None:
    root = RootDir(tmp_path)
    big, small = objects.put(root.objects, b"p", [BIG]), objects.put(root.objects, b"p", [])
    assert big.id.startswith(f"{algorithm}-")
    assert small.id.startswith("sha256-")
    content = root.object(big.id).read_bytes()
    if algorithm == "sha256":
        assert big.id == f"sha256-{hashlib.sha256(content).hexdigest()}"
    assert bytes(objects.get(root.objects, big.id)[1]) == BIG
    assert objects.put(root.objects, b"p", [BIG]) == big
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2


def test_a_large_damaged_object_is_refused_and_mended(tmp_path: Path, algorithm: str) -> None:
    stored = objects.put(tmp_path, b"p", [BIG])
    assert stored.id.startswith(algorithm)
    path = objects.path_of(tmp_path, stored.id)
    with path.open("r+b") as file:
        file.seek(3_000_000)
        file.write(b"!!")
    with pytest.raises(objects.StoreError, match="damaged"):
        objects.get(tmp_path, stored.id)
    assert objects.put(tmp_path, b"p", [BIG]) == stored
    assert bytes(objects.get(tmp_path, stored.id)[1]) == BIG


def test_what_is_mapped_stays_when_the_same_is_stored_again_or_removed(tmp_path: Path) -> None:
    stored = objects.put(tmp_path, b"p", [BIG])
    mapped = objects.get(tmp_path, stored.id)
    objects.put(tmp_path, b"p", [BIG])
    objects.path_of(tmp_path, stored.id).unlink()
    assert bytes(mapped[1]) == BIG


def test_a_disk_that_takes_no_more_leaves_nothing_behind(tmp_path: Path, algorithm: str) -> None:
    assert algorithm
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    threads = threading.active_count()
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            objects.put(tmp_path, b"p", [BIG])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.rglob("*")) == []
    assert threading.active_count() == threads


def _python(code: str, *arguments: Path, alone: bool, folder: Path) -> str:
    """What an interpreter prints; `alone`: without any installed package."""
    program = f"import sys; sys.path.insert(0, {str(SOURCE)!r})\n{code}"
    command = [sys.executable, *(["-I", "-S"] if alone else []), "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


_PUT = """
from pathlib import Path
from nb2pipe.runtime import digests, objects
digests.use("blake3")
print(objects.put(Path(sys.argv[1]), b"p", [bytes(2_000_000)]).id)
"""


def test_a_kernel_without_blake3_stores_by_sha256_and_says_what_it_can_not_load(tmp_path: Path) -> None:
    assert _python(_PUT, tmp_path / "store", alone=True, folder=tmp_path).startswith("sha256-")
    load = """
from pathlib import Path
from nb2pipe.runtime import objects
try:
    objects.get(Path(sys.argv[1]), "blake3-" + "0" * 64)
except objects.StoreError as error:
    print(error)
"""
    said = _python(load, tmp_path / "store", alone=True, folder=tmp_path)
    assert said.endswith("-m pip install blake3")
    assert "named by blake3, which this kernel's environment lacks" in said


def test_a_module_of_the_user_is_not_taken_for_the_package(tmp_path: Path) -> None:
    (tmp_path / "blake3.py").write_text("open('imported', 'w')\nraise SystemExit('imported')\n")
    assert _python(_PUT, tmp_path / "store", alone=False, folder=tmp_path).startswith("sha256-")
    assert not (tmp_path / "imported").exists()


def _link_store(store: Path, _object: Path) -> None:
    store.rename(store.with_name("elsewhere"))
    store.symlink_to(store.with_name("elsewhere"))


def _link_folder(_store: Path, path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))
    path.parent.symlink_to(path.parent.with_name("elsewhere"))


def _pipe(_store: Path, path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _directory(_store: Path, path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("change", [_link_store, _link_folder, _pipe, _directory])
def test_only_plain_files_in_plain_directories_are_loaded(tmp_path: Path, change: Callable[[Path, Path], None]) -> None:
    store = tmp_path / "store"
    stored = objects.put(store, b"abc", [])
    change(store, objects.path_of(store, stored.id))
    with pytest.raises(objects.StoreError, match=r"can't be read|not a file of yours"):
        objects.get(store, stored.id)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("which", ["store", "folder", "object"])
def test_what_somebody_else_owns_is_not_loaded(tmp_path: Path, which: str) -> None:
    store = tmp_path / "store"
    stored = objects.put(store, b"abc", [])
    path = objects.path_of(store, stored.id)
    shutil.chown({"store": store, "folder": path.parent, "object": path}[which], 65_534)
    with pytest.raises(objects.StoreError, match="not a file of yours"):
        objects.get(store, stored.id)


def test_nothing_is_open_to_others_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        objects.put(tmp_path / "store", b"abc", [BIG])
    finally:
        os.umask(before)
    for path in [tmp_path / "store", *(tmp_path / "store").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
