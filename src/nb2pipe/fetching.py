"""A step of a run on a cluster in; out, the same step with its inputs here, as a run on this machine leaves it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from nb2pipe.debugging import Opened
from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.files import make_private_dir
from nb2pipe.followed import look, remote_of
from nb2pipe.layout import RunDir
from nb2pipe.model import StepRun
from nb2pipe.runs import store
from nb2pipe.runs.left import step_of
from nb2pipe.targets.kfp import inputs
from nb2pipe.targets.kfp.connections import store_address
from nb2pipe.targets.kfp.pod.artifacts import Artifacts
from nb2pipe.targets.kfp.pod.saying import Failed
from nb2pipe.targets.kfp.pod.task import Pod
from nb2pipe.targets.local import runtime_files


def opened(root: Path, which: str, name: str, artifacts: str = "") -> Opened:
    """The step of this name or id in a run on a cluster; its inputs are fetched from `artifacts`, or its connection's.

    Raises BadInput: no such run (N2P602, N2P603) or step (N2P610), it never began or no store is known (N2P618);
    EnvironmentProblem (N2P761) if the inputs can't be fetched.
    """
    run = look(root, which)
    step = step_of(run, name)
    directory = store.find(root, run.id)
    remote = remote_of(directory)
    where = store_address(artifacts) if artifacts else remote.connection.artifacts
    if not where:
        raise BadInput.of(
            "N2P618",
            f"run {run.id} was on a cluster, and where KFP keeps its artifacts isn't known here",
            hint="give `--artifacts s3://mlpipeline/v2/artifacts`, or wherever it is, here or to `nb2pipe targets add`",
        )
    task = next((task for task, steps in remote.place.tasks.items() if step.id in steps), "")
    if not directory.compiled.is_file() or not task or not remote.place.run:
        hint = "`nb2pipe run` with the same parameters makes a run here to look into"
        message = f"step `{step.name}` of run {run.id} can't be opened: its plan isn't here"
        raise BadInput.of("N2P618", message, hint=hint)
    found = inputs.given(directory.compiled.read_bytes(), task)
    target = RunDir(directory.fetched / "runs" / run.id)
    try:
        shutil.rmtree(directory.fetched, ignore_errors=True)
        paths = inputs.fetch(where, remote.place.run, found, make_private_dir(target.path / "artifacts"))
        told = {
            "inputs": {
                "parameterValues": {**found.defaults, **run.parameters},
                "artifacts": {key: {"artifacts": [{"uri": str(path)}]} for key, path in paths.items()},
            }
        }
        make_private_dir(target.root.objects)
        runtime_files.copy(target.runtime)
        Pod(found.told, Artifacts(told), target, found.told.pipeline).prepare(root.parent)
    except (OSError, ValueError) as error:
        raise EnvironmentProblem.of("N2P761", f"what was fetched can't be used: {error}") from error
    except Failed as failed:
        raise BadInput.of("N2P618", failed.error.message, hint=failed.error.hint) from failed
    return Opened(target, _as_planned(step, found.told.steps), root.parent, run.notebook, (), {})


def _as_planned(step: StepRun, steps: tuple[str, ...]) -> StepRun:
    """The step by the id that the plan has: of YAML that was submitted as it is, only tasks are known."""
    return step if step.id in steps else replace(step, id=steps[0])
