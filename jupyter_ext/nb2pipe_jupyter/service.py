"""What all handlers share: settings, places, the analyst, and the runs that are looked at again and again."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from nb2pipe import api
from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.model import Run
from nb2pipe.records import dataclass
from nb2pipe_jupyter.analyses import Analyses
from nb2pipe_jupyter.places import Places

_MOST_WATCHED = 64
_MOST_ENDED = 2_000
_FORGOTTEN_S = 900.0  # so long after nobody asked about a folder, it is watched no more


@dataclass(frozen=True)
class Settings:
    """The administrator's, as `app.Nb2pipeApp` explains them."""

    max_body_bytes: int = 100_000_000
    max_answer_bytes: int = 100_000_000
    max_streams: int = 16
    max_at_once: int = 8
    max_waiting: int = 64
    most_runs: int = 50
    look_s: float = 3.0
    local_runs: bool = True
    change_targets: bool = True
    allowed_targets: tuple[str, ...] | list[str] = ("*",)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Of all of them."""
        return tuple(item.name for item in fields(cls))

    def allows(self, target: str) -> bool:
        """True for a connection that the panel may use."""
        return "*" in self.allowed_targets or target in self.allowed_targets


class Service:
    """One for each server. Its methods may be called in any thread."""

    def __init__(self, settings: Settings, places: Places) -> None:
        self.settings = settings
        self.places = places
        self.analyses = Analyses()
        self.streams = 0
        self.is_closing = False
        self.at_close: list[Callable[[], None]] = []
        self.loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._watched: OrderedDict[Path, api.Watched] = OrderedDict()
        self._ended: OrderedDict[Path, tuple[Run, int, Path]] = OrderedDict()
        self._roots: dict[Path, float] = {}
        self._looked: dict[str, float] = {}

    def on_loop(self, work: Callable[[], object]) -> None:
        """Have it done on the server's event loop, soon; not before the first question has come."""
        if self.loop is not None and not self.is_closing:
            self.loop.call_soon_threadsafe(work)

    def root(self, path: str) -> Path:
        """Where the runs of the notebook at this path are kept. Raises BadInput (N2P802, N2P803)."""
        root = api.runs_root(self.places.notebook(path))
        with self._lock:
            self._roots[root] = time.monotonic()
        return root

    def roots(self) -> list[Path]:
        """Those that somebody asked about not long ago."""
        now = time.monotonic()
        with self._lock:
            self._roots = {root: at for root, at in self._roots.items() if now - at < _FORGOTTEN_S}
            return list(self._roots)

    def watched(self, root: Path, run: str) -> api.Watched:
        """The run with just this id, to be looked at. Raises BadInput (N2P602)."""
        if not api.is_run_id(run):
            raise BadInput.of("N2P602", f"there is no run `{run[:80]}`", hint="choose one of the list")
        place = root / run
        with self._lock:
            found = self._watched.get(place)
            if found is not None and found.dir.path.is_dir():
                self._watched.move_to_end(place)
                return found
        found = api.watch(root, run)
        with self._lock:
            self._watched[place] = found
            while len(self._watched) > _MOST_WATCHED:
                self._watched.popitem(last=False)
        return found

    def look(self, root: Path, run: str) -> tuple[Run, int, bool]:
        """A run, the number of its events, and whether its notebook is there. One that has ended is read once.

        Raises BadInput (N2P602) for one that never began, EnvironmentProblem for one that is damaged.
        """
        with self._lock:
            known = self._ended.get(root / run)
        if known is not None:
            return known[0], known[1], known[2].is_file()
        watched = self.watched(root, run)
        found = watched.since(1 << 62)
        if found.run.state.done:
            with self._lock:
                self._watched.pop(root / run, None)  # with all that was printed
                self._ended[root / run] = (found.run, found.next, watched.dir.merged)
                while len(self._ended) > _MOST_ENDED:
                    self._ended.popitem(last=False)
        return found.run, found.next, found.is_merged

    def newest(self, root: Path, most: int) -> list[Run]:
        """The newest runs of a folder that can be read."""
        found: list[Run] = []
        for run in api.run_ids(root)[:most]:
            with contextlib.suppress(BadInput, EnvironmentProblem):
                found.append(self.look(root, run)[0])
        return found

    def forget(self, root: Path, run: str) -> None:
        """A run is gone."""
        with self._lock:
            self._ended.pop(root / run, None)
            self._watched.pop(root / run, None)

    def may_look(self, run: str) -> bool:
        """True if the cluster may be asked about a run again: with pauses, however many look at it."""
        now = time.monotonic()
        with self._lock:
            if now - self._looked.get(run, float("-inf")) < self.settings.look_s:
                return False
            self._looked = {key: at for key, at in self._looked.items() if now - at < _FORGOTTEN_S}
            self._looked[run] = now
            return True

    def close(self) -> None:
        """End what analyses, and the streams. Runs go on."""
        self.is_closing = True
        for end in self.at_close:
            end()
        self.analyses.close()
