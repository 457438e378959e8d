"""What a pod printed in; its warnings, and the error that the step program reports at its end, out.

The program has no other way to say it: of a pod that failed, KFP keeps the log and nothing else.
"""

from __future__ import annotations

import json

from nb2pipe import wire
from nb2pipe.model import StepError
from nb2pipe.records import dataclass
from nb2pipe.targets.kfp.told import ERROR_MARK as MARK
from nb2pipe.targets.kfp.told import WARNING_MARK as WARNING

_LONGEST = 200_000


@dataclass(frozen=True)
class Report:
    """The step that failed, and how."""

    step: str
    error: StepError


def report_of(log: str) -> Report | None:
    """The last report in a log. A line that is none, since a cell printed it, counts for nothing."""
    place = log.rfind("\n" + MARK) + 1 if not log.startswith(MARK) or "\n" + MARK in log else 0
    if not log.startswith(MARK, place):
        return None
    line = log[place + len(MARK) :].split("\n", 1)[0]
    try:
        data = json.loads(line[:_LONGEST])
        step = data.pop("step")
        error: StepError = wire.decode(StepError, data)
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError):
        return None
    return Report(step, error) if isinstance(step, str) else None


def warnings_of(log: str) -> tuple[str, ...]:
    """What the step's program warns of, each once."""
    found = (line.removeprefix(WARNING).strip() for line in log.splitlines() if line.startswith(WARNING))
    return tuple(dict.fromkeys(found))


def without_report(log: str) -> str:
    """The log as people read it: what is told otherwise is left out."""
    return "".join(line for line in log.splitlines(keepends=True) if not line.startswith((MARK, WARNING)))
