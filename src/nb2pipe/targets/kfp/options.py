"""A step's options in, KFP's executor and task with them out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nb2pipe.model import Json, Step

if TYPE_CHECKING:
    from kfp.pipeline_spec import pipeline_spec_pb2


def apply(
    step: Step,
    executor: pipeline_spec_pb2.PipelineDeploymentConfig.ExecutorSpec,
    task: pipeline_spec_pb2.PipelineTaskSpec,
) -> Mapping[str, Json]:
    """Give them the step's options. Returns what Kubernetes alone knows of."""
    if step.options.image is not None:
        executor.container.image = step.options.image
    if step.options.cache:
        task.caching_options.enable_cache = True
    return {}
