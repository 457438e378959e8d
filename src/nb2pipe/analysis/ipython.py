"""A cell's source in, its syntax tree out, as IPython would run it; or the one problem why there is none.

IPython is imported only for a cell that isn't plain Python.
"""

from __future__ import annotations

import ast
import re
import warnings
from functools import cache
from typing import TYPE_CHECKING

from nb2pipe.analysis.directives import remarks
from nb2pipe.analysis.tables import magics
from nb2pipe.records import dataclass
from nb2pipe.syntax import keep_nodes

if TYPE_CHECKING:
    from IPython.core.inputtransformer2 import TransformerManager

_ESCAPED = re.compile(r"^\s*(%|!|\?|>>>|In \[\d+\]:)|\?[ \t]*$|=\s*[!%]", re.MULTILINE)
_CELL_MAGIC = re.compile(r"\s*%%\s*(\S+)")
_FAILURES = (SyntaxError, RecursionError, MemoryError, ValueError, OverflowError)
MAX_DEPTH = 200


@dataclass(frozen=True)
class Problem:
    """Why a cell can't be understood. `line` counts from 1 within the cell; `foreign`: no Python was expected."""

    message: str
    line: int = 1
    hint: str | None = None


def parse_cell(source: str) -> ast.Module | Problem:
    """The cell's tree: magics and shell lines are calls on `get_ipython()`, as IPython's own transformer makes them.

    Line numbers are those of the cell. Top-level `await` is allowed. The tree's `type_ignores` hold the comments
    `# nb2pipe: ...`.
    """
    if "\0" in source:
        return Problem("the cell holds a null byte", source[: source.index("\0")].count("\n") + 1)
    first = _parse(source) if not _CELL_MAGIC.match(source) else Problem("a cell magic")
    if isinstance(first, ast.Module):
        return first
    if _ESCAPED.search(source) or source[:1].isspace():
        second = _parse_ipython(source)
        if isinstance(second, ast.Module):
            return second
        first = second if _ESCAPED.search(source) else first
    return _parse_automagic(source) or first


def parse_body(source: str, line: int) -> ast.Module | Problem:
    """The body of a cell magic, or constant code in a string, whose first line is `line` of the cell."""
    found = parse_cell(source)
    if isinstance(found, ast.Module):
        return found if line == 1 else ast.increment_lineno(found, line - 1)
    return Problem(found.message, found.line + line - 1, found.hint)


def _parse(source: str) -> ast.Module | Problem:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SyntaxWarning: the user's code is not ours to judge
            tree = ast.parse(source, type_comments=False)
        tree.type_ignores = remarks(source)
        return tree if keep_nodes(tree, MAX_DEPTH) else Problem("the code is nested too deeply to be understood")
    except _FAILURES as error:
        return _problem(error)


def _problem(error: BaseException) -> Problem:
    if isinstance(error, SyntaxError):
        where = error.lineno or 1
        return Problem(f"the code isn't valid Python: {error.msg}", max(1, where))
    if isinstance(error, UnicodeError):
        return Problem("the code holds text that isn't valid Unicode")
    if isinstance(error, MemoryError):
        return Problem("the code is nested too deeply, or too much, to be understood")
    return Problem("the code is nested too deeply to be understood")


def _parse_ipython(source: str) -> ast.Module | Problem:
    text = _keep_lines(source)
    blank = len(text) - len(text.lstrip("\n"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            transformed = _transformer().transform_cell(text)
    except _FAILURES as error:
        return _problem(error)
    found = _parse(transformed)
    if isinstance(found, ast.Module):
        return ast.increment_lineno(found, blank) if blank else found
    return Problem(found.message, found.line + blank, found.hint)


def _keep_lines(source: str) -> str:
    """Join a magic's continuation lines and put as many blank ones after it: IPython joins them without."""
    if _CELL_MAGIC.match(source):
        return source
    found: list[str] = []
    pending = 0
    for line in source.split("\n"):
        continued = found and pending and found[-1].endswith("\\")
        if continued:
            found[-1] = found[-1][:-1] + " " + line.strip()
            pending += 1
        else:
            found.extend([""] * (pending - 1))
            found.append(line)
            pending = 1 if line.lstrip()[:1] in ("%", "!") else 0
        if pending and not found[-1].endswith("\\"):
            found.extend([""] * (pending - 1))
            pending = 0
    return "\n".join(found)


@cache
def _transformer() -> TransformerManager:
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager()


def _parse_automagic(source: str) -> ast.Module | None:
    """Lines such as `pip install x`, which IPython runs as magics when they aren't Python."""
    lines = source.split("\n")
    found = [f"%{line}" if _automagic(line) else line for line in lines]
    if found == lines:
        return None
    tree = _parse_ipython("\n".join(found))
    return tree if isinstance(tree, ast.Module) else None


def _automagic(line: str) -> bool:
    words = line.split(None, 1)
    return bool(words) and words[0] in magics().automagic and not isinstance(_parse(line), ast.Module)
