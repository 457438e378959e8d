"""Other tabs hear of it when a run starts, ends or goes, also one that a terminal started."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from asking import TWO_STEPS, Server, content, until

from nb2pipe import api

pytestmark = pytest.mark.kernel
PATH = "a/train.ipynb"


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"nb2pipe_jupyter": True}}, "Nb2pipeApp": {"watch_s": 0.1}}


async def test_runs_are_heard_of(server: Server, jp_ws_fetch: Any, jp_serverapp: Any) -> None:
    file = server.save(PATH, TWO_STEPS)
    told: list[tuple[str, str, str]] = []
    socket = await jp_ws_fetch("api", "events", "subscribe")

    async def listen() -> None:
        while (text := await socket.read_message()) is not None:
            event = json.loads(text)
            if event["schema_id"] == "urn:nb2pipe:run-changed":
                told.append((event["path"], event["run"], event["state"]))

    listening = asyncio.create_task(listen())
    assert (await server.get("runs", path=PATH))["runs"] == []
    await asyncio.sleep(0.5)  # the first look: nothing has changed
    handle = await asyncio.to_thread(api.run, file)
    app = jp_serverapp.extension_manager.extension_apps["nb2pipe_jupyter"].copy().pop()

    async def under_way() -> bool:
        return bool(app.current_activity())

    await until(under_way)
    await asyncio.to_thread(list, handle.events())

    async def ended() -> bool:
        return (PATH, handle.id, "SUCCEEDED") in told

    await until(ended)
    assert app.current_activity() is None
    await server.ask("DELETE", f"runs/{handle.id}", path=PATH)

    async def gone() -> bool:
        return told[-1] == (PATH, handle.id, "REMOVED")

    await until(gone)
    assert told[0][2] in ("PENDING", "RUNNING")
    socket.close()
    await listening


async def test_a_verification_from_start_to_end(server: Server) -> None:
    asked = {"path": PATH, "seeded": True}
    (server.root / "a").mkdir()
    status, found = await server.ask("POST", "verifications", asked)
    assert (status, found["diagnostics"][0]["code"]) == (404, "N2P802")  # it isn't saved
    server.save(
        PATH, content(("step:load", "x = list(range(3))"), ("step:fit", "print('<script>alert(1)</script>', x)"))
    )
    view = await server.post("verifications", asked, 201)
    which = view["id"]
    assert (view["path"], view["state"], view["has_report"]) == (PATH, "RUNNING", False)
    status, found = await server.ask("GET", f"verifications/{which}/report", path=PATH)
    assert (status, found["diagnostics"][0]["code"]) == (404, "N2P805")

    async def ended() -> Any:
        found = await server.get(f"verifications/{which}", path=PATH)
        return found if found["state"] != "RUNNING" else None

    view = await until(ended)
    assert (view["state"], view["outcome"], view["counts"]["same"], view["has_report"]) == (
        "SUCCEEDED",
        "same",
        2,
        True,
    )
    assert any("straight" in line for line in view["lines"])
    page = await server.response("GET", f"verifications/{which}/report", path=PATH)
    assert (page.code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'")
    assert "allow-same-origin" not in policy
    assert b"<script>alert(1)" not in page.body
    assert (await server.ask("POST", f"verifications/{which}/cancel", {"path": PATH}))[0] == 409
    assert (await server.ask("GET", f"verifications/{which}", path="a/other.ipynb"))[0] == 404
