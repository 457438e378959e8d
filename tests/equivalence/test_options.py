"""Options of libraries that are set by values made while the notebook runs: later steps have them, and wait for them.

A row: which steps wait for which (`b<a`), then the cells, each a step of its own if no step is named.
"""

from __future__ import annotations

import pytest
from fast import Cells, Server, compare, notebook_of

from nb2pipe import api

PANDAS = "import pandas as pd\ndata = [1, 2]"
FRAME = "print(pd.DataFrame({'a': [1 / 3]}))"
NUMPY = "import numpy as np\ndata = [1, 2]"
ERRORS = "print(np.geterr()['divide'])"
DECIMAL = "import decimal\nk = [7]"
SEVENTH = "print(decimal.Decimal(1) / 7)"
WARNINGS = "import warnings\nactions = ['error']"
WARN = "try:\n    warnings.warn('x', UserWarning)\n    print('went on')\nexcept UserWarning:\n    print('raised')"
PLOT = "import matplotlib.pyplot as plt\nd = {'axes.grid': True}"
GRID = "print(plt.rcParams['axes.grid'], plt.rcParams['lines.linewidth'])"
SHOWN = "print(pd.get_option('display.max_rows'), pd.get_option('display.precision'))"

# fmt: off
ROWS: dict[str, tuple[str, list[str | tuple[str, str]]]] = {
    "a constant magic beside other code": ("", ["x = 1 / 3", "y = x * 2\n%precision 3\ny", "print(y)\ny", "y"]),
    "a value": ("s3<s2", [PANDAS, "n = len(data)\npd.set_option('display.precision', n)", FRAME]),
    "a frame that is printed without the library's name": ("s3<s2", [PANDAS, "n = len(data)\npd.set_option('display.precision', n)", "df = pd.DataFrame({'a': [1 / 3]})", "print(df)"]),
    "an attribute of the options": ("s3<s2", [PANDAS, "pd.options.display.precision = len(data)", FRAME]),
    "in a loop": ("s3<s2", [PANDAS, "for name in ['display.precision', 'display.max_rows']:\n    pd.set_option(name, len(data))", FRAME + "\n" + SHOWN]),
    "in a branch": ("s3<s2", [PANDAS, "if len(data) > 1:\n    pd.set_option('display.precision', 3)", FRAME]),
    "in a function": ("s3<s2", [PANDAS + "\ndef setup(n): pd.set_option('display.precision', n)", "setup(len(data))", FRAME]),
    "of two libraries in a function": ("s3<s2 s4<s2", [PANDAS + "\nimport numpy as np\ndef setup(n):\n    np.set_printoptions(precision=n)\n    pd.set_option('display.precision', n)", "setup(len(data))", FRAME, "print(np.array([1 / 3]))"]),
    "added to": ("s3<s2", [PANDAS, "pd.options.display.precision += len(data)", FRAME]),
    "by setattr": ("s3<s2", [PANDAS, "setattr(pd.options.display, 'precision', len(data))", FRAME]),
    "by another name of the options": ("s3<s2", [PANDAS, "shown = pd.options.display\nshown.precision = len(data)", FRAME]),
    "by map": ("s3<s2", [PANDAS, "list(map(lambda item: pd.set_option(*item), {'display.precision': len(data)}.items()))", FRAME]),
    "by a partial": ("s3<s2", [PANDAS + "\nfrom functools import partial", "partial(pd.set_option, 'display.precision')(len(data))", FRAME]),
    "by map, of the library's own function": ("s3<s2", [PANDAS, "list(map(pd.set_option, ['display.precision'], data))", FRAME]),
    "an option that is handed on": ("", [PANDAS, "print(len(str(pd.options.display.max_rows)), pd.options.display.max_rows)", FRAME]),
    "by a method": ("s3<s2", [PANDAS + "\nclass Setup:\n    def __init__(self, n): self.n = n\n    def go(self): pd.set_option('display.precision', self.n)", "Setup(len(data)).go()", FRAME]),
    "by a function that is imported by name": ("s3<s2", ["from pandas import set_option, DataFrame\ndata = [1, 2]", "set_option('display.precision', len(data))", "print(DataFrame({'a': [1 / 3]}))"]),
    "by a parameter that a step changes": ("s4<s3", [PANDAS, "n = 1", "n += len(data)\npd.set_option('display.precision', n)", FRAME]),
    "in a handler of errors": ("s3<s2", [PANDAS, "try:\n    raise ValueError(len(data))\nexcept ValueError as error:\n    pd.set_option('display.precision', error.args[0])", FRAME]),
    "by settings under another name": ("s3<s2", [PLOT, "rc = plt.rcParams\nrc['lines.linewidth'] = len(d) + 4", GRID]),
    "by rc, imported by name": ("s3<s2", [PLOT + "\nfrom matplotlib import rc", "rc('lines', linewidth=len(d) + 4)", GRID]),
    "by settings joined": ("s3<s2", [PLOT, "plt.rcParams |= d", GRID]),
    "twice": ("s3<s2 s4<s3", [PANDAS, "pd.set_option('display.precision', len(data))\npd.set_option('display.max_rows', len(data))", "pd.set_option('display.precision', len(data) + 1)", FRAME + "\n" + SHOWN]),
    "back to what it was, past a constant": ("s3<s2", [PANDAS + "\nsix = [6]", "pd.set_option('display.precision', 4)\npd.set_option('display.precision', six[0])", FRAME]),
    "asked for after it is set, in one step": ("s4<s3", [PANDAS, "pd.set_option('display.precision', len(data))\nold = pd.options.display.precision", "pd.options.display.precision = old + 3\n" + FRAME, FRAME + "\nprint(old)"]),
    "asked for by a constant after it is set, in one step": ("", [NUMPY + "\nhow = ['raise']", "np.seterr(all=how[0])\nold = np.seterr(all='ignore')", ERRORS + "\nprint(old)"]),
    "back to what it was": ("s3<s2 s4<s3", [PANDAS + "\nsix = [6]", "pd.set_option('display.precision', len(data))", "pd.set_option('display.precision', six[0])", FRAME]),
    "a constant comes later": ("s3<s2 s4<s2", [PANDAS, "pd.set_option('display.precision', len(data))\npd.set_option('display.max_rows', len(data))", "pd.set_option('display.precision', 4)", FRAME + "\n" + SHOWN]),
    "a constant comes before": ("s4<s3", [PANDAS, "pd.set_option('display.precision', 4)\npd.set_option('display.max_rows', 9)", "pd.set_option('display.precision', len(data))", FRAME + "\n" + SHOWN]),
    "a constant in the same cell, before": ("s3<s2", [PANDAS, "pd.set_option('display.precision', 4)\npd.set_option('display.precision', len(data))", FRAME]),
    "a constant in the same cell, after": ("s3<s2", [PANDAS, "pd.set_option('display.precision', len(data))\npd.set_option('display.precision', 4)", FRAME]),
    "a constant in the same step, in a cell after": ("b<a", [PANDAS, ("a", "pd.set_option('display.precision', len(data))"), ("a", "pd.set_option('display.precision', 4)\npd.set_option('display.max_rows', len(data))"), ("b", FRAME + "\n" + SHOWN)]),
    "a constant between two": ("s3<s2 s4<s2 s5<s4", [PANDAS, "pd.set_option('display.precision', len(data))", "pd.set_option('display.precision', 5)", "pd.set_option('display.max_rows', len(data))", FRAME + "\n" + SHOWN]),
    "an option that is asked for is what it was there": ("s3<s2 s4<s2", [PANDAS, "pd.set_option('display.max_rows', len(data))", "old = pd.get_option('display.max_rows')", "print(old)"]),
    "an option that is asked for before": ("s3<s2 s4<s2", [PANDAS + "\nold = pd.get_option('display.max_rows')", "pd.set_option('display.max_rows', len(data))", "pd.set_option('display.max_rows', old)", SHOWN]),
    "a context sets it back": ("", [PANDAS, "n = len(data)\nwith pd.option_context('display.precision', n):\n    print(n)", FRAME]),
    "a function of the notebook as an option": ("s3<s2", [PANDAS + "\ndef show(v): return f'<{v:.{len(data)}f}>'", "pd.set_option('display.float_format', [show][0])", FRAME]),
    "what cannot be stored is left out": ("s3<s2", [PANDAS, "g = (i for i in data)\npd.set_option('display.precision', len(data))", FRAME]),
    "a constant in an imports cell between": ("", [PANDAS, "pd.set_option('display.max_rows', 10)\nx = [1]", ("imports", "pd.set_option('display.max_rows', 20)"), SHOWN]),
    "engineers' numbers": ("s3<s2", [PANDAS, "pd.set_eng_float_format(accuracy=len(data))", "print(pd.DataFrame({'a': [12345.678]}))"]),
    "engineers' numbers by a constant": ("", [PANDAS, "pd.set_eng_float_format(accuracy=2)", "print(pd.DataFrame({'a': [12345.678]}))"]),
    "constants are replayed": ("", [PANDAS, "pd.set_option('display.precision', 3)", FRAME, FRAME]),
    "a step that uses nothing of it does not wait": ("s3<s2", [PANDAS, "pd.set_option('display.precision', len(data))", FRAME, "import json\nx = json.loads('[1, 2]')", "print(sum(x), len(data))"]),
    "a step of another library does not wait": ("", [PANDAS, "pd.set_option('display.precision', len(data))", "import numpy as np\nprint(np.arange(3).sum())"]),
    "print options by keywords": ("s3<s2", [NUMPY + "\nopts = {'precision': 2}", "np.set_printoptions(**opts)", "print(np.array([1 / 3]))"]),
    "a result that is bound": ("s3<s2", [NUMPY + "\nhow = ['ignore']", "old = np.seterr(all=how[0])", ERRORS, "np.seterr(**old)\nprint(np.geterr()['divide'], old)"]),
    "what is printed by numpy's own errors": ("s3<s2", [NUMPY + "\nhow = ['raise']", "np.seterr(all=how[0])", "try:\n    print(np.ones(1) / 0)\nexcept FloatingPointError:\n    print('raised')"]),
    "settings of matplotlib": ("s3<s2", [PLOT, "plt.rcParams.update(d)", GRID]),
    "a setting of matplotlib": ("s3<s2", [PLOT, "plt.rcParams['lines.linewidth'] = len(d) + 4", GRID]),
    "matplotlib's rc": ("s3<s2", [PLOT, "plt.rc('lines', linewidth=len(d) + 4)", GRID]),
    "a style by a variable": ("s3<s2", [PLOT + "\nstyles = ['ggplot']", "plt.style.use(styles[0])", GRID]),
    "a filter of warnings": ("s3<s2", [WARNINGS, "warnings.filterwarnings(actions[0], category=UserWarning)", WARN]),
    "a filter of warnings, and a constant one after it": ("s3<s2 s4<s2", [WARNINGS, "warnings.simplefilter(actions[0])", "warnings.simplefilter('ignore')", WARN]),
    "a filter of warnings, and a constant one before it": ("s4<s3", [WARNINGS, "warnings.simplefilter('ignore')", "warnings.simplefilter(actions[0])", WARN]),
    "a filter of warnings at the end": ("s3<s2", [WARNINGS, "warnings.resetwarnings()\nwarnings.filterwarnings(actions[0], append=True)", WARN]),
    "a filter of warnings, put into their list": ("s3<s2", [WARNINGS, "warnings.filters.insert(0, (actions[0], None, UserWarning, None, 0))", WARN]),
    "decimal": ("s3<s2", [DECIMAL, "decimal.getcontext().prec = k[0]", SEVENTH]),
    "decimal, a context": ("s3<s2", [DECIMAL, "decimal.setcontext(decimal.Context(prec=k[0]))", SEVENTH]),
    "decimal, of a number that is there": ("s3<s2", [DECIMAL + "\none = decimal.Decimal(1)", "decimal.getcontext().prec = k[0]", "print(one / 7)"]),
    "recursion": ("s3<s2", ["import sys\nk = [4321]", "sys.setrecursionlimit(k[0])", "print(sys.getrecursionlimit())"]),
    "a locale": ("s3<s2", ["import locale\nk = ['C.utf8']", "locale.setlocale(locale.LC_TIME, k[0])", "print(locale.setlocale(locale.LC_TIME))"]),
    "a logger's level": ("s3<s2", ["import logging\nk = [logging.ERROR]\nlog = logging.getLogger('mine')", "log.setLevel(k[0])", "print(log.level, log.isEnabledFor(30))"]),
    "sklearn": ("s3<s2", ["import sklearn\nk = [True]", "sklearn.set_config(transform_output='pandas', assume_finite=k[0])", "print(sklearn.get_config()['assume_finite'])"]),
    "IPython's precision": ("s3<s2", ["k = [3]\nk = k[0]", "%precision {k}", "print(get_ipython().display_formatter.formatters['text/plain'].float_format)"]),
    "a step of another process between": ("s3<s2", [PANDAS, "pd.set_option('display.precision', len(data))", "g = (i for i in data)\n" + FRAME, FRAME + "\nprint(next(g))"]),
    "steps of one process": ("s4<s3", [PANDAS, "g = (i for i in data)\nprint(pd.__name__)", "pd.set_option('display.precision', len(data))", FRAME + "\nprint(next(g))"]),
    "steps of one process, of which the first does not use it": ("s4<s2 s5<s2", [PANDAS, "pd.set_option('display.precision', len(data))", "g = (i for i in [1])", "pd.set_option('display.max_rows', 7)", FRAME + SHOWN.replace("print", "\nprint") + "\nprint(next(g))"]),
}
HIDDEN = "vars(pd)['set_' + 'option']('display.precision', 2)"
UNSEEN: dict[str, tuple[str, list[str | tuple[str, str]]]] = {  # what the code does not show to be set
    "by a step that is not waited for": ("stopped", [PANDAS, HIDDEN, FRAME]),
    "by a step that is waited for": ("same", [PANDAS, f"{HIDDEN}\nx = [1]", f"print(x)\n{FRAME}"]),
    "by a step after": ("same", [PANDAS, FRAME, HIDDEN]),
    "and nobody has anything of the library": ("same", [PANDAS, HIDDEN, "print(len('a'))"]),
    "to what it is by a replayed statement": ("same", [PANDAS, "pd.set_option('display.precision', 2)", HIDDEN, FRAME]),
    "and by a step that is not waited for, which sets it anew": ("stopped", [PANDAS, HIDDEN, "pd.set_option('display.precision', 5)", FRAME]),
    "and set by a value": ("same", [PANDAS, f"{HIDDEN}\nx = [5]", "pd.set_option('display.precision', x[0])", FRAME]),
    "a setting of figures": ("same", [PLOT, "vars(plt)['rc' + 'Params']['axes.grid'] = True", "print(plt.rcParams['lines.linewidth'])"]),
    "by an object of the library": ("stopped", [NUMPY, "class Loud:\n    def __enter__(self): vars(np)['set' + 'err'](all='raise')\n    def __exit__(self, *_): pass\nwith Loud(): pass", ERRORS]),
}
# fmt: on


def numbered(sources: list[str | tuple[str, str]]) -> Cells:
    return [item if isinstance(item, tuple) else (f"s{number}", item) for number, item in enumerate(sources, 1)]


@pytest.mark.parametrize("case", ROWS)
def test_options(server: Server, case: str) -> None:
    found = compare(server, numbered(ROWS[case][1]))
    assert found.kind == "same", found


@pytest.mark.parametrize("case", ROWS)
def test_options_when_all_is_carried(server: Server, case: str) -> None:
    found = compare(server, numbered(ROWS[case][1]), safe=True)
    assert found.kind == "same", found


@pytest.mark.parametrize("case", UNSEEN)
def test_unseen(server: Server, case: str) -> None:
    kind, sources = UNSEEN[case]
    found = compare(server, numbered(sources))
    assert found.kind == kind, found
    found = compare(server, numbered(sources), safe=True)
    assert found.kind == "same", found


@pytest.mark.parametrize("case", ROWS)
def test_who_waits(case: str) -> None:
    analyzed = api.analyze(notebook_of(numbered(ROWS[case][1])))
    assert analyzed.pipeline is not None
    assert {item.code for item in analyzed.diagnostics} <= {"N2P403"}  # of a generator: nothing is said of options
    waits = {
        f"{step.id}<{order.step}"
        for step in analyzed.pipeline.steps
        for order in step.orders
        if order.resource is not None and order.resource.kind == "options"
    }
    assert waits == set(ROWS[case][0].split())
