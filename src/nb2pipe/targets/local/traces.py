"""What became of a step in a run, signed; in and out of `.nb2pipe/steps/`. A later run may take it in the step's place.

A trace names all that the results were made of, the *ingredients*, by kind and name, each with a digest or a version;
and the results: `outputs.json`, whose values lie in the store, the executed notebook, the files that were written.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nb2pipe import keys, wire
from nb2pipe.files import make_private_dir, sync_dir, write_atomic
from nb2pipe.model import Json
from nb2pipe.records import dataclass

SCHEMA = 1
KEPT = 20  # per step: going back to other parameters or code finds its results again
_MAX_BYTES = 50_000_000
_NUMBER = re.compile(r"(\d{8})-")

Ingredients = Mapping[str, Mapping[str, str]]
"""Kind -> name -> digest, version or text; an empty one for what is not there."""


@dataclass(frozen=True)
class Trace:
    """One. `cells` are the step's (index from 0) and `planned` the variables that it was to store, at that time.

    `executed` is the blob of the executed notebook, `files` are those of files that it wrote, as far as they are kept.
    `outputs` is `outputs.json`. `sites` is where the kernel's packages are installed.
    """

    run: str
    step: str
    at: str
    wall_s: float
    cells: tuple[int, ...]
    planned: tuple[str, ...]
    ingredients: Ingredients
    outputs: Mapping[str, Json]
    executed: str
    files: Mapping[str, str]
    sites: tuple[str, ...] = ()

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the runtime noted, see `runtime.facts`."""
        found = self.outputs.get("facts")
        return found if isinstance(found, dict) else {}

    @property
    def wrote(self) -> Mapping[str, str | None]:
        """The files that it wrote: their digests; None for one that it removed."""
        return dict(self.facts.get("wrote", {}))


def write(folder: Path, trace: Trace, key: bytes, name: str = "") -> None:
    """Keep it, durably, and the newest few beside it, under a number and `name`, its run by default. Raises OSError."""
    make_private_dir(folder)
    content = wire.dumps({"schema": SCHEMA, **_encoded(trace)}).encode("utf-8", "surrogatepass")
    write_atomic(folder / _newest(folder, name or trace.run), keys.sign(key, content).encode() + b"\n" + content)
    for old in _names(folder)[KEPT:]:
        with contextlib.suppress(OSError):
            (folder / old).unlink()


def renew(folder: Path, name: str, run: str) -> None:
    """A run took the trace of this name: it counts as the newest from now on. Raises OSError."""
    if name.partition("-")[2] == f"{run}.json":
        return
    with contextlib.suppress(FileNotFoundError):  # another run did so, or collected it
        (folder / name).rename(folder / _newest(folder, run))
    sync_dir(folder)


def _newest(folder: Path, name: str) -> str:
    """The name of a new file, which sorts after all others: by a number, since clocks are set back."""
    last = max((int(found[1]) for found in map(_NUMBER.match, _names(folder)) if found), default=0)
    return f"{last + 1:08}-{name}.json"


def read(folder: Path, key: bytes) -> Iterator[tuple[str, Trace]]:
    """Those kept in `folder`, newest first, with their files' names. What isn't signed with the key is passed over."""
    for name in _names(folder):
        found = _read(folder / name, key)
        if found is not None:
            yield name, found


def is_foreign(folder: Path, key: bytes) -> bool:
    """True if the newest trace here isn't signed with the key."""
    newest = _names(folder)[:1]
    return any(_read(folder / name, key) is None for name in newest)


def _names(folder: Path) -> list[str]:
    try:
        return sorted((name for name in os.listdir(folder) if name.endswith(".json") and name[0] != "."), reverse=True)  # noqa: PTH208
    except OSError:
        return []


def _read(path: Path, key: bytes) -> Trace | None:
    try:
        if path.is_symlink() or path.stat().st_size > _MAX_BYTES:
            return None
        code, _, content = path.read_bytes().partition(b"\n")
        if not keys.is_signed(key, content, code.decode("ascii", "replace")):
            return None
        data = json.loads(content)
        if data.pop("schema", None) != SCHEMA:
            return None
        if data["step"] != path.parent.name:  # somebody has moved it
            return None
        return _decoded(data)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _encoded(trace: Trace) -> dict[str, Json]:
    found = wire.encode(trace)
    assert isinstance(found, dict)  # noqa: S101  # a dataclass is encoded as a dict
    return found


def _decoded(data: Mapping[str, Any]) -> Trace:
    """By hand: this is read for each step of each run, and its bytes are our own, signed."""
    return Trace(
        run=data["run"],
        step=data["step"],
        at=data["at"],
        wall_s=data.get("wall_s", 0.0),
        cells=tuple(data.get("cells", ())),
        planned=tuple(data.get("planned", ())),
        ingredients=data.get("ingredients", {}),
        outputs=data.get("outputs", {}),
        executed=data["executed"],
        files=data.get("files", {}),
        sites=tuple(data.get("sites", ())),
    )
