"""A Bundle and where to run it in; out, a run that goes on by itself: its events, and a way to stop it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
import types
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import cast

import nb2pipe
from nb2pipe import mounts
from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.files import make_private_dir, write_atomic
from nb2pipe.journal import Reader
from nb2pipe.layout import RunDir
from nb2pipe.locks import shared
from nb2pipe.model import Bundle, CancelRequested, Diagnostic, Json, RunEvent, RunFinished, RunState, Severity, Warned
from nb2pipe.processes import is_alive, load_identity, send, signal_name, wait_for
from nb2pipe.targets.local import ahead, kernels, runtime_files
from nb2pipe.targets.local import isolated as isolation
from nb2pipe.targets.local.ahead import Ahead
from nb2pipe.targets.local.ingredients import planned
from nb2pipe.targets.local.leftovers import sweep
from nb2pipe.targets.local.request import RUNNER, Request, sockets_dir
from nb2pipe.targets.local.scrub import SHORTEST
from nb2pipe.targets.local.unchanged import UnchangedRun, unchanged

SOON_S, POLL_S = 0.004, 0.03  # how long to wait for the next event: after one, and at most
END_LIMIT_S = 10.0

_BALLAST_BYTES = 1 << 16
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class LocalRun:
    """A run that a supervisor looks after: started here, or by somebody else.

    A run started here and attached is cancelled when this object goes or this program ends: follow `events()` to
    the end.
    """

    def __init__(
        self, run: RunDir, process: subprocess.Popen[bytes] | None = None, lifeline: FileIO | None = None
    ) -> None:
        self.dir = run
        self._process = process
        self._lifeline = lifeline  # a file: it is closed when this object goes

    @property
    def id(self) -> str:
        """The run's id."""
        return self.dir.id

    def events(self, *, poll_s: float = POLL_S) -> Iterator[RunEvent]:
        """All events from the first to RunFinished, as they come.

        If guard and supervisor are both killed, the run ends here with a Warned and a RunFinished that no record
        holds. Raises EnvironmentProblem (N2P605: the record is damaged; N2P606: the supervisor never began).
        """
        reader = Reader(self.dir.events)
        began = canceled = False
        pause_s = min(SOON_S, poll_s)
        while True:
            alive = self._is_alive()
            for event in reader.read():  # after the look at the process: what it wrote last is not missed
                began = True
                pause_s = min(SOON_S, poll_s)  # more may follow
                canceled = canceled or isinstance(event, CancelRequested)
                if isinstance(event, RunFinished):
                    self.close()
                    yield event
                    return
                yield event
            if not alive:
                self.close()
                yield from self._after_death(began=began, canceled=canceled)
                return
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, poll_s)

    def executed(self, step_id: str) -> Mapping[str, Json] | None:
        """A step's executed notebook, as far as it got; None if it never began. Raises ValueError for a damaged one."""
        path = self.dir.step(step_id).executed
        return cast("Mapping[str, Json]", json.loads(path.read_bytes())) if path.is_file() else None

    def cancel(self, by: str = "SIGINT") -> None:
        """Ask the run to stop; a second time: at once. Follow `events()` to see it end. No error if it has ended."""
        if self._lifeline is not None and not self._lifeline.closed:
            with contextlib.suppress(OSError):  # it has ended
                self._lifeline.write(f"{by}\n".encode())
            return
        number = getattr(signal, by, signal.SIGTERM) if by in _SIGNALS else signal.SIGTERM
        supervisor = load_identity(self.dir.supervisor)
        if supervisor is not None:
            send(supervisor, number)

    @contextlib.contextmanager
    def forwarding_signals(self) -> Iterator[None]:
        """While in this block, SIGINT, SIGTERM and SIGHUP to this program cancel the run. Main thread only."""

        def forward(number: int, _frame: types.FrameType | None) -> None:
            self.cancel(signal_name(number))

        before = {
            number: signal.signal(number, forward) for name in _SIGNALS if (number := getattr(signal, name, None))
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def close(self) -> None:
        """Wait until the run's last process is gone. Cancels an attached run that hasn't ended."""
        if self._process is None:
            return
        if self._lifeline is not None:
            self._lifeline.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            wait_for(self._process, END_LIMIT_S)

    def _is_alive(self) -> bool:
        if self._process is not None and self._process.poll() is None:
            return True
        supervisor = load_identity(self.dir.supervisor)
        return supervisor is not None and is_alive(supervisor)

    def _after_death(self, *, began: bool, canceled: bool) -> Iterator[RunEvent]:
        with contextlib.suppress(OSError, ValueError):
            shutil.rmtree(sockets_dir(Request.read(self.dir)), ignore_errors=True)
        if not began:
            last = _last_line(self.dir.log)
            raise EnvironmentProblem.of(
                "N2P606", f"the run's supervisor did not start: {last}", hint=f"details are in {self.dir.log}"
            )
        now = datetime.now(UTC)
        yield Warned(now, "the run's supervisor was killed; its record is not complete")
        yield RunFinished(now, RunState.CANCELED if canceled else RunState.FAILED)


def start(
    bundle: Bundle,
    run_dir: Path,
    *,
    folder: Path,
    parameters: Mapping[str, Json] | None = None,
    jobs: int | None = None,
    kernel: str | None = None,
    isolated: bool = False,
    attached: bool = True,
    notes: tuple[str, ...] = (),
    runner: str = RUNNER,
    cache: bool = False,
    force: tuple[str, ...] = (),
    only: tuple[str, ...] | None = None,
    before: tuple[str, ...] = (),
    safe: bool = False,
    early: Ahead | None = None,
) -> LocalRun | UnchangedRun:
    """Start a run of the Bundle in `run_dir` (made by `runs.store.create`), its steps' working directory `folder`.

    `jobs` steps at most run at a time; None: as many as there are processors. `kernel` is a kernelspec's name that
    goes before the notebook's own. `isolated`: in a copy of the folder. `attached`: ends when this program ends.
    `parameters` are all of the pipeline's, with their final values. `notes` become the run's first warnings.
    `runner` is for tests. `cache`: earlier runs' results are taken where they are fresh, and this one's are kept; a run
    in a copy does neither. `force`: steps (ids) that run all the same. `only`: those to look at; they need no others.
    `before`: the runs that this one goes on for: what they made of `force` will do. `safe`: how the Bundle was planned.
    `early`: a supervisor that waits for a run; closing it is the caller's.

    Raises EnvironmentProblem before anything runs: N2P503 to N2P506 the kernel, N2P507 a secret's environment
    variable is not set, N2P508 the folder is too large to copy, N2P509 the folder isn't there or can't be read,
    N2P510 this system, N2P601 the run's directory can't be written. The run's directory is removed then.
    """
    run = RunDir(run_dir.resolve())
    in_use = contextlib.ExitStack()
    try:
        _check_system(folder)
        sweep(run)
        lock = in_use.enter_context(shared(run.root.in_use))
        make_private_dir(run.path / "steps")  # again, if it was collected before it was in use
        warnings = _check_secrets(bundle)
        command = kernels.KernelCommand("", ())
        if runner == RUNNER:
            command = kernels.find(bundle.pipeline.kernel, kernel, early.kernels() if early is not None else None)
        notebook = bundle.pipeline.notebook or "notebook.ipynb"
        folder = folder.resolve()
        request = Request(
            run=run.id,
            notebook=notebook,
            folder=str(folder),
            pipeline=bundle.pipeline,
            jobs=max(1, jobs or os.cpu_count() or 1),
            parameters=dict(parameters or {}),
            kernel=command.name,
            kernel_asked=kernel is not None,
            kernel_argv=command.argv,
            kernel_env=command.env,
            digest=command.digest,
            lock="" if isolated else str(run.root.lock(folder / Path(notebook).name)),
            sockets=secrets.token_hex(16),
            attached=attached,
            notes=(*_network(run), *notes, *warnings),
            version=nb2pipe.__version__,
            runner=runner,
            cache=cache and not isolated,
            force=force,
            only=only,
            before=before,
            safe=safe,
        )
        if request.cache:
            ours = planned(bundle, request.parameters, request.kernel_argv, request.kernel_env, request.version)
            request = replace(request, planned=ours)
            nothing_to_do = unchanged(run, request, bundle)
            if nothing_to_do is not None:
                return nothing_to_do
        if isolated:
            request = _isolate(run, request)
        _write(run, request, bundle)
        return _launch(run, lock, early, attached=attached)
    except OSError as error:
        shutil.rmtree(run.path, ignore_errors=True)
        raise _cannot_write(error, run) from error
    except EnvironmentProblem:
        shutil.rmtree(run.path, ignore_errors=True)
        raise
    finally:
        in_use.close()


def attach(run_dir: Path) -> LocalRun:
    """A run that somebody else started, to follow or to cancel."""
    return LocalRun(RunDir(run_dir.resolve()))


def cancel(run_dir: Path, *, by: str = "SIGTERM") -> None:
    """Stop a run from another program. Raises BadInput (N2P604) if nobody looks after it any more."""
    run = RunDir(run_dir.resolve())
    supervisor = load_identity(run.supervisor)
    if supervisor is None or not send(supervisor, getattr(signal, by)):
        raise BadInput.of("N2P604", f"run {run.id} is not under way", hint="`nb2pipe runs` shows what became of it")


def _check_system(folder: Path) -> None:
    if os.name != "posix":
        raise EnvironmentProblem.of(
            "N2P510", "local runs need Linux or macOS so far", hint="on Windows, use nb2pipe in WSL"
        )
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.X_OK):
        raise EnvironmentProblem.of(
            "N2P509", f"the notebook's folder {folder} isn't there or can't be read", hint="check its permissions"
        )


def _check_secrets(bundle: Bundle) -> tuple[str, ...]:
    """Every secret's variable must be set. Returns warnings on those too short to be masked."""
    warnings: list[str] = []
    missing: list[Diagnostic] = []
    for variable, (step, label) in _secrets(bundle).items():
        value = os.environ.get(variable)
        if value is None:
            message = f"step `{step}` needs the secret {label}, and the environment variable {variable} is not set"
            hint = f"set it before the run, for example: read -rs {variable} && export {variable}"
            missing.append(Diagnostic("N2P507", Severity.ERROR, message, hint=hint))
        elif len(value) < SHORTEST:
            warnings.append(f"the secret in {variable} has fewer than {SHORTEST} characters: it can't be masked")
    if missing:
        raise EnvironmentProblem(missing)
    return tuple(warnings)


def _network(run: RunDir) -> tuple[str, ...]:
    """A warning if the run is kept where other machines may be at work too."""
    found = mounts.network(run.root.path)
    return () if found is None else (mounts.warning(run.root.path, found),)


def _secrets(bundle: Bundle) -> dict[str, tuple[str, str]]:
    """variable -> (the first step that asks for it, the secret's own name)."""
    found: dict[str, tuple[str, str]] = {}
    for step in bundle.pipeline.steps:
        for secret in step.options.secrets:
            found.setdefault(secret.env, (step.name, f"{secret.name}/{secret.key}"))
    return found


def _isolate(run: RunDir, request: Request) -> Request:
    copied = isolation.copy(Path(request.folder), run.folder, without=run.root.path)
    note = f"the steps run in a copy of the folder ({copied}): {run.folder}"
    return replace(request, folder=str(run.folder), notes=(*request.notes, note))


def _write(run: RunDir, request: Request, bundle: Bundle) -> None:
    """All that the supervisor reads. Raises OSError."""
    for file in bundle.files:
        path = Path(file.path)
        if file.path == "pipeline.json":
            write_atomic(run.pipeline, file.content)
        elif path.parent == Path("steps"):
            files = run.step(path.stem)
            make_private_dir(files.path)
            write_atomic(files.notebook, file.content, durable=False)
    runtime_files.copy(run.runtime)
    write_atomic(run.ballast, os.urandom(_BALLAST_BYTES), durable=False)
    request.write(run)


def _launch(run: RunDir, lock: int, early: Ahead | None, *, attached: bool) -> LocalRun:
    """Start guard and supervisor, out of reach of the terminal's signals. They hold the lock as long as they live."""
    log = os.open(run.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        taken = early.take_on(run.path, lock=lock, log=log) if early is not None and attached else None
        if taken is not None:
            return LocalRun(run, *taken)
        theirs, ours = os.pipe() if attached else (os.open(os.devnull, os.O_RDONLY), None)
        try:
            process = subprocess.Popen(  # noqa: S603  # our own module, no shell
                ahead.command(str(run.path)),
                stdin=theirs,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),
                start_new_session=True,
            )
        except BaseException:
            if ours is not None:
                os.close(ours)
            raise
        finally:
            os.close(theirs)
        return LocalRun(run, process, None if ours is None else FileIO(ours, "wb"))
    finally:
        os.close(log)


def _cannot_write(error: OSError, run: RunDir) -> EnvironmentProblem:
    message = f"the run can't be written to {run.root.path}: {error.strerror or error}"
    hint = "free some space or change the permissions there, or choose another place with `--run-dir`"
    return EnvironmentProblem([Diagnostic("N2P601", Severity.ERROR, message, hint=hint)])


def _last_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2] or "it said nothing"
    except OSError as error:
        return str(error.strerror)
