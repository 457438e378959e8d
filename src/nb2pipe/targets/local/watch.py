"""Signals, children's ends and readable pipes in; out, one place to wait for all of them."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import types
from collections.abc import Callable

from nb2pipe.processes import signal_name
from nb2pipe.targets.local.guard import SIGNALS

_CHUNK = 1 << 16


class Watch:
    """Waits for pipes and signals. `asked` collects who wants the run to stop, first one first."""

    def __init__(self, lifeline: int | None) -> None:
        self.asked: list[str] = []
        self._selector = selectors.DefaultSelector()
        self._wakeup, wakeup_write = os.pipe()
        for descriptor in (self._wakeup, wakeup_write):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(wakeup_write, warn_on_full_buffer=False)
        self.add(self._wakeup, lambda: read_all(self._wakeup))
        for number in SIGNALS:
            signal.signal(number, self._on_signal)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)  # only to wake the loop
        if lifeline is not None:
            os.set_blocking(lifeline, False)
            self.add(lifeline, lambda: self._on_lifeline(lifeline))

    def add(self, descriptor: int, on_readable: Callable[[], object]) -> None:
        """Call `on_readable` whenever `descriptor` has something to read, or has ended."""
        self._selector.register(descriptor, selectors.EVENT_READ, on_readable)

    def remove(self, descriptor: int) -> None:
        """Forget the descriptor."""
        with contextlib.suppress(KeyError):
            self._selector.unregister(descriptor)

    def wait(self, timeout_s: float | None) -> None:
        """Wait until something happens or the time is over, and let the callbacks see to it."""
        for key, _ in self._selector.select(timeout_s):
            key.data()

    def _on_signal(self, number: int, _frame: types.FrameType | None) -> None:
        self.asked.append(signal_name(number))

    def _on_lifeline(self, descriptor: int) -> None:
        """The front end writes who cancels; if it ends, the run ends with it."""
        content, ended = read_all(descriptor)
        self.asked.extend(content.decode(errors="replace").split("\n")[:-1])
        if ended:
            self.remove(descriptor)
            self.asked.append("the program that started the run is gone")


def read_all(descriptor: int) -> tuple[bytes, bool]:
    """What a non-blocking descriptor holds now, and whether it has ended."""
    chunks: list[bytes] = []
    while True:
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return b"".join(chunks), False
        except OSError:
            return b"".join(chunks), True
        if not chunk:
            return b"".join(chunks), True
        chunks.append(chunk)
