"""A run and a step in; the files that it has left for people out: executed notebooks, logs."""

from __future__ import annotations

from pathlib import Path

from nb2pipe.errors import BadInput
from nb2pipe.layout import RootDir, RunDir
from nb2pipe.model import Run, StepRun
from nb2pipe.runs import store


def merged(root: Path, which: str) -> Path | None:
    """The notebook with all outputs; None as long as there is none. Raises BadInput as `store.find` does."""
    path = store.find(root, which).merged
    return path if path.is_file() else None


def executed(root: Path, which: str, step: str) -> Path | None:
    """The step's notebook with its outputs, as far as it got; of the run that made them, if they were taken from one.

    None if it never began. Raises BadInput (N2P602, N2P603, N2P610).
    """
    run = store.load(root, which)
    found = step_of(run, step)
    for directory in _directories(root, run, found):
        path = directory.step(found.id).executed
        if path.is_file():
            return path
    return None


def kernel_log(root: Path, which: str, step: str) -> Path | None:
    """What the step's kernel wrote by itself. None, and raises, as `executed`."""
    run = store.load(root, which)
    found = step_of(run, step)
    path = _directories(root, run, found)[-1].step(found.id).log
    return path if path.is_file() else None


def step_of(run: Run, step: str) -> StepRun:
    """The step of this name or id. Raises BadInput (N2P610)."""
    for item in run.steps:
        if step in (item.id, item.name):
            return item
    names = ", ".join(item.name for item in run.steps)
    raise BadInput.of("N2P610", f"run {run.id} has no step `{step}`", hint=f"its steps are {names}")


def _directories(root: Path, run: Run, step: StepRun) -> list[RunDir]:
    return [RootDir(root).run(item) for item in (run.id, step.reused) if item in store.ids(root)]
