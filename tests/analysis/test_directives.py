"""Comments `# nb2pipe: ...`: what they tell, where they count, what is wrong with them. Each row has its twin."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nb2pipe.analysis import directives
from nb2pipe.analysis.directives import Told
from nb2pipe.analysis.ipython import parse_cell
from nb2pipe.model import Severity

Link = Callable[..., Any]

LIB = "import lib\n"

# fmt: off
EDGES: list[tuple[str, list[str], str]] = [
    ("needs", ["x = [1]", LIB + "lib.f()  # nb2pipe: needs x"], "a>b:x"),
    ("needs: without", ["x = [1]", LIB + "lib.f()"], ""),
    ("needs, above the line", ["x = [1]", LIB + "# nb2pipe: needs x\nlib.f()"], "a>b:x"),
    ("needs, several", ["x = [1]\ny = [1]", LIB + "lib.f()  # nb2pipe: needs x, y"], "a>b:x,y"),
    ("needs, at the end of the cell", ["x = [1]", LIB + "lib.f()\n# nb2pipe: needs x"], "a>b:x"),
    ("needs what the cell itself binds", ["x = [1]", "x = [2]\nprint(1)  # nb2pipe: needs x"], ""),
    ("needs, for each call of a function", ["x = [1]", "def f():  # nb2pipe: needs x\n    pass", "f()"], "a>c:x"),
    ("needs, for a function that nobody calls", ["x = [1]", "def f():  # nb2pipe: needs x\n    pass", "y = 1"], ""),
    ("a constant that is told of is no definition", ["x = [1]", "K = 1  # nb2pipe: needs x", "print(K)"], "a>b:x b>c:K"),
    ("a constant of which nothing is told", ["x = [1]", "K = 1  # needs x", "print(K)"], ""),
    ("updates", ["x = [1]", LIB + "lib.f()  # nb2pipe: updates x", "print(x)"], "a>b:x b>c:x"),
    ("updates: without", ["x = [1]", LIB + "lib.f()", "print(x)"], "a>c:x"),
    ("updates an alias", ["x = [1]\ny = x", LIB + "lib.f()  # nb2pipe: updates y", "print(x)"], "a>b:x,y b>c:x"),
    ("updates what holds it", ["x = [1]\nd = {'x': x}", LIB + "lib.f()  # nb2pipe: updates x", "print(d)"], "a>b:d,x b>c:d"),
    ("updates a function's local", ["x = [1]", "def f(v):\n    len(v)  # nb2pipe: updates v", "f(x)", "print(x)"], "a>c:x c>d:x"),
    ("updates a class", ["class A:\n    n = 1", LIB + "lib.f()  # nb2pipe: updates A", "print(A.n)"], "a>b:A b>c:A"),
    ("pure", ["x = [1]", LIB + "lib.f(x)  # nb2pipe: pure", "print(x)"], "a>b:x a>c:x"),
    ("pure: without", ["x = [1]", LIB + "lib.f(x)", "print(x)"], "a>b:x b>c:x"),
    ("pure, of one statement only", ["x = [1]", LIB + "lib.f(x)  # nb2pipe: pure\nlib.f(x)", "print(x)"], "a>b:x b>c:x"),
    ("pure, the call over several lines", ["x = [1]", LIB + "lib.f(\n    x,  # nb2pipe: pure\n)", "print(x)"], "a>b:x a>c:x"),
    ("pure, a receiver", ["x = [1]", LIB + "m = lib.M()", "m.run(x)  # nb2pipe: pure", "print(m, x)"], "a>c:x a>d:x b>c:m b>d:m"),
    ("pure, in a loop", ["x = [1]", LIB + "for i in range(2):  # nb2pipe: pure\n    lib.f(x)", "print(x)"], "a>b:x a>c:x"),
    ("pure, a store is still a change", ["x = [1]", LIB + "x[0] = lib.f(x)  # nb2pipe: pure", "print(x)"], "a>b:x b>c:x"),
    ("pure, every call of a function", ["x = [1]", LIB + "def f(v):  # nb2pipe: pure\n    lib.f(v)", "f(x)", "print(x)"], "a>c:x a>d:x"),
    ("pure, a function: without", ["x = [1]", LIB + "def f(v):\n    lib.f(v)", "f(x)", "print(x)"], "a>c:x c>d:x"),
    ("pure here, not there", ["x = [1]", LIB + "def f():\n    lib.f(x)", "f()  # nb2pipe: pure\nf()", "print(x)"], "a>c:x c>d:x"),
    ("pure lifts a barrier", ["x = [1]", "y = [2]", LIB + "exec(lib.f())  # nb2pipe: pure", "z = 1"], "a>c:x b>c:y"),
    ("pure lifts a barrier: without", ["x = [1]", "y = [2]", LIB + "exec(lib.f())", "z = 1"], "a>c:x b>c:y c>d"),
    ("pure lifts an unknown magic", ["x = [1]", "# nb2pipe: pure\n%frobnicate", "z = 1"], "a>b:x"),
    ("pure does not lift an install", ["x = [1]", "# nb2pipe: pure\n%pip install x", "z = 1"], "a>b b>c"),
    ("updates goes before pure", ["x = [1]", LIB + "lib.f(x)  # nb2pipe: pure; updates x", "print(x)"], "a>b:x b>c:x"),
    ("files", [LIB + "lib.w()  # nb2pipe: files out/*.csv", "y = open('out/a.csv').read()"], "a>b"),
    ("files, others", [LIB + "lib.w()  # nb2pipe: files out/*.csv", "y = open('in/a.csv').read()"], ""),
    ("reads", ["open('in/a.csv', 'w').write('x')", LIB + "lib.r()  # nb2pipe: reads in/a.csv, b.csv"], "a>b"),
    ("reads: both parallel", [LIB + "lib.r()  # nb2pipe: reads a.csv", LIB + "lib.r()  # nb2pipe: reads a.csv"], ""),
    ("files for those of a command", ["# nb2pipe: files a.csv\n!make", "y = open('b.csv').read()"], ""),
    ("files for those of a command: without", ["!make", "y = open('b.csv').read()"], "a>b"),
    ("several clauses", ["x = [1]", LIB + "lib.w()  # nb2pipe: needs x; files a.csv", "y = open('a.csv').read()"], "a>b:x b>c"),
    ("in a cell magic", ["x = [1]", "%%time\nimport lib\nlib.f()  # nb2pipe: updates x", "print(x)"], "a>b:x b>c:x"),
    ("in a line magic", ["x = [1]", LIB + "%time lib.f()  # nb2pipe: updates x", "print(x)"], "a>b:x b>c:x"),
    ("a string is no comment", ["x = [1]", "s = '# nb2pipe: updates x'\nt = '''\n# nb2pipe: updates x\n'''", "print(x)"], "a>c:x"),
    ("source in a string is none either", ["x = [1]", "exec('y = 1  # nb2pipe: updates x')", "print(x)"], "a>c:x"),
    ("talk about nb2pipe", ["x = [1]", "y = 1  # nb2pipe takes care of x", "print(x)"], "a>c:x"),
    ("after another comment", ["x = [1]", LIB + "lib.f()  # noqa  # nb2pipe: updates x  # as we know", "print(x)"], "a>b:x b>c:x"),
]

WRONG: list[tuple[str, str, int, str, str]] = [
    ("unknown word", "y = 1  # nb2pipe: updtes x", 1, "this comment says `updtes`, which nb2pipe doesn't know", "did you mean `updates`?"),
    ("word like none", "y = 1\n# nb2pipe: magic", 2, "this comment says `magic`, which nb2pipe doesn't know", "write one of `needs a, b`, `updates x`, `pure`, `files out/*.csv`, `reads in/*.csv`"),
    ("nothing", "y = 1  # nb2pipe:", 1, "this comment says nothing", "write one of `needs a, b`, `updates x`, `pure`, `files out/*.csv`, `reads in/*.csv`"),
    ("no names", "y = 1  # nb2pipe: needs", 1, "this comment says `needs`, but not what", "write for example `needs a, b`"),
    ("an attribute", "y = 1  # nb2pipe: updates x.a", 1, "this comment names `x.a`, which is no variable's name", "did you mean `x`? A variable is told of as a whole"),
    ("a keyword", "y = 1  # nb2pipe: needs if", 1, "this comment names `if`, which is no variable's name", "write the names of variables, with commas between them"),
    ("no comma", "y = 1  # nb2pipe: needs x y", 1, "this comment names `x y`, which is no variable's name", "put commas between names, and a `;` between two clauses"),
    ("pure with words", "y = 1  # nb2pipe: pure x", 1, "`pure` stands alone, and `x` follows it", "put a `;` between two clauses"),
    ("pure of nothing", "y = 1\n# nb2pipe: pure", 2, "`pure` is said of the statement below this comment, and there is none", "write it on the statement's line, or above it"),
    ("braces", "y = 1  # nb2pipe: files {a}.csv", 1, "this comment names the file `{a}.csv`: braces are not worked out here", "write each file, or use `*`"),
    ("no colon", "y = 1  # nb2pipe needs x", 1, "this comment lacks the colon after `nb2pipe`", "write `# nb2pipe: needs x`"),
]  # fmt: skip
# fmt: on


@pytest.mark.parametrize(("name", "sources", "edges"), EDGES, ids=[row[0] for row in EDGES])
def test_what_a_comment_tells(steps: Link, name: str, sources: list[str], edges: str) -> None:
    linked = steps(*sources)
    assert linked.errors == [], name
    assert linked.edges == edges


@pytest.mark.parametrize(("name", "source", "line", "message", "hint"), WRONG, ids=[row[0] for row in WRONG])
def test_what_is_wrong_with_a_comment(steps: Link, name: str, source: str, line: int, message: str, hint: str) -> None:
    (problem,) = steps("x = [1]", source).diagnostics
    assert (problem.code, problem.severity) == ("N2P230", Severity.ERROR), name
    assert (problem.location.cell, problem.location.line) == (1, line)
    assert (problem.message, problem.hint) == (message, hint)


def test_what_is_right_beside_what_is_wrong_still_counts(steps: Link) -> None:
    linked = steps("x = [1]", "y = 1  # nb2pipe: needs x; nees y")
    assert linked.edges == "a>b:x"
    assert linked.codes == {"N2P230"}


@pytest.mark.parametrize("what", ["needs", "updates"])
def test_a_name_that_nobody_binds(steps: Link, what: str) -> None:
    (problem,) = steps("data = [1]", f"# nb2pipe: {what} dta\nprint(1)").diagnostics
    assert (problem.code, problem.location.cell, problem.location.line) == ("N2P201", 1, 1)
    assert problem.hint == "did you mean `data`?"


def test_a_module_that_is_changed_can_not_be_handed_on(steps: Link) -> None:
    assert steps("import lib\nlib.f()  # nb2pipe: updates lib", "y = 1").codes == {"N2P310"}


@pytest.mark.parametrize("source", ["!make  # nb2pipe: files a.csv", "%%bash\nmake  # nb2pipe: files a.csv"])
def test_a_comment_of_the_shell_is_told_of(steps: Link, source: str) -> None:
    (problem,) = steps(source).diagnostics
    assert (problem.code, problem.severity) == ("N2P230", Severity.WARNING)


def test_comments_of_skipped_cells_are_not_read(cells: Link) -> None:
    assert cells(("a", "x = 1"), ("skip", "y = 1  # nb2pipe: nonsense")).diagnostics == ()


# --- which statement a comment is about ---------------------------------------------------------------------------

ABOUT = [
    ("its line", "f(1)  # nb2pipe: pure\ng(2)", ["f(1)"]),
    ("the line below", "# nb2pipe: pure\n\nf(1)\ng(2)", ["f(1)"]),
    ("both of a line", "f(1); g(2)  # nb2pipe: pure", ["f(1)", "g(2)"]),
    ("a call over lines", "f(\n    1,\n)  # nb2pipe: pure\ng(2)", ["f(1)"]),
    ("alone inside a call", "f(\n    # nb2pipe: pure\n    1)\ng(2)", ["f(1)"]),
    ("a one-line if", "if a: f(1)  # nb2pipe: pure\ng(2)", ["if a:\n    f(1)"]),
    ("a header", "if a:  # nb2pipe: pure\n    f(1)\ng(2)", ["if a:\n    f(1)"]),
    ("a header over lines", "def f(\n    a,\n):  # nb2pipe: pure\n    g(2)", ["def f(a):\n    g(2)"]),
    ("a decorator", "@d  # nb2pipe: pure\ndef f():\n    g(2)", ["@d\ndef f():\n    g(2)"]),
    ("above a decorator", "# nb2pipe: pure\n@d\ndef f():\n    g(2)", ["@d\ndef f():\n    g(2)"]),
    ("alone in a body", "if a:\n    # nb2pipe: pure\n    f(1)\n    g(2)", ["f(1)"]),
    ("else", "if a:\n    f(1)\nelse:  # nb2pipe: pure\n    g(2)", ["g(2)"]),
    ("except", "try:\n    f(1)\nexcept E:  # nb2pipe: pure\n    g(2)", ["g(2)"]),
    ("case", "match a:\n    case 1:  # nb2pipe: pure\n        g(2)", ["g(2)"]),
    ("nothing below", "f(1)\n# nb2pipe: pure", []),
    ("other line ends", "f(1)\r\ng(2)  # nb2pipe: pure\r\nh(3)", ["g(2)"]),
]


@pytest.mark.parametrize(("name", "source", "statements"), ABOUT, ids=[row[0] for row in ABOUT])
def test_the_statement_that_a_comment_is_about(name: str, source: str, statements: list[str]) -> None:
    tree = parse_cell(source)
    assert isinstance(tree, ast.Module)
    found = directives.read(tree)
    assert [ast.unparse(node) for node in found.told] == statements, name
    assert all(told == Told(pure=True) for told in found.told.values())


def test_many_comments_take_no_longer_than_they_are_many() -> None:
    tree = parse_cell("f(1)  # nb2pipe: pure\n" * 20_000 + "; ".join(["g(2)"] * 20_000) + "  # nb2pipe: pure")
    assert isinstance(tree, ast.Module)
    start = time.process_time()
    assert len(directives.read(tree).told) == 40_000
    assert time.process_time() - start < 10


@given(st.text(st.sampled_from("nb2pipe: needs,;#=x'\"updates pure files*/\t\\\u00e9"), max_size=30))
def test_any_comment_is_read(link_steps: Link, text: str) -> None:
    assert link_steps("x = [1]", f"print(x)  # nb2pipe: {text}\n# {text}").codes <= {"N2P201", "N2P230"}
