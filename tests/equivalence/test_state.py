"""State that no variable holds: it crosses, or the notebook is refused, or the run stops. Twins that must go on.

A row: what must come of it (same, refused, stopped), then the cells, each a step of its own if no step is named.
"""

from __future__ import annotations

import pytest
from fast import Cells, Server, compare, notebook_of

from nb2pipe import api

# fmt: off
HISTORY: dict[str, tuple[str, list[str | tuple[str, str]]]] = {
    "the last value, of another step": ("refused", ["x = [1]\nx", "y = _\nprint(y)"]),
    "the last value, of the same step": ("same", ["x = [1]", ("a", "x * 2"), ("a", "y = _\nprint(y)")]),
    "the last value is changed": ("same", ["x = [1]", ("a", "x"), ("a", "_.append(2)"), ("b", "print(x)")]),
    "the last value is printed text, which is none": ("refused", ["x = [1]\nx", ("a", "print(x)"), ("a", "y = _\nprint(y)")]),
    "the last value, of a call that may give none": ("same", [("a", "[1].copy()"), ("a", "print(_)"), ("b", "print(1)")]),
    "the last but one": ("refused", ["[1]", "[2]", "print(__)"]),
    "the last but one, of the same step": ("same", [("a", "[1]"), ("a", "[2]"), ("a", "print(__)")]),
    "by number": ("refused", ["1 + 1", "print(_1)"]),
    "by number, of the same step": ("same", ["x = 2", ("a", "x + 1"), ("a", "print(_2, Out[2])")]),
    "Out": ("refused", ["1 + 1", "print(Out[1])"]),
    "Out by a variable": ("refused", ["1 + 1", "n = 1\nprint(Out[n])"]),
    "a value that is not shown": ("same", ["1 + 1;", "print(_)"]),
    "In": ("refused", ["1 + 1", "print(In[1])"]),
    "the input before": ("refused", ["1 + 1", "print(_i)"]),
    "the input before, of the same step": ("same", [("a", "x = 1"), ("a", "print(_i)")]),
    "the folder at the start": ("same", ["import os", "print(_dh[0] == os.getcwd())"]),
    "a name of one's own, across steps": ("refused", ["_ = [1]", "_.append(2)", "print(_)"]),
    "a name of one's own": ("same", ["x = 1", "_ = [1]\n_.append(2)\nprint(_)", "print(x)"]),
    "a loop over nothing much": ("same", ["7", "for _ in range(3):\n    pass\nprint(_)"]),
    "in a branch that does not run": ("same", ["7", "if len('a') == 2:\n    print(_)\nprint(1)"]),
    "a parameter of a function": ("same", ["7", "print((lambda _: _)(3))"]),
    "a name that a step deletes": ("refused", ["_ = 1", "del _", "8", "print(_)"]),
}

PANDAS = "import pandas as pd"
SHOWN = "print(pd.get_option('display.max_rows'))"
LIBRARIES: dict[str, tuple[str, list[str | tuple[str, str]]]] = {
    "a function becomes a method": ("same", [f"{PANDAS}\ndef twice(self): return self * 2", "pd.DataFrame.twice = twice", "df = pd.DataFrame({'a': [1]})", "print(df.twice())"]),
    "a lambda becomes a method": ("same", [PANDAS, "pd.DataFrame.twice = lambda self: self * 2", "df = pd.DataFrame({'a': [1]})", "print(df.twice())"]),
    "a value becomes an attribute, and is read": ("same", ["import math", "k = [5]", "math.special = k", "print(math.special)"]),
    "a value becomes an attribute, and is not read": ("same", ["import math", "k = [5]", "math.special = k\nprint(math.special)", "print(k)"]),
    "a value becomes an attribute that a function reads": ("same", ["import math\ndef f(): return math.special", "k = [5]", "math.special = k", "print(f())"]),
    "a constant becomes an attribute": ("same", ["import math\nTAU = 6", "math.tau = TAU", "print(math.tau)"]),
    "setattr": ("same", ["import math", "setattr(math, 'special', 3)", "print(math.special)"]),
    "setattr of a value": ("same", ["import math\nk = [1]", "setattr(math, 'special', k)", "print(getattr(math, 'special'))"]),
    "an attribute is deleted": ("same", ["import math", "del math.tau", "print(hasattr(math, 'tau'))"]),
    "an attribute is deleted in a function": ("same", ["import math\ndef f():\n    del math.tau", "f()", "print(hasattr(math, 'tau'))"]),
    "a function is patched, and given back": ("same", ["import math", "old = math.sqrt\nmath.sqrt = lambda v: 0\nprint(math.sqrt(4))\nmath.sqrt = old", "print(math.sqrt(4))"]),
    "a function is patched, and given back by another step": ("same", ["import math\nold = math.sqrt", "math.sqrt = lambda v: 0", "print(math.sqrt(4))", "math.sqrt = old", "print(math.sqrt(4), old(9))"]),
    "a function is patched, and given back by a value": ("refused", ["import math\nold = [math.sqrt]", "math.sqrt = lambda v: 0", "print(math.sqrt(4))", "math.sqrt = old[0]", "print(math.sqrt(4))"]),
    "other names of a library and its options": ("same", [f"{PANDAS}\np = pd", "opts = p.options.display\nopts.max_rows = 4", SHOWN]),
    "an accessor": ("same", [PANDAS, "@pd.api.extensions.register_dataframe_accessor('geo')\nclass Geo:\n    def __init__(self, obj): self._obj = obj\n    def total(self): return self._obj.sum().sum()", "df = pd.DataFrame({'a': [1, 2]})", "print(df.geo.total(), Geo(df).total())"]),
    "an accessor, by a call": ("same", [f"{PANDAS}\nclass Geo:\n    def __init__(self, obj): self._obj = obj\n    def total(self): return self._obj.sum().sum()", "pd.api.extensions.register_dataframe_accessor('geo')(Geo)", "print(pd.DataFrame({'a': [1, 2]}).geo.total())"]),
    "a magic": ("same", ["from IPython.core.magic import register_line_magic", "@register_line_magic\ndef hi(line): return 'hi ' + line", "r = get_ipython().run_line_magic('hi', 'you')\nprint(r)"]),
    "an option whose old value is kept": ("same", ["import numpy as np", "old = np.seterr(all='ignore')", "print(np.geterr()['divide'])", "np.seterr(**old)", "print(np.geterr()['divide'], old)"]),
    "an option is asked for, and set back": ("same", [PANDAS, "old = pd.get_option('display.max_rows')\npd.set_option('display.max_rows', 4)", SHOWN, "pd.set_option('display.max_rows', old)", f"{SHOWN}\nprint(old)"]),
    "options in a loop": ("same", [PANDAS, "for o in ('display.max_rows', 'display.min_rows'):\n    pd.set_option(o, 4)", SHOWN]),
    "options in a loop whose variable is read": ("same", [PANDAS, "for o in ('display.max_rows',):\n    pd.set_option(o, 4)\nprint(o)", SHOWN]),
    "options in a loop over names of settings": ("same", ["import matplotlib.pyplot as plt", "for k in ('axes.grid', 'axes.axisbelow'):\n    plt.rcParams[k] = True", "print(plt.rcParams['axes.grid'])", "k = 2\nprint(k)"]),
    "an option in a branch": ("same", [f"{PANDAS}\nDEBUG = True", "if DEBUG:\n    pd.set_option('display.max_rows', 4)\nelse:\n    pd.set_option('display.max_rows', 9)", SHOWN]),
    "an option in try": ("same", [PANDAS, "try:\n    pd.set_option('display.no_such', 4)\nexcept Exception:\n    pd.set_option('display.max_rows', 4)", SHOWN]),
    "an option in a context": ("same", [PANDAS, f"with pd.option_context('display.max_rows', 4):\n    pd.set_option('display.max_rows', 5)\n    {SHOWN}", SHOWN]),
    "a warning filter in a context": ("same", ["import warnings", "with warnings.catch_warnings():\n    warnings.simplefilter('error')", "warnings.warn('x')\nprint(len([f for f in warnings.filters if f[0] == 'error']))"]),
    "a logger's level": ("same", ["import logging\nlog = logging.getLogger('mine')", "log.setLevel(logging.ERROR)", "print(log.level, logging.getLogger('mine').level)"]),
    "output that is taken and given back": ("same", ["import sys, io", "buf = io.StringIO()\nold = sys.stdout\nsys.stdout = buf\nprint('hidden')\nsys.stdout = old", "print(buf.getvalue())"]),
}
BASE = "registry = {}\nclass Base:\n    def __init_subclass__(cls, **kw):\n        registry[cls.__name__] = cls"
META = "class Meta(type):\n    registry = []\n    def __init__(c, name, bases, ns):\n        super().__init__(name, bases, ns)\n        Meta.registry.append(name)"
LOG = "import logging, io\nlog = logging.getLogger('own')\nlog.setLevel(logging.INFO)\nlog.propagate = False"
STAYING: dict[str, tuple[str, list[str | tuple[str, str]]]] = {
    "a handler over a buffer": ("same", [LOG, "buf = io.StringIO()\nlog.addHandler(logging.StreamHandler(buf))", "log.info('a')", "x = 1", "log.info('b')", "print(buf.getvalue(), x)"]),
    "a handler of one's own": ("same", [LOG, "class H(logging.Handler):\n    def __init__(self):\n        super().__init__()\n        self.lines = []\n    def emit(self, record): self.lines.append(record.getMessage())", "h = H()\nlog.addHandler(h)", "def f(): log.info('in f')\nf()", "print(h.lines)", "f()", "print(h.lines, log.handlers == [h])"]),
    "a handler over a file": ("same", [LOG, "log.addHandler(logging.FileHandler('a.log'))", "log.info('a')", "log.info('b')", "print(open('a.log').read())"]),
    "a logger in an object": ("same", [LOG, "class A:\n    def __init__(self): self.log = logging.getLogger('own')\n    def go(self): self.log.info('go')\na = A()", "buf = io.StringIO()\nlog.addHandler(logging.StreamHandler(buf))", "a.go()", "a.go()", "print(buf.getvalue())"]),
    "logs to a file, from the first cell on": ("same", ["import logging\nlogging.basicConfig(filename='b.log', filemode='w', level=logging.INFO, force=True)", "logging.info('a')", "logging.info('b')", "print(open('b.log').read())"]),
    "figures that stay": ("same", ["import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt", "plt.plot([1, 2])", "plt.title('late')", "print(plt.gca().get_title(), len(plt.gca().lines))"]),
}
REGISTERS: dict[str, tuple[str, list[str | tuple[str, str]]]] = {
    "a base class registers": ("same", [BASE, "class One(Base): pass", "print(list(registry))"]),
    "a base class registers, and nobody asks": ("same", [BASE, "class One(Base): pass\nprint(list(registry))", "print(1)"]),
    "a base class registers, in one step": ("same", [("a", BASE), ("a", "class One(Base): pass"), ("b", "x = 1"), ("a", "print(list(registry))")]),
    "a base class keeps a list": ("same", ["class Base:\n    plugins = []\n    def __init_subclass__(cls, **kw):\n        super().__init_subclass__(**kw)\n        cls.plugins.append(cls)", "class One(Base): pass", "print(Base.plugins)"]),
    "a base class sets an attribute": ("same", ["class Base:\n    def __init_subclass__(cls, **kw): cls.label = cls.__name__.lower()", "class One(Base): pass", "print(One.label, One().label)"]),
    "a metaclass registers": ("same", [META, "class A(metaclass=Meta): pass", "class B(A): pass", "print(Meta.registry)"]),
    "a descriptor registers": ("same", ["names = []\nclass D:\n    def __set_name__(self, owner, name): names.append(name)\nclass A:\n    d = D()", "a = A()", "print(names)"]),
    "a decorator registers": ("same", ["registry = []\ndef register(f):\n    registry.append(f)\n    return f", "@register\ndef one(): return 1", "@register\ndef two(): return 2", "print([f() for f in registry], registry[0] is one)"]),
    "a function by type": ("same", ["import functools\nseen = []\n@functools.singledispatch\ndef show(x): return 'any'", "@show.register\ndef _(x: int):\n    seen.append(x)\n    return 'int'", "@show.register(str)\ndef _(x): return 'str'", "print(show(3), show('a'), show(2.5))", "print(seen)"]),
}
HELPERS = "%%writefile helpers.py\nitems = []\n_made = {}\ndef add(x): items.append(x)\ndef count(): return len(items)\ndef double(x): return 2 * x\ndef made(k):\n    if k not in _made:\n        _made[k] = [k]\n    return _made[k]"
IMPORT = "import sys\nsys.path.insert(0, '')\nimport helpers"
MODULES: dict[str, tuple[str, list[str | tuple[str, str]]]] = {
    "a module's list is changed, and read": ("same", [HELPERS, IMPORT, "helpers.add(1)", "print(helpers.items)"]),
    "a module's list is changed by its method, and read": ("same", [HELPERS, IMPORT, "helpers.items.append(1)", "print(helpers.items)"]),
    "a module's attribute is set, and read": ("same", [HELPERS, IMPORT, "helpers.items = [1]", "print(helpers.items)"]),
    "a module's list is changed and read in one step": ("stopped", [HELPERS, IMPORT, "helpers.add(1)\nprint(helpers.items)", "print(helpers.double(2))"]),
    "a module's function that is imported by name": ("same", [HELPERS, "import sys\nsys.path.insert(0, '')\nfrom helpers import add, items", "add(1)", "print(items)"]),
    "a module's pure function": ("same", [HELPERS, IMPORT, "x = helpers.double(1)", "print(helpers.double(x))"]),
    "a module is written anew, and loaded anew": ("same", ["import sys, importlib\nsys.path.insert(0, '')\nsys.dont_write_bytecode = True\nopen('hm.py', 'w').write('v = 1\\n')", "import hm\nprint(hm.v)", "open('hm.py', 'w').write('v = 222\\n')", "importlib.reload(hm)\nprint(hm.v)", "print(hm.v)"]),
    "a script is run": ("same", ["%%writefile lib.py\nv = 5\nseen = []\ndef f():\n    seen.append(v)\n    return len(seen)", "%run lib.py", "print(f())", "print(f(), v, seen)"]),
    "a script is run in the notebook's namespace": ("same", ["k = 3", "%%writefile lib.py\nv = k + 5\nk += 1", "%run -i lib", "print(v, k)"]),
    "a script is written anew, and run": ("same", ["%%writefile lib.py\nv = 5", "open('lib.py', 'a').write('\\nw = 6')", "%run lib.py", "print(v, w)"]),
    "a script that guards its main part": ("same", ["%%writefile lib.py\ndef main():\n    global r\n    r = 3\nif __name__ == '__main__':\n    main()", "%run lib.py", "print(r)"]),
}
NAMESPACE: dict[str, tuple[str, list[str | tuple[str, str]]]] = {
    "user_ns": ("same", ["x = 3\nz = 1", "get_ipython().user_ns['z'] = x", "print(z)"]),
    "user_ns, in a function": ("same", ["x = 3\nz = 1\ndef f(): get_ipython().user_ns['z'] = x", "f()", "print(z)"]),
    "push": ("same", ["z = 1\nip = get_ipython()", "ip.push({'z': 4})", "print(z)"]),
    "ex": ("same", ["x = 4\ny = 0", "get_ipython().ex('y = x + 1')", "print(y)"]),
    "run_cell": ("same", ["x = 4\ny = 0\nip = get_ipython()", "r = ip.run_cell('y = x + 1')", "print(y)"]),
    "a magic by its function": ("same", ["x = 4\nip = get_ipython()", "ip.run_line_magic('timeit', '-n1 -r1 -q x')", "print(x)"]),
    "sys.modules": ("same", ["import sys\nx = 4\ny = 0", "sys.modules['__main__'].y = 5", "print(y)"]),
    "sys.modules by __name__": ("same", ["y = 0", "import sys\nsetattr(sys.modules[__name__], 'y', 5)", "print(y)"]),
    "import __main__": ("same", ["x = 4\ny = 0\ndef f(): return x", "import __main__\n__main__.y = __main__.x + __main__.f()", "print(y)"]),
    "import __main__, and change": ("same", ["x = [4]", "import __main__ as m\nm.x.append(3)", "print(x)"]),
    "import __main__, and delete": ("same", ["x = [4]", "import __main__ as m\ndel m.x", "print('x' in globals())"]),
    "vars of __main__": ("same", ["x = [4]", "import sys\nvars(sys.modules['__main__'])['x'].append(4)", "print(x)"]),
    "exec in a dict": ("same", ["x = [1]\nns = {}", "exec('y = 5', ns)", "print(ns['y'])"]),
    "builtins": ("same", ["import builtins", "builtins.special = 5", "print(builtins.special)"]),
    "folders, entered and left": ("same", ["import os\nos.makedirs('sub', exist_ok=True)", "os.chdir('sub')", "print(os.path.basename(os.getcwd()))", "os.chdir('..')", "print(os.listdir('.'))"]),
    "folders, by a magic": ("same", ["import os\nos.makedirs('sub', exist_ok=True)", "%cd -q sub", "open('f.txt', 'w').write('x')", "%cd -q ..", "print(os.listdir('sub'))"]),
}
WARNED: dict[str, list[str]] = {  # what later steps can't repeat, and what is set back at once
    "by a value": [PANDAS, "n = len('four')", "pd.plotting.register_matplotlib_converters(n)", "1"],
    "in a loop over a list": ["import xarray", "names = ['a']", "for name in names:\n    xarray.register_dataset_accessor(name)(int)", "1"],
    "in a loop whose variable is read": ["import gc", "for o in ('a',):\n    gc.disable()", "print(o)"],
    "in a loop that prints": ["import gc", "for o in ('a',):\n    gc.disable()\n    print(o)", "1"],
    "by a magic with a value": ["k = len('svg') and 'svg'", "%config InlineBackend.figure_format = '{k}'", "1"],
    "a handler of a logger": ["import logging, io\nlog = logging.getLogger('mine2')\nbuf = io.StringIO()", "log.addHandler(logging.StreamHandler(buf))", "1"],
    "a patch that nobody reads by name": ["import math", "k = [1]", "math._repr_html_ = k", "1"],
}
SILENT: dict[str, list[str]] = {
    "in the last step": [PANDAS, "n = len('four')", "pd.plotting.register_matplotlib_converters(n)"],
    "carried": [PANDAS, "n = len('four')", "pd.set_option('display.max_rows', n)", "1"],
    "carried, from a loop": [PANDAS, "for o in ('display.max_rows',):\n    pd.set_option(o, 4)", "print(o)"],
    "by a magic with a constant": ["%config InlineBackend.figure_format = 'svg'", "1"],
    "set back by a context": [PANDAS, "n = len('four')", "with pd.option_context('display.max_rows', 4):\n    pd.set_option('display.max_rows', n)", "1"],
    "taken and given back": ["import sys, io", "buf = io.StringIO()\nold = sys.stdout\nsys.stdout = buf\nsys.stdout = old", "1"],
}
# fmt: on

ROWS = {**HISTORY, **LIBRARIES, **STAYING, **REGISTERS, **MODULES, **NAMESPACE}


def numbered(sources: list[str | tuple[str, str]]) -> Cells:
    return [item if isinstance(item, tuple) else (f"s{number}", item) for number, item in enumerate(sources, 1)]


@pytest.mark.parametrize("case", ROWS)
def test_state(server: Server, case: str) -> None:
    kind, sources = ROWS[case]
    found = compare(server, numbered(sources))
    assert found.kind == kind, found


@pytest.mark.parametrize("case", [*WARNED, *SILENT])
def test_what_later_steps_will_not_see_is_said(case: str) -> None:
    analyzed = api.analyze(notebook_of(numbered(list(WARNED.get(case) or SILENT[case]))))
    assert [item.code for item in analyzed.diagnostics] == (["N2P310"] if case in WARNED else [])
