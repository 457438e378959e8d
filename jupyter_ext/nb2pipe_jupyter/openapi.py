"""The table of routes and the classes of questions and answers in, the OpenAPI document out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import nb2pipe
from nb2pipe.model import Json
from nb2pipe.wire import Schemas
from nb2pipe_jupyter.answers import Problems
from nb2pipe_jupyter.routes import BASE, JSON, NEWS, ROUTES, Query, Route

_PLACE = "#/components/schemas/"
_REFUSED = {
    400: "The input is wrong.",
    404: "There is no such notebook, run, step or target.",
    409: "The state of the thing does not allow it.",
    413: "The body is too large.",
    429: "Too much is going on at once.",
    503: "Something is missing on this machine, or a cluster did not answer as it should.",
}
_VARIES = {
    "run": "A run's id.",
    "step": "A step's id.",
    "target": "A connection's name.",
    "verification": "A verification's id.",
}


@cache
def document() -> Mapping[str, Json]:
    """The OpenAPI 3.1 document of all routes."""
    asked, answered = Schemas(_PLACE), Schemas(_PLACE, whole=True)
    paths: dict[str, dict[str, Json]] = {}
    for route in ROUTES:
        paths.setdefault(f"/{BASE}/{route.path}", {})[route.verb.lower()] = _operation(route, asked, answered)
    answered.of(Problems)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "nb2pipe's server extension",
            "version": nb2pipe.__version__,
            "description": "What the JupyterLab panel of nb2pipe asks the Jupyter server. Addresses are below the"
            " server's base address; log in as for Jupyter's own API (a token, or the cookie with `X-XSRFToken`).",
        },
        "security": [{"token": []}, {"cookie": []}],
        "paths": dict(paths),
        "components": {
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "token TOKEN"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "_xsrf", "description": "Beside the login's."},
            },
            "schemas": dict(sorted({**asked.definitions, **answered.definitions}.items())),
        },
    }


def _operation(route: Route, asked: Schemas, answered: Schemas) -> Json:
    found: dict[str, Json] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "parameters": [
            *map(_in_path, route.names),
            *map(_in_query, route.query),
            *(_LAST_SEEN if route.streams else []),
        ],
        "responses": {
            str(route.status): _answer(route, answered),
            "403": {"description": "Nobody is logged in, or this user may not."},
            **{
                str(status): {"description": text, "content": {JSON: {"schema": {"$ref": f"{_PLACE}Problems"}}}}
                for status, text in _REFUSED.items()
            },
        },
    }
    if route.asked is not None:
        found["requestBody"] = {"required": True, "content": {JSON: {"schema": asked.of(route.asked)}}}
    return found


def _operation_id(route: Route) -> str:
    words = [word for word in route.path.replace("{", "").replace("}", "").replace(".", "/").split("/") if word]
    return "_".join([route.verb.lower(), *words])


def _answer(route: Route, answered: Schemas) -> Json:
    if route.answer is None:
        return {"description": "Done."}
    if isinstance(route.answer, type):
        content: dict[str, Json] = {JSON: {"schema": answered.of(route.answer)}}
    else:
        content = {route.answer: {"schema": {} if route.answer == JSON else {"type": "string"}}}
    if route.streams:
        content[NEWS] = {"schema": {"type": "string", "description": "`id` is `next`; `data` is the JSON answer."}}
    return {"description": "The answer.", "content": content}


def _in_path(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "description": _VARIES[name], "schema": {"type": "string"}}


def _in_query(query: Query) -> Json:
    limits = {"minimum": query.least, "maximum": query.most}
    kind: dict[str, Json] = {"type": query.kind, **{key: item for key, item in limits.items() if item is not None}}
    return {
        "name": query.name,
        "in": "query",
        "required": query.required,
        "description": query.meaning,
        "schema": kind,
    }


_LAST_SEEN: list[Json] = [
    {
        "name": "Last-Event-ID",
        "in": "header",
        "required": False,
        "description": "As `after`, of a stream that is taken up again.",
        "schema": {"type": "integer", "minimum": 0},
    }
]
