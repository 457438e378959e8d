"""A step's id in; out, what this process is told about it: by a run, or by a Bundle's folder when run by hand."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nb2pipe.runtime import ambient, digests
from nb2pipe.runtime.session import Earlier, StepProblem

SPEC_VARIABLE = "NB2PIPE_STEP"
SEED_VARIABLE = "NB2PIPE_SEED"  # for `verify --seeded`: where the global generators of each process begin
SCHEMA = 1


def spec_of(step_id: str) -> dict[str, Any]:
    """The step's spec, as data. Raises StepProblem if there is none for it."""
    return _spec_of_run(step_id) or _spec_of_bundle(step_id)


def earlier_of(spec: Mapping[str, Any]) -> Sequence[Earlier]:
    """The steps before this one, in notebook order."""
    return [
        Earlier(item["id"], Path(item["path"]), frozenset(item.get("names", ())), frozenset(item.get("cells", ())))
        for item in spec.get("earlier", ())
    ]


_process: dict[str, str] = {}  # step that runs in this process -> where its spec lies


def _spec_of_run(step_id: str) -> dict[str, Any] | None:
    path = os.environ.pop(SPEC_VARIABLE, None)
    seed = os.environ.pop(SEED_VARIABLE, None)
    if path is not None:
        _hide_runtime_path()
    if seed is not None:
        ambient.seed(int(seed))
    path = path or _process.get(step_id)
    if path is None:
        return None
    spec = read(path)
    _process.update(spec.get("process", {}))
    if spec.get("step") != step_id:
        raise StepProblem(f"{path} is not for step {step_id!r}")
    return spec


def read(path: str) -> dict[str, Any]:
    """The spec that a run has written. Raises StepProblem for another version's, OSError."""
    spec: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    if spec.get("schema") != SCHEMA:
        raise StepProblem(f"{path} is not of this version of nb2pipe")
    digests.use(spec.get("digest", digests.USUAL))
    return spec


def _spec_of_bundle(step_id: str) -> dict[str, Any]:
    """The spec when a person runs a Bundle's step notebook: values come from the steps run before by hand."""
    for folder in (Path.cwd(), Path.cwd().parent):
        if (folder / "pipeline.json").is_file():
            break
    else:
        raise StepProblem("there is no pipeline.json here or one folder up: open the notebook in its Bundle's folder")
    pipeline = json.loads((folder / "pipeline.json").read_text(encoding="utf-8"))
    plans = {plan["id"]: plan for plan in pipeline["steps"]}
    if step_id not in plans:
        raise StepProblem(f"{folder / 'pipeline.json'} has no step {step_id!r}")
    if (folder.parent / pipeline["notebook"]).is_file():
        os.chdir(folder.parent)
    process = [key for key in plans if key == step_id or _same_process(plans[key], plans[step_id])]
    values, providers = {}, {}
    for earlier in list(plans)[: list(plans).index(step_id)]:
        for name, value in _ambient_by_hand(folder / ".values" / earlier / "outputs.json").items():
            values[name], providers[name] = value, earlier
    for need in plans[step_id].get("needs", ()):
        outside = {**need, "providers": [key for key in need["providers"] if key not in process]}
        found = _value_by_hand(folder, outside)
        if found is not None:
            values[need["variable"]], providers[need["variable"]] = found
    out = folder / ".values" / step_id
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / ".values" / ".gitignore").write_text("*\n", encoding="utf-8")
    return {
        "plan": plans[step_id],
        "definitions": pipeline.get("definitions", []),
        "parameters": {item["name"]: item.get("default") for item in pipeline.get("parameters", ())},
        "parameter_places": {
            item["name"]: (item["at"]["cell"], item["at"].get("line", 1)) for item in pipeline.get("parameters", ())
        },
        "values": values,
        "providers": providers,
        "process": dict.fromkeys(process, ""),
        "store": str(folder / ".values" / "objects"),
        "out": str(out),
        "folder": str(Path.cwd()),
        "builtins": pipeline.get("builtins", []),
        "tracebacks": pipeline.get("tracebacks", False),
        "earlier": [
            {
                "id": key,
                "path": str(folder / ".values" / key),
                "names": [*plans[key].get("outputs", ()), *plans[key].get("deletes", ())],
                "cells": list(plans[key].get("cells", ())),
            }
            for key in list(plans)[: list(plans).index(step_id)]
        ],
    }


def _same_process(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one.get("process") is not None and one.get("process") == other.get("process")


def _value_by_hand(folder: Path, need: Mapping[str, Any]) -> tuple[Mapping[str, Any], str] | None:
    for provider in need["providers"]:
        path = folder / ".values" / provider / "outputs.json"
        if not path.is_file():
            if need.get("soft"):
                continue
            raise StepProblem(f"run step {provider!r} first: `{need['variable']}` comes from it")
        outputs = json.loads(path.read_text(encoding="utf-8"))
        if need["variable"] in outputs["deleted"]:
            return None
        value: Mapping[str, Any] | None = outputs["values"].get(need["variable"])
        if value is not None:
            return value, provider
    return None


def _ambient_by_hand(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    values = json.loads(path.read_text(encoding="utf-8"))["values"]
    return {name: value for name, value in values.items() if name.startswith(ambient.PREFIX)}


def _hide_runtime_path() -> None:
    """Take the folder that these files came from out of what the user's code sees; and the seed of hashes, if ours."""
    if os.environ.pop("NB2PIPE_HASH_SEED", None) is not None:
        os.environ.pop("PYTHONHASHSEED", None)
    folder = str(Path(__file__).resolve().parents[2])
    parts = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if parts[0] != folder:
        return
    rest = os.pathsep.join(parts[1:])
    if rest:
        os.environ["PYTHONPATH"] = rest
    else:
        del os.environ["PYTHONPATH"]
    if folder in sys.path:
        sys.path.remove(folder)
