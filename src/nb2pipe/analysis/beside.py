"""The notebook's folder in, the trees of Python files beside it out. They are read as text, bounded, never executed."""

from __future__ import annotations

import ast
import os
import stat
from pathlib import Path

from nb2pipe.analysis.ipython import parse_cell

MAX_BYTES = 500_000


class Beside:
    """Python files that the notebook runs or imports: what it writes by `%%writefile`, and what its folder holds."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._texts: dict[str, str] = {}  # what the notebook has written so far
        self._since: dict[str, int] = {}
        self._trees: dict[str, ast.Module | None] = {}
        self.looked_for: dict[str, str | None] = {}
        """The files that were looked for in the folder, there or not: their texts."""

    @property
    def is_as_it_was(self) -> bool:
        """True if all files that were looked for hold what they held then."""
        return all(self._text(path) == text for path, text in self.looked_for.items())

    def write(self, path: str, text: str, since: int) -> None:
        """The notebook writes this file, with this text: the last of its `since` writes to files so far."""
        self._texts[path] = text
        self._since[path] = since
        self._trees.pop(path, None)

    def forget(self, path: str) -> None:
        """The notebook writes this file in a way that can't be followed."""
        self._texts.pop(path, None)
        self._trees[path] = None

    def since(self, path: str) -> int:
        """How many writes to files there were when the text of this one was known; none if it stands beside."""
        return self._since.get(path, 0)

    def tree(self, path: str) -> ast.Module | None:
        """The file's tree; None if there is none, or it can't be known."""
        if path not in self._trees:
            text = self._texts[path] if path in self._texts else self._read(path)
            found = None if text is None else parse_cell(text)
            self._trees[path] = found if isinstance(found, ast.Module) else None
        return self._trees[path]

    def module(self, name: str) -> ast.Module | None:
        """The tree of the module that `import name` finds there."""
        path = name.replace(".", "/")
        return self.tree(f"{path}.py") or self.tree(f"{path}/__init__.py")

    def _read(self, path: str) -> str | None:
        if self.folder is None or not path.endswith(".py"):
            return None
        self.looked_for[path] = self._text(path)
        return self.looked_for[path]

    def _text(self, path: str) -> str | None:
        if self.folder is None:
            return None
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            where = self.folder / path
            if not stat.S_ISREG(where.stat().st_mode):  # opening a device can do things to it
                return None
            with open(os.open(where, flags), "rb") as file:  # noqa: PTH123  # a descriptor, no path
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    return None
                content = file.read(MAX_BYTES + 1)
            return content.decode() if len(content) <= MAX_BYTES else None
        except (OSError, ValueError):  # gone, not ours to read, a NUL in the path, no UTF-8
            return None
