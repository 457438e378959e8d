"""The process that looks after a run: a request in; events, commit records and no left-over process out.

One thread, one loop: workers' pipes, signals, time limits. `python -P -m nb2pipe.targets.local.supervisor <run dir>`;
with `--wait` in place of the directory it gets ready and waits to be told, see `ahead`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from nb2pipe import keys, wire
from nb2pipe.files import write_atomic
from nb2pipe.journal import Journal
from nb2pipe.layout import RunDir
from nb2pipe.locks import open_lock, owner_of, try_lock
from nb2pipe.model import (
    CancelRequested,
    CellStarted,
    Printed,
    RunEvent,
    RunFinished,
    RunState,
    Step,
    StepError,
    StepFinished,
    StepStarted,
    Warned,
)
from nb2pipe.processes import IS_LINUX, descendants, identify, kill_descendants, reap
from nb2pipe.targets.local import ahead, reuse, stored
from nb2pipe.targets.local.fresh import Stale
from nb2pipe.targets.local.guard import guard
from nb2pipe.targets.local.judging import Judge
from nb2pipe.targets.local.request import Job, Outcome, Report, Request, places_of, sockets_dir, spec_of
from nb2pipe.targets.local.running import Running, Took
from nb2pipe.targets.local.schedule import Schedule
from nb2pipe.targets.local.scrub import Scrubber, scrubbed
from nb2pipe.targets.local.watch import Watch
from nb2pipe.targets.local.worker import launch, load_runner

INTERRUPT_S = 5.0  # after a time limit: what the kernel gets between SIGINT and SIGKILL
CANCEL_S = 3.0  # the same after a cancel
LOCK_POLL_S = 0.2
WAITING_POLL_S = 0.5  # how often to look whether a step that runs waits for one that has not begun
RETRY_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)  # before the second attempt, the third, ...

log = logging.getLogger(__name__)


class Supervisor:
    """Runs the steps of one request. `lock` is the open lock file, None for a run that needs no lock."""

    def __init__(self, run: RunDir, request: Request, watch: Watch, lock: int | None, sockets: Path) -> None:
        self.dir = run
        self.request = request
        self._watch = watch
        self._lock = lock
        self._sockets = sockets
        self._journal = Journal(run.events)
        self._scrubber = Scrubber(os.environ.get(name, "") for name in request.secret_variables)
        self._reuse, self._no_reuse = reuse.of(run, request)
        os.environ.pop(keys.VARIABLE, None)  # it is not for the kernels
        self._judges = Judge(run, request, self._scrubber, self._reuse)
        self._schedule = Schedule(request.pipeline)
        self._places = places_of(run, request.pipeline.steps)
        self._running: dict[str, Running] = {}
        self._waiting: dict[str, tuple[int, float]] = {}  # step -> (its next attempt, when)
        self._done: dict[str, stored.Outputs] = {}
        self._began: dict[str, frozenset[str]] = {}  # step -> the steps that were done then
        self._canceled = False
        self._because: dict[str, tuple[str, ...]] = {}  # why a step has to run
        self._ran: set[str] = set()  # steps whose results are this run's own

    # --- the run ---------------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Make the run. Returns 0 once its last event is written, whatever its state; nothing is left running."""
        try:
            self._begin()
            while not self._schedule.done:
                self._turn()
            result = self._schedule.result()
            self._put_back(self.request.pipeline.steps)
        except Exception as error:  # the boundary: a fault of ours becomes a FAILED run and a log
            log.exception("the run can't go on")
            result = self._give_up(error)
        kill_descendants()
        if self._reuse is not None:
            self._reuse.save()
        self._emit(RunFinished(_now(), result))
        self._journal.close()
        return 0

    def _begin(self) -> None:
        request = self.request
        self._emit(request.started(_now(), os.getpid()))
        for note in (*request.notes, *filter(None, [self._no_reuse])):
            self._emit(Warned(_now(), note))
        self._take_lock()
        for step in self._schedule.leave_out(request.only):
            self._emit(StepFinished(_now(), step, RunState.SKIPPED, because="it was not asked for"))
            self._say_ended(step)
        if not self._canceled:
            load_runner(request.runner)  # before the first fork: every worker has it then

    def _turn(self) -> None:
        """Start what can start, and wait until something has happened."""
        self._start_ready()
        if self._running or self._waiting:
            self._wait()
        elif not self._schedule.done:
            raise RuntimeError("no step can start: the pipeline's steps wait for each other")
        self._see_to_time_limits()
        self._see_to_the_ended()

    def _take_lock(self) -> None:
        """Wait for the notebook's other run, saying whose it is."""
        said = False
        while self._lock is not None and not self._canceled:
            if try_lock(self._lock, f"run {self.request.run} (process {os.getpid()})"):
                return
            if not said:
                said = True
                self._emit(Warned(_now(), f"waits for {owner_of(self._lock)}, which runs the same notebook"))
            self._wait(LOCK_POLL_S)

    def _give_up(self, error: Exception) -> RunState:
        """Stop everything and end the record: nb2pipe can't go on."""
        self.dir.ballast.unlink(missing_ok=True)  # room for what is still to be written
        if self._journal.empty:  # it was the first event that could not be written
            self._emit(self.request.started(_now(), os.getpid()))
        for running in self._running.values():
            running.kill()
        if isinstance(error, OSError):
            place = f" {error.filename}" if error.filename else ""
            reason, cause = f"the run can't go on:{place} {error.strerror or error}", "store"
        else:
            reason, cause = f"nb2pipe failed: {type(error).__name__}: {error}; see {self.dir.log}", "error"
        for step, state in self._schedule.states.items():
            if state is RunState.RUNNING:
                self._emit(StepFinished(_now(), step, RunState.FAILED, error=StepError(cause, reason)))
            elif state is RunState.PENDING:
                self._emit(StepFinished(_now(), step, RunState.SKIPPED, because=reason))
        return RunState.FAILED

    def _emit(self, event: RunEvent) -> None:
        self._journal.append(scrubbed(event, self._scrubber))

    # --- waiting ---------------------------------------------------------------------------------------------------

    def _wait(self, at_most_s: float | None = None) -> None:
        times = [running.deadline for running in self._running.values()]
        if self._waiting and self._busy < self.request.jobs:
            times += [when for _, when in self._waiting.values()]
        next_time = min((when for when in times if when is not None), default=None)
        timeout = None if next_time is None else max(0.0, next_time - time.monotonic())
        if at_most_s is None and self._running and self._busy >= self.request.jobs and self._schedule.first():
            at_most_s = WAITING_POLL_S
        if at_most_s is not None:
            timeout = at_most_s if timeout is None else min(timeout, at_most_s)
        self._watch.wait(timeout)
        for by in self._watch.asked:
            self._cancel(by)
        self._watch.asked.clear()

    @property
    def _busy(self) -> int:
        """How many steps run. One that waits for a value of a step that has not begun is not among them."""
        return sum(not running.job.files.waiting.exists() for running in self._running.values())

    def _cancel(self, by: str) -> None:
        """Stop the run: gently the first time, at once the second."""
        self._emit(CancelRequested(_now(), by))
        for running in self._running.values():
            running.interrupt(kill_in_s=0.0 if self._canceled else CANCEL_S)
        self._canceled = True
        for step in self._schedule.cancel():
            self._end_canceled(step)
        for step in list(self._waiting):
            del self._waiting[step]
            self._schedule.ended(step, RunState.CANCELED)
            self._end_canceled(step)

    def _end_canceled(self, step: str, took: Took = Took()) -> None:  # noqa: B008  # nobody can change it
        because = "the run was cancelled"
        event = StepFinished(_now(), step, RunState.CANCELED, took.wall_s, because=because)
        self._emit(replace(event, cpu_s=took.cpu_s, peak_bytes=took.peak_bytes))
        self._say_ended(step)

    def _see_to_time_limits(self) -> None:
        now = time.monotonic()
        for running in self._running.values():
            if running.kill_at is not None and now >= running.kill_at:
                running.kill()
                running.kill_at = now + INTERRUPT_S  # nothing survives that; look again all the same
            limit = running.job.step.options.timeout_s
            if limit is not None and not running.timed_out and now >= running.started + limit:
                running.timed_out = True
                running.interrupt(kill_in_s=INTERRUPT_S)

    # --- steps -----------------------------------------------------------------------------------------------------

    def _start_ready(self) -> None:
        if self._canceled:
            return
        now = time.monotonic()
        due = [(step, attempt) for step, (attempt, when) in self._waiting.items() if when <= now]
        while (step_id := self._schedule.arrived()) is not None:
            self._take(step_id)  # what waited for it may have arrived then
        for step, attempt in due:
            if self._busy >= self.request.jobs:
                return
            del self._waiting[step]
            self._start(step, attempt, self._because.get(step, ()))
        while (step_id := self._schedule.first()) is not None and self._busy < self.request.jobs:
            self._schedule.started(step_id)
            self._start(step_id, 1, self._because.get(step_id, ()))

    def _take(self, step_id: str) -> None:
        """Take an earlier run's results for the steps of this process, if they are fresh; else say why not."""
        if self._reuse is None:
            return
        members = self.request.pipeline.process_of(step_id)
        found = self._reuse.find(members, self._done, self._ran)
        if isinstance(found, Stale):
            self._because[step_id] = found.reasons
            if found.damaged:
                self._warn_of_damage(step_id, found.reasons[0])
            return
        done, began = dict(self._done), dict(self._began)
        for step in members:
            began[step.id] = frozenset(done)
            problem = self._judges.problem_of(step, found[step.id].outputs, done, began)
            if problem is not None:
                self._because[step_id] = (problem.message,)
                return
            done[step.id] = found[step.id].outputs
        try:
            for step in members:
                self._reuse.take(step, found[step.id], self.dir.step(step.id))
        except (OSError, ValueError) as error:
            self._because[step_id] = (f"what an earlier run left can't be taken: {error}",)
            self._warn_of_damage(step_id, str(error))
            return
        for step in members:
            self._done[step.id], self._began[step.id] = done[step.id], began[step.id]
            self._finish(step.id, RunState.SUCCEEDED, outputs=done[step.id], reused=found[step.id].trace.run)

    def _warn_of_damage(self, step_id: str, what: str) -> None:
        name = self.request.pipeline.step(step_id).name
        self._emit(Warned(_now(), f"step `{name}` runs again: {what}", step_id))

    def _put_back(self, steps: Sequence[Step]) -> None:
        """Files that taken steps had written are there again, before somebody reads them."""
        if self._reuse is None:
            return
        try:
            for note in self._reuse.put_back(steps, self._done):
                self._emit(Warned(_now(), note))
        except (OSError, ValueError) as error:
            self._emit(Warned(_now(), f"a file that a step had written can't be put back: {error}"))

    def _start(self, step_id: str, attempt: int, because: tuple[str, ...] = ()) -> None:
        step = self.request.pipeline.step(step_id)
        sockets = Path(tempfile.mkdtemp(dir=self._sockets, prefix="k"))
        job = Job(self.request, self.dir, step, attempt, sockets)
        self._began[step_id] = frozenset(self._done)
        self._emit(StepStarted(_now(), step_id, attempt, because))
        self._put_back(self.request.pipeline.before(step_id))
        try:
            for member in job.members:
                self._prepare(replace(job, step=member))
        except OSError as error:
            message = f"step `{step.name}` can't start: {error.filename or job.files.path}: {error.strerror}"
            self._finish(step_id, RunState.FAILED, error=StepError("store", message))
            return
        running = Running(job, launch(job), lambda report: self._on_report(running, report))
        self._running[step_id] = running
        self._listen(running.worker.channel, running.read_channel)
        self._listen(running.worker.log, running.read_log)

    def _listen(self, descriptor: int, read: Callable[[], bool]) -> None:
        def on_readable() -> None:
            if read():
                self._watch.remove(descriptor)

        self._watch.add(descriptor, on_readable)

    def _prepare(self, job: Job) -> None:
        """Write what the step's runtime reads, and sweep what an earlier attempt left. Raises OSError."""
        files = job.files
        for path in (files.outputs, files.error, files.commit, files.ended, files.waiting, files.executed):
            path.unlink(missing_ok=True)
        before, around = self._schedule.before(job.step.id), self._schedule.around(job.step.id)
        values = stored.resolve(job.step, self._done, before, around)
        content = spec_of(job.request, job.run, job.step, values, self._places)
        text = json.dumps(content)  # it names all earlier steps: without indents it takes a tenth
        write_atomic(files.request, text.encode("ascii"), durable=False)

    def _on_report(self, running: Running, report: Report) -> None:
        step = running.job.step.id
        if report.done:
            self._go_on(running, report)
        elif report.text:
            self._emit(Printed(_now(), step, report.cell, report.stream, report.text))
        elif report.warning:
            self._emit(Warned(_now(), report.warning, step))
        elif report.kernel is None and report.cell is not None:
            self._emit(CellStarted(_now(), step, report.cell))

    def _go_on(self, running: Running, report: Report) -> None:
        """A step is done while its process goes on with the next one: judge it, and see whether that may be."""
        if running.judged:
            return
        job = running.job
        running.outcome = Outcome("completed", cpu_s=report.cpu_s, peak_bytes=report.peak_bytes)
        self._judge(running, 0)
        running.outcome = None
        following = replace(job, step=job.members[1], attempt=1)
        if self._schedule.states[following.step.id] is not RunState.PENDING:
            running.judged = True
            running.kill()
            return
        running.job, running.started, running.cell, running.timed_out = following, time.monotonic(), None, False
        self._schedule.started(following.step.id)
        self._began[following.step.id] = frozenset(self._done)
        self._emit(StepStarted(_now(), following.step.id, 1))

    # --- ends ------------------------------------------------------------------------------------------------------

    def _see_to_the_ended(self) -> None:
        codes = reap()
        running_now = self._running.items()
        ended = [(step, codes[running.worker.pid]) for step, running in running_now if running.worker.pid in codes]
        if ended:
            self._kill_strays()
        for step, code in ended:
            running = self._running.pop(step)
            self._watch.remove(running.worker.channel)
            self._watch.remove(running.worker.log)
            running.close()
            shutil.rmtree(running.job.sockets or self._sockets / "none", ignore_errors=True)
            if not running.judged:
                self._judge(running, code)

    def _kill_strays(self) -> None:
        """Kill what a killed worker left: it is below the supervisor now, and below no worker."""
        workers = {running.worker.pid for running in self._running.values()}
        deadline = time.monotonic() + INTERRUPT_S
        while strays := descendants(os.getpid(), spare=workers):
            for pid in strays:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            if time.monotonic() > deadline:
                self._emit(Warned(_now(), f"processes that a step started can't be killed: {strays}"))
                return
            time.sleep(0.01)

    def _judge(self, running: Running, code: int) -> None:
        """Say how a step ended. SUCCEEDED needs every cell run and a commit record on the disk."""
        step, took = running.job.step, running.took
        found = self._judges.judge(running, code, self._done, self._began)
        for warning in found.warnings:
            self._emit(Warned(_now(), warning, step.id))
        if found.error is None and found.outputs is not None:
            self._done[step.id] = found.outputs
            self._ran.add(step.id)
            self._finish(step.id, RunState.SUCCEEDED, took, outputs=found.outputs)
        elif self._canceled:
            self._schedule.ended(step.id, RunState.CANCELED)
            self._end_canceled(step.id, took)
        elif found.error is not None and self._may_retry(running.job, found.error):
            self._retry(running.job, found.error)
        else:
            self._finish(step.id, RunState.FAILED, took, error=found.error)

    def _may_retry(self, job: Job, error: StepError) -> bool:
        """A step that goes on in another one's process can't begin again: that one is done."""
        first = job.step.process in (None, job.step.id)
        return first and error.cause != "value" and job.attempt <= (job.step.options.retries or 0)

    def _retry(self, job: Job, error: StepError) -> None:
        pause_s = RETRY_S[min(job.attempt, len(RETRY_S)) - 1]
        attempts = 1 + (job.step.options.retries or 0)
        message = f"{error.message}; attempt {job.attempt + 1} of {attempts} starts in {pause_s:g} s"
        self._emit(Warned(_now(), message, job.step.id))
        self._waiting[job.step.id] = (job.attempt + 1, time.monotonic() + pause_s)

    def _finish(
        self,
        step: str,
        state: RunState,
        took: Took = Took(),  # noqa: B008  # nobody can change it
        *,
        error: StepError | None = None,
        outputs: stored.Outputs | None = None,
        reused: str = "",
    ) -> None:
        """The step is done; so are those that it leaves without what they need."""
        values = outputs.variables if outputs else {}
        metrics = outputs.metrics if outputs else {}
        event = StepFinished(_now(), step, state, took.wall_s, error, values=values, metrics=metrics, reused=reused)
        self._emit(replace(event, cpu_s=took.cpu_s, peak_bytes=took.peak_bytes))
        for lost, because in self._schedule.ended(step, state):
            self._emit(StepFinished(_now(), lost, RunState.SKIPPED, because=because))
            self._say_ended(lost)
        if state is not RunState.SUCCEEDED:
            self._say_ended(step)

    def _say_ended(self, step: str) -> None:
        """Tell steps that wait for a value of `step` that there will be none."""
        with contextlib.suppress(OSError):  # the run is failing anyway, and has said why
            write_atomic(self.dir.step(step).ended, b"{}\n", durable=False)


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> int:
    """Look after the run whose directory the argument names, or that is told. `supervisor.log` has what goes wrong."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    place = ahead.get_ready() if sys.argv[1] == ahead.WAITS else Path(sys.argv[1])
    if place is None:
        return 0
    run = RunDir(place)
    request = Request.read(run)
    sockets = sockets_dir(request)
    sockets.mkdir(mode=0o700)
    # opened before the fork: guard and supervisor share the lock, which so is held until both are gone
    lock = open_lock(Path(request.lock)) if request.lock else None

    def supervise() -> int:
        watch = Watch(sys.stdin.fileno() if request.attached else None)
        write_atomic(run.supervisor, wire.dumps(wire.encode(identify(os.getpid()))).encode())
        code = Supervisor(run, request, watch, lock, sockets).run()
        shutil.rmtree(sockets, ignore_errors=True)
        return code

    return guard(run, sockets, supervise) if IS_LINUX else supervise()


if __name__ == "__main__":
    _code = main()
    logging.shutdown()
    os._exit(_code)  # to take all modules apart first would be waited for
