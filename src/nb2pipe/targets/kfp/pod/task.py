"""One task of a pipeline in KFP: what KFP told the pod in; its steps run, held against the plan, artifacts out."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nb2pipe.layout import RunDir
from nb2pipe.model import Json, Pipeline, Step, StepError, Value
from nb2pipe.records import dataclass
from nb2pipe.targets.kfp import names
from nb2pipe.targets.kfp.pod.artifacts import Artifacts
from nb2pipe.targets.kfp.pod.curves import give_curves
from nb2pipe.targets.kfp.pod.files import Files
from nb2pipe.targets.kfp.pod.page import page
from nb2pipe.targets.kfp.pod.records import Records
from nb2pipe.targets.kfp.pod.saying import Failed, pass_on, scrubbed, warn
from nb2pipe.targets.kfp.received import received
from nb2pipe.targets.kfp.slicing import merged, of_earlier
from nb2pipe.targets.kfp.told import IMAGE_VARIABLE, KEPT_VARIABLE, WORK_VARIABLE, Told
from nb2pipe.targets.local import nets, stored, verdict
from nb2pipe.targets.local.against_order import findings
from nb2pipe.targets.local.metrics import printed_metrics
from nb2pipe.targets.local.request import Job, Outcome, Report, Request, spec_of
from nb2pipe.targets.local.scrub import Scrubber
from nb2pipe.targets.local.serial import raced


@dataclass
class Pod:
    """The task, its artifacts, a run's folder for it, and the pipeline as far as it is known here."""

    told: Told
    artifacts: Artifacts
    dir: RunDir
    pipeline: Pipeline

    def run(self) -> None:
        """Run the steps and write all outputs. Raises Failed; OSError, ValueError for inputs that can't be read."""
        steps, records = self._known()
        if not steps:
            self._compare(records)
            self._give_record(records)
        else:
            kept = os.environ.pop(KEPT_VARIABLE, None)
            try:
                self._run_steps(steps, records)
            finally:
                if kept is not None:
                    self._keep(steps, Path(kept))
        self.artifacts.finish()

    def prepare(self, folder: Path) -> None:
        """Make all ready for the steps to run in `folder`, and run none. Raises as `run` does."""
        steps, records = self._known()
        self._bring_values(records)
        self._prepare(self._request(str(folder)), steps, records)

    def _known(self) -> tuple[Sequence[Step], Records]:
        """The task's steps, and what is known of those before. Raises OSError, ValueError."""
        records = self._records()
        self.pipeline = merged(self.told.pipeline, self.told.places, records.steps, records.definitions)
        return [self.pipeline.step(item) for item in self.told.steps], records

    def _keep(self, steps: Sequence[Step], folder: Path) -> None:
        for step in steps:
            if self.dir.step(step.id).path.is_dir():
                shutil.copytree(self.dir.step(step.id).path, folder / step.id, dirs_exist_ok=True)

    def _records(self) -> Records:
        """What the steps before have left. Raises OSError, ValueError."""
        found = Records()
        for name in self.told.records:
            found.read(self._input(name), self.dir)
        return found

    def _input(self, name: str) -> Path:
        path = self.artifacts.input(name)
        if path is None or not path.is_file():
            raise ValueError(f"the input `{name}` did not arrive")
        return path

    def _compare(self, records: Records) -> None:
        """Hold all steps against the notebook's order: each has been held against its own plan. Raises Failed."""
        for step in self.pipeline.steps:
            found = findings(self.pipeline, records.outputs, step)
            against = next((item.error for item in found if item.error is not None), None)
            error = against or raced(self.pipeline, records.outputs, records.waited, step)
            if error is not None:
                raise Failed(error, step.id)

    def _hold(self, step: Step, records: Records) -> None:
        pipeline = self.pipeline
        found = list(findings(pipeline, records.outputs, step))
        against = next((item.error for item in found if item.error is not None), None)
        error = nets.problem(pipeline, step, records.outputs, records.waited, against)
        if error is not None:
            raise Failed(error, step.id)
        lines = (line for item in found for line in item.warnings)
        for line in (*lines, *nets.warnings(pipeline, step, records.outputs[step.id])):
            warn(line)

    # --- running -----------------------------------------------------------------------------------------------------

    def _run_steps(self, steps: Sequence[Step], records: Records) -> None:
        request = self._request(_working_folder())
        self._bring_modules(Path(request.folder))
        files = Files(Path(request.folder), request.pipeline)
        files.bring(self._input(name) for name in self.told.files)
        self._bring_values(records)
        self._prepare(request, steps, records)
        scrubber = Scrubber(os.environ.get(name, "") for name in request.secret_variables)
        sockets = Path(tempfile.mkdtemp(prefix="nb2pipe-"))
        ended: list[str] = []
        try:
            outcome = _run(Job(request, self.dir, steps[0], sockets=sockets), ended)
        finally:
            shutil.rmtree(sockets, ignore_errors=True)
        for step in steps:
            self._judge(step, Outcome("completed") if step.id in ended else outcome, records, scrubber, files)
        self._give(steps, records, files)

    def _request(self, folder: str) -> Request:
        """What the run of this pod is, as a run on one machine would have it."""
        told = self.artifacts.parameters
        given = {name: told.get(key) for key, name in self.told.parameters.items()}
        parameters = [item for item in self.pipeline.parameters if item.name in given]
        return Request(
            run=self.dir.id,
            notebook=self.pipeline.notebook or "notebook.ipynb",
            folder=folder,
            pipeline=self._as_run(),
            parameters=received(parameters, given),
            kernel="python3",
            kernel_argv=(sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"),
        )

    def _as_run(self) -> Pipeline:
        """The pipeline with what can be replayed here; of other definitions only the names are known."""
        return replace(self.pipeline, definitions=tuple(item for item in self.pipeline.definitions if item.source))

    def _bring_modules(self, folder: Path) -> None:
        """Put the user's own modules where the cells run, as they lie beside the notebook."""
        for name, content in self.told.modules.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(base64.b64decode(content))

    def _bring_values(self, records: Records) -> None:
        """Put the values that the task was given into the store. One that was not bound has none."""
        for name, (step, variable) in self.told.inputs.items():
            value = records.outputs[step].values.get(variable)
            if value is None:
                continue
            target = self.dir.root.object(value.object)
            if not target.exists():
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                shutil.copyfile(self._input(name), target)

    def _prepare(self, request: Request, steps: Sequence[Step], records: Records) -> None:
        """Write what the steps' runtime reads: their notebooks, what they are told, and the records of those before."""
        for earlier, data in records.data.items():
            files = self.dir.step(earlier)
            files.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            files.outputs.write_text(json.dumps(data), encoding="utf-8")
        order = [item.id for item in request.pipeline.steps if item.id in records.outputs]
        known = {item: self._here(outputs) for item, outputs in records.outputs.items()}
        sent = sorted({value.object for item in known.values() for value in item.values.values() if self._has(value)})
        for step in steps:
            files = self.dir.step(step.id)
            files.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            files.notebook.write_text(self.told.notebooks[step.id], encoding="utf-8")
            before = [item for item in order if item in self.told.waits[step.id]]
            values = stored.resolve(step, known, before, order)
            unsent = [name for name, given in values.items() if not self._has(given.value)]
            if unsent and step.cells:
                raise Failed(_not_sent(step, unsent[0], request.pipeline.step(values[unsent[0]].provider)), step.id)
            for name in unsent:  # a step without cells only looks at what there is
                del values[name]
            content = {**spec_of(request, self.dir, step, values), "may_wait": False, "sent": sent}
            content["unsent"] = sorted(set(self.told.unsent).difference(*self._names_of_definitions(request)))
            files.request.write_text(json.dumps(content), encoding="ascii")

    def _names_of_definitions(self, request: Request) -> Iterator[tuple[str, ...]]:
        return (item.names for item in request.pipeline.definitions)

    def _has(self, value: Value) -> bool:
        return self.dir.root.object(value.object).is_file()

    def _here(self, outputs: stored.Outputs) -> stored.Outputs:
        """The same; what a step left as it was, and stored again beside others, counts only where those were sent."""
        shared = tuple(name for name in outputs.shared if name in outputs.values and self._has(outputs.values[name]))
        return replace(outputs, shared=shared)

    def _judge(self, step: Step, outcome: Outcome, records: Records, scrubber: Scrubber, files: Files) -> None:
        """Hold the step's end against the plan. Raises Failed."""
        own = self.dir.step(step.id)
        error = verdict.judge(step, verdict.Ending(outcome, python=sys.executable), own)
        if error is not None:
            error = replace(error, hint=files.hint(step, error, records.outputs))
            raise Failed(scrubbed(error, scrubber), step.id)
        outputs = stored.read_outputs(own, self.dir.root)
        if outputs is None:
            raise Failed(verdict.not_saved(step, own, "the step ended without storing them"), step.id)
        outputs = replace(outputs, metrics={**printed_metrics(step, own), **outputs.metrics})
        data = {**json.loads(own.outputs.read_bytes()), "metrics": dict(outputs.metrics)}
        records.add(step.id, scrubber.data(data), self.told.waits[step.id], outputs)
        error = nets.secret_in(step, outputs, self.dir.root, scrubber) or files.not_sent(step, records.outputs)
        if error is not None:
            raise Failed(error, step.id)
        self._hold(step, records)

    # --- what later tasks get ----------------------------------------------------------------------------------------

    def _give(self, steps: Sequence[Step], records: Records, files: Files) -> None:
        """Write all artifacts that were declared."""
        for key, (step, variable) in self.told.outputs.items():
            outputs = records.outputs[step]
            value = outputs.values.get(variable)
            if value is None:
                self.artifacts.put_nothing(key, _why_not_bound(outputs, variable))
                continue
            alike = sorted(name for name, other in outputs.variables.items() if other.object == value.object)
            metadata: dict[str, Json] = {
                "bound": True, "variable": variable, "python_type": value.type, "size_bytes": value.size_bytes,
                "object": value.object, "names": alike,
            }  # fmt: skip
            self.artifacts.put(key, self.dir.root.object(value.object), metadata)
        metrics = {name: number for step in steps for name, number in records.outputs[step.id].metrics.items()}
        self.artifacts.put_text(names.METRICS, json.dumps(metrics), metrics)
        for one in steps:
            give_curves(self.artifacts, one, records.outputs[one.id].curves)
        executed = _joined(self._executed(steps))
        self.artifacts.put_text(names.NOTEBOOK, json.dumps(executed, indent=1))
        self.artifacts.put_text(names.PAGE, page(executed, " + ".join(step.name for step in steps)))
        if self.artifacts.output(names.FILES) is not None:
            written = self.dir.path / names.FILES
            files.hand_on(written, steps, records.outputs)
            self.artifacts.put(names.FILES, written)
        place = dict(zip((step.id for step in self.told.pipeline.steps), self.told.places, strict=True))
        records.steps.update((place[step.id], of_earlier(step)) for step in steps)
        records.definitions.update((item.id, item) for item in self._as_run().definitions)
        self._give_record(records)

    def _give_record(self, records: Records) -> None:
        if self.artifacts.output(names.RECORD) is not None:
            target = self.dir.path / names.RECORD
            records.write(target, self.dir)
            self.artifacts.put(names.RECORD, target)

    def _executed(self, steps: Sequence[Step]) -> Iterator[dict[str, Any]]:
        for step in steps:
            yield json.loads(self.dir.step(step.id).executed.read_bytes())


def _run(job: Job, ended: list[str]) -> Outcome:
    """Run the notebooks of the process. `ended` gets the ids of the steps that are done while others follow."""

    def tell(report: Report) -> None:
        if report.done:
            ended.append(report.done)
        pass_on(report)

    try:
        from nb2pipe.targets.local import papermill_runner

        return papermill_runner.run(job, tell)
    except ImportError as error:
        if not isinstance(error, ModuleNotFoundError):
            message = f"the image can't load what runs the step: {error}"
            hint = "use an image that has it, or another build of the package"
            raise Failed(StepError("start", message, hint=hint), job.step.id) from error
        package = (error.name or "").partition(".")[0]
        raise Failed(
            StepError("start", f"the image lacks {package}", hint=f"use an image that has {package}"), job.step.id
        ) from error


def _not_sent(reader: Step, variable: str, writer: Step) -> StepError:
    message = (
        f"step `{reader.name}` needs `{variable}`, which step `{writer.name}` bound though its code does not show it: "
        f"it was not sent"
    )
    hint = f"write `# nb2pipe: updates {variable}` on the line of `{writer.name}` that does it"
    return StepError("value", message, hint=hint)


def _working_folder() -> str:
    """Where the notebook's cells run: the image's working directory, or a new one where that is of no use.

    Where many steps share one machine, each begins with a copy of the folder that IMAGE_VARIABLE names.
    """
    image, work = os.environ.pop(IMAGE_VARIABLE, None), os.environ.pop(WORK_VARIABLE, None)
    if image is not None:
        copy = Path(work) if work else Path(tempfile.mkdtemp(prefix="nb2pipe-")) / Path(image).name
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(image, copy, symlinks=True)
        return str(copy)
    folder = Path.cwd()
    if folder != folder.parent and os.access(folder, os.W_OK | os.X_OK):
        return str(folder)
    return tempfile.mkdtemp(prefix="nb2pipe-")


def _why_not_bound(outputs: stored.Outputs, variable: str) -> str:
    if variable in outputs.deleted:
        return "the step deleted it"
    if variable in outputs.failed:
        why = outputs.failed[variable]
        return f"{why.type} can't be stored: {why.reason}"
    return "the step did not bind it"


def _joined(notebooks: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """The executed notebooks of the steps that share the pod, as one."""
    first = next(notebooks)
    return {**first, "cells": [*first["cells"], *(cell for notebook in notebooks for cell in notebook["cells"])]}
