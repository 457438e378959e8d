"""Connections by name, logins, schedules: what is kept, what is sent, and what is found nowhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nb2pipe.errors import BadInput
from nb2pipe.targets.kfp import connections
from nb2pipe.targets.kfp.cron import six_fields

if TYPE_CHECKING:
    from double import Double

Call = Callable[..., tuple[int, str, str]]
TOKEN = "canary-5f1d2c-of-the-tests"  # noqa: S105  # found nowhere is what is tested


def test_connections_are_kept_by_name(call: Call, tmp_path: Path) -> None:
    assert call("targets", "add", "team-a", "--host", "https://a.example.org/pipeline/", "--token-env", "A")[0] == 0
    assert call("targets", "add", "b", "--host", "http://localhost:8888", "--namespace", "ns")[0] == 0
    lines = call("targets", "list")[1].splitlines()
    assert [line.split() for line in lines] == [
        ["NAME", "HOST", "NAMESPACE", "LOGIN"],
        ["b", "http://localhost:8888", "ns", "none"],
        ["team-a", "https://a.example.org/pipeline", "-", "bearer", "from", "$A"],
    ]
    file = tmp_path / "config" / "nb2pipe" / "targets.json"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert call("targets", "rm", "b")[0] == 0
    assert list(json.loads(call("targets", "list", "--json")[1])["targets"]) == ["team-a"]
    code, _, err = call("targets", "rm", "b")
    assert (code, "there is no connection `b`; there are: `team-a`" in err) == (2, True)


WRONG = [
    (("--host", "kubeflow.example.org"), "is no address"),
    (("--host", "ftp://a/"), "is no address"),
    (("--host", "https://"), "is no address"),
    (("--host", "https://a:99999999"), "is no address"),
    (("--host", f"https://a/?token={TOKEN}"), "is no address"),
    (("--host", f"https://user:{TOKEN}@a"), "password"),
    (("--host", "https://a", "--auth", "bearer"), "needs a credential"),
    (("--host", "https://a", "--auth", "cookies"), "needs a credential"),
    (("--host", "https://a", "--auth", "none", "--token-env", "A"), "needs no credential"),
    (("--host", "https://a", "--token-env", "A", "--token-file", "f"), "not from both"),
    (("--host", "https://a", "--token-env", TOKEN), "no variable's name"),
    (("--host", "https://a", "--token-file", TOKEN), "no file here"),
    (("--host", "https://a", "--artifacts", f"s3://b/x?secret={TOKEN}"), "no address of a store"),
]


@pytest.mark.parametrize(("given", "said"), WRONG)
def test_what_is_no_connection(call: Call, given: tuple[str, ...], said: str) -> None:
    code, out, err = call("targets", "add", "x", *given)
    assert (code, said in err) == (2, True), err
    assert TOKEN not in out + err, "a token that was pasted is not shown again"


@pytest.mark.parametrize("name", ["kfp", "local", "", "-x", "a b", "../a"])
def test_what_is_no_name(call: Call, name: str) -> None:
    assert call("targets", "add", "--host", "https://a", "--", name)[0] == 2


def test_a_damaged_file_is_told_of(call: Call) -> None:
    path = connections.config_path()
    path.parent.mkdir(parents=True)
    for content in ("{", "[]", '{"targets": 3}', '{"targets": {"a": {"host": 3}}}', '{"targets": {"a": {"more": ""}}}'):
        path.write_text(content)
        code, _, err = call("targets", "list")
        assert (code, "N2P753" in err) == (3, True), content


def test_which_server_is_meant(call: Call, double: Double, study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = call("submit", study, "-p", "name=a")
    assert (code, "N2P751" in err) == (2, True)
    assert call("targets", "add", "one", "--host", double.url)[0] == 0
    assert call("submit", study, "-p", "name=a")[0] == 0, "the only one"
    assert call("submit", study, "-p", "name=a", "--to", "one", "--experiment", "e")[0] == 0
    assert call("targets", "add", "two", "--host", "http://127.0.0.1:9")[0] == 0
    code, _, err = call("submit", study, "-p", "name=a")
    assert (code, "one, two" in err) == (2, True)
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", double.url)
    assert call("submit", study, "-p", "name=a")[0] == 0
    assert call("submit", study, "-p", "name=a", "--to", "three")[0] == 2
    assert len(double.runs) == 3


def test_each_login(call: Call, double: Double, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    monkeypatch.setenv("KFP_TEST_TOKEN", TOKEN)
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(file))
    double.token = TOKEN
    submit = ("submit", study, "--host", double.url, "-p", "name=a")
    assert call(*submit)[0] == 4
    assert call(*submit, "--token-env", "KFP_TEST_TOKEN")[0] == 0
    assert call(*submit, "--token-file", file)[0] == 0
    assert call(*submit, "--auth", "service-account")[0] == 0
    double.token, double.cookie = "", f"authservice_session={TOKEN}"
    file.write_text(double.cookie)
    code, _, err = call(*submit)
    assert (code, "sends on to dex.example.org" in err) == (4, True)
    assert call(*submit, "--auth", "cookies", "--token-file", file)[0] == 0
    assert len(double.runs) == 4


def test_a_credential_that_is_not_there(call: Call, double: Double, study: Path, tmp_path: Path) -> None:
    submit = ("submit", study, "--host", double.url, "-p", "name=a")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "lines").write_text(f"{TOKEN}\nX-Other: header")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for given in (
        ("--token-env", "KFP_UNSET"),
        ("--token-file", tmp_path / "none"),
        ("--token-file", tmp_path / "empty"),
        ("--token-file", tmp_path / "lines"),
        ("--token-file", tmp_path),
        ("--token-file", fifo),
        ("--ca-file", tmp_path / "none.pem"),
    ):
        code, out, err = call(*submit, *given)
        assert (code, "N2P752" in err, TOKEN in out + err) == (3, True, False), (given, err)
    assert double.asked == []


def test_a_token_is_written_nowhere(double: Double, study: Path, tmp_path: Path) -> None:
    """Not in a file, not in what is printed, not in a command line, not on the server: in the request's header only."""
    double.token = TOKEN
    environment = {**os.environ, "KFP_TEST_TOKEN": TOKEN, "HOME": str(tmp_path / "home")}
    printed = ""
    for arguments in (
        ["targets", "add", "t", "--host", double.url, "--token-env", "KFP_TEST_TOKEN"],
        ["submit", str(study), "--to", "t", "-p", "name=a"],
        ["--debug", "submit", str(study), "--to", "t", "-p", "name=a", "-p", "nope=1"],
        ["runs", "show", "--json", "--run-dir", str(study)],
        ["cancel", "--run-dir", str(study)],
    ):
        if arguments[0] == "cancel":
            double.runs[next(iter(double.runs))]["state"] = "CANCELED"
        done = subprocess.run(
            [sys.executable, "-m", "nb2pipe", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        printed += done.stdout + done.stderr
    assert len(double.runs) == 1, printed
    assert TOKEN not in printed
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 4
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []
    kept = (double.runs, double.versions, double.pipelines, double.experiments)
    assert TOKEN not in repr(kept)


def test_a_token_in_the_clear_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    for host, exposed in (
        ("http://kubeflow.example.org", True),
        ("https://kubeflow.example.org", False),
        ("http://localhost:8888", False),
        ("http://ml-pipeline.kubeflow.svc:8888", False),
    ):
        found = connections.connection(host, variable="A")
        assert connections.is_exposed(found) is exposed, host
        assert not connections.is_exposed(connections.connection(host))


CRON = [
    ("30 6 * * 1-5", "0 30 6 * * 1-5"),
    ("*/15 * * * *", "0 */15 * * * *"),
    ("0 0 1,15 jan-mar mon,fri", "0 0 0 1,15 1-3 1,5"),
    ("0 8-18/2 * * 7", "0 0 8-18/2 * * 0"),
    ("0 0 * * 5-7", "0 0 0 * * 0,5,6"),
    ("@daily", "0 0 0 * * *"),
    ("@weekly", "0 0 0 * * 0"),
    ("0 0 31 12 *", "0 0 0 31 12 *"),
]


@pytest.mark.parametrize(("five", "six"), CRON)
def test_a_schedule_has_six_fields_in_kfp(five: str, six: str) -> None:
    assert six_fields(five) == six


@pytest.mark.parametrize(
    "text",
    ["", "* * * *", "0 30 6 * * 1-5", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *",
     "*/0 * * * *", "*/99 * * * *", "5/10 * * * *", "a b c d e", "* * * * mon#1", "* * L * *", "-1 * * * *", "1,,2 * * * *",
     "@reboot", "* * * * tomorrow", "１ * * * *"],
)  # fmt: skip
def test_what_is_no_schedule(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        six_fields(text)
    assert caught.value.diagnostics[0].code == "N2P758"


def test_a_schedule_is_made_once_by_its_name(call: Call, double: Double, study: Path) -> None:
    submit = ("submit", study, "--host", double.url, "-p", "name=a", "--schedule", "30 6 * * 1-5")
    code, out, err = call(*submit)
    assert (code, out.startswith("schedule study (")) == (0, True), err
    (made,) = double.schedules.values()
    assert made["trigger"] == {"cron_schedule": {"cron": "0 30 6 * * 1-5"}}
    assert (made["mode"], made["max_concurrency"], made["no_catchup"]) == ("ENABLE", "1", True)
    assert (call(*submit)[0], len(double.schedules)) == (2, 1)
    assert (call(*submit, "--name", "other")[0], len(double.schedules), double.runs) == (0, 2, {})


@pytest.mark.parametrize(
    ("given", "said"),
    [(("-p", "name=a", "-p", "dpeth=3"), "has no parameter `dpeth`"), (("-p", "name=a", "-p", "depth=x"), "NUMBER_INTEGER"),
     ((), "parameter name is required")],
)  # fmt: skip
def test_wrong_parameters(call: Call, double: Double, study: Path, given: tuple[str, ...], said: str) -> None:
    code, _, err = call("submit", study, "--host", double.url, *given)
    assert (code != 0, said in err, double.runs) == (True, True, {}), err


@pytest.mark.parametrize("content", [b"", b"a: b", b"\x00", b"[" * 5000, b"pipelineInfo: {name: a}", b"{}: {}", b"- 1"])
def test_what_is_no_compiled_pipeline(call: Call, double: Double, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    code, out, err = call("submit", path, "--host", double.url)
    assert (code, "N2P757" in err, double.asked) == (2, True, []), out + err


def test_without_kfps_client_one_line_says_how_to_get_it(study: Path, tmp_path: Path) -> None:
    (tmp_path / "kfp_server_api.py").write_text("raise ImportError(name='kfp_server_api')")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "nb2pipe", "submit", str(study), "--host", "http://127.0.0.1:9", "-p", "name=a"],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (3, "")
    assert "N2P750" in done.stderr
    assert "pip install 'nb2pipe[kfp]'" in done.stderr
