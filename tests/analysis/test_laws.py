"""Laws: composing cells, same input same bytes, bounds on time and memory, nothing executed, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nb2pipe import wire
from nb2pipe.analysis.names import UNIT, compose
from nb2pipe.model import At, Names

Link = Callable[..., Any]
NAME = st.sampled_from(["a", "b", "c"])


@st.composite
def names(draw: st.DrawFn) -> Names:
    """What one cell may do to three names."""
    at = At(draw(st.integers(0, 9)), draw(st.integers(1, 9)))
    places = st.dictionaries(NAME, st.just(at), max_size=3)
    binds, deletes, needs, soft = draw(places), draw(places), draw(places), draw(places)
    settled = frozenset(draw(st.sets(NAME))) & (binds.keys() | deletes.keys())
    return Names(
        needs=needs,
        soft={name: at for name, at in soft.items() if name not in needs},
        binds=binds,
        must=settled & binds.keys() - deletes.keys(),
        settled=settled,
        deletes=deletes,
        updates=draw(places),
        barrier=(at, "why") if draw(st.booleans()) else None,
    )


@given(names(), names(), names())
@settings(max_examples=500, deadline=None)
def test_composition_is_associative(one: Names, two: Names, three: Names) -> None:
    assert compose(compose(one, two), three) == compose(one, compose(two, three))


@given(names())
def test_no_cell_changes_nothing(one: Names) -> None:
    assert compose(one, UNIT) == one
    assert compose(UNIT, one) == one


PIECES = st.sampled_from(
    [
        "x = [1]", "y = x", "x.append(2)", "def f(a):\n    a.append(x)\n    return y", "z = f(x)", "del y", "for i in x:\n    y = [i]", "x += [3]",
        "print(x, y, z)", "class A:\n    def m(self):\n        self.k = x\na = A()", "a.m()", "if x:\n    z = [1]", "try:\n    x = [int(z)]\nexcept E as z:\n    pass",
        "%time y = x", "!echo {x}", "exec(x)", "y = [i for i in x]", "open('a', 'w')", "open('a')", "global x\nx = [9]", "lambda: x", "import os", "x, y = y, x",
    ]
)  # fmt: skip


@given(st.lists(PIECES, min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_one_step_of_all_cells_is_the_composition_of_its_cells(pieces: list[str]) -> None:
    """A step's needs don't depend on how its code is cut into cells, but for what cutting makes surer."""
    from nb2pipe import analysis
    from nb2pipe.model import Cell, Notebook, Role, Section

    def needs(sources: list[str]) -> set[str]:
        section = Section("a", "a", Role.STEP, tuple(range(len(sources))))
        notebook = Notebook(None, tuple(Cell(index, source) for index, source in enumerate(sources)))
        summary = analysis.summarise(notebook, [section])
        pipeline, _ = analysis.link(notebook, [section], summary)
        return set(pipeline.step("a").outputs)

    whole = [piece for piece in pieces if piece[0] not in "%!"]
    if whole:
        assert needs(whole) == needs(["\n".join(whole)])


HOSTILE = [
    "x = " + "[" * 90 + "]" * 90,
    "x = " + "+".join(["1"] * 3000),
    "\n".join(f"def f{i}():\n    return f{i + 1}() + f{i + 1}()" for i in range(40)) + "\ndef f40(): return 1\nf0()",
    "\n".join(f"{'    ' * i}for i{i} in range(2):" for i in range(18)) + "\n" + "    " * 18 + "x = 1",
    "\n".join(f"{'    ' * i}if x{i}:" for i in range(60)) + "\n" + "    " * 60 + "x = 1",
    "def f(g):\n    return g(g)\nf(f)",
    "x = (lambda f: f(f))(lambda f: f(f))",
    "class A(A):\n    pass" if False else "class A: pass\nclass A(A): pass\nA().m()",
    "x = 'a' * 10**9",
    "x = 9 ** 9 ** 9",
    "\n".join(f"x{i} = [x{i - 1}, x{i - 1}]" if i else "x0 = []" for i in range(300)),
    "\n".join("x = foo.bar(x)" for _ in range(2000)),
    "d = {}\n" + "\n".join(f"d[{i}] = d" for i in range(500)),
    "eval('eval(\"x\")')",
    "exec('exec(\"exec(1)\")')",
    "s = 'exec(s)'\nexec(s)\nexec('exec(s)')",
    "f'{x!r:{y:{z}}}'",
    "%%time\n%%time\n%%time\nx = 1",
    "a" * 100_000,
    "x = 1;" * 5_000,
    "\n".join(f"def f{i}(a=[]):\n    a.append(f{i})\n    return f{i}" for i in range(300)) + "\nfor g in [" + ",".join(f"f{i}" for i in range(300)) + "]:\n    g()",
]  # fmt: skip


@pytest.mark.parametrize("source", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.timeout(20)
def test_hostile_cells_end_within_bounds(cells: Link, source: str) -> None:
    cells(("parameters", "n = 9 ** 9 ** 9\nm = 'a' * 10 ** 12"), ("a", source), ("b", "print(x)"))


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_cell(text: str) -> None:
    from nb2pipe import analysis
    from nb2pipe.model import Cell, Notebook, Role, Section

    notebook = Notebook(None, (Cell(0, text),))
    sections = [Section("a", "a", Role.STEP, (0,))]
    analysis.link(notebook, sections, analysis.summarise(notebook, sections))


def test_nothing_is_executed(cells: Link, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    cells(
        ("parameters", f"n = open({str(mark)!r}, 'w')"),
        ("a", f"open({str(mark)!r}, 'w')\n!touch {mark}\nexec({f'open({str(mark)!r}, chr(119))'!r})"),
    )
    assert not mark.exists()


BIG = 1_000


def big_notebook() -> list[tuple[str, str]]:
    """A thousand cells in two hundred and fifty steps, of the kind that people write."""
    found = [("imports", "import numpy as np\nimport pandas as pd\nfrom sklearn.linear_model import LinearRegression")]
    found.append(("functions", "def clean(df):\n    df = df.dropna()\n    df['k'] = df['a'] * 2\n    return df"))
    for number in range(BIG - 2):
        kind = number % 5
        step = f"s{number // 4}"
        found.append(
            (
                step,
                [
                    f"df{number} = pd.read_csv('in{number}.csv')\ndf{number} = clean(df{number})\ndf{number}.head()",
                    f"X{number} = df{number - 1}[['a', 'b']]\ny{number} = df{number - 1}['t']\nprint(X{number}.shape)",
                    f"m{number} = LinearRegression()\nm{number}.fit(X{number - 1}, y{number - 1})",
                    "total = 0\nfor i in range(3):\n    if i:\n        total = total + i\nprint(total)",
                    f"result{number} = {{'k': total, 'm': m{number - 2}.coef_}}\nnp.mean(result{number}['k'])",
                ][kind],
            )
        )
    return found


def test_a_thousand_cells_take_linear_work(cells: Link) -> None:
    """Objects of the analysis grow with the cells, not with their square."""
    half = cells(*big_notebook()[: BIG // 2])
    whole = cells(*big_notebook())
    assert whole.errors == []
    assert len(whole.pipeline.steps) == 250
    assert len(half.pipeline.edges) > 50
    assert len(whole.pipeline.edges) <= 2.2 * max(1, len(half.pipeline.edges)) + 10
    assert sum(len(edge.variables) for edge in whole.pipeline.edges) < 5 * BIG  # `clean` is called all over


def test_same_input_same_bytes_whatever_the_hash_seed() -> None:
    program = (
        "import sys, hashlib\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "import conftest, test_laws\n"
        "from nb2pipe import wire\n"
        "linked = conftest.link_cells(test_laws.big_notebook()[:60] + test_laws.MIXED)\n"
        "text = wire.dumps([wire.encode(linked.pipeline), wire.encode(linked.diagnostics)])\n"
        "print(hashlib.sha256(text.encode()).hexdigest())\n"
    )
    found = set()
    for seed in ("0", "1", "77"):
        result = subprocess.run(
            [sys.executable, "-c", program, str(Path(__file__).parent)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(result.stdout)
    assert len(found) == 1


MIXED = [
    ("a", "x = [1]\ny = x\nz = {'k': y}\ndef f(a, b):\n    a.append(b)\n    global w\n    w = a\n    return x, y, z"),
    ("b", "f(x, y)\nz['k'].append(w)\n%frobnicate\n!echo {x} > out.txt"),
    ("c", "try:\n    q = [x, y, z]\nexcept (ValueError, KeyError) as e:\n    q = undefined\nprint(q, w, typo)"),
    ("d", "import random\nrandom.seed(1)\nopen('out.txt').read()"),
]


def test_mixed_links(cells: Link) -> None:
    linked = cells(*MIXED)
    assert wire.encode(linked.pipeline)
    assert "N2P302" in linked.codes
