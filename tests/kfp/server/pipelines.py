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


def nodes(**states: str) -> Mapping[str, Mapping[str, Any]]:
    """An Argo workflow's nodes for steps and their states, as KFP's compiler nests them: driver, task, pod."""
    found: dict[str, Mapping[str, Any]] = {
        "wf": {"displayName": "wf", "phase": "Running", "startedAt": "2026-11-22T10:00:00Z", "children": ["wf-root"]},
        "wf-root": {"displayName": "root", "phase": "Running", "startedAt": "2026-11-22T10:00:00Z"},
    }
    for number, (step, phase) in enumerate(states.items()):
        task = TASKS[step]
        times = {"startedAt": f"2026-11-22T10:{number:02}:10Z"}
        ended = {"finishedAt": f"2026-11-22T10:{number:02}:40Z"} if phase not in ("Pending", "Running") else {}
        driver = {"displayName": f"{task}-driver", "phase": "Succeeded", **times, "children": [f"wf-{task}"]}
        found[f"wf-{task}-driver"] = driver
        found[f"wf-{task}"] = {
            "displayName": task, "phase": phase, **times, **ended, "children": [f"wf-{task}-pod"],
        }  # fmt: skip
        found[f"wf-{task}-pod"] = {"displayName": "executor", "phase": phase, **times, **ended}
    return found
