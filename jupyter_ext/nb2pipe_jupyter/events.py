"""Folders of runs in; out, an event on the Jupyter server's bus when a run of them starts, ends, or is removed.

So other tabs, and the panel where a run was started in a terminal, need not ask again and again.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from jupyter_events import EventLogger

from nb2pipe import api
from nb2pipe.errors import Nb2pipeError
from nb2pipe.model import Run
from nb2pipe_jupyter.service import Service

SCHEMA_ID = "urn:nb2pipe:run-changed"
SCHEMA: dict[str, Any] = {
    "$id": SCHEMA_ID,
    "version": "1",
    "title": "A run of a notebook's pipeline has changed",
    "personal-data": True,
    "type": "object",
    "properties": {
        "path": {"title": "The notebook, relative to the server's root", "type": "string"},
        "run": {"title": "The run's id", "type": "string"},
        "state": {"title": "Its state; REMOVED if it is gone", "type": "string"},
    },
    "required": ["path", "run", "state"],
    "additionalProperties": False,
}

_MOST_LOOKED_AT = 50  # runs of a folder, newest first


class Watcher:
    """Looks at the folders that somebody asked about not long ago: at their names, and at runs that are under way."""

    def __init__(self, service: Service, bus: EventLogger, every_s: float) -> None:
        self._service = service
        self._bus = bus
        self._every_s = every_s
        self._known: dict[Path, dict[str, Run | None]] = {}
        self._changed: dict[Path, int] = {}
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look, in a thread of its own."""
        self._thread = threading.Thread(target=self._watch, name="nb2pipe-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._end.set()

    def under_way(self) -> dict[str, str]:
        """The runs that are under way, as far as is known: id and state."""
        return {
            run.id: run.state.value
            for runs in list(self._known.values())
            for run in list(runs.values())
            if run is not None and not run.state.done
        }

    def _watch(self) -> None:
        while not self._end.wait(self._every_s):
            with contextlib.suppress(OSError, RuntimeError):  # a folder that goes, a loop that has ended
                for root in self._service.roots():
                    self.look(root)

    def look(self, root: Path) -> None:
        """Tell what has changed in a folder since the last look; at the first, nothing has."""
        before = self._known.get(root)
        changed = _changed_at(root)
        if (
            before is not None
            and changed == self._changed.get(root)
            and not any(_is_open(run) for run in before.values())
        ):
            return
        self._changed[root] = changed
        now: dict[str, Run | None] = {}
        for run_id in api.run_ids(root)[:_MOST_LOOKED_AT]:
            known = None if before is None else before.get(run_id)
            now[run_id] = known if known is not None and known.state.done else self._read(root, run_id)
        self._known[root] = now
        if before is not None:
            self._tell(root, before, now)

    def _tell(self, root: Path, before: Mapping[str, Run | None], now: Mapping[str, Run | None]) -> None:
        for run_id, run in now.items():
            was = before.get(run_id)
            if run is not None and (was is None or was.state is not run.state):
                self._emit(root, run, run.state.value)
        oldest = min(now, default="")
        for run_id, run in before.items():
            if run is not None and run_id not in now and run_id >= oldest:
                self._service.forget(root, run_id)
                self._emit(root, run, "REMOVED")

    def _read(self, root: Path, run_id: str) -> Run | None:
        with contextlib.suppress(Nb2pipeError):  # it has not begun, or is just removed
            return self._service.look(root, run_id)[0]
        return None

    def _emit(self, root: Path, run: Run, state: str) -> None:
        with contextlib.suppress(Nb2pipeError):
            path = self._service.places.shown(root.parent / PurePath(run.notebook).name)
            data = {"path": path, "run": run.id, "state": state}
            self._service.on_loop(lambda: self._bus.emit(schema_id=SCHEMA_ID, data=data))


def _is_open(run: Run | None) -> bool:
    return run is None or not run.state.done


def _changed_at(root: Path) -> int:
    """Changes when a run's folder comes or goes."""
    try:
        return os.stat(root / "runs").st_mtime_ns  # noqa: PTH116  # one system call
    except OSError:
        return 0
