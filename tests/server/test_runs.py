"""Runs, asked for and followed as the panel does it: of what is on the screen, and seen by everybody."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from asking import SLOW, TWO_STEPS, Server, content, until

from nb2pipe import api

pytestmark = pytest.mark.kernel
PATH = "a/train.ipynb"
FAILS = content(("step:load", "x = list(range(3))"), ("step:fit", "print('so far')\ny = x[5]"))


def messages(text: str) -> list[tuple[int, Any]]:
    """The messages of a stream: id and data."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in lines:
            assert lines["event"] == "news"
            found.append((int(lines["id"]), json.loads(lines["data"])))
    return found


async def stream(server: Server, run: str, **more: Any) -> list[tuple[int, Any]]:
    """All messages until the stream's end."""
    headers = {"Accept": "text/event-stream", **more.pop("headers", {})}
    found = await server.response("GET", f"runs/{run}/events", path=PATH, headers=headers, **more)
    assert (found.code, found.headers["Content-Type"]) == (200, "text/event-stream"), found.body
    assert found.headers["X-Accel-Buffering"] == "no"
    return messages(found.body.decode())


async def test_a_run_from_start_to_end(server: Server) -> None:
    (server.root / "a").mkdir()
    view = await server.post("runs", {"path": PATH, "content": TWO_STEPS}, 201)
    run = view["run"]["id"]
    assert (view["path"], view["live"], view["run"]["notebook"]) == (PATH, True, "train.ipynb")
    told = await stream(server, run)
    last = told[-1][1]
    assert (last["view"]["run"]["state"], last["view"]["live"], last["view"]["has_notebook"]) == (
        "SUCCEEDED",
        False,
        True,
    )
    assert "".join(item["text"] for _, news in told for item in news["printed"]) == "3\n"
    assert [number for number, _ in told] == sorted(number for number, _ in told)
    assert [step["state"] for step in last["view"]["run"]["steps"]] == ["SUCCEEDED", "SUCCEEDED"]

    merged = await server.get(f"runs/{run}/notebook", path=PATH)
    assert merged["cells"][-1]["outputs"][0]["text"] == "3\n"
    executed = await server.get(f"runs/{run}/steps/fit/notebook", path=PATH)
    assert any(cell.get("outputs") for cell in executed["cells"])
    assert await server.get(f"runs/{run}/steps/fit/log", path=PATH) == b"3\n"
    assert (await server.get("runs", path=PATH))["runs"] == [last["view"]]
    assert (await server.get("runs", path="a/other.ipynb"))["runs"] == []
    fresh = await server.post("freshness", {"path": PATH, "content": TWO_STEPS})
    assert [(item["run"], item["reasons"]) for item in fresh["steps"]] == [(run, []), (run, [])]
    assert not (server.root / PATH).exists()  # nothing is saved unasked
    await resumed_streams(server, run, [number for number, _ in told])
    await not_under_way_any_more(server, run)
    await removed(server, run)


async def resumed_streams(server: Server, run: str, numbers: list[int]) -> None:
    """Who was cut off goes on after what it has seen; what was printed before isn't told again."""
    again = await stream(server, run, headers={"Last-Event-ID": "0"})
    assert "".join(item["text"] for _, news in again for item in news["printed"]) == "3\n"
    rest = await stream(server, run, headers={"Last-Event-ID": str(numbers[-1])}, after=0)
    assert [(number, news["printed"]) for number, news in rest] == [(numbers[-1], [])]
    polled = await server.get(f"runs/{run}/events", path=PATH, after=numbers[-1])
    assert (polled["view"], polled["printed"], polled["cut"]) == (rest[0][1]["view"], [], False)


async def not_under_way_any_more(server: Server, run: str) -> None:
    status, found = await server.ask("POST", f"runs/{run}/cancel", {"path": PATH})
    assert (status, found["diagnostics"][0]["code"]) == (409, "N2P604")


async def removed(server: Server, run: str) -> None:
    assert await server.ask("DELETE", f"runs/{run}", path=PATH) == (204, b"")
    status, found = await server.ask("GET", f"runs/{run}", path=PATH)
    assert (status, found["diagnostics"][0]["code"]) == (404, "N2P602")
    assert (await server.get("runs", path=PATH))["runs"] == []


async def test_a_step_that_fails_is_looked_into_and_gone_on_with(server: Server) -> None:
    (server.root / "a").mkdir()
    run = (await server.post("runs", {"path": PATH, "content": FAILS}, 201))["run"]["id"]
    view = await server.ended(run, PATH)
    error = view["run"]["steps"][1]["error"]
    assert (view["run"]["state"], error["cell"], error["line"]) == ("FAILED", 1, 2)
    assert b"so far" in await server.get(f"runs/{run}/steps/fit/log", path=PATH, tail=5)
    opened = await server.post(f"runs/{run}/steps/fit/debug", {"path": PATH}, 201)
    assert opened["path"] == "a/train.fit.debug.ipynb"
    cells = json.loads((server.root / opened["path"]).read_text(encoding="utf-8"))["cells"]
    assert "x[5]" in cells[opened["cell"]]["source"]
    assert (await server.post(f"runs/{run}/steps/fit/debug", {"path": PATH}, 201))["path"] == opened["path"]
    (server.root / opened["path"]).write_text("{}", encoding="utf-8")  # the user's own by now
    again = await server.post(f"runs/{run}/steps/fit/debug", {"path": PATH}, 201)
    assert again["path"] == "a/train.fit.debug.2.ipynb"

    server.save(PATH, FAILS)
    mended = content(("step:load", "x = list(range(3))"), ("step:fit", "print('so far')\ny = x[2]"))
    second = (await server.post(f"runs/{run}/resume", {"path": PATH, "content": mended}, 201))["run"]["id"]
    view = await server.ended(second, PATH)
    assert (view["run"]["state"], [step["reused"] for step in view["run"]["steps"]]) == ("SUCCEEDED", [run, ""])
    listed = await server.get("runs", path=PATH, most=1)
    assert ([item["run"]["id"] for item in listed["runs"]], listed["more"]) == ([second], True)


async def test_a_run_is_stopped_and_a_run_of_the_terminal_is_seen(server: Server) -> None:
    file = server.save(PATH, content(("step:fit", SLOW)))
    handle = await asyncio.to_thread(api.run, file)
    run = handle.id

    async def begun() -> bool:
        status, found = await server.ask("GET", f"runs/{run}/events", path=PATH, after=0)
        return status == 200 and any("begins" in item["text"] for item in found["printed"])

    await until(begun)
    status, found = await server.ask("DELETE", f"runs/{run}", path=PATH)
    assert (status, found["diagnostics"][0]["code"]) == (409, "N2P620")
    watching = asyncio.create_task(stream(server, run))
    await asyncio.sleep(0.5)
    view = await server.post(f"runs/{run}/cancel", {"path": PATH})
    assert view["run"]["id"] == run
    await asyncio.to_thread(list, handle.events())
    told = await watching
    assert told[-1][1]["view"]["run"]["state"] == "CANCELED"


async def test_what_is_wrong_is_told_before_anything_runs(server: Server) -> None:
    server.save(PATH, TWO_STEPS)
    for more, code in [
        ({"content": content(("step:fit", "y = z"))}, "N2P201"),
        ({"only": ["other"]}, "N2P610"),
        ({"parameters": {"depth": "3"}}, "N2P214"),
        ({"kernel": "no-such-kernel"}, "N2P503"),
        ({"target": "no-such-target"}, "N2P751"),
    ]:
        status, found = await server.ask("POST", "runs", {"path": PATH, **more})
        assert (status, found["diagnostics"][0]["code"]) == (503 if code == "N2P503" else 400, code)
    assert (await server.get("runs", path=PATH))["runs"] == []


NOWHERE = [
    "",
    "x",
    "latest",
    "..",
    "20260102-030405-0123abcd",
    "20260102-030405-0123abc",
    "%2e%2e%2fruns",
    "20260102-030405-0123abcd\n",
]


async def test_ids_that_name_no_run(server: Server) -> None:
    server.save(PATH, TWO_STEPS)
    for run in filter(None, NOWHERE):
        for verb, route, body in [
            ("GET", f"runs/{run}", None),
            ("DELETE", f"runs/{run}", None),
            ("GET", f"runs/{run}/events", None),
            ("GET", f"runs/{run}/notebook", None),
            ("GET", f"runs/{run}/steps/fit/notebook", None),
            ("GET", f"runs/{run}/steps/fit/log", None),
            ("POST", f"runs/{run}/cancel", {"path": PATH}),
            ("POST", f"runs/{run}/resume", {"path": PATH}),
            ("POST", f"runs/{run}/steps/fit/debug", {"path": PATH}),
            ("GET", f"verifications/{run}", None),
            ("GET", f"verifications/{run}/report", None),
            ("POST", f"verifications/{run}/cancel", {"path": PATH}),
        ]:
            status, _ = await server.ask(verb, route, body, **({} if verb == "POST" else {"path": PATH}))
            assert status == 404, (verb, route)
