"""A step whose process ended or went on in; out, whether it is done: a commit record on the disk, or why not.

What a run holds against a step's results stands in `nets`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from nb2pipe import learned
from nb2pipe.files import make_private_dir, write_atomic
from nb2pipe.layout import RunDir
from nb2pipe.model import Step, StepError
from nb2pipe.records import dataclass
from nb2pipe.targets.local import nets, stored, verdict
from nb2pipe.targets.local.against_order import findings
from nb2pipe.targets.local.lessons import lessons_of, lessons_of_failing
from nb2pipe.targets.local.metrics import printed_metrics
from nb2pipe.targets.local.request import Request
from nb2pipe.targets.local.reuse import Reuse
from nb2pipe.targets.local.running import Running
from nb2pipe.targets.local.scrub import Scrubber
from nb2pipe.targets.local.serial import raced


@dataclass(frozen=True)
class Judgement:
    """`outputs` are those of a step that is done, else there is an `error`. `warnings` are for people."""

    error: StepError | None
    outputs: stored.Outputs | None = None
    warnings: tuple[str, ...] = ()


class Judge:
    """Judges the steps of one run."""

    def __init__(self, run: RunDir, request: Request, scrubber: Scrubber, reuse: Reuse | None = None) -> None:
        self._dir = run
        self._reuse = reuse
        self._request = request
        self._scrubber = scrubber

    def judge(
        self, running: Running, code: int, done: Mapping[str, stored.Outputs], began: Mapping[str, frozenset[str]]
    ) -> Judgement:
        """`done` are the steps that ended before; `began`: for each step, those that had ended when it began."""
        job, files = running.job, running.job.files
        try:
            self._keep_log(running)
            error = verdict.judge(job.step, self._ending(running, code), files)
            if error is not None:
                seen = stored.seen_before_failing(files)
                if seen.damaged:
                    return Judgement(self._quarantined(error, seen.damaged))
                taught = lessons_of_failing(self._request.pipeline, done, job.step, seen)
                return Judgement(error, warnings=self._learn(taught))
            outputs = stored.read_outputs(files, self._dir.root)
            if outputs is None:
                return Judgement(verdict.not_saved(job.step, files, "the step ended without storing them"))
            outputs = replace(outputs, metrics={**printed_metrics(job.step, files), **outputs.metrics})
            known = {**done, job.step.id: outputs}
            found = tuple(findings(self._request.pipeline, known, job.step))
            against = next((item.error for item in found if item.error is not None), None)
            error = self._problem(job.step, outputs, known, began, against)
            warnings = self._learn(lessons_of(job.step, outputs), *(item.lessons for item in found))
            if error is not None:
                return Judgement(error, warnings=warnings)
            if self._reuse is not None:
                self._reuse.keep(job.step, outputs, files, done, running.took.wall_s)
            stored.commit(files, outputs, run=self._dir.id, attempt=job.attempt)
        except OSError as problem:
            where = f"{problem.filename or files.path}: {problem.strerror}"
            return Judgement(verdict.not_saved(job.step, files, where))
        except ValueError as problem:
            return Judgement(verdict.not_saved(job.step, files, str(problem)))
        warnings += tuple(line for item in found for line in item.warnings)
        return Judgement(None, outputs, (*warnings, *nets.warnings(self._request.pipeline, job.step, outputs)))

    def problem_of(
        self,
        step: Step,
        outputs: stored.Outputs,
        done: Mapping[str, stored.Outputs],
        began: Mapping[str, frozenset[str]],
    ) -> StepError | None:
        """What would be wrong with these results of an earlier run, taken as the step's own."""
        pipeline = self._request.pipeline
        known = {**done, step.id: outputs}
        against = next((item.error for item in findings(pipeline, known, step) if item.error is not None), None)
        return against or raced(pipeline, known, began, step)

    def _ending(self, running: Running, code: int) -> verdict.Ending:
        argv = self._request.kernel_argv
        python = argv[0] if argv else ""
        return verdict.Ending(running.outcome, code, running.timed_out, running.cell, running.log, python)

    def _problem(
        self,
        step: Step,
        outputs: stored.Outputs,
        done: Mapping[str, stored.Outputs],
        began: Mapping[str, frozenset[str]],
        against: StepError | None,
    ) -> StepError | None:
        # secrets first: whatever else is wrong, they must not stay on the disk
        return nets.secret_in(step, outputs, self._dir.root, self._scrubber) or nets.problem(
            self._request.pipeline, step, done, began, against
        )

    def _learn(self, *lessons: learned.Lessons) -> tuple[str, ...]:
        """Keep what the next plan of these cells can use. It is a help only: a run doesn't fail for it."""
        path = self._dir.root.learned(Path(self._request.folder) / Path(self._request.notebook).name)
        try:
            for taught in filter(None, lessons):
                learned.add(path, taught)
        except OSError as problem:
            return (f"what this run taught can't be kept: {path}: {problem.strerror}",)
        return ()

    def _quarantined(self, error: StepError, damaged: tuple[str, ...]) -> StepError:
        """Put damaged objects aside, so that the steps that made them are stale. Raises OSError."""
        root = self._dir.root
        for object_id in damaged:
            with contextlib.suppress(FileNotFoundError):
                root.object(object_id).rename(make_private_dir(root.quarantine) / object_id)
        hint = f"it was put aside, into {root.quarantine}; run again: the step that made it runs anew"
        return replace(error, cause="damaged", hint=hint)

    def _keep_log(self, running: Running) -> None:
        """Keep what the kernel's process wrote by itself; mask secrets in what the runtime wrote. Raises OSError."""
        files = running.job.files
        if running.log:
            write_atomic(files.log, self._scrubber.text(running.log).encode(errors="replace"), durable=False)
        for path in (files.outputs, files.error):
            if self._scrubber and path.is_file():
                text = path.read_text(encoding="utf-8")
                masked = self._scrubber.text(text)
                if masked != text:
                    write_atomic(path, masked.encode())
