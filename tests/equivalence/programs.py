"""Draws in; small notebooks out, made to be hard on an analysis of names: aliases, changes in place, closures.

`Maker` keeps what kind of value each name has, so that nearly all programs run. Every cell prints some of the names.
The draws come from a `random.Random`: a seeded one, or Hypothesis' own, which shrinks.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from random import Random

NAMES = ("a", "b", "c", "d", "x", "y", "z", "data", "k", "n", "id", "max", "row", "out")
KEYS = ("'p'", "'q'")

PRELUDE = """import copy, functools, itertools, json, operator, random
from collections import Counter, defaultdict, deque
from pathlib import Path
import numpy as np
import pandas as pd"""

Template = Callable[["Maker"], str]


class Maker:
    """Writes one program."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.env: dict[str, str] = {}
        self.blocked = 0  # inside a block that may not run: no kind may change there
        self.fresh = 0
        self.files: list[str] = []
        self.seeded = False
        self.classes: list[str] = []
        self.deleted: list[str] = []

    # --- draws --------------------------------------------------------------------------------------------------------

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def choice(self, items: Sequence[str]) -> str:
        return items[self.random.randrange(len(items))]

    def small(self) -> int:
        return self.random.randrange(5)

    def names(self, kind: str) -> list[str]:
        return [name for name, found in self.env.items() if found == kind]

    def pick(self, kind: str) -> str:
        """A name of that kind. Raises Lacking."""
        found = self.names(kind)
        if not found:
            raise Lacking(kind)
        return self.choice(found)

    def new(self, kind: str) -> str:
        """A name to bind to a value of that kind."""
        same = self.names(kind)
        if self.blocked:
            if same and self.chance(80):
                return self.choice(same)
            self.fresh += 1
            return f"t{self.fresh}"
        free = [name for name in NAMES if name not in self.env]
        if self.chance(30) and same:
            return self.choice(same)
        name = self.choice(free if free and self.chance(85) else NAMES)
        self.env[name] = kind
        return name

    def define(self, kind: str, prefix: str) -> str:
        """A name for a function or class."""
        if self.blocked:
            raise Lacking(kind)
        same = self.names(kind)
        if same and self.chance(10):
            return self.choice(same)
        self.fresh += 1
        name = f"{prefix}{self.fresh}"
        self.env[name] = kind
        return name

    def number(self) -> str:
        found = self.names("int")
        return self.choice(found) if found and self.chance(50) else str(self.small())

    def numbers(self) -> str:
        found = self.names("list")
        if found and self.chance(60):
            return self.choice(found)
        return f"[{', '.join(self.number() for _ in range(1 + self.small() // 2))}]"

    # --- statements ---------------------------------------------------------------------------------------------------

    def statement(self, depth: int = 0) -> str:
        """One statement that this state allows."""
        for _ in range(30):
            table = SIMPLE if depth >= 2 or not self.chance(22) else BLOCKS
            template = table[self.random.randrange(len(table))]
            kept = dict(self.env)
            try:
                return template(self)
            except Lacking:
                self.env = kept
        return f"{self.new('int')} = {self.small()}"

    def block(self, depth: int = 1, extra: Sequence[str] = ()) -> str:
        """Statements that may not run, indented."""
        self.blocked += 1
        lines = [*extra, *(self.statement(depth + 1) for _ in range(1 + self.random.randrange(2)))]
        self.blocked -= 1
        return textwrap.indent("\n".join(lines), "    ")

    def shown(self) -> list[str]:
        """Prints of live names."""
        found: list[str] = []
        for _ in range(1 + self.random.randrange(3)):
            kinds = [name for name in self.env if self.env[name] in SHOW]
            if kinds:
                name = self.choice(kinds)
                found.append(f"print({SHOW[self.env[name]].format(name)})")
        lists = self.names("list")
        if len(lists) > 1 and self.chance(15):
            found.append(f"print({self.choice(lists)} is {self.choice(lists)})")
        return list(dict.fromkeys(found))

    def program(self) -> list[tuple[str, str]]:
        """The cells, each with its step."""
        cells = [("imports" if self.chance(50) else "", PRELUDE)]
        step = 0
        for _ in range(3 + self.random.randrange(6)):
            step += step == 0 or self.chance(85)
            body = [self.statement() for _ in range(1 + self.random.randrange(4))]
            cells.append((f"s{step}", "\n".join([*body, *self.shown()])))
        return cells


class Lacking(Exception):
    """No name has the kind that a statement needs."""


SHOW = {
    **dict.fromkeys(("int", "list", "nest", "dict", "ddict", "str", "pair", "arr", "mat", "df", "ser", "deque"), "{0}"),
    "set": "sorted({0})",
    "box": "{0}.n, {0}.items, {0}.peek()",
    "magic": "{0}.items, {0}.n, {0}.size",
    "f0": "{0}()",
    "f1": "{0}(2)",
    "fl": "{0}([1])",
    "table": "[f(1) for f in {0}.values()]",
    "counter": "sorted({0}.items())",
    "rng": "{0}.integers(9)",
    "iter": "next({0}, None)",
    "any": "{0}",
}

# --- simple statements ---------------------------------------------------------------------------------------------------


def t(kind: str, *forms: str) -> list[Template]:
    """Templates `name = form`; fields: {kind} a name of that kind, {kind!new} one to bind, {#} a number, {L} a list."""
    return [make(f"{{{kind}!new}} = {form}") for form in forms]


def make(form: str) -> Template:
    """A template from a form."""

    def template(maker: Maker) -> str:
        return fill(maker, form)

    return template


def fill(maker: Maker, form: str) -> str:
    """The form with its fields filled in: what is read first, what is bound last."""
    parts: list[str] = []
    rest = form
    late: list[tuple[int, str]] = []
    while True:
        before, brace, rest = rest.partition("{")
        parts.append(before)
        if not brace:
            break
        if rest.startswith("{"):
            parts.append("{")
            rest = rest[1:]
            continue
        field, _, rest = rest.partition("}")
        if field.endswith("!new"):
            late.append((len(parts), field[:-4]))
            parts.append("")
        else:
            parts.append(one(maker, field))
    for position, kind in late:
        parts[position] = maker.new(kind)
    return "".join(parts).replace("}}", "}")


def one(maker: Maker, field: str) -> str:
    if field == "#":
        return maker.number()
    if field == "c":
        return str(maker.small())
    if field == "L":
        return maker.numbers()
    if field == "K":
        return maker.choice(KEYS)
    if field == "cond":
        return condition(maker)
    if field == "param":
        return maker.choice(("v", "w", *NAMES[:5]))
    return maker.pick(field)


def condition(maker: Maker) -> str:
    forms = ["{int} > {c}", "len({list}) > {c}", "{K} in {dict}", "True", "False", "not {list}", "{int} % 2", "{list}"]
    while True:
        try:
            return fill(maker, forms[maker.random.randrange(len(forms))])
        except Lacking:
            continue


ALIASES = [
    *t("list", "{list}", "{nest}[0]", "{ddict}[{K}]", "{box}.items", "{pair}[1]", "{list} or {list}", "[{list}][0]"),
    *t(
        "list",
        "{list} if {cond} else {list}",
        "{nest}[-1]",
        "next(iter({nest}))",
        "{nest}[0]",
    ),
    *t("list", "{ddict}.get({K})", "{ddict}.setdefault({K}, [0])", "list({ddict}.values())[0]", "dict(v={list})['v']"),
    *t(
        "list",
        "({list}, {list})[0]",
        "{fl}({list})",
        "(lambda v: v)({list})",
        "[v for v in {nest}][0]",
        "{box}.add({#}).items",
    ),
    *t("nest", "{nest}", "[{list}, {list}]", "[{list}, [{#}]]", "[{list}] * 2", "{nest}[:] + [{list}]", "list({nest})"),
    *t(
        "nest",
        "copy.copy({nest})",
        "sorted({nest})",
        "[*{nest}, {list}]",
        "list({ddict}.values())",
        "[v for v in {nest}]",
    ),
    *t("nest", "list(map({fl}, {nest}))", "[{fl}(v) for v in {nest}]", "list(filter(None, [{list}, [1]])) "),
    *t(
        "ddict",
        "{ddict}",
        "{{'p': {list}, 'q': {list}}}",
        "dict({ddict})",
        "{{**{ddict}, 'q': {list}}}",
        "{ddict}.copy()",
    ),
    *t("ddict", "dict(zip(['p', 'q'], [{list}, {list}]))", "dict.fromkeys(['p', 'q'], {list})"),
    *t("pair", "({#}, {list})", "{pair}"),
    *t("dict", "{dict}", "{{'p': {#}, 'q': {#}}}", "dict({dict})", "{dict} | {{'p': {#}}}"),
    *t("set", "{set}", "set({L})", "{set} | {set}", "{{{#}, {#}}}"),
    *t("box", "{box}", "{class}({list})", "{class}({L})", "copy.copy({box})", "copy.deepcopy({box})", "{box}.add({#})"),
    make("{list!new} = {list!new} = {L}"),
    make("{int!new}, {list!new} = {pair}"),
    make("{list!new}, *{nest!new} = {nest} + [{list}]"),
    make("{list!new}, {list!new} = {list}, {list}"),
]
VALUES = [
    *t(
        "int",
        "{c}",
        "{#} + {#}",
        "len({list})",
        "sum({L})",
        "{f1}({#})",
        "{box}.n",
        "{dict}[{K}]",
        "{list}.pop() if {list} else 0",
    ),
    *t(
        "int",
        "{pair}[0]",
        "eval('{int} + 1')",
        "globals()['{int}']",
        "int(f'{{{int}}}')",
        "int('{{}}'.format({int}))",
        "locals()['{int}']",
    ),
    *t(
        "int",
        "functools.reduce(lambda v, w: v + w, {L}, 0)",
        "{table}['f']({#})",
        "{#} * 2",
    ),
    *t(
        "int",
        "sum({f1}(v) for v in {L})",
        "(lambda: {int})()",
        "{class}.total",
        "getattr({box}, 'n')",
        "len({ddict}[{K}])",
    ),
    *t(
        "int", "int({arr}[0])", "int({df}['u'].sum())", "int({ser}.sum())", "int({mat}[0, 0])", "int({rng}.integers(9))"
    ),
    *t("int", "int('{{{int}}}'.format(**globals()))", "vars()['{int}']", "sum(1 for v in {list} if v > {int})"),
    *t(
        "list",
        "{L} + [{#}]",
        "[{#}, {#}]",
        "[]",
        "[v + {#} for v in {L}]",
        "sorted({L})",
        "list({L})",
        "{list}[:]",
        "list(range({c}))",
    ),
    *t(
        "list",
        "{list} * 2",
        "copy.deepcopy({list})",
        "[{f1}(v) for v in {L}]",
        "list(map({f1}, {L}))",
        "[len(v) for v in {nest}]",
    ),
    *t(
        "list",
        "{fl}([{#}])",
        "list({dict}.values())",
        "sum({nest}, [])",
        "list(reversed({L}))",
        "list(itertools.chain(*{nest}))",
    ),
    *t(
        "list",
        "[{list}.append(v) or v for v in {L}]",
        "[v for row in {nest} for v in row]",
        "{arr}.tolist()",
        "list({deque})",
    ),
    *t("list", "(lambda v=[]: v)()", "list({box}.items)", "sorted({L}, key={f1})", "list(gen for gen in {L})"),
    *t("str", "str({int})", "f'{{{int}}}'", "repr({list})", "json.dumps({dict})", "'w'"),
    *t("deque", "deque({L})", "{deque}"),
    *t("counter", "Counter({L})", "{counter}"),
    *t("iter", "iter({L})", "iter([1, 2, 3])", "{iter}"),
    *t(
        "any",
        "[{list}, {dict}, {int}]",
        "{{'v': {nest}}}",
        "[{ddict}, {pair}]",
        "{any}",
        "copy.deepcopy({any})",
        "({list}, {any})",
    ),
]
CHANGES = [
    *map(
        make,
        (
            "{list}.append({#})",
            "{list}.extend({L})",
            "{list}.insert(0, {#})",
            "{list}.sort(reverse=True)",
            "{list}.reverse()",
            "{list} += [{#}]",
            "{list}.append(9)",
            "{list}[:] = {L}",
            "{list}[:1] = [{#}, {#}]",
            "del {list}[1:]",
            "{list}.clear()",
            "{list} and {list}.append({#})",
            "{nest}[0].append({#})",
            "{nest}[-1] += [{#}]",
            "{nest}.append({list})",
            "{nest}[0] = {list}",
            "{nest}[0], {nest}[-1] = {nest}[-1], {nest}[0]",
            "{ddict}[{K}].append({#})",
            "{ddict}[{K}] = {list}",
            "{ddict}[{K}] += [{#}]",
            "{ddict}.update(p={list})",
            "{ddict}.setdefault('p', {list}).append({#})",
            "{dict}[{K}] = {#}",
            "{dict}[{K}] += 1",
            "{dict}.update(p={#})",
            "{dict} |= {{'q': {#}}}",
            "{set}.add({#})",
            "{set} |= {{{#}}}",
            "{set}.discard({#})",
            "{pair}[1].append({#})",
            "{int} += {#}",
            "{int} -= 1",
            "{box}.n = {#}",
            "{box}.n += 1",
            "{box}.items = {list}",
            "{box}.items.append({#})",
            "{box}.add({#})",
            "{box}.items += [{#}]",
            "setattr({box}, 'n', {#})",
            "{class}.total = {#}",
            "{class}.total += 1",
            "{class}.bump()",
            "{f0}()",
            "{f1}({#})",
            "{fl}({list})",
            "{fl}({nest}[0])",
            "{fl}({ddict}[{K}])",
            "{fl}({box}.items)",
            "{table}['f']({#})",
            "{table}['g'] = {f1}",
            "{f1}.calls = {#}",
            "{deque}.append({#})",
            "{deque}.rotate(1)",
            "{counter}.update({L})",
            "{counter}[{#}] += 1",
            "next({iter}, None)",
            "any(v > 1 for v in {iter})",
            "list(map({list}.append, [{#}]))",
            "[v.append({#}) for v in {nest}]",
            "list(map({fl}, {nest}))",
            "(lambda v: v.append({#}))({list})",
            "exec('{int} = {int} + 1')",
            "exec('{list}.append(3)')",
            "globals()['{int}'] = {#}",
            "globals()['{list}'].append({#})",
            "eval('{list}').append({#})",
            "{list}.append(len({any}))",
            "{arr}[0] = {#}",
            "{arr}[:2] += 1",
            "{arr} += 1",
            "{arr} *= 2",
            "{arr}.sort()",
            "{arr}.fill({#})",
            "np.add({arr}, 1, out={arr})",
            "np.put({arr}, [0], [{#}])",
            "np.add({arr}, 1, {arr})",
            "np.clip({arr}, 0, {#}, {arr})",
            "{arr}.cumsum(0, None, {arr})",
            "operator.methodcaller('append', {#})({list})",
            "operator.itemgetter(0)({nest}).append({#})",
            "operator.getitem({nest}, 0).append({#})",
            "list(map(operator.methodcaller('append', {#}), {nest}))",
            "import __main__; __main__.{int} = {#}",
            "import __main__; __main__.{list}.append({#})",
            "get_ipython().user_ns['{int}'] = {#}",
            "{magic}.size = {#}",
            "{magic}[0] = {#}",
            "del {magic}[0]",
            "{magic} += {#}",
            "{magic}[0]",
            "print(len({magic}), {#} in {magic}, bool({magic}))",
            "print(f'{{{magic}}}', str({magic}), {magic} == {#})",
            "with {magic} as inside:\n    inside.append({#})",
            "for v in {magic}:\n    pass",
            "if {magic}:\n    pass",
            "sorted([{magic}, {magic}])",
            "{mat}[0, 0] = {#}",
            "{mat}[1][0] = {#}",
            "{mat} += 1",
            "{mat}.T[0] = {#}",
            "{df}['u'] = {df}['u'] + {#}",
            "{df}['w'] = {#}",
            "{df}.loc[0, 'u'] = {#}",
            "{df}.iloc[0, 0] = {#}",
            "{df}.rename(columns={{'w': 'u2'}}, inplace=True)",
            "{df}.sort_values('u', inplace=True)",
            "{df}.insert(0, 'z' + str(len({df}.columns)), {#})",
            "{df}.at[0, 'u'] = {#}",
            "{ser}.iloc[0] = {#}",
            "{ser} += 1",
            "{ser}.sort_values(inplace=True)",
            "assert {list} is not None",
        ),
    )
]
ARRAYS = [
    *t("arr", "np.array([{c}, {c}, {c}])", "np.arange(4)", "{arr}", "{arr}[:2]", "{arr}[::-1]", "{arr}.copy()", "{arr} + {#}"),
    *t("arr", "{mat}[0]", "{mat}[:, 1]", "{mat}.ravel()", "{mat}.flatten()", "np.sort({arr})", "np.asarray({arr})", "{arr}.reshape(-1)"),
    *t("arr", "np.where({arr} > 1, {arr}, 0)", "np.concatenate([{arr}, {arr}])", "{df}['u'].to_numpy()", "np.asarray({L} + [1])"),
    *t("arr", "{arr}[{arr} >= 0]", "{arr}.view()", "np.squeeze({arr})", "{ser}.values.copy()", "np.atleast_1d({arr})"),
    *t("mat", "np.arange(4).reshape(2, 2)", "{mat}", "{mat}.T", "{mat}[:]", "np.zeros((2, 2))", "np.vstack([{mat}[0], {mat}[1]])"),
    *t("mat", "np.array([[1, 2], [3, 4]])", "np.eye(2)", "{mat}.astype(float)", "{mat} @ {mat}"),
    *t("df", "pd.DataFrame({{'u': [{c}, {c}, {c}], 'v': [1, 2, 3]}})", "{df}", "{df}.copy()", "{df}.assign(w={#})", "{df}[['u', 'v']]"),
    *t("df", "{df}.reset_index(drop=True)", "{df}.rename(columns=str)", "{df}.query('u >= -99')", "{df}.sort_values('v')"),
    *t("df", "{df}.iloc[:]", "{df}.loc[:, ['u', 'v']]", "pd.concat([{df}, {df}], ignore_index=True)", "{df}.head(3)", "{df}.eval('w = u + @n') if 'n' in globals() and isinstance(n, int) else {df}"),
    *t("ser", "{df}['u']", "pd.Series([{c}, {c}])", "{ser}", "{ser}.copy()", "{ser} * 2", "{ser}.head(2)", "{df}.v", "{df}['u'].map({f1})"),
]  # fmt: skip


def function_parts(maker: Maker) -> tuple[str, str]:
    """A parameter's name and an expression over numbers that mentions a global, perhaps."""
    return one(maker, "param"), maker.number()


def pure(maker: Maker) -> str:
    param, number = function_parts(maker)
    body = maker.choice((f"{param} + {number}", f"{param} * 2", f"{param} + len({maker.numbers()})"))
    name = maker.define("f1", "f")
    return maker.choice(
        (
            f"def {name}({param}):\n    return {body}",
            f"{name} = lambda {param}: {body}",
            f"def {name}({param}, extra={number}):\n    return {body} + extra",
            f"def {name}({param}):\n    def inner():\n        return {body}\n    return inner()",
        )
    )


def calling(maker: Maker) -> str:
    inner, param = maker.pick("f1"), one(maker, "param")
    name = maker.define("f1", "f")
    if name == inner:
        raise Lacking("f1")
    return maker.choice(
        (
            f"def {name}({param}):\n    return {inner}({param}) + 1",
            f"{name} = lambda {param}: {inner}({param})",
            f"{name} = {inner}",
            f"def {name}({param}, g={inner}):\n    return g({param})",
            f"@functools.wraps({inner})\ndef {name}({param}):\n    return {inner}({param}) * 2",
        )
    )


def table(maker: Maker) -> str:
    first = maker.pick("f1")
    second = maker.pick("f1")
    return f"{maker.new('table')} = {{'f': {first}, 'g': {second}}}"


def grow(maker: Maker) -> str:
    param, number = function_parts(maker)
    if maker.chance(50):
        number = "1"
    result = maker.choice((param, f"list({param})", f"{param}[:]", f"[{param}, {param}][0]"))
    change = maker.choice(
        (f"{param}.append({number})", f"{param} += [{number}]", f"{param}.sort()", f"{param}[:0] = [{number}]", "pass")
    )
    name = maker.define("fl", "grow")
    if maker.chance(15):  # leaves in the middle of a loop
        return f"def {name}({param}):\n    for item in {param}:\n        if item:\n            return {result}\n    {change}\n    return [7]"
    return f"def {name}({param}):\n    {change}\n    return {result}"


def growing(maker: Maker) -> str:
    inner, param = maker.pick("fl"), one(maker, "param")
    name = maker.define("fl", "grow")
    if name == inner:
        raise Lacking("fl")
    return maker.choice(
        (
            f"def {name}({param}):\n    return {inner}({param})",
            f"def {name}({param}):\n    other = {param}\n    {inner}(other)\n    return {param}",
            f"{name} = lambda {param}: {inner}({param})",
            f"def {name}({param}):\n    for item in [{param}]:\n        {inner}(item)\n    return item",
        )
    )


def keeping(maker: Maker) -> str:
    """A function that keeps what it is given, in a global container."""
    nest, param = maker.pick("nest"), one(maker, "param")
    if nest == param:
        raise Lacking("nest")
    name = maker.define("fl", "keep")
    return f"def {name}({param}):\n    {nest}.append({param})\n    return {nest}[0]"


def setting(maker: Maker) -> str:
    target, number = maker.pick("int"), maker.number()
    change = maker.choice((f"{target} += 1", f"{target} = {number}", f"{target} = {target} + {number}"))
    name = maker.define("f0", "set")
    return f"def {name}():\n    global {target}\n    {change}\n    return {target}"


def rebinding(maker: Maker) -> str:
    target, source = maker.pick("list"), maker.numbers()
    name = maker.define("f0", "rebind")
    return f"def {name}():\n    global {target}\n    {target} = {source}\n    return {target}"


def noting(maker: Maker) -> str:
    target = maker.pick("list")
    name = maker.define("f0", "note")
    return maker.choice(
        (
            f"def {name}():\n    {target}.append(len({target}))\n    return {target}",
            f"{name} = lambda: {target}.append(7)",
            f"def {name}():\n    return len({target})",
            f"{name} = lambda v={target}: len(v)",
            f"{name} = functools.partial({target}.append, 4)",
            f"{name} = {target}.copy",
            f"def {name}(kept={target}):\n    kept.append(1)\n    return kept",
            f"{name} = lambda: sorted({target})",
        )
    )


def counting(maker: Maker) -> str:
    name = maker.define("f0", "count")
    start = maker.number()
    return maker.choice(
        (
            (
                f"def make_{name}():\n    n = {start}\n    def inner():\n        nonlocal n\n        n += 1\n        return n\n"
                f"    return inner\n{name} = make_{name}()"
            ),
            f"def {name}(seen=[]):\n    seen.append(1)\n    return len(seen)",
            f"def make_{name}(v):\n    return lambda: (v.append(1), len(v))\n{name} = make_{name}({maker.numbers()})",
            f"def {name}():\n    {name}.n = getattr({name}, 'n', 0) + 1\n    return {name}.n",
            f"@functools.lru_cache\ndef {name}():\n    return {start}",
            (
                f"class Call{name}:\n    def __init__(self):\n        self.n = 0\n    def __call__(self):\n        self.n += 1\n"
                f"        return self.n\n{name} = Call{name}()"
            ),
        )
    )


def calling_both(maker: Maker) -> str:
    inner = maker.pick("f0")
    name = maker.define("f0", "both")
    if name == inner:
        raise Lacking("f0")
    return maker.choice(
        (
            f"def {name}():\n    {inner}()\n    return {inner}()",
            f"{name} = {inner}",
            f"{name} = functools.partial({inner})",
            f"{name} = [{inner}][0]",
        )
    )


def of_box(maker: Maker) -> str:
    box = maker.pick("box")
    name = maker.define("f0", "method")
    return maker.choice(
        (f"{name} = {box}.peek", f"{name} = lambda: {box}.add(1).n", f"def {name}():\n    return {box}.n")
    )


def a_class(maker: Maker) -> str:
    if maker.classes and maker.chance(40):
        return a_subclass(maker)
    number = maker.number()
    lists = maker.names("list")
    name = maker.define("class", "Box")
    maker.classes.append(name)
    noted = f"        {maker.choice(lists)}.append(x)\n" if lists and maker.chance(25) else ""
    kept = maker.choice(("items", "items", "list(items)"))
    shared = "    shared = []\n" if maker.chance(30) else ""
    add_shared = "        self.shared.append(x)\n" if shared else ""
    shown = ", list(self.shared)" if shared else ""
    return (
        f"class {name}:\n    total = {number}\n{shared}    def __init__(self, items):\n        self.items = {kept}\n        self.n = 0\n"
        f"    def add(self, x):\n        self.items.append(x)\n        self.n += 1\n{noted}{add_shared}        return self\n"
        f"    @classmethod\n    def bump(cls):\n        cls.total += 1\n"
        f"    def peek(self):\n        return self.n + len(self.items), {name}.total{shown}"
    )


def special(maker: Maker) -> str:
    """A class whose special methods change the object, or a list of the notebook."""
    if maker.names("mclass") and maker.chance(60):
        return fill(
            maker,
            maker.choice(("{magic!new} = {mclass}({list})", "{magic!new} = {mclass}({L})", "{magic!new} = {magic}")),
        )
    lists = maker.names("list")
    name = maker.define("mclass", "Magic")
    note = maker.choice(
        ("self.n += 1", "self.items.append(self.n)", f"{maker.choice(lists)}.append(8)" if lists else "self.n += 2")
    )
    seen = maker.choice(("self.n += 1", "self.items.append(1)", "pass"))
    methods = (
        f"__len__(self):\n        {note}\n        return len(self.items)",
        f"__getitem__(self, key):\n        {seen}\n        return self.items[key]",
        f"__setitem__(self, key, value):\n        {note}\n        self.items[key] = value",
        f"__delitem__(self, key):\n        {note}\n        del self.items[key]",
        f"__iter__(self):\n        {note}\n        return iter(list(self.items))",
        f"__contains__(self, item):\n        {seen}\n        return item in self.items",
        f"__bool__(self):\n        {note}\n        return self.n > 2",
        f"__str__(self):\n        {seen}\n        return str(self.n)",
        f"__eq__(self, other):\n        {note}\n        return self.n == other",
        f"__lt__(self, other):\n        {seen}\n        return True",
        f"__enter__(self):\n        {note}\n        return self.items",
        f"__exit__(self, *error):\n        {seen}",
        f"__iadd__(self, other):\n        {note}\n        self.items.append(other)\n        return self",
    )
    body = "\n".join(f"    def {method}" for method in methods)
    return (
        f"class {name}:\n    def __init__(self, items):\n        self.items, self.n, self._size = items, 0, 0\n{body}\n"
        f"    @property\n    def size(self):\n        return self._size\n"
        f"    @size.setter\n    def size(self, value):\n        {note}\n        self._size = value"
    )


def a_subclass(maker: Maker) -> str:
    base = maker.choice(maker.classes)
    name = maker.define("class", "Sub")
    if base == name or maker.env.get(base) != "class":
        raise Lacking("class")
    number = maker.number()
    return f"class {name}({base}):\n    def add(self, x):\n        super().add(x + {number})\n        return self"


def delete(maker: Maker) -> str:
    names = [
        name for name in maker.env if name in NAMES and maker.env[name] not in ("f0", "f1", "fl", "class", "mclass")
    ]
    if maker.blocked or len(names) < 3:
        raise Lacking("any")
    name = maker.choice(names)
    if any(kind in ("f0", "f1", "fl", "class", "box", "table", "mclass") for kind in maker.env.values()):
        raise Lacking("any")  # a function may read it
    del maker.env[name]
    return f"del {name}"


def swap(maker: Maker) -> str:
    one, other = maker.pick("list"), maker.pick("list")
    return f"{one}, {other} = {other}, {one}"


def captured(maker: Maker) -> str:
    """A `match` that binds a name on each way."""
    nest, other = maker.pick("nest"), maker.pick("list")
    name = maker.new("list")
    return f"match {nest}:\n    case [{name}, *_]:\n        pass\n    case _:\n        {name} = {other}"


def loop_alias(maker: Maker) -> str:
    name = maker.new("list")
    return f"for {name} in {maker.pick('nest')}:\n    {name}.append({maker.number()})"


def seeded(maker: Maker) -> str:
    if not maker.seeded:
        if maker.blocked:
            raise Lacking("seed")
        maker.seeded = True
        return "random.seed(3)\nnp.random.seed(4)"
    forms = (
        "{int!new} = random.randrange(9)", "{int!new} = int(np.random.randint(9))", "random.shuffle({list})",
        "{list!new} = random.sample(range(9), 2)", "{arr!new} = np.random.randint(0, 9, 3)", "np.random.shuffle({arr})",
        "{arr!new} = np.random.permutation({arr})", "{df!new} = {df}.sample(frac=1)", "random.seed({c})", "np.random.seed({c})",
    )  # fmt: skip
    return fill(maker, maker.choice(forms))


def files(maker: Maker) -> str:
    name = maker.choice(("one.txt", "two.txt"))
    if name not in maker.files:
        if maker.blocked:
            raise Lacking("file")
        text = fill(maker, f"Path('{name}').write_text(str({{list}}))")
        maker.files.append(name)
        return text
    forms = (
        f"with open('{name}', 'a') as handle:\n    handle.write(str({{int}}))", f"print(open('{name}').read())",
        f"print(Path('{name}').read_text())", f"Path('{name}').write_text(repr({{list}}))",
        f"{{str!new}} = Path('{name}').read_text()", f"where = '{name}'\nprint(open(where).read())",
        f"with open('{name}') as handle:\n    {{str!new}} = handle.read()",
        f"print(open(f'{name[:3]}.txt').read())",
    )  # fmt: skip
    return fill(maker, maker.choice(forms))


def generator(maker: Maker) -> str:
    if maker.chance(40):
        return fill(maker, "{rng!new} = np.random.default_rng({c})")
    return fill(
        maker, maker.choice(("{int!new} = int({rng}.integers(9))", "{rng!new} = {rng}", "{rng}.shuffle({list})"))
    )


SIMPLE: list[Template] = [
    *ALIASES, *VALUES, *CHANGES, *CHANGES, *ARRAYS,
    *[pure, calling, table, grow, growing, keeping, setting, rebinding, noting, counting, calling_both, of_box] * 4,
    *[a_class] * 6, *[special] * 6, *[delete] * 4, *[loop_alias, swap, captured] * 4, *[seeded] * 6, *[files] * 6, *[generator] * 3,
]  # fmt: skip

# --- compound statements ---------------------------------------------------------------------------------------------------


def an_if(maker: Maker) -> str:
    test = condition(maker)
    text = f"if {test}:\n{maker.block()}"
    return f"{text}\nelse:\n{maker.block()}" if maker.chance(40) else text


def a_for(maker: Maker) -> str:
    heads = (
        "for i in range({c}):", "for i in range(2):", "for v in list({L}):", "for i, v in enumerate({L}[:2]):",
        "for v, w in zip({L}[:2], {nest}):", "for key in list({dict}):", "for key, v in list({ddict}.items()):",
    )  # fmt: skip
    return f"{fill(maker, maker.choice(heads))}\n{maker.block()}"


def a_row_loop(maker: Maker) -> str:
    form = maker.choice(
        (
            "for row_ in {nest}:\n    row_.append({#})", "for row_ in {ddict}.values():\n    row_ += [{#}]",
            "for key, row_ in {ddict}.items():\n    row_.append(len(key))",
            "for one, two in zip({nest}, list({nest})):\n    one.append(len(two))",
            "for i, row_ in enumerate({nest}):\n    row_.append(i)", "for row_ in ({list}, {list}):\n    row_.append({#})",
            "for row_ in [{nest}[0], {list}]:\n    if len(row_) > {c}:\n        break\n    row_.append({#})",
            "while len({list}) < 4:\n    {list}.append({#})\n    break",
        )
    )  # fmt: skip
    return fill(maker, form)


def a_try(maker: Maker) -> str:
    failing = maker.choice(("1 / 0", "{}['no']", "pass", "[][1]"))
    caught = maker.choice(("Exception", "(ZeroDivisionError, LookupError)", "Exception as error"))
    maker.blocked += 1
    body = textwrap.indent("\n".join([maker.statement(2), failing, maker.statement(2)]), "    ")
    maker.blocked -= 1
    text = f"try:\n{body}\nexcept {caught}:\n{maker.block()}"
    return f"{text}\nfinally:\n{maker.block()}" if maker.chance(20) else text


def a_match(maker: Maker) -> str:
    subject = maker.choice(("list", "dict", "pair"))
    pattern = {"list": "[_, *_]", "dict": "{'p': _}", "pair": "(_, [*_])"}[subject]
    return f"match {maker.pick(subject)}:\n    case {pattern}:\n{textwrap.indent(maker.block(), '    ')}"


def a_walrus(maker: Maker) -> str:
    source = maker.pick("list")
    return f"if ({maker.new('list')} := {source}):\n{maker.block()}"


BLOCKS: list[Template] = [an_if, an_if, a_for, a_for, a_row_loop, a_row_loop, a_try, a_match, a_walrus]


def program(random: Random) -> list[tuple[str, str]]:
    """One notebook: cells, each with its step's name."""
    return Maker(random).program()
