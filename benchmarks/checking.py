"""`nb2pipe check` on notebooks without magics, to starting Python."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.analysis import KINDS, notebook
from benchmarks.measuring import NB2PIPE, NOTHING, Row, command, compared

_KIND = "one helper called"


def check(folder: Path, rounds: int) -> Iterator[Row]:
    """Cells that each call a helper on a small frame; every fifth begins a step."""
    for cells, aim in ((5, 10), (200, 12), (1000, 20)):
        path = folder / f"check{cells}.ipynb"
        path.write_text(json.dumps(notebook(KINDS[_KIND], cells, max(cells // 5, 1))), encoding="utf-8")
        run = (*NB2PIPE, "check", str(path))
        command(run)
        for place, kind in enumerate(("wall", "CPU")):
            ratio, base = compared(lambda: command(run)[place], lambda: command(NOTHING)[place], 2 * rounds)  # noqa: B023
            yield Row(f"`check`, {cells:,} cells, {kind}", ratio, aim, "`python -c pass`", base)
