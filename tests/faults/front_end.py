"""`nb2pipe` commands, each in a fork of this process, which has loaded all that they need: JSON lines in and out."""

from __future__ import annotations

import ctypes
import functools
import json
import os
import sys
from typing import Any, NoReturn

import nb2pipe.cli.freeing
import nb2pipe.cli.history
import nb2pipe.cli.running
import nb2pipe.render
import nb2pipe.runs.collecting
import nb2pipe.suggesting  # noqa: F401  # loaded before the forks
from nb2pipe import cli
from nb2pipe.targets import local

RUNNER = "quick_runner:run"


def main() -> None:
    """Fork once per request, and say which process it is; say how it ended when asked to."""
    with_stub = functools.partial(local.start, runner=RUNNER)
    for line in sys.stdin:
        asked = json.loads(line)
        if "reap" in asked:
            _, status = os.waitpid(asked["reap"], 0)
            answer: dict[str, Any] = {"code": os.waitstatus_to_exitcode(status)}
        else:
            pid = os.fork()
            if pid == 0:
                if not asked["kernels"]:
                    local.start = with_stub  # the parameter that is there for tests
                _command(asked)
            answer = {"pid": pid}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _command(asked: dict[str, Any]) -> NoReturn:
    code = 70
    try:
        os.setsid()
        os.dup2(os.open(asked["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
        os.dup2(1, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(asked["environ"])
        os.chdir(asked["folder"])
        begin = getattr(ctypes.CDLL(None), "fault_begin", None)
        if begin is not None:
            begin()
        code = cli.run(asked["command"])
    finally:
        sys.stdout.flush()
        os._exit(code)


def in_terminal() -> NoReturn:
    """The command that the arguments tell, in this process and its terminal, which it leads."""
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    local.start = functools.partial(local.start, runner=RUNNER)
    sys.exit(cli.run(sys.argv[1:]))


if __name__ == "__main__":
    main()
