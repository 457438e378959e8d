"""A proxy that fails as networks, load balancers and login pages do: a fault for each request in, bytes as they come."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

Plan = Callable[[str, str, int], str]
"""Method, path, and how often this pair came before: the name of a fault, or "" for none."""

_PAGE = b"<!doctype html><title>Sign in</title><form>user</form>"
_NOISE = bytes(range(256)) * 4


class FaultyProxy:
    """Between a client and a server. `done` lists the faults that took place."""

    def __init__(self, upstream: str, plan: Plan, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._host, self._port = urlsplit(upstream).hostname or "", urlsplit(upstream).port or 80
        self.plan = plan
        self.done: list[tuple[str, str, str]] = []
        self._seen: dict[tuple[str, str], int] = {}
        self._writers: list[asyncio.StreamWriter] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)

    async def _end(self) -> None:
        self._server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.05)  # which takes the loop a turn or two

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            while True:
                request = await _message(reader)
                if not request or not await self._one(request, writer):
                    return
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    async def _one(self, request: bytes, writer: asyncio.StreamWriter) -> bool:
        """One request; False if the connection is to end after it."""
        method, target = request.split(b"\r\n", 1)[0].decode().split(" ")[:2]
        path = urlsplit(target).path
        number = self._seen.get((method, path), 0)
        self._seen[method, path] = number + 1
        fault = self.plan(method, path, number)
        if fault:
            self.done.append((method, path, fault))
        if fault in ("cut before", "reset before"):
            _reset(writer, hard=fault.startswith("reset"))
            return False
        answer = b"" if fault in _ANSWERS else await self._forward(request)
        answer = _ANSWERS.get(fault, answer)
        if fault in ("cut after", "reset after"):
            _reset(writer, hard=fault.startswith("reset"))
            return False
        if fault == "half":
            writer.write(answer[: len(answer) // 2])
            await writer.drain()
            return False
        if fault.startswith("slow "):
            await asyncio.sleep(float(fault.split()[1]))
        if fault == "drip":
            for place in range(len(answer)):
                writer.write(answer[place : place + 1])
                await writer.drain()
                await asyncio.sleep(0.2)
        writer.write(answer)
        await writer.drain()
        return b"connection: close" not in answer

    async def _forward(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(request)
            await writer.drain()
            return await _message(reader)
        finally:
            writer.close()


def _reset(writer: asyncio.StreamWriter, *, hard: bool) -> None:
    if hard:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort() if hard else writer.close()


def _answer(status: str, body: bytes, content_type: str = "application/json", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\n{more}content-length: {len(body)}\r\n"
    return f"{head}connection: close\r\n\r\n".encode() + body


_ANSWERS = {
    "401": _answer("401 Unauthorized", b'{"code": 16, "message": "token has expired"}'),
    "403": _answer("403 Forbidden", b"RBAC: access denied", "text/plain"),
    "login page": _answer("302 Found", b"", "text/html", "location: https://dex.example.org/auth?x=1\r\n"),
    "429": _answer("429 Too Many Requests", b"", more="retry-after: 1\r\n"),
    "500": _answer("500 Internal Server Error", b'{"code": 13, "message": "database is locked"}'),
    "502": _answer("502 Bad Gateway", _PAGE, "text/html"),
    "503": _answer("503 Service Unavailable", b"no healthy upstream", "text/plain"),
    "504": _answer("504 Gateway Timeout", b"upstream request timeout", "text/plain"),
    "web page": _answer("200 OK", _PAGE, "text/html"),
    "noise": _NOISE,
    "noise in 200": _answer("200 OK", _NOISE),
    "list": _answer("200 OK", b"[1, 2]"),
    "other object": _answer("200 OK", b'{"run_id": 7, "run_details": [3], "state": {}}'),
    "deep": _answer("200 OK", b"[" * 100_000),
    "empty": _answer("200 OK", b""),
}
ANSWERS = tuple(_ANSWERS)


async def _message(reader: asyncio.StreamReader) -> bytes:
    """A whole request or answer: its head, and as many bytes as that says. Empty at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return head + await reader.readexactly(length)
