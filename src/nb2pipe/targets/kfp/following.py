"""What is known of a run and what the server now says of it in; the events that lie between out. Nothing is asked here.

KFP shows a task as several nodes: `fit-driver`, which prepares it, and `fit` itself, under which its pod runs; with
retries, `fit(0)`, `fit(1)`. The names are the tasks' names in the compiled pipeline. Nodes have ids such as
`study-x7k2-123`; the pod of that node is `study-x7k2-system-container-impl-123`, after KFP's template.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime

from nb2pipe.model import (
    CancelRequested,
    Run,
    RunEvent,
    RunFinished,
    RunState,
    StepFinished,
    StepRun,
    StepStarted,
)
from nb2pipe.records import dataclass
from nb2pipe.targets.kfp.answers import RemoteRun, RemoteTask

_ATTEMPT = re.compile(r"\(([0-9]{1,6})\)$")
_DRIVER = "-driver"
_POD = "executor"
_ROOT = "root"
_TEMPLATES = ("system-container-impl", "retry-system-container-impl")


@dataclass(frozen=True)
class Seen:
    """A task as its nodes show it. `pods`: what its pods may be called, likeliest first. `prepared`: by its driver."""

    task: str
    state: RunState
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempt: int = 1
    pods: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    prepared: bool = True

    @property
    def mark(self) -> str:
        """Tells this end of the task from another one."""
        return f"{self.state.value} {self.finished_at}"


@dataclass(frozen=True)
class Place:
    """Where a run is, as its record keeps it: what `attach` needs. `marks`: ends of tasks from before a retry."""

    name: str
    experiment: str
    run: str = ""
    tasks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)


def seen(remote: RemoteRun, tasks: Iterable[str]) -> Mapping[str, Seen]:
    """Each task that the server knows something of."""
    nodes: dict[str, list[tuple[int, RemoteTask]]] = {}
    for node in remote.tasks:
        attempt = _ATTEMPT.search(node.name)
        base = node.name[: attempt.start()] if attempt is not None else node.name
        nodes.setdefault(base, []).append((int(attempt[1]) if attempt is not None else -1, node))
    named = {_number(node.pod): node for node in remote.tasks if node.pod}
    found = {task: _seen(task, nodes.get(task, ()), nodes.get(task + _DRIVER, ()), named) for task in tasks}
    return {task: item for task, item in found.items() if item is not None}


def _seen(
    task: str,
    own: Sequence[tuple[int, RemoteTask]],
    driver: Sequence[tuple[int, RemoteTask]],
    named: Mapping[str, RemoteTask],
) -> Seen | None:
    if own:
        ordered = sorted(own, key=lambda item: item[0])
        whole = ordered[0][1] if ordered[0][0] < 0 else ordered[-1][1]
        pods = tuple(dict.fromkeys(pod for _, node in reversed(ordered) for pod in _pods(node.children, named)))
        errors = tuple(dict.fromkeys(error for _, node in reversed(ordered) for error in node.errors))
        attempt = max(ordered[-1][0], 0) + 1
        return Seen(task, whole.state, whole.started_at, whole.finished_at, attempt, pods, errors)
    if driver:
        last = max(driver, key=lambda item: item[0])[1]
        if last.state in (RunState.FAILED, RunState.CANCELED, RunState.SKIPPED):
            pods = (last.pod,) if last.pod else ()
            return Seen(task, last.state, last.started_at, last.finished_at, 1, pods, last.errors, prepared=False)
    return None


def _pods(children: Sequence[str], named: Mapping[str, RemoteTask], depth: int = 0) -> Iterator[str]:
    """The pods of these nodes, last first; under a node that repeats its pod, those of its attempts.

    A pod's name holds its node's number; a server that doesn't tell the pods' names leaves them to be made up.
    """
    for child in reversed(children):
        number = _number(child)
        node = named.get(number)
        if node is not None and node.name == _POD and depth == 0:  # with attempts under it: `executor(0)` and so on
            attempts = [item for item in node.children if _is_attempt(named.get(_number(item)))]
            yield from _pods(attempts, named, depth + 1)
        if node is not None:
            yield node.pod
            continue
        workflow = child[: -len(number) - 1]
        yield from (f"{workflow}-{template}-{number}" for template in _TEMPLATES if workflow)
        yield child


def _is_attempt(node: RemoteTask | None) -> bool:
    return node is not None and node.name.startswith(_POD) and _ATTEMPT.search(node.name) is not None


def _number(node: str) -> str:
    return node.rpartition("-")[2]


def news(run: Run, remote: RemoteRun, place: Place, now: datetime) -> Iterator[RunEvent | Seen]:
    """What happened since `run`, in order. A `Seen` stands for the end of a task that failed: why is still to be asked.

    A run that was asked to stop and is FAILED in the end was canceled, and so are its tasks: that is how KFP ends it.
    """
    known = {step.id: step for step in run.steps}
    canceling = RunState.CANCELING in (run.state, remote.state)
    if canceling and run.state is not RunState.CANCELING:
        yield CancelRequested(now, "the run was terminated on the cluster")
    found = seen(remote, [task for task in place.tasks if not _is_ambiguous(task, place.tasks)])
    for item in sorted(found.values(), key=lambda item: (item.started_at is None, item.started_at or now)):
        if item.mark == place.marks.get(item.task) and item.state is not RunState.SUCCEEDED:
            continue  # what a retry has taken back
        if canceling and item.state is RunState.FAILED:
            item = replace(item, state=RunState.CANCELED)  # noqa: PLW2901  # the same task, by another name
        steps = [known[step] for step in place.tasks[item.task] if step in known]
        if not steps and item.state is RunState.FAILED and remote.state.done:
            yield item  # a task of nb2pipe's own, without a step: told of once, at the end
        yield from _of_task(item, steps, now)
    if remote.state is RunState.SUCCEEDED:
        yield from _all_done(known.values(), found, place, now)
    if remote.state.done:
        canceled = canceling and remote.state is RunState.FAILED
        at = max(remote.finished_at or now, run.started_at)  # two machines' clocks
        yield RunFinished(at, RunState.CANCELED if canceled else remote.state)


def _is_ambiguous(task: str, tasks: Iterable[str]) -> bool:
    """True if KFP has nodes of its own by this name: their states are not the task's."""
    return task in (_POD, _ROOT) or any(task == other + _DRIVER for other in (*tasks, _ROOT))


def _all_done(
    steps: Iterable[StepRun], found: Mapping[str, Seen], place: Place, now: datetime
) -> Iterator[StepFinished]:
    """A run that succeeded has done all its steps, also those that the server tells nothing of."""
    told = {step for task, item in found.items() if item.state.done for step in place.tasks[task]}
    for step in steps:
        if not step.state.done and step.id not in told:
            yield StepFinished(now, step.id, RunState.SUCCEEDED)


def _of_task(item: Seen, steps: Sequence[StepRun], now: datetime) -> Iterator[RunEvent | Seen]:
    waiting = [step for step in steps if not step.state.done]
    ran = item.state is not RunState.PENDING and item.state is not RunState.SKIPPED
    for step in waiting:
        if ran and item.prepared and (step.state is RunState.PENDING or step.attempt < item.attempt):
            yield StepStarted(item.started_at or now, step.id, item.attempt)
    if not item.state.done or not waiting:
        return
    if item.state is RunState.FAILED:
        yield item
        return
    for step in waiting:
        because = {
            RunState.SKIPPED: "the cluster left it out",
            RunState.CANCELED: "the run was canceled",
        }.get(item.state)
        yield StepFinished(item.finished_at or now, step.id, item.state, wall_s=wall_s(item), because=because)


def wall_s(item: Seen) -> float:
    """How long the task took, as far as the server says."""
    if item.started_at is None or item.finished_at is None:
        return 0.0
    return max(0.0, (item.finished_at - item.started_at).total_seconds())
