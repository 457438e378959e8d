"""Functions for a process of their own. Each gets `tell` last."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from nb2pipe import bounded
from nb2pipe.errors import BadInput
from nb2pipe.model import Location

Tell = Callable[[int], None]


def double(number: int, tell: Tell) -> int:
    tell(1)
    print("not part of the reply")
    print("nor is this", file=sys.stderr)
    return number * 2


def large(size: int, _tell: Tell) -> bytes:
    return bytes(size)


def pid(_tell: Tell) -> int:
    return os.getpid()


def spin(tell: Tell) -> NoReturn:
    tell(3)
    tell(7)
    while True:
        pass


def sleep(tell: Tell) -> None:
    tell(8)
    time.sleep(60)


def hoard(tell: Tell) -> NoReturn:
    tell(4)
    found = []
    while True:
        found.append(bytearray(10_000_000))


def hoard_result(_tell: Tell) -> list[object]:
    return [[] for _ in range(1_000_000)]


def recurse(tell: Tell) -> int:
    tell(5)
    return recurse(tell) + 1


def crash(tell: Tell) -> None:
    tell(6)
    os.kill(os.getpid(), signal.SIGSEGV)


def leave(_tell: Tell) -> None:
    os._exit(9)


def kill(_tell: Tell) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(_tell: Tell) -> NoReturn:
    raise BadInput.of("N2P108", "no notebook", at=Location(cell=2), hint="take another")


def stumble(_tell: Tell) -> NoReturn:
    raise KeyError("a bug")


class Unspeakable(Exception):
    def __init__(self) -> None:
        super().__init__("it holds a lambda")
        self.held = lambda: None


def stumble_oddly(_tell: Tell) -> NoReturn:
    raise Unspeakable


def load(name: str, _tell: Tell) -> None:
    __import__(name)


_prepared: list[int] = []


def prepare() -> None:
    _prepared.append(1)


def prepared(_tell: Tell) -> bool:
    return _prepared == [1]


def folder(_tell: Tell) -> str:
    return str(Path.cwd())


def linger(folder: str, _tell: Tell) -> bool:
    """Say that it is at work, and wait for a word."""
    (Path(folder) / str(os.getpid())).touch()
    while not (Path(folder) / "go").exists():
        time.sleep(0.01)
    return True


def add_up(numbers: list[int], tell: Tell) -> tuple[int, list[int]]:
    """The sum, and the numbers that were looked at for it: not those that an earlier sum of the same began with."""
    copies = bounded.copies.get()
    assert copies is not None
    seen, total = copies.kept if isinstance(copies.kept, tuple) else ((), 0)
    if tuple(numbers[: len(seen)]) != seen:
        seen, total = (), 0
    looked_at = []
    for place in range(len(seen), len(numbers)):
        copies.stay(place, (tuple(numbers[:place]), total))
        tell(place)
        looked_at.append(numbers[place])
        if numbers[place] == 99:
            os._exit(9)
        total += numbers[place]
    copies.stay(len(numbers), (tuple(numbers), total))
    return total, looked_at
