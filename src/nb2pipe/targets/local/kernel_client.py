"""A kernel's manager in; out, a client that is ready as soon as the kernel answers, and a kernel that has ended.

jupyter_client waits for fixed times where it could look: 0.2 s until no more output comes, up to 0.1 s until a socket
is connected, 0.1 s between two looks at a process that ends, 0.1 s for what no peer will take. Each step would pay.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from queue import Empty
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager

_LOOK_S = 0.005
_RECONNECT_MS = 10
_REPLY_S, _OUTPUT_S = 1.0, 0.2  # jupyter_client's own


class StepKernelClient(AsyncKernelClient):  # type: ignore[misc]  # jupyter_client is skipped by mypy here
    """A client whose sockets find the kernel's soon, and who knows what it waits for."""

    def _context_default(self) -> zmq.asyncio.Context:
        context: zmq.asyncio.Context = super()._context_default()
        context.setsockopt(zmq.RECONNECT_IVL, _RECONNECT_MS)  # of all sockets that it makes
        return context

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Until the kernel has answered a request, and what it told of it on the output channel has come.

        Raises RuntimeError if the kernel ends before, or after `timeout` seconds.
        """
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        asked: set[str] = set()
        while True:
            asked.add(self.kernel_info())
            if await self._is_idle_after(asked):
                return
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > deadline:
                raise RuntimeError(f"Kernel didn't respond in {timeout:.0f} seconds")

    async def _is_idle_after(self, asked: set[str]) -> bool:
        """True once one of the requests was answered and is told of as done: so output is heard from now on."""
        try:
            while True:
                reply = await self.get_shell_msg(timeout=_REPLY_S)
                if reply["msg_type"] == "kernel_info_reply" and _request_of(reply) in asked:
                    break
            while True:
                told = await self.get_iopub_msg(timeout=_OUTPUT_S)
                if told["content"].get("execution_state") == "idle" and _request_of(told) in asked:
                    break
        except Empty:
            return False
        self._handle_kernel_info_reply(reply)
        return True


def without_debugger(argv: Sequence[str], runtime: Path) -> list[str]:
    """The command that starts a kernel, by `runtime/launch.py` if it is ipykernel's own."""
    for place, pair in enumerate(pairwise(argv)):
        if pair == ("-m", "ipykernel_launcher"):
            return [*argv[:place], str(runtime / "nb2pipe" / "runtime" / "launch.py"), *argv[place + 2 :]]
    return list(argv)


def _request_of(message: Any) -> str:  # noqa: ANN401  # jupyter_client has no types
    return str(message["parent_header"].get("msg_id", ""))


async def end(manager: AsyncKernelManager, within_s: float) -> bool:
    """Ask the kernel to end, so that what the user's code has registered for that is done. True once it has ended."""
    if not await manager.is_alive():
        return True
    await manager.request_shutdown()
    deadline = time.monotonic() + within_s
    while await manager.is_alive():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_LOOK_S)
    return True
