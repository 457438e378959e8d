"""A shell command's text in; the simple commands that it runs, and whether one of them installs packages, out."""

from __future__ import annotations

import ast
import posixpath
import re
from typing import TYPE_CHECKING

from nb2pipe.analysis.tables import magics
from nb2pipe.model import Severity

if TYPE_CHECKING:
    from nb2pipe.analysis.frames import Arguments
    from nb2pipe.analysis.state import State

_BETWEEN = re.compile(r"\\\n|&&|\|\||[;|&\n()]")
_ASSIGNED = re.compile(r"[^\W\d]\w*=")
_PYTHON = re.compile(r"(pypy|python)[\d.]*|\{sys\.executable\}")
_VERSIONED = re.compile(r"(pip)[\d.]+")
_WRAPPERS = frozenset({"sudo", "env", "time", "nohup", "command", "exec", "nice"})
_GROUPS = frozenset({"env", "tool", "pip", "python", "self", "global"})  # `conda env update`, `uv pip install`
_LONGEST = 60
_UNKNOWN = "?"  # stands for a word that is made while the notebook runs


def simple_commands(text: str) -> list[list[str]]:
    """The words of each simple command, without what it is wrapped in. Quotes aren't minded."""
    found = []
    for part in _BETWEEN.split(text.replace("\\\n", " ")):
        words = [word.strip("\"'") for word in part.split()]
        while words and (_ASSIGNED.match(words[0]) or words[0] in _WRAPPERS):
            options = 1
            while words[0] in _WRAPPERS and options < len(words) and words[options].startswith("-"):
                options += 1
            words = words[options:]
        if words and not words[0].startswith("#"):
            found.append(words)
    return found


def is_listing(words: list[str]) -> bool:
    """True for `pip list` and the like: a package manager that only tells."""
    rest = _arguments(words)
    if rest is None:
        return False
    verb = next((word for word in rest if not word.startswith("-")), None)
    return verb is None or verb in magics().installers_tell


def installs(words: list[str]) -> bool:
    """True for a simple command that changes what is installed."""
    rest = _arguments(words)
    return rest is not None and not is_listing(words) and bool(magics().installers_change.intersection(rest))


def install(state: State, words: list[str]) -> None:
    """Packages are installed here: the environment of all steps is written."""
    state.touch("environment", "", write=True)
    text = " ".join(words)
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    state.say(
        "N2P311",
        Severity.NOTE,
        f"`{shown}` changes what is installed: its step runs alone, after all earlier and before all later steps",
        hint="install before the run, from a requirements file or in the image; or keep it in the first step",
    )


def of_call(arguments: Arguments) -> str:
    """The command that `subprocess.run([...])` or `os.system(...)` runs, words that aren't known as `?`."""
    given = arguments.at(0, "args")
    if given is not None and isinstance(given.literal, str):
        return given.literal
    node = arguments.node.args[0] if arguments.node is not None and arguments.node.args else None
    if not isinstance(node, ast.List | ast.Tuple):
        return ""
    return " ".join(_word(item) for item in node.elts)


def _word(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return "python" if isinstance(node, ast.Attribute) and node.attr == "executable" else _UNKNOWN


def _arguments(words: list[str]) -> list[str] | None:
    """What follows the name of a package manager and of its groups; None for any other program."""
    program, rest = posixpath.basename(words[0]), words[1:]
    if _PYTHON.fullmatch(program):
        module = rest.index("-m") + 1 if "-m" in rest else 0
        if module >= len(rest):
            return None
        program, rest = rest[module], rest[module + 1 :]
    versioned = _VERSIONED.fullmatch(program)
    if (versioned.group(1) if versioned else program) not in magics().installers:
        return None
    return rest[1:] if rest and rest[0] in _GROUPS else rest
