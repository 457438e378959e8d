"""What a caller asks of a run, as data: made by the command or by Python code, read by `running` and `sealed`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path

from nb2pipe.model import Json
from nb2pipe.records import dataclass


@dataclass(frozen=True)
class Asked:
    """What the caller of `run` asks for. `parameters` as in `running.plan`; `values` need no reading.

    `jobs`: steps at a time, by default the number of processors. `kernel`: a kernelspec that goes before the
    notebook's. `run_dir`: in place of `.nb2pipe/` beside the notebook. `isolated`: in a copy of the notebook's
    folder, where no earlier results are taken and none are kept. `output`: where the notebook with all outputs is
    copied to when the run ends. `safe`: see `running.plan`. `force`: fresh steps run as well, those of `only` if any
    are named there. `only`: these steps (names or ids) and what they need. `since`: this step and all that wait for it
    run, fresh or not.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    parameters_file: Path | None = None
    values: Mapping[str, Json] = field(default_factory=dict)
    jobs: int | None = None
    kernel: str | None = None
    run_dir: Path | None = None
    isolated: bool = False
    output: Path | None = None
    safe: bool = False
    force: bool = False
    only: Sequence[str] = ()
    since: str | None = None
