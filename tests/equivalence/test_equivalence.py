"""The promise, row by row: the pipeline prints what the notebook prints when it is run top to bottom.

Each row is a notebook: cells with their step's name in front. The straight run is one plain Python process; the
pipeline runs in real kernels, a process for each step. Nothing is compared but what the cells print, so every row
prints what it wants to be held to.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nb2pipe import api
from nb2pipe.model import RunState

pytestmark = pytest.mark.kernel

# fmt: off
SAME: dict[str, list[tuple[str, str]]] = {
    "linear, rebound and augmented": [
        ("a", "x = 1\nitems = [1]"), ("b", "x += 1\nitems += [2]"), ("c", "print(x, items)"),
    ],
    "fan-out and fan-in over one array": [
        ("load", "import numpy as np\ndata = np.arange(6.)"), ("left", "low = data[:3].sum()"), ("right", "high = data[3:].sum()"),
        ("join", "print(low + high == data.sum())"),
    ],
    "changed in place by a method": [("a", "x = [3, 1, 2]"), ("b", "x.sort()"), ("c", "print(x)")],
    "changed in one branch, read in its sibling": [("a", "x = {'n': 1}"), ("b", "x['n'] = 2"), ("c", "print(x)"), ("d", "x['m'] = 3"), ("e", "print(x)")],
    "changed through an alias": [("a", "x = [1]"), ("b", "y = x\ny.append(2)"), ("c", "print(x, y, x is y)")],
    "an alias made early, changed late": [("a", "x = [1]\ny = x"), ("b", "y.append(2)"), ("c", "print(x)")],
    "changed through a container": [("a", "x = [1]\nd = {'x': x}"), ("b", "d['x'].append(2)"), ("c", "print(x)")],
    "changed through a loop variable": [("a", "rows = [[1], [2]]"), ("b", "for row in rows:\n    row.append(0)"), ("c", "print(rows)")],
    "a function changes its argument": [("a", "def grow(values):\n    values.append(9)\nx = [1]"), ("b", "grow(x)"), ("c", "print(x)")],
    "a function changes a global": [("a", "log = []\ndef note(text):\n    log.append(text)"), ("b", "note('b')"), ("c", "note('c')\nprint(log)")],
    "a function rebinds a global": [("a", "n = 0\ndef count():\n    global n\n    n += 1"), ("b", "count()"), ("c", "count()\nprint(n)")],
    "a function reads a global that a later step binds": [("a", "def f():\n    return scale * 2"), ("b", "scale = 5"), ("c", "print(f())"), ("d", "scale = 7\nprint(f())")],
    "functions that call functions": [("a", "def f(): return g() + 1\ndef g(): return k"), ("b", "k = 1"), ("c", "print(f())")],
    "a lambda and a method read globals": [("a", "k = 1\nf = lambda: k\nclass A:\n    def m(self): return k\na = A()"), ("b", "k = 2"), ("c", "print(f(), a.m())")],
    "a function in a dict, a partial": [("a", "from functools import partial\ndef f(a, b=0): return a + b + k\ntable = {'f': f}\nbound = partial(f, 1)"), ("b", "k = 10"), ("c", "print(table['f'](1), bound())")],
    "an instance is of its class": [("a", "class A:\n    def __init__(self, n): self.n = n"), ("b", "items = [A(1), A(2)]"), ("c", "print(all(type(i) is A and isinstance(i, A) for i in items), items[0].n)")],
    "a dataclass, an enum and inheritance": [("a", "from dataclasses import dataclass\nfrom enum import Enum\nclass C(Enum):\n    R = 1\n@dataclass\nclass P:\n    c: C\nclass Q(P):\n    pass"), ("b", "q = Q(C.R)"), ("c", "print(q, q.c is C.R, isinstance(q, P))")],
    "a class attribute is changed": [("a", "class A:\n    n = 0"), ("b", "A.n = 5\na = A()"), ("c", "print(A.n, a.n)")],
    "bound only perhaps": [("a", "x = 1"), ("b", "if len('ab') == 3:\n    x = 2"), ("c", "print(x)"), ("d", "if len('ab') == 2:\n    x = 3"), ("e", "print(x)")],
    "the hash of a text": [("a", "import os\nh = hash('text')\nprint(os.environ.get('PYTHONHASHSEED'))"), ("b", "print(hash('text') == h)")],
    "deleted and defined again": [("a", "x = 1\nkeep = 2"), ("b", "del x"), ("c", "print('x' in globals(), keep)"), ("d", "x = 4"), ("e", "print(x)")],
    "scopes of comprehension, lambda and except": [("a", "x = 10\nn = 3\ne = 'mine'"), ("b", "squares = [x * x for x in range(n)]\nf = lambda x: x + 1\ntry:\n    1 / 0\nexcept ZeroDivisionError as error:\n    seen = str(error)"), ("c", "print(x, squares, f(1), e, seen)")],
    "walrus, star, match, with, async": [("a", "import io, asyncio\nif (n := 4) > 3:\n    first, *rest = range(n)\nmatch {'k': [1, 2]}:\n    case {'k': [a, *others]}:\n        pass"), ("b", "with io.StringIO('text') as handle:\n    text = handle.read()\nasync def later():\n    return n"), ("c", "print(n, first, rest, a, others, text)\nprint(asyncio.iscoroutinefunction(later))")],
    "names that shadow builtins": [("a", "list = [1, 2]\nmax = 7"), ("b", "print(list, max)"), ("c", "del max\nprint(max(3, 4))")],
    "names that are not ASCII": [("a", "größe = 3\nданные = [1]"), ("b", "данные.append(größe)"), ("c", "print(данные)")],
    "text before the first tag": [("", "import math\nlimit = 4"), ("a", "r = math.sqrt(limit)"), ("b", "print(r, limit)")],
    "a conditional import and a star import of the library": [("a", "try:\n    import tomllib as parser\nexcept ImportError:\n    import json as parser\nfrom math import *"), ("b", "print(parser.__name__, floor(pi))")],
    "a view is changed": [("a", "import numpy as np\na = np.zeros(4)\nv = a[1:3]"), ("b", "v[0] = 7"), ("c", "print(a, np.shares_memory(a, v))")],
    "a frame gets a column in place": [("a", "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2, 3]})"), ("b", "df['b'] = df['a'] * 2"), ("c", "df.rename(columns={'a': 'c'}, inplace=True)"), ("d", "print(df)")],
    "seeded NumPy draws go on": [("a", "import numpy as np\nnp.random.seed(3)\nx = np.random.rand()"), ("b", "y = np.random.rand()"), ("c", "print(x, y, np.random.rand())")],
    "seeded random draws go on": [("a", "import random\nrandom.seed(3)"), ("b", "y = random.random()"), ("c", "print(y, random.random())")],
    "a generator object draws in turn": [("a", "import numpy as np\nrng = np.random.default_rng(1)"), ("b", "x = rng.random()"), ("c", "y = rng.random()"), ("d", "print(x, y)")],
    "an iterator is consumed": [("a", "it = iter([1, 2, 3, 4])"), ("b", "first = next(it)"), ("c", "for item in it:\n    break"), ("d", "print(first, item, list(it))")],
    "files are written and read": [("a", "from pathlib import Path\nPath('out.txt').write_text('one')"), ("b", "with open('out.txt', 'a') as f:\n    f.write(' two')"), ("c", "print(open('out.txt').read())")],
    "the working directory and the environment": [("a", "import os\nos.makedirs('sub', exist_ok=True)\nos.chdir('sub')\nos.environ['NB2PIPE_TEST_X'] = '1'"), ("b", "print(os.path.basename(os.getcwd()), os.environ['NB2PIPE_TEST_X'])")],
    "a strings that is code": [("a", "x = 2\nimport pandas as pd\ndf = pd.DataFrame({'a': [1, 2, 3]})"), ("b", "limit = 1"), ("c", "print(eval('x + 1'), len(df.query('a > @limit')))")],
    "a mutable default and a function attribute": [("a", "def f(x, seen=[]):\n    seen.append(x)\n    return list(seen)"), ("b", "f(1)"), ("c", "print(f(2))")],
    "a closure with state": [("a", "def make():\n    n = 0\n    def inc():\n        nonlocal n\n        n += 1\n        return n\n    return inc\ninc = make()"), ("b", "inc()"), ("c", "print(inc())")],
    "memoised and decorated functions": [("a", "import functools\n@functools.lru_cache\ndef f(n, k): return n * k\nk = 2"), ("b", "a = f(1, k)"), ("c", "k = 5\nprint(a, f(2, k))")],
    "a model is fitted in one step and used in others": [
        ("a", "from sklearn.datasets import load_iris\nfrom sklearn.linear_model import LogisticRegression\nX, y = load_iris(return_X_y=True)\nmodel = LogisticRegression(max_iter=500)"),
        ("b", "model.fit(X, y)"), ("c", "print(round(model.score(X, y), 3))"), ("d", "print(model.predict(X[:3]))"),
    ],
    "a fixed option of pandas and NumPy": [("a", "import numpy as np, pandas as pd\nnp.set_printoptions(precision=2)\npd.set_option('display.max_rows', 2)"), ("b", "print(np.array([1.23456]))\nprint(pd.DataFrame({'a': range(5)}))")],
    "a warning filter": [("a", "import warnings\nwarnings.simplefilter('error')"), ("b", "try:\n    warnings.warn('w')\n    print('shown')\nexcept UserWarning:\n    print('raised')")],
    "what no two calls give alike is called once": [
        ("imports", "import itertools\ncounter = itertools.count()\nfirst = next(counter)"), ("a", "print(first, next(counter))"), ("b", "print(first, next(counter))"),
    ],
    "what only the author knows: a change": [
        ("a", "import sys\nx = [1]\ny = [1]"), ("b", "def grow(name): vars(sys.modules['__main__'])[name].append(2)\ngrow(''.join('x'))  # nb2pipe: needs x; updates x"), ("c", "print(x, y)"),
    ],
    "what only the author knows: no change, and files": [
        ("a", "x = [1]\ncode = ' '.join(['print(x);', 'open(\\'out.txt\\',', '\\'w\\').write(\\'made\\')'])"), ("b", "# nb2pipe: pure; files out.txt\nexec(code)"), ("c", "print(open('out.txt').read(), x)"),
    ],
    "tuples, sets, bytes, None, nested": [("a", "t = (1, [2], {3: {4}})\nb = b'x'\nnone = None\nf = frozenset({1})"), ("b", "t[1].append(5)"), ("c", "print(t, b, none, f)")],
}
# fmt: on


def notebook_of(cells: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{index}",
                "metadata": {"tags": [step if step == "imports" else f"step:{step}"] if step else []},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for index, (step, source) in enumerate(cells)
        ],
    }


STRAIGHT = """
import contextlib, io, json, os, sys, types
os.chdir(sys.argv[1])
main = sys.modules["__main__"] = types.ModuleType("__main__")
printed = []
for source in json.loads(sys.argv[2]):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(source, "cell", "exec"), main.__dict__)
    printed.append(out.getvalue())
print(json.dumps(printed))
"""


def straight(cells: list[tuple[str, str]], folder: Path) -> list[str]:
    sources = json.dumps([source for _, source in cells])
    done = subprocess.run(
        [sys.executable, "-c", STRAIGHT, str(folder), sources], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    printed: list[str] = json.loads(done.stdout.splitlines()[-1])
    return printed


def printed_by(notebook: dict[str, Any]) -> list[str]:
    return [
        "".join(output["text"] for output in cell["outputs"] if output.get("name") == "stdout")
        for cell in notebook["cells"]
    ]


@pytest.mark.parametrize("case", SAME)
def test_the_pipeline_prints_what_the_notebook_prints(tmp_path: Path, case: str) -> None:
    cells = SAME[case]
    for name in ("straight", "pipeline"):
        (tmp_path / name).mkdir()
    path = tmp_path / "pipeline" / "case.ipynb"
    path.write_text(json.dumps(notebook_of(cells)), encoding="utf-8")
    expected = straight(cells, tmp_path / "straight")
    assert any(expected), "a row prints what it is held to"
    run = api.run(path, api.RunAsked(jobs=2))
    events = list(run.events())
    record = api.run_record(path)
    assert record.state is RunState.SUCCEEDED, [event for event in events if "FAILED" in str(event)]
    assert printed_by(json.loads(run.merged.read_text(encoding="utf-8"))) == expected
