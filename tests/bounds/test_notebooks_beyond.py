"""A notebook that takes too much: one error that names notebook, cell, cap and fix."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nb2pipe import api
from nb2pipe.config import Limits
from nb2pipe.errors import BadInput


def notebook(*sources: str) -> dict[str, Any]:
    cells = [{"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in sources]
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}


def write(folder: Path, *sources: str) -> Path:
    path = folder / "note.ipynb"
    path.write_text(json.dumps(notebook(*sources)))
    return path


def refused(source: api.Source, limits: Limits) -> tuple[str, str, str, str | None]:
    with pytest.raises(BadInput) as error:
        api.analyze(source, limits=limits)
    (problem,) = error.value.diagnostics
    return problem.code, str(problem.location), problem.message, problem.hint


MUCH = "x = y = 1\n" * 90_000


def test_cells_that_take_too_long(tmp_path: Path) -> None:
    path = write(tmp_path, "x = 1", MUCH, MUCH, MUCH, MUCH)
    code, where, message, hint = refused(path, Limits(max_cpu_s=1))
    assert code == "N2P114"
    assert where in {f"{path} cell {number}" for number in (2, 3, 4, 5)}
    assert message == "analysis took more than 1 seconds of CPU time while it looked at this cell, and was ended"
    assert hint == "split the cell, or take what is generated out of it; or set NB2PIPE_MAX_CPU_S higher"


def test_a_file_that_takes_too_much_memory(tmp_path: Path) -> None:
    path = tmp_path / "note.ipynb"
    path.write_text('{"nbformat": 4, "cells": [], "metadata": {"x": [' + "[]," * 1_000_000 + "[]]}}")
    code, where, message, _ = refused(path, Limits(max_memory_bytes=50_000_000))
    assert (code, where) == ("N2P114", str(path))
    assert message == "analysis took more than 50,000,000 bytes of memory while it read the notebook, and was ended"


def test_unsaved_content_has_no_path() -> None:
    code, where, _, _ = refused({**notebook("x = 1"), "x": ["y"] * 3_000_000}, Limits(max_memory_bytes=20_000_000))
    assert (code, where) == ("N2P114", "")


def test_what_comes_back_is_what_is_found_in_this_process(tmp_path: Path) -> None:
    content = notebook("import math\nx = math.pi", "%time print(x)", "print(undefined)")
    path = write(tmp_path, "import math\nx = math.pi", "%time print(x)", "print(undefined)")
    for source in (content, path):
        there, here = api.analyze(source), api.analyze_here(source, Limits())
        assert there == here
        assert there.notebook.raw == here.notebook.raw
        assert [item.code for item in there.errors] == ["N2P201"]


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "9" * 16, "9" * 5000, ""])
def test_a_limit_that_is_no_count(value: str) -> None:
    with pytest.raises(BadInput, match="NB2PIPE_MAX_CPU_S"):
        Limits.from_environment({"NB2PIPE_MAX_CPU_S": value})


def test_limits_from_the_environment() -> None:
    given = {"NB2PIPE_MAX_CPU_S": "3", "NB2PIPE_MAX_MEMORY_BYTES": "9" * 15}
    assert Limits.from_environment(given) == Limits(max_cpu_s=3, max_memory_bytes=int("9" * 15))
    assert api.analyze(notebook("x = 1"), limits=Limits.from_environment(given)).errors == ()


def test_a_helper_that_is_called_in_every_cell_ties_no_cells_together() -> None:
    """What it gives was one object after some calls, and each cell looked through all that shared it."""
    first = "import pandas as pd\ndef load(x):\n    return pd.DataFrame({'a': [x]})\n"
    sources = [f"d{number} = load({number})\nd{number}['b'] = d{number}['a'].sum()\n" for number in range(400)]
    content = notebook(first, *sources)
    for position, cell in enumerate(content["cells"]):
        cell["metadata"]["tags"] = [f"step:s{position}"]
    found = api.analyze(content, limits=Limits(max_cpu_s=5))
    assert found.pipeline is not None
    assert found.pipeline.edges == ()
