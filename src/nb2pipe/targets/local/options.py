"""A pipeline in; out, a warning for each option that a run on this machine can't honour."""

from __future__ import annotations

import sys
from collections.abc import Callable

from nb2pipe.model import Diagnostic, Pipeline, Severity, Step, StepOptions

_CONTAINER = "a local step runs in the notebook's kernel, not in a container"
_NO_LIMITS = "a local step may use all that this machine has"
_NO_NODES = "a local step runs on this machine"
_NO_CLUSTER = "there is no Kubernetes object to put it on"

# option -> (is it given?, what a local run does instead)
IGNORED: dict[str, tuple[Callable[[StepOptions], bool], str]] = {
    "image": (lambda options: options.image is not None, _CONTAINER),
    "gpu": (lambda options: options.gpu is not None, "a local step sees the GPUs that this machine has"),
    "cpu": (lambda options: options.cpu is not None, _NO_LIMITS),
    "memory": (lambda options: options.memory is not None, _NO_LIMITS),
    "label": (lambda options: bool(options.labels), _NO_CLUSTER),
    "annotation": (lambda options: bool(options.annotations), _NO_CLUSTER),
    "node-selector": (lambda options: bool(options.node_selector), _NO_NODES),
    "tolerate": (lambda options: bool(options.tolerations), _NO_NODES),
    "volume": (lambda options: bool(options.volumes), "a local step sees the files of this machine"),
    "pull-secret": (lambda options: bool(options.pull_secrets), _CONTAINER),
    "pull-policy": (lambda options: options.pull_policy is not None, _CONTAINER),
}


def check(pipeline: Pipeline) -> tuple[Diagnostic, ...]:
    """One warning (N2P501) per option that has no effect here, naming the steps; N2P502 where this isn't Linux."""
    found: list[Diagnostic] = []
    for option, (is_given, instead) in IGNORED.items():
        steps = [step for step in pipeline.steps if is_given(step.options)]
        if steps:
            message = f"`{option}:` of {_names(steps)} has no effect in a local run: {instead}"
            found.append(Diagnostic("N2P501", Severity.WARNING, message))
    late = [step for step in pipeline.steps if step.process not in (None, step.id) and step.options.retries]
    if late:
        message = (
            f"`retries:` of {_names(late)} has no effect: it goes on in the process of a step that is done by then"
        )
        found.append(Diagnostic("N2P501", Severity.WARNING, message))
    if not sys.platform.startswith("linux"):
        message = "on this system processes that a step starts may outlive a run that is killed; on Linux none does"
        found.append(Diagnostic("N2P502", Severity.NOTE, message))
    return tuple(found)


def _names(steps: list[Step]) -> str:
    quoted = ", ".join(f"`{step.name}`" for step in steps)
    return f"step {quoted}" if len(steps) == 1 else f"steps {quoted}"
