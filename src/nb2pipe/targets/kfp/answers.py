"""JSON of a KFP server in, what it says of runs and tasks out. A server of another version may say more, or less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from nb2pipe.model import Json, RunState
from nb2pipe.records import dataclass

_STATES = {
    "RUNTIME_STATE_UNSPECIFIED": RunState.PENDING,
    "PENDING": RunState.PENDING,
    "PAUSED": RunState.PENDING,
    "RUNNING": RunState.RUNNING,
    "SUCCEEDED": RunState.SUCCEEDED,
    "SKIPPED": RunState.SKIPPED,
    "FAILED": RunState.FAILED,
    "CANCELING": RunState.CANCELING,
    "CANCELED": RunState.CANCELED,
}


@dataclass(frozen=True)
class RemoteTask:
    """A node of a run: a task's own, its driver's, or a pod's. `pod`: its own; `children`: ids of nodes under it."""

    name: str
    state: RunState
    started_at: datetime | None = None
    finished_at: datetime | None = None
    pod: str = ""
    children: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class RemoteRun:
    """A run as the server tells of it. `name` is its display name."""

    id: str
    name: str
    state: RunState
    created_at: datetime | None = None
    finished_at: datetime | None = None
    tasks: tuple[RemoteTask, ...] = ()
    errors: tuple[str, ...] = ()


def run_of(data: Json) -> RemoteRun:
    """A run. Raises ValueError for what is none: one without an id."""
    found = mapping(data)
    run_id = text(found.get("run_id"))
    if not run_id:
        raise ValueError("a run without an id")
    details = mapping(found.get("run_details"))
    return RemoteRun(
        id=run_id,
        name=text(found.get("display_name")),
        state=_state(found.get("state")),
        created_at=_time(found.get("created_at")),
        finished_at=_time(found.get("finished_at")),
        tasks=tuple(_task(item) for item in items(details.get("task_details"))),
        errors=_errors(found),
    )


def mapping(data: Json) -> Mapping[str, Json]:
    """The data if they are an object, else an empty one."""
    return data if isinstance(data, dict) else {}


def items(data: Json) -> Sequence[Json]:
    """The data if they are a list, else an empty one."""
    return data if isinstance(data, list) else []


def text(data: Json) -> str:
    """The data if they are a text, else an empty one."""
    return data if isinstance(data, str) else ""


def _task(data: Json) -> RemoteTask:
    found = mapping(data)
    children = [text(mapping(item).get("pod_name")) for item in items(found.get("child_tasks"))]
    return RemoteTask(
        name=text(found.get("display_name")),
        state=_state(found.get("state")),
        started_at=_time(found.get("start_time")),
        finished_at=_time(found.get("end_time")),
        pod=text(found.get("pod_name")),
        children=tuple(child for child in children if child),
        errors=_errors(found),
    )


def _state(data: Json) -> RunState:
    """A word that nobody knows yet is no end: it is looked at again."""
    return _STATES.get(text(data), RunState.RUNNING) if data is not None else RunState.PENDING


def _time(data: Json) -> datetime | None:
    """KFP says 1970 for what hasn't happened."""
    try:
        found = datetime.fromisoformat(text(data))
    except ValueError:
        return None
    found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return found.astimezone(UTC) if found.year > 1970 else None


def _errors(found: Mapping[str, Json]) -> tuple[str, ...]:
    """What is said of errors anywhere: of the whole, and in the history of its states, latest first."""
    said = [mapping(found.get("error"))]
    said += [mapping(mapping(item).get("error")) for item in reversed(items(found.get("state_history")))]
    return tuple(dict.fromkeys(message for item in said if (message := text(item.get("message")).strip())))
