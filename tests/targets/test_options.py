"""Options that are set by values, in real kernels: also of a library that a step imports later, or never."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from nb2pipe import api
from nb2pipe.model import Printed, RunState

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(180)]

CELLS = {
    "a": "import matplotlib\nimport decimal\nk = [5]",
    "b": "matplotlib.rcParams['lines.linewidth'] = k[0]\ndecimal.getcontext().prec = k[0]",
    "c": "import sys\nprint('mat' + 'plotlib' in sys.modules, decimal.Decimal(1) / 7)\n"
    "from matplotlib import rcParams\nprint(rcParams['lines.linewidth'])",
    "d": "import sys\nprint('mat' + 'plotlib' in sys.modules)",
}


def test_options_are_there_once_the_library_is(
    tmp_path: Path, write_steps: Callable[[Mapping[str, str]], Path]
) -> None:
    path = write_steps(CELLS)
    started = api.run(path, api.RunAsked(jobs=2))
    events = list(started.events())
    assert api.run_record(tmp_path, started.id).state is RunState.SUCCEEDED
    printed = {name: "".join(e.text for e in events if isinstance(e, Printed) and e.step == name) for name in "cd"}
    assert printed == {"c": "False 0.14286\n5.0\n", "d": "False\n"}
