"""Notebooks that Kale saved, of any of its versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nb2pipe.model import Diagnostic, Location, Notebook, Section, Severity, StepOptions, Volume
from nb2pipe.notebook import pipeline_name, split
from nb2pipe.notebook.kale import read_kale
from nb2pipe.notebook.values import build

Divide = Callable[..., tuple[tuple[Section, ...], tuple[Diagnostic, ...]]]

# The shapes of the key's content, as Kale 0.2, 0.7 and 2.3 save it (our own values).
KALE_0_2 = {
    "experiment_name": "Penguins",
    "pipeline_name": "penguins",
    "pipeline_description": "Which penguin is it?",
    "docker_image": "registry.example.org/team/kale:0.2",
    "volumes": [
        {
            "type": "new_pvc",
            "name": "data",
            "mount_point": "/data",
            "size": "1",
            "size_type": "Gi",
            "snapshot": True,
            "snapshot_name": "data-snapshot",
        }
    ],
}
KALE_0_7: dict[str, Any] = {
    "autosnapshot": True,
    "docker_image": "",
    "experiment": {"id": "new", "name": "penguins"},
    "experiment_name": "penguins",
    "katib_metadata": {"algorithm": {"algorithmName": "grid"}, "maxTrialCount": 12, "parameters": []},
    "katib_run": False,
    "pipeline_description": "",
    "pipeline_name": "penguins",
    "snapshot_volumes": True,
    "steps_defaults": ["label:access-ml-pipeline:true", "limit:nvidia.com/gpu:1"],
    "volume_access_mode": "rwm",
    "volumes": [],
}
KALE_2_3: dict[str, Any] = {
    "base_image": "python:3.12",
    "enable_caching": False,
    "experiment_name": "penguins",
    "kfp_host": "http://localhost:8080",
    "pipeline_description": "",
    "pipeline_name": "penguins",
    "security_context": {"enabled": True, "run_as_user": 65534},
    "steps_defaults": ["annotation:docs:http://h:80/p", "report:disabled", "cache:enabled"],
    "volumes": [],
}


@pytest.mark.parametrize(
    ("metadata", "options", "severity", "left"),
    [
        (KALE_0_2, StepOptions(image="registry.example.org/team/kale:0.2"), Severity.WARNING, ["volumes"]),
        (
            {"volumes": [{"type": "pvc", "name": "data", "mount_point": "/data", "snapshot": False}]},
            StepOptions(volumes=(Volume("data", "/data"),)),
            None,
            [],
        ),
        (
            {"volumes": [{"type": "pvc", "name": "data", "mount_point": "data"}, {"type": "pvc"}, 3]},
            StepOptions(),
            Severity.WARNING,
            ["volumes"],
        ),
        (
            KALE_0_7,
            build(read_kale({"kubeflow_notebook": KALE_0_7}, Location()).defaults),
            None,
            [],
        ),
        (
            KALE_2_3,
            StepOptions(image="python:3.12", cache=True, annotations=(("docs", "http://h:80/p"),)),
            Severity.NOTE,
            ["kfp_host", "security_context"],
        ),
        ({"katib_run": True, "unknown_key": "x"}, StepOptions(), Severity.WARNING, ["katib_run", "unknown_key"]),
        ({"security_context": {"enabled": False}}, StepOptions(), None, []),
        ({"docker_image": "not an image"}, StepOptions(), Severity.WARNING, ["image not an image"]),
        ({"docker_image": {"a": 1}}, StepOptions(), None, []),
        ({"steps_defaults": {"a": 1}}, StepOptions(), Severity.WARNING, ["steps_defaults dict"]),
        ({"steps_defaults": ["limit:a:b", "cpu:x", 3]}, StepOptions(), Severity.WARNING, ["limit:a:b", "cpu:x", "int"]),
        ({}, StepOptions(), None, []),
    ],
    ids=[
        "0.2",
        "a claim",
        "no claims",
        "0.7",
        "2.3",
        "unknown",
        "off",
        "bad image",
        "odd image",
        "odd defaults",
        "bad defaults",
        "empty",
    ],
)
def test_metadata(
    divide: Divide, metadata: dict[str, Any], options: StepOptions, severity: Severity | None, left: list[str]
) -> None:
    sections, diagnostics = divide(("x", ["block:load"]), kubeflow_notebook=metadata)
    assert sections[0].options == options
    assert [problem.severity for problem in diagnostics] == ([] if severity is None else [severity])
    for problem in diagnostics:
        assert problem.code == "N2P150"
        assert all(word in problem.message for word in left)


def test_defaults_of_kale_give_way(divide: Divide) -> None:
    sections, diagnostics = divide(
        ("x", ["block:load", "image:mine:1"]),
        ("y", ["block:fit", "prev:load"]),
        kubeflow_notebook={"docker_image": "kales:1", "steps_defaults": ["cpu:1"]},
        nb2pipe={"defaults": {"cpu": 4}},
    )
    assert diagnostics == ()
    assert [section.options for section in sections] == [
        StepOptions(image="mine:1", cpu="4"),
        StepOptions(image="kales:1", cpu="4"),
    ]


def test_a_whole_notebook_of_kale(load: Callable[..., Notebook]) -> None:
    notebook = load(
        ("import os", ["imports"]),
        ("import sys", []),
        ("def f(): ...", ["functions"]),
        ("N = 3", ["pipeline-parameters"]),
        ("df = f()", ["block:load"]),
        ("df", ["skip"]),
        ("df2 = df", ["block:clean", "prev:load", "limit:nvidia.com/gpu:1"]),
        ("more = 1", ["block:"]),
        ("fit(df)", ["block:fit", "prev:load:clean"]),
        ("print(acc)", ["pipeline-metrics"]),
        kubeflow_notebook=KALE_0_7,
    )
    sections, diagnostics = split(notebook)
    assert [(section.name, section.cells, [after.name for after in section.after]) for section in sections] == [
        ("imports", (0, 1), []),
        ("functions", (2,), []),
        ("parameters", (3,), []),
        ("load", (4,), []),
        ("clean", (6, 7), ["load"]),
        ("fit", (8,), ["load", "clean"]),
        ("metrics", (9,), []),
    ]
    assert {problem.code for problem in diagnostics} == {"N2P129"}
    assert pipeline_name(notebook) == "penguins"


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda item: st.lists(item, max_size=3) |
                    st.dictionaries(st.sampled_from(sorted({*KALE_0_7, *KALE_2_3, "kubeflow_notebook"})), item)))  # fmt: skip
def test_never_an_error(data: Any) -> None:
    for metadata in (data, {"kubeflow_notebook": data}):
        found = read_kale(metadata, Location())
        assert len(found.diagnostics) <= 1
        assert all(problem.severity is not Severity.ERROR for problem in found.diagnostics)
        build(found.defaults)
