"""What the system tells of memory in; out, how much a step may have, and whether one was killed for want of it.

Linux tells it by control groups, of version 2 (`memory.max`, `memory.events`) or 1 (`memory.limit_in_bytes`,
`memory.oom_control`). A limit of a group above holds as well; within a container only the own group may be seen.
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from nb2pipe.records import dataclass

_GROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


@dataclass(frozen=True)
class Memory:
    """`limit_bytes`: what a process here can have at most. `kills`: how often the system killed one for want of it."""

    limit_bytes: int
    kills: int = 0


def look(pid: int | None = None, groups: Path = _GROUPS, membership: Path = _MEMBERSHIP) -> Memory:
    """As it is now, for process `pid` or this one: the machine's memory, where no group or `ulimit -v` sets less."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    address_space = _address_space(pid)
    if address_space != resource.RLIM_INFINITY:
        limits.append(address_space)
    kills = 0
    for folder in _folders(groups, _read(membership)):
        for name in ("memory.max", "memory.limit_in_bytes"):
            text = _read(folder / name).strip()
            if text.isdigit():
                limits.append(int(text))
        for name in ("memory.events", "memory.oom_control"):
            kills = max(kills, _kills(_read(folder / name)))
    return Memory(min(limits), kills)


def _address_space(pid: int | None) -> int:
    if pid is not None and hasattr(resource, "prlimit"):
        with contextlib.suppress(OSError):  # it is gone
            return int(resource.prlimit(pid, resource.RLIMIT_AS)[0])
    return resource.getrlimit(resource.RLIMIT_AS)[0]


def _folders(groups: Path, membership: str) -> Iterator[Path]:
    """Where the limits of this process's groups may stand: its own group first, then those above."""
    for line in membership.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            base = groups
        elif "memory" in controllers.split(","):
            base = groups / "memory"
        else:
            continue
        own = PurePosixPath(path.removeprefix("/"))
        if ".." not in own.parts:  # seen from within a namespace, it may lie outside
            yield from dict.fromkeys(base / part for part in (own, *own.parents))


def _kills(text: str) -> int:
    for line in text.splitlines():
        name, _, number = line.partition(" ")
        if name == "oom_kill" and number.strip().isdigit():
            return int(number)
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
