"""What is asked for in; out, a process of its own that sees to it, whatever becomes of who asked: runs, verifications.

The process is told over a pipe, and answers over one, once: with an id, or with what is wrong. Then it lets go of who
asked: it has a session of its own, no standard input, and stays what `nb2pipe run` would be in a terminal: it follows
the run to its end, writes the notebook with all outputs, and plans again what a run has taught. It reads and writes no
other channel: `runs`, `logs` and `cancel` see what it does.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import NoReturn

from nb2pipe.asked import Asked
from nb2pipe.config import Limits
from nb2pipe.errors import Canceled, EnvironmentProblem, Nb2pipeError
from nb2pipe.layout import RunDir
from nb2pipe.model import RunState
from nb2pipe.notebook import Content, OnScreen, as_saved
from nb2pipe.running import LocalPipelineRun
from nb2pipe.sealed import SealedRun
from nb2pipe.verified import Found, Keeper
from nb2pipe.verifying import Asked as VerifyAsked

ANSWER_S = 600.0
"""How long an answer may take: the plan is made, and files that steps read are looked at."""

_START = "import sys; from nb2pipe.detached import serve; serve()"


# --- this side ----------------------------------------------------------------------------------------------------


def run(source: Path | OnScreen, asked: Asked | None = None) -> str:
    """Start a run that goes on by itself, and give its id once its record has begun. Raises as `running.run` does."""
    place = source.path if isinstance(source, OnScreen) else source
    folder = place.absolute().parent  # of a link, where the link is
    here: Path | OnScreen = Path(place.name)  # as if `nb2pipe run` were called there: records and seals are the same
    if isinstance(source, OnScreen):
        here = replace(source, path=Path(place.name))
    return _answer(_run, folder, here, asked or Asked())


def resume(root: Path, which: str, content: Content | None = None) -> str:
    """Go on by itself with a run that ended before its steps did; the new run's id. `content`: as it is on the screen.

    Raises as `running.resumed` and `running.run` do.
    """
    from nb2pipe import running

    source, asked = running.resumed(root, which)
    return run(source if content is None else OnScreen(source, content), replace(asked, run_dir=root.resolve()))


def verify(source: Path, root: Path, asked: VerifyAsked | None = None) -> str:
    """Begin a verification that goes on by itself, kept in `root`; gives its id, see `verified`.

    Raises EnvironmentProblem.
    """
    return _answer(_verify, source.absolute().parent, Path(source.name), root.resolve(), asked or VerifyAsked())


def _answer(work: Callable[..., None], folder: Path, *arguments: object) -> str:
    """Have a process do `work` in a folder; what it answers."""
    if os.name != "posix":
        raise EnvironmentProblem.of(
            "N2P510", "local runs need Linux or macOS so far", hint="on Windows, use nb2pipe in WSL"
        )
    try:
        process = subprocess.Popen(  # noqa: S603  # our own module, no shell
            [sys.executable, "-P", "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            start_new_session=True,
        )
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        message = f"the notebook's folder {folder} isn't there or can't be read"
        raise EnvironmentProblem.of("N2P509", message, hint="check its permissions") from error
    try:
        content, _ = process.communicate(pickle.dumps((work.__name__, arguments)), timeout=ANSWER_S)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.communicate()
        raise
    answer = pickle.loads(content) if content else None  # noqa: S301  # our own process
    if isinstance(answer, BaseException):
        raise answer
    if not isinstance(answer, str):
        raise EnvironmentProblem.of(
            "N2P606",
            "the process that was to look after the run ended before it began",
            hint="look at free memory; `nb2pipe run` in a terminal tells more",
        )
    return answer


# --- the other side -----------------------------------------------------------------------------------------------


class _Asker:
    """Who asked: gets one answer."""

    def __init__(self) -> None:
        self._is_told = False

    def tell(self, answer: str | Exception) -> None:
        """Answer, and let go. Nothing happens the second time."""
        if self._is_told:
            return
        self._is_told = True
        with contextlib.suppress(OSError):  # who asked is gone; what was begun goes on
            content = memoryview(pickle.dumps(answer))
            while content:
                content = content[os.write(1, content) :]
        os.dup2(2, 1)


def serve() -> NoReturn:
    """The whole life of the process."""
    name, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301  # who started this process
    if os.fork():  # nobody has to wait for the one that stays
        os._exit(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    asker = _Asker()
    works: Mapping[str, Callable[..., None]] = {"_run": _run, "_verify": _verify}
    try:
        works[name](asker, *arguments)
    except Nb2pipeError as error:
        asker.tell(error)
    except Exception as error:  # noqa: BLE001  # the edge: what gets here is our bug, and is told as one
        asker.tell(RuntimeError("".join(traceback.format_exception(error))))
    os._exit(0)


def _run(asker: _Asker, source: Path | OnScreen, asked: Asked) -> None:
    handle: LocalPipelineRun | SealedRun | None = _begun(source, asked)
    while handle is not None:
        run = RunDir(handle.merged.parent)
        try:
            with handle.forwarding_signals():
                for _ in handle.events():
                    asker.tell(handle.id)  # its record has begun
            handle = handle.again()
        except Nb2pipeError as error:
            _note(run, error)
            raise


def _begun(source: Path | OnScreen, asked: Asked) -> LocalPipelineRun | SealedRun:
    from nb2pipe import running, sealed

    if isinstance(source, Path) or as_saved(source, Limits.from_environment()):
        nothing_new = sealed.run(source if isinstance(source, Path) else source.path, asked)
        if nothing_new is not None:
            return nothing_new
    return running.run(source, asked)


def _note(run: RunDir, error: Nb2pipeError) -> None:
    """What went wrong once nobody listens any more: into the run's own log."""
    with contextlib.suppress(OSError), run.log.open("a", encoding="utf-8", errors="backslashreplace") as log:
        log.writelines(f"{item.code} {item.message}\n" for item in error.diagnostics)


def _verify(asker: _Asker, source: Path, root: Path, asked: VerifyAsked) -> None:
    from nb2pipe import running, verifying
    from nb2pipe.verify.page import page

    stop = _Stop()
    signal.signal(signal.SIGTERM, stop.ask)
    keeper = Keeper(root, source.name)

    def tell(line: str) -> None:
        stop.look()
        keeper.line(line)

    try:
        asker.tell(keeper.id)
        found = verifying.verify(source, root, running.lessons(source, root), asked, tell)
        counts = {verdict.value: count for verdict, count in found.counts.items()}
        keeper.end(Found(RunState.SUCCEEDED, found.outcome.value, found.problem, counts), page(found))
    except Canceled:
        keeper.end(Found(RunState.CANCELED))
    except Nb2pipeError as error:
        first = error.diagnostics[0]
        told = f"{first.code} {first.message}"
        keeper.end(Found(RunState.CANCELED) if stop.is_asked else Found(RunState.FAILED, problem=told))
    except Exception as error:
        if stop.is_asked:
            keeper.end(Found(RunState.CANCELED))
            return
        keeper.end(Found(RunState.FAILED, problem=f"internal error in nb2pipe: {type(error).__name__}: {error}"))
        raise


class _Stop:
    """Somebody asks the verification to stop. A library that is at work then may make another error of it, or none."""

    def __init__(self) -> None:
        self.is_asked = False

    def ask(self, _number: int, _frame: FrameType | None) -> None:
        """The signal's handler. Raises Canceled, wherever the program is."""
        self.is_asked = True
        self.look()

    def look(self) -> None:
        """Raises Canceled if it was asked for."""
        if self.is_asked:
            raise Canceled.of("N2P614", "the verification was canceled", hint="nothing of the notebook was changed")
