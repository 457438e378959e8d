"""A random generator in, a notebook that nobody would write out: malformed, monstrous, or both.

All code in them would make a file named CANARY in the working folder if any of it was executed.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

CANARY = "canary-was-here"
SING = f"open({CANARY!r}, 'w').close()"

Data = dict[str, Any]
Shape = Callable[[int], str]

# --- code that grows ----------------------------------------------------------------------------------------------


def _nested(opening: str, closing: str, inside: str = "1") -> Shape:
    return lambda n: f"x = {opening * n}{inside}{closing * n}"


def _blocks(header: str, last: str = "pass", between: str = "") -> Shape:
    """`header` within `header`; `{i}` is the level."""

    def make(n: int) -> str:
        lines = []
        for level in range(n):
            if between:
                lines.append(" " * level + between.replace("{i}", str(level)))
            lines.append(" " * level + header.replace("{i}", str(level)))
        return "\n".join([*lines, " " * n + last])

    return make


def _lines(line: str, first: str = "") -> Shape:
    """`line` over and over: `{i}` is its number, `{p}` the one before."""

    def make(n: int) -> str:
        made = [line.replace("{i}", str(i)).replace("{p}", str(i - 1)) for i in range(1, n + 1)]
        return "\n".join([first, *made])

    return make


def _entangled(n: int) -> str:
    """Functions that make each other anew, twice."""
    made = [f"def f{i}(g):\n    def h(*a):\n        return g(*a), f{(i + 1) % n}\n    return h" for i in range(n)]
    anew = [f"f{i} = f{(i + 1) % n}(f{(i + 2) % n}(f{i}))" for i in range(n)]
    return "\n".join([*made, *anew, *anew])


SHAPES: dict[str, tuple[Shape, int]] = {
    "lists in lists": (_nested("[", "]"), 3000),
    "calls in calls": (_nested("f(", ")"), 3000),
    "brackets": (_nested("(", ")"), 3000),
    "dicts in dicts": (_nested("{1: ", "}"), 3000),
    "sets in sets": (_nested("{", "}"), 3000),
    "lambdas": (_nested("lambda a: ", "", "a"), 3000),
    "nots": (_nested("not ", ""), 5000),
    "minuses": (_nested("-", ""), 5000),
    "conditionals": (_nested("1 if a else ", "", "2"), 3000),
    "awaits": (_nested("await ", "", "f()"), 3000),
    "comprehensions in elements": (_nested("[", " for i in y]", "i"), 300),
    "comprehensions in iterables": (_nested("[i for i in ", "]", "y"), 300),
    "generators": (_nested("sum(", " for i in y)", "i"), 300),
    "f-strings": (lambda n: "x = " + "f'{" * n + "1" + "}'" * n, 400),
    "format specs": (lambda n: "x = f'{1:" + "{2:" * n + "}" * n + "}'", 400),
    "a chain of plus": (lambda n: "x = " + " + ".join(["a"] * n), 50_000),
    "a chain of and": (lambda n: "x = " + " and ".join(f"a{i}" for i in range(n)), 20_000),
    "a chain of comparisons": (lambda n: "x = " + " < ".join(["a"] * n), 50_000),
    "a chain of attributes": (lambda n: "x = a" + ".b" * n, 50_000),
    "a chain of calls": (lambda n: "x = a" + ".b()" * n, 20_000),
    "a chain of items": (lambda n: "x = a" + "[0]" * n, 50_000),
    "a chain of targets": (lambda n: "x = " * n + "1", 50_000),
    "a chain of names": (_lines("x{i} = x{p}", "x0 = []"), 5000),
    "a list of everything before": (_lines("x{i} = [x{p}, x{p}]", "x0 = []"), 1000),
    "changes through all": (_lines("x{i} = [x{p}]\nx{i}[0] = x{p}\nx{p}.append(x{i})", "x0 = []"), 300),
    "aliases both ways": (_lines("x{i} = [x{p}]\nx0.append(x{i})\ny.update(x{i})", "x0 = []; y = {}"), 500),
    "functions in functions": (_blocks("def f{i}(a, b=f{i}):", "return f0(a)"), 90),
    "classes in classes": (_blocks("class C{i}(C{i}):", "x = 1"), 90),
    "loops in loops": (_blocks("for i{i} in x:", "x = [x, y]; y = [x]", "y = x"), 90),
    "whiles in whiles": (_blocks("while x{i}:", "x0 = y", "x{i} = [x0]"), 90),
    "tries in tries": (_blocks("try:", "x = 1"), 19),
    "withs in withs": (_blocks("with a as b{i}:", "b0.x = 1"), 19),
    "ifs in ifs": (_blocks("if x{i}:", "y.append(x0)"), 99),
    "matches in matches": (lambda n: "\n".join(f"{'  ' * i}match x{i}:\n{'  ' * i} case [a{i}, *b{i}]:" for i in range(n)) + "\n" + "  " * n + "pass", 45),
    "patterns in patterns": (lambda n: "match x:\n case " + "[" * n + "a" + "]" * n + ": pass", 180),
    "indented further than Python goes": (_blocks("if x{i}:"), 300),
    "a long elif": (lambda n: "if a == 0:\n x = 0\n" + "".join(f"elif a == {i}:\n x = [x]\n" for i in range(n)), 5000),
    "many cases": (lambda n: "match a:\n" + "".join(f" case {i}:\n  x = [x]\n" for i in range(n)), 3000),
    "many excepts": (lambda n: "try:\n f()\n" + "".join(f"except E{i} as e:\n x = e\n" for i in range(n)), 2000),
    "many loops": (_lines("for i in range(3):\n  x = [x, y]\n  y = [x, y]", "x = y = []"), 500),
    "many ifs": (_lines("if a{i}:\n  x = [x, y]\nelse:\n  y = [x]", "x = y = []"), 1000),
    "recursive functions": (_lines("def f{i}(a):\n  f{p}(a); f{i}(a); a.append(f{p}); return f{i}"), 300),
    "functions that call all before": (lambda n: "".join(f"def f{i}(a):\n" + "".join(f"  f{j}(a)\n" for j in range(i)) + "  return a\n" for i in range(n)) + f"f{n - 1}([])", 60),
    "functions that call the one before twice": (_lines("def f{i}(a):\n  return f{p}(f{p}(a))", "def f0(a): return [a]") , 60),
    "functions that make functions": (_lines("def f{i}():\n  def g(): return f{p}()()\n  return g", "def f0(): return f0"), 100),
    "exponential lambdas": (_lines("f{i} = lambda a: f{p}(f{p}(a))", "f0 = lambda a: [a]"), 100),
    "a method that doubles": (_lines("class C{i}(C{p}):\n  def m(self, a): self.a = C{p}().m([a, self]); return super().m(C{p})", "class C0: pass"), 100),
    "mutual bases": (_lines("class A(A, B, metaclass=A): pass\nclass B(A, B): x{i} = A()"), 300),
    "decorators": (lambda n: "@d\n" * n + "def f(): pass", 5000),
    "functions that make each other": (_entangled, 40),
    "decorators that decorate": (_lines("@f{p}\n@f{p}\ndef f{i}(f): return f{i}(f)", "def f0(f): return f"), 100),
    "many arguments": (lambda n: f"f({', '.join(f'a{i}' for i in range(n))})", 20_000),
    "stars": (lambda n: f"f({', '.join(['*a'] * n)}, {', '.join(['**b'] * n)})", 5000),
    "star targets": (lambda n: "(" * n + "a, *b" + ",)" * n + " = c", 90),
    "many targets": (lambda n: ", ".join(f"a{i}" for i in range(n)) + " = b", 20_000),
    "many names in global": (lambda n: "def f():\n global " + ", ".join(f"a{i}" for i in range(n)) + "\n a0 = 1\nf()", 20_000),
    "a large string": (lambda n: "x = '" + "q" * n + "'", 900_000),
    "a large string of code": (lambda n: "eval('" + "[" * n + "')\nexec('" + "x=" * n + "1')", 100_000),
    "a large number": (lambda n: "x = " + "9" * n, 100_000),
    "powers": (lambda n: "x = " + "9 ** " * n + "9", 2000),
    "repetition": (lambda n: "x = 'a' * 10 ** 12\ny = [0] * 10 ** 12\nz = 1 << 10 ** 12\n" * n, 100),
    "a wide literal": (lambda n: "x = [" + "1, " * n + "]", 200_000),
    "a wide literal of names": (lambda n: "x = [" + ", ".join(f"a{i}" for i in range(n)) + "]\nx[0].append(x)", 50_000),
    "comments": (lambda n: "# nb2pipe: updates x; needs y; pure\n" * n + "f()", 20_000),
    "comments of many names": (lambda n: "x = 1  # nb2pipe: needs " + ", ".join(f"a{i}" for i in range(n)), 20_000),
    "comments of hashes": (lambda n: "x = 1  # nb2pipe: " + "# nb2pipe: pure; " * n, 20_000),
    "semicolons": (lambda n: "x = [x];" * n, 50_000),
    "backslashes": (lambda n: "x = \\\n" * n + "1", 50_000),
    "blank lines": (lambda n: "\n" * n + "x = 1", 900_000),
    "one long comment": (lambda n: "#" + "n" * n, 900_000),
    "magics": (lambda n: "%time x = [x]\n!echo {x}\n" * n, 1000),
    "help": (lambda n: "x?\n?x\nx??\n" * n, 1000),
    "shell lines": (lambda n: "!touch " + CANARY + " | cat > {a[0]} && ls $x\n" * n, 1000),
    "nested magics": (lambda n: "%time " * n + SING, 2000),
    "a magic with a long line": (lambda n: "%time " + "a + " * n + "a", 20_000),
    "a shell line that goes on": (lambda n: "!ls \\\n" * n + "x", 20_000),
    "automagic": (lambda n: "pip install a\nls {x}\n" * n, 500),
    "percent signs": (lambda n: "%" * n, 20_000),
    "question marks": (lambda n: "?" * n, 20_000),
    "a quote at each": (lambda n: "'\"" * n, 20_000),
    "triple quotes": (lambda n: "'''\n\"\"\"\n" * n, 20_000),
    "opening brackets": (lambda n: "([{" * n, 20_000),
    "closing brackets": (lambda n: ")]}" * n, 20_000),
    "operators": (lambda n: "** // << := -> @ " * n, 10_000),
    "tabs and spaces": (lambda n: "if a:\n\tx\n        y\n" * n, 2000),
    "form feeds": (lambda n: "\x0cx = 1\x0b\x1c\x1d\x85\u2028\n" * n, 2000),
    "named characters": (lambda n: "x = '" + "\\N{GREEK SMALL LETTER ALPHA}" * n + "'", 10_000),
    "a bad named character": (lambda n: "x = '\\N{" + "A" * n + "}'", 100_000),
    "escapes": (lambda n: "x = '\\ud800\\x00\\777'\n" * n, 5000),
    "paths": (_lines("import os\nos.chdir('a{i}')\nopen('../' * {i} + 'x{i}', 'w').write('')\nopen(f'../*{i}')"), 300),
    "files with many stars": (lambda n: "open('" + "a*" * n + "b', 'w')\nopen('" + "a" * n + "')", 2000),
    "globs": (_lines("import glob, shutil\nglob.glob('**/*{i}*/[a-z]*')\nshutil.copy('a{p}/*', 'a{i}/*')"), 300),
    "star imports": (_lines("from m{i} import *\nx{i} = y{i}"), 1000),
    "globals": (_lines("globals()['x{i}'] = x{p}\nexec(f'x{i}')\nx{i} = locals()[x{p}]"), 500),
    "deletes": (_lines("x{i} = [x{p}]\ndel x{p}", "x0 = []"), 1000),
    "nonlocal": (_blocks("def f{i}():", "nonlocal x; x = [x]; return f0()", "x = {i}"), 60),
    "yields": (lambda n: "def f():\n x = " + "(yield " * n + "1" + ")" * n + "\nlist(f())", 100),
    "type parameters": (_lines("type T{i}[A: T{p}] = T{p} | T{i}\ndef f{i}[T: f{p}](a: T) -> T{i}: return f{i}"), 200),
    "walruses": (_nested("(x := [x, ", "])", "y"), 100),
    "starred unpacking": (_nested("[*[*", "]]", "y"), 60),
    "subscripts in subscripts": (_nested("a[", "]", "0"), 2000),
    "slices": (_nested("a[1:", ":2]", "0"), 1000),
    "null bytes": (lambda n: "x = 1\n" * n + "\0", 1000),
}  # fmt: skip


def shape(name: str, size: int | None = None) -> str:
    """The code of a shape; at the size that its entry says, or a smaller one."""
    make, largest = SHAPES[name]
    return make(largest if size is None else min(size, largest))


# --- notebooks ----------------------------------------------------------------------------------------------------


def cell(source: Any, tags: Any = (), **more: Any) -> Data:
    metadata = {"tags": list(tags)} if tags != () else {}
    return {
        "cell_type": "code",
        "id": "c",
        "metadata": metadata,
        "source": source,
        "outputs": [],
        "execution_count": 1,
        **more,
    }


def notebook(*cells: Data, **metadata: Any) -> Data:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)}


PIECES = [
    SING, f"!touch {CANARY}", f"%%bash\ntouch {CANARY}", f"%system touch {CANARY}", f"%%python\n{SING}", f"%run {CANARY}.py",
    f"x = !touch {CANARY}", f"f'{{{SING}}}'", f"import os; os.system('touch {CANARY}')", f"@({SING})\ndef f(a={SING}): {SING}\nf()",
    f"class C(metaclass={SING}):\n    {SING}", f"[{SING} for i in {SING}]", f"exec({SING!r}); eval({SING!r})", f"%time {SING}",
    f"__import__('pathlib').Path({CANARY!r}).touch()", f"n: {SING} = {SING}", f"%%writefile {CANARY}\nx", f"get_ipython().system('touch {CANARY}')",
    f"lambda: {SING}", f"df.query('@{SING}')", f"depth = 3\nname = f'{{{SING}}}'", f"x = {SING} if {SING} else {SING}", f"%alias c touch {CANARY}\n%c",
    f"import subprocess as s\ns.run(['touch', {CANARY!r}])", "x = []\ny = {1: x}\nx.append(y)", "import numpy as np\na = np.arange(9)\nb = a[::2]\nb += 1",
    "import pandas as pd\ndf = pd.read_csv('a.csv')\ndf['x'] = df.y.map(lambda v: v + n)", "def f(a, *b, c=1, **d):\n    global x\n    x = a\n    return f",
    "for i in x:\n    y = i\nelse:\n    del y", "try:\n    x\nexcept Exception as e:\n    print(e)\nfinally:\n    z = 1", "async with a as b:\n    await c",
    "x: int = 1\nx += x\nx @= x", "match x:\n    case {'a': [b, *c], **d} if b:\n        e = b\n    case C(f=g) | g:\n        pass", "# nb2pipe: needs x; updates y",
    "f()  # nb2pipe: pure; files *.csv; reads a/*", "#nb2pipe:updates", "# NB2PIPE pure", "from __future__ import annotations", "from . import x", "from math import *",
    "print(x, y, z, df)", "", " ", "\t", "x", "?", "%", "!", "%%", "%%time", "%%capture out\nx = 1", "%load_ext a\n%b c", "ls", "cd ..", "pip install x", "x??", "%matplotlib inline",
    "del x", "return 1", "yield x", "await f()", "nonlocal x", "import a.b.c as d, e", "class A(B, C=D):\n    def __init__(self): self.x = x\na = A(); a.x.append(1)",
]  # fmt: skip
TAGS = [
    "step:a", "step:b", "step:c d", "step:", "step:ü", "step:" + "x" * 70, "step:a\nb", "step:../x", "after:a", "after:b", "after:", "prev:a:b", "block:a", "parameters",
    "imports", "functions", "metrics", "skip", "cpu:1", "cpu:1e999", "memory:8Gi", "memory:-1", "gpu:a/b:9", "retries:99999999999999999999", "timeout:1h", "timeout:" + "9" * 400,
    "env:A=1", "secret:a/b=A", "label:a=b", "limit:nvidia.com/gpu:1", "raises-exception", "stpe:a", "\ud800", "\0", "\u202estep:a", " step:a ", "STEP:a", "step:a" * 1000, 7, None, [], {},
]  # fmt: skip
JUNK: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**30, 1e308, "", "x", "\ud800", "\0\x1b[2J", "x" * 10_000, [], {}, [[]], {"": {}}, [None], {"a": None}, ["step:a"], {"tags": 1},
    {"nb2pipe": {"needs": ["x"]}}, {"nb2pipe": {"needs": "x", "nedes": []}}, {"nb2pipe": 1}, {"nb2pipe": {"name": "a\nb", "steps": {"a": {"cpu": []}}, "defaults": 1}},
    {"kubeflow_notebook": {"steps_defaults": [1, {}]}}, {"kernelspec": {"name": 1, "language": "R"}}, {"kernelspec": []}, {"language_info": {"name": "julia"}}, 2**63, -(2**64),
]  # fmt: skip
ALPHABET = "abxy01 \n\n    ()[]{}:;,.=+-*/%!?@#'\"\\&|^~<>$`\t_éß変\u200b\u2028\x0c\r\0"
WORDS = [
    "def", "class", "return", "if", "else:", "elif", "for", "in", "while", "try:", "except", "with", "as", "lambda", "async", "await", "yield", "global", "nonlocal", "del",
    "import", "from", "match", "case", "x", "y", "f(", ")", "[", "]", "{", "}", "=", "==", ":=", "+=", "*", "**", "->", "@", ":", ",", ".", "\n", "\n    ", "f'{", "}'", "'''", '"', "#",
    "# nb2pipe:", "needs", "%", "%%", "!", "?", "1", "0x", "1e9", "...", "None", "print(", "type", "not", "\\\n",
]  # fmt: skip


def _source(draw: random.Random, depth: int) -> str:
    kind = draw.random()
    if kind < 0.35:
        return "\n".join(draw.choice(PIECES) for _ in range(draw.randint(1, 4)))
    if kind < 0.5:
        return _broken(draw, "\n".join(draw.choice(PIECES) for _ in range(draw.randint(1, 4))))
    if kind < 0.65:
        return " ".join(draw.choice(WORDS) for _ in range(draw.randint(1, 60)))
    if kind < 0.75:
        return "".join(draw.choice(ALPHABET) for _ in range(draw.randint(1, 200)))
    if kind < 0.9:
        return shape(draw.choice(sorted(SHAPES)), draw.choice([1, 2, 3, 6 * depth, 20 * (depth - 2)]))
    return "\n".join(_grown(draw, draw.randint(1, depth)) for _ in range(draw.randint(1, depth + 1)))


def _broken(draw: random.Random, text: str) -> str:
    """The text with a few places changed."""
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(text) + 1)
        end = min(len(text), place + draw.choice([0, 0, 1, 3, 20]))
        text = (
            text[:place]
            + draw.choice(["", draw.choice(ALPHABET), draw.choice(WORDS), text[place:end] * 3])
            + text[end:]
        )
    return text


def _grown(draw: random.Random, depth: int) -> str:
    """Valid Python that means nothing: each name may be anything."""
    name = draw.choice("abcdefxyz")
    if depth <= 0:
        return draw.choice(
            [
                f"{name} = {_expression(draw, 2)}",
                f"{name}.append({_expression(draw, 1)})",
                f"del {name}",
                f"{name}[0] = {_expression(draw, 1)}",
                f"{name} += {_expression(draw, 1)}",
                SING,
            ]
        )
    body = "\n".join(_grown(draw, depth - draw.randint(1, 3)) for _ in range(draw.randint(1, 3)))
    inner = "\n".join(f"  {line}" for line in body.split("\n"))
    header = draw.choice([
        f"for {name} in {_expression(draw, 1)}:", f"while {_expression(draw, 1)}:", f"if {_expression(draw, 2)}:", f"def {name}(a, *b, c={_expression(draw, 1)}, **d):",
        f"class {name}({_expression(draw, 1)}):", f"with {_expression(draw, 1)} as {name}:", f"async def {name}():", f"@{name}\ndef {name}(x):",
    ])  # fmt: skip
    return f"{header}\n{inner}" + draw.choice(
        ["", "", f"\n{name}({_expression(draw, 1)})", f"\n{name} = {name}({name})"]
    )


def _expression(draw: random.Random, depth: int) -> str:
    name = draw.choice("abcdefxyz")
    if depth <= 0:
        return draw.choice([name, "1", "'s'", "[]", f"{name}.{name}", f"{name}()"])
    one, two = _expression(draw, depth - 1), _expression(draw, depth - 1)
    return draw.choice([
        f"{name}({one}, *{two})", f"[{one}, {two}]", f"{{{one}: {two}}}", f"[{name} for {name} in {one} if {two}]", f"lambda {name}: {one}", f"({name} := {one})", f"{one} + {two}",
        f"{one} if {two} else {name}", f"f'{{{name}!r:>{{{name}}}}}'", f"{name}[{one}:{two}]", f"{name}.{name}({one}, k={two})", f"not {one}", f"sorted({one}, key={two})", f"{name}(**{one})",
    ])  # fmt: skip


def valid(draw: random.Random, depth: int) -> Data:
    """A notebook that fits the schema, whatever its code."""
    cells = []
    for _ in range(draw.randint(0, 8)):
        tags = [draw.choice(TAGS[:36]) for _ in range(draw.choice([0, 0, 1, 1, 2, 4]))]
        source: Any = _source(draw, depth)
        if draw.random() < 0.3:
            source = source.splitlines(keepends=True)
        kind = draw.choice(["code"] * 8 + ["markdown", "raw"])
        cells.append({**cell(source, tags), "cell_type": kind})
    return notebook(
        *cells, **draw.choice([{}, {}, {"kernelspec": {"name": "python3", "language": "python", "display_name": "P"}}])
    )


def mutated(draw: random.Random, depth: int) -> Data:
    """A valid notebook in which a few values are of another type, gone, or twice."""
    data = copy.deepcopy(valid(draw, depth))
    for _ in range(draw.randint(1, 3)):
        node: Any = data
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            if not keys:
                break
            key = draw.choice(keys)
            if isinstance(node[key], dict | list) and node[key] and draw.random() < 0.8:
                node = node[key]
                continue
            way = draw.random()
            if way < 0.7:
                node[key] = copy.deepcopy(draw.choice(JUNK + TAGS))
            elif way < 0.85:
                del node[key]
            elif isinstance(node, dict):
                node[draw.choice(["nb2pipe", "tags", "cells", "metadata", "source", "x"])] = copy.deepcopy(
                    draw.choice(JUNK)
                )
            break
    return data


def hostile(draw: random.Random, depth: int = 5) -> bytes:
    """The bytes of a notebook file. `depth`: how deep statements stand in each other where they mean nothing."""
    kind = draw.random()
    if kind < 0.02:
        return draw.randbytes(draw.randint(0, 300))
    data = valid(draw, depth) if kind < 0.5 else mutated(draw, depth)
    text = json.dumps(data, ensure_ascii=draw.random() < 0.7, indent=draw.choice([None, 1]), allow_nan=True)
    content = text.encode("utf-8", "surrogatepass")
    if kind < 0.88:
        return content
    if kind < 0.92:
        return content[: draw.randrange(len(content))]
    if kind < 0.96:
        place = draw.randrange(len(content))
        return content[:place] + draw.randbytes(draw.randint(0, 4)) + content[place + draw.randint(0, 4) :]
    if kind < 0.98:
        return text.encode("utf-16", "surrogatepass")
    deep = draw.choice([50, 99, 101, 251, 5000, 100_000])
    return content[:-1] + b', "deep": ' + b'[{"a":' * deep + b"1" + b"}]" * deep + b"}"
