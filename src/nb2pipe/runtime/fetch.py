"""A name and the steps before this one in; out, the name's value as the notebook would have it here, in `main`.

Served is only what the provider rule says: the last earlier step, in notebook order, that bound, changed or deleted the
name. A step that may do so and hasn't ended is waited for.
"""

from __future__ import annotations

import builtins
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nb2pipe.runtime.session import Earlier, Session, StepProblem

POLL_S = 0.05

_records: dict[tuple[Path, int], Mapping[str, Any]] = {}  # by place and time: by hand a step may run again

LoadUnits = Callable[[Session, Mapping[str, str]], list[Any]]
Replay = Callable[[Session, str], bool]


def fetch(session: Session, name: str, load_units: LoadUnits, replay: Replay) -> bool:
    """Put the value of `name` into `session.main`, if an earlier step, a definition or a parameter has one.

    Raises StepProblem if there is a value and it can't be had: the end of the step raises it again, should the user's
    code catch it.
    """
    if name in session.asked or name in session.seen or name in session.main:
        return name in session.main
    session.asked[name] = {"cell": session.cell, "step": None}
    try:
        source = _from_a_step(session, name, load_units)
        if source == "" and not _from_the_plan(session, name, replay):
            # before this becomes a NameError: a step that has not ended may bind it, whatever its code shows
            source = None if hasattr(builtins, name) else _from_a_step(session, name, load_units, wait_for_all=True)
            source = source or None
    except StepProblem as error:
        session.problem = str(error)
        raise
    if source is None:
        return False
    session.asked[name] = {"cell": session.cell, "step": source}
    session.seen.add(name)
    return True


def is_latest(session: Session, name: str, object_id: str) -> bool:
    """True if, of all earlier steps, the last one that has to do with `name` stored it in this object."""
    for earlier in reversed(session.earlier):
        outputs = outputs_of(session, earlier, name, wait=False)
        if outputs is None:
            if name in earlier.names:
                return False
        elif name in outputs["values"]:
            return bool(outputs["values"][name]["object"] == object_id)
        elif name in outputs["deleted"] or name in outputs["failed"]:
            return False
    return False


def _from_a_step(session: Session, name: str, load_units: LoadUnits, *, wait_for_all: bool = False) -> str | None:
    """The step that it came from; empty if no step has a word on it; None if it was deleted."""
    for earlier in reversed(session.earlier):
        outputs = outputs_of(session, earlier, name, wait=wait_for_all or name in earlier.names)
        if outputs is None:
            continue
        if name in outputs["values"]:
            object_id = outputs["values"][name]["object"]
            if session.sent is not None and object_id not in session.sent:
                session.asked[name] = {"cell": session.cell, "step": earlier.id}
                raise StepProblem(
                    f"`{name}` of step '{earlier.id}' is read, which the code does not show, so it was not sent here: "
                    f"write `# nb2pipe: needs {name}` on the line that reads it"
                )
            _load(session, name, object_id, load_units)
            return earlier.id
        if name in outputs["deleted"]:
            return None
        if name in outputs["failed"]:
            session.asked[name] = {"cell": session.cell, "step": earlier.id}  # the next plan has to know
            why = outputs["failed"][name]
            raise StepProblem(f"`{name}` ({why['type']}) is read, and step '{earlier.id}' could not store it")
    return ""


def _load(session: Session, name: str, object_id: str, load_units: LoadUnits) -> None:
    for position, unit in enumerate(session.units):
        if unit.id == object_id:
            session.units[position] = replace(unit, wanted=unit.wanted | {name})
            value = unit.members[name]
            break
    else:
        (unit,) = load_units(session, {name: object_id})
        session.units.append(unit)
        value = unit.members[name]
    session.loaded[name] = session.main[name] = value


def _from_the_plan(session: Session, name: str, replay: Replay) -> bool:
    if replay(session, name):
        return True
    if name in session.all_parameters:
        session.main[name] = session.parameters[name] = session.all_parameters[name]
        return True
    if name in session.unsent:
        raise StepProblem(
            f"`{name}` is read, which the code does not show, so it was not sent here: write `# nb2pipe: needs {name}` "
            f"on the line that reads it"
        )
    return False


def _wait_for(session: Session, earlier: Earlier, done: Path, name: str) -> None:
    """Wait until a step is done. Others may run in this one's place, lest it waits for one that can't begin."""
    if not session.may_wait:
        raise StepProblem(f"run step '{earlier.id}' first: `{name}` may come from it")
    waiting = session.out / "waiting.json"
    waiting.touch()
    try:
        while not done.is_file():
            if (earlier.path / "ended.json").is_file():
                raise StepProblem(f"`{name}` is read, and may come from step '{earlier.id}', which did not succeed")
            time.sleep(POLL_S)
    finally:
        waiting.unlink(missing_ok=True)


def outputs_of(session: Session, earlier: Earlier, name: str, *, wait: bool) -> Mapping[str, Any] | None:
    """What the step stored; None if it has not ended and isn't to be waited for."""
    awaited = session.may_wait and earlier.id not in session.process
    done = earlier.path / ("commit.json" if awaited else "outputs.json")
    if not done.is_file():
        if not wait:
            return None
        _wait_for(session, earlier, done, name)
    path = earlier.path / "outputs.json"
    key = (path, path.stat().st_mtime_ns)
    if key not in _records:
        _records[key] = json.loads(path.read_text(encoding="utf-8"))
    return _records[key]
