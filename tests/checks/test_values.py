"""What crosses between steps, how, and of what type: only what is known, never a guess."""

from __future__ import annotations

import pytest

from nb2pipe import analysis, checks
from nb2pipe.checks import Crossing
from nb2pipe.model import Cell, Notebook, Role, Section, Value


def cross(*sources: str, first: Role = Role.STEP) -> list[Crossing]:
    """What crosses in a notebook of steps a, b, c ..., one cell each; the first cell may have another role."""
    notebook = Notebook(None, tuple(Cell(index, source) for index, source in enumerate(sources)))
    roles = [first] + [Role.STEP] * (len(sources) - 1)
    sections = [Section(chr(97 + number), chr(97 + number), role, (number,)) for number, role in enumerate(roles)]
    summary = analysis.summarise(notebook, sections)
    pipeline, _ = analysis.link(notebook, sections, summary)
    walked = checks.walked(summary.trees)
    pipeline, problems = analysis.fuse(pipeline, checks.unmovable(pipeline, walked))
    types = checks.types_known(pipeline, walked)
    return list(checks.crossings(pipeline, types, analysis.together(summary, pipeline), problems))


TYPES = [
    ("x = []", "list"),
    ("x = [i for i in range(3)]", "list"),
    ("x = {}\nx['a'] = 1", "dict"),
    ("x = {}\nx = x or 1", ""),
    ("x = list(range(3))", "list"),
    ("def list(y):\n    return 1\nx = list(range(3))", ""),
    ("import pandas as pd\nx = pd.read_csv('a.csv')", "pandas.DataFrame"),
    ("import pandas as pd\nx = pd.read_csv('a.csv', chunksize=5)", ""),
    ("import pandas as pd\nx = pd.read_csv('a.csv').dropna().reset_index()", "pandas.DataFrame"),
    ("import pandas as pd\nx = pd.DataFrame({})\nx = x.drop(columns='a')", "pandas.DataFrame"),
    ("import pandas as pd\nx = pd.DataFrame({})\nx = x.drop(columns='a', inplace=True)", ""),
    ("import pandas as pd\nx = pd.DataFrame({})\nx = x['a']", ""),
    ("import pandas as pd\nx = pd.read_csv('a.csv')\nif len(x):\n    x = 1", ""),
    ("import pandas as pd\nx = pd.read_csv('a.csv')\nfor x in [1, 2]:\n    pass", ""),
    ("import pandas as pd\nx = pd.read_csv('a.csv')\ndef f():\n    global x\n    x = 1\nf()", ""),
    ("from sklearn.svm import SVC\nx = SVC().fit([[1], [2]], [0, 1])", "sklearn.SVC"),
    ("from sklearn.svm import SVC\nx = SVC().predict([[1]])", ""),
    ("class A:\n    pass\nx = A()", "A"),
    ("df = make()", ""),
    ("import thing\nx = thing.make()", ""),
    ("import numpy as np\nx, y = np.zeros(3), 1", ""),
]


@pytest.mark.parametrize(("source", "expected"), TYPES)
def test_types_of_what_is_visible(source: str, expected: str) -> None:
    found = [item for item in cross(source, "print(x)", "print(x)") if item.names == ("x",)]
    assert [item.type for item in found if item.how == "value"] in ([expected], [])


def test_a_value_its_readers_and_what_shares_with_it() -> None:
    found = cross("x = []\ny = [x]\nz = []", "print(x)", "if 1 > 0:\n    print(y)", "print(z)")
    assert found == [
        Crossing(("x",), "value", 0, ("a",), readers=("b",), unit=("x", "y"), type="list"),
        Crossing(("y",), "value", 0, ("a",), perhaps=("c",), unit=("x", "y"), type="list"),
        Crossing(("z",), "value", 0, ("a",), readers=("d",), type="list"),
    ]


def test_what_is_replayed_given_and_goes_on() -> None:
    found = cross(
        "import os, json\ndef f():\n    return json\nLIMIT = 3",
        "import numpy as np\nnp.random.seed(0)\nprint(f(), LIMIT)",
        "print(np.random.rand())",
    )
    assert [(item.names, item.how, item.source, item.readers) for item in found] == [
        (("NumPy's global generator",), "state", ("b",), ("c",)),
        (("json", "os"), "import", (), ("b",)),
        (("f",), "function", (), ("b",)),
        (("LIMIT",), "constant", (), ("b",)),
        (("np",), "import", (), ("c",)),
    ]
    given = cross("depth = 3", "print(depth)", first=Role.PARAMETERS)
    assert given == [Crossing(("depth",), "parameter", 0, readers=("b",), type="int")]


def test_why_a_value_cannot_cross() -> None:
    rows = {item.names[0]: item.obstacle for item in cross("f = open('a')\ng = [1]", "print(f, g)")}
    why = "`f` is an open file: it can't leave step `a`, and step `b` needs it"
    assert rows == {"f": f"{why}; so `a` and `b` run in one process, one after the other", "g": None}


def test_runs_tell_types_sizes_and_units() -> None:
    found = cross("x = make()\ny = x.part", "print(x, y)")
    stored = {"x": Value("o1", "pandas.DataFrame", 4000), "y": Value("o1", "pandas.Series", 4000)}
    measured = checks.measured(found, {"a": ("20261122-1", stored)})
    assert [(item.type, item.size_bytes, item.run, item.together) for item in measured] == [
        ("pandas.DataFrame", 4000, "20261122-1", ("y",)),
        ("pandas.Series", 4000, "20261122-1", ("x",)),
    ]
    assert checks.measured(found, {}) == tuple(found)
