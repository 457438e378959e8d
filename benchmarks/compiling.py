"""`nb2pipe compile --to kfp` to kubeflow-kale on the same chain of steps: two commands as people call them.

Kale is a peer only, in an environment of its own; `KALE` names its command (`KALE=/path/to/kale`). Without it there is
no row.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import NB2PIPE, Row, command, compared, write_notebook

_VARIABLES = 5  # that each step hands on


def compile_(folder: Path, rounds: int) -> Iterator[Row]:
    """A chain of 2, 20 and 200 steps. Kale gets the edges as `prev:` tags, which nb2pipe reads too."""
    kale = os.environ.get("KALE", "")
    if not shutil.which(kale):
        return
    for steps, aim in ((2, 1 / 4), (20, None), (200, 1 / 20)):
        path = _chain(folder / f"chain{steps}.ipynb", steps)
        ours = (*NB2PIPE, "compile", str(path), "--to", "kfp", "-o", str(folder / f"chain{steps}.yaml"))
        theirs = (kale, "--nb", str(path))
        command(ours)
        for place, kind in enumerate(("wall", "CPU")):
            ratio, base = compared(
                lambda: command(ours, folder)[place],  # noqa: B023
                lambda: command(theirs, folder)[place],  # noqa: B023
                max(1, rounds if steps < 200 else rounds // 3),
            )
            yield Row(f"`compile`, {steps} steps, {kind}", ratio, aim, "kubeflow-kale 2.3.0", base)


def _chain(path: Path, steps: int) -> Path:
    """Each step makes five numbers of those of the step before."""
    cells = [("imports", "import math")]
    for step in range(steps):
        lines = []
        for number in range(_VARIABLES):
            before = f"v{step - 1}_{number} + " if step else ""
            lines.append(f"v{step}_{number} = {before}math.sqrt({number})")
        cells.append((f"step:s{step}", "\n".join(lines)))
    write_notebook(path, cells)
    content = json.loads(path.read_text(encoding="utf-8"))
    for step, cell in enumerate(content["cells"][2:], 1):
        cell["metadata"]["tags"].append(f"prev:s{step - 1}")
    content["metadata"]["kubeflow_notebook"] = {"experiment_name": "bench", "pipeline_name": "bench"}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
