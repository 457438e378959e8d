"""A live Jupyter server with nb2pipe's extension: analysis of a notebook in an editor, to `GET /api`."""

from __future__ import annotations

import copy
import http.client
import json
import os
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.analysis import KINDS, notebook
from benchmarks.measuring import Row, seconds
from nb2pipe.processes import descendants, usage

_CELLS = 200
_KINDS = ("one helper called", "pandas chains on one frame", "plots")
_AIM_MS = 100
_START_S = 60.0


@dataclass(frozen=True)
class Server:
    """A server of its own, asked on one connection, as browsers do."""

    pid: int
    connection: http.client.HTTPConnection
    headers: Mapping[str, str]

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        """Raises RuntimeError for any answer but 200."""
        self.connection.request(method, path, None if body is None else json.dumps(body), dict(self.headers))
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]!r}")

    def analyze(self, content: dict[str, Any], client: str) -> None:
        """As the panel asks."""
        self.ask("POST", "/nb2pipe/analyze", {"path": "typed.ipynb", "content": content, "client": client})

    def cpu_s(self) -> float:
        """What the server and all that it has started have taken."""
        return usage([self.pid, *descendants(self.pid)])[0]


def answering(folder: Path, rounds: int) -> Iterator[Row]:
    """Whole analyses, each of a notebook that the server has not seen; then one cell that is typed in.

    Of what is typed, the first versions are not counted: nothing is known of the notebook before.
    """
    with _server(folder) as server:
        for kind in _KINDS:
            content = notebook(KINDS[kind], _CELLS, _CELLS // 5)
            for cell in content["cells"]:
                del cell["outputs"]
            for _ in range(3):
                server.analyze(content, secrets.token_hex(8))
            whole = ((content, secrets.token_hex(8)) for _ in range(5 * rounds))
            yield _row(f"analysis of {_CELLS} cells, {kind}: whole", server, whole)
            for place in (_CELLS // 2, _CELLS - 10):
                client = secrets.token_hex(8)
                versions = ((version, client) for version in _typed(content, place, 5 * rounds + 2))
                for version in islice(versions, 2):
                    server.analyze(*version)
                yield _row(f"the same, typing in cell {place}", server, versions)


def _typed(content: dict[str, Any], place: int, count: int) -> Iterator[dict[str, Any]]:
    typed = copy.deepcopy(content)
    for number in range(count):
        typed["cells"][place]["source"] += f"\ntyped = {number}"
        yield typed


def _row(what: str, server: Server, versions: Iterable[tuple[dict[str, Any], str]]) -> Row:
    """The two are asked in turn; CPU time is of both."""
    start = server.cpu_s()
    pairs = [
        (seconds(lambda: server.analyze(*version)), seconds(lambda: server.ask("GET", "/api")))  # noqa: B023  # called here
        for version in versions
    ]
    cpu_ms = (server.cpu_s() - start) / len(pairs) * 1000
    ours, base = (statistics.median(values) for values in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    met = "met" if ours * 1000 < _AIM_MS else "missed"
    note = f"{ours * 1000:.0f} ms, {cpu_ms:.0f} ms of CPU; under {_AIM_MS} ms: {met}"
    return Row(what, ratio, None, "`GET /api`", base, note=note)


@contextmanager
def _server(folder: Path) -> Iterator[Server]:
    token = secrets.token_hex(16)
    kept = folder / "jupyter"
    places = {f"JUPYTER_{name}_DIR": str(kept / name.lower()) for name in ("CONFIG", "RUNTIME", "DATA")}
    settings = ("port=0", "ip=127.0.0.1", f"root_dir={folder}", "jpserver_extensions={'nb2pipe_jupyter': True}")
    options = ("--no-browser", "--allow-root", *(f"--ServerApp.{setting}" for setting in settings))
    with subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", *options],
        env={**os.environ, **places, "JUPYTER_TOKEN": token},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", _began(kept / "runtime")["port"])
            headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
            yield Server(process.pid, connection, headers)
            connection.close()
        finally:
            process.terminate()


def _began(runtime: Path) -> dict[str, Any]:
    """What the server writes of itself when it listens."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        for path in runtime.glob("jpserver-*.json"):
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8") or "{}")
            if found:
                return found
        time.sleep(0.1)
    raise TimeoutError("the server did not start: are jupyter_server and nb2pipe_jupyter installed?")
