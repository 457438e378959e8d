"""An error of nb2pipe's in, the status of the answer out."""

from __future__ import annotations

from collections.abc import Mapping

from nb2pipe.errors import BadInput, Canceled, Nb2pipeError
from nb2pipe.model import Diagnostic, Severity
from nb2pipe_jupyter.answers import Problems
from nb2pipe_jupyter.routes import Route

_ABSENT: Mapping[str, frozenset[str]] = {
    "run": frozenset({"N2P602", "N2P603"}),
    "verification": frozenset({"N2P602"}),
    "step": frozenset({"N2P610"}),
    "target": frozenset({"N2P751"}),
}
"""What an address names, and the codes that say that it isn't there."""

_STATUS: Mapping[str, int] = {
    "N2P604": 409,
    "N2P617": 409,
    "N2P618": 409,
    "N2P619": 409,
    "N2P620": 409,
    "N2P760": 409,
    "N2P802": 404,
    "N2P804": 413,
    "N2P805": 404,
    "N2P806": 429,
}


def status_of(error: Nb2pipeError, route: Route) -> int:
    """Which status tells of the error."""
    code = error.diagnostics[0].code
    if any(code in _ABSENT[name] for name in route.names):
        return 404
    if code in _STATUS:
        return _STATUS[code]
    if isinstance(error, Canceled):
        return 409
    return 400 if isinstance(error, BadInput) else 503


def internal(error: Exception) -> Problems:
    """What is told of a bug of ours; the rest is in the server's log."""
    message = f"internal error in nb2pipe's server extension: {type(error).__name__}"
    hint = "this is a bug of ours: please report it with what the server's log says"
    return Problems((Diagnostic("N2P807", Severity.ERROR, message, hint=hint),))
