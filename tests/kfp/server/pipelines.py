"""Pipelines made by KFP's own compiler, to be submitted; and workflows as Argo would report them.

KFP's compiler reads annotations as they are: no `from __future__ import annotations` here.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def three_steps(path: Path) -> bytes:
    """`load`, `fit` and `show`, one after the other, with the parameters `depth` (3 by default) and `name`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from kfp import compiler, dsl

        @dsl.container_component
        def step(text: str):  # noqa: ANN202  # KFP's compiler takes no other
            return dsl.ContainerSpec(image="python:3.11", command=["echo"], args=[text])

        @dsl.pipeline(name="study")
        def study(name: str, depth: int = 3) -> None:
            load = step(text=name).set_display_name("load")
            fit = step(text=f"{depth}").after(load).set_display_name("fit")
            step(text="end").after(fit).set_display_name("show")

        compiler.Compiler().compile(study, str(path))
    return path.read_bytes()


TASKS = {"load": "step", "fit": "step-2", "show": "step-3"}
"""The names that people know, and KFP's."""


def _numbers(tasks: Mapping[str, str]) -> dict[str, int]:
    return {step: 10 * number for number, step in enumerate(tasks, start=1)}


def pod(step: str, tasks: Mapping[str, str] = TASKS) -> str:
    """The name of a step's pod, as Argo makes it."""
    return f"wf-system-container-impl-{_numbers(tasks)[step] + 3}"


def nodes(tasks: Mapping[str, str] = TASKS, **states: str) -> dict[str, dict[str, Any]]:
    """An Argo workflow's nodes for steps and their states, as KFP's compiler nests them: driver, task, pod."""
    began = "2026-11-22T10:00:00Z"
    found: dict[str, dict[str, Any]] = {
        "wf": {"displayName": "wf", "phase": "Running", "startedAt": began, "children": ["wf-1"]},
        "wf-1": {"displayName": "root", "phase": "Running", "startedAt": began, "children": ["wf-11"]},
    }
    for place, (step, phase) in enumerate(states.items()):
        task, number = tasks[step], _numbers(tasks)[step]
        times = {"startedAt": f"2026-11-22T10:{place:02}:10Z"}
        ended = {"finishedAt": f"2026-11-22T10:{place:02}:40Z"} if phase not in ("Pending", "Running") else {}
        under = {"children": [f"wf-{number + 2}"], "templateName": "system-container-driver"}
        found[f"wf-{number + 1}"] = {"displayName": f"{task}-driver", "phase": "Succeeded", **times, **under}
        under = {"children": [f"wf-{number + 3}"], "templateName": "system-container-executor"}
        found[f"wf-{number + 2}"] = {"displayName": task, "phase": phase, **times, **ended, **under}
        # what waits for a task hangs below its pod
        under = {"children": [f"wf-{number + 11}"], "templateName": "system-container-impl"}
        found[f"wf-{number + 3}"] = {"displayName": "executor", "phase": phase, **times, **ended, **under}
    return found


def node(found: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """The node with this display name."""
    return next(item for item in found.values() if item["displayName"] == name)
