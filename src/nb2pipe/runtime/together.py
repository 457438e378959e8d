"""A step and the one before it in its process in; out, the namespace as the notebook has it where this step begins.

What steps of one process leave stays where it is: values that can't be stored, and those that can. What a step of
another process has bound or changed meanwhile goes, and is loaded like any other value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nb2pipe.runtime.demand import is_own
from nb2pipe.runtime.fetch import outputs_of
from nb2pipe.runtime.session import Earlier, Session, StepProblem, import_units


def go_on(session: Session, before: Session) -> None:
    """Take over what `before` knew and left. Raises StepProblem if it did not come to its end."""
    if not (before.out / "outputs.json").is_file():
        raise StepProblem(f"step '{before.plan['id']}', which runs in the same process, has not ended")
    session.defined = before.defined
    session.replays = before.replays
    session.cell_of_file = before.cell_of_file
    session.environ = before.environ
    latest = {name: _latest(session, name) for name in session.main if not is_own(name)}
    for name, step in latest.items():
        if step is not None and step.id not in session.process and not _is_from(session, before, name, step):
            del session.main[name]
    units_module = import_units()
    objects = _stored(before)
    units = {unit.id: unit for unit in before.units}
    for object_id in set(objects.values()):
        names = {name for name, found in objects.items() if found == object_id and name in session.main}
        if names:
            members = {name: session.main[name] for name in names}
            units[object_id] = units_module.Unit(object_id, members, frozenset(names), [])
    there = session.main.keys()  # a step of this process may have deleted some
    session.units = [
        replace(unit, wanted=frozenset(name for name in unit.wanted & there if objects.get(name, unit.id) == unit.id))
        for unit in units.values()
    ]
    session.loaded = {name: session.main[name] for unit in session.units for name in unit.wanted}
    session.kept = set(session.main)


def _latest(session: Session, name: str) -> Earlier | None:
    """The last earlier step that has to do with the name, as far as its code or its record shows."""
    for earlier in reversed(session.earlier):
        outputs = outputs_of(session, earlier, name, wait=False)
        if name in earlier.names or (outputs is not None and _touched(outputs, name)):
            return earlier
    return None


def _touched(outputs: Mapping[str, Any], name: str) -> bool:
    return any(name in outputs[part] for part in ("values", "deleted", "failed"))


def _is_from(session: Session, before: Session, name: str, step: Earlier) -> bool:
    """True if the value that is here was loaded from that step, and is still what it was."""
    outputs = outputs_of(session, step, name, wait=False)
    if outputs is None or name not in outputs["values"]:
        return False
    held = {name: unit.id for unit in before.units for name in unit.wanted}
    return bool(held.get(name) == outputs["values"][name]["object"])


def _stored(before: Session) -> Mapping[str, str]:
    outputs = json.loads((before.out / "outputs.json").read_text(encoding="utf-8"))
    return {name: value["object"] for name, value in outputs["values"].items()}
