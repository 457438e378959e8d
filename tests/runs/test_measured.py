"""Types and sizes that runs recorded, for steps whose cells are still the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nb2pipe.journal import Journal
from nb2pipe.layout import RunDir
from nb2pipe.model import RunFinished, RunStarted, RunState, StepFinished, Value
from nb2pipe.runs import store
from nb2pipe.runs.measured import last_values

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def record(root: Path, number: int, steps: Mapping[str, tuple[str, RunState, int]]) -> RunDir:
    """A run whose steps ran one cell each: step -> source, state, size of its value `x`."""
    run = store.create(root, now=NOW + timedelta(minutes=number))
    journal = Journal(run.events)
    journal.append(RunStarted(NOW, run.id, "n.ipynb", "d", tuple((step, step) for step in steps), 1, 1))
    for step, (source, state, size) in steps.items():
        journal.append(StepFinished(NOW, step, state, values={"x": Value("o", "int", size)}))
        cells = [{"source": source, "metadata": {"nb2pipe": {"role": "cell"}}}]
        run.step(step).path.mkdir(parents=True)
        run.step(step).notebook.write_text(json.dumps({"cells": cells}))
    journal.append(RunFinished(NOW, RunState.SUCCEEDED))
    journal.close()
    return run


def test_the_last_run_of_the_same_cells_is_taken(tmp_path: Path) -> None:
    root = tmp_path / ".nb2pipe"
    done, failed = RunState.SUCCEEDED, RunState.FAILED
    first = record(root, 0, {"a": ("x = 1", done, 1), "b": ("x = 2", done, 2)})
    second = record(root, 1, {"a": ("x = 1", done, 3), "b": ("x = 22", done, 4)})
    record(root, 2, {"a": ("x = 1", failed, 5)})
    found = last_values(root, {"a": ["x = 1"], "b": ["x = 2"], "c": ["x = 3"]})
    assert {step: (run, values["x"].size_bytes) for step, (run, values) in found.items()} == {
        "a": (second.id, 3),
        "b": (first.id, 2),
    }


def test_what_is_damaged_or_not_there_tells_nothing(tmp_path: Path) -> None:
    root = tmp_path / ".nb2pipe"
    assert last_values(root, {"a": ["x = 1"]}) == {}
    run = record(root, 0, {"a": ("x = 1", RunState.SUCCEEDED, 1)})
    run.step("a").notebook.write_text("[]")
    assert last_values(root, {"a": ["x = 1"]}) == {}
