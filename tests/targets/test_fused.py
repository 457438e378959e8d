"""Steps that share a process, in real kernels: states, outputs, errors, time limits of each; and whom others wait for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nb2pipe import api
from nb2pipe.model import Printed, Run, RunEvent, RunState, StepFinished, StepStarted

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(180)]


def run(
    folder: Path, cells: dict[str, str], tags: dict[str, list[str]] | None = None, jobs: int = 1
) -> tuple[Run, list[RunEvent]]:
    """One cell a step; `tags`: more of them."""
    content = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            {
                "cell_type": "code", "id": f"c{number}", "source": source, "outputs": [], "execution_count": None,
                "metadata": {"tags": [f"step:{name}", *(tags or {}).get(name, [])]},
            }
            for number, (name, source) in enumerate(cells.items())
        ],
    }  # fmt: skip
    path = folder / "note.ipynb"
    path.write_text(json.dumps(content), encoding="utf-8")
    started = api.run(path, api.RunAsked(jobs=jobs))
    events = list(started.events())
    return api.run_record(folder, started.id), events


GEN = "gen = (v for v in range(9))\nx = [1]\nprint('one', next(gen))"


def test_each_step_has_its_own_states_and_outputs(tmp_path: Path) -> None:
    """And what another process deletes meanwhile is gone, though there is room for one step only."""
    found, events = run(
        tmp_path,
        {
            "a": GEN,
            "other": "del x\ny = 3",
            "b": "try:\n    print(x)\nexcept NameError:\n    print('gone', next(gen))\nz = [next(gen)]",
            "c": "print(z, y)",
        },
    )
    assert found.state is RunState.SUCCEEDED, found
    assert [(type(e).__name__, e.step) for e in events if isinstance(e, StepStarted | StepFinished)][:3] == [
        ("StepStarted", "a"), ("StepFinished", "a"), ("StepStarted", "b"),
    ]  # fmt: skip
    printed = {name: "".join(e.text for e in events if isinstance(e, Printed) and e.step == name) for name in "abc"}
    assert printed == {"a": "one 0\n", "b": "gone 1\n", "c": "[2] 3\n"}
    assert set(found.steps[0].values) == {"x"}
    merged = json.loads(next(tmp_path.glob(".nb2pipe/runs/*/merged.ipynb")).read_bytes())
    assert [cell["outputs"][0]["text"] if cell["outputs"] else "" for cell in merged["cells"]] == [
        "one 0\n", "", "gone 1\n", "[2] 3\n",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("b", "message", "states"),
    [
        ("next(gen)\n1 / 0", "step `b` failed in cell 2 line 2: ZeroDivisionError: division by zero", "SFKS"),
        (
            "next(gen)\nimport os, signal\nos.kill(os.getpid(), 9)",
            "step `b`: its kernel was killed by SIGKILL in cell 2",
            "SFKS",
        ),
        (
            "next(gen)\nimport time\ntime.sleep(99)",
            "step `b` ran longer than its `timeout:` of 2s; it was in cell 2",
            "SFKS",
        ),
        ("next(gen)\nglobals()['x' * 1] = 5\neval('x' + '')", None, "SSSS"),
    ],
    ids=["error", "killed", "timeout", "fine"],
)
def test_a_step_that_fails_takes_along_what_follows_in_its_process(
    tmp_path: Path, b: str, message: str | None, states: str
) -> None:
    cells = {"a": GEN, "b": b, "c": "print(next(gen))", "d": "print(x)"}
    found, _ = run(tmp_path, cells, {"b": ["timeout:2s"], "d": ["after:a"]}, jobs=2)
    words = {"SUCCEEDED": "S", "FAILED": "F", "SKIPPED": "K"}
    assert "".join(words[step.state] for step in found.steps) == states, found
    if message is not None:
        assert found.steps[1].error is not None
        assert found.steps[1].error.message == message
        assert found.steps[2].because == "it runs in the process of step `b`, which failed"
