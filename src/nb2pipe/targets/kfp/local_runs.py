"""A compiled pipeline in, what came of running it by KFP's own local runner on this machine out."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from nb2pipe import wire
from nb2pipe.errors import EnvironmentProblem
from nb2pipe.files import make_private_dir
from nb2pipe.model import Json, StepError
from nb2pipe.records import dataclass
from nb2pipe.targets.kfp.told import ERROR_MARK, IMAGE_VARIABLE, KEPT_VARIABLE, WARNING_MARK, WORK_VARIABLE

_RUNNER = "nb2pipe.targets.kfp.local_runner"


@dataclass(frozen=True)
class Ended:
    """`error`: why it did not come to its end. `text`: all that was printed."""

    error: StepError | None
    warnings: tuple[str, ...]
    text: str


def run(pipeline: bytes, place: Path, *, image: Path, work: Path, kept: Path) -> Ended:
    """Run it in `place`, a directory of its own. Raises EnvironmentProblem: N2P523 without the SDK; OSError.

    Each step begins with a copy of the folder `image` at `work`, as a pod begins with its image. What the steps leave
    besides artifacts lies in `kept` then, as in a local run.
    """
    if importlib.util.find_spec("kfp") is None or importlib.util.find_spec("kfp.local") is None:
        raise EnvironmentProblem.of(
            "N2P523",
            "KFP's own runner isn't installed here",
            hint=f"run: {sys.executable} -m pip install 'nb2pipe[kfp]'",
        )
    make_private_dir(place)
    file, parameters = place / "pipeline.yaml", place / "parameters.json"
    file.write_bytes(pipeline)
    parameters.write_text("{}", encoding="ascii")
    folders = {IMAGE_VARIABLE: str(image), WORK_VARIABLE: str(work), KEPT_VARIABLE: str(kept)}
    code, text = _start([str(file), str(place / "artifacts"), str(parameters)], place, folders)
    lines = [line.strip() for line in text.splitlines()]
    warned = tuple(line.removeprefix(WARNING_MARK) for line in lines if line.startswith(WARNING_MARK))
    return Ended(None if code == 0 else _error(lines), warned, text)


def _start(arguments: list[str], cwd: Path, variables: Mapping[str, str]) -> tuple[int, str]:
    process = subprocess.Popen(  # noqa: S603  # our own module, no shell
        [sys.executable, "-P", "-m", _RUNNER, *arguments],
        cwd=cwd,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        text, _ = process.communicate()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return process.returncode, text.decode("utf-8", "replace")


def _error(lines: list[str]) -> StepError:
    for line in reversed(lines):
        if line.startswith(ERROR_MARK):
            found: dict[str, Json] = json.loads(line.removeprefix(ERROR_MARK))
            found.pop("step", None)
            return wire.read(StepError, found)
    last = next((line for line in reversed(lines) if line and set(line) != {"-"}), "it said nothing")
    return StepError("error", f"KFP's runner could not run the pipeline: {last}")
