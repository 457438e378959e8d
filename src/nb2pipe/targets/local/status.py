"""A Bundle and where it runs in; out, which of its steps are fresh, and why the others are not. Nothing is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nb2pipe
from nb2pipe import keys
from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.layout import RootDir
from nb2pipe.model import Bundle, Json, Pipeline, Step
from nb2pipe.records import dataclass
from nb2pipe.targets.local import ingredients, kernels, traces
from nb2pipe.targets.local.fresh import Freshness, Reused, Setting, Stale
from nb2pipe.targets.local.ingredients import Inputs, planned
from nb2pipe.targets.local.stored import Outputs
from nb2pipe.targets.local.traces import Trace


@dataclass(frozen=True)
class StepStatus:
    """A step: `reasons` why it has to run, none if it is fresh; then `run` made its results, in `wall_s`.

    `perhaps`: it runs only if a step before it, which has to run, leaves something else than it did. `notes`: what
    could be another each time, and is kept as it was.
    """

    id: str
    name: str
    reasons: tuple[str, ...] = ()
    perhaps: bool = False
    run: str = ""
    wall_s: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def fresh(self) -> bool:
        """True if a run would take its earlier results."""
        return not self.reasons


class Status:
    """Of all steps of a pipeline."""

    def __init__(self, pipeline: Pipeline, setting: Setting) -> None:
        self._pipeline = pipeline
        self._setting = setting
        self._look()

    def _look(self) -> None:
        self._fresh = Freshness(self._pipeline, self._setting)
        self._schedule = self._fresh.schedule
        self._done: dict[str, Outputs] = {}
        self._found: dict[str, Reused] = {}
        self.steps = self._of_all()
        self._fresh.save()

    def _of_all(self) -> tuple[StepStatus, ...]:
        found: dict[str, StepStatus] = {}
        for step in self._pipeline.steps:
            if step.id not in found:
                found.update(self._of_process(step, found))
        return tuple(found[step.id] for step in self._pipeline.steps)

    def _of_process(self, first: Step, known: Mapping[str, StepStatus]) -> dict[str, StepStatus]:
        members = self._pipeline.process_of(first.id)
        done, made = dict(self._done), self._made()
        found: dict[str, StepStatus] = {}
        looked: dict[str, Reused] = {}
        for step in members:
            waits = [known[item] for item in self._schedule.before(step.id) if item in known and not known[item].fresh]
            if waits:
                found[step.id] = self._waiting(step, waits[-1])
                continue
            result = self._fresh.of(step, done, (), made)
            if isinstance(result, Stale):
                found[step.id] = StepStatus(step.id, step.name, result.reasons)
            else:
                trace = result.trace
                notes = self._fresh.to_put_back(step, trace)
                found[step.id] = StepStatus(step.id, step.name, run=trace.run, wall_s=trace.wall_s, notes=notes)
                looked[step.id], done[step.id], made[step.id] = result, result.outputs, result.trace.run
        stale = next((item for item in found.values() if not item.fresh), None)
        if stale is None:
            self._found.update(looked)
            self._done = done
            return found
        beside = (f"it runs in one process with `{stale.name}`, which has to run",)
        return {key: replace(item, reasons=beside) if item.fresh else item for key, item in found.items()}

    def _made(self) -> dict[str, str]:
        return {key: item.trace.run for key, item in self._found.items()}

    def _waiting(self, step: Step, before: StepStatus) -> StepStatus:
        """A step of which only the plan is known: what it gets is not there yet."""
        reasons = self._fresh.of_the_plan(step)
        if reasons:
            return StepStatus(step.id, step.name, reasons)
        return StepStatus(step.id, step.name, (f"`{before.name}` has to run first",), perhaps=True)

    def mark(self, step: Step) -> None:
        """Take the step's last results as what it would give now. Raises BadInput (N2P617), EnvironmentProblem."""
        before = [item for item in self.steps if item.id in self._schedule.before(step.id) and not item.fresh]
        last = self._fresh.latest(step.id)
        if last is None:
            raise BadInput.of("N2P617", f"step `{step.name}` has never run here", hint="run it: `nb2pipe run`")
        if before:
            raise BadInput.of(
                "N2P617",
                f"step `{step.name}` can't be marked: `{before[0].name}`, which it waits for, is stale",
                hint=f"mark or run `{before[0].name}` first",
            )
        try:
            folder = self._fresh.folder_of(step)
            name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-marked"
            traces.write(folder, self._as_of_now(step, last), self._setting.key, name)
        except OSError as error:
            raise EnvironmentProblem.of("N2P601", f"it can't be written: {error.filename}: {error.strerror}") from error
        self._look()

    def _as_of_now(self, step: Step, last: Trace) -> Trace:
        had = last.ingredients
        outputs = self._fresh.outputs_of(step, last)
        inputs = Inputs(self._pipeline, self._done, self._schedule)
        asked = ingredients.replayed(self._pipeline, last.facts.get("definitions", ()))
        now: dict[str, Mapping[str, str]] = {
            **self._setting.planned[step.id],
            "input": inputs.of(step, outputs.asked),
            "after": {key: run for key, run in self._made().items() if key in ingredients.followed(step)},
            "counter": inputs.counters(step, outputs.counted),
            "variable": ingredients.variables(had.get("variable", ()), self._setting.key),
            **{f"asked {kind}": found for kind, found in asked.items()},
            **self._fresh.files_now(step, had, self._done),
        }
        facts: dict[str, Any] = {
            **last.facts,
            "wrote": {path: self._fresh.file(path) for path in last.wrote},
        }
        data = {**last.outputs, "facts": facts}
        left = facts["wrote"]
        return replace(
            last,
            planned=tuple({*last.planned, *step.outputs}),
            ingredients=now,
            outputs=data,
            files={path: blob for path, blob in last.files.items() if blob == f"sha256-{left[path]}"},
        )


def status(
    bundle: Bundle, root: RootDir, *, folder: Path, parameters: Mapping[str, Json], kernel: str | None
) -> Status:
    """The status of a run of the Bundle in `folder` that would be kept in `root`.

    Raises EnvironmentProblem: N2P503 to N2P506 the kernel, N2P616 the key.
    """
    command = kernels.find(bundle.pipeline.kernel, kernel)
    try:
        key = keys.user_key()
    except (OSError, ValueError) as error:
        what = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) else str(error)
        raise EnvironmentProblem.of(
            "N2P616",
            f"records of earlier runs can't be told from foreign ones: there is no key ({what})",
            hint=f"set {keys.VARIABLE} to 32 characters or more, or XDG_DATA_HOME to a folder that you can write to",
        ) from error
    ours = planned(bundle, parameters, command.argv, command.env, nb2pipe.__version__)
    notebook = folder / Path(bundle.pipeline.notebook or "notebook.ipynb").name
    return Status(bundle.pipeline, Setting(root, notebook, folder, ours, key, digest=command.digest))
