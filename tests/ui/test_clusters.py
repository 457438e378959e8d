"""The panel and a cluster: added, asked, run on, followed, stopped, tried again; and what is there without KFP's client.

The cluster is the stand-in of `tests/kfp/server`, which the Jupyter server asks over HTTP by KFP's own client.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from driving import Lab
from playwright.sync_api import Locator, expect
from serving import CHECKOUT, Server

sys.path.insert(0, str(CHECKOUT / "tests" / "kfp" / "server"))

if TYPE_CHECKING:
    from double import Double

TASKS = {"load": "load", "fit": "fit"}
CELLS = [("depth = 3", ["parameters"]), ("x = list(range(3))", ["step:load"]), ("y = len(x) * depth\nprint(y)", ["step:fit"])]  # fmt: skip
ERROR = {"step": "fit", "cause": "error", "message": "step `fit` failed in cell 3 line 1: KeyError: 'x'", "cell": 2, "line": 1}  # fmt: skip

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def double() -> Iterator[Double]:
    pytest.importorskip("kfp_server_api", reason="the stand-in is KFP's own models")
    from double import Double

    found = Double()
    yield found
    found.close()


def report(double: Double, remote: str, phase: str, **states: str) -> None:
    from pipelines import nodes

    double.report(remote, phase, nodes(TASKS, **states))


def pod(step: str) -> str:
    from pipelines import pod as named

    return named(step, TASKS)


def until(look: Callable[[], Any], within_s: float = 30.0) -> Any:
    """What `look` gives, once that is something."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError("it never came to pass")


def opened(lab: Lab) -> Locator:
    """A notebook of two steps, and its panel."""
    lab.open(lab.write("train.ipynb", CELLS))
    panel = lab.open_panel()
    tab(lab, "steps")
    lab.find("nb2pipe-steps-step").first.wait_for()
    return panel


def tab(lab: Lab, name: str) -> None:
    """Show a part of the panel."""
    lab.find("nb2pipe-panel-tab", tab=name).click()


def add_cluster(lab: Lab, url: str, **more: str) -> None:
    """By the menu of targets and its dialog, as a user does."""
    lab.find("nb2pipe-runs-target").click()
    lab.page.get_by_role("menuitem", name="Add a Cluster…").click()
    dialog = lab.page.get_by_role("dialog")
    dialog.locator("input[name=name]").fill("team")
    dialog.locator("input[name=host]").fill(url)
    for name, value in more.items():
        field = dialog.locator(f"[name={name}]")
        if name == "auth":
            field.select_option(value)
        else:
            field.fill(value)
    dialog.get_by_role("button", name="Add").click()
    dialog.wait_for(state="detached")


def target_says(lab: Lab, text: str) -> None:
    expect(lab.find("nb2pipe-runs-target")).to_have_attribute("title", re.compile(text))


def state(lab: Lab, wanted: str) -> None:
    expect(lab.find("nb2pipe-runs-live")).to_have_attribute("data-state", wanted, timeout=30_000)


def history(lab: Lab) -> Locator:
    """The list of runs."""
    tab(lab, "runs")
    found = lab.find("nb2pipe-runs-item")
    found.first.wait_for()
    return found


def test_a_run_from_the_panel(lab_at_own: Lab, own_server: Server, double: Double) -> None:
    """Submitted, followed through a reload and a new server, failed, tried again; its page, its log, its place in history."""
    lab = lab_at_own
    opened(lab)
    add_cluster(lab, double.url)
    expect(lab.find("nb2pipe-runs-target")).to_contain_text("team")
    target_says(lab, "answers")

    lab.find("nb2pipe-runs-run").click()
    remote = until(lambda: next(iter(double.runs), None))
    report(double, remote, "Running", load="Running")
    state(lab, "RUNNING")
    assert not lab.is_dirty()
    double.logs[remote, pod("load")] = "3 rows\n"
    report(double, remote, "Running", load="Succeeded", fit="Running")
    tab(lab, "steps")
    lab.find("nb2pipe-steps-step", step="load").click()
    expect(lab.find("nb2pipe-step-log")).to_contain_text("3 rows")

    lab.reload()
    state(lab, "RUNNING")  # the panel is where it was

    lab.expect_problem(r"Failed to load resource|WebSocket|Connection lost|ERR_CONNECTION|ERR_INCOMPLETE|NetworkError|Failed to fetch")  # fmt: skip
    own_server.stop()
    own_server.start()
    lab.reload()
    state(lab, "RUNNING")  # the panel is where it was
    double.logs[remote, pod("fit")] = f"begins\nnb2pipe-error: {json.dumps(ERROR)}\n"
    report(double, remote, "Failed", load="Succeeded", fit="Failed")
    state(lab, "FAILED")
    expect(lab.find("nb2pipe-step-error")).to_contain_text("KeyError: 'x'")

    items = history(lab)
    expect(items).to_have_count(1)
    items.first.get_by_role("button", expanded=False).click()
    link = lab.find("nb2pipe-runs-details").get_by_role("link", name="Open its page on the cluster")
    expect(link).to_have_attribute("href", f"{double.url}/#/runs/details/{remote}")
    lab.find("nb2pipe-runs-resume").click()
    until(lambda: double.runs[remote]["state"] == "RUNNING")
    expect(items).to_have_count(2)
    double.logs[remote, pod("fit")] = "15\n"
    report(double, remote, "Succeeded", load="Succeeded", fit="Succeeded")
    state(lab, "SUCCEEDED")
    expect(items.nth(0)).to_have_attribute("data-state", "SUCCEEDED")
    expect(items.nth(1)).to_have_attribute("data-state", "FAILED")
    assert len(double.runs) == 1
    assert lab.inaccessible(".nb2pipe-Panel") == []


def test_a_run_is_stopped(lab_at_own: Lab, double: Double) -> None:
    lab = lab_at_own
    opened(lab)
    add_cluster(lab, double.url)
    lab.find("nb2pipe-runs-run").click()
    remote = until(lambda: next(iter(double.runs), None))
    report(double, remote, "Running", load="Running")
    state(lab, "RUNNING")
    lab.find("nb2pipe-runs-stop").click()
    until(lambda: double.runs[remote]["state"] == "CANCELING")
    double.runs[remote]["state"] = "CANCELED"
    state(lab, "CANCELED")
    expect(lab.find("nb2pipe-runs-run")).to_be_enabled()


def test_whether_the_cluster_answers(lab_at_own: Lab, double: Double) -> None:
    """It is said in words: a login that isn't there, a server that isn't there; and nothing is run then."""
    lab = lab_at_own
    opened(lab)
    double.token = "t0ken-of-the-test"  # noqa: S105  # of no server
    add_cluster(lab, double.url, auth="bearer", variable="N2P_NOT_SET")
    target_says(lab, "N2P_NOT_SET")
    expect(lab.find("nb2pipe-runs-target-trouble")).to_contain_text("N2P_NOT_SET")
    lab.find("nb2pipe-runs-target").press("Enter")
    expect(lab.page.get_by_role("menuitemcheckbox", name="team: it needs a login")).to_be_visible()
    lab.page.keyboard.press("Escape")
    double.close()
    lab.expect_problem("503")
    lab.find("nb2pipe-runs-run").click()
    expect(lab.find("nb2pipe-runs-refused")).to_contain_text("N2P_NOT_SET")
    assert not double.runs


@pytest.fixture
def without_kfp(own_server: Server) -> Server:
    """A server that starts in an environment without KFP's client."""
    folder = own_server.home / "without"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import sys\nsys.modules['kfp_server_api'] = None\n", "utf-8")
    own_server.stop()
    paths = [str(folder), str(CHECKOUT / "src"), str(CHECKOUT / "jupyter_ext")]
    own_server.variables["PYTHONPATH"] = os.pathsep.join(paths)
    own_server.start()
    return own_server


def test_without_kfp_s_client(without_kfp: Server, lab_at_own: Lab, tmp_path: Path) -> None:
    """What is needed for it is said, and what works without."""
    del without_kfp, tmp_path
    lab = lab_at_own
    opened(lab)
    lab.find("nb2pipe-runs-target").click()
    lab.page.get_by_role("menuitem", name="Add a Cluster…").click()
    dialog = lab.page.get_by_role("dialog")
    expect(dialog).to_contain_text("pip install 'nb2pipe[kfp]'")
    expect(dialog).to_contain_text("“Compile” works without it")
    assert lab.inaccessible(".jp-Dialog") == []
    dialog.get_by_role("button", name="Close").click()
    expect(lab.find("nb2pipe-runs-target")).to_contain_text("This machine")
    expect(lab.find("nb2pipe-runs-run")).to_be_enabled()
