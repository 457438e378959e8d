"""Runs in the panel: states, outputs, errors and how to mend them; what reloads, restarts, other tabs and the command line do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import running
from driving import Lab
from playwright.sync_api import Locator, Page, expect
from serving import CHECKOUT, Server

SUMS = (
    ("rows = 4", ["parameters"]),
    ("data = list(range(rows))\nprint('\\x1b[31mloaded\\x1b[0m', len(data))", ["step:load"]),
    ("total = sum(data)\nprint('sum:', total)", ["step:total", "metrics"]),
)
HELD = "import os, time\nwhile not os.path.exists('go'):\n    time.sleep(0.05)\n"
WAITING = (
    ("import os, time\nprint('begun')\nwhile not os.path.exists('go'):\n    time.sleep(0.05)\nprint('over')\nx = 1", ["step:wait"]),
    ("print(x)", ["step:after"]),
)  # fmt: skip
"""Its first step waits until there is a file `go`."""


def test_states_and_outputs(lab: Lab) -> None:
    """What is on the screen is run, nothing is saved; what came out is there to see; unchanged steps don't run again."""
    path = lab.write("sums.ipynb", SUMS)
    before = path.read_bytes()
    lab.open(path)
    running.show(lab, "runs")
    lab.find("nb2pipe-runs-empty").wait_for()
    lab.type_in_cell(0, " + 1")
    running.run(lab)
    drawer = running.step(lab, "load")
    expect(drawer).to_have_attribute("data-state", "SUCCEEDED")
    expect(lab.find("nb2pipe-step-log")).to_contain_text("loaded 5")
    expect(lab.find("nb2pipe-step-log").locator(".ansi-red-fg")).to_have_text("loaded")
    expect(lab.find("nb2pipe-step-variables")).to_contain_text("list")
    assert (path.read_bytes(), lab.is_dirty()) == (before, True)

    lab.find("nb2pipe-step-open").click()
    viewer = lab.page.locator(".nb2pipe-Viewer")
    expect(viewer).to_contain_text("loaded 5")
    expect(viewer.locator("[contenteditable=true]")).to_have_count(0)

    lab.execute("docmanager:open", {"path": path.relative_to(lab.server.root).as_posix()})
    running.run(lab)
    expect(running.step(lab, "load")).to_have_attribute("data-state", "CACHED")
    assert running.history(lab).count() == 2


def test_failing_step(lab: Lab) -> None:
    """A step fails, its cell is shown; it is opened live with its inputs, mended, and run from there."""
    path = lab.write("fails.ipynb", (("data = [3, 4]", ["step:load"]), ("n = 7\nworst = data[9]", ["step:pick"])))
    lab.open(path)
    running.show(lab)
    running.run(lab, "FAILED")
    expect(lab.find("nb2pipe-step", step="pick")).to_have_attribute("data-state", "FAILED")
    expect(lab.find("nb2pipe-step-error")).to_contain_text("IndexError")
    assert lab.inaccessible(".nb2pipe-Panel") == []
    lab.find("nb2pipe-step-go").click()
    lab.page.wait_for_function(
        "() => { const n = window.jupyterapp.shell.currentWidget.content;"
        " return n.activeCellIndex === 1 && n.activeCell.editor.getCursorPosition().line === 1; }"
    )
    lab.find("nb2pipe-step-debug").first.click()
    lab.find("nb2pipe-step-debugging").wait_for(timeout=running.RUN_MS)
    lab.page.wait_for_function(
        "() => { const n = window.jupyterapp.shell.currentWidget.content; const cell = n.activeCell;"
        " return n.mode === 'edit' && cell.model.sharedModel.source.includes('worst')"
        " && cell.editor.getCursorPosition().line === 1; }",
        timeout=running.RUN_MS,
    )
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.type("print('input', data)")
    lab.page.keyboard.press("Control+Enter")
    expect(lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea").last).to_contain_text(
        "input [3, 4]"
    )

    lab.find("nb2pipe-step-back").click()
    lab.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.context.path.endsWith('fails.ipynb')")
    lab.cell(1).locator(".cm-content").click()
    lab.page.keyboard.press("Control+a")
    lab.page.keyboard.type("worst = data[1]")
    running.step(lab, "pick")
    running.run(lab, testid="nb2pipe-step-run-from-here")
    expect(running.step(lab, "load")).to_have_attribute("data-state", "CACHED")
    expect(running.step(lab, "pick")).to_have_attribute("data-state", "SUCCEEDED")


def test_refused(lab: Lab) -> None:
    """What stops a run is told in the panel, with the way to its cell; no window opens."""
    lab.expect_problem(r"the server responded with a status of 400 .*/nb2pipe/runs")  # the browser's own line
    lab.open(lab.write("refused.ipynb", (("x = 1", ["step:a"]), ("print(never_bound)", ["step:b"]))))
    running.show(lab)
    lab.find("nb2pipe-runs-run").click()
    refused = lab.find("nb2pipe-runs-refused")
    expect(refused).to_contain_text("never_bound")
    refused.get_by_role("button", name="Cell 2").click()
    lab.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex === 1")
    expect(lab.page.locator(".jp-Dialog")).to_have_count(0)


def test_reload(lab: Lab) -> None:
    """A run goes on while the page is loaded again; what it printed before is there after."""
    lab.open(lab.write("waiting.ipynb", WAITING))
    running.show(lab)
    running.begin(lab)
    drawer = running.step(lab, "wait")
    expect(lab.find("nb2pipe-step-log")).to_contain_text("begun", timeout=running.RUN_MS)
    expect(lab.page.locator(".nb2pipe-mod-stepRunning")).to_have_count(1)
    lab.reload()
    running.show(lab)
    lab.find("nb2pipe-runs-live", state="RUNNING").wait_for()
    running.step(lab, "wait")
    expect(lab.find("nb2pipe-step-log")).to_contain_text("begun")
    (lab.folder / "go").touch()
    running.wait_ended(lab)
    expect(lab.find("nb2pipe-step-log")).to_contain_text("over")
    expect(drawer).to_have_attribute("data-state", "SUCCEEDED")
    expect(lab.page.locator(".nb2pipe-mod-stepRunning")).to_have_count(0)


def test_server_restart(lab_at_own: Lab, own_server: Server) -> None:
    """A run goes on while the server is away; the page finds it again by itself, and Stop works."""
    lab = lab_at_own
    lab.expect_problem(r"^console: ")  # what JupyterLab itself says of a server that is away
    dialog = lab.page.get_by_role("dialog", name="Server Connection Error")
    lab.page.add_locator_handler(dialog, lambda: lab.page.keyboard.press("Escape"))
    lab.open(lab.write("waiting.ipynb", WAITING))
    running.show(lab)
    running.begin(lab)
    running.step(lab, "wait")
    expect(lab.find("nb2pipe-step-log")).to_contain_text("begun", timeout=running.RUN_MS)
    own_server.stop()
    expect(lab.find("nb2pipe-runs-trouble")).to_be_visible(timeout=running.RUN_MS)
    own_server.start()
    expect(lab.find("nb2pipe-runs-trouble")).to_have_count(0, timeout=running.RUN_MS)
    lab.find("nb2pipe-runs-live", state="RUNNING").wait_for()
    lab.find("nb2pipe-runs-stop").click()
    running.wait_ended(lab, "CANCELED")


def test_other_places(lab: Lab) -> None:
    """A second tab follows the same run; a run of the command line shows up in both without a click."""
    parameters, (load, tags), total = SUMS
    path = lab.write("sums.ipynb", (parameters, (HELD + load, tags), total))
    lab.open(path)
    running.show(lab)
    second = another(lab, path)
    running.begin(lab)
    expect(found_in(second, "nb2pipe-runs-live")).to_have_attribute("data-state", "RUNNING")
    (lab.folder / "go").touch()
    running.wait_ended(lab)
    expect(found_in(second, "nb2pipe-runs-live")).to_have_attribute("data-state", "SUCCEEDED")

    made = command_line("run", str(path), "-p", "rows=6")
    assert made.returncode == 0, made.stderr
    for page in (lab.page, second):
        page.evaluate("() => window.jupyterapp.commands.execute('nb2pipe:show-tab', { tab: 'runs' })")
        expect(found_in(page, "nb2pipe-runs-item")).to_have_count(2)
        expect(found_in(page, "nb2pipe-runs-item").first).to_contain_text("rows = 6")


def test_history_compare_and_delete(lab: Lab) -> None:
    """Runs are kept; one is looked at while another is the latest; two are compared; one is deleted after a question."""
    path = lab.write("sums.ipynb", SUMS)
    for rows in ("4", "6"):
        made = command_line("run", str(path), "-p", f"rows={rows}")
        assert made.returncode == 0, made.stderr
    lab.open(path)
    rows_ = running.history(lab)
    expect(rows_).to_have_count(2)
    for row in rows_.all():
        row.get_by_role("checkbox").check()
    compared = lab.find("nb2pipe-compare")
    expect(compared.get_by_role("row", name="total").first).to_contain_text("+9")
    expect(compared.get_by_role("row", name="rows")).to_contain_text("6")
    expect(lab.find("nb2pipe-runs-banner")).to_have_count(0)
    assert lab.inaccessible(".nb2pipe-Panel") == []

    rows_.last.get_by_role("button").first.click()
    lab.find("nb2pipe-runs-choose").click()
    expect(lab.find("nb2pipe-runs-banner")).to_be_visible()
    lab.find("nb2pipe-runs-latest").click()
    expect(lab.find("nb2pipe-runs-banner")).to_have_count(0)

    lab.find("nb2pipe-runs-delete").click()
    dialog = lab.page.locator(".jp-Dialog")
    dialog.get_by_role("button", name="Delete").click()
    expect(rows_).to_have_count(1)


def test_verify(lab: Lab) -> None:
    """The pipeline is verified against the notebook, and its report can be read."""
    lab.open(lab.write("sums.ipynb", SUMS))
    running.show(lab, "runs")
    lab.find("nb2pipe-verify-start").click()
    outcome = lab.find("nb2pipe-verify-outcome")
    outcome.wait_for(timeout=120_000)
    expect(outcome).to_have_attribute("data-outcome", "same")
    with lab.context.expect_page() as opened:
        lab.find("nb2pipe-verify-report").click()
    expect(opened.value.locator("body")).to_contain_text("sums.ipynb")


def test_compile(lab: Lab) -> None:
    """The pipeline file is shown and downloaded; the notebook stays as it was."""
    path = lab.write("sums.ipynb", SUMS)
    lab.open(path)
    running.show(lab, "runs")
    lab.find("nb2pipe-compile-start").click()
    lab.find("nb2pipe-compile-file").wait_for()
    with lab.page.expect_download() as started:
        lab.find("nb2pipe-compile-download").click()
    text = Path(started.value.path()).read_text(encoding="utf-8")
    assert "deploymentSpec" in text
    assert sorted(one.name for one in path.parent.iterdir() if not one.name.startswith(".")) == ["sums.ipynb"]


def another(lab: Lab, path: Path) -> Page:
    """A second tab of the same browser with the same notebook and the panel."""
    page = lab.context.new_page()
    where = path.relative_to(lab.server.root).as_posix()
    page.goto(f"{lab.server.address}/lab/workspaces/other/tree/{where}?token={lab.server.token}&reset")
    page.wait_for_function("() => window.jupyterapp !== undefined")
    page.evaluate("async () => { await window.jupyterapp.restored; }")
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
    page.evaluate("() => window.jupyterapp.commands.execute('nb2pipe:show-tab', { tab: 'runs' })")
    found_in(page, "nb2pipe-runs-controls").wait_for()
    return page


def found_in(page: Page, name: str) -> Locator:
    """What has this data-testid on any page."""
    return page.locator(f"[data-testid={name}]")


def command_line(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the `nb2pipe` command of this checkout."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "src")}
    return subprocess.run(
        [sys.executable, "-m", "nb2pipe", *words], env=environment, capture_output=True, text=True, check=False
    )
