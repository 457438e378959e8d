"""A step's notebook in; out, the notebook executed by papermill in a kernel of its own, and the facts of its end.

The door to papermill, nbclient and jupyter_client's managers: the supervisor imports this once, before it forks.
papermill gets the notebook as an object and no output path, parameters or working directory: it saves by rewriting
the file, pastes parameters as source, and changes the directory of the whole process. Its notebook metadata is not
used: it calls cells "completed" that were killed or never ran.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellExecutionError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from nb2pipe.model import Step
from nb2pipe.processes import descendants, die_with_parent, prepare_death_signal, usage
from nb2pipe.targets.local import kernel_client, memory
from nb2pipe.targets.local.executed import ExecutedNotebook
from nb2pipe.targets.local.request import Job, Outcome, Report, Tell
from nb2pipe.targets.local.scrub import Scrubber

ENGINE = "nb2pipe"
START_LIMIT_S = 60
SHUTDOWN_LIMIT_S = 5.0

_IOPUB_LIMIT_S = 60  # how long a cell's last outputs may take after its reply: a flood of prints needs seconds
_LONGEST_SOCKET_DIR = 70  # bytes; a Unix socket's path may have 107


def run(job: Job, tell: Tell) -> Outcome:
    """Run the step's notebook. Does not raise for anything that the user's code or the kernel may do."""
    notebook = _joined([job.run.step(step.id).notebook for step in job.members])
    scrubber = Scrubber(os.environ.get(name, "") for name in job.request.secret_variables)
    account = _Account()
    papermill_engines.register(ENGINE, StepEngine)
    # what a PapermillExecutionError knows is in the account already, and it also comes for cells that may fail
    with contextlib.suppress(PapermillExecutionError):
        papermill.execute_notebook(
            notebook,
            None,
            engine_name=ENGINE,
            kernel_name=job.request.kernel or "python3",
            progress_bar=False,
            autosave_cell_every=0,
            job=job,
            tell=tell,
            scrubber=scrubber,
            account=account,
        )
    if account.outcome is None:
        raise RuntimeError("papermill came back without having run the notebook")
    return account.outcome


def _joined(paths: Sequence[Path]) -> Any:  # noqa: ANN401  # nbformat has no types
    """The notebooks of the steps that share the process as one, each cell marked with its step (`path.parent.name`)."""
    notebooks = [nbformat.reads(path.read_text(encoding="utf-8"), as_version=4) for path in paths]
    for path, notebook in zip(paths, notebooks, strict=True):
        for cell in notebook.cells:
            cell.metadata.setdefault("nb2pipe", {})["step"] = path.parent.name
    joined = notebooks[0]
    joined.cells = [cell for notebook in notebooks for cell in notebook.cells]
    return joined


class _Account:
    """How the notebook ended: filled in by the engine, which papermill gives no way to return it."""

    outcome: Outcome | None = None


class StepEngine(NBClientEngine):  # type: ignore[misc]  # papermill has no types
    """papermill's engine with our client."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:  # noqa: ANN401
        """Run the notebook that `nb_man` holds; the facts go into `options["account"]`."""
        client = StepClient(nb_man, options["job"], options["tell"], options["scrubber"], kernel_name=kernel_name)
        options["account"].outcome = asyncio.run(client.run())


class _OneSpec(KernelSpecManager):  # type: ignore[misc]  # jupyter_client is skipped by mypy here
    """Knows the kernel that was found before the run, so that the run can't find another."""

    spec: KernelSpec

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:  # noqa: ARG002  # the base class's signature
        """The one spec, whatever its name."""
        return self.spec


class StepClient(PapermillNotebookClient):  # type: ignore[misc]  # papermill has no types
    """papermill's client, told to report what happens while it happens and to stop at the first error."""

    def __init__(self, nb_man: Any, job: Job, tell: Tell, scrubber: Scrubber, **options: Any) -> None:  # noqa: ANN401
        super().__init__(
            nb_man,
            raise_on_iopub_timeout=False,
            iopub_timeout=_IOPUB_LIMIT_S,
            startup_timeout=START_LIMIT_S,
            timeout=None,  # the supervisor holds the watch
            **options,
        )
        self.job = job
        self.tell = tell
        self.parts = self._parts(scrubber)
        self.executed = self.parts[job.step.id][1]
        self.process: Any = None
        self.asked_to_exit = False
        self.memory = memory.look()
        self.cpu_s = 0.0  # of the steps of this process that are done

    def _parts(self, scrubber: Scrubber) -> dict[str, tuple[list[tuple[int, Any]], ExecutedNotebook]]:
        """For each step of the process its cells, with their places in the notebook, and what becomes its own."""
        cells: dict[str, list[tuple[int, Any]]] = {step.id: [] for step in self.job.members}
        for index, cell in enumerate(self.nb.cells):
            cells[cell.metadata["nb2pipe"].pop("step")].append((index, cell))
        found = {}
        for step, own in cells.items():
            notebook = nbformat.from_dict({**self.nb, "cells": []})
            notebook.cells = [cell for _, cell in own]
            found[step] = (own, ExecutedNotebook(notebook, self.job.run.step(step).executed, scrubber))
        return found

    async def run(self) -> Outcome:
        """Start the kernel, run the cells of one step after the other, stop the kernel, save the notebooks."""
        members = self.job.members
        try:
            outcome = await self._start()
            for step in members if outcome is None else ():
                outcome = await self._run_step(step)
                if outcome.kind != "completed" or step is members[-1]:
                    break
                outcome = self._saved(outcome)
                if outcome.kind != "completed":
                    return outcome
                self.tell(Report(done=step.id, cpu_s=outcome.cpu_s, peak_bytes=outcome.peak_bytes))
        finally:
            await self._stop()
        if outcome is None:
            raise RuntimeError("the process has no step")
        return self._saved(outcome)

    async def _run_step(self, step: Step) -> Outcome:
        cells, self.executed = self.parts[step.id]
        saving = asyncio.create_task(self.executed.keep_saved())
        try:
            outcome = await self._run_cells(cells)
        finally:
            saving.cancel()
        if outcome.kind == "dead":
            return outcome
        cpu_s, peak = usage(descendants(os.getpid()))
        outcome = replace(outcome, cpu_s=max(0.0, cpu_s - self.cpu_s), peak_bytes=peak)
        self.cpu_s = cpu_s
        if outcome.kind == "completed":
            return outcome
        now = memory.look(self.process.pid)
        return replace(outcome, memory_bytes=now.limit_bytes, starved=now.kills > self.memory.kills)

    def _saved(self, outcome: Outcome) -> Outcome:
        """The outcome of the step that ran last, its notebook safely on the disk; or that it is not."""
        try:
            self.executed.save()
        except OSError as error:
            if outcome.kind == "completed":
                return Outcome("store", evalue=f"{self.executed.path}: {error.strerror}")
            self.tell(Report(warning=f"{self.executed.path} can't be saved: {error.strerror}"))
        return outcome

    def create_kernel_manager(self) -> AsyncKernelManager:
        """A manager for the command that was found before the run; sockets in a private directory where possible."""
        request = self.job.request
        specs = _OneSpec()
        specs.spec = KernelSpec(
            argv=kernel_client.without_debugger(request.kernel_argv, self.job.run.runtime),
            env=dict(request.kernel_env),
            display_name="",
            language="python",
        )
        manager = AsyncKernelManager(kernel_name=self.kernel_name, kernel_spec_manager=specs)
        manager.client_factory = kernel_client.StepKernelClient
        manager.shutdown_wait_time = SHUTDOWN_LIMIT_S / 2  # for one that has not ended when asked to
        folder = self.job.sockets
        if folder is not None:
            manager.connection_file = str(folder / "kernel.json")
            if os.name == "posix" and len(os.fsencode(folder)) <= _LONGEST_SOCKET_DIR:
                manager.transport = "ipc"  # a port of the loopback device is open to all users of the machine
        return manager

    async def _start(self) -> Outcome | None:
        """None once the kernel answers."""
        self.reset_execution_trackers()
        self.km = self.create_kernel_manager()
        if any("ipykernel" in part for part in self.job.request.kernel_argv):
            # not the user's history file: all their kernels share it, and its lock
            self.extra_arguments = ["--HistoryManager.hist_file=:memory:"]
        options: dict[str, Any] = {"env": _environment(self.job), "cwd": self.job.request.folder}
        if sys.platform.startswith("linux"):
            options["preexec_fn"] = _kernel_dies_with(os.getpid())
        try:
            await self.async_start_new_kernel(**options)
            self.process = self.km.provisioner.process
            self.tell(Report(kernel=self.process.pid))
            await self.async_start_new_kernel_client()
        except (OSError, RuntimeError) as error:
            code = self.process.poll() if self.process is not None else None
            return Outcome("start", evalue=str(error), exit_code=code)
        return None

    async def _run_cells(self, cells: Sequence[tuple[int, Any]]) -> Outcome:
        for index, cell in cells:
            marker = cell.metadata.get("nb2pipe", {})
            role, number = marker.get("role", "cell"), marker.get("cell")
            if cell.cell_type != "code":
                continue
            self.tell(Report(cell=number if role == "cell" else None))
            self.executed.begin_cell(number if role == "cell" else None, self.tell)
            try:
                await self.async_execute_cell(cell, index)
            except CellExecutionError as error:
                return Outcome("error", number, role, error.ename, *self._error_of(cell, error))
            except (DeadKernelError, RuntimeError):
                return self._death(number, role)
            finally:
                self.executed.end_cell(cell.outputs)
            if self.asked_to_exit:
                return Outcome("dead", number, role, exit_code=0)
        return Outcome("completed")

    def _error_of(self, cell: Any, error: CellExecutionError) -> tuple[str, str]:  # noqa: ANN401
        """The error's text and the user's traceback, from the cell's output."""
        scrub = self.executed.scrubber.text
        for output in reversed(cell.get("outputs", [])):
            if output.get("output_type") == "error":
                return scrub(output.get("evalue", "")), "\n".join(output.get("traceback", []))
        return scrub(error.evalue), ""

    def _death(self, cell: int | None, role: str) -> Outcome:
        code = _exit_code(self.process)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        now = memory.look()
        starved = now.kills > self.memory.kills
        return Outcome(
            "dead", cell, role, exit_code=code, peak_bytes=peak, memory_bytes=now.limit_bytes, starved=starved
        )

    async def _stop(self) -> None:
        """End the kernel. Its files go with their folder, and this process's sockets with the process."""
        if self.km is None:
            return
        if await kernel_client.end(self.km, SHUTDOWN_LIMIT_S / 2) and self.job.sockets is not None:
            return
        await self._async_cleanup_kernel()

    async def _check_raise_for_error(self, cell: Any, cell_index: int, exec_reply: Any) -> None:  # noqa: ANN401
        """As nbclient, and note an exit() or quit(): the kernel goes on for a moment and reports no error."""
        payload = (exec_reply or {}).get("content", {}).get("payload") or []
        self.asked_to_exit = any(item.get("source") == "ask_exit" and not item.get("keepkernel") for item in payload)
        await super()._check_raise_for_error(cell, cell_index, exec_reply)

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:  # noqa: ANN401
        """As nbclient, with secrets masked."""
        if msg["msg_type"] != "stream":
            msg["content"] = self.executed.scrubber.data(msg["content"])
        try:
            return super().process_message(msg, cell, cell_index)
        finally:
            self.executed.changed()

    def output(self, outs: Any, msg: Any, display_id: Any, cell_index: int) -> Any:  # noqa: ANN401
        """Printed text is told at once and joined to what stands before it; all else is nbclient's."""
        if msg["msg_type"] != "stream":
            return super().output(outs, msg, display_id, cell_index)
        content = msg["content"]
        content["text"] = self.executed.printed(content["name"], content["text"])
        if not content["text"]:
            return None
        if super().output(outs, msg, display_id, cell_index) is not None:
            self.executed.join(outs)
        return None


def _exit_code(process: Any) -> int | None:  # noqa: ANN401
    """The kernel's exit code; it may be on its way out still."""
    deadline = time.monotonic() + SHUTDOWN_LIMIT_S
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    code: int | None = process.poll()
    return code


def _kernel_dies_with(worker: int) -> Callable[[], None]:
    """For the kernel's process, between fork and exec: a killed worker takes its kernel along, whatever it does."""
    prepare_death_signal()
    return lambda: die_with_parent(worker, 9)


def _environment(job: Job) -> Mapping[str, str]:
    """The kernel's environment: ours, the step's `env:` options, and where the runtime finds itself and its step."""
    found = dict(os.environ)
    found.pop("MPLBACKEND", None)  # then figures are inline, as in Jupyter: with Agg, which CI sets, they outlive cells
    found.update(job.step.options.env)
    path = found.get("PYTHONPATH")
    found["PYTHONPATH"] = os.pathsep.join([str(job.run.runtime), *([path] if path else [])])
    found["NB2PIPE_STEP"] = str(job.files.request)
    if "PYTHONHASHSEED" not in found:
        # a text's hash is one and the same in all cells of a notebook; the steps are of several processes, and runs
        found |= {"PYTHONHASHSEED": "0", "NB2PIPE_HASH_SEED": "0"}
    return found
