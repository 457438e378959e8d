"""A run in, its news as server-sent events out, until it has ended or nobody listens any more."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

from tornado.iostream import StreamClosedError

from nb2pipe import wire
from nb2pipe.errors import BadInput, Nb2pipeError
from nb2pipe_jupyter import runs
from nb2pipe_jupyter.answers import News
from nb2pipe_jupyter.routes import NEWS
from nb2pipe_jupyter.workers import Workers

if TYPE_CHECKING:
    from nb2pipe_jupyter.handlers import Handler

PAUSE_S = 0.2
"""Between two looks: at most five messages a second."""

HEARTBEAT_S = 15.0
MERGING_S = 3.0
"""How long the stream of a run that has ended waits for its notebook, which is written a moment later."""


async def stream(handler: Handler, workers: Workers, run: str, path: str, after: int) -> None:
    """Send what happened since event `after`, then what happens. Raises BadInput before anything is sent."""
    service = workers.service
    first = await workers.do(runs.news, run, path, after, quick=True)  # says if there is no such run
    if service.streams >= service.settings.max_streams:
        raise BadInput.of("N2P806", "this server follows too many runs at once", hint="ask for JSON now and then")
    service.streams += 1
    try:
        with contextlib.suppress(StreamClosedError):
            await _Stream(handler, workers, run, path).send_all(first)
    finally:
        service.streams -= 1


class _Stream:
    """One window's look at one run."""

    def __init__(self, handler: Handler, workers: Workers, run: str, path: str) -> None:
        self._handler = handler
        self._workers = workers
        self._run = run
        self._path = path
        self._sent: Any = None
        self._sent_at = time.monotonic()
        self._ended_at: float | None = None

    async def send_all(self, news: News) -> None:
        """From the first message to the last."""
        self._handler.set_header("Content-Type", NEWS)
        self._handler.set_header("Cache-Control", "no-cache, no-store")
        self._handler.set_header("X-Accel-Buffering", "no")
        while True:
            await self._send(news)
            if self._is_over(news) or self._workers.service.is_closing or self._handler.is_gone:
                break
            self._workers.look_at_cluster(news)
            await asyncio.sleep(PAUSE_S)
            try:
                news = await self._workers.do(runs.news, self._run, self._path, news.view.next, quick=True)
            except Nb2pipeError:  # it was removed, or its record is damaged: who asks again is told
                break
        self._handler.finish(set_content_type=NEWS)

    def _is_over(self, news: News) -> bool:
        if news.view.live:
            return False
        self._ended_at = self._ended_at or time.monotonic()
        return news.view.has_notebook or bool(news.view.run.target) or time.monotonic() - self._ended_at > MERGING_S

    async def _send(self, news: News) -> None:
        """A message, if there is something new; else a heartbeat, now and then."""
        now = time.monotonic()
        if news.view != self._sent or news.printed:
            data = json.dumps(wire.encode(news, whole=True), separators=(",", ":"))
            self._handler.write(f"id: {news.view.next}\nevent: news\ndata: {data}\n\n")
            self._sent = news.view
        elif now - self._sent_at >= HEARTBEAT_S:
            self._handler.write(": still here\n\n")
        else:
            return
        self._sent_at = now
        await self._handler.flush()
