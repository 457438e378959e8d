"""A run of a notebook in which nothing has changed: what breaks its seal, and that its record is like any other's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from nb2pipe import api, running, seal, sealed
from nb2pipe.asked import Asked
from nb2pipe.layout import RootDir
from nb2pipe.model import Run, RunState

pytestmark = pytest.mark.kernel

CELLS = [
    (["parameters"], "depth = 2"),
    (
        ["step:load"],
        (
            "import os\nfrom pathlib import Path\nimport helper\nrows = helper.read('data.csv')\n"
            "found = sorted(os.listdir('more'))\nmode = os.environ.get('SEALED_MODE', 'usual')"
        ),
    ),
    (["step:fit"], "total = len(rows) * depth\nPath('out.txt').write_text(f'{total}\\n')\nprint(total, mode)"),
]
HELPER = "from pathlib import Path\n\n\ndef read(name):\n    return Path(name).read_text().split()\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A notebook that was run, and then run again with nothing to do."""
    made = tmp_path_factory.mktemp("sealed")
    cells = [
        {"cell_type": "code", "id": f"c{i}", "execution_count": None, "outputs": [], "metadata": {"tags": tags}}
        | {"source": source}
        for i, (tags, source) in enumerate(CELLS)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}
    (made / "note.ipynb").write_text(json.dumps(content))
    (made / "data.csv").write_text("a b c\n")
    (made / "helper.py").write_text(HELPER)
    (made / "more").mkdir()
    (made / "more" / "one").write_text("")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NB2PIPE_STORE_KEY", "k" * 32)
        patch.delenv("SEALED_MODE", raising=False)
        patch.setattr(seal, "SETTLED_NS", 0)  # else each test would wait until its files are old enough
        assert compared(made).state is RunState.SUCCEEDED
        yield made


def compared(folder: Path, asked: Asked | None = None) -> Run:
    """A run that compares everything, and leaves a seal if nothing had to run."""
    time.sleep(0.02)  # what was just written is older than the run by more than a tick of the clock
    handle = running.run(folder / "note.ipynb", asked or Asked())
    for _ in handle.events():
        pass
    assert handle.record is not None
    return handle.record


def quick(folder: Path, asked: Asked | None = None) -> Run | None:
    """A run by the seal, if it holds."""
    handle = sealed.run(folder / "note.ipynb", asked or Asked())
    for _ in handle.events() if handle is not None else ():
        pass
    return None if handle is None else handle.record


def with_seal(folder: Path) -> None:
    """Make sure that there is one that holds."""
    for _ in range(2):  # one may have to put a file back as it was: only the next one finds all as it is to be
        if quick(folder) is None:
            assert all(step.reused for step in compared(folder).steps)
    assert quick(folder) is not None


def root(folder: Path) -> RootDir:
    return RootDir(folder / ".nb2pipe")


def own_seal(folder: Path) -> Path:
    return seal.path_of(root(folder), folder / "note.ipynb")


def in_seal(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(own_seal(folder).read_bytes().partition(b"\n")[2])
    return found


def traces(folder: Path) -> Path:
    return root(folder).traces(folder / "note.ipynb", "load")


def stored(folder: Path, *, notebook: bool) -> Path:
    """An object of the first step's, or its executed notebook."""
    trace = json.loads(max(traces(folder).iterdir()).read_bytes().partition(b"\n")[2])
    return root(folder).object(trace["executed"] if notebook else trace["outputs"]["values"]["rows"]["object"])


Change: TypeAlias = Callable[[Path], Callable[[], object] | None]


def other_text(name: str) -> Change:
    """A file with other content of the same size and the same date."""

    def change(folder: Path) -> Callable[[], object]:
        path = folder / name
        before, status = path.read_bytes(), path.stat()
        path.write_bytes(before[:-2] + bytes([before[-2] ^ 1]) + before[-1:])
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        return lambda: path.write_bytes(before)

    return change


def appears(name: str) -> Change:
    def change(folder: Path) -> Callable[[], object]:
        (folder / name).write_text("")
        return (folder / name).unlink

    return change


def goes(where: Callable[[Path], Path]) -> Change:
    """A file is somewhere else for a while."""

    def change(folder: Path) -> Callable[[], object]:
        path, aside = where(folder), folder.with_name("aside")
        path.rename(aside)
        return lambda: None if path.exists() else shutil.move(aside, path)

    return change


def variable(name: str) -> Change:
    def change(_folder: Path) -> Callable[[], object]:
        stack = ExitStack()
        stack.enter_context(pytest.MonkeyPatch.context()).setenv(name, "another")
        return stack.close

    return change


def newer_trace(folder: Path) -> Callable[[], object]:
    newest = max(traces(folder).iterdir())
    made = traces(folder) / "99991231-235959-00000000.json"
    made.write_bytes(newest.read_bytes())
    return made.unlink


def a_run_between(folder: Path) -> None:
    assert compared(folder, Asked(parameters={"depth": "3"})).state is RunState.SUCCEEDED


def taught(folder: Path) -> Callable[[], object]:
    path = root(folder).learned(folder / "note.ipynb")
    before = path.read_bytes() if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"schema": 1, "cells": {}, "more": 1}')
    return lambda: path.unlink() if before is None else path.write_bytes(before)


def of_the_run(name: str) -> Change:
    return goes(lambda folder: root(folder).run(in_seal(folder)["run"]).path / name)


def edited_merged(folder: Path) -> None:
    path = root(folder).run(in_seal(folder)["run"]).merged
    path.write_bytes(path.read_bytes().replace(b"usual", b"USUAL"))


def forged(folder: Path) -> None:
    path = own_seal(folder)
    path.write_bytes(path.read_bytes().replace(b'"jobs"', b'"jobz"').replace(b'"safe', b'"sAfe'))


BREAKS: Mapping[str, Change] = {
    "a file that was read": other_text("data.csv"),
    "a module": other_text("helper.py"),
    "a folder that was listed": appears("more/two"),
    "a file that was written": other_text("out.txt"),
    "a file that was written is gone": goes(lambda folder: folder / "out.txt"),
    "an environment variable that was asked for": variable("SEALED_MODE"),
    "where Jupyter looks": variable("JUPYTER_PATH"),
    "another limit": variable("NB2PIPE_MAX_CELLS"),
    "another key": variable("NB2PIPE_STORE_KEY"),
    "tables of the user's": appears("nb2pipe.toml"),
    "what a run taught": taught,
    "a stored value is gone": goes(lambda folder: stored(folder, notebook=False)),
    "the outputs are gone": goes(lambda folder: stored(folder, notebook=True)),
    "a newer record of a step": newer_trace,
    "a run with other parameters between": a_run_between,
    "the run that left the seal is gone": of_the_run("events.jsonl"),
    "its notebook is gone": of_the_run("merged.ipynb"),
    "its notebook was edited": edited_merged,
    "the seal was edited": forged,
    "the seal is gone": goes(own_seal),
}


@pytest.mark.parametrize("case", BREAKS)
def test_what_changes_breaks_the_seal(folder: Path, case: str) -> None:
    with_seal(folder)
    undo = BREAKS[case](folder)
    try:
        assert quick(folder) is None
    finally:
        if undo is not None:
            undo()


def test_another_notebook_breaks_the_seal(folder: Path) -> None:
    with_seal(folder)
    path = folder / "note.ipynb"
    before = path.read_bytes()
    path.write_bytes(before.replace(b"depth = 2", b"depth = 4"))
    try:
        assert quick(folder) is None
    finally:
        path.write_bytes(before)
    assert quick(folder) is not None  # the same bytes again


HOLDS: Mapping[str, Change] = {
    "nothing": lambda _: None,
    "a file that nobody read": appears("note.txt"),
    "the terminal": variable("TERM"),
    "a variable that nobody asked for": variable("SOMETHING_ELSE"),
    "a hidden file in a folder that was listed": appears("more/.two"),
}


@pytest.mark.parametrize("case", HOLDS)
def test_what_does_not_count_leaves_it(folder: Path, case: str) -> None:
    with_seal(folder)
    undo = HOLDS[case](folder)
    try:
        assert quick(folder) is not None
    finally:
        if undo is not None:
            undo()


ASKED: Mapping[str, tuple[Asked, bool]] = {
    "nothing special": (Asked(), True),
    "another number of jobs": (Asked(jobs=7), True),
    "a parameter": (Asked(parameters={"depth": "2"}), False),
    "a value": (Asked(values={"depth": 2}), False),
    "a file of parameters": (Asked(parameters_file=Path("parameters.json")), False),
    "a pipe of parameters": (Asked(parameters_file=Path("pipe")), False),
    "a kernel": (Asked(kernel="python3"), False),
    "safe": (Asked(safe=True), False),
    "force": (Asked(force=True), False),
    "only": (Asked(only=("load",)), False),
    "since": (Asked(since="load"), False),
    "isolated": (Asked(isolated=True), False),
    "an output": (Asked(output=Path("done.ipynb")), True),
    "an output that is the notebook": (Asked(output=Path("note.ipynb")), False),
    "an output that is a folder": (Asked(output=Path("more")), False),
}


@pytest.mark.parametrize("case", ASKED)
def test_another_question_is_another_seal(folder: Path, case: str) -> None:
    with_seal(folder)
    asked, expected = ASKED[case]
    (folder / "parameters.json").write_text('{"depth": 2}')
    (folder / "pipe").unlink(missing_ok=True)
    os.mkfifo(folder / "pipe")
    for name in ("parameters_file", "output"):
        if getattr(asked, name) is not None:
            asked = replace(asked, **{name: folder / getattr(asked, name)})
    found = quick(folder, asked)
    assert (found is not None) is expected
    assert found is None or found.jobs == (asked.jobs or os.cpu_count())


def test_parameters_have_a_seal_of_their_own(folder: Path) -> None:
    (folder / "parameters.json").write_text('{"depth": 2}')
    asked = Asked(parameters_file=folder / "parameters.json")
    compared(folder, asked)
    assert quick(folder, asked) is not None
    (folder / "parameters.json").write_text('{"depth": 3}')
    assert quick(folder, asked) is None
    assert quick(folder) is None


def test_files_that_just_changed_leave_no_seal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_seal(folder).unlink(missing_ok=True)
    monkeypatch.setattr(seal, "SETTLED_NS", 2_000_000_000)
    os.utime(folder / "data.csv")
    assert all(step.reused for step in compared(folder).steps)
    assert quick(folder) is None


def test_the_record_is_like_any_other(folder: Path) -> None:
    with_seal(folder)
    one, two = compared(folder), quick(folder, Asked(output=folder / "done.ipynb"))
    assert two is not None
    assert two == replace(
        one,
        id=two.id,
        started_at=two.started_at,
        finished_at=two.finished_at,
        pid=two.pid,
        steps=tuple(replace(step, finished_at=two.steps[0].finished_at) for step in one.steps),
    )
    assert api.run_record(folder, two.id) == two
    contents = [files(root(folder).run(run.id).path, run.id) for run in (one, two)]
    assert contents[0] == contents[1]
    assert (folder / "done.ipynb").read_bytes() == root(folder).run(two.id).merged.read_bytes()
    assert not list(folder.rglob("*.tmp"))


def files(run: Path, run_id: str) -> dict[str, Any]:
    """A run's files, without what is each run's own."""
    found: dict[str, Any] = {
        str(path.relative_to(run)): path.read_text().replace(run_id, "THIS")
        for path in run.rglob("*")
        if path.is_file()
    }
    for name in ("request.json", "merged.ipynb", "pipeline.json"):
        found[name] = json.loads(found[name])
    del found["request.json"]["sockets"]
    found["events.jsonl"] = [
        {key: value for key, value in json.loads(line).items() if key not in ("at", "pid")}
        for line in found["events.jsonl"].splitlines()
    ]
    return found


LOOK = """
import json, sys
started = []
sys.addaudithook(lambda event, _: started.append(event) if event in STARTS else None)
STARTS = {"os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen"}
from nb2pipe.cli import run
code = run(["run", "note.ipynb"])
print(json.dumps([code, started, sorted(sys.modules)]))
"""
HEAVY = {
    "nb2pipe.analysis", "nb2pipe.analyzing", "nb2pipe.api", "nb2pipe.checks", "nb2pipe.notebook", "nb2pipe.render",
    "nb2pipe.running", "nb2pipe.runtime", "nb2pipe.targets", "jupyter_client", "papermill", "nbformat", "nbclient",
    "IPython", "rich", "yaml", "cloudpickle", "subprocess", "asyncio", "tomllib",
}  # fmt: skip


def test_it_starts_no_process_and_imports_little(folder: Path) -> None:
    def called() -> tuple[list[str], list[Any]]:
        done = subprocess.run(
            [sys.executable, "-c", LOOK], cwd=folder, capture_output=True, text=True, check=True, env=os.environ
        )
        *shown, last = done.stdout.splitlines()
        return shown, json.loads(last)

    time.sleep(2 * seal.SETTLED_NS / 1e9 + 2.1)  # as the command itself has it: files have to be older
    first, (code, _, _) = called()
    assert code == 0
    second, (code, started, modules) = called()
    assert (code, started) == (0, [])
    assert HEAVY.intersection(modules) == set()
    assert len([name for name in modules if name.startswith("nb2pipe")]) <= 30
    assert [line for line in first if "run 2" not in line][:-1] == [line for line in second if "run 2" not in line][:-1]
