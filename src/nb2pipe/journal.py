"""Run events to JSON lines on disk and back. Whoever executes writes; everybody else follows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

from nb2pipe import wire
from nb2pipe.errors import EnvironmentProblem
from nb2pipe.files import sync_dir
from nb2pipe.model import RunEvent, RunFinished, StepFinished


class Journal:
    """An append-only `events.jsonl`. A torn last line, left by a crash, is cut off when the file is opened."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = _whole_lines(self._descriptor)
        os.ftruncate(self._descriptor, self._size)
        if self.empty:
            sync_dir(path.parent)

    @property
    def empty(self) -> bool:
        """True as long as there is no event in it."""
        return self._size == 0

    def append(self, event: RunEvent) -> None:
        """Write one line; on disk for sure after a StepFinished and a RunFinished.

        Raises OSError (a full disk): the file then ends with the event before.
        """
        self.extend([event])

    def extend(self, events: Iterable[RunEvent]) -> None:
        """Write a line for each, all or none; on disk for sure if one of them is a StepFinished or a RunFinished."""
        events = list(events)
        # ASCII only: what a cell printed may hold lone surrogates, which no UTF-8 file can
        text = "".join(json.dumps(wire.encode(event, kind=True), separators=(",", ":")) + "\n" for event in events)
        content = text.encode("ascii")
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            if any(isinstance(event, StepFinished | RunFinished) for event in events):
                os.fsync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(content)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def _whole_lines(descriptor: int) -> int:
    """The number of bytes up to and with the last newline."""
    end = os.fstat(descriptor).st_size
    while end:
        start = max(0, end - 65_536)
        newline = os.pread(descriptor, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


class Reader:
    """Follows an `events.jsonl` that somebody else is writing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._line = 0
        self._rest = b""

    def read(self) -> Iterator[RunEvent]:
        """The events since the last call; a line that isn't whole yet waits for the next one.

        Raises EnvironmentProblem (N2P605) where a whole line is no event.
        """
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                content = file.read()
        except FileNotFoundError:
            return
        self._offset += len(content)
        *lines, self._rest = (self._rest + content).split(b"\n")
        for line in lines:
            self._line += 1
            yield self._decode(line)

    def _decode(self, line: bytes) -> RunEvent:
        try:
            return cast("RunEvent", wire.decode(RunEvent, json.loads(line)))
        except ValueError as error:
            raise EnvironmentProblem.of(
                "N2P605",
                f"line {self._line} of {self._path} is no event of a run: {error}",
                hint="the record is damaged, or another version of nb2pipe wrote it; `nb2pipe run` makes a new one",
            ) from error


def read_events(path: Path) -> list[RunEvent]:
    """All whole events in the file; a torn last line is left out, a file that isn't there holds none.

    Raises EnvironmentProblem (N2P605).
    """
    return list(Reader(path).read())
