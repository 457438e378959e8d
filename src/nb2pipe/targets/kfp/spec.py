"""Tasks in, KFP's PipelineSpec and PlatformSpec out: protobuf messages of KFP's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nb2pipe.model import Json, MetricKind, Parameter, Pipeline, Step
from nb2pipe.records import dataclass
from nb2pipe.targets.kfp import names
from nb2pipe.targets.kfp.kinds import ANY, CLASSIFICATION, METRICS, PAGE
from nb2pipe.targets.kfp.messages import pipeline_spec
from nb2pipe.targets.kfp.options import apply, of_helper, of_pod
from nb2pipe.targets.kfp.parameters import declare, define
from nb2pipe.targets.kfp.program import args, command
from nb2pipe.targets.kfp.tasks import FIRST, Task

if TYPE_CHECKING:
    from kfp.pipeline_spec import pipeline_spec_pb2

SCHEMA_VERSION = "2.1.0"
SDK_VERSION = "nb2pipe"
TYPE_VERSION = "0.0.1"


@dataclass(frozen=True)
class Specs:
    """`platform` is None where no step asks for anything of Kubernetes'."""

    pipeline: pipeline_spec_pb2.PipelineSpec
    platform: pipeline_spec_pb2.PlatformSpec | None


def specs(
    pipeline: Pipeline,
    tasks: Sequence[Task],
    told: Mapping[str, str],
    types: Mapping[tuple[str, str], str],
    image: str,
    pins: Mapping[str, Sequence[str]],
) -> Specs:
    """`told`: for each task the text that its pod gets. `types`: step and variable to the artifact's type.

    `pins`: what a task's pod installs before it begins.
    """
    pb = pipeline_spec()
    found = pb.PipelineSpec(schema_version=SCHEMA_VERSION, sdk_version=SDK_VERSION)
    found.pipeline_info.name = names.pipeline_name(pipeline.notebook)
    parameters = {item.name: item for item in pipeline.parameters}
    used = [item for item in pipeline.parameters if any(item.name in task.parameters for task in tasks)]
    for parameter in used:
        define(found.root.input_definitions.parameters[names.encode(parameter.name)], parameter)
    executors = _Executors(pb, image, pipeline.steps)
    for task in tasks:
        component = found.components[f"comp-{task.id}"]
        _component(component, task, parameters, types)
        spec = found.root.dag.tasks[task.id]
        _task(spec, task, told[task.id])
        component.executor_label = executors.of(task, spec, pins.get(task.id, ()))
    found.deployment_spec.update({"executors": executors.data()})
    return Specs(found, executors.platform())


def _component(
    component: pipeline_spec_pb2.ComponentSpec,
    task: Task,
    parameters: Mapping[str, Parameter],
    types: Mapping[tuple[str, str], str],
) -> None:
    """What a task takes and gives, by name and type. Any artifact fits an input: its type may be any subtype."""
    pb = pipeline_spec()
    inputs = component.input_definitions
    inputs.parameters[names.TOLD].parameter_type = pb.ParameterType.STRING
    for name in task.parameters:
        declare(inputs.parameters[names.encode(name)], parameters[name])
    for item in task.inputs:
        _artifact(inputs.artifacts[item.name], ANY)
    outputs = component.output_definitions
    for key, (step, variable) in task.outputs.items():
        _artifact(outputs.artifacts[key], types.get((step, variable), ANY))
    if task.steps or task.id == FIRST:
        _artifact(outputs.artifacts[names.RECORD], ANY)
    if not task.steps:
        return
    _artifact(outputs.artifacts[names.NOTEBOOK], ANY)
    _artifact(outputs.artifacts[names.PAGE], PAGE)
    if task.writes_files:
        _artifact(outputs.artifacts[names.FILES], ANY)
    if any(step.metrics for step in task.steps):
        _artifact(outputs.artifacts[names.METRICS], METRICS)
    for metric in (item for step in task.steps for item in step.metrics if item.kind is not MetricKind.NUMBER):
        _artifact(outputs.artifacts[names.of_curve(metric)], CLASSIFICATION)


def _artifact(definition: Any, title: str) -> None:  # noqa: ANN401  # an input's or an output's message
    definition.artifact_type.schema_title = title
    definition.artifact_type.schema_version = TYPE_VERSION


def _task(spec: pipeline_spec_pb2.PipelineTaskSpec, task: Task, told: str) -> None:
    spec.task_info.name = task.name
    spec.component_ref.name = f"comp-{task.id}"
    spec.dependent_tasks.extend(sorted(task.after))
    spec.caching_options.enable_cache = False
    spec.inputs.parameters[names.TOLD].runtime_value.constant.string_value = told
    for name in task.parameters:
        encoded = names.encode(name)
        spec.inputs.parameters[encoded].component_input_parameter = encoded
    for item in task.inputs:
        source = spec.inputs.artifacts[item.name].task_output_artifact
        source.producer_task, source.output_artifact_key = item.task, item.key


class _Executors:
    """The container that each task runs in. No two are the same, see `program.args`."""

    def __init__(self, pb: Any, image: str, steps: Sequence[Step]) -> None:  # noqa: ANN401  # a module of messages
        self._pb = pb
        self._image = image
        self._steps = steps
        self._messages: dict[str, Any] = {}
        self._kubernetes: dict[str, Mapping[str, Json]] = {}

    def of(self, task: Task, spec: pipeline_spec_pb2.PipelineTaskSpec, pins: Sequence[str]) -> str:
        """The label of the task's."""
        label = f"exec-{task.id}"
        executor = self._messages[label] = self._pb.PipelineDeploymentConfig.ExecutorSpec()
        executor.container.image = self._image
        executor.container.command.extend(command(carries=not task.records))
        executor.container.args.extend(args(task.id, pins, task.records))
        options = of_pod(task.steps) if task.steps else of_helper(self._steps)
        for step in self._steps[:1]:
            kubernetes = apply(replace(step, options=options), executor, spec)
            if kubernetes:
                self._kubernetes[label] = kubernetes
        return label

    def data(self) -> dict[str, Any]:
        """All of them, as the Struct of the deployment has them."""
        from google.protobuf import json_format

        return {label: json_format.MessageToDict(message) for label, message in self._messages.items()}

    def platform(self) -> pipeline_spec_pb2.PlatformSpec | None:
        """What they ask of Kubernetes."""
        if not self._kubernetes:
            return None
        found = self._pb.PlatformSpec()
        deployment = found.platforms["kubernetes"].deployment_spec
        for label, content in self._kubernetes.items():
            deployment.executors[label].update(content)
        return found
