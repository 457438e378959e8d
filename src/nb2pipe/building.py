"""A notebook in, its Bundle out; a Bundle and a folder in, its files written or compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nb2pipe import render
from nb2pipe.analyzing import Analyzed, Source, analyze
from nb2pipe.config import Limits
from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.model import Bundle
from nb2pipe.running import sound


def build(source: Source | Analyzed, *, limits: Limits | None = None) -> Bundle:
    """The notebook's Bundle: `pipeline.json` and one runnable notebook per step. Raises BadInput with all errors."""
    analyzed = source if isinstance(source, Analyzed) else analyze(source, limits=limits)
    return render.bundle(analyzed.notebook, sound(analyzed))


def bundle_folder(source: Path) -> Path:
    """Where a notebook's Bundle goes by default: `NAME.pipeline/` beside it."""
    return source.with_name(f"{source.stem}.pipeline")


def write_bundle(bundle: Bundle, folder: Path) -> tuple[Path, ...]:
    """Write a Bundle; step notebooks of an earlier build that are no longer part of it go. Returns what was written.

    Raises BadInput if `folder` holds something else, EnvironmentProblem if it can't be written.
    """
    _refuse_foreign_folder(folder)
    written: list[Path] = []
    try:
        for file in bundle.files:
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
            written.append(path)
        for path in _leftovers(bundle, folder):
            path.unlink()
    except OSError as error:
        raise EnvironmentProblem.of(
            "N2P607",
            f"the Bundle can't be written to {folder}: {error.strerror or error}",
            hint="give another folder with `-o`, or change its permissions",
        ) from error
    return tuple(written)


def stale_files(bundle: Bundle, folder: Path) -> tuple[str, ...]:
    """The files below `folder` that are missing, differ from the Bundle, or are no longer part of it; sorted."""
    stale = {file.path for file in bundle.files if not _holds(folder / file.path, file.content)}
    stale.update(path.relative_to(folder).as_posix() for path in _leftovers(bundle, folder))
    return tuple(sorted(stale))


def _leftovers(bundle: Bundle, folder: Path) -> Sequence[Path]:
    kept = {file.path for file in bundle.files}
    return [path for path in sorted((folder / "steps").glob("*.ipynb")) if f"steps/{path.name}" not in kept]


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _refuse_foreign_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise BadInput.of("N2P607", f"{folder} is not a folder", hint="give a new or empty folder with `-o`")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "pipeline.json").is_file():
        raise BadInput.of(
            "N2P607",
            f"{folder} holds something other than a Bundle, which is left alone",
            hint="give a new or empty folder with `-o`",
        )
