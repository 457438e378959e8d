"""What a pod has to say: to people in its log, to who follows the run, and to Kubernetes."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from nb2pipe import wire
from nb2pipe.model import StepError
from nb2pipe.targets.kfp.told import ERROR_MARK, WARNING_MARK
from nb2pipe.targets.local.request import Report
from nb2pipe.targets.local.scrub import Scrubber

_TERMINATION_LOG = Path("/dev/termination-log")
_MAX_TERMINATION_BYTES = 4096


class Failed(Exception):
    """The task fails, for this reason."""

    def __init__(self, error: StepError, step: str = "") -> None:
        super().__init__(error.message)
        self.error = error
        self.step = step


def say(error: StepError, step: str) -> None:
    """Say why the task failed. Kubernetes shows the line with the pod."""
    sys.stdout.flush()
    lines = [error.traceback.rstrip(), error.message, f"  fix: {error.hint}" if error.hint else ""]
    data = wire.encode(replace(error, traceback=""))
    lines.append(ERROR_MARK + json.dumps({"step": step, **(data if isinstance(data, dict) else {})}))
    _write("".join(f"{line}\n" for line in lines if line))
    if _TERMINATION_LOG.is_file() and os.access(_TERMINATION_LOG, os.W_OK):
        _TERMINATION_LOG.write_bytes(f"{error.message}\n".encode(errors="replace")[:_MAX_TERMINATION_BYTES])


def warn(message: str) -> None:
    """Say what people should know and what stops nothing."""
    _write(f"{WARNING_MARK}{message}\n")


def pass_on(report: Report) -> None:
    """What a cell printed goes into the pod's log as it comes."""
    if report.text:
        _write(report.text, out=report.stream != "stderr")
    if report.warning:
        warn(report.warning)


def scrubbed(error: StepError, scrubber: Scrubber) -> StepError:
    """The error with secrets masked."""
    return replace(
        error,
        message=scrubber.text(error.message),
        traceback=scrubber.text(error.traceback),
        hint=scrubber.text(error.hint) if error.hint else error.hint,
    )


def _write(text: str, *, out: bool = False) -> None:
    stream = sys.stdout if out else sys.stderr
    stream.write(text.encode(stream.encoding or "utf-8", "backslashreplace").decode(stream.encoding or "utf-8"))
    stream.flush()
