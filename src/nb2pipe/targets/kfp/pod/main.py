"""A task as KFP starts it: its executor input in, its exit code out."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nb2pipe import wire
from nb2pipe.layout import RunDir
from nb2pipe.model import StepError
from nb2pipe.targets.kfp import names
from nb2pipe.targets.kfp.packing import unpack
from nb2pipe.targets.kfp.pod.artifacts import Artifacts
from nb2pipe.targets.kfp.pod.saying import Failed, say
from nb2pipe.targets.kfp.pod.task import Pod
from nb2pipe.targets.kfp.told import SCHEMA, Told


def run(executor_input: Mapping[str, Any], folder: Path) -> int:
    """Run the task. `folder`: a new one, nb2pipe's modules in it as in a run's. Returns the exit code."""
    try:
        artifacts = Artifacts(executor_input)
        told = wire.read(Told, unpack(str(artifacts.parameters.get(names.TOLD))))
        if told.schema != SCHEMA:
            raise ValueError("this task was compiled by another version of nb2pipe")  # noqa: TRY301
        Pod(told, artifacts, RunDir(folder / "runs" / "kfp"), told.pipeline).run()
    except Failed as failed:
        say(failed.error, failed.step)
        return 1
    except (OSError, ValueError) as error:
        say(StepError("store", f"this step's inputs or outputs can't be read or written: {error}"), "")
        return 1
    except Exception as error:  # noqa: BLE001  # the edge: what gets here is our bug, and is told as one
        traceback.print_exc()
        say(StepError("error", f"nb2pipe failed: {type(error).__name__}: {error}", hint="please report it"), "")
        return 1
    return 0
