"""The changed-input check: what a step loaded is proven unchanged, or said to be changed; reading changes nothing.

Each row: what the first process stores as `x`, what the second does with it, and the verdict.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = """
import sys, pathlib
from nb2pipe.runtime import units
store, make, act = pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4]
main = sys.modules["__main__"].__dict__
if sys.argv[1] == "save":
    exec(make, main)
    print(units.save({"x": main["x"]}, store, main, {})[0]["x"].object)
else:
    (unit,) = units.load({"x": sys.argv[5]}, store, main, None)
    main["x"] = unit.members["x"]
    exec(act, main)
    print(units.changes(unit, store, main, {}, None)["x"].name)
"""

CASES = {
    "a number": ("x = 1", "y = x + 1", "SAME"),
    "a list that is read": ("x = [3, 1, 2]", "sorted(x), x[0], list(x)", "SAME"),
    "a list that grows": ("x = [3, 1, 2]", "x.append(4)", "CHANGED"),
    "a list that is sorted": ("x = [3, 1, 2]", "x.sort()", "CHANGED"),
    "a dict whose order changes": ("x = {'a': 1, 'b': 2}", "x['a'] = x.pop('a')", "CHANGED"),
    "deep inside": ("x = {'a': [{'b': [1]}]}", "x['a'][0]['b'][0] = 2", "CHANGED"),
    "a set that is read": ("x = {'a', 'b', 'c', 'd'}", "len(x), sorted(x)", "SAME"),
    "a set that grows and shrinks back": ("x = {'a', 'b', 'c', 'd'}", "x.add('e'); x.remove('e')", "SAME"),
    "a set that grows": ("x = {'a'}", "x.add('e')", "CHANGED"),
    "nan is nan": ("x = [float('nan')]", "x == x", "SAME"),
    "an array that is read": ("import numpy as np\nx = np.arange(9.)", "x.sum(), x[2:], x.T", "SAME"),
    "an array with one element changed": ("import numpy as np\nx = np.arange(9.)", "x[3] = 7", "CHANGED"),
    "an array that is reshaped in place": ("import numpy as np\nx = np.arange(9.)", "x.shape = (3, 3)", "CHANGED"),
    "a large array that is read": ("import numpy as np\nx = np.arange(3e5)", "x.sum(), x[2:], x.copy()[0:5].sort()", "SAME"),
    "a large array with one element changed": ("import numpy as np\nx = np.arange(3e5)", "x[299_999] = 7", "CHANGED"),
    "a large array with one element changed, and changed back": ("import numpy as np\nx = np.arange(3e5)", "x[3] = 7; x[3] = 3", "SAME"),
    "a large array that is written to by a file": ("import numpy as np\nx = np.arange(3e5)", "import io; io.BytesIO(b'abcdefgh').readinto(x.view('u1')[8:])", "CHANGED"),
    "of two large arrays, one takes the other's place": ("import numpy as np\nx = [np.arange(3e5), np.arange(3e5)[::-1].copy()]", "x.reverse()", "CHANGED"),
    "a large frame that is read": ("import pandas as pd, numpy as np\nx = pd.DataFrame(np.arange(3e5).reshape(-1, 3)).rename(columns=str)", "x.describe(); x['0'].sum()", "SAME"),
    "a large frame with a cell changed": ("import pandas as pd, numpy as np\nx = pd.DataFrame(np.arange(3e5).reshape(-1, 3)).rename(columns=str)", "x.loc[7, '0'] = 5", "CHANGED"),
    "an object array": ("import numpy as np\nx = np.array([[1], 'a'], dtype=object)", "x[0].append(2)", "CHANGED"),
    "a frame that is read": ("import pandas as pd\nx = pd.DataFrame({'a': [1, 2], 'b': ['p', 'q']})", "x.describe(); x.groupby('b').a.sum(); x['a']; x.loc[0]; repr(x)", "SAME"),
    "a frame with a cell changed": ("import pandas as pd\nx = pd.DataFrame({'a': [1, 2]})", "x.loc[0, 'a'] = 5", "CHANGED"),
    "a frame with a new column": ("import pandas as pd\nx = pd.DataFrame({'a': [1, 2]})", "x['b'] = 1", "CHANGED"),
    "a frame with columns renamed in place": ("import pandas as pd\nx = pd.DataFrame({'a': [1, 2]})", "x.columns = ['b']", "CHANGED"),
    "an index that got a name": ("import pandas as pd\nx = pd.Series([1, 2])", "x.index.name = 'i'", "CHANGED"),
    "an estimator that predicts": ("from sklearn.linear_model import LogisticRegression\nx = LogisticRegression().fit([[0.], [1.]], [0, 1])", "x.predict([[1.]]); repr(x); x.get_params()", "SAME"),
    "an estimator that is fitted again": ("from sklearn.linear_model import LogisticRegression\nx = LogisticRegression().fit([[0.], [1.]], [0, 1])", "x.fit([[0.], [5.], [6.]], [0, 1, 1])", "CHANGED"),
    "a forest that predicts": ("from sklearn.ensemble import RandomForestClassifier\nx = RandomForestClassifier(3, random_state=0).fit([[0.], [1.]], [0, 1])", "x.predict([[1.]])", "SAME"),
    "an instance with an attribute changed": ("class A: pass\nx = A()\nx.n = True", "x.n = False", "CHANGED"),
    "an instance with a new attribute": ("class A: pass\nx = A()\nx.n = 1", "x.m = 1", "CHANGED"),
    "a class that took in another one": ("x = [int]", "x[0] = str", "CHANGED"),
    "a class that is read": ("class A:\n    n = 0\n    @property\n    def p(self): return 1\nx = [A(), A]\nx[0].d = {1}", "x[0].p; x[0].d.add(2); x[0].d.remove(2)", "SAME"),
    "a class with an attribute changed": ("class A:\n    n = [0]\nx = [A(), A]", "x[1].n.append(1)", "CHANGED"),
    "a class with an attribute changed, by an instance": ("class A:\n    n = [0]\nx = A()", "type(x).n.append(1)", "CHANGED"),
    "a class with a method replaced": ("class A:\n    def m(self): return 1\nx = A()", "type(x).m = lambda self: 2", "CHANGED"),
    "a function with an attribute": ("x = lambda: 1", "x.calls = 1", "CHANGED"),
    "an instance that is read": ("class A:\n    def m(self): return self.n\nx = A()\nx.n = 1", "x.m()", "SAME"),
    "a generator of numbers that draws": ("import numpy as np\nx = np.random.default_rng(0)", "x.random()", "CHANGED"),
    "an iterator that goes on": ("x = iter([1, 2, 3])", "next(x)", "CHANGED"),
    "a list that took in a lock": ("x = []", "import threading; x.append(threading.Lock())", "CHANGED"),
    "a recursive list": ("x = []\nx.append(x)", "len(x)", "SAME"),
    "groups of a frame that are looked at": ("import pandas as pd\nx = pd.DataFrame({'g': ['a', 'b'], 'v': [1, 2]}).groupby('g')", "x['v'].sum()", "NOT CHANGED"),
    "a sparse matrix that is put into order": ("from scipy import sparse\nimport numpy as np\nx = sparse.csr_matrix((np.array([1., 2.]), np.array([1, 0]), np.array([0, 2])), shape=(1, 2))", "x.sort_indices()", "UNKNOWN"),
    "a sparse matrix with one item changed": ("from scipy import sparse\nx = sparse.csr_matrix([[1., 0., 2.]])", "x.data[0] = 5", "CHANGED"),
    "a figure that is drawn": ("import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nx, ax = plt.subplots()\nax.plot([1, 2])", "import io; x.savefig(io.BytesIO())", "NOT CHANGED"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_changes(tmp_path: Path, case: str) -> None:
    make, act, expected = CASES[case]

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", DRIVER, *arguments], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1]

    stored = run("save", str(tmp_path), make, act)
    verdict = run("check", str(tmp_path), make, act, stored)
    assert verdict == expected if expected != "NOT CHANGED" else verdict != "CHANGED"
