"""Nobody gets in who may not, and nothing outside the server's folder is touched."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from asking import TWO_STEPS, Server, content
from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.serverapp import JupyterServerAuthWarning, ServerApp
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.web import RequestHandler

from nb2pipe.errors import BadInput
from nb2pipe_jupyter.handlers import _DONE, Handler, _pattern
from nb2pipe_jupyter.places import Places
from nb2pipe_jupyter.routes import ROUTES

VALUES = {
    "run": "20260102-030405-0123abcd",
    "step": "fit",
    "target": "team",
    "verification": "20260102-030405-0123abcd",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def filled(path: str) -> str:
    for name, value in VALUES.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def ours(app: ServerApp) -> list[tuple[str, type[RequestHandler]]]:
    """All addresses of the live router that lead to a handler of ours, and all others that begin like one."""
    assert app.web_app is not None
    found = []
    for group in app.web_app.wildcard_router.rules + app.web_app.default_router.rules:
        for rule in getattr(group.target, "rules", [group]):
            pattern = getattr(getattr(rule.matcher, "regex", None), "pattern", "")
            target = rule.target
            if "/nb2pipe/" in pattern or (isinstance(target, type) and target.__module__.startswith("nb2pipe_jupyter")):
                found.append((pattern, target))
    return found


@pytest.mark.parametrize("open_by_default", [True, False])
async def test_each_method_of_each_address_wants_a_login(
    jp_configurable_serverapp: Any, jp_base_url: str, http_server_port: Any, open_by_default: bool
) -> None:
    app = jp_configurable_serverapp(
        config={
            "ServerApp": {
                "jpserver_extensions": {"nb2pipe_jupyter": True},
                "allow_unauthenticated_access": open_by_default,
            }
        }
    )
    found = ours(app)
    assert len(found) == len({route.path for route in ROUTES})
    assert {target for _, target in found} == {Handler}
    client = await served(app, http_server_port)
    for route in sorted({route.path for route in ROUTES}):
        for method in METHODS:
            url = f"http://127.0.0.1:{http_server_port[-1]}{jp_base_url}nb2pipe/{filled(route)}?path=a.ipynb"
            body = "{}" if method in ("POST", "PUT", "PATCH") else None
            answer = await client.fetch(HTTPRequest(url, method, body=body, follow_redirects=False), raise_error=False)
            allowed = Handler.SUPPORTED_METHODS
            # 403, not a page to log in at; a method that no handler of ours has is refused before, as 405
            assert answer.code in ((403,) if method in allowed else (403, 405)), (method, route, answer.code)
            assert b"diagnostics" not in answer.body


async def served(app: ServerApp, port: Any) -> AsyncHTTPClient:
    import tornado.httpserver

    server = tornado.httpserver.HTTPServer(app.web_app)
    server.add_socket(port[0])
    return AsyncHTTPClient(force_instance=True)


def test_no_handler_is_open_by_mistake(
    jp_configurable_serverapp: Any, recwarn: pytest.WarningsRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        jp_configurable_serverapp(
            config={
                "ServerApp": {"jpserver_extensions": {"nb2pipe_jupyter": True}, "allow_unauthenticated_access": False}
            }
        )
    told = [str(item.message) for item in recwarn.list if issubclass(item.category, JupyterServerAuthWarning)]
    assert [text for text in told if "nb2pipe" in text] == []
    assert [item.message for item in caplog.records if "nb2pipe" in item.message and "auth" in item.message] == []


class Refuses(Authorizer):
    """Lets people read, and not write, what is nb2pipe's."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        del handler, user
        return resource != "nb2pipe" or action == "read"


@pytest.fixture
def jp_server_config(request: pytest.FixtureRequest) -> dict[str, Any]:
    more = getattr(request, "param", {})
    server = {"jpserver_extensions": {"nb2pipe_jupyter": True}, **more.get("ServerApp", {})}
    return {**more, "ServerApp": server}


@pytest.mark.parametrize("jp_server_config", [{"ServerApp": {"authorizer_class": Refuses}}], indirect=True)
async def test_an_authorizer_decides(server: Server) -> None:
    assert (await server.ask("GET", "targets"))[0] == 200
    for verb, route, body in [
        ("POST", "analyze", {"path": "a.ipynb"}),
        ("POST", "runs", {"path": "a.ipynb"}),
        ("DELETE", f"runs/{VALUES['run']}", None),
    ]:
        assert (await server.ask(verb, route, body))[0] == 403, route


@pytest.mark.usefixtures("server")
async def test_a_cookie_alone_is_not_enough_to_have_something_done(
    jp_serverapp: ServerApp, http_server_client: Any, jp_base_url: str
) -> None:
    """Another site's page may send the browser's cookies along; it has no `X-XSRFToken`."""

    async def fetch(route: str, cookies: list[str], **more: Any) -> Any:
        headers = {"Cookie": "; ".join(cookies), **more.pop("headers", {})}
        return await http_server_client.fetch(
            f"{jp_base_url}{route}", headers=headers, raise_error=False, follow_redirects=False, **more
        )

    def cookies_of(page: Any) -> list[str]:
        return [item.partition(";")[0] for item in page.headers.get_list("Set-Cookie")]

    form = cookies_of(await fetch("login", []))
    token = jp_serverapp.identity_provider.token
    login = cookies_of(await fetch(f"login?next={jp_base_url}api&token={token}", []))
    cookies = [*login, *(item for item in form if item.startswith("_xsrf="))]
    assert (await fetch("nb2pipe/targets", cookies)).code == 200
    body = json.dumps({"path": "a.ipynb", "content": TWO_STEPS})
    assert (await fetch("nb2pipe/analyze", cookies, method="POST", body=body)).code == 403
    headers = {"X-XSRFToken": cookies[-1].partition("=")[2]}
    assert (await fetch("nb2pipe/analyze", cookies, method="POST", body=body, headers=headers)).code == 200


# --- paths --------------------------------------------------------------------------------------------------------

OUTSIDE = [
    "../secret.ipynb",
    "a/../../secret.ipynb",
    "/../secret.ipynb",
    "a//train.ipynb",
    "./train.ipynb",
    "a/./train.ipynb",
    "..",
    "",
    "/",
    ".ipynb",
    ".hidden.ipynb",
    ".hidden/train.ipynb",
    "a/.ipynb_checkpoints/train-checkpoint.ipynb",
    ".nb2pipe/runs/20260102-030405-0123abcd/merged.ipynb",
    "train.py",
    "train.ipynb/",
    "train.ipynb/x",
    "train.ipynb\x00",
    "train\n.ipynb",
    "\ud800.ipynb",
    "out.ipynb",
    "out/secret.ipynb",
    "round/train.ipynb",
    "into-hidden/train.ipynb",
    "gone/train.ipynb",
    "a" * 5_000 + ".ipynb",
    "folder.ipynb",
    "C:\\train.txt",
]
INSIDE = {
    "train.ipynb": "train.ipynb",
    "/train.ipynb": "train.ipynb",
    "a/train.ipynb": "a/train.ipynb",
    "new.ipynb": "new.ipynb",
    "A.IPYNB": "A.IPYNB",
    "übung 1.ipynb": "übung 1.ipynb",
    "👩‍🔬.ipynb": "👩‍🔬.ipynb",
    "a..b.ipynb": "a..b.ipynb",
    "linked/train.ipynb": "a/train.ipynb",
    "same.ipynb": "same.ipynb",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with links that lead out of it, and into it."""
    root = tmp_path / "root"
    for folder in ("a", ".hidden", "folder.ipynb", "a/.ipynb_checkpoints"):
        (root / folder).mkdir(parents=True)
    for file in ("train.ipynb", "a/train.ipynb", ".hidden/train.ipynb", ".hidden.ipynb"):
        (root / file).write_text("{}", encoding="utf-8")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.ipynb").write_text("{}", encoding="utf-8")
    (tmp_path / "secret.ipynb").write_text("{}", encoding="utf-8")
    (root / "out.ipynb").symlink_to(tmp_path / "outside" / "secret.ipynb")
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "round").symlink_to(root / "round")
    (root / "into-hidden").symlink_to(root / ".hidden")
    (root / "linked").symlink_to(root / "a")
    (root / "same.ipynb").symlink_to(root / "a" / "train.ipynb")
    return root


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_that_leads_elsewhere_is_refused(root: Path, path: str) -> None:
    with pytest.raises(BadInput) as caught:
        Places(root.resolve()).notebook(path)
    assert caught.value.diagnostics[0].code == "N2P802"
    assert caught.value.diagnostics[0].message.isprintable()


@pytest.mark.parametrize(("path", "place"), INSIDE.items())
def test_a_path_within_the_folder_is_found(root: Path, path: str, place: str) -> None:
    found = Places(root.resolve()).notebook(path)
    assert found == root.resolve() / place


def test_hidden_files_are_shown_where_jupyter_shows_them(root: Path) -> None:
    assert Places(root.resolve(), allow_hidden=True).notebook(".hidden/train.ipynb").is_file()


def test_a_server_that_keeps_its_files_elsewhere() -> None:
    for manager in (object(), type("Cloud", (), {"root_dir": "/bucket"})()):
        places = Places.of(manager)
        assert "keeps its files elsewhere" in places.hint
        with pytest.raises(BadInput) as caught:
            places.notebook("train.ipynb")
        assert caught.value.diagnostics[0].code == "N2P803"


async def test_the_routes_refuse_such_paths(server: Server) -> None:
    (server.root.parent / "secret.ipynb").write_text(json.dumps(TWO_STEPS), encoding="utf-8")
    for route in ROUTES:
        if not any(query.name == "path" for query in route.query) and "path" not in vars(route.asked or object).get(
            "__annotations__", {}
        ):
            continue
        body = {"path": "../secret.ipynb", **({"steps": []} if route.path == "fresh" else {})}
        query = {} if route.verb == "POST" else {"path": "../secret.ipynb"}
        status, found = await server.ask(route.verb, filled(route.path), body, **query)
        assert (status, found["diagnostics"][0]["code"]) == (404, "N2P802"), route.path
    assert not (server.root.parent / ".nb2pipe").exists()


# --- limits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "jp_server_config",
    [
        {
            "Nb2pipeApp": {
                "max_body_bytes": 2_000, "max_streams": 0, "local_runs": False, "change_targets": False,
                "allowed_targets": ["team-a"],
            }
        }
    ],
    indirect=True,
)  # fmt: skip
async def test_an_administrator_sets_limits(server: Server) -> None:
    big = {"path": "a.ipynb", "content": content(("step:fit", "#" * 2_000))}
    for verb, route, body, status, code in [
        ("POST", "analyze", big, 413, "N2P804"),
        ("POST", "runs", {"path": "a.ipynb", "content": TWO_STEPS}, 400, "N2P803"),
        ("POST", "verifications", {"path": "a.ipynb"}, 400, "N2P803"),
        ("POST", "targets", {"name": "team-a", "host": "http://localhost:1"}, 400, "N2P751"),
        ("DELETE", "targets/team-a", None, 404, "N2P751"),
        ("GET", "targets/team-b/status", None, 404, "N2P751"),
    ]:
        found, data = await server.ask(verb, route, body)
        assert (found, data["diagnostics"][0]["code"]) == (status, code), route
    told = await server.get("status")
    assert (told["local"], "administrator" in told["local_hint"]) == (False, True)


def test_what_is_done_is_told_of_in_the_table() -> None:
    assert set(_DONE) == {(route.verb, route.path) for route in ROUTES}
    assert _pattern("runs/{run}/openapi.json") == r"/nb2pipe/runs/(?P<run>[^/]+)/openapi\.json"


async def test_a_bug_of_ours_is_told_without_a_traceback(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: object) -> None:
        raise KeyError("of-the-inside")

    monkeypatch.setitem(_DONE, ("GET", "targets"), broken)  # type: ignore[index]
    status, found = await server.ask("GET", "targets")
    assert (status, found["diagnostics"][0]["code"]) == (500, "N2P807")
    assert "of-the-inside" not in str(found)
    assert "of-the-inside" in caplog.text
