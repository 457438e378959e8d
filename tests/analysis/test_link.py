"""Providers, definitions, parameters, resources and declared order: what a pipeline is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from nb2pipe import analysis
from nb2pipe.model import After, OrderKind, Severity

Link = Callable[..., Any]

IMPORTS = (
    "import pandas as pd\nfrom sklearn.model_selection import train_test_split\n"
    "from sklearn.linear_model import LogisticRegression\nfrom sklearn.ensemble import RandomForestClassifier"
)


def test_three_models_run_side_by_side(cells: Link) -> None:
    linked = cells(
        ("imports", IMPORTS),
        ("parameters", "C = 1.0\ntrees: int = 10"),
        ("load", "df = pd.read_csv('a.csv')\ndf['z'] = df['a'].fillna(0)"),
        ("split", "X = df[['a', 'b']]\ny = df['t']\nX1, X2, y1, y2 = train_test_split(X, y, random_state=0)"),
        ("one", "m1 = LogisticRegression(C=C, random_state=0)\nm1.fit(X1, y1)\na1 = m1.score(X2, y2)"),
        ("two", "m2 = RandomForestClassifier(n_estimators=trees, random_state=0).fit(X1, y1)\na2 = m2.score(X2, y2)"),
        ("best", "print(max(a1, a2))"),
    )
    assert linked.errors == []
    assert linked.edges == "load>split:df one>best:a1 split>one:X1,X2,y1,y2 split>two:X1,X2,y1,y2 two>best:a2"
    steps = {step.id: step for step in linked.pipeline.steps}
    assert "imports" not in steps
    assert "parameters" not in steps
    assert steps["one"].parameters == ("C",)
    assert steps["two"].parameters == ("trees",)
    assert steps["load"].parameters == ()
    assert steps["one"].outputs == ("a1", "m1")


def test_what_a_model_was_fitted_on_is_changed_later(cells: Link) -> None:
    """A fitted model may keep its data: then both travel together, and the fits follow each other."""
    linked = cells(
        ("imports", IMPORTS),
        ("load", "X = pd.read_csv('a.csv')\ny = X['t']"),
        ("one", "m1 = LogisticRegression(random_state=0)\nm1.fit(X, y)"),
        ("change", "X['k'] = 1"),
        ("use", "print(m1.score(X, y))"),
    )
    assert "change>use:X,m1,y" in linked.edges


def test_reasons_are_sentences_for_people(steps: Link) -> None:
    linked = steps("df = [1]", "df.append(1)", "print(df)")
    assert [edge.reasons for edge in linked.pipeline.edges] == [
        ("`df`: written in cell 1, read in cell 2",),
        ("`df`: written in cell 2, read in cell 3",),
    ]


def test_maybe_bound_names_both_providers_latest_first(steps: Link) -> None:
    linked = steps("x = [1]", "if len('ab'):\n    x = [2]", "print(x)")
    (need,) = linked.pipeline.step("c").needs
    assert need.providers == ("b", "a")


# --- definitions --------------------------------------------------------------------------------------------------

REPLAYED = [
    ("import", "import math as m", {"m"}),
    ("from import", "from math import pi, e", {"pi", "e"}),
    ("function", "def f():\n    return 1", {"f"}),
    ("function with a decorator", "import functools\n@functools.cache\ndef f():\n    return 1", {"f", "functools"}),
    ("class", "class A:\n    k = 1", {"A"}),
    ("constant", "K = -1.5", {"K"}),
    ("tuple of constants", "K = (1, ('a', None))", {"K"}),
]
MOVED = [
    ("list", "K = [1]"),
    ("call", "K = len('a')"),
    ("default that is a call", "import time\ndef K(t=time.time()):\n    return t"),
    ("decorator that is a value", "d = [lambda f: f][0]\n@d\ndef K():\n    return 1"),
    ("under if", "if len('a'):\n    def K():\n        return 1"),
    ("bound twice", "K = 1\nK = 2"),
    ("deleted", "K = 1\ndel K\nK = [2]"),
    ("two imports of one name", "from math import e as K\nfrom math import pi as K"),
    ("class with a clock", "import time\nclass K:\n    t = time.time()"),
]


@pytest.mark.parametrize(("name", "source", "names"), REPLAYED, ids=[row[0] for row in REPLAYED])
def test_replayed(cells: Link, name: str, source: str, names: set[str]) -> None:
    linked = cells(("start", source), ("use", f"print({', '.join(sorted(names))})"))
    assert linked.edges == "", name
    assert [step.id for step in linked.pipeline.steps] == ["use"]
    found = [item for item in linked.pipeline.definitions if item.id in linked.pipeline.step("use").definitions]
    assert {name for item in found for name in item.names} == names
    lines = source.split("\n")
    assert [item.source.split("\n") == lines[item.at.line - 1 : item.end_line] for item in found] == [True] * len(found)


@pytest.mark.parametrize(("name", "source"), MOVED, ids=[row[0] for row in MOVED])
def test_moved(cells: Link, name: str, source: str) -> None:
    linked = cells(("start", source), ("use", "print(K)"))
    assert linked.edges == "start>use:K", name


def test_a_definition_brings_what_it_is_made_of(cells: Link) -> None:
    linked = cells(
        (
            "functions",
            "import math\nR = 2\nclass B:\n    pass\nclass A(B):\n    def m(self):\n        return math.pi * R",
        ),
        ("a", "x = A()"),
        ("b", "print(x.m())"),
    )
    found = {name for item in linked.pipeline.definitions for name in item.names}
    assert found == {"math", "R", "B", "A"}
    assert len(linked.pipeline.step("b").definitions) == 4
    assert linked.edges == "a>b:x"


def test_same_import_in_several_steps_is_no_edge(steps: Link) -> None:
    assert steps("import math", "import math\nx = math.pi", "print(math.e)").edges == ""


def test_a_definition_of_a_later_cell_is_not_seen_early(steps: Link) -> None:
    linked = steps("print(f())", "def f():\n    return 1", "x = 1")
    assert linked.codes == {"N2P207"}


def test_set_up_is_replayed_in_later_steps_only(cells: Link) -> None:
    linked = cells(
        ("imports", "import pandas as pd\nimport warnings"),
        ("a", "x = 1"),
        ("b", "pd.set_option('display.width', 80)\nwarnings.filterwarnings('ignore')"),
        ("c", "y = 1"),
    )
    replayed = {
        step.id: [item.source for item in linked.pipeline.definitions if item.id in step.definitions and not item.names]
        for step in linked.pipeline.steps
    }
    setup = ["pd.set_option('display.width', 80)", "warnings.filterwarnings('ignore')"]
    assert replayed == {"a": [], "b": [], "c": setup}


def test_set_up_that_no_step_can_repeat_is_a_warning(cells: Link) -> None:
    linked = cells(
        ("imports", "import plotly"),
        ("a", "w = str('svg')\nplotly.io.renderers.enable(w)"),
        ("b", "y = 1"),
    )
    assert linked.codes == {"N2P310"}


def test_options_that_a_record_carries_are_waited_for(cells: Link) -> None:
    linked = cells(
        ("imports", "import pandas as pd"),
        ("a", "w = len('abc')\npd.set_option('display.width', w)"),
        ("b", "y = 1"),
        ("c", "print(pd.DataFrame())"),
    )
    assert linked.codes == set()
    assert linked.edges == "a>c"


def test_an_imports_cell_that_does_more_is_a_step(cells: Link) -> None:
    linked = cells(("imports", "import numpy as np\nprint(np.__version__)"), ("a", "x = np.zeros(1)"))
    assert [step.id for step in linked.pipeline.steps] == ["imports", "a"]
    assert linked.codes == {"N2P309"}
    assert linked.edges == ""


def test_an_imports_cell_may_make_objects(cells: Link) -> None:
    linked = cells(("imports", "from pathlib import Path\nDATA = Path('data')"), ("a", "print(DATA)"))
    assert [step.id for step in linked.pipeline.steps] == ["a"]
    assert len(linked.pipeline.step("a").definitions) == 2


# --- parameters ---------------------------------------------------------------------------------------------------


def test_a_rebound_parameter_has_a_provider(cells: Link) -> None:
    linked = cells(("parameters", "n = 1"), ("a", "print(n)"), ("b", "n = n + 1"), ("c", "print(n)"))
    assert linked.edges == "b>c:n"
    assert [step.parameters for step in linked.pipeline.steps] == [("n",), ("n",), ()]
    assert linked.codes == {"N2P205"}


def test_a_maybe_rebound_parameter_is_given_too(cells: Link) -> None:
    linked = cells(("parameters", "n = 1"), ("a", "if len('ab'):\n    n = 2"), ("b", "print(n)"))
    assert linked.edges == "a>b:n"
    assert linked.pipeline.step("b").parameters == ("n",)


def test_a_parameter_changed_in_place(cells: Link) -> None:
    linked = cells(("parameters", "n = [1]"), ("a", "n.append(2)"), ("b", "print(n)"))
    assert linked.edges == "a>b:n"
    assert linked.pipeline.step("b").parameters == ()


def test_a_parameters_cell_holds_only_parameters(cells: Link) -> None:
    linked = cells(("parameters", "n = 1\nk = print(n)"), ("a", "x = n"))
    assert "N2P210" in linked.codes


STAR = "from sympy import *\ninit_printing()"


@pytest.mark.parametrize(
    ("first", "replayed", "codes"),
    [
        (STAR, ["from sympy import *", "init_printing()"], {"N2P204"}),
        (f"from math import *\n{STAR}", ["from math import *", "from sympy import *", "init_printing()"], {"N2P204"}),
        ("init_printing()\nfrom sympy import *", ["from sympy import *"], {"N2P201", "N2P204"}),
        (f"init_printing = print\n{STAR}", ["from sympy import *"], {"N2P204"}),
        ("from math import *\ninit_printing()", ["from math import *"], {"N2P204"}),
    ],
)
def test_a_setup_by_a_name_that_a_star_import_brings_is_replayed(
    steps: Link, first: str, replayed: list[str], codes: set[str]
) -> None:
    linked = steps(first, "print(1)")
    step = linked.pipeline.steps[1]
    found = [item.source for item in linked.pipeline.definitions if item.id in step.definitions and not item.names]
    assert (found, linked.codes) == (replayed, codes)


# --- names that are not there -------------------------------------------------------------------------------------

MISSING = [
    ("nobody defines it", ["x = 1", "print(y)"], {"N2P201"}),
    ("later cell", ["print(y)", "y = [1]"], {"N2P207"}),
    ("deleted", ["x = [1]", "del x", "print(x)"], {"N2P202"}),
    ("deleted in the same cell", ["x = [1]\ndel x\nprint(x)"], {"N2P202"}),
    ("perhaps not read", ["x = 1", "if len('a'):\n    print(y)"], set()),
    ("caught", ["x = 1", "try:\n    y\nexcept NameError:\n    y = 1"], set()),
    ("in a function nobody calls", ["x = 1", "def f():\n    return y"], set()),
    ("in a function that is called", ["def f():\n    return y", "f()"], {"N2P201"}),
    ("star import", ["from somewhere import *", "print(y)"], {"N2P204"}),
    ("builtin", ["print(len)", "x = __name__"], set()),
    ("a builtin that the notebook makes", ["import builtins\nbuiltins.foo = 3", "print(foo)"], set()),
    ("by setattr", ["import builtins\nsetattr(builtins, 'foo', 3)", "print(foo)"], set()),
    ("any builtins", ["import builtins\nfor k in 'ab':\n    setattr(builtins, k, 3)", "print(a)"], set()),
    ("another builtin that the notebook makes", ["import builtins\nbuiltins.foo = 3", "print(fo)"], {"N2P201"}),
    ("a builtin, before it is made", ["print(foo)", "import builtins\nbuiltins.foo = 3"], {"N2P201"}),
    ("a builtin that is gone again", ["import builtins\nbuiltins.foo = 3\ndel builtins.foo", "print(foo)"], {"N2P201"}),
    ("an attribute of another module", ["import math\nmath.foo = 3", "print(foo)"], {"N2P201"}),
    ("pylab's names", ["%pylab inline", "plot(np.arange(3))"], set()),
    ("pylab's names, without it", ["%matplotlib inline", "plot(np.arange(3))"], {"N2P201"}),
    ("after an unknown magic", ["%frobnicate", "print(y)"], {"N2P302"}),
    ("before an unknown magic", ["print(y)", "%frobnicate"], {"N2P201", "N2P302"}),
    ("before one in its cell", ["print(y)\n%frobnicate", "x = 1"], {"N2P201", "N2P302"}),
    ("after one in its cell", ["%frobnicate\nprint(y)", "x = 1"], {"N2P302"}),
    ("a later cell, after an unknown magic", ["%frobnicate", "print(y)", "y = 1"], {"N2P207", "N2P302"}),
    ("a later cell, after `exec`", ["exec(open('a').read())", "print(y)", "y = 1"], {"N2P207", "N2P301"}),
    ("a later cell, after a star import", ["from math import *", "print(gamma)", "gamma = 1"], {"N2P204"}),
    ("after an unknown magic, and bound", ["%frobnicate", "y = 1", "print(y)"], {"N2P302"}),
    ("IPython's history", ["1 + 1", "x = _"], {"N2P213"}),
    ("IPython's history, on the same cell's line", ["x = 1", "1 + 1\ny = _"], set()),
    ("perhaps bound", ["if len('a'):\n    y = [1]", "print(y)"], set()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "sources", "codes"), MISSING, ids=[row[0] for row in MISSING])
def test_missing(steps: Link, name: str, sources: list[str], codes: set[str]) -> None:
    assert steps(*sources).codes == codes, name


@pytest.mark.parametrize(
    ("first", "severity"), [("x = 1", Severity.ERROR), ("%frobnicate", Severity.WARNING), ("%time 1", Severity.ERROR)]
)
def test_what_can_not_be_known_makes_an_error_a_warning(cells: Link, first: str, severity: Severity) -> None:
    """The magic may define the name: a notebook that is valid is never refused."""
    linked = cells(("a", first), ("b", "print(y, z)"), ("skip", "y = [1]"), ("c", "z = 1"))
    found = {item.code: item.severity for item in linked.diagnostics if item.code in ("N2P206", "N2P207")}
    assert found == {"N2P206": severity, "N2P207": severity}


def test_the_skipped_cell_is_named(cells: Link) -> None:
    linked = cells(("a", "x = 1"), ("skip", "y = [1]"), ("b", "print(y)"))
    (problem,) = linked.diagnostics
    assert problem.code == "N2P206"
    assert "cell 2" in problem.message
    assert problem.location.cell == 2
    assert problem.location.step == "b"


def test_did_you_mean(steps: Link) -> None:
    (problem,) = steps("train_data = [1]", "print(train_dat)").diagnostics
    assert problem.hint == "did you mean `train_data`?"


def test_a_cell_that_may_raise_binds_nothing_surely(cells: Link) -> None:
    linked = cells(("a", "x = [1]"), ("b", "x = [2]\n1 / 0"), ("c", "print(x)"), raising=frozenset({1}))
    assert linked.edges == "a>c:x b>c:x"


# --- resources ----------------------------------------------------------------------------------------------------

FILES = [
    ("written, then read", "open('a.txt', 'w').write('x')", "y = open('a.txt').read()", "a>b"),
    ("two files: parallel", "open('a.txt', 'w').write('x')", "y = open('b.txt').read()", ""),
    ("both read: parallel", "x = open('a.txt').read()", "y = open('a.txt').read()", ""),
    ("read, then written", "x = open('a.txt').read()", "open('a.txt', 'w').write('x')", "a>b"),
    ("a folder holds its files", "import os\nos.makedirs('out')", "open('out/a.txt', 'w').write('x')", "a>b"),
    ("path by hand", "from pathlib import Path\nP = Path('out') / 'a.txt'\nP.write_text('x')", "y = open('out/a.txt').read()", "a>b"),
    ("f-string path", "d = 'out'\nopen(f'{d}/a.txt', 'w').write('x')", "y = open('./out/a.txt').read()", "a>b"),
    ("through a function", "def w(p):\n    open(p, 'w').write('x')\nw('a.txt')", "y = open('a.txt').read()", "a>b"),
    ("unknown path", "import sys\nopen(sys.argv[0], 'w').write('x')", "y = open('b.txt').read()", "a>b"),
    ("frames", "import pandas as pd\npd.DataFrame().to_csv('a.csv')", "import pandas as pd\ny = pd.read_csv('a.csv')", "a>b"),
    ("frame to text: no file", "import pandas as pd\nx = pd.DataFrame().to_csv()", "import pandas as pd\ny = pd.read_csv('a.csv')", ""),
    ("shell", "!wget example.org/a.csv", "y = open('a.csv').read()", "a>b"),
    ("shell that only lists: parallel", "!ls", "y = open('a.csv').read()", ""),
    ("writefile", "%%writefile a.py\nx = 1", "y = open('a.py').read()", "a>b"),
    ("bash", "%%bash\ntouch a.txt", "y = open('a.txt').read()", "a>b"),
    ("working folder", "import os\nos.chdir('data')", "y = 1", "a>b"),
    ("environment", "import os\nos.environ['K'] = '1'", "y = 1", "a>b"),
    ("pip", "%pip install x", "y = 1", "a>b"),
    ("pip without percent", "pip install x", "y = 1", "a>b"),
    ("pip list: parallel", "!pip list", "y = 1", ""),
    ("pip list into a file", "!pip list > a.txt", "y = open('a.txt').read()", "a>b"),
    ("pip, the version: parallel", "!pip --version", "y = 1", ""),
    ("pip as a module", "import sys\n!{sys.executable} -m pip install -q x", "y = 1", "a>b"),
    ("pip by subprocess", "import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', 'x'])", "y = 1", "a>b"),
    ("another program by subprocess: parallel", "import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'http.server'])", "y = 1", ""),
    ("pip by os.system", "import os\nos.system('pip3 install x')", "y = 1", "a>b"),
    ("pip after another command", "!cd x && pip install -e .", "y = 1", "a>b"),
    ("apt-get as root", "!sudo -E DEBIAN_FRONTEND=x apt-get -y install x", "y = 1", "a>b"),
    ("conda, an environment", "!conda env update -f x.yml", "y = 1", "a>b"),
    ("conda, which environments: parallel", "!conda env list", "y = 1", ""),
    ("uv", "!uv pip install x", "y = 1", "a>b"),
    ("pip in a shell cell", "%%bash\nset -e\npip install x", "y = 1", "a>b"),
    ("only the word", "!echo pip install x", "y = 1", ""),
    ("a list, then a change", "!ls; touch a.txt", "y = open('a.txt').read()", "a>b"),
    ("a pattern", "import numpy as np\nnp.save('out/a.npy', [1])", "import glob\ny = [open(p) for p in glob.glob('out/*.npy')]", "a>b"),
    ("absolute and relative", "open('a.txt', 'w').write('x')", "y = open('/data/a.txt').read()", "a>b"),
    ("absolute and relative, other names: parallel", "open('a.txt', 'w').write('x')", "y = open('/data/b.txt').read()", ""),
    ("from above", "open('a.txt', 'w').write('x')", "y = open('../nb/a.txt').read()", "a>b"),
    ("random, seeded", "import random\nrandom.seed(0)", "import random\ny = random.random()", "a>b"),
    ("random, not seeded: parallel", "import random\nx = random.random()", "import random\ny = random.random()", ""),
    ("own generator: parallel", "import numpy as np\nnp.random.seed(0)", "import numpy as np\ny = np.random.default_rng(0).normal()", ""),
    ("another generator: parallel", "import numpy as np\nnp.random.seed(0)", "import random\ny = random.random()", ""),
    ("split without random_state", "import numpy as np\nnp.random.seed(0)", "from sklearn.model_selection import train_test_split\ny = train_test_split([1, 2])", "a>b"),
    ("split with random_state: parallel", "import numpy as np\nnp.random.seed(0)", "from sklearn.model_selection import train_test_split\ny = train_test_split([1, 2], random_state=0)", ""),
    ("estimator without random_state", "import numpy as np\nnp.random.seed(0)", "from sklearn.ensemble import RandomForestClassifier\nm = RandomForestClassifier()\nm.fit([[1]], [1])", "a>b"),
    ("exec of unknown code", "import sys\nexec(sys.argv[0])", "y = 1", "a>b"),
    ("unknown magic", "%frobnicate", "y = 1", "a>b"),
    ("matplotlib magic: parallel", "%matplotlib inline", "y = 1", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "a", "b", "edges"), FILES, ids=[row[0] for row in FILES])
def test_resources(steps: Link, name: str, a: str, b: str, edges: str) -> None:
    linked = steps(a, b)
    assert linked.errors == [], name
    assert linked.edges == edges


def test_an_install_runs_alone_and_is_never_replayed(cells: Link) -> None:
    linked = cells(
        ("imports", "%pip install x\nimport math"), ("a", "y = math.pi"), ("b", "!pip install z"), ("c", "w = []")
    )
    assert linked.edges == "a>b b>c imports>a"
    assert [item.source for item in linked.pipeline.definitions] == ["import math"]
    assert linked.codes == {"N2P309", "N2P311"}
    (order,) = linked.pipeline.step("c").orders
    assert (order.kind, str(order.resource)) == (OrderKind.RESOURCE, "environment")
    assert order.reason == "packages are installed (cell 3), so later steps wait for it"
    note = next(item for item in linked.diagnostics if item.code == "N2P311")
    assert note.severity is Severity.NOTE
    assert note.message.startswith("`pip install x` changes what is installed")


def test_an_install_between_the_cells_of_a_step(cells: Link) -> None:
    bad = cells(("a", "x = 1"), ("b", "!pip install z"), ("a", "y = 1"))
    assert "N2P308" in bad.codes
    assert "N2P308" not in cells(("a", "x = 1"), ("b", "!pip list"), ("a", "y = 1")).codes


def test_paths_after_the_folder_changed(steps: Link) -> None:
    """A relative path is another file then."""
    write, read = "open('sub/a.txt', 'w').write('x')", "y = open('a.txt').read()"
    assert steps(write, "import os\nos.chdir('sub')", read).edges == "a>b b>c"
    assert steps(write, "import os\nos.getcwd()", read).edges == ""


def test_a_chain_of_resources_is_told_once(steps: Link) -> None:
    linked = steps("import random\nrandom.seed(0)", *["import random\nrandom.random()"] * 3)
    assert linked.edges == "a>b b>c c>d"
    (order,) = linked.pipeline.step("c").orders
    assert order.reason == "the random module's generator is used in cell 2 and cell 3"
    assert order.resource is not None
    assert order.resource.kind == "rng"


def test_a_barrier_reads_and_changes_everything(steps: Link) -> None:
    linked = steps("x = [1]", "y = [2]", "import sys\nexec(sys.argv[0])", "print(x, y)")
    assert linked.edges == "a>c:x b>c:y c>d:x,y"
    assert linked.codes == {"N2P301"}


# --- declared order -----------------------------------------------------------------------------------------------


def relink(linked: Any, after: dict[str, str]) -> Any:
    sections = tuple(
        replace(section, after=(After(after[section.id], section.cells[0]),)) if section.id in after else section
        for section in linked.sections
    )
    return analysis.link(linked.notebook, sections, analysis.summarise(linked.notebook, sections))


def test_after_is_an_order(steps: Link) -> None:
    pipeline, problems = relink(steps("x = [1]", "y = 1"), {"b": "a"})
    assert problems == ()
    assert [(order.step, order.kind, order.reason) for order in pipeline.step("b").orders] == [
        ("a", OrderKind.AFTER, "`after:a` on cell 2")
    ]


def test_after_a_later_step_turns_the_order_round(steps: Link) -> None:
    pipeline, problems = relink(steps("x = [1]", "y = 1"), {"a": "b"})
    assert problems == ()
    assert [order.step for order in pipeline.step("a").orders] == ["b"]


def test_after_against_the_data_is_an_error(steps: Link) -> None:
    _, problems = relink(steps("x = [1]", "y = x", "z = y"), {"a": "c"})
    assert [problem.code for problem in problems] == ["N2P306"]


def test_cells_that_are_not_neighbours(cells: Link) -> None:
    """Code that would run in another order is refused, naming both cells; else it is fine."""
    bad = cells(("a", "x = [1]"), ("b", "x.append(2)"), ("a", "print(x)"))
    assert {item.code for item in bad.diagnostics} == {"N2P308"}
    assert "cell 1" in bad.diagnostics[0].message
    assert "cell 3" in bad.diagnostics[0].message
    good = cells(("a", "x = [1]"), ("b", "y = x"), ("a", "z = x"))
    assert good.diagnostics == ()
    assert good.edges == "a>b:x"


SPLITTER = "import numpy as np\nfrom sklearn.model_selection import cross_val_score, train_test_split, KFold\nfrom sklearn.svm import SVC\nnp.random.seed(1)\nX, y = np.ones((9, 2)), np.arange(9)"
DISPATCH = "from functools import singledispatch\n@singledispatch\ndef show(x): return 'object'"


@pytest.mark.parametrize(
    ("sources", "edges"),
    [
        (
            (
                SPLITTER + "\ncv = KFold(3, shuffle=True)",
                "s = cross_val_score(SVC(random_state=0), X, y, cv=cv)",
                "t = cross_val_score(SVC(random_state=0), X, y, cv=cv)",
            ),
            {("a", "b"), ("a", "c"), ("b", "c")},
        ),
        (
            (
                SPLITTER + "\ncv = KFold(3, shuffle=True, random_state=0)",
                "s = cross_val_score(SVC(random_state=0), X, y, cv=cv)",
                "t = cross_val_score(SVC(random_state=0), X, y, cv=cv)",
            ),
            {("a", "b"), ("a", "c")},
        ),
        (
            (
                SPLITTER + "\nrs = np.random.RandomState(0)",
                "p, q = train_test_split(X, random_state=rs)",
                "r, s = train_test_split(X, random_state=rs)",
            ),
            {("a", "b"), ("a", "c"), ("b", "c")},
        ),
        ((DISPATCH, "@show.register\ndef _(x: int): return 'int'", "print(show(3))"), set()),
        (("import numpy as np\nnp.save('q', np.ones(3))", "z = 1", "print(np.load('q.npy'))"), {("a", "c")}),
        (("import numpy as np\nnp.save('q', np.ones(3))", "z = 1", "print(np.load('other.npy'))"), set()),
    ],
    ids=[
        "a splitter draws",
        "a splitter of its own",
        "a generator is shared",
        "a function is registered",
        "a suffix is added",
        "another file",
    ],
)
def test_what_calls_leave_behind(steps: Link, sources: tuple[str, ...], edges: set[tuple[str, str]]) -> None:
    pipeline = steps(*sources).pipeline
    assert {(edge.source, edge.target) for edge in pipeline.edges} == edges


def test_a_cell_that_is_not_python_is_said_once(steps: Link) -> None:
    assert [item[:6] for item in steps("x = (1", "print(x)").errors] == ["N2P203"]


MEMORY = (
    "import functools\n@functools.lru_cache(maxsize=9)\ndef f(n):\n    return g(n)\ndef g(n):\n    return n * k\nk = 2"
)


@pytest.mark.parametrize(
    ("sources", "codes"),
    [
        ((MEMORY, "k = 5\nprint(f(1))"), {"N2P402"}),
        ((MEMORY, "print(f(1))"), set()),
        ((MEMORY + "\nf(1)\nk = 5\nprint(f(1))", "print(k)"), set()),
        ((MEMORY.replace("k = 2", "k = []"), "k.append(1)", "print(f(1))"), {"N2P402"}),
        ((MEMORY.replace("@functools.lru_cache(maxsize=9)\n", ""), "k = 5\nprint(f(1))"), set()),
    ],
    ids=["changing", "constant", "one step", "changed in place", "no memory"],
)
def test_a_memory_that_would_matter(steps: Link, sources: tuple[str, ...], codes: set[str]) -> None:
    found = steps(*sources).diagnostics
    assert {item.code for item in found if item.severity is Severity.ERROR} == codes


# --- what cells can't be ------------------------------------------------------------------------------------------

BROKEN = ["def f(:", "x = (", "'a\n", "x = 1\n  y = 2", "\0", "(" * 500, "-" * 5000 + "1", "x\ud800 = 1", "return 1\n+"]


@pytest.mark.parametrize("source", BROKEN, ids=range(len(BROKEN)))
def test_a_cell_that_is_no_python_is_one_error(steps: Link, source: str) -> None:
    linked = steps("x = 1", source, "y = 1")
    assert {item.code for item in linked.diagnostics if item.severity is Severity.ERROR} == {"N2P203"}
    assert linked.diagnostics[0].location.cell == 1


def test_all_problems_in_one_pass(steps: Link) -> None:
    linked = steps("def f(:", "print(y)", "print(z)")
    assert len(linked.errors) == 3


# --- files that are read unseen --------------------------------------------------------------------------------------

SOURCES = {
    "a loader's file": ("import pandas as pd\ndf = pd.read_csv('in/a.csv')", ("in/a.csv",)),
    "a loader's folder, by a name": ("import pandas as pd\nwhere = './in'\ndf = pd.read_parquet(where)", ("in",)),
    "a path that nobody can tell": ("import pandas as pd\ndf = pd.read_csv(input())", ()),
    "an address": ("import pandas as pd\ndf = pd.read_csv('https://example.org/a.csv')", ()),
    "after another folder was entered": ("import os, pandas as pd\nos.chdir('x')\ndf = pd.read_csv('a.csv')", ()),
    "a comment's": ("import lib\nlib.f()  # nb2pipe: reads in/*.csv", ("in/*.csv",)),
    "what Python opens": ("text = open('a.txt').read()", ()),
    "a folder that is listed": ("import os\nnames = os.listdir('in')", ()),
    "a pattern that is matched": ("import glob\nnames = glob.glob('in/*.csv')", ()),
    "a path that is looked for": ("from pathlib import Path\nthere = Path('a.csv').exists()", ()),
}


@pytest.mark.parametrize("case", SOURCES)
def test_what_may_be_read_unseen(steps: Link, case: str) -> None:
    source, reads = SOURCES[case]
    assert steps(source).pipeline.steps[-1].reads == reads
