"""What a supervisor is asked to do, as data: written by the front end, read by the supervisor and its workers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from datetime import datetime
from pathlib import Path

from nb2pipe import wire
from nb2pipe.files import write_atomic
from nb2pipe.layout import RunDir, StepDir
from nb2pipe.model import Json, Pipeline, RunStarted, Step
from nb2pipe.records import dataclass
from nb2pipe.targets.local.stored import Given

RUNNER = "nb2pipe.targets.local.papermill_runner:run"


@dataclass(frozen=True)
class Request:
    """A run to make. It holds names of environment variables, never the value of a secret.

    `notebook` is what people are shown. `lock` is empty for a run that works in a copy. `attached`: the run is
    cancelled when the front end's end of the pipe on standard input closes. `digest` is what large objects are named
    by: an algorithm that the kernels have, so that each can load what another stored. `runner` names the function that
    runs a step, `module:function`, see `Runner`: the tests' own runners need no kernel. `sockets`: see `sockets_dir`.

    `kernel_asked`: it was named for this run, and is not the notebook's own.
    `cache`: results of earlier runs are taken where they are fresh, and this run's are kept; `planned` are the steps'
    ingredients for that. `force`: steps to run in any case, unless one of the runs `before` did, which this one goes
    on for. `only`: the steps to look at; None for all. `safe`: how it was planned, for `resume`.
    """

    run: str
    notebook: str
    folder: str
    pipeline: Pipeline
    jobs: int = 1
    parameters: Mapping[str, Json] = field(default_factory=dict)
    kernel: str = ""
    kernel_asked: bool = False
    kernel_argv: tuple[str, ...] = ()
    kernel_env: Mapping[str, str] = field(default_factory=dict)
    digest: str = "sha256"
    lock: str = ""
    sockets: str = ""
    attached: bool = True
    notes: tuple[str, ...] = ()
    version: str = ""
    runner: str = RUNNER
    cache: bool = False
    planned: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    force: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    before: tuple[str, ...] = ()
    safe: bool = False

    @property
    def secret_variables(self) -> tuple[str, ...]:
        """The environment variables that hold secrets, sorted."""
        steps = self.pipeline.steps
        return tuple(sorted({secret.env for step in steps for secret in step.options.secrets}))

    def started(self, now: datetime, pid: int) -> RunStarted:
        """The run's first event."""
        return RunStarted(
            now,
            self.run,
            self.notebook,
            self.pipeline.digest,
            tuple((step.id, step.name) for step in self.pipeline.steps),
            self.jobs,
            pid,
            self.parameters,
            self.kernel,
            self.version,
        )

    def write(self, run: RunDir) -> None:
        """Write it into the run's directory. Raises OSError."""
        content = wire.dumps(wire.encode(self), as_is=("parameters", "default"))
        write_atomic(run.request, content.encode("utf-8", "surrogatepass"))

    @classmethod
    def read(cls, run: RunDir) -> Request:
        """Read it from the run's directory. Raises OSError, ValueError."""
        return wire.read(cls, json.loads(run.request.read_bytes()))


def sockets_dir(request: Request) -> Path:
    """Where the run's kernels have their sockets: a short path, as a socket's may have 107 bytes at most.

    It is made with mode 0700 and must not exist before; its name is not to be guessed.
    """
    return sockets_of(request.sockets or request.run)


def sockets_of(name: str) -> Path:
    """The same for a request whose `sockets` has this name. Raises ValueError for what is no plain name."""
    if not name or not name.replace("-", "").isalnum():
        raise ValueError(f"{name[:80]!r} is no name of a directory of sockets")
    return Path(tempfile.gettempdir()) / f"nb2pipe-{name}"


@dataclass(frozen=True)
class Job:
    """A step to run now: what a runner gets. `sockets` is a private directory with a short path, or None."""

    request: Request
    run: RunDir
    step: Step
    attempt: int = 1
    sockets: Path | None = None

    @property
    def members(self) -> tuple[Step, ...]:
        """The step, and those that follow it in its process."""
        steps = self.request.pipeline.process_of(self.step.id)
        return steps[steps.index(self.step) :]

    @property
    def files(self) -> StepDir:
        """Where the step's files lie."""
        return self.run.step(self.step.id)


def places_of(run: RunDir, steps: Iterable[Step]) -> list[Json]:
    """Where steps leave their records, and which names they have to do with: the same for all steps of a run."""
    return [
        {
            "id": item.id,
            "path": str(run.step(item.id).path),
            "names": sorted({*item.outputs, *item.deletes}),
            "cells": list(item.cells),
        }
        for item in steps
    ]


def spec_of(
    request: Request, run: RunDir, step: Step, given: Mapping[str, Given], places: list[Json] | None = None
) -> Mapping[str, Json]:
    """What the runtime reads (`step.json`): the plan, its values, and where all earlier steps leave their records.

    `process` names the files of all steps that run in its process. `places`: `places_of` all steps, if it is there.
    """
    pipeline = request.pipeline
    before = pipeline.before(step.id)
    return {
        "schema": 1,
        "step": step.id,
        "store": str(run.root.objects),
        "digest": request.digest,
        "out": str(run.step(step.id).path),
        "folder": request.folder,
        "notebook": request.notebook,
        "values": {name: wire.encode(item.value) for name, item in given.items()},
        "providers": {name: item.provider for name, item in given.items()},
        "order": list(given),
        "parameters": dict(request.parameters),
        "parameter_places": {item.name: [item.at.cell, item.at.line] for item in pipeline.parameters},
        "plan": wire.encode(step),
        "definitions": wire.encode(pipeline.definitions),
        "builtins": None if pipeline.builtins is None else list(pipeline.builtins),
        "tracebacks": pipeline.tracebacks,
        "earlier": places_of(run, before) if places is None else places[: len(before)],
        "process": {item.id: str(run.step(item.id).request) for item in pipeline.process_of(step.id)},
        "may_wait": True,
    }


@dataclass(frozen=True)
class Outcome:
    """How a step's notebook ended, as facts; `verdict` judges them.

    `kind`: completed (every cell ran), error (a cell raised), dead (the kernel's process ended), start (no kernel
    came up), store (the executed notebook can't be saved), internal (nb2pipe's own fault). `cell` is the notebook's
    cell (index from 0), `role` that of the step notebook's cell: begin, replay, load, cell, end. `exit_code` is the
    kernel's, negative for a signal; `peak_bytes` the most memory that the largest process of the step had, of
    `memory_bytes` in all; `starved`: the system killed a process for want of memory meanwhile. `cpu_s` is the
    processor time of all processes of the step.
    """

    kind: str
    cell: int | None = None
    role: str = ""
    ename: str = ""
    evalue: str = ""
    traceback: str = ""
    exit_code: int | None = None
    peak_bytes: int = 0
    memory_bytes: int = 0
    starved: bool = False
    cpu_s: float = 0.0


@dataclass(frozen=True)
class Report:
    """Something that a worker tells while the step runs: one of these is given.

    `cell` with neither text nor kernel: that cell begins (None: it is one of nb2pipe's own). `text`: it was printed
    to `stream`. `kernel`: the pid of the kernel's process, which leads a process group. `done`: the step whose cells
    have all run, while those of the next one in the process follow; `cpu_s` and `peak_bytes` are what it took.
    """

    cell: int | None = None
    text: str = ""
    stream: str = "stdout"
    kernel: int | None = None
    warning: str = ""
    done: str = ""
    cpu_s: float = 0.0
    peak_bytes: int = 0


Tell = Callable[[Report], None]
Runner = Callable[[Job, Tell], Outcome]
