"""Folders that three runs have worked in, and what they began with, in; out, a verdict for each file written."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping
from pathlib import Path

from nb2pipe.verify.pictures import digest as picture_digest
from nb2pipe.verify.state import State, difference
from nb2pipe.verify.verdicts import ValueReport, Verdict

_LEFT_OUT = frozenset({"__pycache__", ".ipynb_checkpoints", ".nb2pipe"})
_MAX_PICTURE_BYTES = 20_000_000
_BLOCK = 1 << 20

Files = Mapping[str, str]  # path below the folder -> digest of what it says


def digests(folder: Path) -> Files:
    """Each file below `folder`, by what it says: PNG pictures without their metadata."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if _LEFT_OUT.intersection(relative.parts):
            continue
        try:
            kind = path.lstat().st_mode
            if stat.S_ISLNK(kind):
                found[relative.as_posix()] = f"link to {path.readlink()}"
            elif stat.S_ISREG(kind):
                found[relative.as_posix()] = _digest(path)
        except OSError as error:  # it went, or can't be read
            found[relative.as_posix()] = str(error.strerror)
    return found


def _digest(path: Path) -> str:
    if path.suffix.lower() == ".png" and path.stat().st_size <= _MAX_PICTURE_BYTES:
        return picture_digest("image/png", path.read_bytes())
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def compare_files(
    before: Files, straight: Files, again: Files, pipeline: Files, states: tuple[State, State, State], rtol: float = 0.0
) -> tuple[ValueReport, ...]:
    """A verdict for each file that a run has written, changed or removed. `states` hold what pickles are made of."""
    names = sorted(
        name
        for name in {*before, *straight, *again, *pipeline}
        if len({files.get(name) for files in (before, straight, again, pipeline)}) > 1
    )
    return tuple(_compare(name, straight, again, pipeline, states, rtol) for name in names)


def _compare(
    name: str,
    straight: Files,
    again: Files,
    pipeline: Files,
    states: tuple[State, State, State],
    rtol: float,
) -> ValueReport:
    kind = Path(name).suffix.lstrip(".")
    if not _same(name, straight, again, states[0], states[1], rtol):
        return ValueReport(name, Verdict.NONDETERMINISTIC, kind, "two runs of the notebook write it differently")
    if _same(name, straight, pipeline, states[0], states[2], rtol):
        return ValueReport(name, Verdict.SAME, kind)
    if name not in pipeline:
        return ValueReport(name, Verdict.DIFFERS, kind, "the notebook writes it, the pipeline doesn't")
    if name not in straight:
        return ValueReport(name, Verdict.DIFFERS, kind, "the pipeline writes it, the notebook doesn't")
    told = difference(states[0].files.get(name), states[2].files.get(name), states[0], states[2], rtol)
    return ValueReport(name, Verdict.DIFFERS, kind, told or "its content differs")


def _same(name: str, one: Files, other: Files, of: State, beside: State, rtol: float) -> bool:
    if one.get(name) == other.get(name):
        return True
    if name in of.files and name in beside.files:
        return not difference(of.files[name], beside.files[name], of, beside, rtol)
    return False
