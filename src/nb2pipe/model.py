"""The product's vocabulary: frozen data with derived properties. Nothing is read or written here.

    Notebook ─▶ Cell, CellTags ─▶ Section ─▶ Names (one per cell) ─▶ Pipeline (Step, Need, Order, Edge)
                                                                        │
                                                    Run ◀─ StepRun ◀─ RunEvent

A cell is a code cell. Its `index` counts code cells from 0; `number` is what people are told, from 1. Lines count
from 1 within a cell.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

from nb2pipe.records import dataclass

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None


# --- places and problems ------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class At:
    """A place in the notebook: `cell` is an index from 0, `line` counts from 1."""

    cell: int
    line: int = 1

    def __hash__(self) -> int:  # the one of all dataclasses takes twice as long, and places are looked up all the time
        return hash((self.cell, self.line))

    def __str__(self) -> str:
        return f"cell {self.cell + 1} line {self.line}"


class Severity(StrEnum):
    """How much a diagnostic weighs: an error stops `run`, `build` and `compile`; a warning and a note do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Location:
    """Where a diagnostic points. `cell` is an index from 0 and is printed from 1."""

    notebook: str | None = None
    cell: int | None = None
    line: int | None = None
    step: str | None = None
    variable: str | None = None

    def __str__(self) -> str:
        parts = [self.notebook] if self.notebook else []
        if self.cell is not None:
            parts.append(f"cell {self.cell + 1}")
        if self.line is not None:
            parts.append(f"line {self.line}")
        return " ".join(parts)


@dataclass(frozen=True)
class Diagnostic:
    """A problem: what (`message`), where (`location`), how to fix it (`hint`).

    `code` is `N2Pxyz`; x: 1 reading and tags, 2 names, 3 order and resources, 4 values, 5 targets, 6 runs, 7 clusters,
    8 the server extension.
    """

    code: str
    severity: Severity
    message: str
    location: Location = field(default_factory=Location)
    hint: str | None = None


@dataclass(frozen=True)
class Fix:
    """An edit of one cell that would mend a problem. `tags`: what its tags become; or the text of `line` becomes `new`.

    `old` is that line's whole text now: where it is another by then, the fix is out of date.
    """

    title: str
    cell: int
    tags: tuple[str, ...] | None = None
    line: int | None = None
    old: str = ""
    new: str = ""


# --- the notebook -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """A code cell. `position` is its index among all cells of the file, markdown and raw ones included.

    `told` is its `metadata.nb2pipe` as it stands there: what the author tells of the cell.
    """

    index: int
    source: str
    tags: tuple[str, ...] = ()
    position: int = 0
    id: str | None = None
    execution_count: int | None = None
    has_error_output: bool = False
    told: Json = field(default=None, hash=False)

    @property
    def number(self) -> int:
        """The cell's number for people: code cells counted from 1."""
        return self.index + 1

    @property
    def may_raise(self) -> bool:
        """True for a cell tagged `raises-exception`: the step goes on after an error, as in nbclient."""
        return "raises-exception" in self.tags


@dataclass(frozen=True)
class Kernel:
    """The notebook's kernelspec and language, as its metadata say; empty strings where they say nothing."""

    name: str = ""
    display_name: str = ""
    language: str = ""


@dataclass(frozen=True)
class Notebook:
    """A notebook in memory.

    `path` is what people are shown; None for content without a file. `raw` is the whole notebook as nbformat 4 data,
    never changed. `options` is its `metadata.nb2pipe`.
    """

    path: str | None
    cells: tuple[Cell, ...]
    kernel: Kernel = field(default_factory=Kernel)
    options: Mapping[str, Json] = field(default_factory=dict)
    raw: Mapping[str, Json] = field(default_factory=dict, repr=False, compare=False)

    @property
    def digest(self) -> str:
        """SHA-256 over sources, tags, what is told of cells, kernel and options.

        Not over outputs, so that a re-run changes nothing.
        """
        content: dict[str, Json] = {
            "cells": [[cell.source, list(cell.tags)] for cell in self.cells],
            "kernel": self.kernel.name,
            "options": _plain(self.options),
        }
        told = {str(cell.index): _plain(cell.told) for cell in self.cells if cell.told is not None}
        if told:
            content["told"] = told
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _plain(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


# --- tags and sections --------------------------------------------------------------------------------------------


class Role(StrEnum):
    """What a section is for. Every section but SKIP may become a step, see `Section`."""

    STEP = "step"
    IMPORTS = "imports"
    FUNCTIONS = "functions"
    PARAMETERS = "parameters"
    METRICS = "metrics"
    SKIP = "skip"


@dataclass(frozen=True)
class Gpu:
    """A number of devices of one Kubernetes resource name."""

    resource: str = "nvidia.com/gpu"
    count: int = 1


@dataclass(frozen=True)
class Secret:
    """`secret:NAME/KEY=ENV`: the value travels in the environment variable ENV and is never written down."""

    name: str
    key: str
    env: str


@dataclass(frozen=True)
class Toleration:
    """A taint of nodes that the step puts up with. `value` and `effect` None: any."""

    key: str
    value: str | None = None
    effect: str | None = None


@dataclass(frozen=True)
class Volume:
    """A persistent volume claim of the cluster, and the absolute path at which the step finds it."""

    claim: str
    path: str


@dataclass(frozen=True)
class StepOptions:
    """Options of a step. None or empty: not given. `timeout_s` is for the whole step."""

    cpu: str | None = None
    memory: str | None = None
    gpu: Gpu | None = None
    retries: int | None = None
    timeout_s: float | None = None
    cache: bool | None = None
    image: str | None = None
    env: tuple[tuple[str, str], ...] = ()
    secrets: tuple[Secret, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    node_selector: tuple[tuple[str, str], ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    volumes: tuple[Volume, ...] = ()
    pull_secrets: tuple[str, ...] = ()
    pull_policy: str | None = None


@dataclass(frozen=True)
class After:
    """A declared `after:NAME` (or Kale's `prev:NAME`), with the cell that declares it."""

    name: str
    cell: int


@dataclass(frozen=True)
class Section:
    """Cells that belong together, in notebook order, under one name.

    `id` is the ASCII slug that files and targets use. `implicit` marks a section that no `step:` tag names: cells
    before the first tag, and those of the other roles. IMPORTS, FUNCTIONS and PARAMETERS sections, and an implicit
    STEP section, are a step of their own only if they hold something that can't be replayed.
    """

    name: str
    id: str
    role: Role
    cells: tuple[int, ...]
    after: tuple[After, ...] = ()
    options: StepOptions = field(default_factory=StepOptions)
    metrics_cells: tuple[int, ...] = ()
    implicit: bool = False


# --- names: what a cell does ---------------------------------------------------------------------------------------


class DefinitionKind(StrEnum):
    """Why a statement may be replayed as source in later steps."""

    IMPORT = "import"
    FUNCTION = "function"
    CLASS = "class"
    CONSTANT = "constant"
    SETUP = "setup"  # an effect that no value holds (display set-up, options), or any statement of an imports cell


@dataclass(frozen=True)
class Definition:
    """A top-level statement that later steps replay as source instead of loading its value.

    `id` is 12 hex digits of the SHA-256 of its kind, what it means (`nb2pipe.meaning`: neither its place nor how it is
    formatted) and how many equal ones stand above it. `source` is the statement's own lines as they
    stand in the cell; `needs` are the definitions (ids) that must be replayed before it. A SETUP has no names and is
    replayed in every later step.
    """

    id: str
    kind: DefinitionKind
    names: tuple[str, ...]
    at: At
    end_line: int
    source: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resource:
    """State that is not a variable. `kind`: file, cwd, env, rng, options, counter, environment..."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" if self.name else self.kind


@dataclass(frozen=True)
class Names:
    """What a run of statements does to names. Composes in order (`analysis.names.compose`).

    `needs`: read before surely bound here; the place of the first read. `soft`: read perhaps (on a path that may not
    run, or named in a string that may be code): an edge and a load where a provider exists, never an error.
    `binds`: may be bound at the end; the place of the last binding. `must`: surely bound at the end. `deletes`: may
    be deleted at the end. `updates`: may be changed in place. All are closed over aliases and over the functions
    called, and none holds builtins that the notebook never rebinds. `settled`: bound or deleted on every path, so that
    what was there before can't be seen afterwards; `must` is what is in `settled` and `binds`, and not in `deletes`.
    `barrier`: why this can't be known, if so.
    """

    needs: Mapping[str, At] = field(default_factory=dict)
    soft: Mapping[str, At] = field(default_factory=dict)
    binds: Mapping[str, At] = field(default_factory=dict)
    must: frozenset[str] = frozenset()
    settled: frozenset[str] = frozenset()
    deletes: Mapping[str, At] = field(default_factory=dict)
    updates: Mapping[str, At] = field(default_factory=dict)
    reads: Mapping[Resource, At] = field(default_factory=dict)
    writes: Mapping[Resource, At] = field(default_factory=dict)
    barrier: tuple[At, str] | None = None


# --- parameters, metrics -------------------------------------------------------------------------------------------


class ParameterType(StrEnum):
    """JSON's types, under the names that people know from Python."""

    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    STR = "str"
    LIST = "list"
    DICT = "dict"
    NONE = "any"


@dataclass(frozen=True)
class Parameter:
    """A pipeline parameter. `default` is the value that the cell gives.

    `expression` is the source of a default computed from earlier parameters (`uses`), else None: giving one of those
    a value computes this one anew. `nullable` if None is allowed besides values of `type`.
    """

    name: str
    type: ParameterType
    default: Json
    at: At
    expression: str | None = None
    uses: tuple[str, ...] = ()
    nullable: bool = False


class MetricKind(StrEnum):
    """What a metric is. The names of those that are no numbers are scikit-learn's functions."""

    NUMBER = "number"
    CONFUSION_MATRIX = "confusion_matrix"
    ROC_CURVE = "roc_curve"


@dataclass(frozen=True)
class Metric:
    """What is to be recorded of a run after cell `cell`: numbers, unless `kind` says otherwise.

    `variable` is read from the step (a number, or a dict of numbers); None means that the cell's printed lines
    (`label: 0.93`) are read. `parts`: other variables that belong to it. Those of a confusion matrix hold its labels,
    or what it was made of; those of a ROC curve, whose `variable` holds the false positive rates, hold the true
    positive rates and the thresholds.
    """

    name: str
    cell: int
    variable: str | None = None
    kind: MetricKind = MetricKind.NUMBER
    parts: tuple[str, ...] = ()


# --- the pipeline --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Need:
    """A variable that a step loads, and the steps that may hold it, latest in notebook order first.

    More than one provider: the later ones only may bind it. `read` is the first use here, `written` the provider's
    last change. `soft`: may be absent. `updated`: this step may change it.
    """

    variable: str
    providers: tuple[str, ...]
    read: At
    written: At
    soft: bool = False
    updated: bool = False


class OrderKind(StrEnum):
    """Why a step waits for another although no variable crosses."""

    AFTER = "after"
    RESOURCE = "resource"
    BARRIER = "barrier"


@dataclass(frozen=True)
class Order:
    """Order without a variable: `step` first. `reason` is a sentence without a full stop.

    `resource` is what both touch, for RESOURCE: kind rng means that this step goes on with the state of `step`.
    """

    step: str
    kind: OrderKind
    reason: str
    resource: Resource | None = None


@dataclass(frozen=True)
class Unmovable:
    """A variable that can't leave step `provider`, where `at` makes it, and that step `reader` needs.

    `what` it is, for people: "a database connection". `fix`: how it need not be so, where that isn't the usual.
    """

    variable: str
    what: str
    at: At
    provider: str
    reader: str
    fix: str = ""


@dataclass(frozen=True)
class Step:
    """One step. Steps are listed in notebook order; `id` is unique among them. `cells` are those that hold code.

    `reads`: files that it reads, as far as comments and calls of loaders tell: paths, folders and patterns, as from the
    notebook's folder. What Python itself opens and lists is seen anyway.
    `process`: the id of the first of the steps that share a process with this one; None if it has its own.
    """

    name: str
    id: str
    role: Role
    cells: tuple[int, ...]
    needs: tuple[Need, ...] = ()
    orders: tuple[Order, ...] = ()
    outputs: tuple[str, ...] = ()
    deletes: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = ()
    writes: tuple[Resource, ...] = ()
    reads: tuple[str, ...] = ()
    options: StepOptions = field(default_factory=StepOptions)
    process: str | None = None


class EdgeKind(StrEnum):
    """VARIABLE: a value crosses; ORDER: only the order matters."""

    VARIABLE = "variable"
    ORDER = "order"


@dataclass(frozen=True)
class Edge:
    """`target` runs after `source`; `variables` cross; `reasons` are sentences for people."""

    source: str
    target: str
    kind: EdgeKind
    variables: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Pipeline:
    """Steps in notebook order, and what they share. Edges are derived from what the steps need.

    `builtins` are those that the notebook's code names and never gives another meaning; None if it may replace them.
    `tracebacks`: its code may look at those of exceptions, which can't leave their process.
    """

    notebook: str | None
    digest: str
    kernel: Kernel
    steps: tuple[Step, ...]
    parameters: tuple[Parameter, ...] = ()
    definitions: tuple[Definition, ...] = ()
    builtins: tuple[str, ...] | None = ()
    tracebacks: bool = False

    def process_of(self, step_id: str) -> tuple[Step, ...]:
        """The steps that share a process with this one, itself among them, in notebook order."""
        own = self.step(step_id)
        return self._processes[own.process] if own.process else (own,)

    def step(self, step_id: str) -> Step:
        """The step with this id. Raises KeyError."""
        return self.steps[self._places[step_id]]

    def before(self, step_id: str) -> tuple[Step, ...]:
        """The steps above this one in the notebook. Raises KeyError."""
        return self.steps[: self._places[step_id]]

    def since(self, step_id: str) -> tuple[Step, ...]:
        """This step, and those below it in the notebook. Raises KeyError."""
        return self.steps[self._places[step_id] :]

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {step.id: place for place, step in enumerate(self.steps)}

    @cached_property
    def _processes(self) -> Mapping[str, tuple[Step, ...]]:
        found: dict[str, list[Step]] = {}
        for step in self.steps:
            if step.process:
                found.setdefault(step.process, []).append(step)
        return {process: tuple(steps) for process, steps in found.items()}

    @property
    def edges(self) -> tuple[Edge, ...]:
        """All edges, ordered by target, then source, in notebook order."""
        order = {step.id: position for position, step in enumerate(self.steps)}
        found: list[Edge] = []
        for step in self.steps:
            variables: dict[str, list[str]] = {}
            reasons: dict[str, list[str]] = {}
            for need in step.needs:
                for position, provider in enumerate(need.providers):
                    variables.setdefault(provider, []).append(need.variable)
                    where = f"written in cell {need.written.cell + 1}" if position == 0 else "written earlier"
                    read = f"read in cell {need.read.cell + 1}"
                    reasons.setdefault(provider, []).append(f"`{need.variable}`: {where}, {read}")
            for item in step.orders:
                reasons.setdefault(item.step, []).append(item.reason)
            for source in sorted(reasons, key=order.__getitem__):
                names = tuple(sorted(variables.get(source, ())))
                kind = EdgeKind.VARIABLE if names else EdgeKind.ORDER
                found.append(Edge(source, step.id, kind, names, tuple(reasons[source])))
        return tuple(found)


@dataclass(frozen=True)
class BundleFile:
    """A file of a Bundle: its path below the Bundle's folder, with `/`, and its bytes."""

    path: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Bundle:
    """`pipeline.json` and one runnable notebook per step, as bytes."""

    pipeline: Pipeline
    files: tuple[BundleFile, ...]


# --- runs ----------------------------------------------------------------------------------------------------------


class RunState(StrEnum):
    """KFP's words, for runs and step runs alike."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"

    @property
    def done(self) -> bool:
        """True if nothing more will happen."""
        return self not in (RunState.PENDING, RunState.RUNNING, RunState.CANCELING)


@dataclass(frozen=True)
class StepError:
    """Why a step failed: one line (`message`), where, and the user's own traceback, which may hold ANSI colours.

    `cause`: error (a cell raised), exit, killed, timeout, start (the kernel did not), value (one can't leave), store,
    damaged (a stored value is not what it was).
    """

    cause: str
    message: str
    cell: int | None = None
    line: int | None = None
    traceback: str = ""
    hint: str | None = None


@dataclass(frozen=True)
class Value:
    """What a step stored under a variable's name. `object` is the store's id of the unit it is part of."""

    object: str
    type: str
    size_bytes: int


@dataclass(frozen=True)
class RunStarted:
    """The first event. `parameters` never hold secret values; `pid` is the supervisor's.

    `target`: where the run is, for people (`kfp https://...`); "" is this machine.
    """

    at: datetime
    run: str
    notebook: str
    digest: str
    steps: tuple[tuple[str, str], ...]  # (id, name), in notebook order
    jobs: int
    pid: int
    parameters: Mapping[str, Json] = field(default_factory=dict)
    kernel: str = ""
    version: str = ""
    target: str = ""


@dataclass(frozen=True)
class Submitted:
    """A cluster has taken the run: its id there, and the page that shows it."""

    at: datetime
    remote: str
    link: str


@dataclass(frozen=True)
class StepStarted:
    """A step's kernel is being started."""

    at: datetime
    step: str
    attempt: int = 1
    because: tuple[str, ...] = ()  # why no earlier run's results will do


@dataclass(frozen=True)
class CellStarted:
    """A cell of the notebook (index from 0) is now running."""

    at: datetime
    step: str
    cell: int


@dataclass(frozen=True)
class Printed:
    """Text that a cell printed: `stream` is stdout or stderr."""

    at: datetime
    step: str
    cell: int | None
    stream: str
    text: str


@dataclass(frozen=True)
class StepFinished:
    """A step ended. SUCCEEDED is only ever said after its commit record is on disk."""

    at: datetime
    step: str
    state: RunState
    wall_s: float = 0.0
    error: StepError | None = None
    because: str | None = None  # SKIPPED or CANCELED: the reason, for people
    values: Mapping[str, Value] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    reused: str = ""  # the run whose results these are, if not this one's
    cpu_s: float = 0.0
    peak_bytes: int = 0  # of the largest of its processes; 0 for cpu_s or peak_bytes: not known


@dataclass(frozen=True)
class Warned:
    """Something that people should know and that stops nothing."""

    at: datetime
    message: str
    step: str | None = None


@dataclass(frozen=True)
class CancelRequested:
    """Somebody asked the run to stop: `by` is a signal's name or a sentence."""

    at: datetime
    by: str


@dataclass(frozen=True)
class RunFinished:
    """The last event."""

    at: datetime
    state: RunState


RunEvent: TypeAlias = (
    RunStarted | Submitted | StepStarted | CellStarted | Printed | StepFinished | Warned | CancelRequested | RunFinished
)


@dataclass(frozen=True)
class StepRun:
    """A step within a run, as its events tell."""

    id: str
    name: str
    state: RunState = RunState.PENDING
    started_at: datetime | None = None
    finished_at: datetime | None = None
    cell: int | None = None
    attempt: int = 0
    error: StepError | None = None
    because: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    reused: str = ""
    cpu_s: float = 0.0
    peak_bytes: int = 0


@dataclass(frozen=True)
class Run:
    """A run, as its events tell (`runs.events.reduce`).

    `target` as in RunStarted, `remote` and `link` as in Submitted.
    """

    id: str
    notebook: str
    digest: str
    state: RunState
    started_at: datetime
    steps: tuple[StepRun, ...]
    finished_at: datetime | None = None
    jobs: int = 1
    pid: int | None = None
    parameters: Mapping[str, Json] = field(default_factory=dict)
    kernel: str = ""
    version: str = ""
    warnings: tuple[str, ...] = ()
    target: str = ""
    remote: str = ""
    link: str = ""

    @property
    def metrics(self) -> Mapping[str, float]:
        """The metrics of all steps; a later step's wins."""
        return {name: value for step in self.steps for name, value in step.metrics.items()}
