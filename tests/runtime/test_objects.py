"""The store's file format: what goes in comes out, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nb2pipe.runtime import objects


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
