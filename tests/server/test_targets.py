"""Connections to clusters, and runs there, by way of the routes, against a KFP server's double."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asking import Server, content, until

sys.path.insert(0, str(Path(__file__).parents[1] / "kfp" / "server"))

if TYPE_CHECKING:
    from double import Double

needs_kfp = pytest.mark.skipif(find_spec("kfp_server_api") is None, reason="KFP's client is not installed here")
PATH = "a/train.ipynb"
STEPS = content(
    ("parameters", "depth = 3"), ("step:load", "rows = [1, 2, depth]"), ("step:fit", "best = max(rows)\nprint(best)")
)
SECRET = "s3cret-token-of-the-tests"  # noqa: S105


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    import pipelines
    from double import Double

    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    for step in ("load", "fit"):
        monkeypatch.setitem(pipelines.TASKS, step, step)  # a notebook's tasks are called as its steps
    server = Double()
    yield server
    server.close()


async def test_connections_are_kept_and_forgotten(server: Server, tmp_path: Path) -> None:
    asked = {"name": "team-a", "host": "http://localhost:1/pipeline/", "variable": "KFP_TOKEN", "namespace": "ada"}
    assert (await server.get("targets"))["targets"] == []
    told = (await server.post("targets", asked, 201))["targets"]
    assert [(item["name"], item["host"], item["auth"], item["variable"]) for item in told] == [
        ("team-a", "http://localhost:1/pipeline", "bearer", "KFP_TOKEN")
    ]
    assert (tmp_path / "config" / "nb2pipe" / "targets.json").is_file()  # the command's own
    for wrong in (
        {"host": f"http://ada:{SECRET}@localhost"},
        {"auth": "ntlm"},
        {"variable": SECRET},
        {"file": "~nobody-of-this-name/token"},
        {"ca_file": "~nobody-of-this-name/certificates"},
        {"name": "../b"},
    ):
        status, found = await server.ask("POST", "targets", {"name": "b", "host": "http://localhost", **wrong})
        assert (status, found["diagnostics"][0]["code"]) == (400, "N2P751"), wrong
        assert SECRET not in str(found)
    assert await server.ask("DELETE", "targets/team-a") == (204, b"")
    assert (await server.ask("DELETE", "targets/team-a"))[0] == 404
    assert (await server.get("targets"))["targets"] == []


@needs_kfp
async def test_whether_a_target_answers(server: Server, double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    await server.post("targets", {"name": "here", "host": double.url, "variable": "KFP_TOKEN"}, 201)
    await server.post("targets", {"name": "gone", "host": "http://127.0.0.1:9"}, 201)
    double.token = SECRET
    reach = [(await server.get("targets/here/status"))["reach"]]
    monkeypatch.setenv("KFP_TOKEN", "another")
    reach.append((await server.get("targets/here/status"))["reach"])
    monkeypatch.setenv("KFP_TOKEN", SECRET)
    told = await server.get("targets/here/status")
    reach.append(told["reach"])
    away = await server.get("targets/gone/status")
    assert (reach, away["reach"]) == (["denied", "denied", "ok"], "away")
    assert "127.0.0.1:9" in away["message"]
    assert SECRET not in str(told)
    assert (await server.ask("GET", "targets/unknown/status"))[0] == 404


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"nb2pipe_jupyter": True}}, "Nb2pipeApp": {"look_s": 0.1}}


@needs_kfp
async def test_a_run_on_a_cluster_is_submitted_and_followed(server: Server, double: Double) -> None:
    from pipelines import nodes, pod

    (server.root / "a").mkdir()
    await server.post("targets", {"name": "here", "host": double.url}, 201)
    asked = {"path": PATH, "content": STEPS, "target": "here", "parameters": {"depth": "5"}}
    view = await server.post("runs", asked, 201)
    run, (remote,) = view["run"]["id"], double.runs
    assert (view["run"]["target"], view["run"]["remote"], view["live"]) == (f"kfp {double.url}", remote, True)
    assert double.runs[remote]["runtime_config"]["parameters"] == {"depth": 5}

    double.logs[remote, pod("load")] = "3 rows\n"
    double.report(remote, "Running", nodes(load="Succeeded", fit="Running"))

    async def moved() -> Any:
        found = await server.get(f"runs/{run}/events", path=PATH, after=0)
        return found if found["view"]["run"]["steps"][0]["state"] == "SUCCEEDED" else None

    seen = await until(moved)
    assert "".join(item["text"] for item in seen["printed"]) == "3 rows\n"
    double.report(remote, "Failed", nodes(load="Succeeded", fit="Failed"))
    told = await server.response(
        "GET", f"runs/{run}/events", path=PATH, after=0, headers={"Accept": "text/event-stream"}
    )
    assert '"state":"FAILED"' in told.body.decode().strip().rpartition("\n\n")[2]

    second = (await server.post(f"runs/{run}/resume", {"path": PATH}, 201))["run"]
    assert (second["remote"], second["steps"][0]["reused"]) == (remote, run)
    stopped = await server.post(f"runs/{second['id']}/cancel", {"path": PATH})
    assert stopped["run"]["state"] in ("CANCELING", "CANCELED")
    assert double.runs[remote]["state"] == "CANCELING"
    listed = (await server.get("runs", path=PATH))["runs"]
    assert [item["run"]["id"] for item in listed] == [second["id"], run]
    assert (await server.ask("GET", f"runs/{run}/notebook", path=PATH))[0] == 404


@needs_kfp
async def test_a_cluster_that_is_away_is_told_of(server: Server) -> None:
    await server.post("targets", {"name": "gone", "host": "http://127.0.0.1:9"}, 201)
    status, found = await server.ask("POST", "runs", {"path": "train.ipynb", "content": STEPS, "target": "gone"})
    assert (status, found["diagnostics"][0]["code"]) == (503, "N2P755")


async def test_without_kfps_client(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kfp_server_api", None)
    told = await server.get("status")
    assert (told["kfp"], "pip install 'nb2pipe[kfp]'" in told["kfp_hint"]) == (False, True)
    await server.post("targets", {"name": "here", "host": "http://127.0.0.1:9"}, 201)
    status, found = await server.ask("POST", "runs", {"path": "train.ipynb", "content": STEPS, "target": "here"})
    assert (status, found["diagnostics"][0]["code"]) == (503, "N2P750")
    assert (await server.get("targets/here/status"))["reach"] == "away"
