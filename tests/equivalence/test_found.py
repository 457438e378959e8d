"""Notebooks that once gave another result as a pipeline, in their smallest form: found by the generated ones.

Each runs straight and as a pipeline, without kernels. Where steps may run in more than one order, the last goes first.
"""

from __future__ import annotations

import pytest
from fast import Server, compare

# fmt: off
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
    "a name that only a format string reads": [("a", "a = 1"), ("b", "print('{a}'.format(**globals()))")],
    "pairs of enumerate": [("a", "rows = [[1], [2]]"), ("b", "for i, r in enumerate(rows):\n    r.append(i)"), ("c", "print(rows)")],
    "pairs of zip, nested": [("a", "rows = [[1], [2]]"), ("b", "for r, (i, s) in zip(rows, enumerate(rows)):\n    s.append(1)"), ("c", "print(rows)")],
    "pairs of a dict": [("a", "rows = {'p': [1]}"), ("b", "for k, r in sorted(rows.items()):\n    r.append(k)"), ("c", "print(rows)")],
    "pairs, in a comprehension": [("a", "rows = {'p': [1]}"), ("b", "[r.append(1) for k, r in list(rows.items())]"), ("c", "print(rows)")],
    "a dict of pairs": [("a", "z = {'p': [1]}"), ("b", "y = dict(z.items())"), ("c", "y['p'].append(1)\nprint(y)"), ("d", "print(z)")],
    "a dict of keywords": [("a", "z = [1, 1]"), ("b", "y = dict(v=z)['v']"), ("c", "z.append(1)"), ("d", "print(y)")],
    "a shallow copy of an instance": [("a", "import copy\nclass Box:\n    def __init__(self, items): self.items = items\n    def add(self, x): self.items.append(x)\nb = Box([1])"), ("b", "c = copy.copy(b)"), ("c", "c.add(2)\nprint(c.items)"), ("d", "print(b.items)")],
    "a sum of lists": [("a", "z = [[[1]]]"), ("b", "y = sum(z, [])[0]"), ("c", "y.append(2)\nprint(y)"), ("d", "print(z)")],
    "names of the namespace, in a loop": [("a", "x = [1]\ny = [1]"), ("b", "for k, v in list(globals().items()):\n    if k in ('x', 'y'):\n        v.append(3)"), ("c", "print(x, y)")],
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
}
# fmt: on


@pytest.mark.parametrize("case", FOUND)
def test_what_once_went_wrong(server: Server, case: str) -> None:
    found = compare(server, FOUND[case])
    assert found.kind == "same", found
