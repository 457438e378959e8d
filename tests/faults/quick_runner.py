"""A runner without a Jupyter kernel: the worker forks a process that has IPython and nb2pipe's runtime loaded.

All else is as in a real run: the step's own notebook, what it loads and stores, its facts. About 30 ms a step.
Each step that begins is a line of the file that TALLY names.
"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import nb2pipe.runtime.step
import nb2pipe.runtime.units  # noqa: F401  # loaded before the forks
from nb2pipe.processes import die_with_parent
from nb2pipe.targets.local.executed import ExecutedNotebook
from nb2pipe.targets.local.request import Job, Outcome, Report, Tell
from nb2pipe.targets.local.scrub import Scrubber


def run(job: Job, tell: Tell) -> Outcome:
    """Run the step's cells, in a process that is told of as its kernel."""
    tally(job.step.id)
    notebook = json.loads(job.files.notebook.read_bytes())
    executed = ExecutedNotebook(notebook, job.files.executed, Scrubber(()))
    reader, writer = os.pipe()
    worker = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _kernel(job, notebook["cells"], writer, worker)
    os.close(writer)
    tell(Report(kernel=pid))
    with os.fdopen(reader, encoding="utf-8") as lines:
        outcome = _follow(notebook["cells"], lines, executed, tell)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if outcome is None:
        outcome = Outcome("dead", exit_code=code)
    try:
        executed.save()
    except OSError as error:
        return Outcome("store", evalue=f"{executed.path}: {error.strerror}")
    return outcome


def tally(step: str) -> None:
    """Note that the step's cells begin."""
    descriptor = os.open(os.environ["TALLY"], os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, f"{step}\n".encode())
    os.close(descriptor)


def _follow(cells: list[Any], lines: Any, executed: ExecutedNotebook, tell: Tell) -> Outcome | None:
    number, role = None, ""
    for line in lines:
        if not line.endswith("\n"):
            return None
        told = json.loads(line)
        if "begin" in told:
            marker = cells[told["begin"]].get("metadata", {}).get("nb2pipe", {})
            role = marker.get("role", "cell")
            number = marker.get("cell") if role == "cell" else None
            tell(Report(cell=number))
            executed.begin_cell(number, tell)
        elif "printed" in told:
            text = executed.printed("stdout", told["printed"])
            cells[told["cell"]]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]
            cells[told["cell"]]["execution_count"] = told["cell"]
        elif "error" in told:
            return Outcome("error", number, role, *told["error"])
        elif "end" in told:
            return Outcome("completed")
    return None


def _kernel(job: Job, cells: list[Any], writer: int, worker: int) -> NoReturn:
    try:
        os.setpgid(0, 0)
        die_with_parent(worker, 9)
        os.chdir(job.request.folder)
        os.environ["NB2PIPE_STEP"] = str(job.files.request)
        shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}), colors="NoColor")
        for index, cell in enumerate(cells):
            if cell["cell_type"] != "code":
                continue
            _tell(writer, {"begin": index})
            sys.stdout = out = io.StringIO()
            result = shell.run_cell(cell["source"], store_history=True)
            if out.getvalue() and not (result.error_before_exec or result.error_in_exec):
                _tell(writer, {"cell": index, "printed": out.getvalue()})
            error = result.error_before_exec or result.error_in_exec
            if error is not None:
                _tell(writer, {"error": [type(error).__name__, str(error), ""]})
                os._exit(0)
        _tell(writer, {"end": True})
    finally:
        with suppress(BaseException):
            os._exit(0)
        os._exit(1)


def _tell(writer: int, content: dict[str, Any]) -> None:
    rest = (json.dumps(content) + "\n").encode()
    while rest:
        rest = rest[os.write(writer, rest) :]


RUNNER = f"{Path(__file__).stem}:run"
