"""What the scheduler costs per step, its events on the disk, to dask.distributed; and the supervisor as a whole."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measuring import Row, seconds
from nb2pipe.files import make_private_dir
from nb2pipe.journal import Journal
from nb2pipe.model import (
    At,
    Bundle,
    BundleFile,
    Kernel,
    Need,
    Pipeline,
    Role,
    RunFinished,
    RunStarted,
    RunState,
    Step,
    StepFinished,
    StepStarted,
)
from nb2pipe.runs import store
from nb2pipe.runs.events import Reduction
from nb2pipe.targets.local.ingredients import planned
from nb2pipe.targets.local.request import Job, Outcome, Request, Tell
from nb2pipe.targets.local.schedule import Schedule
from nb2pipe.targets.local.supervisor import Supervisor
from nb2pipe.targets.local.watch import Watch


def _before(number: int) -> list[int]:
    """Chains of four steps that begin at the first step."""
    return [] if number == 0 else [number - 1 if number % 4 else 0]


def pipeline(count: int) -> Pipeline:
    """So many steps, each with a variable."""
    steps = []
    for number in range(count):
        needs = tuple(Need(f"x{source}", (f"s{source}",), At(0), At(0)) for source in _before(number))
        steps.append(Step(f"s{number}", f"s{number}", Role.STEP, (number,), needs, outputs=(f"x{number}",)))
    return Pipeline("stub.ipynb", "digest", Kernel(), tuple(steps))


def _ours(made: Pipeline, folder: Path) -> None:
    """The ready queue, the journal (an fsync for each step that ends) and the run's record. No step does anything."""
    schedule, told = Schedule(made), Reduction()
    journal = Journal(folder / "events.jsonl")

    def tell(event: RunStarted | StepStarted | StepFinished | RunFinished) -> None:
        journal.append(event)
        told.add(event)

    steps = tuple((step.id, step.name) for step in made.steps)
    tell(RunStarted(datetime.now(UTC), "run", "stub.ipynb", "digest", steps, 2, os.getpid()))
    while not schedule.done:
        while schedule.arrived() is not None:
            pass
        running = []
        while len(running) < 2 and (step := schedule.first()) is not None:
            schedule.started(step)
            tell(StepStarted(datetime.now(UTC), step))
            running.append(step)
        for step in running:
            tell(StepFinished(datetime.now(UTC), step, RunState.SUCCEEDED))
            schedule.ended(step, RunState.SUCCEEDED)
    tell(RunFinished(datetime.now(UTC), schedule.result()))
    journal.close()
    (folder / "events.jsonl").unlink()


def _synced(count: int, folder: Path) -> None:
    """What this disk takes for the least that an event needs: a line, and that it is there for sure."""
    with (folder / "lines").open("wb", buffering=0) as file:
        for _ in range(count):
            file.write(b"x" * 200 + b"\n")
            os.fsync(file.fileno())
    (folder / "lines").unlink()


def _dask(count: int) -> float | None:
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        return None

    def step(*_before: object) -> int:
        return 1

    with (
        LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):

        def go() -> None:
            futures: list[object] = []
            for number in range(count):
                futures.append(client.submit(step, *(futures[source] for source in _before(number)), pure=False))
            client.gather(futures)

        return seconds(go)


def scheduler(folder: Path, rounds: int) -> Iterator[Row]:
    """1,000 and 10,000 steps that do nothing."""
    took = {}
    for count in (1_000, 10_000):
        made = pipeline(count)
        took[count] = statistics.median(seconds(lambda: _ours(made, folder)) for _ in range(rounds))  # noqa: B023
        peer = _dask(count)
        if peer is None:
            print("dask.distributed is not there: no ratio to it")
            continue
        synced = seconds(lambda: _synced(count, folder))  # noqa: B023
        each = [f"{item / count * 1e6:.0f} µs" for item in (took[count], synced)]
        note = f"ours: {each[0]} a step; a line and its `fsync` alone: {each[1]}"
        yield Row(
            f"scheduler per step, {count:,}", took[count] / peer, 0.1, "dask.distributed", peer / count, note=note
        )
    growth = took[10_000] / took[1_000]
    yield Row("10,000 steps to 1,000: time", growth, 12, "1,000 steps", took[1_000])


def run_stub(job: Job, tell: Tell) -> Outcome:
    """A runner without a kernel: the step stores a number."""
    del tell
    content = job.step.id.encode()
    name = f"sha256-{hashlib.sha256(content).hexdigest()}"
    path = job.run.root.object(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    value = {"object": name, "type": "int", "size_bytes": len(content)}
    job.files.outputs.write_text(json.dumps({"schema": 1, "values": {job.step.outputs[0]: value}}), encoding="utf-8")
    return Outcome("completed")


def _supervised(count: int, folder: Path) -> float:
    """Seconds of a supervisor per step: plan, fork of a worker that does nothing, verdict, record."""
    place = Path(tempfile.mkdtemp(dir=folder))
    run = store.create(place / ".nb2pipe")
    made, files = pipeline(count), []
    cell = {"id": "c", "cell_type": "code", "source": "", "metadata": {"nb2pipe": {"role": "cell", "cell": 0}}}
    content = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
    for step in made.steps:
        make_private_dir(run.step(step.id).path)
        files.append(BundleFile(f"steps/{step.id}.ipynb", content))
    request = Request(
        run=run.id,
        notebook="stub.ipynb",
        folder=str(place),
        pipeline=made,
        jobs=2,
        attached=False,
        runner="benchmarks.scheduling:run_stub",
        cache=True,
        planned=planned(Bundle(made, tuple(files)), {}, (), ""),
    )
    sockets = make_private_dir(place / "sockets")
    took = seconds(lambda: Supervisor(run, request, Watch(None), None, sockets).run())
    shutil.rmtree(place)
    return took / count


def supervisor(folder: Path, rounds: int) -> Iterator[Row]:
    """All that a step costs besides its kernel: what the scheduler's row leaves out."""
    del rounds
    few = _supervised(100, folder)
    for count in (400, 1_000):
        yield Row(
            f"supervisor with stub workers, per step of {count:,}",
            _supervised(count, folder) / few,
            None,
            "per step of 100",
            few,
        )
