"""Values that can't leave their process: the steps that need them run in it, and give what the notebook gives."""

from __future__ import annotations

import pytest
from fast import Server, compare, notebook_of

from nb2pipe import api

# fmt: off
OLS = "import pandas as pd\nimport statsmodels.formula.api as smf\ndf = pd.DataFrame({'x': [1., 2., 3., 4., 5.], 'y': [1., 3., 2., 5., 4.]})\n"
COUNTING = "@pd.api.extensions.register_dataframe_accessor('geo')\nclass Geo:\n    seen = 0\n    def __init__(self, o):\n        self._o = o\n        Geo.seen += 1\n    def n(self): return len(self._o)"
FUSED: dict[str, tuple[list[tuple[str, str]], list[tuple[str, ...]]]] = {
    "a connection": (
        [("open", "import sqlite3\nconn = sqlite3.connect(':memory:')\nn = [1]"), ("other", "m = [9]"),
         ("fill", "_ = conn.execute('create table t (x)')\n_ = conn.execute('insert into t values (?)', (n[0],))\nn.append(2)"),
         ("read", "rows = conn.execute('select x from t').fetchall()"), ("show", "print(rows, n, m)")],
        [("open", "fill", "read")],
    ),
    "a generator, used up by two": (
        [("a", "gen = (v for v in range(4))"), ("b", "print(next(gen))"), ("c", "print(list(gen))")], [("a", "b", "c")],
    ),
    "a generator, read in a loop only": (
        [("a", "def count():\n    i = 0\n    while True:\n        yield i\n        i += 1\ng = count()\nx = [next(g) for _ in range(3)]"), ("b", "y = [next(g) for _ in range(3)]\nprint(x, y)")], [("a", "b")],
    ),
    "what lies between comes along": (
        [("a", "f = open('t.txt', 'w')\nx = [1]"), ("b", "x.append(2)"), ("c", "f.write(str(x))\nf.close()"), ("d", "print(open('t.txt').read())")],
        [("a", "b", "c")],
    ),
    "what a step of the process deletes": (
        [("a", "gen = (v for v in range(4))\nd = [1]\ndf = [d]"), ("b", "print(next(gen), d)\ndf.append(2)"), ("c", "del d\nprint(next(gen))"), ("d", "print(df, list(gen), 'd' in globals())")],
        [("a", "b", "c", "d")],
    ),
    "what another step binds meanwhile": (
        [("a", "gen = (v for v in range(4))\nx = [1]\ny = [1]"), ("b", "x = [2]\ndel_me = 1"), ("c", "print(x, y, list(gen))\nx.append(3)"), ("d", "print(x)")],
        [("a", "c")],
    ),
    "classes and functions are not made twice": (
        [("functions", "class A:\n    n = 0\n    def __init__(self, it): self.it = it\ndef f(a): return isinstance(a, A)"), ("a", "a = A(1)\ngen = (v for v in range(4))"),
         ("b", "print(f(a), type(a) is A, next(gen))\nb = A(2)"), ("c", "print(f(a), f(b), type(b) is A)")],
        [("a", "b")],
    ),
    "seeded random numbers go on": (
        [("a", "import random\nrandom.seed(0)\ngen = (v for v in range(4))\nprint(random.random())"), ("b", "print(random.random(), next(gen))"), ("c", "print(random.random())")],
        [("a", "b")],
    ),
    "a change that the code does not show, in one process": (
        [("a", "gen = (v for v in range(4))\nx = [1]\nd = {'x': x}"), ("b", "next(gen)\nd['x'].append(2)"), ("c", "print(x, d, next(gen))"), ("d", "print(x, d['x'] is x)")],
        [("a", "b", "c")],
    ),
    "two processes": (
        [("a", "g = (v for v in range(4))"), ("b", "h = (v for v in range(5))"), ("c", "p = next(g)"), ("d", "q = next(h)"), ("e", "print(p, q)")],
        [("a", "c"), ("b", "d")],
    ),
    "two processes that would wait for each other are one": (
        [("a", "g = (v for v in range(4))\nx = [1]"), ("b", "h = (v for v in range(len(x) + 5))"), ("c", "p = next(h)"), ("d", "q = next(g) + p"), ("e", "print(p, q)")],
        [("a", "b", "c", "d")],
    ),
    "a list crosses": ([("a", "gen = [v for v in range(4)]"), ("b", "print(gen)")], []),
    "a parameter bound anew": (
        [("parameters", "k = 1"), ("a", "gen = (v for v in range(4))\nk = k + 1"), ("b", "print(k, next(gen))"), ("c", "print(k)")], [("a", "b")],
    ),
    "a handler of a logger, and a step that logs nothing": (
        [("a", "import logging, io\nlog = logging.getLogger('fused')\nbuf = io.StringIO()"), ("b", "log.addHandler(logging.StreamHandler(buf))"), ("c", "x = [1]"), ("d", "log.error('e')"), ("e", "print(buf.getvalue(), x)")],
        [("b", "d", "e")],
    ),
    "a figure goes on, since the environment has a backend for figures that stay": (
        [("a", "import os\nos.environ['MPLBACKEND'] = 'Agg'\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])"), ("b", "plt.title('b')"), ("c", "print(plt.gca().get_title())")],
        [("a", "b", "c")],
    ),
    "figures of their own": (
        [("a", "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt"), ("b", "fig, ax = plt.subplots()\nplt.title('b')"), ("c", "plt.figure()\nplt.title('c')\nprint(plt.gca().get_title())"), ("d", "print(ax.get_title())")],
        [],
    ),
    "a base class registers": (
        [("a", "subs = []\nclass Base:\n    def __init_subclass__(cls): subs.append(cls)"), ("b", "class One(Base): pass"), ("c", "x = 1"), ("d", "print(subs[0] is One, x)")],
        [("b", "d")],
    ),
    "an accessor that counts, and frames whose steps don't name pandas": (
        [("a", "import pandas as pd\ndf = pd.DataFrame({'v': [1, 2]})"), ("b", COUNTING), ("c", "print(df.geo.n())"), ("d", "print(Geo.seen)"), ("e", "print(len(df))")],
        [("b", "c", "d")],
    ),
    "an accessor that counts, by a name that isn't known beforehand": (
        [("a", "import pandas as pd\ndf = pd.DataFrame({'v': [1, 2]})"), ("b", COUNTING.replace("'geo'", "''.join(['ge', 'o'])")), ("c", "print(df.geo.n())"), ("d", "x = [1]"), ("e", "print(Geo.seen, x)")],
        [("b", "c", "e")],
    ),
    "an accessor that keeps nothing": (
        [("a", "import pandas as pd\ndf = pd.DataFrame({'v': [1, 2]})"), ("b", COUNTING.replace("Geo.seen += 1", "pass")), ("c", "print(df.geo.n())"), ("d", "print(Geo.seen)")],
        [],
    ),
    "a model whose formula calls the notebook's own function": (
        [("a", OLS + "def sq(x): return x**2"), ("b", "m = smf.ols('y ~ x + sq(x)', df)"), ("c", "fit = m.fit()"), ("d", "print(fit.params.round(3).to_dict())"), ("e", "print(len(df))")],
        [("b", "c", "d")],
    ),
    "models whose formulas stand in a list": (
        [("a", OLS + "k = [2]\nk.append(3)"), ("b", "def sq(x): return x**k[0]"), ("c", "ms = [smf.ols(f, df).fit() for f in ['y ~ x', 'y ~ sq(x)']]"), ("d", "k[0] = 3\nprint([m.params.round(3).to_dict() for m in ms])")],
        [("c", "d")],
    ),
    "a model whose formula calls NumPy's": (
        [("a", OLS + "import numpy as np\ndef sq(x): return x**2"), ("b", "m = smf.ols('y ~ x + np.log(x)', df)"), ("c", "print(m.fit().params.round(3).to_dict(), sq(2))")], [],
    ),
    "an alias of what crosses": (
        [("a", "gen = (v for v in range(4))\nx = [1]"), ("b", "y = x\nprint(next(gen))"), ("c", "y.append(2)"), ("d", "print(x, y is x)")], [("a", "b")],
    ),
    "a lock that is held by `with` is made anew": (
        [("a", "import threading\nlock = threading.Lock()\nx = [1]"), ("b", "with lock:\n    x.append(2)"), ("c", "def f():\n    with lock:\n        return x\nprint(f())"), ("d", "print(len(x))")],
        [],
    ),
    "a lock that is acquired is not": (
        [("a", "from threading import Lock\nlock = Lock()"), ("b", "lock.acquire()"), ("c", "print(lock.locked())")], [("a", "b", "c")],
    ),
    "a lock with another name is not": (
        [("a", "from threading import Lock\nlock = Lock()\nother = lock"), ("b", "with lock:\n    print(lock is other)")], [("a", "b")],
    ),
    "a pool that is given work is made anew": (
        [("a", "import concurrent.futures\npool = concurrent.futures.ThreadPoolExecutor(max_workers=2)"), ("b", "print(list(pool.map(abs, [-1, 2])))"), ("c", "print(pool.submit(abs, -3).result())")],
        [],
    ),
    "a pool that is shut down is not": (
        [("a", "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(2)"), ("b", "pool.shutdown()"), ("c", "print(pool._shutdown)")],
        [("a", "b", "c")],
    ),
}
# fmt: on


@pytest.mark.parametrize("case", FUSED)
def test_fused_steps_give_the_same(server: Server, case: str) -> None:
    cells, processes = FUSED[case]
    pipeline = api.analyze(notebook_of(cells)).pipeline
    assert pipeline is not None
    names = [
        tuple(step.name for step in pipeline.process_of(step.id)) for step in pipeline.steps if step.process == step.id
    ]
    assert names == processes
    found = compare(server, cells)
    assert found.kind == "same", found
