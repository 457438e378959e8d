"""Requests of KFP's generated client in, answers or a `Failure` out: nothing hangs, and nothing follows a redirect.

What the generated client does by itself with timeouts, retries, redirects and answers that are no JSON isn't relied on.
"""

from __future__ import annotations

import json
import os
import queue
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

from nb2pipe.errors import EnvironmentProblem, RemoteProblem
from nb2pipe.model import Diagnostic, Json, Severity
from nb2pipe.targets.kfp import connections
from nb2pipe.targets.kfp.answers import mapping, text
from nb2pipe.targets.kfp.connections import Connection

MAX_ANSWER_BYTES = 64 << 20
_SAID = 400  # characters of a server's own words that are shown

_T = TypeVar("_T")


class Kind(Enum):
    """What became of a request."""

    UNREACHABLE = "nothing was sent"
    UNANSWERED = "sent, and no whole answer came"
    JUNK = "an answer that is none of KFP's"
    BROKEN = "5xx: of the server, or of a proxy before it"
    THROTTLED = "429"
    LOGIN = "401, 403, or a page to log in at"
    MISSING = "404"
    CONFLICT = "409"
    REFUSED = "another 4xx, or a certificate that isn't trusted"

    @property
    def may_have_happened(self) -> bool:
        """True if the server may have done what it was asked for."""
        return self in (Kind.UNANSWERED, Kind.JUNK, Kind.BROKEN)

    @property
    def passes(self) -> bool:
        """True if the same request may go through later."""
        return self in (Kind.UNREACHABLE, Kind.UNANSWERED, Kind.JUNK, Kind.BROKEN, Kind.THROTTLED)

    @property
    def code(self) -> str:
        """Its diagnostic's."""
        return "N2P755" if self.passes else "N2P754" if self is Kind.LOGIN else "N2P756"


class Failure(RemoteProblem):
    """A request that gave no answer, or one that is no success.

    `after_s`: how long the server asks to wait. `is_slow`: it may still be at work on it.
    """

    def __init__(
        self, kind: Kind, message: str, *, hint: str | None = None, after_s: float = 0.0, is_slow: bool = False
    ) -> None:
        super().__init__([Diagnostic(kind.code, Severity.ERROR, message, hint=hint)])
        self.kind = kind
        self.after_s = after_s
        self.is_slow = is_slow


class Answer:
    """A server's whole answer, with the three things of it that the generated client asks for."""

    def __init__(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self.status = status
        self.headers = headers
        self.data = data

    def getheader(self, name: str, default: str | None = None) -> str | None:
        """A header's value."""
        return self.headers.get(name, default)

    def json(self) -> Json:
        """The data. Raises ValueError for what is no JSON."""
        found: Json = json.loads(self.data.decode("utf-8"))
        return found


class Sender:
    """Stands in for the generated client's own transport: the same methods, of which KFP's API uses these three."""

    def __init__(self, connection: Connection, *, connect_s: float, read_s: float, whole_s: float) -> None:
        self._connection = connection
        self._connect_s = connect_s
        self._read_s = read_s
        self._whole_s = whole_s
        self._pool = _pool(connection)

    def GET(self, url: str, query_params: Any = None, headers: Any = None, **_: Any) -> Answer:  # noqa: ANN401, N802
        """Ask for something."""
        return self.send("GET", _with_query(url, query_params), headers)

    def DELETE(self, url: str, query_params: Any = None, headers: Any = None, **_: Any) -> Answer:  # noqa: ANN401, N802
        """Remove something."""
        return self.send("DELETE", _with_query(url, query_params), headers)

    def POST(  # noqa: N802
        self,
        url: str,
        query_params: Any = None,  # noqa: ANN401
        headers: Any = None,  # noqa: ANN401
        post_params: Any = None,  # noqa: ANN401
        body: Any = None,  # noqa: ANN401
        **_: Any,  # noqa: ANN401
    ) -> Answer:
        """Send data, or files."""
        headers = dict(headers or {})
        if headers.get("Content-Type") == "multipart/form-data":
            del headers["Content-Type"]  # which is to name the boundary
            return self.send("POST", _with_query(url, query_params), headers, fields=list(post_params or ()))
        content = b"" if body is None else json.dumps(body).encode()
        return self.send("POST", _with_query(url, query_params), headers, body=content)

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        body: bytes | None = None,
        fields: Sequence[Any] | None = None,
        tail: int = 0,
    ) -> Answer:
        """One request. `tail`: so many bytes of the answer's end will do.

        Raises Failure, EnvironmentProblem for a credential that is missing.
        """
        own = {"Accept": "application/json", **(headers or {}), **connections.login(self._connection)}
        given: dict[str, Any] = {"fields": fields} if fields is not None else {"body": body}
        answer = _within(
            self._whole_s, lambda: self._exchange(method, url, {"headers": own, **given}, tail), self._connection.host
        )
        if not 200 <= answer.status <= 299:
            raise refusal(self._connection.host, answer)
        return answer

    def _exchange(self, method: str, url: str, given: Mapping[str, Any], tail: int) -> Answer:
        from urllib3 import Timeout, exceptions

        timeout = Timeout(connect=self._connect_s, read=self._read_s)
        host = self._connection.host
        try:
            response = self._pool.request(
                method, url, timeout=timeout, retries=False, redirect=False, preload_content=False, **given
            )
            data = _end_of(response, tail) if tail else response.read(MAX_ANSWER_BYTES + 1)
        except (exceptions.NewConnectionError, exceptions.ConnectTimeoutError, exceptions.ProxyError) as error:
            raise Failure(
                Kind.UNREACHABLE,
                f"the KFP server at {host} can't be reached: {_reason(error)}",
                hint="look at the address and the network; a server in a cluster may need a port that is forwarded",
            ) from error
        except (exceptions.HTTPError, OSError, ValueError) as error:
            if isinstance(_innermost(error), ssl.SSLCertVerificationError):
                raise Failure(
                    Kind.REFUSED,
                    f"no safe connection to {host}: {_reason(error)}",
                    hint="if the certificate is your organisation's own, name the file with its authority: `--ca-file`",
                ) from error
            message = f"{host} gave no whole answer: {_reason(error)}"
            is_slow = isinstance(error, exceptions.TimeoutError)
            raise Failure(Kind.UNANSWERED, message, hint="try again", is_slow=is_slow) from error
        if len(data) > MAX_ANSWER_BYTES:
            raise Failure(Kind.JUNK, f"{host} answered with more than {MAX_ANSWER_BYTES >> 20} MiB")
        return Answer(response.status, response.headers, data)


def _end_of(response: Any, most: int) -> bytes:  # noqa: ANN401  # urllib3 comes with the extra
    data = b""
    for part in response.stream(1 << 16):
        data = (data + part)[-most:]
    return data


def refusal(host: str, answer: Answer) -> Failure:
    """The failure that an answer other than a success is."""
    status = answer.status
    said = _words(answer)
    if status in (401, 403) or 300 <= status <= 399:
        return _login(host, answer, said)
    if status == 429:
        return Failure(
            Kind.THROTTLED, f"{host} has too much to do (429){said}", hint="try later", after_s=_after(answer)
        )
    if status >= 500:
        hint = "try later; the server's own log says more"
        message = f"{host} failed ({status}){said}"
        return Failure(Kind.BROKEN, message, hint=hint, after_s=_after(answer), is_slow=status == 504)
    kind = {404: Kind.MISSING, 409: Kind.CONFLICT}.get(status, Kind.REFUSED)
    is_elsewhere = status in (404, 405) and not said
    where = "is it the address of KFP's API? On Kubeflow it ends in /pipeline" if is_elsewhere else None
    return Failure(kind, f"{host} refused the request ({status}){said}", hint=where)


def _login(host: str, answer: Answer, said: str) -> Failure:
    to = urlsplit(answer.getheader("location") or "")
    if to.scheme == "https" and to.hostname == urlsplit(host).hostname and host.startswith("http:"):
        return Failure(Kind.LOGIN, f"{host} answers to https only", hint=f"use https{host[4:]}")
    if 300 <= answer.status <= 399:
        message = f"{host} sends on to {to.hostname or 'another page'}, as a server does that wants a login"
    elif answer.status == 403:
        message = f"{host} doesn't let this user do that (403){said}"
    else:
        message = f"{host} doesn't take the login, or there is none (401){said}"
    advice = (
        "log in anew and put the new token or cookies where the connection reads them; "
        "`--auth`, `--token-env` and `--token-file` say which"
    )
    return Failure(Kind.LOGIN, message, hint=advice)


def _words(answer: Answer) -> str:
    """What the server says in its error, on one line. A page of HTML says nothing."""
    try:
        data = mapping(answer.json())
    except (ValueError, RecursionError):
        return ""
    found = text(data.get("message")) or text(data.get("error_message")) or text(data.get("error"))
    found = " ".join(found.split())
    return f": {found[:_SAID]}" if found else ""


def _after(answer: Answer) -> float:
    value = answer.getheader("retry-after") or ""
    return float(min(int(value), 300)) if value.isascii() and value.isdigit() and len(value) < 6 else 0.0


def _innermost(error: BaseException) -> BaseException:
    """What urllib3 has wrapped in exceptions and tuples."""
    while True:
        inner = next(
            (item for item in (getattr(error, "reason", None), *error.args) if isinstance(item, BaseException)), None
        )
        if inner is None:
            return error
        error = inner


def _reason(error: BaseException) -> str:
    """The innermost reason in few words, without addresses of objects."""
    inner = _innermost(error)
    inner = inner.__cause__ or inner
    words = getattr(inner, "verify_message", None) or getattr(inner, "strerror", None)
    words = words or str(inner).rsplit(">: ", 1)[-1].rsplit(": ", 1)[-1]
    return " ".join(str(words or type(inner).__name__).split())[:_SAID]


def _with_query(url: str, query: Any) -> str:  # noqa: ANN401  # the generated client's own form
    return f"{url}?{urlencode(query)}" if query else url


def _within(seconds: float, function: Callable[[], _T], host: str) -> _T:
    """What the function gives, unless it takes longer: a byte now and then satisfies every socket's own timeout."""
    found: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()

    def work() -> None:
        try:
            found.put((True, function()))
        except BaseException as error:  # noqa: BLE001  # raised again by who waits
            found.put((False, error))

    threading.Thread(target=work, daemon=True, name="nb2pipe request").start()
    try:
        good, value = found.get(timeout=seconds)
    except queue.Empty:
        message = f"{host} gave no whole answer within {seconds:.0f} s"
        raise Failure(Kind.UNANSWERED, message, hint="try again", is_slow=True) from None
    if not good:
        raise value
    result: _T = value
    return result


def _pool(connection: Connection) -> Any:  # noqa: ANN401  # urllib3 comes with the extra
    import certifi
    import urllib3

    if connection.ca_file and not Path(connection.ca_file).is_file():
        raise EnvironmentProblem.of(
            "N2P752",
            f"the file of certificates to trust, {connection.ca_file}, isn't there",
            hint="give `--ca-file` a file in PEM format",
        )
    authorities = connection.ca_file or os.environ.get("SSL_CERT_FILE") or certifi.where()
    trusted: dict[str, Any] = {"cert_reqs": "CERT_REQUIRED", "ca_certs": authorities}
    parts = urlsplit(connection.host)
    proxy = getproxies().get(parts.scheme)
    if proxy and not proxy_bypass(parts.netloc):
        return urllib3.ProxyManager(proxy, **trusted)
    return urllib3.PoolManager(**trusted)
