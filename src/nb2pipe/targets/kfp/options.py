"""A step's options in; out, an executor and a task of KFP's that have them, and what only Kubernetes knows.

`apply` fills KFP's own messages. What these have no place for goes into the PlatformSpec: `apply` returns it as the
data of KFP's `KubernetesExecutorConfig` message, in the names of protobuf's JSON form.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from nb2pipe.model import Json, Secret, Step, StepOptions, Toleration, Volume

if TYPE_CHECKING:
    from kfp.pipeline_spec import pipeline_spec_pb2

BACKOFF_S, BACKOFF_FACTOR, BACKOFF_MAX_S = 10, 2.0, 600
"""How long KFP waits before it tries a step again: 10 s, then twice as long each time, at most 10 minutes."""

PLACES: Mapping[str, str] = {
    "cpu": "request and limit of the pod",
    "memory": "request and limit of the pod",
    "gpu": "limit of the pod, under the resource's own name",
    "retries": "the task's retry policy, with back-off",
    "timeout": "the pod's deadline: pulling the image and installing packages count",
    "cache": "`on`: KFP's caching, which is off by itself",
    "image": "the pod's image; nothing is installed in it",
    "env": "the pod's environment",
    "secret": "the pod's environment, filled by the cluster",
    "label": "the pod's labels",
    "annotation": "the pod's annotations",
    "node-selector": "the pod's node selector",
    "tolerate": "the pod's tolerations",
    "volume": "a mount of the claim",
    "pull-secret": "the pod's image pull secrets",
    "pull-policy": "the pod's image pull policy",
}
"""Each option, as tags write it, and where a compiled pipeline has it."""

_FACTORS = {
    "": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60,
}  # fmt: skip


def apply(
    step: Step,
    executor: pipeline_spec_pb2.PipelineDeploymentConfig.ExecutorSpec,
    task: pipeline_spec_pb2.PipelineTaskSpec,
) -> Mapping[str, Json]:
    """Give `executor` and `task` the step's options. Returns the executor's KubernetesExecutorConfig, empty for none.

    An image that the step names replaces the executor's; all else is added. For steps that share a pod, pass one of
    them with the options that `of_pod` makes of all.
    """
    options = step.options
    container = executor.container
    _resources(options, container)
    if options.image is not None:
        container.image = options.image
    for name, value in options.env:
        container.env.add(name=name, value=_literal(value))
    task.caching_options.enable_cache = cached(options)
    if options.retries:
        policy = task.retry_policy
        policy.max_retry_count = options.retries
        policy.backoff_duration.seconds = BACKOFF_S
        policy.backoff_factor = BACKOFF_FACTOR
        policy.backoff_max_duration.seconds = BACKOFF_MAX_S
    return _kubernetes(options)


def cached(options: StepOptions) -> bool:
    """True if KFP may take earlier results: only if asked, since KFP knows of no file, table or page that is read."""
    return options.cache is True


def of_pod(steps: Sequence[Step]) -> StepOptions:
    """The options of a pod that runs all these steps: the largest of each resource, and the entries of all.

    Where two contradict each other, that of the last step counts; `conflicts` in `checking` finds them before.
    """
    given = [step.options for step in steps]
    if len(given) == 1:
        return given[0]
    times = [options.timeout_s for options in given]
    gpus = [options.gpu for options in given if options.gpu is not None]
    caches = {options.cache for options in given}
    return StepOptions(
        cpu=max((item.cpu for item in given if item.cpu is not None), key=cores, default=None),
        memory=max((item.memory for item in given if item.memory is not None), key=size_bytes, default=None),
        gpu=replace(gpus[-1], count=max(gpu.count for gpu in gpus)) if gpus else None,
        retries=max((item.retries for item in given if item.retries is not None), default=None),
        timeout_s=None if None in times else sum(time for time in times if time is not None),
        cache=True if caches == {True} else False if False in caches else None,
        image=_last(given, lambda options: options.image),
        env=_pairs(given, lambda options: options.env),
        secrets=_united(given, lambda options: options.secrets, lambda item: item.env),
        labels=_pairs(given, lambda options: options.labels),
        annotations=_pairs(given, lambda options: options.annotations),
        node_selector=_pairs(given, lambda options: options.node_selector),
        tolerations=_united(given, lambda options: options.tolerations, lambda item: item),
        volumes=_united(given, lambda options: options.volumes, lambda item: item.path),
        pull_secrets=_united(given, lambda options: options.pull_secrets, lambda item: item),
        pull_policy=_last(given, lambda options: options.pull_policy),
    )


def of_helper(steps: Sequence[Step]) -> StepOptions:
    """The options of a pod of nb2pipe's own that runs no step: where the first one may run, it may run too.

    KFP may take its earlier result where it may take that of any step: else what comes after would never be the same.
    Where all steps say what they need of a resource, since a quota asks for it say, it asks for the least of that.
    """
    given = steps[0].options
    cpus = [step.options.cpu for step in steps]
    memories = [step.options.memory for step in steps]
    return StepOptions(
        cpu=None if None in cpus else min((cpu for cpu in cpus if cpu is not None), key=cores),
        memory=None if None in memories else min((size for size in memories if size is not None), key=size_bytes),
        image=given.image,
        pull_secrets=given.pull_secrets,
        pull_policy=given.pull_policy,
        node_selector=given.node_selector,
        tolerations=given.tolerations,
        labels=given.labels,
        annotations=given.annotations,
        cache=True if any(cached(step.options) for step in steps) else None,
    )


def cores(text: str) -> Fraction:
    """`500m` and `0.5` are one half."""
    return Fraction(text[:-1]) / 1000 if text.endswith("m") else Fraction(text)


def size_bytes(text: str) -> Fraction:
    """`1Ki` is 1024, `1k` is 1000."""
    number = text.rstrip("".join(_FACTORS))
    return Fraction(number) * _FACTORS[text[len(number) :]]


def _last(given: Sequence[StepOptions], field: Callable[[StepOptions], str | None]) -> str | None:
    found = [value for options in given if (value := field(options)) is not None]
    return found[-1] if found else None


def _pairs(
    given: Sequence[StepOptions], field: Callable[[StepOptions], Sequence[tuple[str, str]]]
) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({key: value for options in given for key, value in field(options)}.items()))


def _united(given: Sequence[StepOptions], field: Callable[[StepOptions], Sequence[Any]], key: Any) -> tuple[Any, ...]:  # noqa: ANN401  # of several types
    return tuple({key(item): item for options in given for item in field(options)}.values())


# --- messages ------------------------------------------------------------------------------------------------------


def _resources(
    options: StepOptions, container: pipeline_spec_pb2.PipelineDeploymentConfig.PipelineContainerSpec
) -> None:
    """Each as text and as the number that KFP servers before 2.4 read, as KFP's own compiler writes them."""
    found = container.resources
    if options.cpu is not None:
        found.resource_cpu_request = found.resource_cpu_limit = options.cpu
        found.cpu_request = found.cpu_limit = float(cores(options.cpu))
    if options.memory is not None:
        found.resource_memory_request = found.resource_memory_limit = options.memory
        found.memory_request = found.memory_limit = float(size_bytes(options.memory) / 10**9)
    if options.gpu is not None:
        found.accelerator.resource_type = found.accelerator.type = options.gpu.resource
        found.accelerator.resource_count = str(options.gpu.count)
        found.accelerator.count = options.gpu.count


def _literal(value: str) -> str:
    """Kubernetes reads `$(NAME)` in the value of a variable, and `$$` as one dollar sign."""
    return value.replace("$", "$$") if "$(" in value or "$$" in value else value


def _kubernetes(options: StepOptions) -> dict[str, Json]:
    found: dict[str, Json] = {}
    if options.secrets:
        found["secretAsEnv"] = _secrets(options.secrets)
    if options.volumes:
        found["pvcMount"] = [_mount(volume) for volume in options.volumes]
    if options.node_selector:
        found["nodeSelector"] = {"labels": dict(options.node_selector)}
    metadata: dict[str, Json] = {}
    if options.labels:
        metadata["labels"] = dict(options.labels)
    if options.annotations:
        metadata["annotations"] = dict(options.annotations)
    if metadata:
        found["podMetadata"] = metadata
    if options.pull_secrets:
        found["imagePullSecret"] = [
            {"secretName": name, "secretNameParameter": _constant(name)} for name in options.pull_secrets
        ]
    if options.pull_policy is not None:
        found["imagePullPolicy"] = options.pull_policy
    if options.timeout_s is not None:
        found["activeDeadlineSeconds"] = str(math.ceil(options.timeout_s))  # JSON has 64-bit numbers as texts
    if options.tolerations:
        found["tolerations"] = [_toleration(item) for item in options.tolerations]
    return found


def _secrets(secrets: Sequence[Secret]) -> list[Json]:
    """One entry for each secret of the cluster, with all that is taken from it."""
    taken: dict[str, list[Json]] = {}
    for secret in secrets:
        taken.setdefault(secret.name, []).append({"secretKey": secret.key, "envVar": secret.env})
    return [
        {"secretName": name, "keyToEnv": keys, "optional": False, "secretNameParameter": _constant(name)}
        for name, keys in taken.items()
    ]


def _mount(volume: Volume) -> dict[str, Json]:
    """`constant` is where older servers look, `pvcNameParameter` newer ones."""
    return {"mountPath": volume.path, "constant": volume.claim, "pvcNameParameter": _constant(volume.claim)}


def _toleration(item: Toleration) -> dict[str, Json]:
    found: dict[str, Json] = {"key": item.key, "operator": "Exists" if item.value is None else "Equal"}
    if item.value is not None:
        found["value"] = item.value
    if item.effect is not None:
        found["effect"] = item.effect
    return found


def _constant(text: str) -> dict[str, Json]:
    return {"runtimeValue": {"constant": text}}
