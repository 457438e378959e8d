"""Cells as IPython runs them: trees, lines, and the problem where there is no tree."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from nb2pipe.analysis.ipython import Problem, parse_cell

LINES = [
    ("x = 1\ny = 2", [1, 2]),
    ("\n\n!ls\nx = 1", [3, 4]),
    ("!ls \\\n  -l\nx = 1", [1, 3]),
    ("%matplotlib inline\n\nx = 1", [1, 3]),
    ("x = !ls\ny = 2", [1, 2]),
    ("x = (7\n% 4)", [1]),
    ("s = '''\n% not a magic\n! nor a shell line\n'''\ny = 1", [1, 5]),
    ("df?\nx = 1", [1, 2]),
    ("pip install x", [1]),
    ("await f()", [1]),
    ("", []),
    ("# only a comment", []),
    ("%%bash\nls\n", [1]),
    ("  x = 1\n  y = 2", [1, 2]),
    ("x = 1\n%cd data\ny = 2", [1, 2, 3]),
]


@pytest.mark.parametrize(("source", "lines"), LINES)
def test_lines_are_the_cells(source: str, lines: list[int]) -> None:
    tree = parse_cell(source)
    assert isinstance(tree, ast.Module)
    assert [statement.lineno for statement in tree.body] == lines


BROKEN = [("x = 1\ny = = 2", 2), ("%time x = 1\ny = = 2", 2), ("a\0", 1), ("a\n\0", 2), ("if x:\n", 1)]


@pytest.mark.parametrize(("source", "line"), BROKEN)
def test_a_problem_has_its_line(source: str, line: int) -> None:
    found = parse_cell(source)
    assert isinstance(found, Problem)
    assert found.line == line


def test_plain_python_does_not_need_ipython() -> None:
    program = (
        "import sys\nfrom nb2pipe.analysis.ipython import parse_cell\n"
        "parse_cell('x = (7\\n% 4)')\nprint('IPython' in sys.modules)\nparse_cell('%time x')\nprint('IPython' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "True"]


@pytest.mark.parametrize(
    "source", ["x = 1", "def f():\n    return 1\n", "x = [\n  1,\n]", "if x:\n    y = 1\nelse:\n    y = 2"]
)
def test_both_ways_give_the_same_tree(source: str) -> None:
    from nb2pipe.analysis.ipython import _parse_ipython

    both = _parse_ipython(source)
    assert isinstance(both, ast.Module)
    assert ast.dump(both, include_attributes=True) == ast.dump(ast.parse(source), include_attributes=True)
