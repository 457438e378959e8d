"""A notebook's saved Python version and its cells in; what another Python would read differently out.

Cells are read with the Python that nb2pipe runs on. The notebook says which one its kernel had when it was saved.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nb2pipe.checks.calls import Walked
from nb2pipe.errors import printable
from nb2pipe.model import Diagnostic, Location, Notebook, Severity

_VERSION = re.compile(r"(\d+)\.(\d+)")
_MOST_SHOWN = 60
_NEW: Mapping[str, tuple[tuple[int, int], str]] = {  # class of the tree's node: since which Python, what it is
    "TryStar": ((3, 11), "`except*`"),
    "TypeAlias": ((3, 12), "`type` statements"),
    "TypeVar": ((3, 12), "type parameters"),
    "ParamSpec": ((3, 12), "type parameters"),
    "TypeVarTuple": ((3, 12), "type parameters"),
    "TemplateStr": ((3, 14), "template strings"),
}


def saved_version(notebook: Notebook) -> tuple[int, int] | None:
    """The Python of the notebook's kernel when it was saved, as its metadata say."""
    metadata = notebook.raw.get("metadata")
    info = metadata.get("language_info") if isinstance(metadata, Mapping) else None
    text = info.get("version") if isinstance(info, Mapping) else None
    found = _VERSION.match(text) if isinstance(text, str) else None
    return (int(found[1]), int(found[2])) if found else None


def check_python(notebook: Notebook, read: Walked, cells: Sequence[int]) -> list[Diagnostic]:
    """A warning per cell that holds syntax newer than the kernel's Python."""
    saved = saved_version(notebook)
    found: list[Diagnostic] = []
    for cell in cells if saved is not None else ():
        newer = min(_newer(read.nodes[cell], saved), default=None) if saved is not None else None
        if newer is not None and saved is not None:
            line, needed, what = newer
            message = f"{what} need Python {_text(needed)}, and the notebook was saved with a kernel of {_text(saved)}"
            hint = "choose a kernel with a newer Python, in Jupyter or with `--kernel`"
            place = Location(notebook.path, cell, line)
            found.append(Diagnostic("N2P209", Severity.WARNING, message, place, hint))
    return found


def _newer(nodes: Iterable[ast.AST], saved: tuple[int, int]) -> Iterable[tuple[int, tuple[int, int], str]]:
    for node in nodes:
        needed, what = _NEW.get(type(node).__name__, (saved, ""))
        if needed > saved:
            yield getattr(node, "lineno", 1), needed, what


def with_python(
    notebook: Notebook, diagnostics: Iterable[Diagnostic], ours: tuple[int, int] | None = None
) -> tuple[Diagnostic, ...]:
    """The same; a syntax error (N2P203) shows its line, and says so where the kernel's Python may read it otherwise."""
    saved, reader = saved_version(notebook), ours or (sys.version_info.major, sys.version_info.minor)
    return tuple(_told(notebook, item, saved, reader) if item.code == "N2P203" else item for item in diagnostics)


def _told(notebook: Notebook, item: Diagnostic, saved: tuple[int, int] | None, ours: tuple[int, int]) -> Diagnostic:
    message, hint = item.message, item.hint
    if item.location.cell is not None and item.location.line is not None:
        lines = notebook.cells[item.location.cell].source.split("\n")
        line = lines[item.location.line - 1].strip() if item.location.line <= len(lines) else ""
        if line:
            shown = line if len(line) <= _MOST_SHOWN else line[:_MOST_SHOWN] + " ..."
            message = f"{message}: `{printable(shown)}`"
    if saved is not None and saved[0] < ours[0]:
        message = f"{message}. The notebook was saved with Python {_text(saved)}"
        hint = f"translate it to Python 3 (`2to3` does most of it), and choose a kernel of Python {ours[0]}"
    elif saved is not None and saved > ours:
        message = f"{message}. It was read as Python {_text(ours)}, and the notebook's kernel has {_text(saved)}"
        hint = f"if it runs in Jupyter, install nb2pipe with Python {_text(saved)} or later"
    return replace(item, message=message, hint=hint)


def _text(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
