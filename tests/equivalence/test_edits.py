"""What makes a step run again, in words, and what does not. No kernels.

Each row is a notebook that was run; a change after which nothing may run (the twin); and one after which just the named
steps run, each for a reason in which the text is found. What the run gives then is what a run from scratch gives.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from edits import Project
from fast import Server

Cells = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Then:
    """What is changed: cells (all, or one by its number), the user's files (None: removed), and so on."""

    cells: Cells | None = None
    cell: Mapping[int, str] = field(default_factory=dict)
    put: Mapping[str, str | None] = field(default_factory=dict)
    act: Callable[[Path], object] | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """`before`: the user's files. `there`: what a run from scratch gives counts in a copy of the folder."""

    cells: Cells
    because: Mapping[str, str]
    then: Then
    twin: Then = Then()
    before: Mapping[str, str] = field(default_factory=dict)
    there: bool = False


NUMBERS = [("load", "x = len('a')"), ("other", "z = len('1234567')\nprint(z)"), ("use", "y = x + 1\nprint(y)")]
CALLS = [
    ("functions", "def clean(v):\n    return shift(v)\ndef shift(v):\n    return v + 1\ndef unused(v):\n    return v"),
    ("a", "print(clean(1))"),
    ("b", "print(2)"),
]
CLASS = [
    ("", "class A:\n    n = 1\n    def m(self):\n        return self.n"),
    ("a", "a = A()\nprint(a.m())"),
    ("b", "print(2)"),
]
READS = [("a", "print(open('data.txt').read())"), ("b", "print(2)")]
WRITES = [
    ("clean", "open('out.csv', 'w').write('1')\nx = 1"),
    ("read", "print(open('out.csv').read())"),
    ("b", "print(2)"),
]
IMPORTS = [("a", "import helpers\nprint(helpers.f())"), ("b", "print(2)")]
HELPERS = {"helpers.py": "import more\ndef f(): return more.g()", "more.py": "def g(): return 1"}
PACKAGE = {
    "lib/__init__.py": "",
    "lib/one.py": "from lib.two import g\ndef f(): return g()",
    "lib/two.py": "def g(): return 1",
    "lib/three.py": "x = 1",
}


def _same_stamp(name: str, text: str) -> Callable[[Path], object]:
    """Write other content of the same size, and set the times back."""

    def act(folder: Path) -> None:
        path = folder / name
        before = path.stat()
        assert len(text) == before.st_size
        path.write_text(text, encoding="utf-8")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    return act


def _link(name: str, target: str) -> Callable[[Path], object]:
    def act(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return act


def _folder(name: str) -> Callable[[Path], object]:
    def act(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()
        (folder / name / "inside").touch()

    return act


# fmt: off
ROWS: dict[str, Row] = {
    # code
    "a cell": Row(NUMBERS, {"load": "cell 1 changed", "use": "`x` from `load` changed"}, Then(cell={0: "x = len('ab')"}), Then(cell={0: "# one\nx  =  len( \"a\" )  # two\n"})),
    "a cell, with an equal value": Row(NUMBERS, {"load": "cell 1 changed"}, Then(cell={0: "x = len('b')"})),
    "a last cell": Row(NUMBERS, {"use": "cell 3 changed"}, Then(cell={2: "y = x + 2\nprint(y)"}), Then(cell={2: "y = (x + 1)\n\nprint( y )"})),
    "a semicolon": Row([("a", "1 + 1;")], {"a": "cell 1 changed"}, Then(cell={0: "1 + 1"}), Then(cell={0: "1 + 1;  # done"})),
    "a cell moves": Row(NUMBERS, {"use": "`z` from `other`"}, Then(cells=[NUMBERS[1], NUMBERS[0], ("use", "y = x + 1\nprint(y)\nprint(z)")]), Then(cells=[NUMBERS[1], NUMBERS[0], NUMBERS[2]])),
    "a step that is new": Row(NUMBERS, {"new": "it has never run"}, Then(cells=[*NUMBERS, ("new", "print(x)")])),
    "a step that is gone": Row([("a", "x = len('a')"), ("b", "x = len('ab')"), ("c", "print(x)"), ("d", "print(4)")], {"c": "`x` from `a` changed"}, Then(cells=[("a", "x = len('a')"), ("c", "print(x)"), ("d", "print(4)")])),
    "a name for a step": Row(NUMBERS, {"first": "it has never run"}, Then(cells=[("first", NUMBERS[0][1]), *NUMBERS[1:]])),
    "a variable's name": Row(NUMBERS, {"load": "cell 1 changed", "use": "cell 3 changed"}, Then(cell={0: "w = len('a')", 2: "y = w + 1\nprint(y)"})),
    "two cells become one": Row([("a", "x = 1"), ("a", "print(x)"), ("b", "print(2)")], {"a": "cell 1 is new or changed"}, Then(cells=[("a", "x = 1\nprint(x)"), ("b", "print(2)")])),
    "a constant that is replayed": Row([("", "k = 1\nm = 2"), ("a", "print(k)"), ("b", "print(m)")], {"a": "the constant `k` that it uses changed"}, Then(cell={0: "k = 5\nm = 2"}), Then(cell={0: "m = 2\nk = 1"})),
    "a function": Row(CALLS, {"a": "`clean()` that it calls changed"}, Then(cell={0: CALLS[0][1].replace("shift(v)\ndef", "shift(v) + 1\ndef")}), Then(cell={0: CALLS[0][1].replace("v + 1", "v + 1  # yes")})),
    "a function that it calls in turn": Row(CALLS, {"a": "`shift()` that it calls changed"}, Then(cell={0: CALLS[0][1].replace("v + 1", "v + 2")}), Then(cell={0: CALLS[0][1].replace("unused(v):\n    return v", "unused(v):\n    return 5")})),
    "a class's method": Row(CLASS, {"a": "the class `A` that it uses changed"}, Then(cell={0: CLASS[0][1].replace("self.n", "self.n + 1")}), Then(cell={0: "# a class\n" + CLASS[0][1]})),
    "a class attribute": Row(CLASS, {"a": "the class `A` that it uses changed"}, Then(cell={0: CLASS[0][1].replace("n = 1", "n = 3")})),
    "an import": Row([("imports", "import math as m\nimport cmath as c"), ("a", "print(m.__name__)"), ("b", "print(c.pi)")], {"a": "the import of m changed"}, Then(cell={0: "import numpy as m\nimport cmath as c"}), Then(cell={0: "import cmath as c\nimport math as m"})),
    "a set-up statement": Row([("imports", "import numpy as np\nnp.set_printoptions(precision=2)"), ("a", "print(np.array([1.2345]))")], {"a": "a set-up statement above it changed"}, Then(cell={0: "import numpy as np\nnp.set_printoptions(precision=3)"}), Then(cell={0: "import numpy as np\nnp.set_printoptions( precision = 2 )"})),
    "an option that is set by a value": Row([("", "import numpy as np\nk = len('ab')"), ("set", "np.set_printoptions(precision=k)"), ("a", "print(np.array([1.2345]))"), ("b", "print(2)")], {"set": "cell 2 changed", "a": "an option of numpy"}, Then(cell={1: "np.set_printoptions(precision=k + 1)"})),
    "a seed": Row([("a", "import random\nrandom.seed(1)"), ("b", "print(random.random())"), ("c", "print(2)")], {"a": "cell 1 changed", "b": "the state of Python's random numbers from `a` changed"}, Then(cell={0: "import random\nrandom.seed(2)"})),
    "a generator": Row([("a", "import numpy as np\nrng = np.random.default_rng(1)"), ("b", "print(rng.random())"), ("c", "print(rng.random())")], {"b": "cell 2 changed", "c": "`rng` from `b` changed"}, Then(cell={1: "rng.random()\nprint(rng.random())"})),
    "a draw that is not seen, in a function": Row([("a", "import random\nrandom.seed(1)\ndef f(): return random.random()"), ("b", "print(f())"), ("c", "print(random.random())")], {"b": "cell 2 changed", "c": "the state of Python's random numbers from `b` changed"}, Then(cell={1: "f()\nprint(f())"})),
    "the working directory": Row([("a", "import os\nos.makedirs('s', exist_ok=True)\nos.makedirs('t', exist_ok=True)\nos.chdir('s')"), ("b", "print(os.path.basename(os.getcwd()))")], {"a": "cell 1 changed", "b": "the working directory from `a` changed"}, Then(cell={0: "import os\nos.makedirs('s', exist_ok=True)\nos.makedirs('t', exist_ok=True)\nos.chdir('t')"})),
    "an environment variable that a step sets": Row([("a", "import os\nos.environ['N2P_X'] = '1'"), ("b", "print(os.environ['N2P_X'])")], {"a": "cell 1 changed", "b": "the environment from `a` changed"}, Then(cell={0: "import os\nos.environ['N2P_X'] = '2'"})),
    "a name that only a run sees": Row([("a", "x = [1]\nk = 3"), ("b", "# nb2pipe: pure\nprint(eval(''.join(['x'])))"), ("c", "print(k)")], {"a": "cell 1 changed", "b": "`x`"}, Then(cell={0: "x = [2]\nk = 3"})),
    "a value that stays in its process": Row([("a", "gen = (v for v in range(4))\nk = 3"), ("b", "print(next(gen))"), ("c", "print(k)")], {"a": "`b`: cell 2 changed"}, Then(cell={1: "print(next(gen), 1)"})),
    "functions and classes that are made again, the same": Row([("a", "def make(n):\n    def f(): return n\n    return f\nfs = [make(1), make(1), lambda: 3]\nclass A:\n    kept = []\n    def m(self): return len(self.kept)\nA.kept.append(1)\nitems = [A(), {'a', 'b', 'c', 'd'}]"), ("b", "print([f() for f in fs], fs[0] is fs[1])"), ("c", "print(items[0].m(), sorted(items[1]))")], {"a": "cell 1 changed"}, Then(cell={0: "def make(n):\n    def f(): return n\n    return f\nfs = [make(1), make(1), lambda: 3]\nclass A:\n    kept = []\n    def m(self): return len(self.kept)\nA.kept.append(1)\nitems = [A(), {'a', 'b', 'c', 'd'}]\nextra = len('x')"})),
    "a function that is made again, another one": Row([("a", "def make(n):\n    def f(): return n\n    return f\nfs = [make(1), make(2), lambda: 3]"), ("b", "print([f() for f in fs])"), ("c", "print(3)")], {"a": "cell 1 changed", "b": "`fs` from `a` changed"}, Then(cell={0: "def make(n):\n    def f(): return n\n    return f\nfs = [make(1), make(2), lambda: 4]"})),
    # parameters and environment
    "a parameter": Row([("parameters", "k = 1\nm = 2"), ("a", "print(k)"), ("b", "print(m)")], {"a": "parameter k: 1 → 5"}, Then(parameters={"k": 5}), Then(parameters={"k": 1})),
    "a parameter's default": Row([("parameters", "k = 1\nm = 2"), ("a", "print(k)"), ("b", "print(m)")], {"a": "parameter k: 1 → 5"}, Then(cell={0: "k = 5\nm = 2"})),
    "an environment variable": Row([("a", "import os\nprint(os.environ.get('N2P_A'))"), ("b", "print(2)")], {"a": "the environment variable N2P_A changed"}, Then(environ={"N2P_A": "1"}), Then(environ={"N2P_B": "1"})),
    "an environment variable that a module reads": Row(IMPORTS, {"a": "the environment variable N2P_A changed"}, Then(environ={"N2P_A": "1"}), Then(environ={"N2P_B": "1"}), {"helpers.py": "import os\ndef f(): return os.getenv('N2P_A')"}),
    "an environment variable that a command reads": Row([("a", "!echo $N2P_A"), ("b", "print(2)")], {"a": "the environment variable N2P_A changed"}, Then(environ={"N2P_A": "1"}), Then(environ={"N2P_B": "1"})),
    "an environment variable in a path": Row([("a", "import os\nprint(os.path.expandvars('$' + 'N2P_A'))"), ("b", "print(2)")], {"a": "the environment variable N2P_A changed"}, Then(environ={"N2P_A": "1"}), Then(environ={"N2P_B": "1"})),
    "an environment variable as bytes": Row([("a", "import os\nprint(os.getenvb(b'N2P_A'))"), ("b", "print(2)")], {"a": "the environment variable N2P_A changed"}, Then(environ={"N2P_A": "1"}), Then(environ={"N2P_B": "1"})),
    "all environment variables": Row([("a", "import os\nprint(sorted(name for name in os.environ if name.startswith('N2P_')))"), ("b", "print(2)")], {"a": "there are other environment variables"}, Then(environ={"N2P_A": "1"}), Then(environ={"SSH_X": "1"})),
    "the time zone": Row([("a", "import time\ntime.tzset()\nprint(time.localtime(0).tm_hour)")], {"a": "the environment variable TZ changed"}, Then(environ={"TZ": "XYZ-9"})),
    # files
    "a file": Row(READS, {"a": "data.txt changed"}, Then(put={"data.txt": "two"}), Then(put={"more.txt": "two"}), {"data.txt": "one"}),
    "a file, to something longer": Row(READS, {"a": "data.txt changed"}, Then(put={"data.txt": "one, two"}), Then(put={"data.txt": "one"}), {"data.txt": "one"}),
    "a file, of the same size and with its old time": Row(READS, {"a": "data.txt changed"}, Then(act=_same_stamp("data.txt", "two")), Then(act=_same_stamp("data.txt", "one")), {"data.txt": "one"}, there=True),
    "a link": Row(READS, {"a": "data.txt changed"}, Then(act=_link("data.txt", "two.txt")), Then(act=_link("data.txt", "one.txt")), {"data.txt": "one", "one.txt": "one", "two.txt": "two"}, there=True),
    "what a link leads to": Row([("a", "print(open('link.txt').read())")], {"a": "link.txt changed"}, Then(put={"one.txt": "two"}), Then(act=_link("link.txt", "one.txt")), {"link.txt": "one", "one.txt": "one"}, there=True),
    "a file that is a folder by now": Row([("a", "import os\ntry:\n    print(open('data.txt').read())\nexcept OSError as error:\n    print(type(error).__name__)")], {"a": "data.txt changed"}, Then(act=_folder("data.txt")), before={"data.txt": "one"}, there=True),
    "a file that was not there": Row([("a", "try:\n    print(open('data.txt').read())\nexcept OSError:\n    print('none')")], {"a": "data.txt is there now"}, Then(put={"data.txt": "two"}), Then(put={"more.txt": "two"})),
    "a file that is only looked for": Row([("a", "import os\nprint(os.path.exists('data.txt'))"), ("b", "print(2)")], {"a": "data.txt"}, Then(put={"data.txt": "two"}), Then(put={"more.txt": "two"})),
    "a file that was looked for, and is gone": Row([("a", "from pathlib import Path\nprint(Path('data.txt').is_file())"), ("b", "print(2)")], {"a": "data.txt"}, Then(put={"data.txt": None}), Then(put={"more.txt": "two"}), {"data.txt": "one"}),
    "a file that a command reads": Row([("a", "!cat data.txt"), ("b", "print(2)")], {"a": "data.txt changed"}, Then(put={"data.txt": "two\n"}), Then(put={"more.txt": "two"}), {"data.txt": "one\n"}),
    "a file that a comment tells": Row([("a", "import subprocess\nprint(subprocess.run(['cat', './da' + 'ta/one.txt'], capture_output=True, text=True).stdout[:9])  # nb2pipe: reads data/one.txt"), ("b", "print(2)")], {"a": "data/one.txt changed"}, Then(put={"data/one.txt": "two\n"}), Then(put={"data/two.txt": "two"}), {"data/one.txt": "one\n"}),
    "files of a pattern that a comment tells": Row([("a", "import subprocess\nprint(subprocess.run(['cat', './da' + 'ta/one.txt'], capture_output=True, text=True).stdout[:9])  # nb2pipe: reads data/*.txt"), ("b", "print(2)")], {"a": "the files in data are others"}, Then(put={"data/two.txt": "two"}), Then(put={"more.txt": "two"}), {"data/one.txt": "one\n"}),
    "a file that a subprocess reads": Row([("a", "import subprocess\nprint(subprocess.run(['cat', 'data.txt'], capture_output=True, text=True).stdout)"), ("b", "print(2)")], {"a": "data.txt changed"}, Then(put={"data.txt": "two\n"}), Then(put={"more.txt": "two"}), {"data.txt": "one\n"}),
    "a script that is run": Row([("a", "%run script.py\nprint(v)"), ("b", "print(2)")], {"a": "script.py changed", "b": "`a` ran again"}, Then(put={"script.py": "v = 2"}), Then(put={"other.py": "v = 2"}), {"script.py": "v = 1"}),
    "a script that a command runs": Row([("a", "!python script.py"), ("b", "print(2)")], {"a": "script.py changed"}, Then(put={"script.py": "print(2)"}), Then(put={"other.py": "v = 2"}), {"script.py": "print(1)"}),
    "a script that is read and executed": Row([("a", "exec(open('script.py').read())\nprint(v)"), ("b", "print(2)")], {"a": "script.py changed", "b": "`a` ran again"}, Then(put={"script.py": "v = 2"}), Then(put={"other.py": "v = 2"}), {"script.py": "v = 1"}),
    "a script by runpy": Row([("a", "import runpy\nprint(runpy.run_path('script.py')['v'])"), ("b", "print(2)")], {"a": "script.py changed"}, Then(put={"script.py": "v = 2"}), Then(put={"other.py": "v = 2"}), {"script.py": "v = 1"}),
    "files of a pattern that a command reads": Row([("a", "!cat d/*.txt"), ("b", "print(2)")], {"a": "d/two.txt changed"}, Then(put={"d/two.txt": "2\\n"}), Then(put={"two.txt": "2"}), {"d/one.txt": "1\n", "d/two.txt": "1\n"}),
    "a file more of a pattern that a command reads": Row([("a", "!cat d/*.txt"), ("b", "print(2)")], {"a": "the files in d are others"}, Then(put={"d/six.txt": "2\\n"}), Then(put={"six.txt": "2"}), {"d/one.txt": "1\n", "d/two.txt": "1\n"}),
    "files of a list that a command reads": Row([("a", "import subprocess\nfiles = [f'd/{name}.txt' for name in ('one', 'two')]\nprint(subprocess.run(['cat', *files], capture_output=True, text=True).stdout)"), ("b", "print(2)")], {"a": "d/two.txt changed"}, Then(put={"d/two.txt": "2\\n"}), Then(put={"two.txt": "2"}), {"d/one.txt": "1\n", "d/two.txt": "1\n"}),
    "files that other processes read": Row([("a", "import glob, multiprocessing\ndef load(path): return open(path).read()\nwith multiprocessing.get_context('fork').Pool(2) as pool:\n    print(pool.map(load, sorted(glob.glob('d/*.txt'))))\ndel pool"), ("b", "print(2)")], {"a": "d/two.txt changed"}, Then(put={"d/two.txt": "2\\n"}), Then(put={"two.txt": "2"}), {"d/one.txt": "1\n", "d/two.txt": "1\n"}),
    "files in a folder": Row([("a", "import os\nprint(sorted(os.listdir('d')))"), ("b", "print(2)")], {"a": "the files in d are others"}, Then(put={"d/two.txt": ""}), Then(put={"two.txt": "", "d/one.txt": "one"}), {"d/one.txt": ""}),
    "files of a pattern": Row([("a", "import glob\nprint(sorted(glob.glob('d/*.txt')))"), ("b", "print(2)")], {"a": "the files in d are others"}, Then(put={"d/one.txt": None}), Then(put={"two.txt": ""}), {"d/one.txt": "", "d/two.txt": ""}),
    "files of a pattern, deep": Row([("a", "from pathlib import Path\nprint(sorted(map(str, Path('d').rglob('*.txt'))))"), ("b", "print(2)")], {"a": "the files in d/e are others"}, Then(put={"d/e/two.txt": ""}), Then(put={"two.txt": ""}), {"d/e/one.txt": ""}),
    "files of a folder, read": Row([("a", "from pathlib import Path\nprint([p.read_text() for p in sorted(Path('d').iterdir())])"), ("b", "print(2)")], {"a": "d/one.txt changed"}, Then(put={"d/one.txt": "1"}), Then(put={"two.txt": ""}), {"d/one.txt": "", "d/two.txt": ""}),
    "files in a folder that is walked by its descriptor": Row([("a", "import os\nprint([(name, found) for name, _, found, _ in os.fwalk('d')])"), ("b", "print(2)")], {"a": "the files in d are others"}, Then(put={"d/two.txt": ""}), Then(put={"two.txt": ""}), {"d/one.txt": ""}),
    "a table in a CSV file": Row([("load", "import pandas as pd\ndf = pd.read_csv('data.csv')"), ("a", "print(len(df))"), ("b", "print(2)")], {"load": "data.csv changed", "a": "`df` from `load` changed"}, Then(put={"data.csv": "a\n1\n2\n"}), Then(put={"data.csv": "a\n1\n"}), {"data.csv": "a\n1\n"}),
    "a table that changes in vain": Row([("load", "import pandas as pd\ndf = pd.read_csv('data.csv')"), ("a", "print(len(df))"), ("b", "print(2)")], {"load": "data.csv changed"}, Then(put={"data.csv": "a\n1\n\n"}), Then(put={"data.csv": "a\n1\n"}), {"data.csv": "a\n1\n"}),
    "a database": Row([("a", "import sqlite3\nc = sqlite3.connect('b.db')\n_ = c.execute('create table if not exists t (x)')\nc.commit()\nprint(c.execute('select count(*) from t').fetchone())\nc.close()\ndel c"), ("b", "print(2)")], {"a": "b.db changed"}, Then(act=lambda folder: __import__("sqlite3").connect(folder / "b.db").executescript("insert into t values (1);")), there=True),
    # modules
    "a module": Row(IMPORTS, {"a": "helpers.py changed"}, Then(put={"helpers.py": "def f(): return 2"}), Then(put={"other.py": "def f(): return 2"}), HELPERS),
    "a module's module": Row(IMPORTS, {"a": "more.py changed"}, Then(put={"more.py": "def g(): return 2"}), before=HELPERS),
    "a package's module": Row([("a", "from lib.one import f\nprint(f())"), ("b", "print(2)")], {"a": "lib/two.py changed"}, Then(put={"lib/two.py": "def g(): return 5"}), Then(put={"lib/three.py": "x = 2"}), PACKAGE),
    "a module that is shadowed": Row(IMPORTS, {"a": "helpers"}, Then(put={"helpers/__init__.py": "def f(): return 9"}), Then(put={"other/__init__.py": "x = 1"}), HELPERS),
    "a module that was not there": Row([("a", "try:\n    import settings\n    print(settings.k)\nexcept ImportError:\n    print('none')"), ("b", "print(2)")], {"a": "settings"}, Then(put={"settings.py": "k = 1"}), Then(put={"other.py": "k = 1"})),
    "a module that a function imports": Row([("functions", "def f():\n    import helpers\n    return helpers.f()"), ("a", "print(f())"), ("b", "print(2)")], {"a": "helpers.py changed"}, Then(put={"helpers.py": "def f(): return 2"}), Then(put={"other.py": ""}), HELPERS),
    "a module that is loaded by its path": Row([("a", "import importlib.util\nspec = importlib.util.spec_from_file_location('plug', 'plug.py')\nplug = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(plug)\nprint(plug.k)\ndel plug, spec"), ("b", "print(2)")], {"a": "plug.py changed"}, Then(put={"plug.py": "k = 2"}), Then(put={"other.py": ""}), {"plug.py": "k = 1"}),
    "a module that is imported and dropped": Row([("a", "import sys, helpers\nprint(helpers.f())\ndel sys.modules['helpers'], helpers"), ("b", "print(2)")], {"a": "helpers.py changed"}, Then(put={"helpers.py": "def f(): return 2"}), Then(put={"other.py": ""}), HELPERS),
    "a module that comes along with a value": Row([("a", "import helpers\nx = helpers.A(1)\ny = 1"), ("b", "print(x.m())"), ("c", "print(y)")], {"a": "helpers.py changed", "b": "helpers.py changed"}, Then(put={"helpers.py": "class A:\n    def __init__(self, v): self.v = v\n    def m(self): return self.v + 1"}), Then(put={"other.py": ""}), {"helpers.py": "class A:\n    def __init__(self, v): self.v = v\n    def m(self): return self.v"}),
    # what a step wrote
    "a file that is put back": Row(WRITES, {}, Then(put={}), Then(act=lambda folder: (folder / "out.csv").write_text("bad"))),
    "a removed file that is put back": Row(WRITES, {}, Then(put={}), Then(act=lambda folder: (folder / "out.csv").unlink())),
    "a file that a command wrote is put back": Row([("a", "!cp data.txt out.txt"), ("b", "print(2)")], {}, Then(put={}), Then(act=lambda folder: (folder / "out.txt").unlink()), {"data.txt": "one\n"}),
    "a written file that changes its content": Row(WRITES, {"clean": "cell 1 changed", "read": "out.csv changed"}, Then(cell={0: "open('out.csv', 'w').write('2')\nx = 1"}), Then(cell={0: "open('out.csv', 'w').write('1') # one\nx = 1"})),
    "a file that is appended to": Row([("a", "open('log.txt', 'w').write('a')"), ("b", "open('log.txt', 'a').write('b')"), ("c", "print(open('log.txt').read())")], {"b": "cell 2 changed", "c": "log.txt changed"}, Then(cell={1: "open('log.txt', 'a').write('B')"}), Then(act=lambda folder: (folder / "log.txt").write_text("bad"))),
    "a file that is removed by a step": Row([("a", "open('t.txt', 'w').write('a')"), ("b", "import os\nos.remove('t.txt')"), ("c", "print(os.path.exists('t.txt'))"), ("d", "print(4)")], {"c": "cell 3 changed"}, Then(cell={2: "print(os.path.exists('t.txt'), 1)"})),
    "an early step of a file that two write": Row([("a", "open('t.txt', 'w').write('a')"), ("b", "print(open('t.txt').read())"), ("c", "open('t.txt', 'w').write('c')"), ("d", "print(open('t.txt').read())")], {"b": "cell 2 changed"}, Then(cell={1: "print(open('t.txt').read(), 1)"}), Then(act=lambda folder: (folder / "t.txt").unlink())),
    "a figure": Row([("a", "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n_ = plt.plot([1, 2])\nplt.savefig('fig.png')\nplt.close()"), ("b", "print(2)")], {"b": "cell 2 changed"}, Then(cell={1: "print(3)"}), Then(act=lambda folder: (folder / "fig.png").unlink())),
    "a folder that is removed": Row([("a", "import os\nos.makedirs('out', exist_ok=True)"), ("b", "open('out/x.txt', 'w').write('1')"), ("c", "print(3)")], {"b": "cell 2 changed"}, Then(cell={1: "open('out/x.txt', 'w').write('2')"}, act=lambda folder: __import__("shutil").rmtree(folder / "out")), Then(act=lambda folder: __import__("shutil").rmtree(folder / "out"))),
    # undone
    "an edit that is undone": Row(NUMBERS, {}, Then(), Then(cell={0: "x = len('a')"})),
}
# fmt: on


@pytest.mark.parametrize("name", ROWS)
def test_steps_run_again_for_their_reasons(
    server: Server, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ROWS[name]
    project = Project(server, tmp_path)
    for path, text in row.before.items():
        project.put(path, text)
    monkeypatch.setattr(server, "environ", {})
    ran = project.run(row.cells)
    assert ran.kind == "done", ran
    for then, because in ((row.twin, {}), (row.then, row.because)):
        cells = _changed(row, then, project)
        for key, value in then.environ.items():
            monkeypatch.setenv(key, value)
            server.environ[key] = value
        scratches = [project.straight(cells, then.parameters), project.straight(cells, then.parameters, here=True)]
        ran = project.run(cells, parameters=then.parameters)
        assert ran.kind == "done", ran
        assert set(ran.because) == set(because), ran
        for step, text in because.items():
            assert any(text in reason for reason in ran.because[step]), ran.because
        different = [project.differing(ran, item) for item in (scratches[1:] if row.there else scratches)]
        assert not set.intersection(*map(set, different)), different


def _changed(row: Row, then: Then, project: Project) -> Cells:
    cells = list(then.cells if then.cells is not None else row.cells)
    for number, source in then.cell.items():
        cells[number] = (cells[number][0], source)
    for path, text in then.put.items():
        project.put(path, text)
    if then.act is not None:
        then.act(project.folder)
    return cells
