"""Notebooks that once gave another result as a pipeline, in their smallest form: found by the generated ones.

Each runs straight and as a pipeline, without kernels. Where steps may run in more than one order, the last goes first.
"""

from __future__ import annotations

import pytest
from fast import Server, compare

# fmt: off
DATES = "import pandas as pd\nr = pd.Series([1.0, 2.0, 3.0, 4.0, 5.0], index=pd.date_range('2020', periods=5, freq='MS'))\ntrain, test = r.iloc[:-2], r.iloc[-2:]"
TOOL = "import os, sys\nos.makedirs('libs', exist_ok=True)\nsys.path.insert(0, 'libs')\nopen('libs/tool.py', 'w').write({!r})"
KEEPS = "import itertools\nSTATE, ids = [], itertools.count()\nclass A:\n    made = 0\n    def __init__(self): A.made += 1\ndef add(x, seen=[]):\n    STATE.append(x)\n    return len(STATE)\ndef keep(x, seen=[]):\n    seen.append(x)\n    return len(seen)"
CACHES = "import functools, logging, re\n_cache, log, N = {}, logging.getLogger('t'), 1\n@functools.lru_cache\ndef sq(x):\n    _cache[x] = x\n    log.debug('x')\n    re.match(str(x), 'b')\n    return x * x"
FOUND: dict[str, list[tuple[str, str]]] = {
    "a name shares with two others that share nothing": [
        ("a", "d = [2]"), ("b", "k = [5]"), ("c", "d.append(1)\nout = [d, k]\ny = list(out)"), ("d", "k.append(3)\nprint(y)"),
    ],
    "a bound method of a list": [("a", "data = [2]"), ("b", "f = data.append"), ("c", "k = data"), ("d", "f(4)\nprint(len(data))"), ("e", "print(k)")],
    "a bound method keeps its argument": [("a", "data = [2]\nnest = []\nf = nest.append"), ("b", "f(data)"), ("c", "data.append(1)\nprint(data)"), ("d", "print(nest)")],
    "a bound method in a partial": [("a", "import functools\ndata = [2]\nnest = []"), ("b", "p = functools.partial(nest.append, data)"), ("c", "p()"), ("d", "data.append(1)\nprint(data)"), ("e", "print(nest)")],
    "a bound method copies what is changed later": [("a", "x = [5]\nnote = x.copy"), ("b", "x.clear()"), ("c", "print(note())")],
    "a bound method gives an item": [("a", "rows = [[1], [2]]\nd = {'p': rows[0]}\nget = d.get"), ("b", "x = get('p')"), ("c", "x.append(9)"), ("d", "print(rows)"), ("e", "print(d)")],
    "a bound method of a notebook class": [("a", "rows = [1]\nclass A:\n    def __init__(self): self.kept = []\n    def keep(self, v): self.kept.append(v)\na = A()\nf = a.keep"), ("b", "f(rows)"), ("c", "rows.append(9)"), ("d", "print(a.kept)")],
    "a bound method is mapped": [("a", "rows = [1]\nclass A:\n    def __init__(self): self.kept = []\n    def keep(self, v): self.kept.append(v)\na = A()"), ("b", "for i in map(a.keep, [rows]):\n    pass"), ("c", "rows.append(9)"), ("d", "print(a.kept)")],
    "a function that is mapped keeps what it is given": [("a", "data = [[2]]\nnest = []\ndef keep(v):\n    nest.append(v)"), ("b", "list(map(keep, data))"), ("c", "data[0].append(1)\nprint(data)"), ("d", "print(nest)")],
    "a function in a partial keeps what it is given": [("a", "import functools\ndata = [2]\nnest = []\ndef keep(v):\n    nest.append(v)\np = functools.partial(keep, data)"), ("b", "p()"), ("c", "data.append(1)\nprint(data)"), ("d", "print(nest)")],
    "setattr, heappush and setitem keep what they store": [("a", "import heapq, operator\nclass A: pass\na, h, d, x = A(), [], {}, [1]"), ("b", "setattr(a, 'x', x)\nheapq.heappush(h, x)\noperator.setitem(d, 'x', x)"), ("c", "x.append(2)"), ("d", "print(a.x, h, d)")],
    "a builtin that the notebook makes": [("a", "import builtins\nbuiltins.foo = 3"), ("b", "print(foo)")],
    "a builtin that changes": [("a", "import builtins\nbuiltins.foo = [1]"), ("b", "foo.append(2)"), ("c", "print(foo)")],
    "a builtin that is a variable's value": [("a", "import builtins\nx = [3]\nx.append(4)"), ("b", "builtins.foo = x"), ("c", "print(foo)")],
    "a builtin that only a function reads": [("a", "import builtins\ndef f():\n    return foo + 1"), ("b", "vars(builtins)['foo'] = 3"), ("c", "print(f())")],
    "an attribute of a library's that changes": [("a", "import math\nmath.foo = [1]"), ("b", "math.foo.append(2)"), ("c", "print(math.foo)")],
    "a name that only a format string reads": [("a", "a = 1"), ("b", "print('{a}'.format(**globals()))")],
    "pairs of enumerate": [("a", "rows = [[1], [2]]"), ("b", "for i, r in enumerate(rows):\n    r.append(i)"), ("c", "print(rows)")],
    "pairs of zip, nested": [("a", "rows = [[1], [2]]"), ("b", "for r, (i, s) in zip(rows, enumerate(rows)):\n    s.append(1)"), ("c", "print(rows)")],
    "pairs of zip, which an argument changes": [("a", "rows = [[1], [2]]\nmore = [3]"), ("b", "for r, i in zip(rows, [rows.append(more), 1, 2]):\n    r.append(i)"), ("c", "print(more)")],
    "pairs of zip, in one target": [("a", "rows = [[1], [2]]"), ("b", "for pair in zip(rows, rows):\n    pair[0].append(1)"), ("c", "print(rows)"), ("d", "for a, *b in zip(rows, rows):\n    b[0].append(2)"), ("e", "print(rows)")],
    "pairs of an iterator that two walk through": [("a", "rows = [[1], [2], [3]]\nit = iter(rows)"), ("b", "for r, s in zip(it, it):\n    s.append(r)"), ("c", "print(rows)"), ("d", "print(len(list(it)))")],
    "a parameter that a star import has too": [("imports", "from math import *"), ("parameters", "gamma = 0.9\ne = 5"), ("a", "print(gamma, e, sqrt(4))")],
    "a star import over a parameter": [("parameters", "gamma = 0.9\ne = 5"), ("a", "from math import *\nprint(e)"), ("b", "print(e, floor(gamma(3)))")],
    "a name of a star import is bound anew": [("a", "from math import *"), ("b", "log = []"), ("c", "print(sqrt(4))"), ("d", "log.append(1)\nprint(log, floor(2.5))")],
    "a star import over a name": [("a", "log = [1]"), ("b", "from math import *"), ("c", "print(sqrt(4), log(1))"), ("d", "print(floor(2.5), log(1))")],
    "a name of a star import is bound anew in its step": [("a", "from math import *\nlog = [1]"), ("b", "print(sqrt(4))"), ("c", "print(log, floor(2.5))")],
    "a star import brings what sets up a library": [("a", "from numpy import *\nset_printoptions(precision=2)\nseed = 3"), ("b", "print(array([1 / 3]))"), ("c", "from numpy.random import *\nprint(seed)"), ("d", "print(array([2 / 3]))")],
    "a star import draws": [("a", "from numpy.random import *\nseed(3)"), ("b", "print(rand())"), ("c", "print(rand())"), ("d", "seed(3)"), ("e", "print(rand())")],
    "a name of a star import is deleted": [("a", "from math import *"), ("b", "del log"), ("c", "print(sqrt(4), 'log' in globals())"), ("d", "print(floor(2.5))")],
    "a second star import over a name": [("a", "from math import *"), ("b", "log = [1]\nk = [2]"), ("c", "from cmath import *"), ("d", "print(log(1), k)")],
    "series with an index of dates, in two steps": [("a", DATES), ("b", "m = r.rolling(3).mean()"), ("c", "n = pd.Series([1.0, 2.0], index=test.index)\nlast = train.iloc[-2:]"), ("d", "print(m, n, last, test)")],
    "series with an index of periods, in two steps": [("a", "import pandas as pd\nr = pd.Series([1.0, 2.0], index=pd.period_range('2020', periods=2, freq='M'))"), ("b", "m = r * 2"), ("c", "n = pd.Series([1.0, 2.0], index=r.index)"), ("d", "print(m, n)")],
    "series with an index of levels, in two steps": [("a", "import pandas as pd\nr = pd.Series([1.0, 2.0], index=pd.MultiIndex.from_tuples([(1, 'x'), (2, 'y')]))"), ("b", "m = r * 2"), ("c", "n = pd.Series([1.0, 2.0], index=r.index)"), ("d", "print(m, n)")],
    "pairs of a dict": [("a", "rows = {'p': [1]}"), ("b", "for k, r in sorted(rows.items()):\n    r.append(k)"), ("c", "print(rows)")],
    "pairs, in a comprehension": [("a", "rows = {'p': [1]}"), ("b", "[r.append(1) for k, r in list(rows.items())]"), ("c", "print(rows)")],
    "a dict of pairs": [("a", "z = {'p': [1]}"), ("b", "y = dict(z.items())"), ("c", "y['p'].append(1)\nprint(y)"), ("d", "print(z)")],
    "a dict of keywords": [("a", "z = [1, 1]"), ("b", "y = dict(v=z)['v']"), ("c", "z.append(1)"), ("d", "print(y)")],
    "a shallow copy of an instance": [("a", "import copy\nclass Box:\n    def __init__(self, items): self.items = items\n    def add(self, x): self.items.append(x)\nb = Box([1])"), ("b", "c = copy.copy(b)"), ("c", "c.add(2)\nprint(c.items)"), ("d", "print(b.items)")],
    "a sum of lists": [("a", "z = [[[1]]]"), ("b", "y = sum(z, [])[0]"), ("c", "y.append(2)\nprint(y)"), ("d", "print(z)")],
    "names of the namespace, in a loop": [("a", "x = [1]\ny = [1]"), ("b", "for k, v in list(globals().items()):\n    if k in ('x', 'y'):\n        v.append(3)\ndel k, v"), ("c", "print(x, y)")],
    "a class is changed through an instance": [("a", "class A:\n    n = 0\na = A()"), ("b", "type(a).n = 3"), ("c", "print(A.n, a.n)"), ("d", "a.__class__.n = 4\nsetattr(A, 'm', 5)"), ("e", "print(A.n, a.n, a.m)")],
    "items by the keys of a dict": [("a", "d = {'p': [1]}"), ("b", "for k in d:\n    d[k].append(1)"), ("c", "print(d)"), ("d", "for k in list(d):\n    d[k].append(2)"), ("e", "print(d)")],
    "methods called through their type": [("a", "x, d = [3, 1], {}\ny = x"), ("b", "list.append(x, 1)\nlist.sort(y)\ndict.update(d, q=x)"), ("c", "x.append(4)"), ("d", "print(x, d)"), ("e", "print(y)")],
    "attributes by getattr and vars": [("a", "class A: pass\na = A()\na.x = [1]\ny = a.x"), ("b", "getattr(a.x, 'append')(2)\ngetattr(a, 'x').append(3)\nvars(a)['z'] = 4"), ("c", "print(y)"), ("d", "print(a.x, a.z)")],
    "a view of an array made of a list": [("a", "import numpy as np\nc = np.asarray([2] + [1])"), ("b", "data = c[::-1]"), ("c", "data.sort()"), ("d", "print(c)")],
    "a property that is kept": [("a", "import functools\nclass A:\n    @functools.cached_property\n    def v(self): return [1]\na = A()"), ("b", "a.v.append(2)"), ("c", "print(a.v)")],
    "two iterators of one": [("a", "import itertools\nx, y = itertools.tee([1, 2, 3])"), ("b", "next(x)"), ("c", "print(list(x), list(y))")],
    "a field that a function makes": [("a", "from dataclasses import dataclass, field\npool = []\n@dataclass\nclass P:\n    xs: list = field(default_factory=lambda: pool)"), ("b", "P().xs.append(1)"), ("c", "print(pool)")],
    "a memoised function that is moved": [("a", "import functools\ndef f(): return 1\nprint(f())"), ("b", "@functools.lru_cache\ndef f(): return 2"), ("c", "d = {'f': f}"), ("d", "print(d['f']())")],
    "a class is changed, and an older unit of it is loaded beside": [("a", "class A:\n    n = 0\n    def __init__(self, v): self.v = v\nx = [1]\na = A(x)\nb = a"), ("b", "type(b).n = 3"), ("c", "print(x, b.n)")],
    "a class is changed, and what came along with it is looked at": [("a", "class A:\n    n = 0\na = A()\nb = [a]\nc = [b]"), ("b", "type(a).n = 3\nprint(len(b))"), ("c", "print(b[0].n)\nb.append(1)"), ("d", "print(len(c[0]), c[0][0].n)")],
    "an array taken from a frame": [("a", "import pandas as pd\ndf = pd.DataFrame({'v': [1, 2], 'w': [3, 4]})\narr = df['v'].to_numpy()"), ("b", "df.loc[0, 'v'] = 9"), ("c", "print(arr, df)")],
    "an array taken from a frame, later": [("a", "import pandas as pd\ndf = pd.DataFrame({'v': [1, 2], 'w': [3, 4]})"), ("b", "arr = df['v'].values"), ("c", "df.loc[0, 'v'] = 9"), ("d", "print(arr)")],
    "an array taken from rows of a frame": [("a", "import pandas as pd\ndf = pd.DataFrame({'v': [1, 2], 'w': [3, 4]})\narr = df[1:].values"), ("b", "df.loc[1, 'v'] = 9"), ("c", "print(arr)")],
    "an array of a frame that is copied when it is written to": [("a", "import pandas as pd\ndf = pd.DataFrame({'v': [1, 2], 'w': [3, 4]})\narr = df['v'].values\ncol = df['v']"), ("b", "df.loc[0, 'v'] = 9"), ("c", "print(arr, col.tolist())")],
    "an array of a frame, a part of which was displayed": [("a", "import pandas as pd\ndf = pd.DataFrame({'v': [1, 2], 'w': [3, 4]})\narr = df['v'].values\ndf['v']"), ("b", "df.loc[0, 'v'] = 9"), ("c", "print(arr)")],
    "an extension array of a series": [("a", "import pandas as pd\ns = pd.Series([1, 2], dtype='Int64')\nt = pd.Series(list('ab'), dtype='category')\narr, brr = s.array, t.values"), ("b", "s[0] = 9\nt[0] = 'b'"), ("c", "print(list(arr), list(brr))")],
    "a series over an array": [("a", "import pandas as pd, numpy as np\na = np.zeros(3)\ns = pd.Series(a, copy=False)"), ("b", "a[0] = 5"), ("c", "print(s.tolist())"), ("d", "s[1] = 7"), ("e", "print(a)")],
    "a view of an array of objects": [("a", "import numpy as np\na = np.array([1, 'x', None], dtype=object)\nv = a[1:]"), ("b", "a[1] = 'changed'"), ("c", "print(v)")],
    "windows on an array": [("a", "import numpy as np\na = np.arange(6.)\nv = np.lib.stride_tricks.sliding_window_view(a, 3)"), ("b", "a[1] = 50"), ("c", "print(v)")],
    "a function that registers itself": [("a", "REG = {}\ndef reg(f):\n    REG[f.__name__] = f\n    return f\n@reg\ndef f(): return 1"), ("b", "REG['g'] = 2"), ("c", "print(REG['f'] is f)")],
    "a lambda in a container that changes": [("a", "f = lambda: 1\nREG = {'f': f}"), ("b", "REG['g'] = 2"), ("c", "print(REG['f'] is f)")],
    "a class has an attribute of its own that equals its base's": [("a", "class A: n = 4\nclass B(A): n = 4\nclass C(A): pass"), ("b", "C.n += 1\nA.n += 1\nprint(sorted(vars(C)))"), ("c", "A.n = 9\nprint(A.n, B.n, C.n)"), ("d", "print('n' in vars(C), 'n' in vars(B), A.n, B.n, C.n)")],
    "a replayed function in a container that changes": [("a", "def f(): return 1"), ("b", "REG = {'f': f}"), ("c", "REG['g'] = 2"), ("d", "print(REG['f'] is f)"), ("e", "REG['h'] = f"), ("f", "print(REG['f'] is f, REG['h'] is REG['f'])")],
    "functions that share a variable, one of them in a container": [("a", "def make():\n    n = 0\n    def add():\n        nonlocal n\n        n += 1\n    def get(): return n\n    return add, get\nadd, get = make()\nREG = {'add': add}"), ("b", "REG['x'] = 1"), ("c", "print(REG['add'] is add)"), ("d", "REG['add']()\nprint(get())")],
    "a name of a changed unit is bound anew": [("a", "x = [1]\ny = [x]"), ("b", "y = 5"), ("c", "getattr(x, 'app' + 'end')(2)  # nb2pipe: pure\nprint(x)"), ("d", "print(y)")],
    "a definition is bound anew, unseen, and nobody uses it": [("a", "k = 1"), ("b", "# nb2pipe: pure\nexec(''.join(['k', ' = 5']))\nprint(k)"), ("c", "print(1)")],
    "a class that a registry holds, stored again beside others": [("a", "REG = {}\ndef reg(cls):\n    REG[cls.__name__] = cls\n    return cls"), ("b", "@reg\nclass A:\n    def run(self): return 1"), ("c", "@reg\nclass B:\n    def run(self): return 2"), ("d", "print(REG['A']().run())"), ("e", "@reg\nclass C(A): pass"), ("f", "print(REG['C']().run(), REG['B'] is B)")],
    "groups of a frame, which remember": [("a", "import pandas as pd\ndf = pd.DataFrame({'g': list('aab'), 'v': [1, 2, 3]})\ngb = df.groupby('g')"), ("b", "print(gb['v'].sum().to_dict())"), ("c", "df['v'] = 3"), ("d", "print(gb['v'].sum().to_dict(), gb.ngroups)")],
    "raised exceptions, with what caused them": [("a", "kept = []\ntry:\n    try:\n        open('/no/such')\n    except OSError as e:\n        raise KeyError('k') from e\nexcept KeyError as e:\n    kept.append(e)"), ("b", "print(repr(kept[0]), kept[0].__cause__.errno, kept[0].__cause__ is kept[0].__context__)"), ("c", "try:\n    raise kept[0]\nexcept KeyError as e:\n    print(e is kept[0])"), ("d", "print(kept)")],
    "an exception of the notebook with fields": [("a", "class E(Exception):\n    def __init__(self, code, text):\n        super().__init__(text)\n        self.code = code"), ("b", "try:\n    raise E(4, 'no')\nexcept E as e:\n    last = e"), ("c", "print(last, last.code, isinstance(last, E))")],
    "a second import of the same": [("a", "import math\nimport os.path"), ("b", "import math\nimport os\nprint(math.floor(1.5))"), ("c", "print(math.ceil(1.5), os.path.sep)")],
    "what is computed from a frame has its index": [("a", "import pandas as pd\ndf = pd.DataFrame({'g': list('aab'), 'v': [1, 2, 3]})\ng = df.groupby('g')"), ("b", "means = g.mean()\nprint(means)"), ("c", "df['v'] = df['v'] * 10\nprint(df)"), ("d", "print(g.sum(), means)")],
    "groups keep what they have computed": [("a", "import pandas as pd\ndf = pd.DataFrame({'g': list('aab'), 'v': [1, 2, 3]})\ng = df.groupby('g')"), ("b", "print(g['v'].sum())"), ("c", "df.loc[0, 'v'] = 50"), ("d", "print(g['v'].sum(), g.size(), g.sum())")],
    "a window on a frame that changes": [("a", "import pandas as pd\ndf = pd.DataFrame({'g': list('aab'), 'v': [1, 2, 3]})\nr = df['v'].rolling(2)"), ("b", "print(r.sum())"), ("c", "df.loc[0, 'v'] = 50"), ("d", "print(r.sum())")],
    "parts of a frame by its groups": [("a", "import pandas as pd\ndf = pd.DataFrame({'g': list('aab'), 'v': [1, 2, 3]})\ng = df.groupby('g')"), ("b", "parts = {k: p for k, p in g}"), ("c", "parts['a'].loc[0, 'v'] = 9\nprint(parts['a'])"), ("d", "print(df, g.sum())"), ("e", "df.loc[1, 'v'] = 7"), ("f", "print(g.sum(), g.get_group('a'))")],
    "two models keep the array that they were fitted to, unseen": [("a", "from sklearn.neighbors import KNeighborsRegressor\nimport numpy as np\nX = np.arange(6.).reshape(3, 2)\ny = np.arange(3.)"), ("b", "m = KNeighborsRegressor(1, algorithm='brute').fit(X, y)"), ("c", "n = KNeighborsRegressor(2, algorithm='brute').fit(X, y)"), ("d", "print(m.predict(X), n.predict(X))")],
    "two models keep an array, and one of them gets another": [("a", "from sklearn.neighbors import KNeighborsRegressor\nimport numpy as np\nX = np.arange(6.).reshape(3, 2)\ny = np.arange(3.)"), ("b", "m = KNeighborsRegressor(1, algorithm='brute').fit(X, y)"), ("c", "n = KNeighborsRegressor(2, algorithm='brute').fit(X, y)"), ("d", "n._fit_X = n._fit_X + 9"), ("e", "print(m.predict([[9., 9.]]), n.predict([[9., 9.]]))")],
    "two models keep an array, and its name gets another": [("a", "from sklearn.neighbors import KNeighborsRegressor\nimport numpy as np\nX = np.arange(6.).reshape(3, 2)\ny = np.arange(3.)"), ("b", "m = KNeighborsRegressor(1, algorithm='brute').fit(X, y)"), ("c", "n = KNeighborsRegressor(2, algorithm='brute').fit(X, y)"), ("d", "X = X + 9"), ("e", "print(m.predict([[9., 9.]]), n.predict([[9., 9.]]))")],
    "a model keeps an array that is changed and then bound anew": [("a", "from sklearn.neighbors import KNeighborsRegressor\nimport numpy as np\nX = np.arange(6.).reshape(3, 2)\ny = np.arange(3.)"), ("b", "m = KNeighborsRegressor(1, algorithm='brute').fit(X, y)"), ("d", "X[0] = 9\nX = X + 1"), ("e", "print(m._fit_X)")],
    "names that a library makes by counting": [("a", "import sys\nsys.path.insert(0, '.')\ntext = '''class Made:\n    _idCounter = 0\n    def __init__(self):\n        Made._idCounter += 1\n        self.name = 'sys[%d]' % Made._idCounter'''\nwith open('lib.py', 'w') as f: f.write(text)"), ("b", "import lib\nx = lib.Made()"), ("c", "y = lib.Made()\nprint(y.name)"), ("d", "print(x.name, y.name)")],
    "a library draws, unseen, and seeds before it does": [("a", "import sys\nsys.path.insert(0, '.')\nimport numpy as np\nwith open('lib.py', 'w') as f: f.write('import numpy\\ndef draw(): return numpy.random.rand()')"), ("b", "np.random.seed(3)"), ("c", "import lib\nnp.random.seed(4)\nprint(lib.draw())")],
    "a module that can't be read beforehand keeps only a cache": [("a", TOOL.format(CACHES)), ("b", "import tool\nprint(tool.sq(2))"), ("c", "print(tool.sq(2), tool.N)")],
    "a module that can't be read beforehand is changed in its last step": [("a", TOOL.format(KEEPS)), ("b", "import tool\nprint(len(tool.STATE))"), ("c", "print(tool.add(2), tool.STATE)"), ("d", "print(1)")],
    "a module that can't be read beforehand is set in each step": [("a", TOOL.format(KEEPS)), ("b", "import tool\ntool.N = 3\nprint(tool.N)"), ("c", "print(tool.N)")],
    "a class leaves something out when it is pickled": [("a", "class A:\n    def __init__(self): self.x, self.notes = 1, {'k': 2}\n    def __getstate__(self): return {'x': self.x, 'notes': {}}\na = A()"), ("b", "b = a.x"), ("c", "print(a.notes, b)")],
    "a class hands on all that it has": [("a", "class A:\n    def __init__(self): self.x, self.notes = 1, {'k': 2}\n    def __reduce__(self): return (_made, (self.x, self.notes))\ndef _made(x, notes):\n    a = A()\n    a.x, a.notes = x, notes\n    return a\na = A()"), ("b", "a.notes['m'] = 3"), ("c", "print(a.notes)")],
}
STOPPED: dict[str, list[tuple[str, str]]] = {
    "a module that can't be read beforehand keeps a list": [("a", TOOL.format(KEEPS)), ("b", "import tool\nprint(tool.add(1))"), ("c", "print(tool.add(2), tool.STATE)")],
    "it counts in a class": [("a", TOOL.format(KEEPS)), ("b", "import tool\ntool.A()"), ("c", "print(tool.A.made)")],
    "it counts by an iterator": [("a", TOOL.format(KEEPS)), ("b", "import tool\nprint(next(tool.ids))"), ("c", "print(next(tool.ids))")],
    "it keeps a default": [("a", TOOL.format(KEEPS)), ("b", "import tool\nprint(tool.keep(1))"), ("c", "print(tool.keep(1))")],
    "a class that is made at run time leaves something out": [("a", "def left(self): return {'x': self.x}\nA = type('A', (), {'__getstate__': left})\na = A()\na.x, a.notes = 1, 2"), ("b", "print(a.x)"), ("c", "print(hasattr(a, 'notes'))")],
    "a class is made anew with something else": [("a", "class A:\n    def __init__(self, x): self.x, self.notes = x, []\n    def __reduce__(self): return (A, (self.x,))\na = A(1)\na.notes.append(2)"), ("b", "print(a.notes)")],
    "a traceback that is looked at elsewhere": [("a", "import traceback\ntry:\n    1 / 0\nexcept ZeroDivisionError as e:\n    last = e"), ("b", "print(len(traceback.format_tb(last.__traceback__)) > 0)")],
    "an index that is named through its frame": [("a", "import pandas as pd\ndf = pd.DataFrame({'v': [1, 2]})\nidx = df.index"), ("b", "df.index.name = 'i'"), ("c", "print(idx.name)")],
    "what came along in a unit was changed": [("a", "x = [1]\ny = [x]"), ("b", "getattr(x, 'app' + 'end')(2)  # nb2pipe: pure"), ("c", "print(y)")],
    "a replayed constant is bound anew, unseen": [("a", "k = 1"), ("b", "# nb2pipe: pure\nexec(''.join(['k', ' = 5']))"), ("c", "print(k)")],
    "a replayed function is bound anew, unseen": [("a", "def f(): return 1"), ("b", "# nb2pipe: pure\nexec(''.join(['def f', '(): return 5']))"), ("c", "print(f())")],
    "an import is bound anew, unseen": [("a", "import math"), ("b", "# nb2pipe: pure\nexec(''.join(['import cmath ', 'as math']))"), ("c", "print(math.__name__)")],
    "a replayed function gets an attribute, unseen": [("a", "def f(): return 1"), ("b", "# nb2pipe: pure\nexec(''.join(['f.calls', ' = 5']))\nf()"), ("c", "print(hasattr(f, 'calls'), f())")],
    "a default of a replayed function is changed, unseen": [("a", "def f(x=[]): return x"), ("b", "# nb2pipe: pure\nexec(''.join(['f()', '.append(1)']))\nf()"), ("c", "print(f())")],
    "a replayed class is changed, unseen": [("a", "class A:\n    n = 0\n    seen = []"), ("b", "# nb2pipe: pure\nexec(''.join(['A.seen', '.append(1)']))\nA()"), ("c", "print(A.seen)")],
    "two models keep an array, unseen, and it is changed through one": [("a", "from sklearn.neighbors import KNeighborsRegressor\nimport numpy as np\nX = np.arange(6.).reshape(3, 2)\ny = np.arange(3.)"), ("b", "m = KNeighborsRegressor(1, algorithm='brute').fit(X, y)"), ("c", "n = KNeighborsRegressor(2, algorithm='brute').fit(X, y)"), ("d", "n._fit_X[0] = 9"), ("e", "print(m.predict([[9., 9.]]))")],
    "names that a library makes by counting, side by side": [("a", "import sys\nsys.path.insert(0, '.')\ntext = '''class Made:\n    _idCounter = 0\n    def __init__(self):\n        Made._idCounter += 1\n        self.name = 'sys[%d]' % Made._idCounter'''\nwith open('lib.py', 'w') as f: f.write(text)"), ("b", "import lib\nx = lib.Made()"), ("c", "y = lib.Made()\nprint(y.name, x.name)"), ("d", "z = lib.Made()\nprint(x.name, z.name)")],
    "a library draws from a generator that is seeded, unseen": [("a", "import sys\nsys.path.insert(0, '.')\nimport numpy as np\nwith open('lib.py', 'w') as f: f.write('import numpy\\ndef draw(): return numpy.random.rand()')"), ("b", "np.random.seed(3)"), ("c", "import lib\nprint(lib.draw())")],
}
REFUSED: dict[str, list[tuple[str, str]]] = {
    "calls of a memoised function are counted": [("a", "import functools\n@functools.lru_cache\ndef f(x): return x"), ("b", "f(1); f(1)"), ("c", "f(2)\nprint(f.cache_info())")],
}
# fmt: on


@pytest.mark.parametrize("case", FOUND)
def test_what_once_went_wrong(server: Server, case: str) -> None:
    found = compare(server, FOUND[case])
    assert found.kind == "same", found


@pytest.mark.parametrize("case", STOPPED)
def test_what_once_was_wrong_in_silence(server: Server, case: str) -> None:
    found = compare(server, STOPPED[case])
    assert found.kind == "stopped", found


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_before_it_runs(server: Server, case: str) -> None:
    found = compare(server, REFUSED[case])
    assert found.kind == "refused", found
