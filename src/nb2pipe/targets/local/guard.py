"""A supervisor to watch in; out, the promise that nothing of its run outlives it, even if it is killed."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import types
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from nb2pipe.errors import EnvironmentProblem
from nb2pipe.journal import Journal, read_events
from nb2pipe.layout import RunDir
from nb2pipe.model import CancelRequested, RunFinished, RunStarted, RunState, Warned
from nb2pipe.processes import become_subreaper, die_with_parent, kill_descendants, signal_name

log = logging.getLogger(__name__)

_FAULT = 70  # EX_SOFTWARE

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def guard(run: RunDir, sockets: Path, supervise: Callable[[], int]) -> int:
    """Run `supervise` in a child and wait for it; then kill what it left and end its record. Returns an exit code.

    All that a run starts is below this process, a subreaper, whatever becomes of the processes in between.
    """
    become_subreaper()
    this = os.getpid()
    pid = os.fork()
    if pid == 0:
        _supervise_and_exit(this, supervise)

    def forward(number: int, _frame: types.FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    for number in SIGNALS:
        signal.signal(number, forward)
    code = _wait_for(pid)
    all_gone = kill_descendants()
    shutil.rmtree(sockets, ignore_errors=True)
    if code != 0:
        with contextlib.suppress(OSError, EnvironmentProblem):  # a full disk: the reader sees that nobody is left
            _end_record(run, code)
    return 0 if all_gone else 1


def _supervise_and_exit(parent: int, supervise: Callable[[], int]) -> NoReturn:
    code = _FAULT
    try:
        die_with_parent(parent, signal.SIGTERM)
        become_subreaper()  # a child doesn't inherit it: what a killed worker leaves comes here
        code = supervise()
    except BaseException:  # the child must never come back into the guard's code
        log.exception("the supervisor failed")
    finally:
        os._exit(code)


def _wait_for(pid: int) -> int:
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == pid:
            return os.waitstatus_to_exitcode(status)


def _end_record(run: RunDir, code: int) -> None:
    events = read_events(run.events)
    if not any(isinstance(event, RunStarted) for event in events) or isinstance(events[-1], RunFinished):
        return
    canceled = any(isinstance(event, CancelRequested) for event in events)
    how = f"was killed by {signal_name(-code)}" if code < 0 else f"ended with exit code {code}"
    run.ballast.unlink(missing_ok=True)
    journal = Journal(run.events)
    now = datetime.now(UTC)
    journal.append(Warned(now, f"the run's supervisor {how}; all that it had started was stopped"))
    journal.append(RunFinished(now, RunState.CANCELED if canceled else RunState.FAILED))
    journal.close()
