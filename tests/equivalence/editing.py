"""Draws in; a notebook with the user's files, and edits of them, out: what somebody does between two runs.

An edit is a function of the cells, the files and the parameters. It may make a notebook that raises an error: who runs
it leaves such edits out.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from programs import program

_NUMBER = re.compile(r"(?<![\w.'])\d+(?![\w.'])")
_SPECIAL = ("", "imports", "functions", "parameters", "skip")
_HELPERS = "import more\nSCALE = {0}\ndef scaled(v):\n    return v * SCALE + more.shift({1})"
_DATABASE = """import sqlite3
base = sqlite3.connect('base.db')
_ = base.execute('create table if not exists t (x)')
_ = base.execute('insert into t values (1)')
base.commit()
base.close()
del base"""
_MORE = "def shift(v):\n    return v + {0}"


@dataclass(frozen=True)
class State:
    """What the user has: cells (step, source), files of their own, parameters. `quiet`: an edit that means nothing."""

    cells: tuple[tuple[str, str], ...]
    files: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, int] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    quiet: bool = False

    def shown(self) -> str:
        """For people: ready to be a row."""
        return f"cells={json.dumps(self.cells)} files={self.files} parameters={self.parameters} removed={self.removed}"


def project(random: Random) -> State:
    """A notebook with files and a module beside it."""
    cells = program(random)
    files = {
        "data.txt": _numbers(random),
        "helpers.py": _HELPERS.format(random.randrange(9), random.randrange(9)),
        "notes.md": "one\n",
        "more.py": _MORE.format(random.randrange(9)),
    }
    extra = [
        "given = [int(v) for v in Path('data.txt').read_text().split()]\nprint(given)",
        "import helpers\nprint(helpers.scaled(alpha))",
        "print(alpha * 2)",
        "import os\nprint(sorted(name for name in os.listdir() if name.endswith('.txt')))",
        "Path('made.txt').write_text(str(alpha))",
        "print(Path('made.txt').exists())",
        "note = open('log.txt', 'a')\n_ = note.write('x')\nnote.close()\ndel note",
        _DATABASE,
        "import subprocess\nprint(subprocess.run(['cat', 'data.txt'], capture_output=True, text=True).stdout)",
    ]
    for source in extra:
        if random.randrange(100) < 35:
            place = 1 + random.randrange(len(cells))
            step = cells[place][0] if place < len(cells) and random.randrange(2) else f"x{random.randrange(10**6)}"
            cells.insert(place, (step, source))
    cells.insert(1, ("parameters", f"alpha = {random.randrange(9)}"))
    return State(tuple(cells), files)


def edited(random: Random, state: State, earlier: list[State]) -> State:
    """The state after one edit."""
    state = replace(state, quiet=False, removed=())
    edit = EDITS[random.randrange(len(EDITS))]
    if edit is undo:
        return replace(earlier[random.randrange(len(earlier))], quiet=False, removed=()) if earlier else state
    return edit(random, state)


def _numbers(random: Random) -> str:
    return " ".join(str(random.randrange(9)) for _ in range(1 + random.randrange(3)))


def _place(random: Random, state: State) -> int:
    return 1 + random.randrange(len(state.cells) - 1)


def _with(state: State, place: int, source: str | None = None, step: str | None = None) -> State:
    cells = list(state.cells)
    old_step, old = cells[place]
    cells[place] = (old_step if step is None else step, old if source is None else source)
    return replace(state, cells=tuple(cells))


def _parts(source: str) -> list[str]:
    lines = source.split("\n")
    body = ast.parse(source).body
    starts = [min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", ()))]) for node in body]
    return ["\n".join(lines[start - 1 : node.end_lineno]) for start, node in zip(starts, body, strict=True)]


def constant(random: Random, state: State) -> State:
    """Another number somewhere."""
    place = _place(random, state)
    source = state.cells[place][1]
    found = list(_NUMBER.finditer(source))
    if not found:
        return state
    match = found[random.randrange(len(found))]
    return _with(state, place, source[: match.start()] + str(random.randrange(12)) + source[match.end() :])


def remove_statement(random: Random, state: State) -> State:
    """A statement less."""
    place = _place(random, state)
    parts = _parts(state.cells[place][1])
    if len(parts) < 2:
        return state
    del parts[random.randrange(len(parts))]
    return _with(state, place, "\n".join(parts))


def copy_statement(random: Random, state: State) -> State:
    """A statement from somewhere else."""
    source = _parts(state.cells[_place(random, state)][1])
    place = _place(random, state)
    parts = _parts(state.cells[place][1])
    parts.insert(random.randrange(len(parts) + 1), source[random.randrange(len(source))])
    return _with(state, place, "\n".join(parts))


def move_statement(random: Random, state: State) -> State:
    """A statement goes to another cell."""
    place = _place(random, state)
    parts = _parts(state.cells[place][1])
    if len(parts) < 2:
        return state
    moved = parts.pop(random.randrange(len(parts)))
    state = _with(state, place, "\n".join(parts))
    target = _place(random, state)
    parts = _parts(state.cells[target][1])
    parts.insert(random.randrange(len(parts) + 1), moved)
    return _with(state, target, "\n".join(parts))


def remove_cell(random: Random, state: State) -> State:
    """A cell less."""
    if len(state.cells) < 4:
        return state
    place = _place(random, state)
    return replace(state, cells=state.cells[:place] + state.cells[place + 1 :])


def move_cell(random: Random, state: State) -> State:
    """A cell goes somewhere else, in its own step or one of its own."""
    cells = list(state.cells)
    moved = cells.pop(_place(random, state))
    cells.insert(1 + random.randrange(len(cells)), (f"m{random.randrange(10**6)}", moved[1]))
    return replace(state, cells=tuple(cells))


def swap_steps(random: Random, state: State) -> State:
    """Two neighbouring cells change places, with their steps."""
    place = _place(random, state)
    if place + 1 >= len(state.cells):
        return state
    cells = list(state.cells)
    cells[place], cells[place + 1] = cells[place + 1], cells[place]
    return replace(state, cells=tuple(cells))


def rename(random: Random, state: State) -> State:
    """A step gets another name."""
    place = _place(random, state)
    old = state.cells[place][0]
    if old in _SPECIAL:
        return state
    new = f"r{random.randrange(10**6)}"
    return replace(state, cells=tuple((new if step == old else step, source) for step, source in state.cells))


def split_step(random: Random, state: State) -> State:
    """A cell becomes two steps."""
    place = _place(random, state)
    step, source = state.cells[place]
    parts = _parts(source)
    if len(parts) < 2 or step in _SPECIAL:
        return state
    at = 1 + random.randrange(len(parts) - 1)
    first, second = "\n".join(parts[:at]), "\n".join(parts[at:])
    pair = ((step, first), (f"n{random.randrange(10**6)}", second))
    return replace(state, cells=(*state.cells[:place], *pair, *state.cells[place + 1 :]))


def join_steps(random: Random, state: State) -> State:
    """A cell goes to the step above."""
    place = _place(random, state)
    above = state.cells[place - 1][0]
    return state if above in _SPECIAL or state.cells[place][0] in _SPECIAL else _with(state, place, step=above)


def reformat(random: Random, state: State) -> State:
    """Comments, blank lines, other quotes: nothing that means anything."""
    place = _place(random, state)
    source = state.cells[place][1]
    ways = (
        lambda: ast.unparse(ast.parse(source)),
        lambda: f"# a comment\n\n{source}",
        lambda: "\n\n".join(_parts(source)),
        lambda: f"{source}  # and another",
    )
    return replace(_with(state, place, ways[random.randrange(len(ways))]()), quiet=True)


def data(random: Random, state: State) -> State:
    """Other content of a file."""
    return replace(state, files={**state.files, "data.txt": _numbers(random)})


def module(random: Random, state: State) -> State:
    """Other code in a module."""
    name = ("helpers.py", "more.py")[random.randrange(2)]
    form = _HELPERS if name == "helpers.py" else _MORE
    return replace(state, files={**state.files, name: form.format(random.randrange(9), random.randrange(9))})


def reformat_module(_: Random, state: State) -> State:
    """A file that nobody reads."""
    return replace(state, files={**state.files, "notes.md": state.files.get("notes.md", "") + "more\n"}, quiet=True)


def parameter(random: Random, state: State) -> State:
    """Another parameter on the command line."""
    return replace(state, parameters={"alpha": random.randrange(9)})


def remove_written(random: Random, state: State) -> State:
    """A file that a step wrote is removed."""
    return replace(state, removed=(("one.txt", "two.txt", "made.txt", "base.db")[random.randrange(4)],))


def undo(_: Random, state: State) -> State:
    """Back to how it was. It is `edited` that knows the earlier states."""
    return state


def nothing(_: Random, state: State) -> State:
    """No edit at all."""
    return replace(state, quiet=True)


Edit = Callable[[Random, State], State]
EDITS: list[Edit] = [
    *[constant] * 5, *[remove_statement, copy_statement, move_statement] * 3, remove_cell, move_cell, swap_steps, swap_steps, rename,
    split_step, join_steps, *[reformat] * 2, data, module, reformat_module, parameter, *[remove_written] * 2, *[undo] * 2, nothing,
]  # fmt: skip
