"""What forked processes tell in; out, the same in the process that forked them.

A file without a name, which all of them have open, holds a line of JSON for each thing that is told: `multiprocessing`,
joblib and PyTorch's loaders read files in processes of their own. One that executes another program has it no more.
"""

from __future__ import annotations

import json
import os
from typing import Any

_MOST_BYTES = 1 << 28  # it lies in memory


class Forks:
    """Those of the process that makes this object. Where the system has no such files, nothing is told."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._file = -1
        self._taken = 0  # bytes
        if hasattr(os, "memfd_create"):
            try:
                self._file = os.memfd_create("nb2pipe")
            except OSError:
                return  # none is to be had

    def is_forked(self) -> bool:
        """True in a process that was forked."""
        return os.getpid() != self._pid

    def tell(self, what: object) -> None:
        """Tell the process that forked this one. They share the place in the file: no line is cut by another."""
        if self._file >= 0 and os.lseek(self._file, 0, os.SEEK_CUR) < _MOST_BYTES:
            os.write(self._file, json.dumps(what).encode("ascii") + b"\n")

    def told(self) -> list[Any]:
        """What was told since it was asked last."""
        if self._file < 0:
            return []
        data = os.pread(self._file, _MOST_BYTES * 2, self._taken)
        whole = data[: data.rfind(b"\n") + 1]
        self._taken += len(whole)
        return [json.loads(line) for line in whole.splitlines()]

    def close(self) -> None:
        """Nothing is told any more."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1
