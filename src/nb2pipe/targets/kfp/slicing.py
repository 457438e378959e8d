"""A pipeline and a task in, as much of the pipeline as the task's pod has to know out."""

from __future__ import annotations

from nb2pipe.model import Pipeline
from nb2pipe.targets.kfp.tasks import Task


def slice_for(pipeline: Pipeline, task: Task) -> Pipeline:  # noqa: ARG001
    return pipeline
