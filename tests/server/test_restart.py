"""Runs go on, and can be stopped, whatever becomes of the server that started them."""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import SLOW, content
from outside import Outside

pytestmark = pytest.mark.kernel
A_WHILE = content(
    ("step:load", "import time\nprint('begins', flush=True)\ntime.sleep(3)\nx = list(range(3))"),
    ("step:fit", "print(len(x))"),
)


def until(look: Callable[[], Any], within_s: float = 60.0) -> Any:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("it never came to pass")


def begun(server: Outside, run: str, path: str) -> bool:
    found = server.ask("GET", f"runs/{run}/events", path=path, after=0)
    return any("begins" in item["text"] for item in found["printed"])


def state(server: Outside, run: str, path: str) -> str:
    return str(server.ask("GET", f"runs/{run}", path=path)["run"]["state"])


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Callable[[], Outside]]:
    """Starts a server on the same folder again and again."""
    started: list[Outside] = []
    (tmp_path / "root").mkdir()

    def start() -> Outside:
        started.append(Outside(tmp_path / "root", tmp_path / f"state-{len(started)}"))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.close()


def test_a_server_that_is_killed_takes_no_run_with_it_and_its_successor_stops_them(
    servers: Callable[[], Outside],
) -> None:
    first = servers()
    endless = first.ask("POST", "runs", {"path": "endless.ipynb", "content": content(("step:fit", SLOW))})["run"]["id"]
    short = first.ask("POST", "runs", {"path": "short.ipynb", "content": A_WHILE})["run"]["id"]
    until(lambda: begun(first, endless, "endless.ipynb") and begun(first, short, "short.ipynb"))
    first.kill()

    second = servers()
    listed = second.ask("GET", "runs", path="endless.ipynb")["runs"]
    assert [(item["run"]["id"], item["live"]) for item in listed] == [(endless, True)]
    second.ask("POST", f"runs/{endless}/cancel", {"path": "endless.ipynb"})
    until(lambda: state(second, endless, "endless.ipynb") == "CANCELED")
    until(lambda: not second.ask("GET", f"runs/{short}", path="short.ipynb")["live"])
    view = until(lambda: (found := second.ask("GET", f"runs/{short}", path="short.ipynb"))["has_notebook"] and found)
    assert view["run"]["state"] == "SUCCEEDED"
    merged = second.ask("GET", f"runs/{short}/notebook", path="short.ipynb")
    assert merged["cells"][-1]["outputs"][0]["text"] == "3\n"


def test_a_server_that_is_stopped_while_a_run_is_streamed(servers: Callable[[], Outside]) -> None:
    server = servers()
    run = server.ask("POST", "runs", {"path": "short.ipynb", "content": A_WHILE})["run"]["id"]
    with server.request(
        "GET", f"runs/{run}/events", headers={"Accept": "text/event-stream"}, path="short.ipynb"
    ) as told:
        assert told.readline().startswith(b"id: ")
        began = time.monotonic()
        server.close()
        assert time.monotonic() - began < 10
        with contextlib.suppress(http.client.IncompleteRead):
            told.read()
    second = servers()
    until(lambda: state(second, run, "short.ipynb") == "SUCCEEDED")
