"""Scripts and modules that stand beside the notebook: read as text where the notebook runs or imports them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from nb2pipe import api

HELPERS = "items = []\ndef add(x):\n    items.append(x)\ndef count():\n    return len(items)\ndef double(x):\n    return 2 * x\n"
HELPERS += "mode = 0\ndef put(x):\n    global mode\n    mode = x\ndef get():\n    return mode\n"


def analyzed(folder: Path, *cells: str) -> api.Analyzed:
    """A notebook in `folder`, each cell a step."""
    content: dict[str, Any] = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}}
    content["cells"] = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "metadata": {"tags": [f"step:s{n}"]},
            "source": cell,
            "outputs": [],
            "execution_count": None,
        }
        for n, cell in enumerate(cells, 1)
    ]
    path = folder / "n.ipynb"
    path.write_text(json.dumps(content), encoding="utf-8")
    return api.analyze(path)


def edges(found: api.Analyzed) -> set[tuple[str, str]]:
    assert found.pipeline is not None
    return {(edge.source, edge.target) for edge in found.pipeline.edges}


def codes(found: api.Analyzed) -> list[str]:
    return [f"{item.code} {item.severity}" for item in found.diagnostics]


def test_a_script_is_code_of_its_cell(tmp_path: Path) -> None:
    (tmp_path / "lib.py").write_text("v = [1]\ndef f():\n    return v\n")
    found = analyzed(tmp_path, "k = [1]", "%run lib.py", "print(f())", "print(k)")
    assert codes(found) == []
    assert edges(found) == {("s2", "s3"), ("s1", "s4")}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "%run lib.py"),
        ("v = [1]", "%run lib.py {k}"),
        ("v = [1]", "%run -p lib.py"),
        ("v = [", "%run lib.py"),
        ("v = [1]", "open('lib.py', 'w').write('w = 1')\n%run lib.py"),
        ("v = [1]\n" * 100_000, "%run lib.py"),
    ],
    ids=["is not there", "with arguments", "with a profile", "is no Python", "is written before", "is too long"],
)
def test_a_script_that_is_not_known_is_a_barrier(tmp_path: Path, content: str | None, line: str) -> None:
    if content is not None:
        (tmp_path / "lib.py").write_text(content)
    found = analyzed(tmp_path, "k = [1]", line, "print(k)")
    assert "N2P301" in str(codes(found))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes")
def test_nothing_but_a_file_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lib.py")
    assert "N2P301" in str(codes(analyzed(tmp_path, "%run lib.py")))


def test_a_script_that_runs_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "lib.py").write_text("v = [1]\nget_ipython().run_line_magic('run', 'lib.py')\n" * 2)
    assert "N2P301" in str(codes(analyzed(tmp_path, "%run lib.py", "print(v)")))


def test_nothing_of_it_is_executed(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    (tmp_path / "lib.py").write_text(f"open({str(mark)!r}, 'w')\n")
    analyzed(tmp_path, "%run lib.py\nimport lib\nlib.x", "x = 1")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("import helpers\nhelpers.add(1)", "import helpers\nprint(helpers.items)"), "11"),
        (("import helpers\nhelpers.add(1)", "import helpers\nprint(helpers.count())"), "11"),
        (("import helpers as h\nh.add(1)", "from helpers import count\nprint(count())"), "11"),
        (("import helpers\nhelpers.add(1)\nprint(helpers.items)", "print(helpers.double(3))"), "--"),
        (("import helpers\nprint(helpers.items)", "helpers.add(1)"), "--"),
        (("import other\nother.add(1)", "print(other.items)"), "--"),
        (("import helpers", "helpers.add(1)", "x = helpers.double(3)", "helpers.add(2)", "helpers.count()"), "-2-22"),
        (("import helpers", "helpers.put(1)", "x = 1", "helpers.put(2)", "helpers.get()", "helpers.get()"), "-2-222"),
        (("import helpers", "helpers.put(1)", "print(helpers.get())", "helpers.put(2)", "x = 1"), "-22--"),
    ],
    ids=[
        "read by name", "read by its function", "under other names", "in one step", "read before", "not there",
        "changed twice", "set twice", "set and not read",
    ],
)  # fmt: skip
def test_steps_that_share_the_state_of_a_module_share_a_process(
    tmp_path: Path, cells: tuple[str, ...], expected: str
) -> None:
    (tmp_path / "helpers.py").write_text(HELPERS)
    found = analyzed(tmp_path, *cells)
    assert found.pipeline is not None
    first = {step.id: str(number) for number, step in enumerate(found.pipeline.steps, 1)}
    assert "".join(first.get(step.process or "", "-") for step in found.pipeline.steps) == expected
    assert {item.code for item in found.diagnostics} == ({"N2P403"} if expected.strip("-") else set())
