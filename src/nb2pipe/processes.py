"""Process facts and the killing of whole process trees. Linux is served whole, other systems as far as they go.

A pid alone names nobody: it is used again. `Identity` adds the start time and the boot, so that a signal never hits a
stranger.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nb2pipe import wire
from nb2pipe.records import dataclass

if TYPE_CHECKING:
    import subprocess

IS_LINUX = sys.platform.startswith("linux")

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PAUSE_S = 0.01


@dataclass(frozen=True)
class Identity:
    """A process that can't be mistaken for a later one. `started` (clock ticks since boot) and `boot`: Linux only."""

    pid: int
    started: int | None = None
    boot: str | None = None


@dataclass(frozen=True)
class _Stat:
    state: str
    parent: int
    started: int
    cpu_ticks: int = 0


def _stat(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # the command's name stands in parentheses and may itself hold spaces and parentheses
    fields = text[text.rfind(")") + 2 :].split()
    return _Stat(fields[0], int(fields[1]), int(fields[19]), sum(map(int, fields[11:15])))


@cache
def _boot_id() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None


def identify(pid: int) -> Identity:
    """The identity of a process that runs now."""
    found = _stat(pid) if IS_LINUX else None
    return Identity(pid, found.started if found else None, _boot_id() if found else None)


def load_identity(path: Path) -> Identity | None:
    """The identity that a file holds as JSON; None where there is none."""
    try:
        return wire.read(Identity, json.loads(path.read_bytes()))
    except (OSError, ValueError):
        return None


def is_alive(identity: Identity) -> bool:
    """True while that very process runs; a zombie doesn't run."""
    if identity.started is None:
        return _signal(identity.pid, 0)
    found = _stat(identity.pid)
    return (
        found is not None
        and found.state not in "ZX"
        and found.started == identity.started
        and _boot_id() == identity.boot
    )


def send(identity: Identity, number: int) -> bool:
    """Send a signal to that very process; False if it is gone."""
    return is_alive(identity) and _signal(identity.pid, number)


def _signal(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@cache
def _libc() -> Any:  # noqa: ANN401  # ctypes has no better type for a library
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def become_subreaper() -> bool:
    """Make orphans below this process its children, so that none gets away. False where the system can't."""
    return IS_LINUX and _libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def die_with_parent(parent: int, number: int = signal.SIGTERM) -> None:
    """Have `number` sent to this process when its parent `parent` ends, even by SIGKILL (Linux only)."""
    if not IS_LINUX:
        return
    _libc().prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != parent:  # it ended before the call
        os.kill(os.getpid(), number)


def prepare_death_signal() -> None:
    """Load what `die_with_parent` needs: between fork and exec nothing should be imported."""
    if IS_LINUX:
        _libc()


def _processes() -> Iterator[tuple[int, _Stat]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            found = _stat(int(entry.name))
            if found is not None:
                yield int(entry.name), found


def descendants(pid: int, *, spare: Collection[int] = ()) -> list[int]:
    """The live processes below `pid`, nearest first; none below those in `spare`, nor they. Zombies don't count.

    Empty where there is no /proc.
    """
    if not IS_LINUX:
        return []
    children: dict[int, list[int]] = {}
    zombies: set[int] = set()
    for child, found in _processes():
        children.setdefault(found.parent, []).append(child)
        if found.state in "ZX":
            zombies.add(child)
    order = [child for child in children.get(pid, ()) if child not in spare]
    for current in order:  # grows while it is walked
        order.extend(child for child in children.get(current, ()) if child not in spare)
    return [child for child in order if child not in zombies]


def usage(pids: Collection[int]) -> tuple[float, int]:
    """Processor seconds of these processes, with those of the children that they waited for, and the largest's peak.

    The peak is in bytes of main memory. Zero for what isn't known.
    """
    ticks, peak = 0, 0
    for pid in pids:
        found = _stat(pid)
        ticks += found.cpu_ticks if found is not None else 0
        try:
            status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                peak = max(peak, int(line.split()[1]) * 1024)
    return ticks / os.sysconf("SC_CLK_TCK"), peak


def kill_descendants(*, within_s: float = 5.0) -> bool:
    """Kill and reap all processes below this one, until there are none. False if some are left after `within_s`.

    Only for a process that is a subreaper and whose children nobody else waits for.
    """
    deadline = time.monotonic() + within_s
    while True:
        reap()
        alive = descendants(os.getpid())
        if not alive:
            return True
        if time.monotonic() > deadline:
            return False
        for pid in alive:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_PAUSE_S)


def wait_for(child: subprocess.Popen[bytes], within_s: float) -> int:
    """The exit code of a child, as soon as it has ended: `Popen.wait` looks every 50 ms. Raises TimeoutExpired."""
    if hasattr(os, "pidfd_open") and child.poll() is None:
        with contextlib.suppress(OSError):  # an old kernel, or no descriptor left: it looks, then
            descriptor = os.pidfd_open(child.pid)
            try:
                ended = select.poll()
                ended.register(descriptor, select.POLLIN)
                ended.poll(within_s * 1000)
                within_s = 0.0
            finally:
                os.close(descriptor)
    return child.wait(within_s)


def reap() -> dict[int, int]:
    """Take the ended children off the process table: pid -> exit code, negative for a signal."""
    found: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        found[pid] = os.waitstatus_to_exitcode(status)


def signal_name(number: int) -> str:
    """`SIGKILL` for 9; the number where it has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
