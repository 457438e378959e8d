"""Requests in, answers out: one handler for each address of the table of routes, all logged in and allowed to.

What is done stands in `notebooks`, `runs`, `targets` and `verifications`; here are bodies and queries decoded, errors
told as `Problems`, and all work kept off the event loop.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from nb2pipe import wire
from nb2pipe.errors import BadInput, Nb2pipeError
from nb2pipe.model import Json
from nb2pipe_jupyter import notebooks, openapi, runs, targets, verifications
from nb2pipe_jupyter.answers import Problems
from nb2pipe_jupyter.problems import internal, status_of
from nb2pipe_jupyter.routes import BASE, HTML, JSON, ROUTES, TEXT, Query, Route
from nb2pipe_jupyter.service import Service
from nb2pipe_jupyter.streaming import stream
from nb2pipe_jupyter.workers import Workers

_DONE: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("GET", "status"): notebooks.capabilities,
    ("GET", "openapi.json"): lambda _: openapi.document(),
    ("POST", "analyze"): notebooks.analyze,
    ("POST", "suggest"): notebooks.suggest,
    ("POST", "freshness"): notebooks.freshness,
    ("POST", "fresh"): notebooks.fresh,
    ("POST", "compile"): notebooks.compiled,
    ("GET", "runs"): runs.history,
    ("POST", "runs"): runs.start,
    ("GET", "runs/{run}"): runs.one,
    ("DELETE", "runs/{run}"): runs.remove,
    ("GET", "runs/{run}/events"): runs.news,
    ("POST", "runs/{run}/cancel"): runs.cancel,
    ("POST", "runs/{run}/resume"): runs.resume,
    ("GET", "runs/{run}/notebook"): runs.notebook,
    ("GET", "runs/{run}/steps/{step}/notebook"): runs.step_notebook,
    ("GET", "runs/{run}/steps/{step}/log"): runs.step_log,
    ("POST", "runs/{run}/steps/{step}/debug"): runs.debug,
    ("GET", "targets"): targets.all_targets,
    ("POST", "targets"): targets.add,
    ("DELETE", "targets/{target}"): targets.remove,
    ("GET", "targets/{target}/status"): targets.status,
    ("POST", "verifications"): verifications.begin,
    ("GET", "verifications/{verification}"): verifications.one,
    ("POST", "verifications/{verification}/cancel"): verifications.cancel,
    ("GET", "verifications/{verification}/report"): verifications.report,
}
"""What is done for each route: a function of the service, what varies in the path, the query, and the body."""

# in an origin of its own: what stands in a report came out of a notebook
_REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)


class Handler(APIHandler):
    """One address. `routes`: by method."""

    auth_resource = "nb2pipe"
    SUPPORTED_METHODS = ("GET", "POST", "DELETE", "OPTIONS")

    def initialize(self, workers: Workers, routes: Mapping[str, Route]) -> None:
        """As tornado calls it."""
        self.workers = workers
        self.routes = routes

    is_gone = False
    """True once nobody listens any more."""

    def on_connection_close(self) -> None:
        """The browser has hung up."""
        self.is_gone = True
        super().on_connection_close()

    @web.authenticated
    @authorized
    async def get(self, **named: str) -> None:
        """Look."""
        await self._carry_out("GET", named)

    @web.authenticated
    @authorized
    async def post(self, **named: str) -> None:
        """Ask for something, or have something done."""
        await self._carry_out("POST", named)

    @web.authenticated
    @authorized
    async def delete(self, **named: str) -> None:
        """Remove something."""
        await self._carry_out("DELETE", named)

    async def _carry_out(self, verb: str, named: Mapping[str, str]) -> None:
        """Parse, have it done, finish."""
        if verb not in self.routes:
            raise web.HTTPError(405)
        route = self.routes[verb]
        try:
            given = self._given(route, named)
            if route.streams and self.streams:
                await stream(self, self.workers, **given)
                return
            quick = verb == "GET" and not route.path.endswith("/status")
            answer, content = await self.workers.do(self._work, route, quick=quick, **given)
            if route.streams:
                self.workers.look_at_cluster(answer)
            self._finish(route, content)
        except Nb2pipeError as error:
            if not self._headers_written:
                told = self.workers.service.places.told
                self._refuse(status_of(error, route), Problems(tuple(map(told, error.diagnostics))))
        except Exception as error:  # the edge: what gets here is our bug, and is told as one
            self.log.exception("nb2pipe: %s %s", verb, route.path)
            if not self._headers_written:
                self._refuse(500, internal(error))

    @property
    def streams(self) -> bool:
        """True if server-sent events are asked for."""
        return "text/event-stream" in self.request.headers.get("Accept", "")

    def _given(self, route: Route, named: Mapping[str, str]) -> dict[str, Any]:
        """All that the route's function is to get, but for the body. Raises BadInput (N2P801)."""
        found: dict[str, Any] = dict(named)
        for query in route.query:
            value = self._queried(query)
            if value is not None:
                found[query.name] = value
        if route.streams:
            found["after"] = self._last_seen(found.get("after"))
        return found

    def _work(self, service: Service, route: Route, **given: Any) -> tuple[Any, bytes]:  # noqa: ANN401
        """In a thread: decode the body, have it done, encode the answer. A notebook with its outputs may be large."""
        if route.asked is not None:
            given["asked"] = self._body(route.asked)
        answer = _DONE[route.verb, route.path](service, **given)
        return answer, _encoded(route, answer)

    def _queried(self, query: Query) -> str | int | None:
        text = self.get_query_argument(query.name, None, strip=False)
        if text is None:
            if query.required:
                raise _wrong(f"`{query.name}` is missing in the query")
            return None
        return _whole(query.name, text, query.least or 0, query.most) if query.kind == "integer" else text

    def _last_seen(self, after: int | None) -> int:
        text = self.request.headers.get("Last-Event-ID")
        return after or 0 if text is None else _whole("Last-Event-ID", text, 0, None)

    def _body(self, cls: type) -> Any:  # noqa: ANN401  # of that class
        body = self.request.body
        most = self.workers.service.settings.max_body_bytes
        if len(body) > most:
            hint = "clear the outputs of large cells, or have the limit raised: `Nb2pipeApp.max_body_bytes`"
            raise BadInput.of("N2P804", f"the question has {len(body):,} bytes; the limit is {most:,}", hint=hint)
        try:
            return wire.read(cls, json.loads(body))
        except RecursionError as error:
            raise _wrong("the body is nested too deeply") from error
        except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are some
            raise _wrong(f"the body is not what is expected: {error}") from error

    def _finish(self, route: Route, content: bytes) -> None:
        self.set_status(route.status)
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")
        if route.answer == HTML:
            self.set_header("Content-Security-Policy", _REPORT_POLICY)
        if route.answer is None:
            self.finish()
        else:
            kind = route.answer if isinstance(route.answer, str) else JSON
            self.finish(content, set_content_type=kind if kind == JSON else f"{kind}; charset=utf-8")

    def _refuse(self, status: int, problems: Problems) -> None:
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        self.finish(_json(wire.encode(problems, whole=True)), set_content_type=JSON)


def handlers(service: Service) -> list[tuple[str, type[Handler], dict[str, Any]]]:
    """All addresses, as tornado takes them."""
    workers = Workers(service)
    paths: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.verb] = route
    return [(_pattern(path), Handler, {"workers": workers, "routes": routes}) for path, routes in paths.items()]


def _pattern(path: str) -> str:
    parts = [
        f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else part.replace(".", r"\.") for part in path.split("/")
    ]
    return f"/{BASE}/{'/'.join(parts)}"


def _encoded(route: Route, answer: Any) -> bytes:  # noqa: ANN401  # as the route says
    if route.answer is None:
        return b""
    if route.answer in (HTML, TEXT):
        return bytes(answer.encode("utf-8", "replace"))
    return _json(answer if route.answer == JSON else wire.encode(answer, whole=True)).encode()


def _json(data: Json) -> str:
    return json.dumps(data, separators=(",", ":"))  # ASCII: it holds halves of characters too


def _whole(name: str, text: str, least: int, most: int | None) -> int:
    """A whole number of a query or header. Raises BadInput (N2P801)."""
    if not (text.isascii() and text.isdigit() and len(text) <= 15) or not least <= int(text) <= (most or int(text)):
        limits = f"a whole number from {least}" + (f" to {most}" if most else "")
        raise _wrong(f"`{name}` is not {limits}")
    return int(text)


def _wrong(message: str) -> BadInput:
    return BadInput.of("N2P801", message, hint="the panel and this server may be of two versions: reload the page")
