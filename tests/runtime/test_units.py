"""Values cross between two real processes: what was equal, identical, a view or bound to a global still is.

Each row is Python that a first process runs and stores, Python that a second one runs after loading, and the names
that must (or must not) be one unit. The second part asserts by itself.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from crossing import cross

TOGETHER, APART = True, False
COPY_ON_WRITE = TOGETHER if pd.__version__.startswith(("1.", "2.")) else APART  # before: frames share memory and index

CROSSINGS = {
    "a function sees a global that is rebound after loading": (
        "k = 1\ndef f(): return k", "f,k", "k = 2\nassert f() == 2", APART,
    ),
    "a lambda too": ("k = 1\nf = lambda: k", "f,k", "k = 2\nassert f() == 2", APART),
    "a method sees the rebound global": (
        "k = 1\nclass A:\n    def m(self): return k\na = A()", "a,k", "k = 2\nassert a.m() == 2", APART,
    ),
    "a container of two names, which comes after both": (
        "a, b = [1], [2]\nz = [a, b]", "a,b,z", "a.append(3)\nb.append(4)\nassert z == [[1, 3], [2, 4]]", TOGETHER,
    ),
    "a container of many names": (
        "globals().update({f'n{i}': [0] for i in range(9)})\nz = [n0, n1, n2, n3, n4, n5, n6, n7, n8]",
        "n0,n1,n2,n3,n4,n5,n6,n7,n8,z", "n0.append(1)\nn5.append(2)\nn8.append(3)\nassert z[0] is n0 and z[5] is n5 and z[8] is n8", TOGETHER,
    ),
    "a function changes the variable that it appends to": (
        "items = []\ndef add(x): items.append(x)", "add,items", "add(1)\nassert items == [1]", APART,
    ),
    "a function that rebinds by `global`": (
        "k = 1\ndef s():\n    global k\n    k = 5", "s,k", "s()\nassert k == 5", APART,
    ),
    "two names for one list stay one list": ("x = [1]\ny = x", "x,y", "x.append(2)\nassert y is x and y == [1, 2]", TOGETHER),
    "equal lists stay two lists": ("x = [1]\ny = [1]", "x,y", "assert x == y and x is not y", APART),
    "an object in a container": ("x = [1]\nd = {'x': x}", "x,d", "assert d['x'] is x", TOGETHER),
    "an instance and its class, moved by value": ("class A: pass\na = A()", "A,a", "assert isinstance(a, A) and type(a) is A", APART),
    "strings, numbers and tuples of them do not join": ("x = ('s', 1)\ny = x", "x,y", "assert x == y", APART),
    "a library function in two containers does not join them": (
        "import math\nx = [math.sin]\ny = [math.sin]", "x,y", "assert x[0] is y[0]", APART,
    ),
    "a NumPy view stays a view of its owner": (
        "import numpy as np\na = np.zeros(10)\nv = a[2:5]", "a,v", "v[0] = 7\nassert a[2] == 7", TOGETHER,
    ),
    "a transposed view with steps": (
        "import numpy as np\na = np.arange(24.).reshape(4, 6)\nv = a.T[::2]", "a,v",
        "v[1, 0] = 99\nassert a[0, 2] == 99 and v.shape == (3, 4)", TOGETHER,
    ),
    "a Fortran-ordered owner": (
        "import numpy as np\na = np.asfortranarray(np.arange(6.).reshape(2, 3))\nv = a[:, 1]", "a,v",
        "v[0] = 9\nassert a[0, 1] == 9 and a.flags.f_contiguous", TOGETHER,
    ),
    "a view alone does not drag its owner along": (
        "import numpy as np\nv = np.zeros(1_000_000)[:3]", "v", "assert v.nbytes == 24 and v.base is None or v.base.nbytes < 100", APART,
    ),
    "two arrays": ("import numpy as np\na = np.zeros(3)\nb = np.zeros(3)", "a,b", "a[0] = 1\nassert b[0] == 0", APART),
    "an array arrives writable and as an exact ndarray": (
        "import numpy as np\na = np.arange(5)", "a", "import numpy\na[0] = 9\nassert type(a) is numpy.ndarray", APART,
    ),
    "a read-only array stays read-only": (
        "import numpy as np\na = np.arange(5)\na.flags.writeable = False", "a", "assert not a.flags.writeable", APART,
    ),
    "an empty array": ("import numpy as np\na = np.zeros((0, 3))", "a", "assert a.shape == (0, 3)", APART),
    "a NumPy scalar stays one": ("import numpy as np\na = np.float64(0.5)", "a", "import numpy\nassert type(a) is numpy.float64", APART),
    "an object array": ("import numpy as np\na = np.array([{}, None], dtype=object)", "a", "assert a[0] == {}", APART),
    "a generator of NumPy goes on": (
        "import numpy as np\nr = np.random.default_rng(3)\nr.random()\nwant = np.random.default_rng(3).random(2)[1]", "r,want",
        "assert r.random() == want", APART,
    ),
    "NumPy's global generator is this process's own": (
        "import numpy as np\nr = np.random.mtrand._rand", "r", "import numpy\nassert r is numpy.random.mtrand._rand", APART,
    ),
    "sys.stdout is this process's own": ("import sys\nout = sys.stdout", "out", "import sys\nassert out is sys.stdout", APART),
    "a frame": (
        "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'b': ['x', None]}, index=[5, 6])", "df",
        "assert df.loc[5, 'a'] == 1\ndf.loc[5, 'a'] = 9\nassert df.loc[5, 'a'] == 9", APART,
    ),
    "frames that share memory by copy-on-write stay two frames": (
        "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2, 3]})\nother = df.copy(deep=False)\nboth = [df, other]", "df,other,both",
        "other.loc[0, 'a'] = 99\nassert df.loc[0, 'a'] == (1 if new else 99) and both[0] is df", TOGETHER,
    ),
    "two functions that share a variable": (
        "def make():\n    n = 0\n    def add():\n        nonlocal n\n        n += 1\n    def get(): return n\n    return add, get\nadd, get = make()", "add,get",
        "add()\nassert get() == 1", TOGETHER,
    ),
    "a function that calls itself, a variable that is None and one without a value": (
        "def make(none):\n    def fact(n): return 1 if n < 2 else n * fact(n - 1)\n    def late(): return (none, unset)\n    if none: unset = 1\n    return fact, late\nfact, late = make(None)", "fact,late",
        "assert fact(5) == 120 and late.__closure__[0].cell_contents is None\ntry: late()\nexcept NameError: pass\nelse: raise AssertionError", APART,
    ),
    "columns of one frame": (
        "import pandas as pd\ndf = pd.DataFrame({'v': [1., 2.], 'w': ['a', 'b']})\ncol, words = df['v'], df['w']", "df,col,words",
        "col.iloc[0] = 9\nassert df.v.tolist() == ([1, 2] if new else [9, 2]) and col.name == 'v' and words.tolist() == ['a', 'b']", COPY_ON_WRITE,
    ),
    "an array of a frame sees what is written there, as long as no other frame shares it": (
        "import pandas as pd\ndf = pd.DataFrame({'v': [1., 2.], 'w': ['a', 'b']})\ncol = df['v']\narr = col.to_numpy()", "df,col,arr",
        "col.iloc[0] = 9\ndf.loc[1, 'v'] = 8\nassert (arr.tolist(), df.v.tolist(), col.tolist()) == (([1, 8], [1, 8], [9, 2]) if new else ([9, 8], [9, 8], [9, 8]))", TOGETHER,
    ),
    "a view with a step": (
        "import numpy as np\na = np.arange(9.)\nv, w = a[::-2], a[1:3]", "v,w", "w[0] = 7\nassert v.tolist() == [8, 6, 4, 2, 0] and v.strides == (-16,)\nv[3] = 5\nassert w.tolist() == [7, 5]", TOGETHER,
    ),
    "a view of objects": (
        "import numpy as np\na = np.array([1, 'x', None], dtype=object)\nv = a[1:]", "a,v", "v[0] = 9\nassert a.tolist() == [1, 9, None]", TOGETHER,
    ),
    "a part of a complex array": (
        "import numpy as np\na = np.zeros(3, complex)\nv = a.imag", "a,v", "v[0] = 9\nassert a[0] == 9j", TOGETHER,
    ),
    "a masked array and its data": (
        "import numpy as np\na = np.arange(3.)\nm = np.ma.array(a, mask=[0, 1, 0], copy=False, fill_value=7)\nn = m[1:]", "a,m,n",
        "a[2] = 9\nassert m.tolist() == [0, None, 9] == m.tolist() and n.tolist() == [None, 9] and m.fill_value == 7", TOGETHER,
    ),
    "fields of records": (
        "import numpy as np\na = np.zeros(3, [('x', 'i4'), ('y', 'f8')])\nv, r = a['y'], a.view(np.recarray)", "a,v,r", "v[0] = 9\nassert a[0]['y'] == 9 == r[0].y and type(r).__name__ == 'recarray'", TOGETHER,
    ),
    "an array of a subclass keeps its attributes": (
        "import numpy as np\nclass Image(np.ndarray): pass\na = np.zeros(3).view(Image)\na.unit = 'm'\nv = a[1:]", "a,v", "v[0] = 9\nassert a[1] == 9 and a.unit == 'm' and type(v) is type(a)", TOGETHER,
    ),
    "an array with gaps keeps the order of its axes": (
        "import numpy as np\na = np.arange(24.).reshape(4, 6)[::2, ::-3].T", "a", "assert a.tolist() == [[5, 17], [2, 14]] and a.strides[0] < 0 < a.strides[1] and abs(a.strides[0]) < a.strides[1]", APART,
    ),
    "a number repeated": (
        "import numpy as np\na = np.broadcast_to(np.float64(2), (1000, 1000))", "a", "assert a.sum() == 2e6 and a.strides == (0, 0) and not a.flags.writeable", APART,
    ),
    "an index belongs to two": (
        "import pandas as pd\ndf = pd.DataFrame({'v': [1, 2]})\ni = df.index", "df,i", "df.index.name = 'n'\nassert i.name == 'n'", TOGETHER,
    ),
    "a function in two units is one": (
        "f = lambda: 1\nd = [{'f': f}]", "f,d", "assert d[0]['f'] is f", TOGETHER,
    ),
    "series of dates that share a frequency are apart": (
        "import pandas as pd\nr = pd.Series(range(9), index=pd.date_range('2020', periods=9, freq='MS'))\nx = r[:5]\ny = r[5:]", "x,y",
        "assert x.index.freq == y.index.freq and x.index.freqstr == 'MS'", COPY_ON_WRITE,
    ),
    "frames that share an index are apart": (
        "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'b': [3, 4]}, index=['x', 'y'])\nX = df[['a']]\ny = df['b']", "X,y",
        "assert list(X.index) == list(y.index)", COPY_ON_WRITE,
    ),
    "enum members do not join": (
        "from http import HTTPStatus\nx = [HTTPStatus.OK]\ny = [HTTPStatus.OK]", "x,y", "assert x[0] is y[0]", APART,
    ),
    "a closure's variable is shared": (
        "def make():\n    n = [0]\n    def inc(): n[0] += 1\n    def get(): return n[0]\n    return inc, get\ninc, get = make()", "inc,get",
        "inc()\nassert get() == 1", TOGETHER,
    ),
    "a recursive structure": ("x = []\nx.append(x)", "x", "assert x[0] is x", APART),
    "a fitted estimator": (
        "from sklearn.linear_model import LogisticRegression\nm = LogisticRegression().fit([[0.], [1.]], [0, 1])", "m",
        "assert m.predict([[1.]])[0] == 1", APART,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CROSSINGS)
def test_values_cross(tmp_path: Path, case: str) -> None:
    first, names, second, together = CROSSINGS[case]
    stored, failed = cross(tmp_path, first, names, second)
    assert not failed
    if "," in names:
        shared = len(set(stored.values())) < len(stored)
        assert shared is together, stored


CANNOT_LEAVE = {
    "an open file": ("f = open(__import__('os').devnull)", "open file"),
    "an open file inside a dict": ("f = {'log': open(__import__('os').devnull, 'wb')}", "open file"),
    "a generator": ("f = (n for n in range(3))", "generator"),
    "a lock": ("import threading\nf = threading.Lock()", "lock"),
    "a thread": ("import threading\nf = threading.Thread()", "_thread."),
    "a connection": ("import sqlite3\nf = sqlite3.connect(':memory:')", "sqlite3.Connection"),
    "a memoryview": ("f = memoryview(b'abc')", "memoryview"),
    "an array mapped from a file": (
        "import numpy as np, tempfile\nf = np.memmap(tempfile.TemporaryFile(), 'u1', shape=3)",
        "open it anew",
    ),
    "a plain view of an array mapped from a file": (
        "import numpy as np, tempfile\nf = np.asarray(np.memmap(tempfile.TemporaryFile(), 'u1', shape=3))[1:]",
        "open it anew",
    ),
}


@pytest.mark.parametrize("case", CANNOT_LEAVE)
def test_what_cannot_leave_is_named_and_the_rest_is_stored(tmp_path: Path, case: str) -> None:
    code, reason = CANNOT_LEAVE[case]
    stored, failed = cross(tmp_path, code + "\nok = 1", "f,ok", "assert ok == 1")
    assert set(stored) == {"ok"}
    assert reason in failed["f"], failed
