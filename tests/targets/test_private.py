"""What a run leaves in `.nb2pipe/`, in real kernels: nobody else can read any of it, whatever the umask says."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from nb2pipe import api
from nb2pipe.errors import EnvironmentProblem
from nb2pipe.model import RunState
from nb2pipe.runs import store
from nb2pipe.targets.local.request import Request, sockets_dir

CELLS = {
    "a": "import os\nbig = bytes(2_000_000)\nprint(sorted(os.listdir()))",
    "b": "print(len(big))\nopen('out.txt', 'w').write('x')\neval('helper') if False else None",
    "c": "print(globals()['bi' + 'g'][:1])\n1 / 0",
}


@pytest.fixture
def no_umask(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.kernel
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("no_umask")
def test_modes_of_all_that_a_run_leaves(tmp_path: Path, write_steps: Callable[[Mapping[str, str]], Path]) -> None:
    path = write_steps(CELLS)
    root = tmp_path / ".nb2pipe"
    for _ in range(2):  # the second takes what the first kept
        started = api.run(path)
        list(started.events())
        assert api.run_record(root, started.id).state is RunState.FAILED
        request = Request.read(store.find(root, started.id))
        assert len(request.sockets) == 32
        assert not sockets_dir(request).exists()
    found = {item.relative_to(root).as_posix(): stat.S_IMODE(item.lstat().st_mode) for item in root.rglob("*")}
    assert {name for name in found if name.endswith(".pyc")}, "kernels keep what they compile, as they usually do"
    assert {
        name: oct(mode) for name, mode in found.items() if mode != (0o700 if (root / name).is_dir() else 0o600)
    } == {}
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    assert [item for item in Path(tempfile.gettempdir()).glob("nb2pipe-*") if started.id in item.name] == []


def test_a_directory_that_was_open_is_closed(tmp_path: Path) -> None:
    """As a checkout or a copy leaves it."""
    root = tmp_path / ".nb2pipe"
    (root / "objects").mkdir(parents=True)
    for path in (root, root / "objects"):
        path.chmod(0o777)
    store.create(root)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (root, root / "objects")} == {0o700}


@pytest.mark.parametrize("which", ["objects", "runs", "locks"])
def test_a_link_in_the_place_of_a_directory_is_refused(tmp_path: Path, which: str) -> None:
    root = tmp_path / ".nb2pipe"
    root.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (root / which).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EnvironmentProblem, match=f"{which}: it is a link"):
        store.create(root)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("which", ["", "objects"])
def test_what_belongs_to_somebody_else_is_refused(tmp_path: Path, which: str) -> None:
    """Before anything runs: what they put there would be loaded as code."""
    root = tmp_path / ".nb2pipe"
    (root / "objects").mkdir(parents=True)
    shutil.chown(root / which, 65_534)
    with pytest.raises(EnvironmentProblem, match="it belongs to another user"):
        store.create(root)


def test_a_linked_root_is_the_users_choice(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".nb2pipe").symlink_to(tmp_path / "elsewhere")
    assert store.create(tmp_path / ".nb2pipe").path.is_relative_to(tmp_path / "elsewhere")
