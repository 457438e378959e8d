"""A Jupyter server's routes, asked as the panel asks them; notebooks to ask about."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tornado.httpclient import HTTPClientError, HTTPResponse

SLOW = "import time\nprint('begins', flush=True)\ntime.sleep(60)"


def content(*cells: tuple[str, str]) -> dict[str, Any]:
    """A notebook: each cell its tag and its source. No tag: none."""
    made = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {"tags": [tag] if tag else []},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, (tag, source) in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": made}


TWO_STEPS = content(("step:load", "x = list(range(3))"), ("step:fit", "y = len(x)\nprint(y)"))


class Server:
    """The server: `ask` gives status and data, whatever the status is."""

    def __init__(self, fetch: Callable[..., Awaitable[HTTPResponse]], root: Path) -> None:
        self._fetch = fetch
        self.root = root

    def save(self, path: str, data: Any) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(data), encoding="utf-8")
        return file

    async def response(self, verb: str, route: str, body: Any = None, **query: Any) -> HTTPResponse:
        more: dict[str, Any] = {"headers": query.pop("headers", {})}
        more["streaming_callback"] = query.pop("streaming_callback", None)
        if verb == "POST":
            more["body"] = body if isinstance(body, bytes | str) else json.dumps(body)
        try:
            return await self._fetch(
                "nb2pipe", *route.split("/"), method=verb, params=query, request_timeout=60, **more
            )
        except HTTPClientError as error:
            if error.response is None:
                raise
            return error.response

    async def ask(self, verb: str, route: str, body: Any = None, **query: Any) -> tuple[int, Any]:
        found = await self.response(verb, route, body, **query)
        kind = found.headers.get("Content-Type", "")
        return found.code, json.loads(found.body) if kind.startswith("application/json") and found.body else found.body

    async def get(self, route: str, **query: Any) -> Any:
        status, data = await self.ask("GET", route, **query)
        assert status == 200, data
        return data

    async def post(self, route: str, body: Any, status: int = 200) -> Any:
        found, data = await self.ask("POST", route, body)
        assert found == status, data
        return data

    async def ended(self, run: str, path: str) -> Any:
        async def look() -> Any:
            view = await self.get(f"runs/{run}", path=path)
            return None if view["live"] else view

        return await until(look)


async def until(look: Callable[[], Awaitable[Any]], within_s: float = 60.0) -> Any:
    """What `look` gives, once that is something."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if found := await look():
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("it never came to pass")
