"""Where things lie in `.nb2pipe/`: paths in, paths out. Nothing is read or written here.

<root>/objects/                 stored values, written by the steps' runtime
<root>/steps/<digest>/<step>/<run>.json   what a step's results were made of and are, signed: see `targets.local.traces`
<root>/files.json               digests of files that were hashed, see `digests`
<root>/quarantine/              objects that were found damaged
<root>/learned/<digest>.json    what runs of the notebook have taught, see `learned`
<root>/locks/<digest>.lock      held by flock while a run of the notebook is under way; never removed by hand
<root>/locks/store.lock         shared by all runs; held alone while objects are removed
<root>/verify/<id>/             a verification under way
<root>/verified/<id>/           one that goes on by itself, and its report, see `verified`
<root>/runs/<id>/               one run
    request.json  pipeline.json  events.jsonl  supervisor.json  supervisor.log  merged.ipynb
    remote.json  follow.lock    of a run on a cluster: where it is; held while somebody follows it
    runtime/                    nb2pipe's own files for the kernels
    folder/                     the copy of the notebook's folder, of an isolated run
    steps/<id>/                 step.ipynb step.json outputs.json error.json commit.json ended.json waiting.json
                                executed.ipynb kernel.log
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from nb2pipe.records import dataclass

_OBJECT_ID = re.compile(r"(sha256|blake3)-([0-9a-f]{64})")


def algorithm_and_digest(object_id: str) -> tuple[str, str]:
    """What an object is named by. Raises ValueError for what no object's id can be, such as a path."""
    found = _OBJECT_ID.fullmatch(object_id)
    if found is None:
        raise ValueError(f"{object_id[:80]!r} is not the id of a stored object")
    return found[1], found[2]


@dataclass(frozen=True)
class StepDir:
    """The files of one step of one run."""

    path: Path

    @property
    def notebook(self) -> Path:
        """The step's notebook as rendered, before it runs."""
        return self.path / "step.ipynb"

    @property
    def request(self) -> Path:
        """What the runtime in the kernel reads: where to load and store, the values, the plan."""
        return self.path / "step.json"

    @property
    def outputs(self) -> Path:
        """What the runtime stored at the step's end."""
        return self.path / "outputs.json"

    @property
    def error(self) -> Path:
        """Where in the notebook an error rose, by the runtime."""
        return self.path / "error.json"

    @property
    def commit(self) -> Path:
        """The commit record: without it the step isn't done."""
        return self.path / "commit.json"

    @property
    def waiting(self) -> Path:
        """There while the step waits for a value of another one."""
        return self.path / "waiting.json"

    @property
    def ended(self) -> Path:
        """For steps that wait for this one: it will not be done in this run."""
        return self.path / "ended.json"

    @property
    def executed(self) -> Path:
        """The step's notebook with its outputs."""
        return self.path / "executed.ipynb"

    @property
    def log(self) -> Path:
        """What the kernel's process wrote by itself, outside of any cell."""
        return self.path / "kernel.log"


@dataclass(frozen=True)
class RunDir:
    """The files of one run; `id` is the directory's name."""

    path: Path

    @property
    def id(self) -> str:
        """The run's id."""
        return self.path.name

    @property
    def root(self) -> RootDir:
        """The `.nb2pipe/` that the run is in."""
        return RootDir(self.path.parent.parent)

    @property
    def request(self) -> Path:
        """What the supervisor was asked to do. No secret value is in it."""
        return self.path / "request.json"

    @property
    def pipeline(self) -> Path:
        """The Bundle's `pipeline.json`."""
        return self.path / "pipeline.json"

    @property
    def events(self) -> Path:
        """One JSON line per event."""
        return self.path / "events.jsonl"

    @property
    def supervisor(self) -> Path:
        """Which processes look after the run: pid, start time, boot id."""
        return self.path / "supervisor.json"

    @property
    def remote(self) -> Path:
        """Where a run on a cluster is, and which task there is which step. No secret is in it."""
        return self.path / "remote.json"

    @property
    def compiled(self) -> Path:
        """The pipeline that was submitted to a cluster, as KFP takes it."""
        return self.path / "pipeline.yaml"

    @property
    def fetched(self) -> Path:
        """What was fetched from a cluster: a `.nb2pipe/` of its own."""
        return self.path / "fetched"

    @property
    def following(self) -> Path:
        """The lock of who follows a run on a cluster, and writes its events."""
        return self.path / "follow.lock"

    @property
    def log(self) -> Path:
        """The supervisor's own log: empty unless nb2pipe itself failed."""
        return self.path / "supervisor.log"

    @property
    def merged(self) -> Path:
        """The notebook with all outputs in their places."""
        return self.path / "merged.ipynb"

    @property
    def runtime(self) -> Path:
        """Put on the kernels' PYTHONPATH."""
        return self.path / "runtime"

    @property
    def folder(self) -> Path:
        """The working copy of an isolated run."""
        return self.path / "folder"

    @property
    def ballast(self) -> Path:
        """Room kept for the last events; given back when the disk is full."""
        return self.path / ".ballast"

    def step(self, step_id: str) -> StepDir:
        """The files of the step with this id."""
        return StepDir(self.path / "steps" / step_id)


@dataclass(frozen=True)
class RootDir:
    """A `.nb2pipe/` directory."""

    path: Path

    @property
    def objects(self) -> Path:
        """Stored values."""
        return self.path / "objects"

    @property
    def runs(self) -> Path:
        """One directory per run."""
        return self.path / "runs"

    @property
    def locks(self) -> Path:
        """One file per notebook."""
        return self.path / "locks"

    @property
    def in_use(self) -> Path:
        """The lock that each run shares, and that who removes objects holds alone."""
        return self.locks / "store.lock"

    @property
    def steps(self) -> Path:
        """What is kept of steps, see `traces`."""
        return self.path / "steps"

    @property
    def verifications(self) -> Path:
        """Where `verify` works, one directory each, while it does."""
        return self.path / "verify"

    @property
    def verified(self) -> Path:
        """Verifications that go on by themselves, one directory each."""
        return self.path / "verified"

    def learned(self, notebook: Path) -> Path:
        """What runs of the notebook at this path have taught."""
        return self.path / "learned" / self.lock(notebook).with_suffix(".json").name

    @property
    def quarantine(self) -> Path:
        """Objects that were found damaged."""
        return self.path / "quarantine"

    @property
    def digests(self) -> Path:
        """Digests of files that were hashed."""
        return self.path / "files.json"

    def traces(self, notebook: Path, step_id: str) -> Path:
        """What is kept of the runs of a step of the notebook at this path, one file each."""
        return self.results(notebook) / step_id

    def results(self, notebook: Path) -> Path:
        """What is kept of the steps of the notebook at this path.

        Where the notebook lies beside or below the folder that this is in, its place from there counts: a project that
        is moved, or whose results CI brings along, keeps them.
        """
        place, beside = notebook.resolve(), self.path.resolve().parent
        shown = place.relative_to(beside).as_posix() if place.is_relative_to(beside) else str(place)
        digest = hashlib.sha256(shown.encode(errors="surrogateescape")).hexdigest()
        return self.steps / digest[:32]

    def run(self, run_id: str) -> RunDir:
        """The files of the run with this id."""
        return RunDir(self.runs / run_id)

    def object(self, object_id: str) -> Path:
        """Where the runtime keeps an object. Raises ValueError for what no object's id can be, such as a path."""
        return self.objects / algorithm_and_digest(object_id)[1][:2] / object_id

    def lock(self, notebook: Path) -> Path:
        """The lock of the notebook at this path: of its place, not of its content."""
        digest = hashlib.sha256(str(notebook.resolve()).encode(errors="surrogateescape")).hexdigest()
        return self.locks / f"{digest[:32]}.lock"
