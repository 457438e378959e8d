"""A step of a run in; out, a notebook or a terminal that has its inputs as they were then."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nb2pipe import render, wire
from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.files import write_atomic, write_new
from nb2pipe.layout import RootDir, RunDir, StepDir
from nb2pipe.model import Json, StepError, StepRun
from nb2pipe.records import dataclass
from nb2pipe.runs import store
from nb2pipe.runs.left import step_of


@dataclass(frozen=True)
class Opened:
    """A step as a run had it. `folder` is the notebook's, `source` its file name there; `error`: how the step ended."""

    run: RunDir
    step: StepRun
    folder: Path
    source: str
    kernel: tuple[str, ...]
    kernel_env: Mapping[str, str]

    @property
    def files(self) -> StepDir:
        """Where the step's files lie."""
        return self.run.step(self.step.id)

    @property
    def error(self) -> StepError | None:
        """Why the step failed, if it did."""
        return self.step.error

    @property
    def notebook(self) -> Path:
        """Where its notebook goes by default."""
        return self.folder / f"{Path(self.source).stem}.{self.step.id}.debug.ipynb"


def opened(root: Path, which: str, name: str) -> Opened:
    """The step of this name or id in a run; for a step whose results were taken, in the run that made them.

    Raises BadInput: no such run (N2P602, N2P603) or step (N2P610), or it never began (N2P618).
    """
    run = store.load(root, which)
    step = step_of(run, name)
    if step.reused:
        return opened(root, step.reused, step.id)
    directory = RootDir(root).run(run.id)
    if not directory.step(step.id).request.is_file():
        why = step.because or "it waits for others"
        raise BadInput.of(
            "N2P618", f"step `{step.name}` did not begin in run {run.id}: {why}", hint="choose another run"
        )
    request = _request(directory)
    return Opened(
        directory,
        step,
        Path(request["folder"]),
        Path(request["notebook"]).name,
        tuple(request.get("kernel_argv", ())),
        dict(request.get("kernel_env", {})),
    )


def write_notebook(found: Opened, target: Path, *, overwrite: bool) -> None:
    """Write the step's debug notebook. Raises BadInput (N2P618) if something is there, EnvironmentProblem (N2P611)."""
    if target.exists() and not overwrite:
        raise BadInput.of(
            "N2P618", f"{target} is there already", hint="give another name with `-o`, or `--overwrite` it"
        )
    notebook = render.debug_notebook(_step_notebook(found), *_places(found), found.run.id, found.error)
    try:
        write_atomic(target, wire.dumps(notebook).encode("utf-8", "surrogatepass"))
    except OSError as error:
        raise EnvironmentProblem.of(
            "N2P611", f"{target} can't be written: {error.strerror or error}", hint="choose another place with `-o`"
        ) from error


@dataclass(frozen=True)
class Written:
    """A debug notebook. `position`: the cell to look at: where the step failed, else its first own one."""

    path: Path
    position: int


def write_beside(found: Opened) -> Written:
    """Write the step's debug notebook beside its source, under a name that is free. Raises EnvironmentProblem (N2P611).

    One that was written before and not changed since is taken as it is.
    """
    notebook = render.debug_notebook(_step_notebook(found), *_places(found), found.run.id, found.error)
    content = wire.dumps(notebook).encode("utf-8", "surrogatepass")
    for number in itertools.count(1):
        target = found.notebook if number == 1 else found.notebook.with_suffix(f".{number}.ipynb")
        try:
            if not target.exists():
                write_new(target, content)
            elif target.read_bytes() != content:
                continue
        except FileExistsError:  # just now
            continue
        except OSError as error:
            message = f"{target} can't be written: {error.strerror or error}"
            raise EnvironmentProblem.of("N2P611", message, hint="change the permissions of its folder") from error
        return Written(target, _position(notebook, found.error))
    raise AssertionError("numbers don't end")


def _position(notebook: Mapping[str, Json], error: StepError | None) -> int:
    cells: Any = notebook["cells"]
    told = [cell.get("metadata", {}).get("nb2pipe", {}) for cell in cells]
    own = [place for place, item in enumerate(told) if item.get("role") == "cell"]
    failed = [place for place in own if error is not None and told[place].get("cell") == error.cell]
    return next(iter([*failed, *own]), 0)


def console(found: Opened) -> int:
    """An IPython session in this terminal that has the step's inputs. Returns its exit code."""
    python = found.kernel[0] if found.kernel else sys.executable
    runtime, record = _places(found)
    environ = {**os.environ, **found.kernel_env}
    command = [python, "-c", _CONSOLE, runtime, record, str(found.files.notebook)]
    return subprocess.run(command, cwd=found.folder, env=environ, check=False).returncode  # noqa: S603  # no shell


_CONSOLE = (
    "import sys; sys.path.insert(0, sys.argv[1]); from nb2pipe.runtime.console import main; del sys.path[0]; "
    "main(sys.argv[2], sys.argv[3])"
)


def _places(found: Opened) -> tuple[str, str]:
    """The runtime's folder and the step's record, as from the notebook's folder where they are below it."""
    return _near(found.run.runtime, found.folder), _near(found.files.request, found.folder)


def _near(path: Path, folder: Path) -> str:
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return str(path.resolve())


def _step_notebook(found: Opened) -> Mapping[str, Json]:
    data: Mapping[str, Json] = json.loads(found.files.notebook.read_bytes())
    return data


def _request(run: RunDir) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(run.request.read_bytes())
    except (OSError, ValueError) as error:
        raise EnvironmentProblem.of("N2P605", f"{run.request} can't be read: {error}") from error
    return data
