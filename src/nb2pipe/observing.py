"""A notebook and a plan in; what a run of it leaves out: outputs per cell, final values, files. The runs of `verify`.

All runs of one verification work in copies of the notebook's folder that lie, one after the other, at one path: what a
notebook prints of its folder is the same then. The original is read once and never touched: what somebody else writes
there meanwhile, a log for instance, is no difference between the runs.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nb2pipe import learned, render, wire
from nb2pipe.errors import Canceled, EnvironmentProblem
from nb2pipe.layout import RootDir, RunDir
from nb2pipe.learned import Lessons
from nb2pipe.model import (
    At,
    Bundle,
    BundleFile,
    CellStarted,
    Json,
    Need,
    Notebook,
    Order,
    OrderKind,
    Pipeline,
    Role,
    Run,
    RunState,
    Step,
    StepError,
    StepOptions,
    StepRun,
)
from nb2pipe.runs import store
from nb2pipe.runs.events import reduce
from nb2pipe.verify.files import Files, digests
from nb2pipe.verify.state import State, read_state

STRAIGHT = "straight"
STATE = "final-state"
SEED_VARIABLE = "NB2PIPE_SEED"
LOCAL, KFP_LOCAL = "local", "kfp-local"

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_NO_ARTIFACT = "the code does not show that a step binds it, so it is no artifact: a step that asks for it stops"
_FREE_AFTER = "the state at the end is looked at last"


@dataclass(frozen=True)
class Settings:
    """How the runs are made. `timeout_s` is for each of a run's steps, and for a whole straight run.

    `on`: where the pipeline runs: local, or kfp-local, by KFP's own local runner.
    """

    jobs: int | None = None
    kernel: str | None = None
    seeded: bool = False
    timeout_s: float | None = None
    on: str = LOCAL


@dataclass(frozen=True)
class Observed:
    """What a run left. `outputs`: of each cell (index from 0) that began, nbformat's outputs. `files` of the folder.

    `error`: why it did not come to its end. `state` is None then. `why_not`: variables that could not be stored.
    """

    outputs: Mapping[int, Sequence[Json]]
    files: Files
    state: State | None = None
    error: StepError | None = None
    why_not: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    seconds: float = 0.0


class Laboratory:
    """The place of one verification: `path` is a directory of its own; `folder` the notebook's, which is copied.

    `hash_seed` makes all runs but the second straight one agree on the order of sets.
    """

    def __init__(self, path: Path, folder: Path, notebook: Notebook, name: str, settings: Settings) -> None:
        self.root = RootDir(path)
        self.notebook = notebook
        self._folder = folder
        self._kept = path / "original"
        self._name = name
        self._settings = settings
        self._work = path / "folder"
        self.copied = ""

    def before(self) -> Files:
        """The files that each run begins with; `copied` says then how much that is."""
        self._copy()
        return digests(self._kept)

    @property
    def taught(self) -> Lessons:
        """What runs of the pipeline have taught so far."""
        return learned.read(self._learned)

    @property
    def _learned(self) -> Path:
        return self.root.learned(self._work / self._name)

    def straight(self, cells: Sequence[int], hash_seed: int, env: Mapping[str, str] | None = None) -> Observed:
        """Run these cells in one kernel, as Jupyter does."""
        options = self._options(StepOptions(timeout_s=self._settings.timeout_s), hash_seed, env or {})
        step = Step(STRAIGHT, STRAIGHT, Role.STEP, tuple(cells), options=options)
        pipeline = Pipeline(self._name, self.notebook.digest, self.notebook.kernel, (step,))
        content = _content(render.straight_notebook(self.notebook, step))
        return self._run(Bundle(pipeline, (*_plan(pipeline), BundleFile(f"steps/{STRAIGHT}.ipynb", content))), STRAIGHT)

    def pipeline(
        self, pipeline: Pipeline, hash_seed: int, names: Sequence[str], parameters: Mapping[str, Json]
    ) -> Observed:
        """Run the pipeline, and look at what a step after its last one would find under these names."""
        steps = tuple(replace(step, options=self._options(step.options, hash_seed, {})) for step in pipeline.steps)
        steps = tuple(
            replace(step, options=replace(step.options, timeout_s=step.options.timeout_s or self._settings.timeout_s))
            for step in steps
        )
        last = last_look(pipeline, names)
        last = replace(last, options=self._options(last.options, hash_seed, {}))
        whole = replace(pipeline, notebook=self._name, steps=(*steps, last))
        files = [
            BundleFile(f"steps/{step.id}.ipynb", _content(render.step_notebook(self.notebook, whole, step)))
            for step in steps
        ]
        look = BundleFile(f"steps/{STATE}.ipynb", _content(render.state_notebook(self.notebook, whole, last)))
        bundle = Bundle(whole, (*_plan(whole), *files, look))
        return self._run_by_kfp(bundle) if self._settings.on == KFP_LOCAL else self._run(bundle, STATE, parameters)

    def _options(self, options: StepOptions, hash_seed: int, env: Mapping[str, str]) -> StepOptions:
        found = {"PYTHONHASHSEED": str(hash_seed), **dict.fromkeys(_ONE_THREAD, "1"), **env}
        if self._settings.seeded:
            found[SEED_VARIABLE] = "0"
        return replace(options, env=tuple({**found, **dict(options.env)}.items()))

    def _copy(self) -> None:
        from nb2pipe.targets import local

        shutil.rmtree(self._work, ignore_errors=True)
        if not self._kept.exists():
            self.copied = str(local.copy_folder(self._folder, self._kept, without=self.root.path.parent))
        local.copy_folder(self._kept, self._work, without=self.root.path)

    def _run(self, bundle: Bundle, last: str, parameters: Mapping[str, Json] | None = None) -> Observed:
        from nb2pipe.targets import local

        started = time.monotonic()
        try:
            self._copy()
            directory = store.create(self.root.path)
        except OSError as error:
            raise store.cannot_write(self.root.path, error) from error
        handle = local.start(
            bundle,
            directory.path,
            folder=self._work,
            parameters=parameters or {},
            jobs=self._settings.jobs,
            kernel=self._settings.kernel,
        )
        record: Run | None = None
        began: set[int] = set()
        with handle.forwarding_signals():
            for event in handle.events():
                record = reduce(record, event)
                if isinstance(event, CellStarted):
                    began.add(event.cell)
        if record is None or record.state is RunState.CANCELED:
            raise Canceled.of("N2P614", "the verification was canceled", hint="nothing of the notebook was changed")
        return self._observed(bundle.pipeline, directory, record, began, last, time.monotonic() - started)

    def _run_by_kfp(self, bundle: Bundle) -> Observed:
        """Run the pipeline as it is compiled for KFP, by KFP's own runner; each step begins with the same files."""
        from nb2pipe.targets import kfp

        started = time.monotonic()
        try:
            self._copy()
            directory = store.create(self.root.path)
            kept = directory.path / "steps"
            pipeline = kfp.compiled(bundle)
            ended = kfp.run_locally(pipeline, directory.path / "kfp", image=self._kept, work=self._work, kept=kept)
        except OSError as error:
            raise store.cannot_write(self.root.path, error) from error
        state = RunState.SUCCEEDED if ended.error is None else RunState.FAILED
        last = StepRun(STATE, STATE, state, error=ended.error)
        name = bundle.pipeline.notebook or self._name
        record = Run(directory.id, name, bundle.pipeline.digest, state, datetime.now(UTC), (last,))
        record = replace(record, warnings=ended.warnings)
        cells = {cell for step in bundle.pipeline.steps for cell in step.cells}
        found = self._observed(bundle.pipeline, directory, record, cells, STATE, time.monotonic() - started)
        stay = {name: _NO_ARTIFACT for step in bundle.pipeline.steps for name in _bound_unseen(directory, step)}
        given = {name for step in bundle.pipeline.steps for name in step.outputs}
        return replace(found, why_not={**{name: stay[name] for name in stay.keys() - given}, **found.why_not})

    def _observed(
        self, pipeline: Pipeline, directory: RunDir, record: Run, began: set[int], last: str, seconds: float
    ) -> Observed:
        errors = [step.error for step in record.steps if step.error is not None]
        error = errors[0] if errors else None
        if error is None and record.state is not RunState.SUCCEEDED:
            error = StepError("error", "the run ended before all its steps had run")
        why_not: dict[str, str] = {}
        outputs: dict[int, Sequence[Json]] = {}
        for step in pipeline.steps:
            files = directory.step(step.id)
            outputs.update(_outputs(files.executed, began))
            failed = _read(files.outputs).get("failed", {})
            why_not.update({str(name): f"{item['type']}: {item['reason']}" for name, item in failed.items()})
        try:
            state = None if error is not None else read_state(directory.step(last).path)
        except (ValueError, KeyError) as problem:
            raise EnvironmentProblem.of("N2P605", f"the values that a run left can't be read: {problem}") from problem
        warnings = [line for line in record.warnings if f"`{STATE}`" not in line]
        return Observed(outputs, digests(self._work), state, error, why_not, warnings, seconds)


def last_look(pipeline: Pipeline, names: Sequence[str]) -> Step:
    """A step after all others that loads whatever there is of `names`, and needs none of them."""
    all_steps = tuple(step.id for step in reversed(pipeline.steps))
    known = {*names, *(name for step in pipeline.steps for name in step.outputs)}
    at = At(max((cell for step in pipeline.steps for cell in step.cells), default=0))
    return Step(
        STATE,
        STATE,
        Role.STEP,
        (),
        needs=tuple(Need(name, all_steps, at, at, soft=True) for name in sorted(known)) if all_steps else (),
        orders=tuple(Order(step.id, OrderKind.BARRIER, _FREE_AFTER) for step in pipeline.steps),
        definitions=tuple(item.id for item in pipeline.definitions),
        parameters=tuple(item.name for item in pipeline.parameters),
    )


def _bound_unseen(directory: RunDir, step: Step) -> Sequence[str]:
    """What a step stored although its code does not show that it binds it."""
    return [name for name in _read(directory.step(step.id).outputs).get("values", {}) if name not in step.outputs]


def _plan(pipeline: Pipeline) -> tuple[BundleFile, ...]:
    return (BundleFile("pipeline.json", wire.dumps(render.pipeline_json(pipeline)).encode()),)


def _content(notebook: Mapping[str, Json]) -> bytes:
    return wire.dumps(notebook).encode("utf-8", "surrogatepass")


def _outputs(executed: Path, began: set[int]) -> Mapping[int, Sequence[Json]]:
    found: dict[int, Sequence[Json]] = {}
    for cell in _read(executed).get("cells", ()):
        marker = cell.get("metadata", {}).get("nb2pipe", {})
        if marker.get("role") == "cell" and marker["cell"] in began:
            found[marker["cell"]] = cell["outputs"]
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
