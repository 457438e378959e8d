"""Cells that stop and wait for somebody at the keyboard in, an error for each out: a run has nobody to ask."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from nb2pipe.checks.calls import Walked, dotted
from nb2pipe.model import Diagnostic, Location, Notebook, Pipeline, Severity
from nb2pipe.syntax import of_kind

_ASKS: Mapping[str, str] = {
    "input": "waits for somebody to type",
    "builtins.input": "waits for somebody to type",
    "raw_input": "waits for somebody to type",
    "getpass.getpass": "waits for somebody to type a password",
    "breakpoint": "stops in the debugger",
    "builtins.breakpoint": "stops in the debugger",
    "pdb.set_trace": "stops in the debugger",
    "pdb.post_mortem": "stops in the debugger",
    "pdb.pm": "stops in the debugger",
    "ipdb.set_trace": "stops in the debugger",
    "IPython.core.debugger.set_trace": "stops in the debugger",
    "IPython.embed": "opens a shell",
    "code.interact": "opens a shell",
}
_RUN_MAGIC = ("run_line_magic", "run_cell_magic", "magic")
_LAST = frozenset({*_RUN_MAGIC, *(name.rpartition(".")[2] for name in _ASKS)})
_MAGICS = {"debug": "stops in the debugger", "pdb": "stops in the debugger at an error"}
_HINT = "give the value as a parameter (tag a cell `parameters`), or tag this cell `skip`"
_DEBUG_HINT = "take the line out, or tag this cell `skip`"


def check_interactive(notebook: Notebook, pipeline: Pipeline, read: Walked, cells: Sequence[int]) -> list[Diagnostic]:
    """One error per call. A notebook function of the same name is not meant."""
    step_of = {cell: step.id for step in pipeline.steps for cell in step.cells}
    found: list[Diagnostic] = []
    for cell in cells:
        for line, text, what in _calls(read.nodes[cell], read.meaning, read.own):
            debugger = "debugger" in what or "shell" in what
            place = Location(notebook.path, cell, line, step_of.get(cell))
            message = f"{text} {what}, and a run has nobody at the keyboard"
            found.append(Diagnostic("N2P320", Severity.ERROR, message, place, _DEBUG_HINT if debugger else _HINT))
    return found


def _calls(nodes: Sequence[ast.AST], meaning: Mapping[str, str], own: frozenset[str]) -> Iterator[tuple[int, str, str]]:
    for node in of_kind(nodes, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr not in _LAST:
            continue
        name = dotted(node.func, meaning)
        if name in _ASKS and name.partition(".")[0] not in own:
            yield node.lineno, f"`{ast.unparse(node.func)}()`", _ASKS[name]
        magic = _magic(node)
        if magic in _MAGICS:
            yield node.lineno, f"`%{magic}`", _MAGICS[magic]


def _magic(node: ast.Call) -> str:
    """The line magic that a call on `get_ipython()` stands for; `%pdb off` is none."""
    func = node.func
    if not isinstance(func, ast.Attribute) or func.attr not in _RUN_MAGIC:
        return ""
    words = [item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    text = " ".join(words[:2]).split()
    if not text or (len(text) > 1 and text[1] in ("off", "0", "False")):
        return ""
    return text[0].lstrip("%")
