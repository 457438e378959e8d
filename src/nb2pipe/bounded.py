"""A function and caps in; its result out, or why and where it was ended. Standard library only.

The function runs in a process of its own: one that takes too long, takes too much memory, or brings the interpreter
down is ended and told of, whatever it was doing. Where a fork is safe (Linux, one thread) that costs milliseconds;
elsewhere a new interpreter is started. Inside `carried_out_by` another one decides where that is (`standby`).
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pickle
import select
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Generic, NoReturn, Protocol, TypeAlias, TypeVar, cast

from nb2pipe.records import dataclass

T = TypeVar("T")
Tell: TypeAlias = Callable[[int], None]
"""How the function tells where it is: a number whose meaning is between it and its caller."""

_NOTE = struct.Struct("<cq")  # a kind and a number; what follows an END is the pickled reply
_AT, _END = b"@", b"."
_NUMBER, _IS_TOLD = 0, 1  # places in the memory that a fork shares with its parent
_GC_THRESHOLD = 400_000  # this process ends with its work: to look for garbage often costs a tenth of its time
_TURN_S = 3600.0  # poll takes no more than 31 bits of milliseconds
_START = "import sys; sys.path.append(sys.argv[1]); from {} import serve; serve()"
_needed: set[str] = set()  # modules that processes came to need


class Cause(StrEnum):
    """Why a function was ended. TIME: of the CPU, LATE: on the clock, DEPTH: more recursion than Python allows."""

    TIME = "time"
    LATE = "late"
    MEMORY = "memory"
    DEPTH = "depth"
    CRASH = "crash"


@dataclass(frozen=True)
class Caps:
    """What a function may take: CPU time and memory where the system can cap them, and time on the clock."""

    cpu_s: int
    wall_s: int
    memory_bytes: int


@dataclass(frozen=True)
class Done(Generic[T]):
    """The function returned."""

    value: T


@dataclass(frozen=True)
class Ended:
    """The function was ended. `at` is the last number that it told; None if it told none."""

    cause: Cause
    at: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class Request:
    """What the process is to do. `modules`: whether it came to import these is part of the reply."""

    work: Callable[..., Any]
    arguments: tuple[Any, ...]
    caps: Caps
    modules: tuple[str, ...]


@dataclass(frozen=True)
class _Reply:
    """What the function came to. `traceback` is that of `error`: pickling takes it away."""

    value: Any = None
    cause: Cause | None = None
    error: Exception | None = None
    traceback: str = ""
    needed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Output:
    """What came from the process. `exit_code` None: it took too long on the clock, and was killed."""

    content: bytes | bytearray
    exit_code: int | None


Place: TypeAlias = Callable[[Request], Output]
"""Where a request is carried out. Raises OSError if no process starts there."""

_place: ContextVar[Place | None] = ContextVar("place", default=None)


@contextmanager
def carried_out_by(place: Place) -> Iterator[None]:
    """Inside, and in this context only, what is to `run` is carried out there."""
    before = _place.set(place)
    try:
        yield
    finally:
        _place.reset(before)


class Copies(Protocol):
    """Copies of this process as it was halfway: where requests that begin alike go on."""

    @property
    def kept(self) -> object:
        """What was at hand where the copy stayed from which this process goes on. None: it begins from nothing."""

    def stay(self, place: int, at_hand: object) -> None:
        """Leave a copy here, if one is wanted at or before this place among the request's marks.

        In what goes on from the copy this never returns: there the work begins anew with another request, and `kept`
        is what is `at_hand`.
        """


copies: ContextVar[Copies | None] = ContextVar("copies", default=None)
"""Set where work can leave copies."""


def run(
    work: Callable[..., T], *arguments: object, caps: Caps, modules: tuple[str, ...] = (), fork: bool | None = None
) -> Done[T] | Ended:
    """`work(*arguments, tell)` in a process of its own. What it raises is raised here, except for the caps' reasons.

    `work` is a function of a module; its arguments, result and exceptions can be pickled. Those of `modules` that an
    earlier call came to need are imported here first, so that not every process loads them. `fork`: by default, where
    that is safe. Raises OSError if the system lets no process start.
    """
    request = Request(work, arguments, caps, modules)
    place = _place.get()
    if place is None:
        load(needed(request))
        place = _forked if (may_fork() if fork is None else fork) else spawned
    output = place(request)
    at, reply = _read(output.content)
    if reply is None:
        return _ended(output.exit_code, at)
    _needed.update(reply.needed)
    if reply.error is not None:
        reply.error.add_note(reply.traceback)
        raise reply.error
    return Done(cast("T", reply.value)) if reply.cause is None else Ended(reply.cause, at)


def load(modules: Iterable[str]) -> None:
    """Import them, so that forks have them."""
    for name in modules:
        importlib.import_module(name)


def needed(request: Request) -> tuple[str, ...]:
    """Those of the request's modules that an earlier one came to need."""
    return tuple(name for name in request.modules if name in _needed)


def may_fork() -> bool:
    """True if this process has one thread: a lock that another one holds would never be free in a fork."""
    return sys.platform.startswith("linux") and sum(1 for _ in Path("/proc/self/task").iterdir()) == 1


def _read(content: bytes | bytearray) -> tuple[int | None, _Reply | None]:
    """The last number told, and the reply if it came whole."""
    at: int | None = None
    place = 0
    while place + _NOTE.size <= len(content):
        kind, number = _NOTE.unpack_from(content, place)
        place += _NOTE.size
        if kind == _END:
            whole = len(content) - place == number
            return at, cast("_Reply", pickle.loads(memoryview(content)[place:])) if whole else None  # noqa: S301  # our own process wrote it
        at = number
    return at, None


def _ended(exit_code: int | None, at: int | None) -> Ended:
    if exit_code is None:
        return Ended(Cause.LATE, at)
    from nb2pipe.processes import signal_name

    name = signal_name(-exit_code)
    if name == "SIGXCPU":
        return Ended(Cause.TIME, at)
    if name == "SIGKILL":
        return Ended(Cause.MEMORY, at, "the system killed it, perhaps for want of memory")
    detail = f"it was ended by {name}" if exit_code < 0 else f"it ended with code {exit_code}"
    return Ended(Cause.CRASH, at, detail)


# --- this side ----------------------------------------------------------------------------------------------------


def _forked(request: Request) -> Output:
    held = {signal.SIGINT}  # Ctrl-C between the fork and what is ready for it would run this program's end twice
    told = shared_note()
    reading, writing = os.pipe()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    pid: int | None = None
    ended = False
    try:
        pid = os.fork()
        if pid == 0:
            _child(reading, writing, request, told)
        os.close(writing)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        content, ended = _collect(reading, time.monotonic() + request.caps.wall_s)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(reading)
        if pid is not None:
            if not ended:
                os.kill(pid, signal.SIGKILL)
            status = os.waitpid(pid, 0)[1]
    return Output(told_in(told) + content, os.waitstatus_to_exitcode(status) if ended else None)


def _collect(reading: int, deadline: float) -> tuple[bytearray, bool]:
    """All that comes until the other side is closed, and whether that was before the deadline."""
    content = bytearray()
    waiting = select.poll()
    waiting.register(reading, select.POLLIN)
    while (left := deadline - time.monotonic()) > 0:
        if waiting.poll(min(left, _TURN_S) * 1000):
            piece = os.read(reading, 1 << 20)
            if not piece:
                return content, True
            content += piece
    return content, False


def spawned(request: Request) -> Output:
    """In a new interpreter. It looks for modules where this one does, never in the working folder."""
    import subprocess

    process = subprocess.Popen(  # noqa: S603  # this interpreter, on code of ours
        interpreter("nb2pipe.bounded"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        content, _ = process.communicate(pickle.dumps(request), timeout=request.caps.wall_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return Output(process.communicate()[0], None)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return Output(content, process.returncode)


def interpreter(module: str) -> list[str]:
    """The command of a new interpreter that runs `serve()` of that module. It looks for modules where this one does."""
    # last of all places: in front it would hide modules of Python's own behind packages of the same name
    return [sys.executable, "-P", "-c", _START.format(module), str(Path(__file__).resolve().parents[1])]


# --- the other side -----------------------------------------------------------------------------------------------


def serve() -> None:
    """Carry out the request on standard input; the reply goes to standard output."""
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        request = pickle.load(sys.stdin.buffer)  # noqa: S301  # the process that started this one wrote it

        def tell(number: int) -> None:
            out.write(_NOTE.pack(_AT, number))
            out.flush()

        carry_out(request, out, tell)


def _child(reading: int, writing: int, request: Request, told: memoryview) -> NoReturn:
    """A forked process's whole life. Nothing of the parent's is flushed, closed or finished here."""
    try:
        os.close(reading)
        gc.freeze()  # what the parent made stays shared
        be_quiet()
        with os.fdopen(writing, "wb") as out:
            carry_out(request, out, telling(told))
        os._exit(0)
    finally:
        os._exit(70)


def shared_note() -> memoryview:
    """Memory for a number, which forks share: to tell one wakes nobody."""
    import mmap

    return memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("q")


def telling(told: memoryview) -> Tell:
    """What tells numbers to the process that made the memory."""

    def tell(number: int) -> None:
        told[_NUMBER] = number
        told[_IS_TOLD] = 1

    return tell


def told_in(told: memoryview) -> bytes:
    """The last number told there, as it goes before what the process wrote."""
    return _NOTE.pack(_AT, told[_NUMBER]) if told[_IS_TOLD] else b""


def be_quiet() -> None:
    """A fork neither reads nor writes what its parent does, and takes signals as a new process would."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    sys.stdout = sys.stderr = os.fdopen(nothing, "w")  # those of the parent may be other files
    if "faulthandler" in sys.modules:
        sys.modules["faulthandler"].disable()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and ends this process
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def carry_out(request: Request, out: BinaryIO, tell: Tell) -> None:
    """Do what is asked within its caps, and write the reply."""
    lift = _limit(request.caps)
    gc.set_threshold(_GC_THRESHOLD, 20, 50)
    try:
        value = request.work(*request.arguments, tell)
        needed = tuple(name for name in request.modules if name in sys.modules)
        content = pickle.dumps(_Reply(value, needed=needed), pickle.HIGHEST_PROTOCOL)
    except (MemoryError, RecursionError) as error:
        lift()  # what follows needs a little more
        cause = Cause.MEMORY if isinstance(error, MemoryError) else Cause.DEPTH
        error.__traceback__ = None  # the frames in it hold what took the memory
        content = pickle.dumps(_Reply(cause=cause))
    except Exception as error:  # noqa: BLE001  # whatever it is: it is raised on the other side
        content = _raised(error)
    out.write(_NOTE.pack(_END, len(content)))
    out.write(content)
    out.flush()


def _raised(error: Exception) -> bytes:
    import traceback

    text = "".join(traceback.format_exception(error))
    error.__traceback__ = error.__cause__ = error.__context__ = None
    try:
        return pickle.dumps(_Reply(error=error, traceback=text))
    except Exception:  # noqa: BLE001  # an exception of a library may hold anything
        return pickle.dumps(_Reply(error=RuntimeError(f"{type(error).__name__}: {error}"), traceback=text))


def _limit(caps: Caps) -> Callable[[], None]:
    """Set the caps that this system has. Returns what lifts the one on memory.

    Memory is what the process allocates, beyond what it has: libraries that are mapped into it don't count.
    """
    try:
        import resource
    except ImportError:  # Windows
        return lambda: None
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    _lower(resource.RLIMIT_CPU, caps.cpu_s)
    kind = resource.RLIMIT_DATA
    before = resource.getrlimit(kind)
    _lower(kind, data_bytes() + caps.memory_bytes)
    return lambda: resource.setrlimit(kind, before)


def data_bytes() -> int:
    """What this process has allocated; 0 where the system doesn't tell."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _lower(kind: int, cap: int) -> None:
    import resource

    soft, hard = resource.getrlimit(kind)
    known = [limit for limit in (soft, hard, cap) if limit != resource.RLIM_INFINITY]
    with contextlib.suppress(ValueError, OSError):  # a system that knows the name and not the thing
        resource.setrlimit(kind, (min(known), hard))
