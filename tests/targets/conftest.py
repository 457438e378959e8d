"""Pipelines and Bundles by hand, and runs of them that are followed to their end."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from nb2pipe.model import (
    At,
    Bundle,
    BundleFile,
    Kernel,
    Need,
    Order,
    OrderKind,
    Pipeline,
    Role,
    Run,
    RunEvent,
    Step,
    StepOptions,
)
from nb2pipe.runs import store
from nb2pipe.runs.events import reduce_all
from nb2pipe.targets import local
from nb2pipe.targets.local import LocalRun

HERE = Path(__file__).parent
WriteSteps = Callable[[Mapping[str, str]], Path]
STUB = "stub_runner:run"


def need(variable: str, *providers: str, soft: bool = False) -> Need:
    """A need whose places don't matter."""
    return Need(variable, providers, At(0), At(0), soft=soft)


def step(
    name: str,
    *needs: Need,
    after: Sequence[str] = (),
    options: StepOptions | None = None,
    **fields: Any,
) -> Step:
    """A step with one cell."""
    orders = tuple(Order(item, OrderKind.AFTER, "declared") for item in after)
    return Step(name, name, Role.STEP, (0,), tuple(needs), orders, options=options or StepOptions(), **fields)


def bundle(
    steps: Mapping[Step, str | Sequence[str]], kernel: str = "", cells: Callable[..., Any] | None = None
) -> Bundle:
    """A Bundle of steps and their cells' sources."""
    pipeline = Pipeline("note.ipynb", "digest", Kernel(name=kernel), tuple(steps))
    files = []
    for item, sources in steps.items():
        listed = [sources] if isinstance(sources, str) else sources
        made = (cells or plain_cells)(listed)
        content = {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        files.append(BundleFile(f"steps/{item.id}.ipynb", json.dumps(content).encode()))
    return Bundle(pipeline, (BundleFile("pipeline.json", b"{}\n"), *files))


def plain_cells(sources: Sequence[str]) -> list[dict[str, Any]]:
    """Code cells, the notebook's from 0 on."""
    return [
        {
            "id": f"c{number}",
            "cell_type": "code",
            "source": source,
            "metadata": {"nb2pipe": {"role": "cell", "cell": number}},
            "execution_count": None,
            "outputs": [],
        }
        for number, source in enumerate(sources)
    ]


class Field:
    """A notebook's folder in which runs are made and followed; and what makes pipelines for them."""

    need = staticmethod(need)
    step = staticmethod(step)
    bundle = staticmethod(bundle)

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        self.root = root
        self.handles: list[LocalRun] = []

    def start(self, made: Bundle, **options: Any) -> LocalRun:
        """Start a run with the stub runner, if no other is named."""
        options = {"folder": self.folder, "runner": STUB, "jobs": 2, **options}
        handle = local.start(made, store.create(self.root).path, **options)
        self.handles.append(handle)
        return handle

    def run(self, made: Bundle, **options: Any) -> tuple[Run, list[RunEvent]]:
        """Make a run; its end and its events. The store must tell the same."""
        handle = self.start(made, **options)
        return self.finish(handle)

    def finish(self, handle: LocalRun) -> tuple[Run, list[RunEvent]]:
        """Follow a run to its end."""
        events = list(handle.events())
        run = reduce_all(events)
        assert run is not None
        assert run.state.done
        assert all(item.state.done for item in run.steps)
        return run, events

    def wait_for(self, name: str, limit_s: float = 20.0) -> str:
        """The content of a file of the folder, once it is there."""
        deadline = time.monotonic() + limit_s
        path = self.folder / name
        while not path.exists():
            assert time.monotonic() < deadline, f"{name} never came"
            time.sleep(0.005)
        return path.read_text(encoding="utf-8")

    @staticmethod
    def states(run: Run) -> dict[str, str]:
        """step -> state, and the run's under an empty name."""
        return {"": run.state.value, **{item.id: item.state.value for item in run.steps}}

    @staticmethod
    def gone(pid: int, limit_s: float = 5.0) -> bool:
        """True once the process is gone."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            status = Path(f"/proc/{pid}/stat")
            try:
                if status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] in "ZX":
                    return True
            except OSError:
                return True
            time.sleep(0.02)
        return False


@pytest.fixture
def field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Field]:
    """A folder, a place for runs, and the stub runner within the supervisor's reach."""
    monkeypatch.setenv("PYTHONPATH", str(HERE), prepend=os.pathsep)
    folder = tmp_path / "folder"
    folder.mkdir()
    made = Field(folder, folder / ".nb2pipe")
    yield made
    for handle in made.handles:
        handle.close()


@pytest.fixture(scope="session")
def make() -> type[Field]:
    """What makes pipelines, for tests that run none."""
    return Field


@pytest.fixture
def write_steps(tmp_path: Path) -> WriteSteps:
    """Write `note.ipynb`, a step of one cell for each name and source, and return its path."""

    def write(cells: Mapping[str, str]) -> Path:
        made: list[dict[str, Any]] = [
            {"cell_type": "code", "id": name, "source": source, "outputs": [], "execution_count": None}
            | {"metadata": {"tags": [f"step:{name}"]}}
            for name, source in cells.items()
        ]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": made}
        path = tmp_path / "note.ipynb"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write
