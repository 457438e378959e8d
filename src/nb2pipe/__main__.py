"""The `nb2pipe` command, also as `python -m nb2pipe`: a process that lives for one command.

A third of a short command's time would go into looking for garbage among what was just imported, and into taking all of
it apart at the end.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import sys
import threading
from typing import NoReturn

_GC_THRESHOLD = 200_000  # more than imports make; a command that goes on and on still looks


def main() -> NoReturn:
    """The console script."""
    gc.set_threshold(_GC_THRESHOLD, 20, 50)
    from nb2pipe.cli import run

    _end(run(sys.argv[1:]))


def _end(code: int) -> NoReturn:
    """Do what Python does at the end, but for freeing memory that the system takes back anyway."""
    if threading.active_count() > 1:  # Python waits for them
        sys.exit(code)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads it any more, as `run` has said
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
