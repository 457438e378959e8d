"""A supervisor that is started before its run is known: it imports what takes long while the notebook is analysed.

It tells which kernels are installed, and waits on its standard input, a socket, for the run's directory and the
descriptors that it is to hold; that socket is its lifeline from then on. If it is told nothing, it ends with the
program that started it.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from io import FileIO
from pathlib import Path

from nb2pipe.targets.local import kernels
from nb2pipe.targets.local.kernels import Installed
from nb2pipe.targets.local.request import RUNNER
from nb2pipe.targets.local.worker import load_runner

WAITS = "--wait"  # in place of the run's directory


class Ahead:
    """A process that waits for its run. One run can be given to it."""

    def __init__(self) -> None:
        """Start it. Raises OSError."""
        self._told, theirs = socket.socketpair()
        with theirs:
            self._process: subprocess.Popen[bytes] | None = subprocess.Popen(  # noqa: S603  # our own module, no shell
                command(WAITS),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def kernels(self) -> Installed | None:
        """What `kernels.installed` tells there; None if it can't be had. To be asked once."""
        if self._process is None:
            return None
        try:
            with self._told.makefile("rb") as answers:
                told = json.loads(answers.readline())
            return {name: (language, tuple(argv), env) for name, (language, argv, env) in told.items()}
        except (OSError, ValueError):  # it has ended
            return None

    def take_on(self, run: Path, *, lock: int, log: int) -> tuple[subprocess.Popen[bytes], FileIO] | None:
        """Have it look after this run. Gives the process and its lifeline; None if it is gone."""
        process, self._process = self._process, None
        if process is None:
            return None
        try:
            socket.send_fds(self._told, [json.dumps(str(run)).encode("ascii") + b"\n"], [lock, log])
        except OSError:
            self._end(process)
            return None
        return process, FileIO(self._told.detach(), "wb")

    def close(self) -> None:
        """It is not needed; nothing happens if it has a run."""
        if self._process is not None:
            self._end(self._process)
            self._process = None

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        self._told.close()


def command(run: str) -> list[str]:
    """What starts a supervisor. `-P`: a module beside the notebook must not stand in for one of ours."""
    return [sys.executable, "-P", "-m", "nb2pipe.targets.local.supervisor", run]


def start() -> Ahead | None:
    """One, where the system has what it takes. It is a help only."""
    if not hasattr(socket, "send_fds"):
        return None
    with contextlib.suppress(OSError):
        return Ahead()
    return None


def get_ready() -> Path | None:
    """In that process: the run to look after, its log in place of the streams; None if there is none."""
    with contextlib.suppress(Exception):  # what is wrong with kernels or runner is told where they are needed
        os.write(0, json.dumps(kernels.installed()).encode("ascii") + b"\n")
        load_runner(RUNNER)
    with socket.socket(fileno=os.dup(0)) as told:
        content, descriptors, _, _ = socket.recv_fds(told, 1, 2)
        while content[-1:] != b"\n":  # byte by byte: what follows is for who watches the lifeline
            if not (byte := told.recv(1)):
                return None
            content += byte
    _lock, log = descriptors  # the lock is only to be held
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    return Path(json.loads(content))
