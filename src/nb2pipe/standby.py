"""A function and caps in; its result out, from a process that stays and forks for each request (`keeper`).

For programs with threads, which must not fork themselves: a server. That process is started with the first request, and
again if it died. Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nb2pipe import bounded, processes
from nb2pipe.bounded import Output, Place, Request
from nb2pipe.keeper import LATE, MOST_BYTES, REFUSED, STATUS, Question
from nb2pipe.records import dataclass

_TRIES = 2
_ENDING_S = 0.1  # a process whose sockets are closed has ended soon
_GRACE_S = 10.0  # the process ends what is late; longer than that, and it is the process that hangs


class Superseded(Exception):
    """A newer request of the same line came, or the request was canceled: nobody waits for this one's result."""


class _Call:
    """A request under way, which may be given up at any time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._status: socket.socket | None = None
        self.is_given_up = False

    def wait_on(self, status: socket.socket | None) -> None:
        """Where the news of its end will come; None: nowhere any more."""
        with self._lock:
            self._status = status
            if self.is_given_up:
                self._hang_up()

    def give_up(self) -> None:
        """Have its process ended."""
        with self._lock:
            self.is_given_up = True
            self._hang_up()

    def _hang_up(self) -> None:
        if self._status is not None:
            with contextlib.suppress(OSError):
                self._status.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class _Process:
    """The process that stays, and where it is asked."""

    process: subprocess.Popen[bytes]
    control: socket.socket

    def is_there(self) -> bool:
        """False if it has ended. If not, it was a copy that had, with the request: the next finds another way."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            processes.wait_for(self.process, _ENDING_S)
            return False
        return True

    def end(self) -> None:
        """With all that it does."""
        self.control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            processes.wait_for(self.process, 1.0)
            return
        self.process.kill()
        self.process.wait()


class Standby:
    """The process that stays. Its methods may be called by any number of threads.

    There `prepare`, a function of a module, is called first: what it imports and makes, all forks have. At most
    `at_once` requests are carried out at a time, in the order in which they came. Those of one `line` are about
    versions of the same: whoever asks anew takes the place of the one before, and gains from what that left behind
    (`bounded.Copies`) where their `marks` begin alike; that is kept for `idle_s` after the last request.
    """

    def __init__(self, prepare: Callable[[], object], at_once: int = 2, idle_s: float = 600.0) -> None:
        self._idle_s = idle_s
        self._prepare = prepare
        self._at_once = at_once
        self._turns = threading.Condition()
        self._waiting: deque[_Call] = deque()
        self._under_way: list[_Call] = []
        self._lines: dict[str, _Call] = {}
        self._starting = threading.Lock()
        self._found: _Process | None = None
        self._is_closed = False

    @contextmanager
    def asking(self, line: str = "", marks: tuple[bytes, ...] = ()) -> Iterator[Place]:
        """A place for `bounded.carried_out_by`, for one or more requests. It raises Superseded."""
        call = _Call()
        with self._turns:
            self.cancel(line)
            if line:
                self._lines[line] = call
        try:
            yield lambda request: self._run(request, call, line if marks else "", marks)
        finally:
            with self._turns:
                if self._lines.get(line) is call:
                    del self._lines[line]

    def _run(self, request: Request, call: _Call, line: str, marks: tuple[bytes, ...]) -> Output:
        with self._turn(call):
            for _ in range(_TRIES if processes.IS_LINUX else 0):
                found = self._process()
                try:
                    output = _exchange(found.control, call, request, line, marks)
                except TimeoutError:  # it hangs
                    output = None
                    found.process.kill()
                if call.is_given_up:
                    raise Superseded
                if output is not None:
                    return output
                if not found.is_there():
                    self._replace(found)
            return bounded.spawned(request)

    def cancel(self, line: str) -> None:
        """Give up what is asked for that line, if something is."""
        with self._turns:
            call = self._lines.pop(line, None)
            if call is not None:
                call.give_up()
                self._turns.notify_all()

    def close(self) -> None:
        """End the process, and all that it does. Requests that come later are refused."""
        with self._turns:
            self._is_closed = True
            for call in (*self._waiting, *self._under_way):
                call.give_up()
            self._turns.notify_all()
        with self._starting:
            if self._found is not None:
                self._found.end()
                self._found = None

    @contextmanager
    def _turn(self, call: _Call) -> Iterator[None]:
        """Wait until it is this request's turn."""
        with self._turns:
            self._waiting.append(call)
            self._turns.wait_for(lambda: call.is_given_up or self._is_closed or self._may_begin(call))
            self._waiting.remove(call)
            self._turns.notify_all()
            if call.is_given_up or self._is_closed:
                raise Superseded
            self._under_way.append(call)
        try:
            yield
        finally:
            with self._turns:
                self._under_way.remove(call)
                self._turns.notify_all()

    def _may_begin(self, call: _Call) -> bool:
        return len(self._under_way) < self._at_once and self._waiting[0] is call

    def _process(self) -> _Process:
        with self._starting:
            if self._found is None:
                if self._is_closed:
                    raise Superseded
                self._found = self._started()
            return self._found

    def _started(self) -> _Process:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        arguments = (self._prepare.__module__, self._prepare.__name__, str(self._idle_s))
        with theirs:
            process = subprocess.Popen(  # noqa: S603  # this interpreter, on code of ours
                [*bounded.interpreter("nb2pipe.keeper"), *arguments],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        return _Process(process, ours)

    def _replace(self, found: _Process) -> None:
        """It is gone: the next request starts another one."""
        with self._starting:
            if self._found is found:
                self._found = None
                found.end()


def _exchange(
    control: socket.socket, call: _Call, request: Request, line: str, marks: tuple[bytes, ...]
) -> Output | None:
    """Hand the request over, and wait for what comes of it. None if the process is gone."""
    question = Question(request.caps, _folder(), bounded.needed(request), line, marks)
    data, their_data = socket.socketpair()
    status, their_status = socket.socketpair()
    with data, their_data, status, their_status:
        for end in (data, status):
            end.settimeout(request.caps.wall_s + _GRACE_S)
        try:
            socket.send_fds(control, [_packed(question)], [their_data.fileno(), their_status.fileno()])
        except OSError:
            return None
        their_data.close()
        their_status.close()
        call.wait_on(status)
        try:
            return _answer(data, status, pickle.dumps(request, pickle.HIGHEST_PROTOCOL))
        finally:
            call.wait_on(None)


def _answer(data: socket.socket, status: socket.socket, content: bytes) -> Output | None:
    with contextlib.suppress(OSError):  # it ended before it had read all: its status says why
        data.sendall(content)
        data.shutdown(socket.SHUT_WR)
    received = bytearray()
    try:
        with contextlib.suppress(ConnectionError):
            while piece := data.recv(1 << 20):
                received += piece
        ended = status.recv(1 << 10)
    except ConnectionError:
        return None
    if len(ended) < STATUS.size:
        return None
    (code,) = STATUS.unpack_from(ended)
    if code >= REFUSED:
        raise OSError(code - REFUSED, os.strerror(code - REFUSED))
    return Output(ended[STATUS.size :] + received, None if code == LATE else code)


def _packed(question: Question) -> bytes:
    content = pickle.dumps(question, pickle.HIGHEST_PROTOCOL)
    if len(content) <= MOST_BYTES:
        return content
    return pickle.dumps(Question(question.caps, question.folder, question.modules), pickle.HIGHEST_PROTOCOL)


def _folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109  # as it is
    except OSError:  # it was removed
        return ""
