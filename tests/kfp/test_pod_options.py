"""Options of steps in KFP's own messages: parsed strictly, read back one by one, and held against what KFP's SDK makes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from nb2pipe.model import Gpu, Kernel, Pipeline, Role, Secret, Severity, Step, StepOptions, Toleration, Volume
from nb2pipe.notebook.tags import GRAMMAR, Kind
from nb2pipe.targets import kfp as target
from nb2pipe.targets import local
from nb2pipe.targets.kfp.options import PLACES, apply, cached, of_helper, of_pod
from nb2pipe.targets.local.options import IGNORED

pytest.importorskip("kfp.pipeline_spec", reason="compiling needs kfp-pipeline-spec")
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as spec

EVERYTHING = StepOptions(
    cpu="500m",
    memory="8Gi",
    gpu=Gpu("amd.com/gpu", 2),
    retries=3,
    timeout_s=90.5,
    cache=False,
    image="ghcr.io/team/train:1.2",
    env=(("LEVEL", "a,b=c"), ("URL", "http://h:80/?q=1")),
    secrets=(Secret("db", "password", "PW"), Secret("db", "user", "USER"), Secret("s3", "key", "KEY")),
    labels=(("example.org/team", "vision"),),
    annotations=(("docs", "http://example.org:80/x: y"),),
    node_selector=(("disk", "ssd"),),
    tolerations=(Toleration("dedicated", "gpu", "NoSchedule"), Toleration("spot"), Toleration("old", "")),
    volumes=(Volume("team-data", "/mnt/data"),),
    pull_secrets=("team-registry", "other"),
    pull_policy="IfNotPresent",
)


def step(name: str = "fit", options: StepOptions | None = None, process: str | None = None) -> Step:
    return Step(name, name, Role.STEP, (0,), options=options or StepOptions(), process=process)


def pipeline(*steps: Step) -> Pipeline:
    return Pipeline("note.ipynb", "digest", Kernel(), steps)


def applied(options: StepOptions) -> tuple[Any, Any, dict[str, Any]]:
    """The container, the task and the Kubernetes settings, as data."""
    executor = spec.PipelineDeploymentConfig.ExecutorSpec()
    executor.container.image = "python:3.11"
    task = spec.PipelineTaskSpec()
    settings = dict(apply(step(options=options), executor, task))
    return json_format.MessageToDict(executor.container), json_format.MessageToDict(task), settings


# --- each option is read back ------------------------------------------------------------------------------------------

LANDS: dict[str, tuple[StepOptions, Callable[[Any, Any, Any], Any], Any]] = {
    "cpu": (
        StepOptions(cpu="500m"),
        lambda container, *_: container["resources"],
        {"resourceCpuRequest": "500m", "resourceCpuLimit": "500m", "cpuRequest": 0.5, "cpuLimit": 0.5},
    ),
    "memory": (
        StepOptions(memory="1Ki"),
        lambda container, *_: container["resources"],
        {
            "resourceMemoryRequest": "1Ki", "resourceMemoryLimit": "1Ki",
            "memoryRequest": 1.024e-6, "memoryLimit": 1.024e-6,
        },
    ),
    "gpu": (
        StepOptions(gpu=Gpu("example.org/fpga", 4)),
        lambda container, *_: container["resources"]["accelerator"],
        {"resourceType": "example.org/fpga", "type": "example.org/fpga", "resourceCount": "4", "count": "4"},
    ),
    "retries": (
        StepOptions(retries=3),
        lambda _, task, __: task["retryPolicy"],
        {"maxRetryCount": 3, "backoffDuration": "10s", "backoffFactor": 2.0, "backoffMaxDuration": "600s"},
    ),
    "timeout": (StepOptions(timeout_s=0.5), lambda *found: found[2]["activeDeadlineSeconds"], "1"),
    "cache": (StepOptions(cache=True), lambda _, task, __: task["cachingOptions"], {"enableCache": True}),
    "image": (StepOptions(image="x:1"), lambda container, *_: container["image"], "x:1"),
    "env": (
        StepOptions(env=(("A", "$b $$(C) {"), ("B", "$b"))),
        lambda container, *_: container["env"],
        [{"name": "A", "value": "$$b $$$$(C) {"}, {"name": "B", "value": "$b"}],  # what Kubernetes makes the given of
    ),
    "secret": (
        StepOptions(secrets=(Secret("db", "pw", "PW"),)),
        lambda *found: found[2]["secretAsEnv"],
        [
            {
                "secretName": "db", "optional": False, "keyToEnv": [{"secretKey": "pw", "envVar": "PW"}],
                "secretNameParameter": {"runtimeValue": {"constant": "db"}},
            }
        ],
    ),
    "label": (StepOptions(labels=(("a", "b"),)), lambda *found: found[2]["podMetadata"], {"labels": {"a": "b"}}),
    "annotation": (
        StepOptions(annotations=(("a", "http://h:80/p: q"),)),
        lambda *found: found[2]["podMetadata"],
        {"annotations": {"a": "http://h:80/p: q"}},
    ),
    "node-selector": (
        StepOptions(node_selector=(("a", "b"),)),
        lambda *found: found[2]["nodeSelector"],
        {"labels": {"a": "b"}},
    ),
    "tolerate": (
        StepOptions(tolerations=(Toleration("a", "b", "NoExecute"), Toleration("c"))),
        lambda *found: found[2]["tolerations"],
        [{"key": "a", "operator": "Equal", "value": "b", "effect": "NoExecute"}, {"key": "c", "operator": "Exists"}],
    ),
    "volume": (
        StepOptions(volumes=(Volume("data", "/mnt"),)),
        lambda *found: found[2]["pvcMount"],
        [{"mountPath": "/mnt", "constant": "data", "pvcNameParameter": {"runtimeValue": {"constant": "data"}}}],
    ),
    "pull-secret": (
        StepOptions(pull_secrets=("reg",)),
        lambda *found: found[2]["imagePullSecret"],
        [{"secretName": "reg", "secretNameParameter": {"runtimeValue": {"constant": "reg"}}}],
    ),
    "pull-policy": (StepOptions(pull_policy="Never"), lambda *found: found[2]["imagePullPolicy"], "Never"),
}  # fmt: skip


@pytest.mark.parametrize("option", list(LANDS))
def test_the_option_lands(option: str) -> None:
    options, read, expected = LANDS[option]
    assert read(*applied(options)) == expected


def test_every_option_is_in_the_tables() -> None:
    options = [rule.head for rule in GRAMMAR if rule.kind is Kind.OPTION and rule.origin == "nb2pipe"]
    assert list(PLACES) == options
    assert sorted(LANDS) == sorted(options)
    assert len(fields(StepOptions)) == len(options)


def test_a_step_without_options_has_no_settings() -> None:
    container, task, settings = applied(StepOptions())
    assert container == {"image": "python:3.11"}
    assert task == {"cachingOptions": {}}
    assert settings == {}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (StepOptions(), False),
        (StepOptions(cache=True), True),
        (StepOptions(cache=False), False),
    ],
)
def test_caching(options: StepOptions, *, expected: bool) -> None:
    """KFP knows of no file, table or page that a step reads."""
    assert cached(options) is expected


# --- KFP's own code as the oracle --------------------------------------------------------------------------------------


def test_the_settings_are_what_the_sdk_makes_of_the_same(tmp_path: Path) -> None:
    """Container, task and Kubernetes settings, all options at once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dsl = pytest.importorskip("kfp.dsl", reason="the oracle is the kfp SDK")
        kubernetes = pytest.importorskip("kfp.kubernetes", reason="the oracle is kfp-kubernetes")
        compiler = pytest.importorskip("kfp.compiler")
        from kfp.kubernetes import kubernetes_executor_config_pb2 as config

        @dsl.container_component  # type: ignore[untyped-decorator, unused-ignore]
        def fit():  # type: ignore[no-untyped-def, unused-ignore]  # noqa: ANN202  # KFP reads it
            return dsl.ContainerSpec(image="python:3.11")

        @dsl.pipeline(name="p")  # type: ignore[untyped-decorator, unused-ignore]
        def oracle():  # type: ignore[no-untyped-def, unused-ignore]  # noqa: ANN202
            task = fit()
            task.set_cpu_request("500m").set_cpu_limit("500m").set_memory_request("8Gi").set_memory_limit("8Gi")
            task.set_accelerator_type("amd.com/gpu").set_accelerator_limit(2)
            task.set_retry(3, backoff_duration="10s", backoff_factor=2.0, backoff_max_duration="600s")
            task.set_caching_options(False).set_container_image("ghcr.io/team/train:1.2")
            task.set_env_variable("LEVEL", "a,b=c").set_env_variable("URL", "http://h:80/?q=1")
            kubernetes.use_secret_as_env(task, "db", {"password": "PW", "user": "USER"})
            kubernetes.use_secret_as_env(task, "s3", {"key": "KEY"})
            kubernetes.add_pod_label(task, "example.org/team", "vision")
            kubernetes.add_pod_annotation(task, "docs", "http://example.org:80/x: y")
            kubernetes.add_node_selector(task, "disk", "ssd")
            kubernetes.add_toleration(task, "dedicated", "Equal", "gpu", "NoSchedule")
            kubernetes.add_toleration(task, "spot", "Exists")
            kubernetes.add_toleration(task, "old", "Equal", "")
            kubernetes.mount_pvc(task, "team-data", "/mnt/data")
            kubernetes.set_image_pull_secrets(task, ["team-registry", "other"])
            kubernetes.set_image_pull_policy(task, "IfNotPresent")
            kubernetes.set_timeout(task, 91)

        compiler.Compiler().compile(oracle, str(tmp_path / "p.yaml"))
    pipeline_spec, platform = yaml.safe_load_all((tmp_path / "p.yaml").read_text("utf-8"))
    container, task, settings = applied(EVERYTHING)
    assert container == pipeline_spec["deploymentSpec"]["executors"]["exec-fit"]["container"] | {
        "resources": container["resources"]
    }
    theirs = pipeline_spec["deploymentSpec"]["executors"]["exec-fit"]["container"]["resources"]
    assert container["resources"] == theirs
    given = pipeline_spec["root"]["dag"]["tasks"]["fit"]
    assert task["retryPolicy"] == given["retryPolicy"]
    assert task["cachingOptions"] == given["cachingOptions"]
    ours = json_format.ParseDict(settings, config.KubernetesExecutorConfig())
    expected = json_format.ParseDict(
        platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-fit"],
        config.KubernetesExecutorConfig(),
    )
    assert json_format.MessageToDict(ours) == json_format.MessageToDict(expected)


# --- steps that share a pod --------------------------------------------------------------------------------------------


def test_the_options_of_a_pod() -> None:
    first = StepOptions(
        cpu="0.5", memory="1G", timeout_s=10, retries=1, gpu=Gpu(count=2), labels=(("a", "b"),), cache=True
    )
    second = StepOptions(cpu="600m", memory="900Mi", timeout_s=20, gpu=Gpu(count=1), labels=(("c", "d"),), cache=False)
    assert of_pod([step("a", first), step("b", second)]) == StepOptions(
        cpu="600m", memory="1G", timeout_s=30, retries=1, gpu=Gpu(count=2), labels=(("a", "b"), ("c", "d")), cache=False
    )


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (StepOptions(), StepOptions(), StepOptions()),
        (StepOptions(cpu="2", memory="1Gi"), StepOptions(cpu="500m"), StepOptions(cpu="500m")),
        (StepOptions(memory="900Mi"), StepOptions(memory="1G"), StepOptions(memory="900Mi")),
        (StepOptions(), StepOptions(cache=True, image="a:1", memory="1G"), StepOptions(cache=True)),
        (StepOptions(image="a:1", pull_secrets=("s",), gpu=Gpu(), env=(("A", "b"),)), StepOptions(), StepOptions(image="a:1", pull_secrets=("s",))),
    ],
)  # fmt: skip
def test_a_pod_that_runs_no_step(first: StepOptions, second: StepOptions, expected: StepOptions) -> None:
    """It may run where the first step may, with the least that all of them ask for."""
    assert of_helper([step("a", first), step("b", second)]) == expected


def test_of_one_step_they_are_its_own() -> None:
    assert of_pod([step(options=EVERYTHING)]) is EVERYTHING
    assert of_pod([step("a", EVERYTHING), step("b", EVERYTHING)]) == replace(EVERYTHING, timeout_s=181.0)


def test_a_pod_has_no_deadline_if_one_of_its_steps_has_none() -> None:
    assert of_pod([step("a", StepOptions(timeout_s=1)), step("b")]).timeout_s is None


# --- what can't be honoured --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (StepOptions(labels=(("a//b", "c"),)), "`label:`"),
        (StepOptions(labels=(("team.", "c"),)), "`label:`"),
        (StepOptions(annotations=(("Example.org/a", "c"),)), "`annotation:`"),
        (StepOptions(node_selector=(("a" * 64, "c"),)), "`node-selector:`"),
        (StepOptions(tolerations=(Toleration("a/b/c"),)), "`tolerate:`"),
        (StepOptions(gpu=Gpu("nvidia.com/", 1)), "`gpu:`"),
        (StepOptions(secrets=(Secret("db-", "k", "V"),)), "`secret:`"),
        (StepOptions(volumes=(Volume("data.", "/a"),)), "`volume:`"),
        (StepOptions(pull_secrets=("a..b",)), "`pull-secret:`"),
        (StepOptions(env=(("A", "{{x}}"),)), "`env:`"),
        (StepOptions(env=(("A", "x" * 131_070),)), "`env:`"),
        (StepOptions(annotations=(("a", "{{x}}"),)), "`annotation:`"),
    ],
)
def test_what_no_pod_can_have(options: StepOptions, word: str) -> None:
    (found,) = target.check(pipeline(step("a", options), step("b")))
    assert (found.code, found.severity) == ("N2P542", Severity.ERROR)
    assert found.message.startswith(f"{word} of step `a`")


def test_what_a_pod_can_have() -> None:
    assert target.check(pipeline(step("a", StepOptions(env=(("A", "x" * 131_069),))))) == ()
    assert target.check(pipeline(step("a", EVERYTHING), step("b"))) == ()
    assert (
        target.check(pipeline(step("a", EVERYTHING, "a"), step("b", replace(EVERYTHING, retries=None), "a")))[1:] == ()
    )


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (StepOptions(labels=(("a", "b"),)), StepOptions(labels=(("a", "c"),)), "N2P542"),
        (StepOptions(gpu=Gpu("a.b/c")), StepOptions(gpu=Gpu()), "N2P542"),
        (StepOptions(volumes=(Volume("a", "/m"),)), StepOptions(volumes=(Volume("b", "/m"),)), "N2P542"),
        (StepOptions(pull_policy="Never"), StepOptions(pull_policy="Always"), "N2P542"),
        (StepOptions(timeout_s=3), StepOptions(), "N2P541"),
        (StepOptions(), StepOptions(retries=3), "N2P541"),
        (StepOptions(timeout_s=3, cpu="1"), StepOptions(timeout_s=4, cpu="2"), None),
        (StepOptions(pull_policy="Never"), StepOptions(), None),
    ],
)
def test_steps_that_share_a_pod(first: StepOptions, second: StepOptions, code: str | None) -> None:
    found = target.check(pipeline(step("a", first, "a"), step("b", second, "a")))
    assert [item.code for item in found] == ([code] if code else [])


def test_steps_in_pods_of_their_own_may_differ() -> None:
    assert target.check(pipeline(step("a", StepOptions(labels=(("a", "b"),))), step("b", EVERYTHING))) == ()


# --- the page ----------------------------------------------------------------------------------------------------------


def test_the_capability_table_is_whole_and_right() -> None:
    page = (Path(__file__).parents[2] / "docs" / "kfp-environments.md").read_text("utf-8")
    honoured = {"retries", "timeout", "cache", "env", "secret"}
    assert set(PLACES) - set(IGNORED) == honoured
    rows = [
        f"| `{option}:` | {'honoured' if option in honoured else f'a warning: {IGNORED[option][1]}'} | {place} |"
        for option, place in PLACES.items()
    ]
    table = page.split("## What each target makes of an option\n")[1].split("\n## ")[0]
    assert [line for line in table.splitlines() if line.startswith("| `")] == rows
    assert local.name == "local"
    assert target.name == "kfp"
