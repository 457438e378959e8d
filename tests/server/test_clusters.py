"""A cluster as the panel uses it: connections, a run from its start to its end, without KFP's client; the server is a stand-in.

The stand-in is that of `tests/kfp/server`, asked over HTTP by KFP's own client.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asking import Server, content, until

sys.path.insert(0, str(Path(__file__).parents[1] / "kfp" / "server"))

if TYPE_CHECKING:
    from double import Double

TASKS = {"load": "load", "fit": "fit"}
SECRET = "s3cr3t-of-the-test"  # noqa: S105  # of no server
PATH = "train.ipynb"
NOTEBOOK = content(
    ("parameters", "depth = 3"), ("step:load", "x = list(range(3))"), ("step:fit", "y = len(x) * depth\nprint(y)")
)

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    pytest.importorskip("kfp_server_api", reason="the stand-in is KFP's own models")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    from double import Double

    found = Double()
    yield found
    found.close()


def nodes(**states: str) -> Any:
    from pipelines import nodes as made

    return made(TASKS, **states)


def pod(step: str) -> str:
    from pipelines import pod as named

    return named(step, TASKS)


async def begun(server: Server, double: Double, **more: Any) -> Any:
    """A run on the cluster `team`, of the notebook as it is on the screen."""
    server.save(PATH, content(("step:load", "x = 'as it was saved'")))
    await server.post("targets", {"name": "team", "host": double.url}, 201)
    return await server.post("runs", {"path": PATH, "content": NOTEBOOK, "target": "team", **more}, 201)


def states(view: Any) -> dict[str, str]:
    return {step["name"]: step["state"] for step in view["run"]["steps"]}


class Followed:
    """A run's stream, kept open as the panel keeps it; what it told last."""

    def __init__(self, server: Server, run: str) -> None:
        self.news: list[Any] = []
        self._rest = ""
        self.response = server.response(
            "GET", f"runs/{run}/events", path=PATH, after=0, headers={"Accept": "text/event-stream"},
            streaming_callback=self._take,
        )  # fmt: skip

    def _take(self, chunk: bytes) -> None:
        *whole, self._rest = (self._rest + chunk.decode()).split("\n\n")
        for message in whole:
            data = [line[6:] for line in message.splitlines() if line.startswith("data: ")]
            self.news += [json.loads(item) for item in data]

    @property
    def printed(self) -> str:
        return "".join(item["text"] for news in self.news for item in news["printed"])

    async def until(self, **wanted: str) -> Any:
        """The view in which these steps are in these states."""

        async def look() -> Any:
            last = self.news[-1]["view"] if self.news else None
            return last if last and wanted.items() <= states(last).items() else None

        return await until(look)


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    """Clusters are asked often."""
    extensions = {"jpserver_extensions": {"nb2pipe_jupyter": True}}
    return {"ServerApp": extensions, "Nb2pipeApp": {"look_s": 0.2}}


async def test_a_run_from_its_start_to_its_end(server: Server, double: Double) -> None:
    """Submitted as it is on the screen, with parameters; followed by a stream; states, logs, the page."""
    view = await begun(server, double, parameters={"depth": "5"})
    run = view["run"]["id"]
    [(remote, made)] = double.runs.items()
    assert made["runtime_config"]["parameters"] == {"depth": 5}
    assert (view["live"], view["run"]["target"], view["run"]["remote"]) == (True, f"kfp {double.url}", remote)
    assert view["run"]["link"] == f"{double.url}/#/runs/details/{remote}"
    assert states(view) == {"load": "PENDING", "fit": "PENDING"}

    followed = Followed(server, run)
    stream = asyncio.ensure_future(followed.response)
    double.report(remote, "Running", nodes(load="Running"))
    await followed.until(load="RUNNING")
    double.logs[remote, pod("load")] = "3 rows\n"
    double.report(remote, "Running", nodes(load="Succeeded", fit="Running"))
    await followed.until(load="SUCCEEDED", fit="RUNNING")
    double.logs[remote, pod("fit")] = "15\n"
    double.report(remote, "Succeeded", nodes(load="Succeeded", fit="Succeeded"))
    last = await followed.until(load="SUCCEEDED", fit="SUCCEEDED")
    await asyncio.wait_for(stream, 20)
    assert (followed.news[-1]["view"]["run"]["state"], followed.news[-1]["view"]["live"]) == ("SUCCEEDED", False)
    assert followed.printed == "3 rows\n15\n"
    assert await server.get(f"runs/{run}/steps/fit/log", path=PATH) == b"15\n"
    assert last["run"]["parameters"] == {"depth": 5}
    found = await server.get("runs", path=PATH)
    assert [(item["run"]["id"], item["run"]["link"]) for item in found["runs"]] == [(run, view["run"]["link"])]


async def test_a_step_that_fails_is_told_in_plain_words_and_the_run_is_tried_again(
    server: Server, double: Double
) -> None:
    view = await begun(server, double)
    [remote] = double.runs
    run = view["run"]["id"]
    error = {
        "step": "fit", "cause": "error", "message": "step `fit` failed in cell 3 line 1: KeyError: 'x'", "cell": 2, "line": 1,
    }  # fmt: skip
    double.logs[remote, pod("fit")] = f"begins\nnb2pipe-error: {json.dumps(error)}\n"
    double.report(remote, "Failed", nodes(load="Succeeded", fit="Failed"))

    followed = Followed(server, run)
    await followed.response
    last = followed.news[-1]["view"]
    assert (last["run"]["state"], states(last)) == ("FAILED", {"load": "SUCCEEDED", "fit": "FAILED"})
    told = next(step["error"] for step in last["run"]["steps"] if step["name"] == "fit")
    assert (told["message"], told["cell"], told["line"]) == (error["message"], 2, 1)

    again = await server.post(f"runs/{run}/resume", {"path": PATH}, 201)
    assert (again["run"]["id"] != run, again["run"]["remote"]) == (True, remote)
    assert states(again)["load"] == "SUCCEEDED"
    assert double.runs[remote]["state"] == "RUNNING"
    double.report(remote, "Succeeded", nodes(load="Succeeded", fit="Succeeded"))
    followed = Followed(server, again["run"]["id"])
    await followed.response
    assert followed.news[-1]["view"]["run"]["state"] == "SUCCEEDED"
    found = await server.get("runs", path=PATH)
    assert [item["run"]["state"] for item in found["runs"]] == ["SUCCEEDED", "FAILED"]


async def test_a_run_is_stopped(server: Server, double: Double) -> None:
    view = await begun(server, double)
    [remote] = double.runs
    double.report(remote, "Running", nodes(load="Running"))
    run = view["run"]["id"]
    status, _ = await server.ask("DELETE", f"runs/{run}", path=PATH)
    assert status == 409, "of a run that goes on the record is all that knows where it is"
    await server.post(f"runs/{run}/cancel", {"path": PATH})
    assert double.runs[remote]["state"] == "CANCELING"
    double.runs[remote]["state"] = "CANCELED"
    followed = Followed(server, run)
    await followed.response
    assert followed.news[-1]["view"]["run"]["state"] == "CANCELED"
    status, told = await server.ask("POST", f"runs/{run}/cancel", {"path": PATH})
    assert (status, told["diagnostics"][0]["code"]) == (409, "N2P604")


async def test_whether_a_cluster_answers(server: Server, double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    """In plain words, and without the credential: there; it wants a login; the credential isn't there; wrong; away."""
    told = []

    async def look(**described: str) -> None:
        await server.post("targets", {"name": "team", "host": double.url, **described}, 201)
        found = await server.get("targets/team/status")
        told.append((found["reach"], found["message"]))

    await look()
    double.token = SECRET
    await look()
    await look(auth="bearer", variable="N2P_TEST_TOKEN")
    monkeypatch.setenv("N2P_TEST_TOKEN", "another")
    await look(auth="bearer", variable="N2P_TEST_TOKEN")
    monkeypatch.setenv("N2P_TEST_TOKEN", SECRET)
    await look(auth="bearer", variable="N2P_TEST_TOKEN")
    double.close()
    await look()
    assert [reach for reach, _ in told] == ["ok", "denied", "denied", "denied", "ok", "away"]
    for (_, message), word in zip(
        told, ["answers", "login", "N2P_TEST_TOKEN", "login", "answers", "can't be reached"], strict=True
    ):
        assert word in message
        assert SECRET not in message
        assert "another" not in message
    listed = await server.get("targets")
    assert [(item["name"], item["host"]) for item in listed["targets"]] == [("team", double.url)]
    assert SECRET not in json.dumps(listed)
    kept = [path.read_text("utf-8", "replace") for path in server.root.parent.rglob("*") if path.is_file()]
    assert not [text for text in kept if SECRET in text]


async def test_a_cluster_that_is_away_runs_nothing(server: Server, double: Double) -> None:
    server.save(PATH, NOTEBOOK)
    await server.post("targets", {"name": "team", "host": double.url}, 201)
    double.close()
    status, told = await server.ask("POST", "runs", {"path": PATH, "target": "team"})
    assert (status, told["diagnostics"][0]["code"]) == (503, "N2P755")
    assert (await server.get("runs", path=PATH))["runs"] == []


@pytest.mark.parametrize(
    ("verb", "route", "body", "status", "code"),
    [
        ("POST", "runs", {"path": PATH, "target": "tema"}, 400, "N2P751"),
        ("GET", "targets/tema/status", None, 404, "N2P751"),
        ("DELETE", "targets/tema", None, 404, "N2P751"),
        ("POST", "targets", {"name": "team", "host": "ftp://a"}, 400, "N2P751"),
        ("POST", "targets", {"name": "team", "host": "http://u:p@h"}, 400, "N2P751"),
        ("POST", "targets", {"name": "", "host": "http://h"}, 400, "N2P751"),
    ],
)
async def test_connections_that_are_none(
    server: Server, verb: str, route: str, body: Any, status: int, code: str
) -> None:
    server.save(PATH, NOTEBOOK)
    found, told = await server.ask(verb, route, body)
    assert (found, told["diagnostics"][0]["code"]) == (status, code)


async def test_without_kfp_s_client(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is needed is said; compiling needs nothing of it; a run is refused, and nothing is kept of it."""
    monkeypatch.setitem(sys.modules, "kfp_server_api", None)
    can = await server.get("status")
    assert (can["kfp"], "pip install 'nb2pipe[kfp]'" in can["kfp_hint"]) == (False, True)
    server.save(PATH, NOTEBOOK)
    await server.post("targets", {"name": "team", "host": "http://127.0.0.1:9"}, 201)
    found = await server.get("targets/team/status")
    assert (found["reach"], "pip install 'nb2pipe[kfp]'" in found["message"]) == ("away", True)
    status, told = await server.ask("POST", "runs", {"path": PATH, "target": "team"})
    assert (status, told["diagnostics"][0]["code"]) == (503, "N2P750")
    assert (await server.get("runs", path=PATH))["runs"] == []
    assert (await server.post("compile", {"path": PATH}))["name"] == "train.yaml"


async def test_with_kfp_s_client(server: Server) -> None:
    pytest.importorskip("kfp_server_api")
    can = await server.get("status")
    assert (can["kfp"], can["kfp_hint"]) == (True, "")
