"""The notebook's own functions, classes, imports and constants: replayed where a value or a name asks for them."""

from __future__ import annotations

import linecache
from collections.abc import Mapping
from typing import Any

from nb2pipe.runtime.session import Session, StepProblem


def note(session: Session, definition: Mapping[str, Any]) -> None:
    """Remember the functions and classes that travel as a reference."""
    if definition["kind"] not in ("function", "class"):
        return
    for name in definition["names"]:
        if name in session.main:
            session.defined[f"{definition['id']}:{name}"] = session.main[name]


def resolve(session: Session, ref: str) -> object:
    """The object of a definition. One that the plan did not replay here is replayed now, hidden from the step."""
    if ref not in session.defined:
        key, _, name = ref.partition(":")
        _replay_hidden(session, key)
        if ref not in session.defined:
            raise StepProblem(f"a value is made of {name!r}, which this pipeline does not define")
    return session.defined[ref]


def _replay_hidden(session: Session, key: str) -> None:
    definition = session.definitions.get(key)
    if definition is None:
        return
    session.replayed.add(key)
    names = list(definition["names"])
    before = {name: session.main[name] for name in names if name in session.main}
    for needed in definition.get("needs", ()):
        for name in session.definitions[needed]["names"]:
            if name not in session.main:
                _replay_hidden(session, needed)
    at = definition["at"]
    filename = f"cell {at['cell'] + 1} (replayed {key})"
    source = "\n" * (at.get("line", 1) - 1) + definition["source"] + "\n"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), session.main)  # noqa: S102  # the notebook's own definition, in its kernel
    note(session, definition)
    if definition["kind"] in ("function", "class"):
        for name in names:
            session.main.pop(name, None)
        session.main.update(before)
    elif session.replays is not None:
        session.replays.bound.update((name, session.main[name]) for name in names if name in session.main)


def replay_asked(session: Session, name: str) -> bool:
    """Put `name` into the step's namespace, if a definition above the step binds it."""
    first = min(session.plan["cells"], default=0)
    for key, definition in session.definitions.items():
        if name in definition["names"] and definition["at"]["cell"] < first:
            ref = f"{key}:{name}"
            if ref not in session.defined:
                _replay_hidden(session, key)
            if ref in session.defined:
                session.main[name] = session.defined[ref]
                if session.replays is not None:
                    session.replays.bound[name] = session.defined[ref]
            return name in session.main
    return False
