"""A step's process: a job in, reports and one outcome out, as JSON lines through a pipe.

On Linux it is forked from the supervisor, which has imported papermill already; elsewhere it is a new interpreter.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import signal
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import NoReturn, cast

from nb2pipe import wire
from nb2pipe.layout import RunDir
from nb2pipe.processes import IS_LINUX, become_subreaper, die_with_parent, kill_descendants
from nb2pipe.records import dataclass
from nb2pipe.targets.local.request import Job, Outcome, Report, Request, Runner

_CHANNEL = 3
_FIRST_INHERITED = 4


@dataclass(frozen=True)
class Worker:
    """A running worker: read its messages from `channel`, what its processes write by themselves from `log`."""

    pid: int
    channel: int
    log: int


def load_runner(name: str) -> Runner:
    """The runner `module:function`. Raises ImportError, AttributeError."""
    # by jsonschema, which does without it, nbformat would import this: a grammar that takes a second to be made
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # Python takes it for a failed import
    module, _, function = name.partition(":")
    collects = gc.isenabled()
    gc.disable()  # what is imported is kept: to look for garbage among it takes a sixth of the time
    try:
        return cast("Runner", getattr(importlib.import_module(module), function))
    finally:
        if collects:
            gc.enable()


def launch(job: Job, *, fork: bool = IS_LINUX) -> Worker:
    """Start a worker for the job. Raises OSError.

    The caller has no threads and waits for its children with `reap`.
    """
    channel_read, channel_write = os.pipe()
    log_read, log_write = os.pipe()
    try:
        pid = _fork(job, channel_write, log_write) if fork else _spawn(job, channel_write, log_write)
    except BaseException:
        os.close(channel_read)
        os.close(log_read)
        raise
    finally:
        os.close(channel_write)
        os.close(log_write)
    for descriptor in (channel_read, log_read):
        os.set_blocking(descriptor, False)
    return Worker(pid, channel_read, log_read)


def _fork(job: Job, channel: int, log: int) -> int:
    supervisor = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:  # the child: it never returns into the supervisor's code
        os.setsid()
        die_with_parent(supervisor, signal.SIGKILL)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDONLY)
        # first out of the way of 0 to 3, then into place: dup2 closes what it lands on
        sources = [os.dup(descriptor) for descriptor in (null, log, log, channel)]
        moved = [_above(descriptor) for descriptor in sources]
        for target, descriptor in enumerate(moved):
            os.dup2(descriptor, target, inheritable=target < _CHANNEL)
        os.closerange(_FIRST_INHERITED, _highest_descriptor() + 1)
        _work(job)
    except BaseException:  # noqa: BLE001  # whatever it is must not unwind into the supervisor's frames
        traceback.print_exc()
    finally:
        os._exit(1)


def _above(descriptor: int) -> int:
    while descriptor <= _CHANNEL:
        descriptor = os.dup(descriptor)
    return descriptor


def _highest_descriptor() -> int:
    return max(int(entry.name) for entry in Path("/proc/self/fd").iterdir())


def _spawn(job: Job, channel: int, log: int) -> int:
    """A new interpreter: forking is not safe with the frameworks of macOS."""
    null = os.open(os.devnull, os.O_RDONLY)
    sockets = str(job.sockets) if job.sockets is not None else ""
    module = "nb2pipe.targets.local.worker"
    argv = [sys.executable, "-P", "-m", module, str(job.run.path), job.step.id, str(job.attempt), sockets]
    actions = [(os.POSIX_SPAWN_DUP2, source, target) for target, source in enumerate((null, log, log, channel))]
    try:
        return os.posix_spawn(sys.executable, argv, os.environ, file_actions=actions)
    finally:
        os.close(null)


def main() -> NoReturn:
    """A spawned worker: the job is named by the arguments, and read from the run's directory."""
    os.setsid()
    run = RunDir(Path(sys.argv[1]))
    request = Request.read(run)
    sockets = Path(sys.argv[4]) if sys.argv[4] else None
    _work(Job(request, run, request.pipeline.step(sys.argv[2]), int(sys.argv[3]), sockets))


def _work(job: Job) -> NoReturn:
    become_subreaper()
    account = _Account()
    try:
        outcome = load_runner(job.request.runner)(job, account.tell)
    except BaseException as error:  # noqa: BLE001  # the boundary: nb2pipe's own fault becomes a failed step and a log
        traceback.print_exc()
        outcome = Outcome("internal", evalue=f"{type(error).__name__}: {error}")
    # nothing that the step started outlives it; those who left the session are found too
    kill_descendants()
    outcome = account.with_usage(outcome)
    with contextlib.suppress(OSError):  # no supervisor is left to be told
        _send("outcome", outcome)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


class _Account:
    """What the steps of this process took: all of it is known once all of its children have been waited for."""

    def __init__(self) -> None:
        self._told_s = 0.0

    def tell(self, report: Report) -> None:
        """Tell the supervisor."""
        self._told_s += report.cpu_s
        _send("report", report)

    def with_usage(self, outcome: Outcome) -> Outcome:
        """The outcome of the last step, with what it took. A peak that was seen is better than the system's.

        That one counts what the process had before it became a kernel: a copy of this one.
        """
        total = resource.getrusage(resource.RUSAGE_CHILDREN)
        peak = outcome.peak_bytes or total.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return replace(outcome, cpu_s=max(0.0, total.ru_utime + total.ru_stime - self._told_s), peak_bytes=peak)


def _send(kind: str, content: Report | Outcome) -> None:
    line = (json.dumps({kind: wire.encode(content)}) + "\n").encode("ascii")
    rest = memoryview(line)
    while rest:
        rest = rest[os.write(_CHANNEL, rest) :]


if __name__ == "__main__":
    main()
