"""What a task's pod is told of its steps: written when the pipeline is compiled, read by the step program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from nb2pipe.model import Pipeline
from nb2pipe.records import dataclass

SCHEMA = 1
"""Of what is told, and of the records that pass from pod to pod."""

ERROR_MARK = "nb2pipe-error: "
"""Begins the line of a pod's log that says why the task failed, as JSON: what follows a run reads it."""
WARNING_MARK = "nb2pipe: warning: "

IMAGE_VARIABLE, WORK_VARIABLE = "NB2PIPE_IMAGE_FOLDER", "NB2PIPE_WORK_FOLDER"
"""Where many steps share one machine: the folder that each begins with a copy of, and where that copy is made."""
KEPT_VARIABLE = "NB2PIPE_KEPT_FOLDER"
"""Where a step program leaves its files as in a local run, besides its artifacts."""


@dataclass(frozen=True)
class Told:
    """One task. `pipeline`: as much of the plan as its steps have to do with.

    `steps`: those that run in the pod, in notebook order; none in a task that only compares what all others did.
    `waits`: for each of them, the steps that it waits for, directly or not. `notebooks`: their notebooks, as JSON.
    `inputs` and `outputs`: artifact to the step that has it and the variable's name. `records`: the inputs that hold
    the records of steps before. `files`: the inputs that hold files which steps before wrote. `parameters`: KFP's
    name for each to the notebook's. `places`: of the pipeline's steps, in notebook order. `unsent`: names that the
    notebook has here and the pod has not. `modules`: files of the user's own modules, by path, in base64.
    """

    schema: int
    pipeline: Pipeline
    steps: tuple[str, ...] = ()
    waits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notebooks: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    outputs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    records: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    places: tuple[int, ...] = ()
    unsent: tuple[str, ...] = ()
    modules: Mapping[str, str] = field(default_factory=dict)
