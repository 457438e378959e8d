"""The panel beside a notebook: the graph, why its edges are there, steps by keyboard, problems, parameters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from driving import PANEL, App, Lab
from playwright.sync_api import Locator, expect

CELLS = (
    "import math",
    ("rate: float = 0.5\ncount = 3\nlabel = 'a'\nverbose = False\ndouble = count * 2", ["parameters"]),
    ("df = [count, rate]", ["step:load"]),
    ("left = sum(df)", ["step:left"]),
    ("right = len(df) + double", ["step:right"]),
    ("print(left + right, math.pi)", ["step:join"]),
)
expect.set_options(timeout=30_000)  # an analysis waits for its process, which starts with the first one
PAYLOAD = '<img src=x onerror="window.injected=1">'


def shown(lab: Lab, name: str = "graph.ipynb", cells: object = CELLS, app: App = "lab") -> Path:
    """A notebook, and the panel beside it."""
    path = lab.write(name, cells)  # type: ignore[arg-type]  # as `write` takes it
    lab.open(path, app)
    lab.execute("nb2pipe:show-tab", {"tab": "graph"})
    return path


def tab(lab: Lab, name: str) -> None:
    lab.find("nb2pipe-panel-tab", tab=name).click()


def node(lab: Lab, step: str) -> Locator:
    return lab.find("nb2pipe-graph-node", step=step)


def active(lab: Lab) -> int:
    place: int = lab.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex")
    return place


def test_graph_without_a_kernel_and_while_typing(lab: Lab) -> None:
    path = shown(lab)
    expect(lab.find("nb2pipe-graph-node")).to_have_count(4)
    expect(lab.find("nb2pipe-graph-edge", source="load", target="left")).to_have_count(1)
    expect(lab.find("nb2pipe-graph-edge", source="left", target="right")).to_have_count(0)
    lab.type_in_cell(4, " + left")
    expect(lab.find("nb2pipe-graph-edge", source="left", target="right")).to_have_count(1)
    assert lab.saved(path)["cells"][4]["source"] == CELLS[4][0], "looking at a notebook saved it"


def test_graph_follows_tags_at_once(lab: Lab) -> None:
    shown(lab)
    expect(node(lab, "right")).to_be_visible()
    lab.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.model.cells.get(4).setMetadata('tags', ['step:other'])"
    )
    expect(node(lab, "other")).to_be_visible()
    expect(node(lab, "right")).to_have_count(0)


def test_an_edge_explains_itself(lab: Lab) -> None:
    shown(lab)
    edge = lab.find("nb2pipe-graph-edge", source="load", target="right")
    edge.dispatch_event("click")
    pane = lab.find("nb2pipe-panel-edge")
    expect(pane).to_contain_text("df: written in cell 3, read in cell 5")
    pane.get_by_role("button", name="cell 5").click()
    lab.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex === 4")
    lab.execute("nb2pipe:explain-edge", {"source": "left", "target": "join"})
    expect(pane).to_contain_text("left: written in cell 4, read in cell 6")


def test_a_step_leads_to_its_cell(lab: Lab) -> None:
    shown(lab)
    node(lab, "join").click()
    lab.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex === 5")
    expect(node(lab, "join")).to_have_attribute("aria-pressed", "true")
    assert lab.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.mode") == "command"


def test_graph_by_keyboard(lab: Lab) -> None:
    shown(lab)
    node(lab, "load").focus()
    lab.page.keyboard.press("ArrowDown")
    first = lab.page.evaluate("() => document.activeElement.dataset.step")
    assert first in ("left", "right")
    lab.page.keyboard.press("ArrowDown")
    expect(node(lab, "join")).to_be_focused()
    lab.page.keyboard.press("Enter")
    lab.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex === 5")


def test_steps_by_keyboard(lab: Lab) -> None:
    shown(lab)
    lab.find("nb2pipe-panel-tab", tab="graph").focus()
    lab.page.keyboard.press("ArrowRight")
    expect(lab.find("nb2pipe-panel-tab", tab="steps")).to_be_focused()
    lab.find("nb2pipe-steps-step", step="load").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowDown"):
        lab.page.keyboard.press(key)
    reason = lab.find("nb2pipe-steps-reason", step="right")
    expect(reason.first).to_be_focused()
    expect(reason.first).to_contain_text("df: written in cell 3, read in cell 5")
    lab.page.keyboard.press("Enter")
    lab.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex === 2")
    lab.find("nb2pipe-steps-step", step="right").focus()
    lab.page.keyboard.press("Enter")
    lab.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex === 4")
    expect(lab.find("nb2pipe-steps-step", step="right")).to_have_attribute("aria-selected", "true")
    expect(lab.find("nb2pipe-steps-run")).to_be_enabled()


def test_a_problem_and_its_fix_and_undo(lab: Lab) -> None:
    shown(lab, "wrong.ipynb", (("table = [1]", ["step:load"]), ("size = 1\nprint(tabel)", ["step:use"])))
    lab.execute("nb2pipe:show-problems")
    problem = lab.find("nb2pipe-problems-item", code="N2P201")
    expect(problem).to_contain_text("tabel is read in step use, but no cell above defines it")
    problem.get_by_role("button", name="Cell 2 line 2").click()
    lab.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.activeCell.editor?.hasFocus()")
    assert active(lab) == 1
    line = lab.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.activeCell.editor.getCursorPosition().line"
    )
    assert line == 1
    problem.get_by_role("button", name="N2P201").click()
    expect(problem).to_contain_text("Fix:")
    problem.get_by_test_id("nb2pipe-problems-fix").click()
    expect(problem).to_have_count(0)
    assert lab.sources()[1] == "size = 1\nprint(table)"
    lab.select_cell(1)
    lab.page.keyboard.press("z")
    expect(problem).to_have_count(1)
    assert lab.sources()[1] == "size = 1\nprint(tabel)"


def test_a_wrong_tag_and_its_fix(lab: Lab) -> None:
    path = shown(lab, "tag.ipynb", (("a = 1", ["step:load"]), ("print(a)", ["stpe:use", "hide-input"])))
    tab(lab, "problems")
    lab.find("nb2pipe-problems-item", code="N2P121").get_by_test_id("nb2pipe-problems-fix").click()
    tab(lab, "graph")
    expect(node(lab, "use")).to_be_visible()
    assert lab.tags()[1] == ["step:use", "hide-input"]
    assert lab.saved(path)["cells"][1]["metadata"]["tags"] == ["stpe:use", "hide-input"], "nothing is saved unasked"


def test_parameters(lab: Lab) -> None:
    path = shown(lab)
    lab.find("nb2pipe-parameters-fold").locator("summary").click()

    def field(name: str) -> Locator:
        return lab.find("nb2pipe-parameters-field", name=name)

    expect(field("count").get_by_role("textbox")).to_have_value("3")
    expect(field("double")).to_contain_text("count * 2")
    field("count").get_by_role("textbox").fill("three")
    expect(field("count").get_by_role("alert")).to_contain_text("int")
    field("count").get_by_role("textbox").fill("4")
    expect(field("count").get_by_role("alert")).to_have_count(0)
    field("verbose").get_by_role("combobox").select_option("True")
    assert lab.sources()[1] == CELLS[1][0]
    assert not lab.is_dirty() or lab.saved(path)["cells"][1]["source"] == CELLS[1][0]
    lab.page.wait_for_timeout(1500)  # JupyterLab keeps its state a second later
    lab.reload()
    lab.execute("nb2pipe:show-tab", {"tab": "graph"})
    lab.find("nb2pipe-parameters-fold").locator("summary").click()
    expect(field("count").get_by_role("textbox")).to_have_value("4")
    field("count").get_by_role("button", name="Take the notebook's value").click()
    expect(field("count").get_by_role("textbox")).to_have_value("3")


@pytest.mark.parametrize(
    ("why", "cells"),
    [("steps", ("a = 1", "b = a + 1")), ("steps", ())],
    ids=["no tags", "no cells"],
)
def test_empty_states(lab: Lab, why: str, cells: tuple[str, ...]) -> None:
    shown(lab, "empty.ipynb", cells)
    expect(lab.find("nb2pipe-panel-empty", why=why)).to_be_visible()


def test_no_notebook(lab: Lab) -> None:
    lab.open_launcher()
    lab.execute("nb2pipe:toggle-panel")
    expect(lab.find("nb2pipe-panel-empty", why="notebook")).to_be_visible()


def test_server_without_nb2pipe(lab: Lab) -> None:
    lab.expect_problem("404")
    lab.page.route("**/nb2pipe/**", lambda route: route.fulfill(status=404, body="<html>404</html>"))
    shown(lab)
    expect(lab.find("nb2pipe-panel-empty", why="server")).to_contain_text("jupyter server extension enable")
    lab.page.unroute("**/nb2pipe/**")
    lab.page.get_by_role("button", name="Try again").first.click()
    expect(node(lab, "load")).to_be_visible()


def test_another_version_is_told_and_works(lab: Lab) -> None:
    def older(route: object) -> None:
        answer = route.fetch()  # type: ignore[attr-defined]
        route.fulfill(response=answer, json={**answer.json(), "version": "0.0.1"})  # type: ignore[attr-defined]

    lab.page.route("**/nb2pipe/status*", older)
    shown(lab)
    expect(lab.find("nb2pipe-panel-version")).to_contain_text("0.0.1")
    expect(node(lab, "load")).to_be_visible()


def test_main_area(lab: Lab) -> None:
    shown(lab)
    lab.execute("nb2pipe:open-main")
    wide = lab.page.locator("#nb2pipe-panel-main")
    expect(wide.get_by_test_id("nb2pipe-graph-node")).to_have_count(4)
    lab.execute("nb2pipe:open-main")
    expect(lab.page.locator("#nb2pipe-panel-main")).to_have_count(1)


def test_export(lab: Lab) -> None:
    shown(lab)
    expect(node(lab, "load")).to_be_visible()
    with lab.page.expect_download() as found:
        lab.execute("nb2pipe:export-graph", {"format": "mermaid"})
    text = Path(found.value.path()).read_text(encoding="utf-8")
    assert found.value.suggested_filename == "graph.mmd"
    assert text.startswith("flowchart TD\n")
    assert '-->|"df"|' in text
    with lab.page.expect_download() as found:
        lab.execute("nb2pipe:export-graph", {"format": "svg"})
    assert Path(found.value.path()).read_text(encoding="utf-8").startswith("<svg xmlns=")


def test_nothing_of_a_notebook_becomes_markup(lab: Lab) -> None:
    cells = (
        ("payload = " + json.dumps(PAYLOAD), ["parameters"]),
        ("first = payload", ["step:one", f"step:{PAYLOAD}"]),
        (f"second = first\n{PAYLOAD}", ["step:two"]),
        (f"print('{PAYLOAD}', first, undefined_name)", [f"stpe:{PAYLOAD}"]),
    )
    shown(lab, "hostile.ipynb", cells)
    lab.execute("nb2pipe:show-problems")
    expect(lab.find("nb2pipe-problems-item").first).to_be_visible()
    expect(lab.page.locator("#nb2pipe-panel")).to_contain_text("<img src=x")
    for name in ("steps", "graph", "runs"):
        tab(lab, name)
    assert lab.page.locator("#nb2pipe-panel img").count() == 0
    assert lab.page.evaluate("() => window.injected") is None


def test_three_hundred_steps(lab: Lab) -> None:
    cells = [("v0 = 1", ["step:s0"])]
    cells += [(f"v{n} = v{n - 1} + v{max(0, n - 7)}", [f"step:s{n}"]) for n in range(1, 300)]
    shown(lab, "many.ipynb", cells)
    expect(node(lab, "s0")).to_be_visible()
    assert lab.find("nb2pipe-graph-node").count() < 150, "what is off the screen is in the page"
    node(lab, "s0").focus()
    for _ in range(12):
        lab.page.keyboard.press("ArrowDown")
        lab.page.wait_for_timeout(60)
    expect(lab.page.locator(":focus")).to_have_attribute("data-testid", "nb2pipe-graph-node")
    assert lab.page.locator(":focus").get_attribute("data-step") != "s0"


def test_chinese(lab: Lab) -> None:
    settings = lab.server.home / "settings" / "@jupyterlab" / "translation-extension"
    settings.mkdir(parents=True)
    (settings / "plugin.jupyterlab-settings").write_text(json.dumps({"locale": "zh_CN"}), encoding="utf-8")
    shown(lab)
    expect(lab.find("nb2pipe-panel-tab", tab="steps")).to_have_text("步骤")
    lab.find("nb2pipe-graph-edge", source="load", target="right").dispatch_event("click")
    expect(lab.find("nb2pipe-panel-edge")).to_contain_text("right 等待 load")
    expect(node(lab, "load")).to_contain_text("单元格 3")
    expect(lab.find("nb2pipe-status-item")).to_have_text("4 个步骤")


def test_notebook_7(lab: Lab) -> None:
    path = lab.write("seven.ipynb", CELLS)
    lab.open(path, "notebook")
    lab.execute("nb2pipe:toggle-panel")
    expect(lab.find("nb2pipe-graph-node")).to_have_count(4)
    node(lab, "join").click()
    lab.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex === 5")
    assert lab.page.locator(PANEL).count() == 1
