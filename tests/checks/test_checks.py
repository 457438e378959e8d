"""What will go wrong when the pipeline runs, told beforehand; and twins that are fine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from nb2pipe import analysis, checks
from nb2pipe.checks import Walked
from nb2pipe.model import Cell, Diagnostic, Location, Names, Notebook, Pipeline, Role, Section, Severity


def linked(
    *sources: str, counts: tuple[int | None, ...] = ()
) -> tuple[Notebook, list[Section], Pipeline, Walked, Sequence[Names]]:
    """A notebook of steps a, b, c ..., one cell each."""
    cells = [Cell(index, source) for index, source in enumerate(sources)]
    cells = [
        replace(cell, execution_count=count) for cell, count in zip(cells, counts or [None] * len(cells), strict=True)
    ]
    names = [chr(ord("a") + index) for index in range(len(sources))]
    sections = [Section(name, name, Role.STEP, (index,)) for index, name in enumerate(names)]
    notebook = Notebook(None, tuple(cells))
    summary = analysis.summarise(notebook, sections)
    pipeline, _ = analysis.link(notebook, sections, summary)
    return notebook, sections, pipeline, checks.walked(summary.trees), summary.names


def check(*sources: str, counts: tuple[int | None, ...] = ()) -> tuple[Diagnostic, ...]:
    """Problems of a notebook of steps a, b, c ..., one cell each."""
    return checks.check(*linked(*sources, counts=counts))


INTERACTIVE = [
    ("x = input()", True),
    ("x = input('name: ')", True),
    ("import getpass\ngetpass.getpass()", True),
    ("from getpass import getpass as g\ng()", True),
    ("import pdb; pdb.set_trace()", True),
    ("breakpoint()", True),
    ("%debug", True),
    ("%pdb on", True),
    ("%pdb off", False),
    ("from IPython import embed\nembed()", True),
    ("def input():\n    return 1\ninput()", False),
    ("class A:\n    def input(self):\n        return 1\nA().input()", False),
    ("x = 'input()'", False),
]


@pytest.mark.parametrize(("source", "found"), INTERACTIVE)
def test_interactive(source: str, found: bool) -> None:
    assert [item.code for item in check(source)] == (["N2P320"] if found else [])


CROSSING = [
    ("f = open('a')", "print(f.read())", "an open file"),
    ("import sqlite3\nf = sqlite3.connect(':memory:')", "f.execute('x')", "a database connection"),
    ("from threading import Lock\nf = Lock()", "f.acquire()", "a lock"),
    ("f = (i for i in [1])", "print(list(f))", "a generator"),
    ("def g():\n    yield 1\nf = g()", "print(list(f))", "a generator"),
    ("f = [i for i in [1]]", "print(list(f))", None),
    ("import sqlite3\nf, n = sqlite3.connect('a'), 1", "print(f)", "a database connection"),
    ("import sqlite3\nn, f = sqlite3.connect('a'), 1", "print(f)", None),
    ("import sqlite3\nc = sqlite3.connect('a')\nf = c.cursor()", "print(f)", "a database cursor"),
    ("import plotting\nc = plotting.connect('a')\nf = c.cursor()", "print(f)", None),
    ("import sqlite3\nc = sqlite3.connect('a')\nf = c.execute('x').fetchall()", "print(f)", None),
    ("import sqlalchemy as sa\ne = sa.create_engine('a')\nf = e.connect()", "print(f)", "a database connection"),
    ("f = {'a': open('a')}", "print(f)", "a dict that holds an open file"),
    ("f = [open(p) for p in 'ab']", "print(f)", "a list that holds an open file"),
    ("f = {'a': open('a').read()}", "print(f)", None),
    ("f = {'a': open('a')}\ndel f['a']", "print(f)", None),
    ("f = [open('a')]\nf.pop().close()", "print(f)", None),
    ("f = open('a')\nfor f in [1]:\n    pass", "print(f)", None),
    ("f = [open(p).read() for p in 'ab']", "print(f)", None),
    (
        "from pyspark.sql import SparkSession\nf = SparkSession.builder.appName('x').getOrCreate()",
        "f.sql",
        "a Spark session",
    ),
    ("f = (i for i in [1])", "for _ in range(3):\n    print(next(f))", "a generator"),
    ("f = (i for i in [1])", "x = [next(f) for _ in range(3)]", "a generator"),
    ("f = (i for i in [1])\ndef g():\n    return next(f)", "while x():\n    g()", "a generator"),
    ("f = (i for i in [1])\ndef g():\n    return next(f)", "print(dir())", None),
    ("f = (i for i in [1])", "exec(open('code').read())", None),
    ("f = open('a')\nf = f.read()", "print(f)", None),
    ("f = open('a')", "x = 1", None),
    ("def open(x):\n    return x\nf = open('a')", "print(f)", None),
]


@pytest.mark.parametrize(("a", "b", "what"), CROSSING)
def test_crossing(a: str, b: str, what: str | None) -> None:
    pipeline, read = linked(a, b)[2:4]
    found = [(item.variable, item.what, item.provider, item.reader) for item in checks.unmovable(pipeline, read)]
    assert found == ([] if what is None else [("f", what, "a", "b")])


OUTSIDE = [
    ("from datetime import datetime\nstamp = datetime.now()\nprint(stamp)", ["datetime.now()"]),
    ("import datetime\nprint(datetime.datetime.now())", ["datetime.datetime.now()"]),
    ("import datetime\nprint(datetime.date.today().year)", ["datetime.date.today()"]),
    ("import pandas as pd\nrow = {'at': pd.Timestamp.now()}", ["pd.Timestamp.now()"]),
    ("import time\nseed = int(time.time())", ["time.time()"]),
    ("import time\nprint(time.strftime('%Y'))", ["time.strftime()"]),
    ("import time\nname = time.strftime('%Y', (2020, 1, 1, 0, 0, 0, 0, 0, 0))", []),
    ("import time\nt0 = time.time()\nprint(time.time() - t0)", []),
    ("import time\nt0 = time.time()\nt1 = time.time()\ntook = t1 - t0", []),
    ("import time\nt0 = time.time()\nprint(t0)", ["time.time()"]),
    ("import time\ndef timed(f):\n    t = time.time()\n    f()\n    return time.time() - t\nt = 1\nprint(t)", []),
    ("from datetime import datetime\na = datetime.now()\nprint((datetime.now() - a).seconds)", []),
    ("import time\nprint(time.perf_counter())", []),
    ("class time:\n    def time():\n        return 1\nprint(time.time())", []),
    ("import uuid\nx = uuid.uuid4()", ["uuid.uuid4()"]),
    ("import uuid\nx = uuid.uuid5(uuid.NAMESPACE_DNS, 'a')", []),
    ("import os\nx = os.urandom(8)", ["os.urandom()"]),
    ("import requests\nr = requests.get('http://a.b')", ["requests.get()"]),
    ("import pandas as pd\nd = pd.read_csv('https://a.b/c.csv')", ["pd.read_csv()"]),
    ("import pandas as pd\nurl = 'https://a.b/c.csv'\nd = pd.read_csv(url)", ["pd.read_csv()"]),
    ("import pandas as pd\nbase = 'https://a.b/'\nd = pd.read_csv(base + 'c.csv')", ["pd.read_csv()"]),
    ("import pandas as pd\nurl = 'c.csv'\nd = pd.read_csv(url)", []),
    ("import pandas as pd\nd = pd.read_csv('c.csv')", []),
    ("import requests\ndef get(u):\n    return requests.get(u)", []),
    ("import requests\ndef get(u):\n    return requests.get(u)\nget('http://a.b')", ["requests.get()"]),
    ("from datetime import datetime\nclass A:\n    def f(self):\n        print(datetime.now())", []),
    (
        "from datetime import datetime\nclass A:\n    def f(self):\n        print(datetime.now())\nA().f()",
        ["datetime.now()"],
    ),
    ("!wget https://a.b/c.csv", ["wget"]),
    ("!ls", []),
    ("import time, requests\nprint(time.time(), time.time())\nrequests.get('a')", ["time.time()", "requests.get()"]),
]


@pytest.mark.parametrize(("source", "calls"), OUTSIDE)
def test_what_differs_in_each_run_is_noted_once_per_step(source: str, calls: list[str]) -> None:
    found = [item for item in check(source) if item.code == "N2P305"]
    assert [item.message.split("`")[1] for item in found] == calls


@pytest.mark.parametrize(
    ("counts", "cell"),
    [((1, 2, 3), None), ((1, 3, 2), 2), ((None, 5, None), None), ((None, None, None), None), ((7, 9, 8), 2)],
)
def test_hidden_state(counts: tuple[int | None, ...], cell: int | None) -> None:
    found = check("x = 1", "y = 1", "z = 1", counts=counts)
    assert [item.location.cell for item in found] == ([] if cell is None else [cell])


PERHAPS = [
    ("total = 1\nfor i in range(3):\n    print(totl)", "did you mean `total`?"),
    ("if input_size:\n    pass\ninput_size = 1", None),  # an error, found by linking
    ("x = [1]\nprint([i for i in x if i > limit])", "define `limit` in a cell above, or as a parameter"),
    ("try:\n    opt\nexcept NameError:\n    opt = 1", None),
    ("try:\n    print(fancy)\nexcept Exception:\n    pass", None),
    ("if 'flag' in globals():\n    print(flag)", None),
    ("for i in range(3):\n    total = i\nprint(total)", None),
    ("exec(open('a').read())\nfor i in range(3):\n    print(totl)", None),
    ("for i in range(3):\n    print(totl)\nexec(open('a').read())", "define `totl` in a cell above, or as a parameter"),
    ("from math import *\nfor i in range(3):\n    print(totl)", None),
    ("for i in range(3):\n    print(totl)\nfrom math import *", "define `totl` in a cell above, or as a parameter"),
    ("def f():\n    return never_called", None),
    ("for i in range(3):\n    print(i, len, __name__, display)", None),
    ("if 1 > 2:\n    import json as j\n    print(j)", None),
]


@pytest.mark.parametrize(("source", "hint"), PERHAPS)
def test_names_that_are_read_perhaps_and_bound_nowhere(source: str, hint: str | None) -> None:
    found = [item for item in check(source) if item.code == "N2P208"]
    assert [item.hint for item in found] == ([] if hint is None else [hint])


LOST = Diagnostic("N2P201", Severity.ERROR, "`x` is read", Location(None, 0, 1, "a", "x"))


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (Cell(0, "print(x)"), "`x` is read"),
        (Cell(0, "print(x1)"), "`x` is read (in what this line calls)"),
        (
            Cell(0, "print(x)", execution_count=3),
            "`x` is read; the cell has run once, perhaps with a cell that is gone now",
        ),
        (Cell(0, "print(x)", execution_count=3, has_error_output=True), "`x` is read"),
    ],
)
def test_why_a_name_is_undefined(cell: Cell, message: str) -> None:
    assert [item.message for item in checks.with_reasons(Notebook(None, (cell,)), [LOST])] == [message]
