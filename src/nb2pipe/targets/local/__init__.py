"""The local target: a Bundle in, run events out; each step in a kernel of its own on this machine.

start() ─▶ guard ─▶ supervisor ─fork─▶ worker (papermill) ─▶ kernel
              │          │ ready queue, time limits, verdicts, events.jsonl, the notebook's lock
              └ kills what is left if the supervisor is killed; the supervisor does so for a killed worker
"""

from nb2pipe.targets.local.ahead import Ahead
from nb2pipe.targets.local.ahead import start as start_ahead
from nb2pipe.targets.local.handle import LocalRun, attach, cancel, start
from nb2pipe.targets.local.isolated import copy as copy_folder
from nb2pipe.targets.local.options import check
from nb2pipe.targets.local.status import Status, StepStatus, status
from nb2pipe.targets.local.unchanged import UnchangedRun

name = "local"

__all__ = [
    "Ahead", "LocalRun", "Status", "StepStatus", "UnchangedRun", "attach", "cancel", "check", "copy_folder", "name",
    "start", "start_ahead", "status",
]  # fmt: skip
