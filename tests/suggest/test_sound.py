"""Whatever the notebook, the suggested pipeline has no error that the notebook without steps does not have."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from untagged import Content, notebook, suggested, tags_of

from nb2pipe.analyzing import Analyzed, analyze
from nb2pipe.model import Role, Severity
from nb2pipe.notebook import split, splits

CELLS = (
    "import os, functools, random\nimport numpy as np",
    "from math import *",
    "x = 1",
    "x = [1, 2, 3]",
    "y = x",
    "x.append(4)",
    "z = [v for v in y]\nprint(z)",
    "lines = (line for line in open('data.txt'))",
    "first = next(lines)",
    "lock = __import__('threading').Lock()",
    "with lock:\n    z = 2",
    "def f(a):\n    return a + x",
    "@functools.lru_cache\ndef g(a):\n    return a + len(y)",
    "print(g(3))\ny = [1]",
    "g.cache_info()",
    "f = 3",
    "exec('q = 1')",
    "print(q)",
    "del x",
    "_ + 1",
    "Out[2]",
    "%matplotlib inline",
    "!ls",
    "%%bash\nls",
    "a = (",
    "print(undefined)",
    "np.random.seed(0)",
    "draw = np.random.rand(3)",
    "os.chdir('..')",
    "os.environ['A'] = 'b'",
    "open('out.txt', 'w').write('1')",
    "text = open('out.txt').read()",
    "np.mean = lambda a: 0",
    "np.set_printoptions(precision=3)",
    "old = np.seterr(all='ignore')",
    "np.seterr(**old)",
    "class A:\n    made = []\n    def __init__(self):\n        A.made.append(self)",
    "A()\nprint(A.made)",
    "globals()['w'] = 5",
    "print(w)",
    "import matplotlib.pyplot as plt",
    "plt.plot([1, 2])",
    "fig, ax = plt.subplots()",
    "ax.plot(z)",
    "model = fit(x)\nmodel.fit(y)",
    "score = model.score(y)",
    "",
    "# only a comment",
    "try:\n    import pandas as pd\nexcept ImportError:\n    pd = None",
    "if x:\n    maybe = 1",
    "print(maybe)",
    "import sqlite3\ncon = sqlite3.connect(':memory:')",
    "rows = con.execute('select 1').fetchall()",
)
HEADINGS = (
    "#: # Title",
    "#: ## Load",
    "#: ## Load",
    "#: ### 2. Fit 模型",
    "#: # $x$",
    "#: ## imports",
    "#: text",
    "#: ## start",
)

notebooks = st.lists(st.sampled_from([*CELLS, *HEADINGS]), min_size=1, max_size=14).map(lambda cells: notebook(*cells))


def errors(found: Analyzed) -> set[tuple[str, str]]:
    """What is wrong, whichever steps there are."""
    return {
        (item.code, item.location.variable or f"{item.location.cell}:{item.location.line}")
        for item in found.diagnostics
        if item.severity is Severity.ERROR
    }


@settings(max_examples=40)
@given(notebooks)
def test_no_error_comes_from_the_cuts(content: Content) -> None:
    _sound(content)


def _sound(content: Content) -> None:
    bare = analyze(content)
    found = suggested(content)
    assert errors(found.analyzed) <= errors(bare)
    sections, problems = split(found.analyzed.notebook)
    assert [item for item in problems if item.code not in ("N2P112", "N2P113")] == []
    steps = {section.name: set(section.cells) for section in sections if not section.implicit}
    for part in found.parts:
        if part.role is Role.STEP:
            assert steps.pop(part.name) >= set(part.cells)
    assert steps == {}
    assert all(splits(tag) or tag == "parameters" for cell in tags_of(found) for tag in cell.split())


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_between_headings(cell: str) -> None:
    body = ["import numpy as np, os, functools", "#: ## A", "x = [np.zeros(3)]\ny = x\nz = x[0]", "#: ## B", cell,
            "#: ## C", "print(x, y, z)\nx.append(1)", "#: ## D", cell, "print(x)"]  # fmt: skip
    _sound(notebook(*body))


def test_the_same_notebook_gives_the_same_suggestion() -> None:
    content = notebook(*HEADINGS, *CELLS)
    assert suggested(content) == suggested(content)
