"""Paths that lead to a notebook, and all the others."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nb2pipe.config import Limits
from nb2pipe.errors import BadInput, EnvironmentProblem, Nb2pipeError
from nb2pipe.notebook import read

LIMITS = Limits()


def refused(path: Path, limits: Limits = LIMITS) -> Nb2pipeError:
    """The error that reading raises, found in a thread so that a hang is a failure and not a hang."""
    found: list[BaseException] = []

    def work() -> None:
        try:
            read(path, limits)
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test looks at it
            found.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive(), "reading hangs"
    (error,) = found
    assert isinstance(error, Nb2pipeError)
    (problem,) = error.diagnostics
    assert "\n" not in problem.message
    assert problem.hint
    return error


def test_a_file_is_read_and_left_alone(tmp_path: Path, make: Callable[..., dict[str, Any]]) -> None:
    path = tmp_path / "ünï code.ipynb"
    path.write_text(json.dumps(make(("x = 1", ["step:load"]))))
    before = path.stat(), path.read_bytes()
    notebook = read(path, LIMITS)
    assert [cell.source for cell in notebook.cells] == ["x = 1"]
    assert notebook.path == str(path)
    after = path.stat(), path.read_bytes()
    assert after[1] == before[1]
    assert after[0].st_mtime_ns == before[0].st_mtime_ns


def test_a_link_to_a_notebook_is_followed(tmp_path: Path, make: Callable[..., dict[str, Any]]) -> None:
    (tmp_path / "a.ipynb").write_text(json.dumps(make(("x = 1", []))))
    (tmp_path / "link.ipynb").symlink_to("a.ipynb")
    assert read(tmp_path / "link.ipynb", LIMITS).cells[0].source == "x = 1"


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.mark.parametrize(
    ("create", "words"),
    [
        (make_fifo, "a named pipe"),
        (make_socket, "a socket"),
        (Path.mkdir, "a directory"),
        (lambda path: path.symlink_to("/dev/zero"), "a device"),
        (lambda path: path.symlink_to("/dev/tty"), "a device"),
    ],
    ids=["fifo", "socket", "directory", "zero", "tty"],
)
def test_only_a_regular_file_is_opened(tmp_path: Path, create: Callable[[Path], None], words: str) -> None:
    path = tmp_path / "x.ipynb"
    create(path)
    error = refused(path)
    assert isinstance(error, BadInput)
    assert error.diagnostics[0].code == "N2P103"
    assert words in error.diagnostics[0].message


@pytest.mark.parametrize(
    "name",
    ["none.ipynb", "none/none.ipynb", "file/none.ipynb", "loop", "x" * 300, "nul\0.ipynb", ""],
    ids=["file", "folder", "file as folder", "loop of links", "long", "NUL", "empty"],
)
def test_a_path_without_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    error = refused(tmp_path / name)
    assert isinstance(error, BadInput)
    assert error.diagnostics[0].code in ("N2P102", "N2P103")


def test_a_mistyped_path_names_the_file_that_was_meant(tmp_path: Path) -> None:
    (tmp_path / "training.ipynb").write_text("")
    assert refused(tmp_path / "trainning.ipynb").diagnostics[0].hint == "did you mean `training.ipynb`?"


@pytest.mark.parametrize(
    ("name", "words", "hint"),
    [
        ("a.py", "a Python script", "jupytext --to ipynb a.py"),
        ("a.md", "a Markdown file", "jupytext"),
        ("a.Rmd", "an R Markdown file", "jupytext"),
        ("a.html", "a web page", ".ipynb"),
    ],
)
def test_another_kind_of_file(tmp_path: Path, name: str, words: str, hint: str) -> None:
    (tmp_path / name).write_text("x = 1\n")
    problem = refused(tmp_path / name).diagnostics[0]
    assert problem.code == "N2P110"
    assert words in problem.message
    assert problem.hint is not None
    assert hint in problem.hint


def test_a_notebook_may_have_any_other_suffix(tmp_path: Path, make: Callable[..., dict[str, Any]]) -> None:
    (tmp_path / "a.ipynb.bak").write_text(json.dumps(make(("x = 1", []))))
    assert read(tmp_path / "a.ipynb.bak", LIMITS).cells


def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text("{}")
    path.chmod(0)
    user = os.geteuid()
    if user == 0:  # root may read everything: be nobody for a moment
        os.seteuid(65534)
    try:
        error = refused(path)
    finally:
        os.seteuid(user)
    assert isinstance(error, EnvironmentProblem)
    assert error.diagnostics[0].code == "N2P104"


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that fails to be read")
def test_a_read_error_is_the_environments() -> None:
    error = refused(Path("/proc/self/mem"))  # a regular file whose first byte can't be read
    assert isinstance(error, EnvironmentProblem)
    assert error.diagnostics[0].code == "N2P104"


def test_the_size_cap_holds(tmp_path: Path, make: Callable[..., dict[str, Any]]) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(json.dumps(make(("x = 1", []))))
    size = path.stat().st_size
    assert read(path, replace(LIMITS, max_file_bytes=size)).cells
    problem = refused(path, replace(LIMITS, max_file_bytes=size - 1)).diagnostics[0]
    assert problem.code == "N2P105"
    assert problem.hint is not None
    assert "NB2PIPE_MAX_FILE_BYTES" in problem.hint


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs a file that says it is empty and is not")
def test_the_size_cap_holds_for_a_file_that_hides_its_size() -> None:
    assert refused(Path("/proc/self/maps"), replace(LIMITS, max_file_bytes=100)).diagnostics[0].code == "N2P105"


def test_a_path_in_a_folder_without_a_notebook_or_without_a_folder(tmp_path: Path) -> None:
    assert refused(tmp_path / "x.ipynb").diagnostics[0].hint == "check the path"
    assert "folder" in str(refused(tmp_path / "none" / "x.ipynb").diagnostics[0].hint)


def test_a_path_that_is_no_text_is_shown_all_the_same(tmp_path: Path) -> None:
    problem = refused(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.ipynb"))).diagnostics[0]
    assert problem.location.notebook is not None
    problem.location.notebook.encode()
