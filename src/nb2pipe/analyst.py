"""A notebook's path or content in, again and again as it changes; what analysis finds out, quickly, out.

For programs that stay: a server that analyses notebooks while people type in them. One process stays with it, and
nothing of a notebook is ever looked at in this one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, Self, TypeVar

from nb2pipe import bounded, templates
from nb2pipe.analyzing import Analyzed, Given, OnScreen, Source, analyze_here, within_bounds
from nb2pipe.config import Limits
from nb2pipe.errors import Canceled
from nb2pipe.learned import Lessons
from nb2pipe.model import Json
from nb2pipe.standby import Standby, Superseded
from nb2pipe.suggesting import Suggestion, suggest_steps

P = ParamSpec("P")
T = TypeVar("T")

_MARK_BYTES = 12


class Analyst:
    """Analyses notebooks for any number of threads, each within the limits, in forks of one process that stays.

    That process is started with the first call, and anew if it dies. Calls with the same `line` (a notebook in an
    editor, say) are about versions of the same notebook: one that is under way is ended when the next comes, and
    raises Canceled (N2P115). A version that differs from the one before in a later cell is analysed from there on.
    """

    def __init__(self, limits: Limits | None = None, *, at_once: int = 2) -> None:
        self._limits = limits
        self._standby = Standby(prepare, at_once)

    def analyze(
        self,
        source: Source,
        *,
        line: str = "",
        folder: Path | None = None,
        lessons: Lessons | None = None,
        safe: bool = False,
        seeded: bool = False,
    ) -> Analyzed:
        """As `analyze`, but the `raw` of the notebook that it returns is empty. Raises Canceled too."""
        given = Given(folder, lessons or {}, safe, seeded, bare=True)
        limits = self._limits or Limits.from_environment()
        with self._asking(line, _marks(source) if line else ()):
            return within_bounds(analyze_here, source, limits, given)

    def suggest(
        self,
        source: Source,
        *,
        again: bool = False,
        line: str = "",
        folder: Path | None = None,
        lessons: Lessons | None = None,
    ) -> Suggestion:
        """As `suggest`. Raises Canceled too. Its `line` is another one than that of `analyze`, whatever its name."""
        with self._asking(line and f"suggest {line}"):
            return suggest_steps(source, again=again, limits=self._limits, folder=folder, lessons=lessons)

    def do(self, use_case: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Any use-case of `nb2pipe.api`, in this thread, with all analysis that it needs done as here."""
        with self._asking():
            return use_case(*args, **kwargs)

    def cancel(self, line: str) -> None:
        """End what is under way for that line: its caller gets Canceled."""
        self._standby.cancel(line)
        self._standby.cancel(f"suggest {line}")

    def close(self) -> None:
        """End the process, and what it does. Whoever waits for it gets Canceled."""
        self._standby.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _asking(self, line: str = "", marks: tuple[bytes, ...] = ()) -> Iterator[None]:
        try:
            with self._standby.asking(line, marks) as place, bounded.carried_out_by(place):
                yield
        except Superseded as error:
            message = "the analysis was given up: the notebook is asked about anew"
            raise Canceled.of("N2P115", message, hint="wait for the newer answer") from error


def prepare() -> None:
    """Load what analysis needs: tables, and what is made with first use. The notebooks are nb2pipe's own."""
    for name in templates.TEMPLATES:
        analyze_here(templates.template(name), Limits())


def _marks(source: Source) -> tuple[bytes, ...]:
    """What tells where two versions of a notebook begin to differ: one for each cell, without its outputs."""
    content = source.content if isinstance(source, OnScreen) else source
    cells = content.get("cells") if isinstance(content, Mapping) else None
    return tuple(_mark(cell) for cell in cells) if isinstance(cells, list) else ()


def _mark(cell: Json) -> bytes:
    kept = cell
    if isinstance(cell, Mapping):
        kept = {key: value for key, value in cell.items() if key not in ("outputs", "execution_count")}
    try:
        text = json.dumps(kept)
    except (TypeError, ValueError, RecursionError):  # no JSON data: it will be refused
        text = ""
    return hashlib.blake2b(text.encode(), digest_size=_MARK_BYTES).digest()
