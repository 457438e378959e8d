"""What the server extension is asked and answers, as data: one class per JSON body. Nothing is done here.

The OpenAPI document and the panel's TypeScript types are made from these classes. In answers every field is there
(`wire.encode(..., whole=True)`); in questions a field that has a default may be left out. A `path` is the notebook's,
as JupyterLab knows it: relative to the server's root, with `/`. A cell's index counts code cells from 0, a `position`
all cells. The documents made from them: `python labextension/wire.py` writes them, a test holds them in step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from nb2pipe.model import (
    Diagnostic,
    Edge,
    Fix,
    Json,
    Metric,
    Parameter,
    Printed,
    Role,
    Run,
    StepOptions,
)
from nb2pipe.records import dataclass

# --- questions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NotebookAsked:
    """A notebook as it is on the screen. `content`: nbformat 4 data, outputs may be left out. None: as it is saved.

    `client`: the window that asks, by any text that is its own. A newer question of the same window about the same
    notebook takes the place of an older one, which is refused (N2P115) if somebody still waits for it. `turn` counts a
    window's questions: they may arrive in another order.
    """

    path: str
    content: Json = None
    client: str = ""
    turn: int = 0


@dataclass(frozen=True)
class RunNamed:
    """The notebook of the run that the address names."""

    path: str


@dataclass(frozen=True)
class SuggestAsked:
    """`again`: also where the notebook has steps already."""

    path: str
    content: Json = None
    again: bool = False


@dataclass(frozen=True)
class RunAsked:
    """A run of the notebook as it is on the screen. `target`: "" is this machine, else the name of a connection.

    `parameters`: texts as typed, by name; those left out have their defaults. `only`, `since`, `force`, `safe`,
    `isolated`, `jobs`, `kernel` as in `nb2pipe.asked.Asked`. `image`: the image of the steps, on a cluster.
    """

    path: str
    content: Json = None
    target: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    since: str | None = None
    force: bool = False
    safe: bool = False
    isolated: bool = False
    jobs: int | None = None
    kernel: str | None = None
    image: str | None = None


@dataclass(frozen=True)
class StatusAsked:
    """Which steps of the notebook as it is on the screen are fresh, with these parameters (texts as typed)."""

    path: str
    content: Json = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FreshAsked:
    """Take the last results of these steps as what they would give now."""

    path: str
    steps: tuple[str, ...]
    content: Json = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CompileAsked:
    """The notebook as it is on the screen, compiled for KFP."""

    path: str
    content: Json = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    image: str | None = None


@dataclass(frozen=True)
class ResumeAsked:
    """The notebook of the run that the address names. `content`: what goes on, as it is on the screen."""

    path: str
    content: Json = None


@dataclass(frozen=True)
class VerifyAsked:
    """A verification of the notebook as it is saved."""

    path: str
    jobs: int | None = None
    seeded: bool = False


@dataclass(frozen=True)
class TargetAsked:
    """A connection to keep. No credential: `variable` or `file` says where it is read from."""

    name: str
    host: str
    namespace: str = ""
    experiment: str = ""
    auth: str = ""
    variable: str = ""
    file: str = ""
    ca_file: str = ""
    ui: str = ""
    artifacts: str = ""


# --- answers ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problems:
    """Why something was refused: the answer to what is wrong with the input or this machine (status 4xx and 503)."""

    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class TagForm:
    """One row of the tag grammar. `kind`: step, order, role, option or kale. `head` stands before the first colon.

    `allowed`: which values may follow it, in words. `also`: other ways to write it. `instead`: what to write in place
    of a tag of another tool.
    """

    head: str
    form: str
    kind: str
    meaning: str
    examples: tuple[str, ...]
    allowed: str
    role: Role | None
    origin: str
    instead: str | None
    also: tuple[str, ...]


@dataclass(frozen=True)
class Capabilities:
    """What this server can do. `kfp`: runs can be submitted; else `kfp_hint` says how to get there."""

    version: str
    kfp: bool
    kfp_hint: str
    grammar: tuple[TagForm, ...]
    name_rule: str
    local: bool
    local_hint: str


@dataclass(frozen=True)
class CellView:
    """Where a code cell belongs. `step` is an id; None for a cell of no step (replayed, skipped, or without code)."""

    index: int
    position: int
    id: str | None
    section: str
    role: Role
    step: str | None


@dataclass(frozen=True)
class VariableView:
    """A variable that enters or leaves a step. `steps`: where it comes from, or who reads it (ids).

    `type` is "" where it isn't known; `size_bytes` 0 likewise. `cell`: first read, or last written.
    """

    name: str
    steps: tuple[str, ...]
    cell: int
    type: str = ""
    size_bytes: int = 0
    soft: bool = False


@dataclass(frozen=True)
class StepView:
    """A step as the panel shows it. `cells` hold code. `shares_process`: ids of the steps in one process with it."""

    id: str
    name: str
    role: Role
    cells: tuple[int, ...]
    inputs: tuple[VariableView, ...]
    outputs: tuple[VariableView, ...]
    options: StepOptions
    metrics: tuple[Metric, ...]
    parameters: tuple[str, ...]
    shares_process: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """A diagnostic, with what would mend it at once."""

    diagnostic: Diagnostic
    fixes: tuple[Fix, ...] = ()


@dataclass(frozen=True)
class Analysis:
    """What analysis found. No steps where an error leaves no pipeline to speak of. `digest` tells two contents apart.

    `sound`: nothing stops a run.
    """

    digest: str
    sound: bool
    cells: tuple[CellView, ...]
    steps: tuple[StepView, ...]
    edges: tuple[Edge, ...]
    parameters: tuple[Parameter, ...]
    problems: tuple[Problem, ...]
    took_ms: float


@dataclass(frozen=True)
class Suggested:
    """`tags`: all tags of each cell (index, as a text) whose tags would change. `analysis`: the notebook with them."""

    tags: Mapping[str, tuple[str, ...]]
    remarks: tuple[str, ...]
    analysis: Analysis


@dataclass(frozen=True)
class Freshness:
    """A step, and why it has to run: no reasons if `run` made results that would be taken."""

    id: str
    name: str
    reasons: tuple[str, ...]
    perhaps: bool
    run: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Freshnesses:
    """All steps in notebook order."""

    steps: tuple[Freshness, ...]


@dataclass(frozen=True)
class RunView:
    """A run. `path` of its notebook; `live`: more is to come. `metrics` of all steps.

    `has_notebook`: the notebook with all outputs is there. `next`: the number to ask for events after.
    """

    run: Run
    path: str
    live: bool
    metrics: Mapping[str, float]
    has_notebook: bool
    next: int


@dataclass(frozen=True)
class Runs:
    """The runs of a notebook, newest first. `more`: there are older ones."""

    runs: tuple[RunView, ...]
    more: bool


@dataclass(frozen=True)
class News:
    """What happened in a run since event number `after`: the run as it is now, and what was printed meanwhile.

    `cut`: so much was printed that the first of it is left out.
    """

    view: RunView
    printed: tuple[Printed, ...]
    cut: bool = False


@dataclass(frozen=True)
class Opened:
    """A notebook that was written for the user. `cell`: the position of the cell to look at."""

    path: str
    cell: int


@dataclass(frozen=True)
class CompiledView:
    """A pipeline file for KFP: `name` of the file, its text, and warnings."""

    name: str
    content: str
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class TargetView:
    """A connection, without any credential."""

    name: str
    host: str
    namespace: str
    experiment: str
    auth: str
    variable: str
    file: str
    ca_file: str
    ui: str
    artifacts: str


@dataclass(frozen=True)
class Targets:
    """All connections by name, sorted."""

    targets: tuple[TargetView, ...]


class Reach(StrEnum):
    """Whether a target answers. DENIED: it does, and refuses the login."""

    OK = "ok"
    DENIED = "denied"
    AWAY = "away"


@dataclass(frozen=True)
class TargetStatus:
    """How a target answered just now, in a sentence."""

    name: str
    reach: Reach
    message: str


@dataclass(frozen=True)
class VerificationView:
    """A verification: `state` RUNNING, SUCCEEDED (it came to an end), FAILED or CANCELED. `lines`: its progress.

    Once it has ended, `outcome` and `problem` as in `verify.verdicts.Verification`, and a page at `report`.
    """

    id: str
    path: str
    state: str
    lines: tuple[str, ...]
    outcome: str = ""
    problem: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    has_report: bool = False
