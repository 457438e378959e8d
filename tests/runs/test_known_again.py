"""What earlier runs' records are known by: the user's key, digests of files, versions of packages."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from nb2pipe import digests, keys
from nb2pipe.digests import FileDigests
from nb2pipe.installed import Installed

LONG_AGO_NS = 1_600_000_000 * 10**9


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(keys.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


# --- the key -------------------------------------------------------------------------------------------------------


def test_the_key_is_made_once_and_is_private(home: Path) -> None:
    before = os.umask(0)
    try:
        key = keys.user_key()
    finally:
        os.umask(before)
    assert keys.user_key() == key
    path = home / "data" / "nb2pipe" / "store.key"
    assert keys.key_path() == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.chmod(0o644), "only be yours"),
        (lambda path: path.write_text("short"), "holds no key"),
        (lambda path: (path.rename(path.with_name("other")), path.symlink_to("other")), "symbolic links"),
    ],
    ids=["others may read it", "damaged", "a link"],
)
def test_a_key_that_may_not_be_ours_is_refused(spoil: object, why: str) -> None:
    keys.user_key()
    assert callable(spoil)
    spoil(keys.key_path())
    with pytest.raises((OSError, ValueError), match=why):
        keys.user_key()


@pytest.mark.usefixtures("home")
def test_a_key_from_the_environment_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    own = keys.user_key()
    monkeypatch.setenv(keys.VARIABLE, "x" * 32)
    assert keys.user_key() not in (own, b"x" * 32)
    monkeypatch.setenv(keys.VARIABLE, "x" * 31)
    with pytest.raises(ValueError, match="fewer than 32"):
        keys.user_key()


def test_only_the_same_key_and_content_give_the_code() -> None:
    code = keys.sign(b"k", b"content")
    assert keys.is_signed(b"k", b"content", code)
    assert not keys.is_signed(b"other", b"content", code)
    assert not keys.is_signed(b"k", b"Content", code)
    assert not keys.is_signed(b"k", b"content", "")
    assert not keys.is_signed(b"k", b"content", "\N{SNOWMAN}")


# --- files ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files that were hashed. All of them count as changed long ago."""
    monkeypatch.setattr(digests, "_RACY_NS", -1)
    hashed: list[Path] = []
    real = digests._hashed

    def noted(path: Path) -> str | None:
        hashed.append(path)
        return real(path)

    monkeypatch.setattr(digests, "_hashed", noted)
    return hashed


def test_a_file_is_hashed_once(tmp_path: Path, settled: list[Path]) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    first = FileDigests(tmp_path / "files.json")
    digest = first.of(file)
    assert first.of(file) == digest
    first.save()
    assert FileDigests(tmp_path / "files.json").of(file) == digest
    assert settled == [file]


def test_one_that_changed_in_any_way_is_hashed_again(tmp_path: Path, settled: list[Path]) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    known = FileDigests(tmp_path / "files.json")
    digest = known.of(file)
    before = file.stat()
    file.write_text("2")  # the same size
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # and the same time
    assert known.of(file) != digest
    file.unlink()
    assert known.of(file) is None
    file.mkdir()
    assert known.of(file) is None
    assert settled == [file, file]


def test_one_that_has_just_changed_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    monkeypatch.setattr(time, "time_ns", lambda: file.stat().st_ctime_ns + digests._RACY_NS)
    known = FileDigests(tmp_path / "files.json")
    known.of(file)
    known.save()
    assert not (tmp_path / "files.json").exists()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"schema": 2, "files": {}}', b'{"schema": 1, "files": {"a": [1]}}']
)
def test_a_damaged_memory_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "files.json").write_bytes(content)
    file = tmp_path / "a"
    file.write_text("1")
    assert FileDigests(tmp_path / "files.json").of(file) is not None


# --- packages ------------------------------------------------------------------------------------------------------


def test_what_is_installed(tmp_path: Path) -> None:
    first, second = tmp_path / "one" / "site-packages", tmp_path / "two" / "site-packages"
    for folder, files in (
        (first, {"scikit_learn-1.5.dist-info/top_level.txt": "sklearn\n", "numpy-2.0.dist-info/RECORD": "numpy/__init__.py,,\n"}),
        (second, {"numpy-1.0.dist-info/METADATA": "", "Pillow-11.0.dist-info/RECORD": "PIL/__init__.py,,\nPIL/_a.so,,\n"}),
        (second, {"six-1.16-py3.11.egg-info/top_level.txt": "six", "alone.py": ""}),
    ):  # fmt: skip
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)
    found = Installed([str(first), str(second), str(tmp_path / "none")])
    assert dict(found.versions) == {"scikit-learn": "1.5", "numpy": "2.0", "pillow": "11.0", "six": "1.16"}
    assert dict(found.owners(["sklearn", "numpy", "PIL", "six", "alone", "nothing"])) == {
        "numpy": "2.0", "pillow": "11.0", "scikit-learn": "1.5", "six": "1.16",
    }  # fmt: skip


def test_code_of_one_version(tmp_path: Path) -> None:
    """What is installed from a folder or Git may be other code of the same version; scripts and notes are no code."""
    info = tmp_path / "team-0.1.dist-info"
    info.mkdir()

    def versions(code: str, script: str, *, direct: bool) -> object:
        (info / "RECORD").write_text(
            f"team/a.py,sha256={code},9\n../bin/team,sha256={script},9\n{info.name}/RECORD,,\n"
        )
        (info / "direct_url.json").unlink(missing_ok=True)
        if direct:
            (info / "direct_url.json").write_text("{}")
        installed = Installed([str(tmp_path)])
        found = installed.versions["team"]
        assert installed.records == ({str(info / "RECORD")} if direct else set())
        return found

    assert versions("one", "x", direct=False) == versions("two", "x", direct=False) == "0.1"
    assert versions("one", "x", direct=True) == versions("one", "y", direct=True)
    assert versions("one", "x", direct=True) != versions("two", "x", direct=True)
