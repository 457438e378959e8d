"""The constructs of Python and IPython, each as three steps, with the edges that follow; and twins that must have none.

A row: name, the sources of steps a, b, c, the edges (`a>b:x` x crosses; `a>b` order only).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

BINDING = [
    ("plain", "x = [1]", "y = 2", "print(x)", "a>c:x"),
    ("rebind", "x = [1]", "x = [2]", "print(x)", "b>c:x"),
    ("augmented assignment", "x = [1]", "x += [2]", "print(x)", "a>b:x b>c:x"),
    ("tuple unpacking", "p = [1, 2]", "x, y = p", "print(x, y)", "a>b:p b>c:x,y"),
    ("starred unpacking", "p = [1, 2, 3]", "x, *y = p", "print(y)", "a>b:p b>c:y"),
    ("nested unpacking", "p = [1, [2, 3]]", "(x, [y, z]) = p", "print(z)", "a>b:p b>c:z"),
    ("walrus", "x = [1]", "if (y := [2]):\n    pass", "print(x, y)", "a>c:x b>c:y"),
    ("for target", "xs = [1]", "for i in xs:\n    pass", "print(i)", "a>b:xs b>c:i"),
    ("with target", "import io", "with io.StringIO() as f:\n    t = f.getvalue()", "print(t)", "b>c:t"),
    ("match binding", "x = [1]", "match x:\n    case [y, *_]:\n        pass\n    case z:\n        y = 0", "print(y)", "a>b:x b>c:y"),
    ("match mapping rest", "x = {}", "match x:\n    case {'a': 1, **rest}:\n        pass", "print(rest)", "a>b:x b>c:rest"),
    ("except as unbinds", "e = [1]", "try:\n    pass\nexcept Exception as e:\n    pass", "print(e)", "a>c:e b>c:e"),
    ("annotation", "T = [int]", "x: 'T' = [1]", "print(x)", "b>c:x"),
    ("evaluated annotation", "def mk(): return int\nT = mk()", "x: T = [1]", "print(x)", "a>b:T b>c:x"),
    ("annotation of a def", "T = [int][0]", "def f(a: T) -> T:\n    return a", "print(f(1))", "a>b:T b>c:f"),
    ("del then redefine", "x = [1]", "del x\nx = [2]", "print(x)", "a>b:x b>c:x"),
    ("import as a name", "import math as m", "x = 1", "print(m.pi)", ""),
    ("attribute of import", "import os.path", "x = 1", "print(os.path.sep)", ""),
    ("delete an item", "d = {'k': 1}", "del d['k']", "print(d)", "a>b:d b>c:d"),
    ("chained assignment", "x = y = [1]", "z = 1", "print(y)", "a>c:y"),
]  # fmt: skip

FLOW = [
    ("surely rebound", "c = len('a'); x = [1]", "if c:\n    x = [2]\nelse:\n    x = [3]", "print(x)", "a>b:c b>c:x"),
    ("maybe rebound", "c = len('a'); x = [1]", "if c:\n    x = [2]", "print(x)", "a>b:c a>c:x b>c:x"),
    ("maybe rebound by for", "c = [1]; x = [1]", "for i in c:\n    x = [2]", "print(x)", "a>b:c a>c:x b>c:x"),
    ("define under if", "c = len('a')", "if c:\n    y = [1]", "print(y)", "a>b:c b>c:y"),
    ("use before def in one cell", "x = [1]", "y = x\nx = [2]", "print(x)", "a>b:x b>c:x"),
    ("def before use in one cell", "x = [1]", "x = [2]\ny = x", "print(y)", "b>c:y"),
    ("loop-carried read", "s = [0]", "for i in range(3):\n    s = s + [i]", "print(s)", "a>b:s b>c:s"),
    ("loop-carried alias", "x = [1]\nprev = []", "for i in range(3):\n    prev.append(i)\n    prev = x", "print(x)", "a>b:prev,x b>c:x"),
    ("while true runs once", "x = [1]", "while True:\n    x = [2]\n    break", "print(x)", "b>c:x"),
    ("after a loop that breaks", "x = [1]", "while len('a'):\n    break\nx = [2]", "print(x)", "b>c:x"),
    ("after a loop that breaks, inside another", "c = [1]; x = [1]", "for i in c:\n    if i:\n        break\n    x = [2]", "print(x)", "a>b:c a>c:x b>c:x"),
    ("try binds maybe", "x = [1]", "try:\n    x = [int('k')]\nexcept ValueError:\n    pass", "print(x)", "a>c:x b>c:x"),
    ("try binds surely", "x = [1]", "try:\n    x = [int('k')]\nexcept ValueError:\n    x = [0]", "print(x)", "b>c:x"),
    ("finally binds", "x = [1]", "try:\n    pass\nfinally:\n    x = [2]", "print(x)", "b>c:x"),
    ("else that raises", "c = len('a'); x = [1]", "if c:\n    x = [2]\nelse:\n    raise ValueError", "print(x)", "a>b:c b>c:x"),
    ("dunder main", "x = [1]", "if __name__ == '__main__':\n    x = [2]", "print(x)", "b>c:x"),
    ("maybe deleted", "c = len('a'); x = [1]", "if c:\n    del x", "print(x)", "a>b:c,x a>c:x b>c:x"),
    ("only read: parallel", "x = [1]", "print(x)", "print(x)", "a>b:x a>c:x"),
    ("loop variable reused: parallel", "x = [1]", "for i in x:\n    j = i", "for i in x:\n    k = i", "a>b:x a>c:x"),
]  # fmt: skip

SCOPE = [
    ("comprehension target", "x = [1]", "y = [x for x in range(3)]", "print(x)", "a>c:x"),
    ("comprehension iterable", "x = [1]", "y = [i for i in x]", "print(y)", "a>b:x b>c:y"),
    ("comprehension iterable of the same name", "x = [1]", "y = [x for x in x]", "print(y)", "a>b:x b>c:y"),
    ("nested comprehension", "x = [[1]]; k = len('a')", "y = [k for r in x for _ in r]", "print(y)", "a>b:k,x b>c:y"),
    ("walrus in a comprehension", "x = [1]", "y = [(z := i) for i in x]", "print(z)", "a>b:x b>c:z"),
    ("class body reads what it binds", "x = [1]", "class A:\n    x = x", "print(A.x)", "a>b:x b>c:A"),
    ("class attribute hides nothing", "x = [1]", "class A:\n    x = [2]", "print(x)", "a>c:x"),
    ("method does not see class names", "x = [1]", "class A:\n    x = 2\n    def f(self):\n        return x", "print(A().f())", "a>c:x"),
    ("default argument", "x = [1]", "def f(a=x):\n    return a", "print(f())", "a>b:x b>c:f"),
    ("decorator", "def d(f):\n    return f", "@d\ndef g():\n    return 1", "print(g())", ""),
    ("decorator that is a value", "d = [lambda f: f][0]", "@d\ndef g():\n    return 1", "print(g())", "a>b:d b>c:g"),
    ("f-string", "x = [1]; w = [3]", "y = f'{x:{w}}'", "print(y)", "a>b:w,x b>c:y"),
    ("top-level await", "x = [1]", "async def f():\n    return x", "y = await f()", "a>c:x"),
    ("lambda parameter", "x = [1]", "f = lambda x: x", "print(f(2))", "b>c:f"),
    ("function local", "x = [1]", "def f():\n    x = 2\n    return x", "print(f())", ""),
    ("nonlocal", "x = [1]", "def f():\n    x = 2\n    def g():\n        nonlocal x\n        x = 3\n    g()\n    return x", "print(f())", ""),
    ("shadowed builtin", "list = [1]", "y = 2", "print(list)", "a>c:list"),
    ("deleted shadow is a builtin again", "list = [1]", "del list", "print(list)", "a>b:list"),
    ("non-ASCII name", "größe = [1]", "y = 2", "print(größe)", "a>c:größe"),
]  # fmt: skip

CHANGE = [
    ("method call", "x = [1]", "x.append(2)", "print(x)", "a>b:x b>c:x"),
    ("pure method: parallel", "x = 'a'.split()", "y = x.count('a')", "print(x)", "a>b:x a>c:x"),
    ("subscript store", "x = [1]", "x[0] = 2", "print(x)", "a>b:x b>c:x"),
    ("nested subscript store", "x = [[1]]", "x[0][0] = 2", "print(x)", "a>b:x b>c:x"),
    ("attribute store", "class A: pass\nx = A()", "x.k = 2", "print(x.k)", "a>b:x b>c:x"),
    ("library call that changes its argument", "import random\nx = [1]", "random.shuffle(x)", "print(x)", "a>b:x b>c:x"),
    ("inplace=True", "import pandas as pd\nx = pd.DataFrame()", "x.dropna(inplace=True)", "print(x)", "a>b:x b>c:x"),
    ("inplace=False: parallel", "import pandas as pd\nx = pd.DataFrame()", "y = x.dropna(inplace=False)", "print(x)", "a>b:x a>c:x"),
    ("out=", "import numpy as np\nx = np.zeros(3)", "np.add(1, 2, out=x)", "print(x)", "a>b:x b>c:x"),
    ("column of a frame", "import pandas as pd\ndf = pd.DataFrame()", "df['k'] = 1", "print(df)", "a>b:df b>c:df"),
    ("view of a frame", "import pandas as pd\ndf = pd.DataFrame({'k': [1]})", "s = df['k']\ns[0] = 9", "print(df)", "a>b:df b>c:df"),
    ("sums of groups are data: parallel", "import pandas as pd\ndf = pd.DataFrame()\nm = df.groupby('k').mean().round(1)", "y = m.max()", "z = m.min()", "a>b:m a>c:m"),
    ("groups remember what they are asked", "import pandas as pd\ndf = pd.DataFrame()\ng = df.groupby('k')[['v']]", "y = g.max()", "z = g.min()", "a>b:g b>c:g"),
    ("zip keeps apart what it walks through: parallel", "import matplotlib.pyplot as plt\nxs = [[1]]", "fig, axes = plt.subplots(1)\nfor i, (ax, x) in enumerate(zip(axes, xs)):\n    ax.plot(x)", "print(xs)", "a>b:xs a>c:xs"),
    ("zip, and each of them changes", "ys = [[1]]\nxs = [[1]]", "for y, x in zip(ys, xs, strict=True):\n    x.append(y)\n    y.append(1)", "print(xs, ys)", "a>b:xs,ys b>c:xs,ys"),
    ("zip in a comprehension: parallel", "ys = [[1]]\nxs = [[1]]", "[y.append(len(x)) for y, x in zip(ys, xs)]", "print(xs)", "a>b:xs,ys a>c:xs"),
    ("zip is a function of the notebook", "def zip(a, b):\n    return [(v, v) for v in b]\nys = [[1]]\nxs = [[1]]", "for y, x in zip(ys, xs):\n    y.append(1)", "print(xs)", "a>b:xs,ys b>c:xs"),
    ("copy of a frame: parallel", "import pandas as pd\ndf = pd.DataFrame({'k': [1]})", "s = df.copy()\ns['k'] = 9", "print(df)", "a>b:df a>c:df"),
    ("rows by a mask: parallel", "import pandas as pd\ndf = pd.DataFrame({'k': [1]})", "s = df[df.k > 0]\ns['k'] = 9", "print(df)", "a>b:df a>c:df"),
    ("numpy view", "import numpy as np\nx = np.zeros(9)", "v = x[2:5]\nv[0] = 1", "print(x)", "a>b:x b>c:x"),
    ("consumed iterator", "it = iter([1, 2])", "y = next(it)", "print(next(it))", "a>b:it b>c:it"),
    ("iterator consumed by for", "it = (i for i in range(3))", "for y in it:\n    break", "print(list(it))", "a>b:it b>c:it"),
    ("iterator consumed by a call", "it = iter([1, 2])", "y = sum(it)", "print(list(it))", "a>b:it b>c:it"),
    ("alias then change", "x = [1]\ny = x", "y.append(2)", "print(x)", "a>b:x,y b>c:x"),
    ("alias of an alias", "x = [1]\ny = x\nz = y", "z.append(2)", "print(x)", "a>b:x,y,z b>c:x"),
    ("alias in another step", "x = [1]", "y = x", "y.append(2)\nprint(x)", "a>b:x b>c:x,y"),
    ("alias through a container", "x = [1]\nd = {'k': x}", "d['k'].append(2)", "print(x)", "a>b:d,x b>c:x"),
    ("alias through an item store", "x = [1]\nd = {}\nd['k'] = x", "d['k'].append(2)", "print(x)", "a>b:d,x b>c:x"),
    ("container of what changes", "x = [1]\nd = {'k': x}", "x.append(2)", "print(d)", "a>b:d,x b>c:d"),
    ("identity", "x = [1]", "y = x", "print(x is y)", "a>b:x b>c:x,y"),
    ("constants never join", "x = 1.5\ny = x", "y += 1", "print(x)", "a>b:y"),
    ("class attribute", "class A:\n    n = []", "A.n.append(1)", "print(A.n)", "a>b:A b>c:A"),
    ("unused alias: parallel", "x = [1]", "y = x", "z = x", "a>b:x a>c:x"),
    ("setattr", "class A: pass\nx = A()", "setattr(x, 'k', 1)", "print(x.k)", "a>b:x b>c:x"),
    ("loop over objects", "class A: pass\nx = A()\nxs = [x]", "for i in xs:\n    i.k = 1", "print(x.k)", "a>b:x,xs b>c:x"),
    ("slice of a list holds its items", "x = [[1]]", "y = x[:1]\ny[0].append(2)", "print(x)", "a>b:x b>c:x"),
    ("slice of a list is a copy: parallel", "x = [[1]]", "y = x[:1]\ny.append(2)", "print(x)", "a>b:x a>c:x"),
    ("copy of a list holds its items", "x = [[1]]", "y = x.copy()\ny[0].append(2)", "print(x)", "a>b:x b>c:x"),
    ("deep copy: parallel", "import copy\nx = [[1]]", "y = copy.deepcopy(x)\ny[0].append(2)", "print(x)", "a>b:x a>c:x"),
    ("a column is copied: parallel", "import pandas as pd\ndf = pd.DataFrame({'u': [1]})\ns = df.u * 2", "df['v'] = s\ndf['v'] += 1", "print(s)", "a>b:df,s a>c:s"),
    ("a column holds its items", "import pandas as pd\ndf = pd.DataFrame({'u': [1]})\ns = [[1]]", "df['v'] = s\ndf['v'][0].append(2)", "print(s)", "a>b:df,s b>c:s"),
    ("an item augmented keeps the items", "x = [1]\nd = {'k': []}", "d['k'] += [x]", "d['k'][0].append(2)\nprint(x)", "a>b:d,x b>c:d,x"),
    ("an item of numbers augmented by an array", "import numpy as np\nx = np.ones(2)\nd = {'k': 0}", "d['k'] += x\ny = d['k']", "y[0] = 7", "a>b:d,x b>c:d,y"),
    ("an item of an array augmented: parallel", "import numpy as np\nx = np.ones(2)\ny = np.zeros((2, 2))", "y[0] += x", "y[0] = 3\nprint(x)", "a>b:x,y a>c:x b>c:y"),
    ("array augmented", "import numpy as np\nx = np.zeros(3)\ny = x", "y += 1", "print(x)", "a>b:x,y b>c:x"),
]  # fmt: skip

CLOSURES = [
    ("free variable of a function", "k = [1]", "def f():\n    return k", "print(f())", "a>c:k"),
    ("rebound later", "k = [1]\ndef f():\n    return k", "k = [2]", "print(f())", "b>c:k"),
    ("free variable of a lambda", "k = [1]\nf = lambda: k", "k = [2]", "print(f())", "a>c:f b>c:k"),
    ("transitive", "k = [1]\ndef g():\n    return k\ndef f():\n    return g()", "k = [2]", "print(f())", "b>c:k"),
    ("free variable of a method", "k = [1]\nclass A:\n    def m(self):\n        return k\na = A()", "k = [2]", "print(a.m())", "a>c:a b>c:k"),
    ("function changes a global", "x = [1]\ndef f():\n    x.append(2)", "f()", "print(x)", "a>b:x b>c:x"),
    ("function rebinds a global", "x = [1]\ndef f():\n    global x\n    x = [2]", "f()", "print(x)", "b>c:x"),
    ("function changes its parameter", "x = [1]\ndef f(a):\n    a.append(2)", "f(x)", "print(x)", "a>b:x b>c:x"),
    ("function only reads its parameter: parallel", "x = [1]\ndef f(a):\n    return len(a)", "y = f(x)", "print(x)", "a>b:x a>c:x"),
    ("function returns its parameter", "x = [1]\ndef f(a):\n    return a\ny = f(x)", "y.append(1)", "print(x)", "a>b:x,y b>c:x"),
    ("function handed on", "k = [1]\ndef f(i):\n    return k", "k = [2]", "print(list(map(f, [1])))", "b>c:k"),
    ("function in a dict", "k = [1]\nd = {'f': lambda: k}", "k = [2]", "print(d['f']())", "a>c:d b>c:k"),
    ("partial", "from functools import partial\nk = [1]\ndef f(i):\n    return k\np = partial(f, 1)", "k = [2]", "print(p())", "a>c:p b>c:k"),
    ("callback that changes its argument", "xs = [[1]]\ndef f(i):\n    i.append(1)", "list(map(f, xs))", "print(xs)", "a>b:xs b>c:xs"),
    ("method that changes its object", "class A:\n    def __init__(self):\n        self.v = []\n    def add(self, i):\n        self.v.append(i)\na = A()", "a.add(1)", "print(a.v)", "a>b:a b>c:a"),
    ("method that only reads: parallel", "class A:\n    def __init__(self):\n        self.v = []\n    def get(self):\n        return len(self.v)\na = A()", "y = a.get()", "print(a.v)", "a>b:a a>c:a"),
    ("object keeps its argument", "x = [1]\nclass A:\n    def __init__(self, v):\n        self.v = v\na = A(x)", "a.v.append(1)", "print(x)", "a>b:a,x b>c:x"),
    ("closure keeps a local", "def make():\n    k = []\n    def inner():\n        k.append(1)\n        return k\n    return inner\nf = make()", "f()", "print(f())", "a>b:f b>c:f"),
    ("closure rebinds a local", "def make():\n    n = 0\n    def inner():\n        nonlocal n\n        n += 1\n        return n\n    return inner\nf = make()", "f()", "print(f())", "a>b:f b>c:f"),
    ("two closures over one local", "def make():\n    n = 0\n    def get():\n        return n\n    def put(v):\n        nonlocal n\n        n = v\n    return get, put\nget, put = make()", "put(1)", "print(get())", "a>b:get,put b>c:get,put"),
    ("inherited method", "k = [1]\nclass B:\n    def m(self):\n        return k\nclass A(B):\n    pass\na = A()", "k = [2]", "print(a.m())", "a>c:a b>c:k"),
    ("mutable default", "def f(acc=[]):\n    acc.append(1)\n    return acc", "f()", "print(f())", "a>b:f b>c:f"),
    ("generator function", "k = [1]\ndef g():\n    yield k", "k = [2]", "print(list(g()))", "b>c:k"),
    ("recursive function", "k = [1]\ndef f(n):\n    return k if n == 0 else f(n - 1)", "k = [2]", "print(f(3))", "b>c:k"),
    ("not called: no needs of the defining step", "def f():\n    return later", "later = [1]", "print(f())", "b>c:later"),
]  # fmt: skip

STRINGS = [
    ("eval of a constant", "x = [1]", "y = eval('x + [1]')", "print(y)", "a>b:x b>c:y"),
    ("exec of a constant", "x = [1]", "exec('y = x')", "print(y)", "a>b:x b>c:y"),
    ("query", "import pandas as pd\ndf = pd.DataFrame()\nx = [1][0]", "y = df.query('a > @x')", "print(y)", "a>b:df,x b>c:y"),
    ("globals store", "x = [1]", "globals()['z'] = [1]", "print(z)", "b>c:z"),
    ("globals load", "x = [1]", "y = globals()['x']", "print(y)", "a>b:x b>c:y"),
    ("in globals()", "x = [1]", "y = 'x' in globals()", "print(y)", "a>b:x b>c:y"),
    ("captured shell output", "k = [1]", "x = !echo 1", "print(x)", "b>c:x"),
    ("capture magic", "k = [1]", "%%capture out\nprint(k)", "print(out)", "a>b:k b>c:out"),
    ("time magic", "x = [1]", "%%time\ny = x", "print(y)", "a>b:x b>c:y"),
    ("timeit leaves nothing", "x = [1]; y = [2]", "%%timeit\ny = x", "print(y)", "a>b:x a>c:y"),
    ("shell line reads", "x = 'a'.upper(); y = 'b'.upper()", "!echo {x} $y", "print(x)", "a>b:x,y a>c:x"),
    ("line magic reads", "x = [1]", "%time z = len(x)", "print(z)", "a>b:x b>c:z"),
    ("help reads", "x = [1]", "x?", "print(x)", "a>b:x a>c:x"),
    ("modulo at the start of a line", "x = [7][0]", "y = (x\n% 4)", "print(y)", "a>b:x b>c:y"),
    ("column of a variable's name: parallel", "import pandas as pd\ndf = pd.DataFrame()\nspecies = [1]", "y = df.groupby('species').mean()", "print(species)", "a>b:df a>c:species"),
    ("dir reads all", "x = [1]", "y = dir()", "print(y)", "a>b:x b>c:y"),
    ("who reads all", "x = [1]", "%who", "y = 1", "a>b:x"),
]  # fmt: skip

ALL = [*BINDING, *FLOW, *SCOPE, *CHANGE, *CLOSURES, *STRINGS]


@pytest.mark.parametrize(("name", "a", "b", "c", "edges"), ALL, ids=[row[0] for row in ALL])
def test_edges(steps: Callable[..., Any], name: str, a: str, b: str, c: str, edges: str) -> None:
    linked = steps(a, b, c)
    assert linked.errors == [], name
    assert linked.edges == edges
