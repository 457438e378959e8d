"""A record that grows, looked at again and again: each event counts once, and text stays within bounds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nb2pipe import wire
from nb2pipe.errors import BadInput
from nb2pipe.files import write_atomic
from nb2pipe.journal import Journal
from nb2pipe.layout import RunDir
from nb2pipe.model import CancelRequested, Printed, RunEvent, RunFinished, RunStarted, RunState, StepStarted
from nb2pipe.processes import Identity, identify
from nb2pipe.runs import store, watching
from nb2pipe.runs.watching import KEPT_CHARACTERS, KEPT_EVENTS, Watched

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Record:
    """A run that this process looks after."""

    def __init__(self, root: Path) -> None:
        self.dir: RunDir = store.create(root)
        self.journal = Journal(self.dir.events)
        self.look_after(identify(os.getpid()))

    def look_after(self, identity: Identity) -> None:
        write_atomic(self.dir.supervisor, wire.dumps(wire.encode(identity)).encode())

    def began(self) -> Record:
        return self.add(RunStarted(AT, self.dir.id, "train.ipynb", "d", (("fit", "fit"),), 1, os.getpid()))

    def add(self, *events: RunEvent) -> Record:
        self.journal.extend(events)
        return self


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    made = Record(tmp_path / ".nb2pipe")
    yield made
    made.journal.close()


def said(text: str, cell: int = 0, stream: str = "stdout") -> Printed:
    return Printed(AT, "fit", cell, stream, text)


def test_a_record_that_grows(record: Record) -> None:
    watched = Watched(record.dir)
    with pytest.raises(BadInput) as caught:
        watched.since(0)
    assert caught.value.diagnostics[0].code == "N2P602"
    record.began().add(StepStarted(AT, "fit"), said("a"))
    first = watched.since(0)
    assert (first.next, first.run.state, [item.text for item in first.printed]) == (3, RunState.RUNNING, ["a"])
    record.add(said("b"), said("c"), said("d", cell=1), said("e", cell=1, stream="stderr"), said("f", cell=1))
    assert [item.text for item in watched.since(first.next).printed] == ["bc", "d", "e", "f"]
    assert [item.text for item in watched.since(first.next + 1).printed] == ["c", "d", "e", "f"]
    assert watched.since(8).printed == watched.since(1 << 62).printed == ()
    record.add(RunFinished(AT, RunState.SUCCEEDED))
    last = watched.since(8)
    assert (last.next, last.run.state, last.is_merged, last.cut) == (9, RunState.SUCCEEDED, False, False)
    record.dir.merged.write_text("{}", encoding="utf-8")
    assert watched.since(9).is_merged


@pytest.mark.parametrize(("more", "state"), [((), "FAILED"), ((CancelRequested(AT, "SIGTERM"),), "CANCELED")])
def test_a_supervisor_that_died(record: Record, more: tuple[RunEvent, ...], state: str) -> None:
    watched = Watched(record.dir)
    record.began().add(StepStarted(AT, "fit"), *more)
    assert not watched.since(0).run.state.done
    record.look_after(Identity(os.getpid(), 1, "another boot"))
    found = watched.since(0).run
    assert (found.state.value, found.steps[0].state.value) == (state, state)
    assert found == store.load(record.dir.root.path, record.dir.id)


@pytest.mark.parametrize(
    ("texts", "kept", "cut"),
    [
        (["a" * 10, "b" * 10], "a" * 10 + "b" * 10, False),
        (["a" * KEPT_CHARACTERS], "a" * KEPT_CHARACTERS, False),
        (["a", "b" * KEPT_CHARACTERS], "b" * KEPT_CHARACTERS, True),
        (["a" + "b" * KEPT_CHARACTERS], "b" * KEPT_CHARACTERS, True),
        (["a"] + ["b"] * KEPT_EVENTS, "b" * KEPT_EVENTS, True),
    ],
)
def test_text_stays_within_bounds(record: Record, texts: list[str], kept: str, cut: bool) -> None:
    record.began().add(*map(said, texts))
    found = Watched(record.dir).since(0)
    assert "".join(item.text for item in found.printed) == kept
    assert found.cut is cut
    assert not Watched(record.dir).since(found.next).cut


def test_a_run_that_is_removed(record: Record) -> None:
    record.began()
    watched = Watched(record.dir)
    assert watched.since(0).next == 1
    record.dir.path.rename(record.dir.path.with_name("gone"))
    with pytest.raises(BadInput):
        watched.since(0)


def test_joined_takes_nothing_away() -> None:
    items = [said("a"), said("b", 1), said("c", 1), said("d")]
    assert [item.text for item in watching.joined(items)] == ["a", "bc", "d"]
