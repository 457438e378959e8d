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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.analysis import KINDS, notebook
from benchmarks.measuring import Row, seconds

_CELLS = 200
_KINDS = ("one helper called", "pandas chains on one frame", "plots")
_AIM_MS = 100
_START_S = 60.0

Ask = Callable[[str, str, dict[str, Any] | None], None]


def answering(folder: Path, rounds: int) -> Iterator[Row]:
    """Whole analyses, each of a notebook that the server has not seen; then one cell that is typed in.

    The first versions of what is typed are not counted: the first of all is analysed whole, and so is the second.
    """
    with _server(folder) as ask:
        for kind in _KINDS:
            content = notebook(KINDS[kind], _CELLS, _CELLS // 5)
            for cell in content["cells"]:
                del cell["outputs"]
            for _ in range(3):
                _analyze(ask, content, secrets.token_hex(8))
            whole = [_pair(ask, content, secrets.token_hex(8)) for _ in range(5 * rounds)]
            yield _row(f"analysis of {_CELLS} cells, {kind}: whole", whole)
            for place in (_CELLS // 2, _CELLS - 10):
                yield _row(f"the same, typing in cell {place}", _typing(ask, content, place, 5 * rounds))


def _typing(ask: Ask, content: dict[str, Any], place: int, rounds: int) -> list[tuple[float, float]]:
    client = secrets.token_hex(8)
    found: list[tuple[float, float]] = []
    typed = copy.deepcopy(content)
    for number in range(rounds + 2):
        typed["cells"][place]["source"] += f"\ntyped = {number}"
        found.append(_pair(ask, typed, client))
    return found[2:]


def _pair(ask: Ask, content: dict[str, Any], client: str) -> tuple[float, float]:
    return seconds(lambda: _analyze(ask, content, client)), seconds(lambda: ask("GET", "/api", None))


def _analyze(ask: Ask, content: dict[str, Any], client: str) -> None:
    ask("POST", "/nb2pipe/analyze", {"path": "typed.ipynb", "content": content, "client": client})


def _row(what: str, pairs: list[tuple[float, float]]) -> Row:
    ours, base = (statistics.median(values) for values in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    met = "met" if ours * 1000 < _AIM_MS else "missed"
    return Row(what, ratio, None, "`GET /api`", base, note=f"{ours * 1000:.0f} ms; under {_AIM_MS} ms: {met}")


@contextmanager
def _server(folder: Path) -> Iterator[Ask]:
    """A server of its own on a free port of this machine, and how it is asked: on one connection, as browsers do."""
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
            found = _began(kept / "runtime")
            connection = http.client.HTTPConnection("127.0.0.1", found["port"])
            headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}

            def ask(method: str, path: str, body: dict[str, Any] | None) -> None:
                connection.request(method, path, None if body is None else json.dumps(body), headers)
                answer = connection.getresponse()
                text = answer.read()
                if answer.status != http.HTTPStatus.OK:
                    raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]!r}")

            yield ask
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
