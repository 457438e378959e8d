"""Requests in, each carried out in a fork of this process. The other side of `standby`. Standard library only.

This process has imported what the work needs, has one thread, and never does the work itself. A fork may leave a copy
of itself as it is halfway (`bounded.Copies`): requests that begin alike go on from there, in forks of the copy. It ends
when the first process lets go of it.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib
import os
import pickle
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Sequence
from dataclasses import field, replace
from typing import NoReturn

from nb2pipe import bounded, processes
from nb2pipe.bounded import Caps, Request
from nb2pipe.records import dataclass

MOST_BYTES = 150_000
"""The longest question, see `Question`."""

STATUS = struct.Struct("<q")
"""How a fork ended: its exit code, or one of those below; then the number that it told last, see `bounded.told_in`."""
LATE = 1 << 40
"""It took too long."""
REFUSED = 1 << 41
"""The system lets no process start; plus the errno."""

_MOST_LINES = 4
_MOST_COPIES = 4  # of one line
_COPY_BYTES = 100_000_000  # what took more isn't kept
_COPY_CPU_S = 1.0
_TURN_MS = 3_600_000  # poll takes no more than 31 bits


@dataclass(frozen=True)
class Question:
    """What goes before a request. `line`: what it is a version of; `marks` tell where it differs from the one before.

    `folder` is the working folder; `modules` are to be imported by forks to come as well. `stay_at`: the marks before
    which a copy is to stay, in order.
    """

    caps: Caps
    folder: str
    modules: tuple[str, ...] = ()
    line: str = ""
    marks: tuple[bytes, ...] = ()
    stay_at: tuple[int, ...] = ()
    turn: int = 0


@dataclass
class _Line:
    """The versions of one thing: the marks of the last, and the copies that stand before a mark, nearest first."""

    marks: tuple[bytes, ...] = ()
    copies: list[tuple[int, socket.socket]] = field(default_factory=list)
    turn: int = 0

    def cut(self, place: int) -> None:
        """Let go of the copies that stand behind it."""
        while self.copies and self.copies[-1][0] > place:
            self.copies.pop()[1].close()


@dataclass(frozen=True)
class _Fork:
    """A fork at work."""

    pid: int
    status: socket.socket
    deadline: float
    told: memoryview


class _Resumed(BaseException):
    """Raised in a fork of a copy, where the copy stayed: all that it was doing is given up for a new request."""

    def __init__(self, task: _Task) -> None:
        self.task = task


@dataclass(frozen=True)
class _Task:
    """What a fork is to do: the request comes on `data`, and there the reply goes."""

    question: Question
    data: int
    told: memoryview
    news: socket.socket


class _Keeper:
    """Starts forks, ends those that take too long or that nobody waits for any more, and says how each ended."""

    def __init__(self, control: socket.socket, news: socket.socket) -> None:
        self.control = control
        self.news = news  # where copies say that they are there
        self.forks: dict[int, _Fork] = {}  # by descriptor of the process
        self.is_left = False  # nothing more will be asked

    def serve(self) -> _Task:
        """Until the other side is closed. Returns in forks only: with what is to be done."""
        while not (self.is_left and not self.forks):
            ready = self._wait()
            for descriptor, fork in list(self.forks.items()):
                if descriptor in ready or fork.status.fileno() in ready or time.monotonic() > fork.deadline:
                    self._finish(descriptor, fork, ended=descriptor in ready)
            self._hear(ready)
            if not self.is_left and self.control.fileno() in ready:
                task = self._asked()
                if task is not None:
                    return task
        os._exit(0)

    def _wait(self) -> set[int]:
        """The descriptors on which something has happened."""
        waiting = select.poll()
        if not self.is_left:
            waiting.register(self.control, select.POLLIN)
        self._listen(waiting)
        for descriptor, fork in self.forks.items():
            waiting.register(descriptor, select.POLLIN)
            waiting.register(fork.status, 0)  # closed by who waits
        first = min((*(fork.deadline for fork in self.forks.values()), *self._times()), default=None)
        left = None if first is None else min(max(0.0, first - time.monotonic()) * 1000 + 1, _TURN_MS)
        return {descriptor for descriptor, _ in waiting.poll(left)}

    def _listen(self, waiting: select.poll) -> None:
        """More to wait for."""

    def _times(self) -> Sequence[float]:
        """When there is something to do even if nothing happens."""
        return ()

    def _hear(self, ready: set[int]) -> None:
        """More that may have come."""

    def _asked(self) -> _Task | None:
        content, descriptors, _, _ = socket.recv_fds(self.control, MOST_BYTES, 2)
        if len(descriptors) != 2:  # closed
            self._leave()
            return None
        question: Question = pickle.loads(content)  # noqa: S301  # the process that started this one wrote it
        return self._start(question, descriptors[0], socket.socket(fileno=descriptors[1]))

    def _leave(self) -> None:
        """Let what is under way come to its end: somebody may wait for it."""
        self.is_left = True

    def _start(self, question: Question, data: int, status: socket.socket) -> _Task | None:
        """A fork for it. Returns in the fork only: what that is to do."""
        told = bounded.shared_note()
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            os.close(data)
            _say(status, REFUSED + (error.errno or errno.EAGAIN))
            return None
        if pid == 0:
            processes.die_with_parent(parent, signal.SIGKILL)
            self._let_go()
            status.close()
            return _Task(question, data, told, self.news)
        os.close(data)
        self.forks[os.pidfd_open(pid)] = _Fork(pid, status, time.monotonic() + question.caps.wall_s, told)
        return None

    def _let_go(self) -> None:
        """In a fork: of all that is the parent's."""
        for descriptor, fork in self.forks.items():
            os.close(descriptor)
            fork.status.close()
        self.forks.clear()
        self.control.close()

    def _finish(self, descriptor: int, fork: _Fork, *, ended: bool) -> None:
        if not ended:
            os.kill(fork.pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(fork.pid, 0)[1])
        os.close(descriptor)
        del self.forks[descriptor]
        _say(fork.status, code if ended else LATE, bounded.told_in(fork.told))


class _First(_Keeper):
    """The process that was started. It knows the copies, and hands requests on to them."""

    def __init__(self, control: socket.socket, idle_s: float) -> None:
        self.from_copies, news = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        super().__init__(control, news)
        self.lines: dict[str, _Line] = {}
        self.turns = 0
        self.idle_s = idle_s  # copies take memory: after so long they go
        self.asked_at = 0.0

    def _leave(self) -> None:
        for fork in self.forks.values():
            os.kill(fork.pid, signal.SIGKILL)
        os._exit(0)

    def _listen(self, waiting: select.poll) -> None:
        waiting.register(self.from_copies, select.POLLIN)
        for line in self.lines.values():
            for _, copy in line.copies:
                waiting.register(copy, 0)  # one that has ended

    def _times(self) -> Sequence[float]:
        return (self.asked_at + self.idle_s,) if self.lines else ()

    def _hear(self, ready: set[int]) -> None:
        if time.monotonic() > self.asked_at + self.idle_s:
            self._forget()
        for line in self.lines.values():
            for place, copy in list(line.copies):
                if copy.fileno() in ready:
                    line.copies.remove((place, copy))
                    copy.close()
        if self.from_copies.fileno() in ready:
            self._welcome()
        self._reap()

    def _welcome(self) -> None:
        """A copy is there. It is let go of if another version of its line has come meanwhile."""
        content, descriptors, _, _ = socket.recv_fds(self.from_copies, MOST_BYTES, 1)
        name, turn, place = pickle.loads(content)  # noqa: S301  # a fork of ours wrote it
        copy = socket.socket(fileno=descriptors[0])
        line = self.lines.get(name)
        if line is None or line.turn != turn:
            copy.close()
        else:
            line.copies.append((place, copy))

    def _reap(self) -> None:
        """Copies that have ended; of forks at work their own descriptors tell."""
        working = {fork.pid for fork in self.forks.values()}
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitid(os.P_ALL, 0, options)) is not None and found.si_pid not in working:
                os.waitpid(found.si_pid, 0)

    def _start(self, question: Question, data: int, status: socket.socket) -> _Task | None:
        self.asked_at = time.monotonic()
        for name in question.modules:
            with contextlib.suppress(ImportError):  # the fork will meet it too
                importlib.import_module(name)
        if not question.line:
            return super()._start(question, data, status)
        line = self._line(question.line)
        question = self._placed(question, line)
        while line.copies:
            copy = line.copies[-1][1]
            try:
                socket.send_fds(copy, [pickle.dumps(question)], [data, status.fileno()])
            except OSError:  # it has ended
                line.copies.pop()[1].close()
            else:
                os.close(data)
                status.close()
                return None
        return super()._start(question, data, status)

    def _line(self, name: str) -> _Line:
        line = self.lines.pop(name, None) or _Line()
        self.lines[name] = line  # the last one used comes last
        while len(self.lines) > _MOST_LINES:
            self.lines.pop(next(iter(self.lines))).cut(-1)
        return line

    def _placed(self, question: Question, line: _Line) -> Question:
        """A copy is to stay where it differs from the version before; of a first version, two at a venture."""
        marks = question.marks
        wanted = [_first_difference(line.marks, marks)] if line.turn else [0, len(marks) // 2]
        line.cut(wanted[0])
        known = [place for place, _ in line.copies]
        places = tuple(place for place in dict.fromkeys(wanted) if place not in known)
        if places and len(known) == _MOST_COPIES:
            line.copies.pop(-2)[1].close()  # the last is the nearest
        self.turns += 1
        line.turn, line.marks = self.turns, marks
        return replace(question, stay_at=places, turn=self.turns)

    def _let_go(self) -> None:
        super()._let_go()
        self.from_copies.close()
        self._forget()

    def _forget(self) -> None:
        for line in self.lines.values():
            line.cut(-1)
        self.lines.clear()


def _first_difference(one: tuple[bytes, ...], other: tuple[bytes, ...]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(one), len(other)))


def _say(status: socket.socket, code: int, told: bytes = b"") -> None:
    with contextlib.suppress(OSError):  # nobody waits any more
        status.send(STATUS.pack(code) + told, socket.MSG_DONTWAIT)
    status.close()


def serve() -> None:
    """Carry out what is asked on the socket that is standard input. See `Standby` for the arguments."""
    control = socket.socket(fileno=os.dup(0))
    bounded.be_quiet()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # who asked may be gone
    processes.become_subreaper()  # copies outlive the forks that leave them
    module, function, idle_s = sys.argv[2:]
    getattr(importlib.import_module(module), function)()
    gc.collect()
    gc.freeze()  # forks don't look through what was there before
    try:
        _do(_First(control, float(idle_s)).serve())
        os._exit(0)
    finally:
        os._exit(70)


# --- in a fork ----------------------------------------------------------------------------------------------------


class _Copies:
    """What copies this process, a fork at work, may leave. `spent_s`: the CPU time of what it goes on from."""

    def __init__(self) -> None:
        self.task: _Task | None = None
        self.kept: object = None
        self.spent_s = 0.0
        self._bytes_before = bounded.data_bytes()

    def stay(self, place: int, at_hand: object) -> None:
        """As `bounded.Copies` says."""
        task = self.task
        reached = [wanted for wanted in task.question.stay_at if wanted <= place] if task is not None else []
        if task is None or not reached:
            return
        question = task.question
        self.task = replace(task, question=replace(question, stay_at=question.stay_at[len(reached) :]))
        spent_s = self.spent_s + time.process_time()
        if spent_s > _COPY_CPU_S or bounded.data_bytes() - self._bytes_before > _COPY_BYTES:
            return
        with contextlib.suppress(OSError):  # then there is none
            control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with control, theirs:
                # told of before it is there, and so before the next request can come
                told = pickle.dumps((question.line, question.turn, reached[-1]))
                socket.send_fds(task.news, [told], [theirs.fileno()])
                if os.fork() == 0:
                    theirs.close()
                    self.kept, self.spent_s = at_hand, spent_s
                    _be_copy(task, control)


def _be_copy(task: _Task, control: socket.socket) -> NoReturn:
    """A copy's whole life. What its forks are to do is raised in them."""
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, task.data)  # what is open here for the reply may be closed any time
        os.close(nothing)
        gc.freeze()
        found = _Keeper(control, task.news).serve()
    except BaseException:  # noqa: BLE001  # nothing of it may get into the work that this process is a copy of
        os._exit(70)
    raise _Resumed(found)


def _do(task: _Task) -> None:
    """Carry out a task, and those for which it is given up."""
    copies = _Copies()
    bounded.copies.set(copies)
    while True:
        copies.task = task
        with contextlib.suppress(OSError):  # a folder that was removed
            os.chdir(task.question.folder or ".")
        try:
            with os.fdopen(os.dup(task.data), "rb") as file:
                request: Request = pickle.load(file)  # noqa: S301  # the process that started this one wrote it
            left_s = max(1, request.caps.cpu_s - int(copies.spent_s))
            with os.fdopen(task.data, "wb") as out:
                request = replace(request, caps=replace(request.caps, cpu_s=left_s))
                bounded.carry_out(request, out, bounded.telling(task.told))
        except _Resumed as given_up:
            task = given_up.task
        else:
            return
