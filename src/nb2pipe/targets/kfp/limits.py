"""A compiled pipeline and its sizes in; out, a diagnostic for what no pod could be started with, or no server takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from nb2pipe.model import At, Diagnostic, Location, Pipeline, Severity, Step
from nb2pipe.targets.kfp.tasks import Task

MAX_ARGUMENT_BYTES = 128 * 1024 - 1
"""What Linux takes as one argument of a program (MAX_ARG_STRLEN, with its final zero)."""
MAX_FILE_BYTES = 32 * 1024 * 1024
"""What KFP's server takes as one file."""

_PER_ARTIFACT = 1_000  # bytes that KFP tells a pod of one artifact, its URI and metadata among them, and to spare
_ALWAYS = 4_000  # and besides


def too_long(
    pipeline: Pipeline, tasks: Sequence[Task], told: Mapping[str, str], command: Sequence[str]
) -> Iterator[Diagnostic]:
    """N2P524 for each task that KFP would have to tell more than fits into one argument of the step's program."""
    values = {item.name: len(json.dumps(item.default, ensure_ascii=False).encode()) for item in pipeline.parameters}
    longest = max(map(len, command))
    if longest > MAX_ARGUMENT_BYTES:
        message = f"the step program has an argument of {longest:,} bytes; Linux takes {MAX_ARGUMENT_BYTES:,}"
        yield Diagnostic("N2P524", Severity.ERROR, message, hint="please report it")
    for task in tasks:
        artifacts = len(task.inputs) + len(task.outputs)
        given = sum(values[name] for name in task.parameters)
        size = len(told[task.id]) + given + artifacts * _PER_ARTIFACT + _ALWAYS
        if size > MAX_ARGUMENT_BYTES:
            message = (
                f"step `{task.name}` is too large for KFP: its notebook and plan take {len(told[task.id]):,} bytes "
                f"compressed, its {artifacts} artifacts about {artifacts * _PER_ARTIFACT:,}, the parameters that it "
                f"reads {given:,}; KFP hands it all to the pod as one argument, and Linux takes {MAX_ARGUMENT_BYTES:,}"
            )
            first = task.steps[0].cells[0] if task.steps and task.steps[0].cells else None
            hint = "split the step; read data from a URL in place of code; `del` variables that no later step needs"
            if given > MAX_ARGUMENT_BYTES // 2:
                hint = "read what is long from a URL or a file, in place of a parameter"
            at = Location(notebook=pipeline.notebook, cell=first, step=task.name)
            yield Diagnostic("N2P524", Severity.ERROR, message, at, hint)


def too_large(content: bytes) -> Iterator[Diagnostic]:
    """N2P525 for a file that the server would refuse."""
    if len(content) > MAX_FILE_BYTES:
        message = f"the pipeline takes {len(content):,} bytes; KFP's server takes {MAX_FILE_BYTES:,}"
        yield Diagnostic("N2P525", Severity.ERROR, message, hint="make the notebook smaller: fewer steps, less code")


def not_there(pipeline: Pipeline, opened: Sequence[tuple[str, str, At]]) -> Iterator[Diagnostic]:
    """N2P526 for each file that a step reads and no step writes: a pod has none of the notebook's folder."""
    by_id: Mapping[str, Step] = {step.id: step for step in pipeline.steps}
    for step_id, path, at in opened:
        step = by_id[step_id]
        if step.options.image is not None:
            continue
        message = f"step `{step.name}` reads `{path}`, which no step writes: a pod has no file of the notebook's folder"
        hint = "put it into the step's image (`image:`), mount a volume that has it (`volume:`), or read it from a URL"
        at_cell = Location(notebook=pipeline.notebook, cell=at.cell, line=at.line, step=step.name)
        yield Diagnostic("N2P526", Severity.WARNING, message, at_cell, hint)
