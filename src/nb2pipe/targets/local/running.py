"""A worker's pipes in; out, what its step tells: reports, the outcome, the log."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import field

from nb2pipe import wire
from nb2pipe.processes import IS_LINUX
from nb2pipe.records import dataclass
from nb2pipe.targets.local.request import Job, Outcome, Report
from nb2pipe.targets.local.watch import read_all
from nb2pipe.targets.local.worker import Worker

MAX_LOG_BYTES = 1_000_000


@dataclass(frozen=True)
class Took:
    """What a step took: time by the clock, processor time of all its processes, the peak of the largest one."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_bytes: int = 0


@dataclass
class Running:
    """A step that runs now. `kill_at`: when it is killed, on the monotonic clock; None: not at all so far."""

    job: Job
    worker: Worker
    on_report: Callable[[Report], None]
    started: float = field(default_factory=time.monotonic)
    kernel: int | None = None
    cell: int | None = None
    outcome: Outcome | None = None
    timed_out: bool = False
    judged: bool = False
    kill_at: float | None = None
    _rest: bytes = b""
    _log: bytearray = field(default_factory=bytearray)

    @property
    def deadline(self) -> float | None:
        """When its time limit is reached, or it is to be killed, whichever comes next."""
        limit = self.job.step.options.timeout_s
        ends = [] if limit is None or self.timed_out else [self.started + limit]
        return min([*ends, *([] if self.kill_at is None else [self.kill_at])], default=None)

    @property
    def took(self) -> Took:
        """What it has taken so far, as far as it is known."""
        outcome = self.outcome or Outcome("")
        return Took(time.monotonic() - self.started, outcome.cpu_s, outcome.peak_bytes)

    @property
    def log(self) -> str:
        """What its processes wrote by themselves, the first part of it."""
        return self._log.decode(errors="replace")

    def read_channel(self) -> bool:
        """Take in the worker's messages; True once there will be no more."""
        content, ended = read_all(self.worker.channel)
        *lines, self._rest = (self._rest + content).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "outcome" in message:
                self.outcome = wire.read(Outcome, message["outcome"])
            else:
                self._take(wire.read(Report, message["report"]))
        return ended

    def read_log(self) -> bool:
        """Take in what its processes wrote; True once there will be no more."""
        content, ended = read_all(self.worker.log)
        self._log += content[: MAX_LOG_BYTES - len(self._log)]
        return ended

    def close(self) -> None:
        """Take in the rest and close the pipes: the worker is gone, and so are its children."""
        self.read_channel()
        self.read_log()
        os.close(self.worker.channel)
        os.close(self.worker.log)

    def interrupt(self, *, kill_in_s: float) -> None:
        """Let the kernel raise KeyboardInterrupt, so that the user's `finally:` runs; kill it if that isn't enough."""
        if self.kernel is None:
            kill_in_s = 0.0
        else:
            _signal_group(self.kernel, signal.SIGINT)
        at = time.monotonic() + kill_in_s
        self.kill_at = at if self.kill_at is None else min(at, self.kill_at)

    def kill(self) -> None:
        """Kill the worker; its kernel goes along, and what else it started is the supervisor's to find."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.worker.pid, signal.SIGKILL)
        if self.kernel is not None and not IS_LINUX:
            _signal_group(self.kernel, signal.SIGKILL)

    def _take(self, report: Report) -> None:
        if report.kernel is not None:
            self.kernel = report.kernel
        elif not report.text and not report.warning and report.cell is not None:
            self.cell = report.cell
        self.on_report(report)


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
