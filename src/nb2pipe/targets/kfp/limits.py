"""A compiled pipeline in; out, diagnostics for what no pod can be started with, no server takes, no cluster keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nb2pipe.model import At, Diagnostic, Json, Location, Pipeline, Severity, Step
from nb2pipe.records import dataclass

MAX_ARGUMENT_BYTES = 128 * 1024 - 1
"""What Linux takes as one argument of a program or one variable (MAX_ARG_STRLEN, with its final zero)."""
MAX_FILE_BYTES = 32 * 1024 * 1024
"""What KFP's server takes as one file."""
MAX_WORKFLOW_BYTES = 1024 * 1024
"""What Argo keeps of a workflow, unless it has a database for more; in KFP's own installation it has none."""

_PER_ARTIFACT = 1_000  # bytes that KFP tells a pod of one artifact, its URI and metadata among them, and to spare
_ALWAYS = 4_000  # and besides
_COPIES = 4  # of what a task is told: of its driver's inputs and outputs, and of its two nodes' inputs
_USUAL = 600  # of an artifact in a workflow, as a rule
_NODES = 4_500  # bytes of a task's three nodes besides
_SQUEEZED = 0.13  # what is left of text in nodes that are compressed; what was packed before stays as it is


@dataclass(frozen=True)
class Share:
    """What KFP hands to a task's pod: `constant_bytes` of what it is told of its steps, the values of `parameters`."""

    name: str
    constant_bytes: int
    artifacts: int
    parameters: tuple[str, ...]


def shares(spec: Mapping[str, Any]) -> dict[str, Share]:
    """Those of a PipelineSpec's tasks, as its YAML has it. Raises nothing for a pipeline of somebody else's."""
    found = {}
    for task, data in _tasks(spec).items():
        inputs = _at(data, "inputs")
        given = _at(inputs, "parameters")
        constants = (_at(item, "runtimeValue").get("constant", "") for item in given.values())
        outer = (str(_at(item).get("componentInputParameter", "")) for item in given.values())
        outputs = _at(_component(spec, data), "outputDefinitions", "artifacts")
        found[task] = Share(
            str(_at(data, "taskInfo").get("name") or task),
            sum(map(_json_bytes, constants)),
            len(_at(inputs, "artifacts")) + len(outputs),
            tuple(name for name in outer if name),
        )
    return found


def defaults(spec: Mapping[str, Any]) -> dict[str, Json]:
    """The values that the pipeline's parameters have if a run gives no others."""
    declared = _at(spec, "root", "inputDefinitions", "parameters")
    return {str(name): _at(item).get("defaultValue") for name, item in declared.items()}


def too_long(
    found: Mapping[str, Share], values: Mapping[str, Json], at: Mapping[str, Location] | None = None
) -> Iterator[Diagnostic]:
    """N2P524 for each task that KFP would have to tell more than fits into one argument of the step's program.

    `values`: of all parameters, by KFP's names. `at`: where each task's first step is.
    """
    sizes = {name: _json_bytes(value) for name, value in values.items()}
    for task, share in found.items():
        given = sum(sizes.get(name, 0) for name in share.parameters)
        if share.constant_bytes + given + share.artifacts * _PER_ARTIFACT + _ALWAYS <= MAX_ARGUMENT_BYTES:
            continue
        message = (
            f"step `{share.name}` is too large for KFP: its notebook and plan take {share.constant_bytes:,} bytes "
            f"compressed, its {share.artifacts} artifacts about {share.artifacts * _PER_ARTIFACT:,}, the parameters "
            f"that it reads {given:,}; KFP hands it all to the pod as one argument, and Linux takes "
            f"{MAX_ARGUMENT_BYTES:,}"
        )
        hint = "split the step; read data from a URL in place of code; `del` variables that no later step needs"
        if given > MAX_ARGUMENT_BYTES // 2:
            hint = "read what is long from a URL or a file, in place of a parameter"
        yield Diagnostic("N2P524", Severity.ERROR, message, (at or {}).get(task) or Location(step=share.name), hint)


def too_large(content: bytes) -> Iterator[Diagnostic]:
    """N2P525 for a file that the server would refuse."""
    if len(content) > MAX_FILE_BYTES:
        message = f"the pipeline takes {len(content):,} bytes; KFP's server takes {MAX_FILE_BYTES:,}"
        yield Diagnostic("N2P525", Severity.ERROR, message, hint="make the notebook smaller: fewer steps, less code")


def too_much(spec: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """N2P527 for a pipeline of whose run a cluster may not keep all."""
    size = workflow_bytes(spec)
    if size > MAX_WORKFLOW_BYTES:
        message = (
            f"a run of these {len(_tasks(spec))} tasks would take about {size / 1e6:.2f} MB of the cluster by its end; "
            f"KFP as it is installed keeps {MAX_WORKFLOW_BYTES / 1e6:.2f} MB of a run, and ends one that takes more"
        )
        hint = (
            "make fewer, larger steps; or ask who runs the cluster to have Argo offload the status of nodes "
            "(`nodeStatusOffLoad`)"
        )
        yield Diagnostic("N2P527", Severity.WARNING, message, hint=hint)


def workflow_bytes(spec: Mapping[str, Any]) -> int:
    """About what the Workflow that KFP's server makes of this takes in the cluster once all tasks have ended.

    Argo compresses the nodes if all is too much. Held against a Workflow made in full by a test.
    """
    values = {name: _json_bytes(value) for name, value in defaults(spec).items()}
    executors = _at(spec, "deploymentSpec", "executors")
    fixed, text, packed = 0, 0, 0
    for task, share in shares(spec).items():
        data = _tasks(spec)[task]
        component = _component(spec, data)
        container = _at(executors, str(component.get("executorLabel", "")), "container")
        carried = sum(len(word) for word in container.get("command", ())[4:])  # the program, where it is brought
        parts = len(json.dumps(component)) + len(json.dumps(container)) - carried
        own = len(json.dumps(data)) - share.constant_bytes
        told = share.artifacts * _USUAL + sum(values.get(name, 0) for name in share.parameters)
        fixed += parts + carried + own + share.constant_bytes
        packed += _COPIES * (carried + share.constant_bytes)
        text += _COPIES * parts + own + (_COPIES - 1) * told + _NODES
    plain = fixed + packed + text
    return plain if plain <= MAX_WORKFLOW_BYTES else int(fixed + packed + text * _SQUEEZED)


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


def _json_bytes(value: Any) -> int:  # noqa: ANN401  # JSON
    """A value's bytes as KFP writes it: some of its servers write `<`, `>` and `&` in six letters each."""
    text = json.dumps(value, ensure_ascii=False)
    return len(text.encode(errors="surrogatepass")) + 5 * sum(map(text.count, "<>&"))


def _tasks(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    return _at(spec, "root", "dag", "tasks")


def _component(spec: Mapping[str, Any], task: Any) -> Mapping[str, Any]:  # noqa: ANN401  # of a file
    return _at(spec, "components", str(_at(task, "componentRef").get("name", "")))


def _at(data: Any, *keys: str) -> Mapping[str, Any]:  # noqa: ANN401  # of a file that may hold anything
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}
