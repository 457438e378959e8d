"""Kinds of values, each either as it was on the other side, with identity and type, or refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from crossing import cross

# what makes `x` (and `y`); what holds in the next process
EXACT = {
    "an enum of the notebook": ("import enum\nclass y(enum.Enum):\n    A = 1\nx = [y.A]", "assert x[0] is y.A"),
    "a dataclass": ("import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass y:\n    a: int = 1\nx = y(2)", "assert type(x) is y and x == y(2)"),
    "a named tuple": ("import typing\nclass y(typing.NamedTuple):\n    a: int\nx = y(1)", "assert type(x) is y and x._replace(a=3) == y(3)"),
    "modules, loggers and streams": (
        "import math, logging, sys\nx = [math, logging.getLogger(), logging.getLogger('a'), sys.stdout, sys.stdout.write]\ny = 1",
        "import math, logging, sys\nassert x[0] is math and x[1] is logging.getLogger() and x[2] is logging.getLogger('a') and x[3] is sys.stdout and x[4].__self__ is sys.stdout",
    ),
    "what each process has one of": (
        "import sys, os, decimal\nx = [sys.path, sys.modules, os.environ, decimal.getcontext(), globals()]\ny = 1",
        "import sys, os, decimal\nassert all(a is b for a, b in zip(x, [sys.path, sys.modules, os.environ, decimal.getcontext(), globals()]))",
    ),
    "matplotlib's settings": ("import matplotlib\nx = matplotlib.rcParams\ny = 1", "import matplotlib\nassert x is matplotlib.rcParams"),
    "an exception that is not raised": (
        "class E(Exception):\n    def __init__(self, a, b):\n        super().__init__(a)\n        self.b = b\nx = E(1, 2)\ny = x.__cause__ = KeyError('k')",
        "assert x.args == (1,) and x.b == 2 and x.__cause__ is y and x.__suppress_context__",
    ),
    "a partial": ("import functools\ny = lambda a, b: (a, b)\nx = functools.partial(y, b=1)", "assert x.func is y and x(0) == (0, 1)"),
    "a bound method": ("class A:\n    def m(self): return self\ny = A()\nx = y.m", "assert x.__self__ is y is x()"),
    "a bound method of a list": ("y = [1]\nx = y.append", "x(2)\nassert y == [1, 2]"),
    "a generator of numbers under two names": ("import random\nx = random.Random(3)\ny = [x]", "assert y[0] is x"),
    "a count": ("import itertools\nx = itertools.count(3)\ny = [x]", "assert next(y[0]) == 3 and next(x) == 4"),
    "views of a dict": (
        "import types\ny = {'a': 1}\nx = [y.keys(), y.values(), y.items(), types.MappingProxyType(y)]", "y['b'] = 2\nassert all(len(part) == 2 for part in x)",
    ),
    "an array over a bytearray": ("import numpy as np\ny = bytearray(8)\nx = np.frombuffer(y, 'u1')[2:]", "y[3] = 5\nassert x[1] == 5"),
    "an array over an array.array": ("import numpy as np, array\ny = array.array('d', [0.])\nx = np.frombuffer(y)", "y[0] = 5\nassert x[0] == 5"),
    "NumPy's scalars": (
        "import numpy as np\nx = [np.float32(.1), np.int8(3), np.str_('a'), np.datetime64('2020')]\ny = np.ma.masked",
        "import numpy as np\nassert [type(i).__name__ for i in x] == ['float32', 'int8', 'str_', 'datetime64'] and y is np.ma.masked",
    ),
    "a frame that somebody gave an attribute": (
        "import pandas as pd, warnings\nwarnings.simplefilter('ignore')\nx = pd.DataFrame({'a': [1]})\nx.note = y = ['hi']", "assert x.note is y and x.a[0] == 1",
    ),
    "a frame with an attribute that can't be stored": (
        "import pandas as pd, warnings\nwarnings.simplefilter('ignore')\nx = pd.DataFrame({'a': [1]})\nx.gen = (i for i in [x])\nx.me = y = [x]", "assert x.me is y and y[0] is x and x.a[0] == 1 and x.gen is not None",
    ),
    "pandas' kinds": (
        "import pandas as pd\nx = [pd.Categorical(['a', 'b'], ordered=True), pd.array([1, None]), pd.NaT]\ny = pd.DataFrame({'a': [1, 1]})\ny.attrs['u'] = 'm'",
        "import pandas as pd\nassert x[0].ordered and x[1][1] is pd.NA and x[2] is pd.NaT and y.attrs == {'u': 'm'}",
    ),
    "a sparse matrix and its data": ("from scipy import sparse\nx = sparse.csr_matrix([[1., 0]])\ny = x.data", "y[0] = 5\nassert x[0, 0] == 5"),
    "a class with a cached property": (
        "import functools\nclass A:\n    @functools.cached_property\n    def p(self): return [1]\nx = A()\ny = x.p", "assert x.p is y and type(x)().p == [1]",
    ),
}  # fmt: skip

REFUSED = {
    "an exception that was raised": ("try: 1 / 0\nexcept ZeroDivisionError as e: x = [e]", "traceback"),
    "an archive of arrays": ("import numpy as np, io\nf = io.BytesIO()\nnp.savez(f, a=[1])\nopen('z.npz', 'wb').write(f.getvalue())\nx = np.load('z.npz')", "open file"),
    "a weak reference": ("import weakref\nclass A: pass\na = A()\nx = weakref.WeakValueDictionary(a=a)", "weakref"),
    "a lock in an object": ("import threading\nclass A: pass\nx = A()\nx.l = threading.Lock()", "lock"),
    "a socket": ("import socket\nx = socket.socket()", "socket"),
    "a context variable": ("import contextvars\nx = contextvars.ContextVar('x')", "ContextVar"),
    "what belongs to a thread": ("import threading\nx = threading.local()", "_thread._local"),
    "a temporary directory": ("import tempfile\nx = tempfile.TemporaryDirectory()", "temporary directory"),
    "a row of records": ("import numpy as np\na = np.zeros(2, [('a', 'i4')])\nx = a[0]", "window on its array"),
    "a class that its base takes note of": ("class Base:\n    subs = []\n    def __init_subclass__(cls): cls.subs.append(cls)\nclass x(Base): pass", "__init_subclass__"),
    "an array of ctypes": ("import ctypes\nx = (ctypes.c_int * 3)(1, 2)", "ctypes"),
}  # fmt: skip


@pytest.mark.parametrize("case", EXACT)
def test_it_arrives_as_it_was(tmp_path: Path, case: str) -> None:
    first, second = EXACT[case]
    _, failed = cross(tmp_path, first, "x,y", second)
    assert not failed


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused(tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first, reason = REFUSED[case]
    stored, failed = cross(tmp_path / "store", first, "x", "")
    assert not stored
    assert reason in failed["x"], failed


def test_an_attribute_that_stayed_behind_says_so(tmp_path: Path) -> None:
    first = "import pandas as pd, warnings\nwarnings.simplefilter('ignore')\nx = pd.DataFrame({'a': [1]})\nx.gen = (i for i in [1])"
    second = "try: list(x.gen)\nexcept Exception as e: assert \"'gen' of a DataFrame stayed in its step: builtins.generator\" in str(e), e\nelse: assert False"
    _, failed = cross(tmp_path, first, "x", second)
    assert not failed
