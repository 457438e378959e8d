"""Work in, its result out, off the event loop: in threads, so many at a time, so many that may wait."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from nb2pipe.errors import BadInput, Nb2pipeError
from nb2pipe_jupyter import runs
from nb2pipe_jupyter.answers import News
from nb2pipe_jupyter.service import Service

_LOOKS = 4  # threads for what only looks, and so is quick


@dataclass
class Workers:
    """The threads that requests are worked on in. `waiting`: how many are on their way, besides quick looks."""

    service: Service
    working: ThreadPoolExecutor = field(init=False)
    looking: ThreadPoolExecutor = field(init=False)
    waiting: int = 0
    beside: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.working = ThreadPoolExecutor(self.service.settings.max_at_once, "nb2pipe-work")
        self.looking = ThreadPoolExecutor(_LOOKS, "nb2pipe-look")
        self.service.at_close.append(self.close)

    def close(self) -> None:
        """Begin nothing more."""
        for pool in (self.working, self.looking):
            pool.shutdown(wait=False, cancel_futures=True)

    async def do(self, work: Callable[..., Any], /, *args: Any, quick: bool, **kwargs: Any) -> Any:  # noqa: ANN401
        """What `work` gives, called with the service. Raises BadInput (N2P806) if too much waits already."""
        settings = self.service.settings
        if self.service.is_closing:
            raise BadInput.of("N2P806", "this server is being stopped", hint="ask the next one")
        if not quick and self.waiting >= settings.max_at_once + settings.max_waiting:
            raise BadInput.of("N2P806", "this server works on too much at once", hint="try again in a moment")
        loop = self.service.loop = asyncio.get_running_loop()
        pool = self.looking if quick else self.working
        self.waiting += not quick
        try:
            return await loop.run_in_executor(pool, lambda: work(self.service, *args, **kwargs))
        finally:
            self.waiting -= not quick

    def look_at_cluster(self, news: News) -> None:
        """Have a cluster asked about a run, beside all else: what it says is in the record then."""
        view = news.view
        if view.live and view.run.target and self.service.may_look(view.run.id):
            task = asyncio.create_task(self._looked(view.run.id, view.path))
            self.beside.add(task)
            task.add_done_callback(self.beside.discard)

    async def _looked(self, run: str, path: str) -> None:
        with contextlib.suppress(Nb2pipeError):  # it is told where somebody asks for something
            await self.do(runs.look_at_cluster, run, path, quick=False)
