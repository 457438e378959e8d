"""Star imports that were just replayed in; out, a namespace without what the notebook has bound over them since.

Which names `from m import *` brings is known only here. Those that the notebook binds or deletes further down, before
this step, are other values by now: a parameter's, or one that is fetched when it is asked for.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from nb2pipe.runtime.session import Session

_Place = tuple[int, int]  # cell and line


def settle(session: Session) -> None:
    """Take out what is another value by now. The rest counts as there before the step, which didn't bind it."""
    before = dict(session.before)
    for name, place in sorted(_brought(session).items()):
        if name in session.kept:
            continue
        if any(name in earlier.names and earlier.last >= place[0] for earlier in session.earlier):
            del session.main[name]
            session.seen.discard(name)
        elif name in session.parameters and session.parameter_places[name] > place:
            session.main[name] = session.parameters[name]
        else:
            before[name] = session.main[name]
    session.before = before


def _brought(session: Session) -> Mapping[str, _Place]:
    """The names that now have the value of a star import: where the last one stands that brings it."""
    found: dict[str, _Place] = {}
    for key in session.plan.get("definitions", ()):
        definition = session.definitions[key]
        at = definition["at"]
        for name, value in _public(definition):
            if name in session.main and session.main[name] is value:
                found[name] = (at["cell"], at.get("line", 1))
    return found


def _public(definition: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """What a definition brings, if it is a star import."""
    if definition["kind"] != "import" or definition["names"]:
        return
    for statement in ast.parse(definition["source"]).body:
        if isinstance(statement, ast.ImportFrom) and statement.module in sys.modules:
            members = vars(sys.modules[statement.module])
            names = members.get("__all__") or [name for name in members if not name.startswith("_")]
            yield from ((name, members[name]) for name in names if name in members)
