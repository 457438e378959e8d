"""A request in; out, a run whose steps are all fresh, if they are. No process is started for it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from nb2pipe.files import write_atomic
from nb2pipe.journal import Journal
from nb2pipe.layout import RunDir
from nb2pipe.locks import open_lock, try_lock
from nb2pipe.model import (
    Bundle,
    Json,
    RunEvent,
    RunFinished,
    RunState,
    StepFinished,
    Warned,
)
from nb2pipe.targets.local import reuse
from nb2pipe.targets.local.fresh import Reused, Stale
from nb2pipe.targets.local.request import Request
from nb2pipe.targets.local.reuse import WentBy
from nb2pipe.targets.local.scrub import Scrubber, scrubbed
from nb2pipe.targets.local.stored import Outputs


class UnchangedRun:
    """A run that was over when it began: each step's results are those of an earlier run."""

    def __init__(
        self, run: RunDir, events: list[RunEvent], executed: Mapping[str, Mapping[str, Json]], went_by: WentBy | None
    ) -> None:
        self.dir = run
        self._events = events
        self._executed = executed
        self.went_by = went_by
        """What all of it hangs on, if that can be told."""

    @property
    def id(self) -> str:
        """The run's id."""
        return self.dir.id

    def events(self) -> Iterator[RunEvent]:
        """All events from the first to RunFinished."""
        yield from self._events

    def executed(self, step_id: str) -> Mapping[str, Json] | None:
        """A step's executed notebook."""
        return self._executed.get(step_id)

    def cancel(self, by: str = "SIGINT") -> None:
        """Nothing is under way."""

    @contextlib.contextmanager
    def forwarding_signals(self) -> Iterator[None]:
        """Nothing is under way that a signal would have to stop."""
        yield


def unchanged(run: RunDir, request: Request, bundle: Bundle) -> UnchangedRun | None:
    """The run, its record written; None if a step has to run, or if the notebook is being run. Raises OSError."""
    found, _ = reuse.of(run, request)
    if found is None or request.force or request.only is not None:
        return None
    lock = open_lock(Path(request.lock))
    try:
        if not try_lock(lock, f"run {request.run} (process {os.getpid()})"):
            return None
        return _taken(run, request, bundle, found)
    except ValueError:  # what is damaged is found again, and told of, where the steps run
        return None
    finally:
        os.close(lock)


def _taken(run: RunDir, request: Request, bundle: Bundle, earlier: reuse.Reuse) -> UnchangedRun | None:
    results: dict[str, Reused] = {}
    done: dict[str, Outputs] = {}
    for step in request.pipeline.steps:
        if step.id in results:
            continue
        found = earlier.find(request.pipeline.process_of(step.id), done, ())
        if isinstance(found, Stale):
            return None
        results.update(found)
        done.update((key, item.outputs) for key, item in found.items())
        earlier.note(found)
    executed = {step.id: earlier.executed(step, results[step.id]) for step in request.pipeline.steps}
    newest = all(earlier.is_newest(step, results[step.id]) for step in request.pipeline.steps)
    for step in request.pipeline.steps:
        earlier.renew(step, results[step.id])
    put_back = list(earlier.put_back(request.pipeline.steps, done))
    notes = [*request.notes, *put_back]
    earlier.save()
    events = _events(request, results, notes)
    for file in bundle.files:
        if file.path == "pipeline.json":
            write_atomic(run.pipeline, file.content, durable=False)
    request.write(run)
    journal = Journal(run.events)
    journal.extend(events)
    journal.close()
    # what was decided by records that were not the newest, or by files that were others, may be decided otherwise next
    went_by = earlier.went_by(list(results.values())) if newest and not put_back else None
    return UnchangedRun(run, events, executed, went_by)


def _events(request: Request, results: Mapping[str, Reused], notes: list[str]) -> list[RunEvent]:
    now = datetime.now(UTC)
    found: list[RunEvent] = [request.started(now, os.getpid()), *(Warned(now, note) for note in notes)]
    for step in request.pipeline.steps:
        item = results[step.id]
        values, metrics = item.outputs.variables, item.outputs.metrics
        found.append(
            StepFinished(now, step.id, RunState.SUCCEEDED, values=values, metrics=metrics, reused=item.trace.run)
        )
    scrubber = Scrubber(os.environ.get(name, "") for name in request.secret_variables)
    return [*(scrubbed(event, scrubber) for event in found), RunFinished(now, RunState.SUCCEEDED)]
