"""A step of an earlier run in; out, this kernel as the step's was before its first cell. For people who debug it.

Nothing that happens here comes into the run's records.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from nb2pipe.runtime import spec, step
from nb2pipe.runtime.step import load

__all__ = ["begin", "load"]


def begin(record: str) -> None:
    """Take on the step of this `step.json`. Its inputs come with `load`. Raises StepProblem."""
    told = spec.read(record)
    os.chdir(told["folder"])
    os.environ.update(dict(told["plan"].get("options", {}).get("env", ())))
    out = tempfile.mkdtemp(prefix="nb2pipe-debug-")
    try:
        step.take_on({**told, "out": out, "may_wait": False}, watched=False)
    finally:
        shutil.rmtree(out, ignore_errors=True)  # only what is watched writes there
    sys.stdout.write(
        f"step {told['step']} of {Path(told['notebook']).name}, as it was before cell {_first(told) + 1}\n"
    )


def _first(told: dict[str, object]) -> int:
    plan = told["plan"]
    return min(plan["cells"], default=0) if isinstance(plan, dict) else 0
