"""A run's directory in; out, again and again, the run as it is now and what was printed since. For several threads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from nb2pipe.errors import BadInput
from nb2pipe.journal import Reader
from nb2pipe.layout import RunDir
from nb2pipe.model import CancelRequested, Printed, Run
from nb2pipe.records import dataclass
from nb2pipe.runs import store
from nb2pipe.runs.events import Reduction

KEPT_CHARACTERS = 400_000
"""Of what was printed, at the end."""

KEPT_EVENTS = 20_000
"""In which it was printed: many may be of a line each."""


@dataclass(frozen=True)
class Glance:
    """A run as it is now. `next`: how many events have been read. `printed` since the number that was asked for.

    `cut`: the first of it is left out. `is_merged`: the notebook with all outputs is there.
    """

    run: Run
    next: int
    printed: tuple[Printed, ...] = ()
    cut: bool = False
    is_merged: bool = False


class Watched:
    """A run's record, read as it grows: each event once, however often and by however many it is looked at."""

    def __init__(self, directory: RunDir) -> None:
        self.dir = directory
        self._lock = threading.Lock()
        self._reader = Reader(directory.events)
        self._told = Reduction()
        self._count = 0
        self._printed: deque[tuple[int, Printed]] = deque()
        self._characters = 0
        self._dropped = 0  # the number after that of the last event of which something was dropped
        self._last_at: datetime | None = None
        self._is_canceled = False

    def since(self, after: int) -> Glance:
        """The run now, and what was printed by the events from number `after` on, which counts from 0.

        Raises BadInput (N2P602) if the run never began or is gone, EnvironmentProblem (N2P605) if its record is
        damaged.
        """
        with self._lock:
            run = self._read()
            printed = joined(item for number, item in self._printed if number >= after)
            return Glance(run, self._count, printed, after < self._dropped, self.dir.merged.is_file())

    def _read(self) -> Run:
        alive = store.is_under_way(self.dir)  # first: a supervisor that ends in between has written its last event
        for event in self._reader.read():
            self._told.add(event)
            self._last_at = event.at
            self._is_canceled = self._is_canceled or isinstance(event, CancelRequested)
            if isinstance(event, Printed):
                self._keep(event)
            self._count += 1
        run = self._told.run
        if run is None or self._last_at is None or not self.dir.path.is_dir():
            raise BadInput.of("N2P602", f"there is no run `{self.dir.id}`", hint="`nb2pipe run` makes a new one")
        if run.state.done or alive or run.target:
            return run
        return store.after_death(run, self._last_at, canceled=self._is_canceled)

    def _keep(self, event: Printed) -> None:
        if len(event.text) > KEPT_CHARACTERS:
            event = replace(event, text=event.text[-KEPT_CHARACTERS:])
            self._dropped = self._count + 1
        self._printed.append((self._count, event))
        self._characters += len(event.text)
        while self._characters > KEPT_CHARACTERS or len(self._printed) > KEPT_EVENTS:
            number, gone = self._printed.popleft()
            self._characters -= len(gone.text)
            self._dropped = max(self._dropped, number + 1)


def joined(printed: Iterable[Printed]) -> tuple[Printed, ...]:
    """What was printed one after the other by the same cell to the same stream, as one text."""
    found: list[tuple[Printed, list[str]]] = []
    for item in printed:
        if found and _same_place(found[-1][0], item):
            found[-1][1].append(item.text)
        else:
            found.append((item, [item.text]))
    return tuple(replace(first, text="".join(texts)) for first, texts in found)


def _same_place(one: Printed, other: Printed) -> bool:
    return (one.step, one.cell, one.stream) == (other.step, other.cell, other.stream)
