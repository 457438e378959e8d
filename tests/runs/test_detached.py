"""Runs and verifications that go on by themselves: what is on the screen is done, nothing is saved, and all can see it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nb2pipe import api, detached, verified
from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.model import Json, Run, RunState

pytestmark = pytest.mark.kernel
SLOW = "import time\nprint('begins', flush=True)\ntime.sleep(60)"


def content(*cells: tuple[str, str], outputs: tuple[Json, ...] = ()) -> dict[str, Json]:
    """A notebook: each cell its step's name and its source."""
    made = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {"tags": [f"step:{name}"]},
            "source": source,
            "outputs": list(outputs),
            "execution_count": None,
        }
        for number, (name, source) in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": made}


def save(folder: Path, data: Json) -> Path:
    path = folder / "train.ipynb"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def until(look: Callable[[], Any], within_s: float = 60.0) -> Any:
    """What `look` gives, once that is something."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError("it never came to pass")


def ended(folder: Path, run: str) -> Run:
    def look() -> Run | None:
        found = api.run_record(folder, run)
        return found if found.state.done else None

    found = until(look)
    assert isinstance(found, Run)
    return found


def printed(folder: Path, run: str) -> str:
    return "".join(item.text for item in api.log(folder, run))


def merged(folder: Path, run: str) -> dict[str, Any]:
    path = folder / ".nb2pipe" / "runs" / run / "merged.ipynb"
    until(path.is_file)
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def test_what_is_on_the_screen_is_run_and_the_file_stays_as_it_is(tmp_path: Path) -> None:
    path = save(tmp_path, content(("load", "x = 1"), ("fit", "print(x + 1)")))
    before = path.read_bytes()
    shown = content(("load", "x = 5"), ("fit", "print(x + 1)"))
    run = detached.run(api.OnScreen(path, shown))
    found = ended(tmp_path, run)
    assert (found.state, found.notebook) == (RunState.SUCCEEDED, "train.ipynb")
    assert found.digest == api.analyze(shown).notebook.digest
    assert printed(tmp_path, run) == "6\n"
    assert merged(tmp_path, run)["cells"][-1]["outputs"][0]["text"] == "6\n"
    assert path.read_bytes() == before
    assert sorted(item.name for item in tmp_path.iterdir()) == [".nb2pipe", "train.ipynb"]


def test_what_it_made_is_taken_by_the_command_and_the_other_way_round(tmp_path: Path) -> None:
    data = content(("load", "x = 1"), ("fit", "print(x + 1)"))
    path = save(tmp_path, data)
    first = detached.run(api.OnScreen(path, data))
    assert ended(tmp_path, first).state is RunState.SUCCEEDED
    merged(tmp_path, first)
    handle = api.run(path)
    assert list(handle.events())
    assert handle.record is not None
    assert {step.reused for step in handle.record.steps} == {first}
    shown_with_outputs = content(("load", "x = 1"), ("fit", "print(x + 1)"))
    third = detached.run(api.OnScreen(path, shown_with_outputs))
    assert {step.reused for step in ended(tmp_path, third).steps} == {first}


def test_what_is_wrong_is_told_before_anything_runs(tmp_path: Path) -> None:
    path = save(tmp_path, content(("load", "x = 1")))
    with pytest.raises(BadInput) as caught:
        detached.run(api.OnScreen(path, content(("load", "x = 1"), ("fit", "y = z"))))
    told = caught.value.diagnostics[0]
    assert (told.code, told.location.notebook, told.location.cell) == ("N2P201", "train.ipynb", 1)
    assert not (tmp_path / ".nb2pipe").exists()


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem) as caught:
        detached.run(api.OnScreen(tmp_path / "gone" / "train.ipynb", content(("load", "x = 1"))))
    assert caught.value.diagnostics[0].code == "N2P509"


def test_it_can_be_stopped_by_anybody_and_gone_on_with(tmp_path: Path) -> None:
    data = content(("load", "x = 1"), ("fit", f"print(x)\n{SLOW}"))  # it begins once `load` is done
    path = save(tmp_path, data)
    run = detached.run(api.OnScreen(path, data))
    until(lambda: "begins" in printed(tmp_path, run))
    with pytest.raises(BadInput, match="under way"):
        detached.resume(tmp_path / ".nb2pipe", run)
    api.cancel(tmp_path, run)
    assert ended(tmp_path, run).state is RunState.CANCELED
    quick = content(("load", "x = 1"), ("fit", "print(x)"))
    second = detached.resume(tmp_path / ".nb2pipe", run, quick)
    found = ended(tmp_path, second)
    assert found.state is RunState.SUCCEEDED
    assert [step.reused for step in found.steps] == [run, ""]


def test_nothing_of_it_hangs_on_who_asked(tmp_path: Path) -> None:
    data = content(("load", "import os, sys\nprint(os.getsid(0), sys.stdin.closed)"))
    run = detached.run(api.OnScreen(save(tmp_path, data), data))
    assert ended(tmp_path, run).state is RunState.SUCCEEDED
    assert int(printed(tmp_path, run).split()[0]) != os.getsid(0)
    with pytest.raises(ChildProcessError):  # nothing is left to be waited for
        os.waitpid(-1, os.WNOHANG)


def test_a_second_run_of_the_notebook_says_for_which_it_waits(tmp_path: Path) -> None:
    data = content(("fit", SLOW))
    path = save(tmp_path, data)
    first = detached.run(api.OnScreen(path, data))
    until(lambda: "begins" in printed(tmp_path, first))
    second = detached.run(api.OnScreen(path, content(("fit", "print(1)"))))
    until(lambda: api.run_record(tmp_path, second).warnings)
    assert f"waits for run {first}" in api.run_record(tmp_path, second).warnings[0]
    api.cancel(tmp_path, first)
    assert ended(tmp_path, second).state is RunState.SUCCEEDED


def verification(folder: Path, which: str) -> verified.Verified:
    def look() -> verified.Verified | None:
        found = verified.load(folder / ".nb2pipe", which)
        return found if found.state.done else None

    found = until(look)
    assert isinstance(found, verified.Verified)
    return found


def test_a_verification_goes_on_by_itself(tmp_path: Path) -> None:
    path = save(tmp_path, content(("load", "x = 1"), ("fit", "print(x + 1)")))
    root = tmp_path / ".nb2pipe"
    which = detached.verify(path, root)
    found = verification(tmp_path, which)
    assert (found.state, found.found.outcome, found.found.counts["same"]) == (RunState.SUCCEEDED, "same", 2)
    assert found.lines[-1] == "the pipeline: 2 steps"
    report = verified.report(root, which)
    assert report is not None
    assert "<html" in report.read_text(encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        verified.cancel(root, which)
    assert caught.value.diagnostics[0].code == "N2P604"


def test_a_verification_is_stopped(tmp_path: Path) -> None:
    root = tmp_path / ".nb2pipe"
    which = detached.verify(save(tmp_path, content(("fit", SLOW))), root)
    until(lambda: len(verified.load(root, which).lines) > 1)
    verified.cancel(root, which)
    assert verification(tmp_path, which).state is RunState.CANCELED
    assert verified.report(root, which) is None
    until(lambda: not list((root / "verify").iterdir()))


@pytest.mark.parametrize("which", ["", "..", "../runs", "20260102-030405-0123abcd", "20260102-030405-0123abcd/.."])
def test_no_such_verification(tmp_path: Path, which: str) -> None:
    for look in (verified.load, verified.report, verified.cancel):
        with pytest.raises(BadInput) as caught:
            look(tmp_path, which)
        assert caught.value.diagnostics[0].code == "N2P602"
