"""A run on a KFP cluster in, what becomes of it out: looked at now and then, its events written to its record.

A run on a cluster has a record as a local one has: `runs`, `logs`, `cancel` and `resume` look at the same events. Who
follows it holds a lock and writes them; nobody has to.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import field, replace
from datetime import UTC, datetime
from pathlib import Path

from nb2pipe import wire
from nb2pipe.errors import BadInput, EnvironmentProblem, RemoteProblem
from nb2pipe.files import write_atomic
from nb2pipe.journal import Journal, Reader
from nb2pipe.layout import RunDir
from nb2pipe.locks import alone
from nb2pipe.model import Diagnostic, Printed, Run, RunEvent, RunFinished, RunState, StepFinished, Submitted, Warned
from nb2pipe.records import dataclass
from nb2pipe.runs import store
from nb2pipe.runs.events import Reduction
from nb2pipe.targets.kfp import reported
from nb2pipe.targets.kfp.answers import RemoteRun
from nb2pipe.targets.kfp.client import Server
from nb2pipe.targets.kfp.connections import Connection
from nb2pipe.targets.kfp.following import Place, Seen, news, seen, wall_s
from nb2pipe.targets.kfp.plain_words import Wanted, explained
from nb2pipe.targets.kfp.sending import Failure, Kind

LOOK_S = 3.0
"""Seconds between two looks at a run, if nothing else is asked for."""

PATIENCE_S = 3600.0
"""How long a server may be out of reach while a run is followed."""

SETTLED_S = 900.0
"""After so long no server is still at work on a request."""

JUNK_PATIENCE_S = 120.0
"""How long answers that are not KFP's are put up with: a page to log in at won't become one."""

FIRST_PAUSE_S = 1.0
"""After the first look that gave no answer; each pause after it is twice as long."""

_LONGEST_PAUSE_S = 60.0
_TELLING = 2_000  # characters at a log's end that may say why: what stands before, the user's code has printed


@dataclass(frozen=True)
class Remote:
    """`remote.json`: all that is needed to find a run again. No credential is in it."""

    connection: Connection
    place: Place
    wanted: Mapping[str, Wanted] = field(default_factory=dict)


def attach(root: Path, which: str = "latest") -> ClusterRun:
    """Follow a run that was submitted from here. Raises BadInput (N2P602, N2P603, N2P760), RemoteProblem."""
    directory = store.find(root, which)
    return ClusterRun(directory, Server(remote_of(directory).connection))


def look(root: Path, which: str = "latest") -> Run:
    """The run's record, brought up to date with one look at the cluster; as it is, if that isn't to be had now."""
    directory = store.find(root, which)
    run = store.load(root, directory.id)
    if run.target and not run.state.done:
        with contextlib.suppress(RemoteProblem, EnvironmentProblem):
            server = Server(remote_of(directory).connection, connect_s=3.0, read_s=10.0, whole_s=15.0)
            for _ in ClusterRun(directory, server).once():
                continue
        run = store.load(root, directory.id)
    return run


def remote_of(directory: RunDir) -> Remote:
    """Where the run in a directory is. Raises BadInput (N2P760) if it is not on a cluster, EnvironmentProblem."""
    try:
        found: Remote = wire.decode(Remote, json.loads(directory.remote.read_bytes()))
    except FileNotFoundError as error:
        raise BadInput.of(
            "N2P760", f"run {directory.id} is not on a cluster", hint="`nb2pipe runs` lists all, with where they are"
        ) from error
    except (OSError, ValueError) as error:
        raise EnvironmentProblem.of("N2P605", f"{directory.remote} can't be read: {error}") from error
    return found


def keep(directory: RunDir, remote: Remote) -> None:
    """Write down where a run is. Raises EnvironmentProblem (N2P601)."""
    try:
        write_atomic(directory.remote, wire.dumps(wire.encode(remote)).encode())
    except OSError as error:
        raise store.cannot_write(directory.path, error) from error


def only_one(server: Server, remote: Remote, kept: RemoteRun) -> Iterator[str]:
    """End what a slow server made besides, of requests whose answers were lost. Says what was done."""
    with contextlib.suppress(Failure):
        for run in server.runs_named(remote.place.name, remote.place.experiment):
            if run.id != kept.id and not run.state.done:
                server.terminate(run.id)
                yield f"the server made the run twice; the second one, {run.id}, was ended"


class ClusterRun:
    """A run on a cluster, followed from here. It goes on by itself: who stops following ends nothing."""

    def __init__(self, directory: RunDir, server: Server) -> None:
        self.dir = directory
        self.diagnostics: tuple[Diagnostic, ...] = ()
        self.look_s = LOOK_S
        self._server = server
        self._remote = remote_of(directory)
        self._reduction = Reduction()
        self._reader = Reader(directory.events)
        self._is_left = False

    @property
    def record(self) -> Run | None:
        """The run as the events so far tell."""
        return self._reduction.run

    @property
    def remote(self) -> str:
        """The run's id on the cluster; "" as long as it isn't known."""
        return self._remote.place.run

    @property
    def link(self) -> str:
        """The page that shows it."""
        return self._remote.connection.page(self.remote) if self.remote else ""

    @property
    def merged(self) -> Path:
        """Where the notebook with all outputs would be: what ran in pods is on KFP's pages."""
        return self.dir.merged

    def again(self) -> None:
        """A run on a cluster is not planned anew."""
        return

    def forwarding_signals(self) -> AbstractContextManager[None]:
        """Signals end the following, not the run."""
        return contextlib.nullcontext()

    def cancel(self, by: str = "") -> None:
        """Follow it no longer."""
        del by
        self._is_left = True

    def events(self) -> Iterator[RunEvent]:
        """All events from the first to RunFinished, as they come.

        Raises BadInput (N2P760) if somebody else follows it, Failure where the cluster can't be asked any more.
        """
        yield from self._recorded()
        if self._run().state.done:
            return
        with self._writing() as journal:
            yield from self._recorded()  # by who followed it until now
            if not self._run().state.done and not self._remote.place.run:
                yield from self._take(journal, self._searched())
            patience = _Patience()
            while not self._run().state.done and not self._is_left:
                try:
                    remote = self._server.run(self._remote.place.run)
                except Failure as failure:
                    yield from self._take(journal, patience.after(failure))
                    continue
                yield from self._take(journal, patience.over())
                yield from self._take(journal, self._told(remote))
                if not self._run().state.done and not self._is_left:
                    time.sleep(self.look_s)

    def once(self) -> Iterator[RunEvent]:
        """The events that one look at the cluster gives; none where somebody else follows the run."""
        with contextlib.suppress(BadInput), self._writing() as journal:
            for _ in self._recorded():
                continue
            if not self._run().state.done and not self._remote.place.run:
                yield from self._take(journal, self._searched())
            if not self._run().state.done:
                yield from self._take(journal, self._told(self._server.run(self._remote.place.run)))

    def _run(self) -> Run:
        if self._reduction.run is None:
            raise BadInput.of("N2P602", f"run {self.dir.id} never began", hint="`nb2pipe submit` makes a new one")
        return self._reduction.run

    def _recorded(self) -> Iterator[RunEvent]:
        for event in self._reader.read():
            self._reduction.add(event)
            yield event

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Journal]:
        with alone(self.dir.following) as free:
            if not free:
                message = f"run {self.dir.id} is submitted or followed by another process right now"
                raise BadInput.of("N2P760", message, hint="`nb2pipe runs show` tells its state")
            self._remote = remote_of(self.dir)
            with contextlib.closing(Journal(self.dir.events)) as journal:
                yield journal

    def _take(self, journal: Journal, events: Iterator[RunEvent]) -> Iterator[RunEvent]:
        for event in events:
            journal.append(event)
            self._reduction.add(event)
            yield event

    def _searched(self) -> Iterator[RunEvent]:
        """The run, if it was made. Raises RemoteProblem (N2P759) if it may be made yet."""
        place = self._remote.place
        there = self._server.runs_named(place.name, place.experiment)
        now = datetime.now(UTC)
        if not there and (now - self._run().started_at).total_seconds() < SETTLED_S:
            raise RemoteProblem.of(
                "N2P759",
                "the cluster has no such run so far; a server that is slow may make it yet",
                hint=f"in some minutes, `nb2pipe attach {self.dir.id}` knows; submit again only after that",
            )
        if not there:
            yield Warned(now, "the cluster has no such run: it was not made; `nb2pipe submit` makes a new one")
            yield RunFinished(now, RunState.FAILED)
            return
        self._remote = replace(self._remote, place=replace(place, run=there[0].id))
        keep(self.dir, self._remote)
        yield Submitted(now, there[0].id, self._remote.connection.page(there[0].id))
        for text in only_one(self._server, self._remote, there[0]):
            yield Warned(now, text)

    def _told(self, remote: RemoteRun) -> Iterator[RunEvent]:
        """What happened since the last look; with what the steps that ended have printed."""
        now = datetime.now(UTC)
        failed = any(step.state is RunState.FAILED for step in self._run().steps)
        for item in news(self._run(), remote, self._remote.place, now):
            if isinstance(item, Seen):
                failed = True
                yield from self._failed(item, remote, now)
            elif isinstance(item, RunFinished) and item.state is RunState.FAILED and not failed:
                for text in remote.errors[:1]:
                    yield Warned(now, f"the cluster says: {text}")
                yield item
            elif isinstance(item, StepFinished) and item.state is RunState.SUCCEEDED:
                yield from self._printed(item.step, remote, now)
                yield item
            else:
                yield item

    def _printed(self, step: str, remote: RemoteRun, now: datetime) -> Iterator[RunEvent]:
        tasks = self._remote.place.tasks
        task = next((task for task, steps in tasks.items() if step in steps), None)
        if task is None or tasks[task][0] != step:
            return  # the pod of several steps has one log
        said, _ = self._log(seen(remote, [task]).get(task))
        yield from _spoken(said, step, now)

    def _failed(self, item: Seen, remote: RemoteRun, now: datetime) -> Iterator[RunEvent]:
        """The end of a task that failed: of its first steps that had not ended, and of those that never began."""
        known = {step.id: step for step in self._run().steps}
        steps = [step for step in self._remote.place.tasks[item.task] if not known[step].state.done]
        said, problem = self._log(item)
        report = reported.report_of(said)
        if not steps:
            wanted = Wanted(item.task)
            told = report.error if report is not None else explained([*item.errors, *problem, said[-_TELLING:]], wanted)
            yield Warned(now, told.message)
            return
        failed = report.step if report is not None and report.step in steps else steps[0]
        yield from _spoken(said, failed, now)
        wanted = self._remote.wanted.get(failed, Wanted(known[failed].name))
        error = report.error if report is not None else None
        error = error or explained([*item.errors, *problem, said[-_TELLING:], *remote.errors], wanted)
        at = item.finished_at or now
        for step in steps[: steps.index(failed)]:
            yield StepFinished(at, step, RunState.SUCCEEDED)
        yield StepFinished(at, failed, RunState.FAILED, wall_s=wall_s(item), error=error)
        for step in steps[steps.index(failed) + 1 :]:
            yield StepFinished(at, step, RunState.SKIPPED, because=f"step `{known[failed].name}` failed before it")

    def _log(self, item: Seen | None) -> tuple[str, tuple[str, ...]]:
        """What a task's latest pod printed, and what the server said where it has no log: that is often the reason."""
        problems: list[str] = []
        for pod in item.pods if item is not None else ():
            try:
                return self._server.log(self._remote.place.run, pod), ()
            except Failure as failure:
                problems.append(str(failure))
            except EnvironmentProblem:
                break
        return "", tuple(problems)


def _spoken(log: str, step: str, now: datetime) -> Iterator[RunEvent]:
    """A pod's log as a run here would tell it."""
    for text in reported.warnings_of(log):
        yield Warned(now, text, step)
    text = reported.without_report(log)
    if text:
        yield Printed(now, step, None, "stdout", text)


class _Patience:
    """How long a server that can't be asked is asked again, and what is said of it: once when it goes, once after."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._pause_s = FIRST_PAUSE_S
        self._logins = 0

    def after(self, failure: Failure) -> Iterator[RunEvent]:
        """One more failure: wait, or raise it."""
        if failure.kind is Kind.LOGIN:
            self._logins += 1  # a token may be replaced by another process while it is read
        now = time.monotonic()
        since = self._since if self._since is not None else now
        gone = not failure.kind.passes and not (failure.kind is Kind.LOGIN and self._logins < 2)
        if gone or now - since > (JUNK_PATIENCE_S if failure.kind is Kind.JUNK else PATIENCE_S):
            hint = f"{failure.diagnostics[0].hint or ''}; the run goes on by itself: `nb2pipe attach` follows it again"
            raise Failure(failure.kind, str(failure), hint=hint.lstrip("; ")) from failure
        if self._since is None and failure.kind is not Kind.THROTTLED:
            yield Warned(datetime.now(UTC), f"{failure}; looking again, the run goes on by itself")
        self._since = since
        time.sleep(min(max(self._pause_s, failure.after_s), _LONGEST_PAUSE_S))
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)

    def over(self) -> Iterator[RunEvent]:
        """It answers."""
        self._since, self._pause_s, self._logins = None, FIRST_PAUSE_S, 0
        return iter(())
