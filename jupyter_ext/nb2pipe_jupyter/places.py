"""A notebook's path as the browser has it in, its place on this machine out: within the server's folder, or refused."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from nb2pipe.errors import BadInput
from nb2pipe.model import Diagnostic
from nb2pipe.records import dataclass

_MAX_CHARACTERS = 4_096
_NAME = ".ipynb"
_ODD = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Places:
    """The server's root. `root` None: its files are not on this machine. `allow_hidden` as of its contents manager."""

    root: Path | None
    allow_hidden: bool = False

    @classmethod
    def of(cls, contents: Any) -> Places:  # noqa: ANN401  # any contents manager
        """Those of a server with this contents manager."""
        folder = getattr(contents, "root_dir", None)
        root = None
        if isinstance(folder, str) and folder and hasattr(contents, "_get_os_path"):  # it has files, as the usual one
            root = Path(folder).resolve()
        return cls(root, bool(getattr(contents, "allow_hidden", False)))

    @property
    def hint(self) -> str:
        """Why notebooks can't be run where there is no root; empty if there is one."""
        if self.root is not None:
            return ""
        return (
            "this Jupyter server keeps its files elsewhere, so there is no folder to run a notebook in; "
            "start JupyterLab on a folder of its machine"
        )

    def notebook(self, path: str) -> Path:
        """Where the notebook is, or would be saved. Raises BadInput: N2P802 for what is none here, N2P803."""
        if self.root is None:
            raise BadInput.of("N2P803", self.hint.partition(";")[0], hint=self.hint.partition("; ")[2])
        parts = _parts(path)
        if not self.allow_hidden and any(part.startswith(".") for part in parts):
            raise _refused(path)
        place = self.root.joinpath(*parts)
        try:
            resolved = place.resolve()
        except (OSError, RuntimeError) as error:  # links that go round in circles
            raise _refused(path) from error
        if not resolved.is_relative_to(self.root) or not resolved.parent.is_dir() or resolved.is_dir():
            raise _refused(path)
        if not self.allow_hidden and any(part.startswith(".") for part in resolved.relative_to(self.root).parts):
            raise _refused(path)
        return place.parent.resolve() / place.name

    def told(self, diagnostic: Diagnostic) -> Diagnostic:
        """The same, with the notebook's path as the browser has it."""
        at = diagnostic.location
        if at.notebook is None or self.root is None or not Path(at.notebook).is_relative_to(self.root):
            return diagnostic
        return replace(diagnostic, location=replace(at, notebook=Path(at.notebook).relative_to(self.root).as_posix()))

    def shown(self, place: Path) -> str:
        """The path of a file below the root, as the browser has it. Raises BadInput (N2P802) for another."""
        resolved = place.resolve()
        if self.root is None or not resolved.is_relative_to(self.root):
            raise _refused(place.name)
        return resolved.relative_to(self.root).as_posix()


def _parts(path: str) -> list[str]:
    """The names that lead there. Raises BadInput for what no path of the browser's is."""
    parts = path.strip("/").split("/")
    odd = len(path) > _MAX_CHARACTERS or (os.sep == "\\" and "\\" in path) or _ODD.search(path)
    if odd or not path.lower().endswith(_NAME) or any(part in ("", ".", "..") for part in parts):
        raise _refused(path)
    return parts


def _refused(path: str) -> BadInput:
    shown = path[:200] if path.isprintable() else ascii(path[:200])[1:-1]
    return BadInput.of(
        "N2P802",
        f"`{shown}` is no notebook in the folder of this server",
        hint="open the notebook from JupyterLab's file browser, and save it once",
    )
