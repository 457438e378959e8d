"""What the author tells of a statement or a function in, and what that does to the walk out."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nb2pipe.analysis import resources
from nb2pipe.analysis.directives import Complaint, Told
from nb2pipe.analysis.heap import Value
from nb2pipe.model import At, Resource, Severity

if TYPE_CHECKING:
    from nb2pipe.analysis.frames import Frames

_SOME_FILE = Resource("file", "*")


@contextmanager
def applied(frames: Frames, told: Told) -> Iterator[None]:
    """The statement runs inside: it needs, changes, reads and writes what the author tells, besides what is seen.

    Files that are told stand for those that the code doesn't name.
    """
    state = frames.state
    if told.effects:
        state.told.add(state.at)
    for name, line in told.needs:
        _read(frames, name, line)
    known = _SOME_FILE in state.record.reads, _SOME_FILE in state.record.writes
    outer, frames.calls_are_pure = frames.calls_are_pure, frames.calls_are_pure or told.pure
    try:
        yield
    finally:
        frames.calls_are_pure = outer
    for paths, places, before, write in (
        (told.reads, state.record.reads, known[0], False),
        (told.files, state.record.writes, known[1], True),
    ):
        if paths and not before:
            places.pop(_SOME_FILE, None)
        for path in paths:
            resources.file(state, Value(literal=path), write=write)
            if not write:
                resources.source(state, Value(literal=path))
    for name, line in told.updates:
        _change(frames, name, line)


@contextmanager
def changing_nothing(frames: Frames) -> Iterator[None]:
    """What is called inside changes nothing in place, says the author. It still reads, binds, and touches files."""
    used = set(frames.used)
    frames.state.pure += 1
    try:
        yield
    finally:
        frames.state.pure -= 1
        frames.used = used  # a function that ran in here may change something where it runs next


def complain(frames: Frames, complaints: Sequence[Complaint]) -> None:
    """Report what is wrong with a cell's comments."""
    state = frames.state
    for item in complaints:
        here, state.at = state.at, At(state.at.cell, item.line)
        state.say("N2P230", Severity.ERROR, item.message, hint=item.hint)
        state.at = here


def _read(frames: Frames, name: str, line: int) -> Value:
    """The name is read on the comment's line; in a function, where that is called."""
    state = frames.state
    here = state.at
    if frames.frame.kind == "module":
        state.at = At(here.cell, line)
    found = frames.evaluate(ast.Name(name, ast.Load()))
    state.at = here
    return found


def _change(frames: Frames, name: str, line: int) -> None:
    state = frames.state
    found = _read(frames, name, line)
    pure, state.pure = state.pure, 0  # to tell of a change goes before telling that there is none
    state.change(found.objects)
    state.change(found.objects, deep=True)
    if not found.objects and name in state.names:
        if found.refs:  # a module: its state can't be handed on
            state.touch("options", min(found.refs), write=True)
        else:
            state.update(name)
    state.pure = pure
