"""Tagging cells in a notebook: by mouse, by keyboard, by command; and what is shown of it."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from driving import App, Lab, markdown
from playwright.sync_api import Locator, expect

CELLS = ("import os", "x = 1", "y = x + 1", "z = y + 1", "print(z)")
TAGGED = (
    ("import os", ["imports"]),
    ("x = 1", ["step:load", "keep-me"]),
    "y = x + 1",
    ("z = y + 1", ["step:fit", "after:load", "memory:8Gi"]),
    "print(z)",
)
expect.set_options(timeout=30_000)  # an analysis waits for its process, which starts with the first one
SLOW_MS = 30_000
HOSTILE = "<img src=x onerror=window.hacked=1>"


def header(lab: Lab, index: int) -> Locator:
    """The button of a cell's header."""
    return lab.cell(index).get_by_test_id("nb2pipe-header-step")


def popover(lab: Lab) -> Locator:
    return lab.page.get_by_role("dialog").and_(lab.find("nb2pipe-popover"))


def names(lab: Lab) -> list[str]:
    """What stands in the headers, from top to bottom."""
    return lab.find("nb2pipe-header-step").all_inner_texts()


def undo(lab: Lab) -> None:
    lab.execute("notebook:undo-cell-action")


def redo(lab: Lab) -> None:
    lab.execute("notebook:redo-cell-action")


@pytest.fixture
def tagged(lab: Lab) -> Path:
    """A notebook with two steps, opened."""
    path = lab.write("tagged.ipynb", TAGGED)
    lab.open(path)
    expect(header(lab, 3)).to_be_visible()
    return path


@pytest.fixture
def plain(lab: Lab) -> Path:
    """A notebook without any tag, opened."""
    path = lab.write("plain.ipynb", CELLS)
    lab.open(path)
    return path


# --- what is shown ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_headers_and_flow(lab: Lab, app: App) -> None:
    path = lab.write("tagged.ipynb", TAGGED)
    lab.open(path, app)
    expect(header(lab, 3)).to_be_visible()
    assert names(lab) == ["Imports", "load", "fit"]
    fit = lab.page.get_by_role("group", name="Step fit")
    expect(fit).to_contain_text("y")  # from the analysis
    expect(fit).to_contain_text("8 GiB")
    expect(fit).to_contain_text("after load")
    lab.wait_kernel()
    assert not lab.is_dirty()


def test_nothing_is_shown_without_tags(lab: Lab, plain: Path) -> None:
    expect(lab.find("nb2pipe-header-step")).to_have_count(0)
    button = lab.find("nb2pipe-header-add")
    lab.cell(2).hover()
    expect(lab.cell(2).get_by_test_id("nb2pipe-header-add")).to_have_css("opacity", "1")
    lab.cell(0).hover()
    expect(button).to_have_count(1)
    expect(lab.cell(0).get_by_test_id("nb2pipe-header-add")).to_be_attached()


def test_problems_are_marked_at_their_cells(lab: Lab) -> None:
    cells = (("x = 1", ["step:a"]), "y = missing_name", ("z = x", ["step:b", "cpu:lots"]))
    lab.open(lab.write("broken.ipynb", cells))
    gutter = lab.cell(1).get_by_test_id("nb2pipe-header-problem")
    expect(gutter).to_have_accessible_name("1 problem: " + str(gutter.get_attribute("title")))
    assert "missing_name" in str(gutter.get_attribute("title"))
    expect(lab.cell(2).get_by_test_id("nb2pipe-header-problem")).to_contain_text("cpu:lots")
    expect(lab.cell(0).get_by_test_id("nb2pipe-header-problem")).to_have_count(0)


def test_toggle_headers(lab: Lab, tagged: Path) -> None:
    lab.execute("nb2pipe:toggle-headers")
    expect(lab.find("nb2pipe-header-step")).to_have_count(0)
    lab.execute("nb2pipe:toggle-headers")
    expect(lab.find("nb2pipe-header-step")).to_have_count(3)


@pytest.mark.parametrize("mode", ["full", "defer", "none", "contentVisibility"])
def test_large_notebook_in_each_windowing_mode(lab: Lab, mode: str) -> None:
    cells = [(f"x{number} = {number}", [f"step:s{number}"] if number % 10 == 0 else []) for number in range(300)]
    lab.open_launcher()
    lab.page.evaluate(
        """mode => window.jupyterapp.serviceManager.settings.save(
            '@jupyterlab/notebook-extension:tracker', JSON.stringify({windowingMode: mode}))""",
        mode,
    )
    lab.open(lab.write("large.ipynb", cells))
    assert lab.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.notebookConfig.windowingMode") == mode
    expect(header(lab, 0)).to_be_visible()
    lab.execute("nb2pipe:goto-step", {"step": "s290"})
    expect(header(lab, 290)).to_be_visible(timeout=SLOW_MS)  # JupyterLab draws far cells when it has time
    expect(header(lab, 290)).to_have_text("s290")
    lab.execute("nb2pipe:prev-step")
    expect(header(lab, 280)).to_be_visible(timeout=SLOW_MS)
    doubles = lab.page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.widgets
            .map(cell => Array.from(cell.layout.widgets)
                .filter(item => item.node.querySelector('[data-testid=nb2pipe-header-step]')).length)"""
    )
    assert doubles == [1 if number % 10 == 0 else 0 for number in range(300)]  # far cells are not in the page


def test_cells_that_come_go_and_move(lab: Lab, tagged: Path) -> None:
    lab.select_cell(1)
    lab.execute("notebook:insert-cell-above")
    expect(header(lab, 2)).to_have_text("load")
    lab.select_cell(2)
    lab.execute("notebook:move-cell-down")
    expect(header(lab, 3)).to_have_text("load")
    lab.execute("notebook:cut-cell")
    expect(lab.find("nb2pipe-header-step").get_by_text("load")).to_have_count(0)
    lab.execute("notebook:paste-cell-above")
    expect(lab.find("nb2pipe-header-step").get_by_text("load")).to_have_count(1)


# --- tagging ---------------------------------------------------------------------------------------------------------


def test_a_step_by_mouse(lab: Lab, plain: Path) -> None:
    lab.cell(1).hover()
    lab.find("nb2pipe-header-add").click()
    dialog = popover(lab)
    expect(dialog).to_have_accessible_name("Cell 2")
    dialog.get_by_role("combobox", name="Name of the step").fill("load")
    dialog.get_by_role("option", name="New step load").click()
    expect(dialog.get_by_test_id("nb2pipe-popover-follow")).to_be_checked()
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog).to_have_count(0)
    assert lab.tags() == [[], ["step:load"], [], [], []]
    expect(header(lab, 1)).to_have_text("load")
    assert lab.is_dirty()


def test_steps_by_keyboard(lab: Lab, plain: Path) -> None:
    keys = lab.page.keyboard
    lab.select_cell(1)
    keys.press("Alt+s")
    expect(popover(lab).get_by_role("combobox")).to_be_focused()
    keys.type("load")
    keys.press("Enter")
    expect(popover(lab)).to_have_count(0)
    lab.select_cell(3, 4)
    keys.press("Alt+s")
    expect(popover(lab)).to_have_accessible_name("2 cells: 4–5")
    keys.type("fit")
    keys.press("Enter")
    expect(popover(lab)).to_have_count(0)
    assert lab.tags() == [[], ["step:load"], [], ["step:fit"], []]
    lab.select_cell(4)
    keys.press("Alt+s")
    expect(popover(lab).get_by_role("combobox")).to_have_value("fit")
    keys.press("ArrowDown")  # the list: load, fit
    keys.press("Enter")
    expect(popover(lab).get_by_role("combobox")).to_have_value("load")
    keys.press("Enter")
    expect(popover(lab)).to_have_count(0)
    assert lab.tags() == [[], ["step:load"], [], ["step:fit"], ["step:load"]]
    for active in (3, 1):
        keys.press("Alt+Shift+ArrowUp")
        expect(lab.page.locator(".jp-Cell.jp-mod-active")).to_have_attribute("data-windowed-list-index", str(active))


def test_popover_keeps_the_focus_and_gives_it_back(lab: Lab, tagged: Path) -> None:
    button = header(lab, 1)
    button.focus()
    lab.page.keyboard.press("Enter")
    expect(popover(lab)).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    for _ in range(12):
        lab.page.keyboard.press("Tab")
        assert lab.page.evaluate("() => document.activeElement.closest('[role=dialog]') !== null")
    lab.page.keyboard.press("Escape")
    expect(popover(lab)).to_have_count(0)
    expect(button).to_be_focused()
    button.click()
    lab.cell(4).click()
    expect(popover(lab)).to_have_count(0)
    assert not lab.is_dirty() or lab.tags() == [list(cell[1]) if isinstance(cell, tuple) else [] for cell in TAGGED]


def test_roles_by_mouse(lab: Lab, plain: Path) -> None:
    lab.execute("nb2pipe:tag-cell", {"cells": [1], "step": "load"})
    lab.select_cell(2)
    lab.page.keyboard.press("Alt+s")
    popover(lab).get_by_role("radio", name="Parameters").check()
    expect(popover(lab).get_by_test_id("nb2pipe-popover-follow")).not_to_be_checked()
    popover(lab).get_by_role("button", name="Apply").click()
    assert lab.tags() == [[], ["step:load"], ["parameters"], ["step:load"], []]
    expect(header(lab, 2)).to_have_text("Parameters")
    expect(lab.page.get_by_role("group", name="Step load").nth(1)).to_contain_text("continued")


def test_an_edit_of_several_cells_is_one_undo(lab: Lab, tagged: Path) -> None:
    before = lab.tags()
    lab.select_cell(0, 4)
    lab.execute("nb2pipe:untag-cell")
    assert lab.tags() == [[], ["keep-me"], [], [], []]
    expect(lab.find("nb2pipe-header-step")).to_have_count(0)
    undo(lab)
    assert lab.tags() == before
    expect(lab.find("nb2pipe-header-step")).to_have_count(3)
    redo(lab)
    assert lab.tags() == [[], ["keep-me"], [], [], []]
    undo(lab)
    lab.execute("nb2pipe:tag-cell", {"cells": [2], "role": "skip"})
    lab.execute("nb2pipe:tag-cell", {"cells": [4], "role": "skip"})
    undo(lab)  # two edits that follow each other at once are two undos
    assert [tags == ["skip"] for tags in lab.tags()] == [False, False, True, False, False]


def test_tag_editor_of_jupyterlab_both_ways(lab: Lab, plain: Path) -> None:
    lab.select_cell(1)
    lab.execute("property-inspector:show-panel")
    lab.page.get_by_text("Common tools").click()
    field = lab.page.locator("input.jp-CellTags-Add")
    field.click()
    field.press_sequentially("step:load")
    field.press("Enter")
    expect(header(lab, 1)).to_have_text("load")
    lab.execute("nb2pipe:tag-cell", {"cells": [1], "step": "prepare"})
    expect(lab.page.locator(".jp-CellTags-Applied")).to_have_text(["step:prepare"])


def test_rename_everywhere(lab: Lab) -> None:
    cells = (
        ("x = 1", ["step:load"]),
        ("y = 2", ["step:fit", "after:load"]),
        ("z = 3", ["step:load", "other"]),
        ("w = 4", ["block:last", "prev:load:fit"]),
    )
    metadata = {"nb2pipe": {"name": "n", "steps": {"load": {"env": {"A": "1,2"}}}}}
    lab.open(lab.write("names.ipynb", cells, metadata))
    expect(header(lab, 3)).to_be_visible()
    get = "() => window.jupyterapp.shell.currentWidget.content.model.getMetadata('nb2pipe')"
    lab.execute("nb2pipe:rename-step", {"from": "load", "to": "read"})
    assert lab.tags() == [
        ["step:read"],
        ["step:fit", "after:read"],
        ["step:read", "other"],
        ["block:last", "prev:read:fit"],
    ]
    assert lab.page.evaluate(get) == {"name": "n", "steps": {"read": {"env": {"A": "1,2"}}}}
    undo(lab)
    assert lab.tags() == [list(tags) for _, tags in cells]
    assert lab.page.evaluate(get) == metadata["nb2pipe"]
    redo(lab)
    assert lab.page.evaluate(get) == {"name": "n", "steps": {"read": {"env": {"A": "1,2"}}}}
    lab.execute("nb2pipe:rename-step", {"from": "read", "to": "fit"})  # taken
    expect(lab.page.get_by_text("There is a step fit already.").first).to_be_visible()
    assert lab.tags()[0] == ["step:read"]


def test_rename_in_the_header(lab: Lab, tagged: Path) -> None:
    header(lab, 1).click()
    field = popover(lab).get_by_role("combobox")
    expect(field).to_have_value("load")
    field.fill("read")
    lab.page.keyboard.press("Enter")
    assert lab.tags() == [["imports"], ["step:read", "keep-me"], [], ["step:fit", "after:read", "memory:8Gi"], []]


def test_split_and_merge(lab: Lab, tagged: Path) -> None:
    before = lab.tags()
    lab.select_cell(2)
    lab.execute("nb2pipe:split-step-here")
    expect(popover(lab).get_by_role("combobox")).to_have_value("load-2")
    lab.page.keyboard.press("Enter")
    expect(header(lab, 2)).to_have_text("load-2")
    assert lab.tags() == [before[0], before[1], ["step:load-2"], before[3], []]
    lab.execute("nb2pipe:merge-with-above")
    expect(header(lab, 2)).to_have_count(0)
    assert lab.tags() == before
    lab.select_cell(4)
    lab.execute("nb2pipe:merge-with-above")
    assert lab.tags() == [before[0], before[1], [], ["memory:8Gi"], []]
    undo(lab)
    assert lab.tags() == before


def test_options(lab: Lab, tagged: Path) -> None:
    lab.select_cell(4)
    lab.execute("nb2pipe:set-step-options")
    dialog = popover(lab)
    expect(dialog.get_by_label("Memory")).to_have_value("8Gi")
    dialog.get_by_label("CPU cores").fill("two")
    expect(dialog.get_by_text("Write a number of cores")).to_be_visible()
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog).to_be_visible()
    dialog.get_by_label("CPU cores").fill("2")
    dialog.get_by_label("Time limit").fill("1h30m")
    dialog.get_by_label("Memory").fill("")
    dialog.get_by_label("Earlier results").select_option("off")
    dialog.get_by_role("checkbox", name="load").uncheck()
    dialog.get_by_role("button", name="Apply").click()
    assert lab.tags()[3:] == [["step:fit", "cpu:2", "timeout:1h30m", "cache:off"], []]
    group = lab.page.get_by_role("group", name="Step fit")
    expect(group).to_contain_text("2 CPU")
    expect(group).to_contain_text("at most 1 h 30 min")
    undo(lab)
    assert lab.tags()[3] == ["step:fit", "after:load", "memory:8Gi"]


def test_suggested_steps(lab: Lab) -> None:
    cells = (
        "import json",
        markdown("# Load"), "rows = [{'a': 1}, {'a': 2}]\ntext = json.dumps(rows)",
        markdown("# Count"), "total = sum(row['a'] for row in json.loads(text))",
        markdown("# Report"), "print(total)",
    )  # fmt: skip
    lab.open(lab.write("untagged.ipynb", cells))
    before = lab.tags()
    lab.page.evaluate("() => { void window.jupyterapp.commands.execute('nb2pipe:suggest-steps'); }")
    dialog = lab.page.get_by_role("dialog")
    expect(lab.find("nb2pipe-suggested")).to_contain_text("print(total)")
    assert lab.tags() == before
    dialog.get_by_role("button", name="Tag the cells").click()
    expect(lab.find("nb2pipe-header-step").first).to_be_visible()
    assert any(tag.startswith("step:") for tags in lab.tags() for tag in tags)
    undo(lab)
    assert lab.tags() == before


def test_kales_tags_are_shown_and_kept(lab: Lab) -> None:
    cells = (
        ("import os", ["imports"]),
        ("A = 1", ["pipeline-parameters"]),
        ("x = A", ["block:load", "limit:memory:2Gi"]),
        ("y = x", ["block:"]),
        ("z = y", ["block:fit", "prev:load"]),
        ("print(z)", ["pipeline-metrics"]),
    )
    path = lab.write("kale.ipynb", cells)
    lab.open(path)
    expect(header(lab, 5)).to_be_visible()
    assert names(lab) == ["Imports", "Parameters", "load", "fit", "Metrics"]
    expect(lab.page.get_by_role("group", name="Step load")).to_contain_text("2 GiB")
    lab.execute("nb2pipe:rename-step", {"from": "fit", "to": "train"})
    assert lab.tags() == [list(tags) for _, tags in cells[:4]] + [["block:train", "prev:load"], ["pipeline-metrics"]]


def test_hostile_names(lab: Lab, plain: Path) -> None:
    lab.select_cell(1)
    lab.page.keyboard.press("Alt+s")
    popover(lab).get_by_role("combobox").fill(HOSTILE)
    expect(popover(lab).get_by_role("alert")).to_contain_text("Letters, digits")
    lab.page.keyboard.press("Enter")
    expect(popover(lab)).to_be_visible()
    lab.page.keyboard.press("Escape")
    lab.page.keyboard.press("Escape")
    assert lab.tags() == [[]] * 5
    lab.execute("nb2pipe:tag-cell", {"cells": [1], "step": HOSTILE})
    assert lab.tags() == [[]] * 5


def test_hostile_tags(lab: Lab) -> None:
    cells = (
        (f"x = '{HOSTILE}'", [f"step:{HOSTILE}", HOSTILE]),
        ("y = x", ["step:b", f"after:{HOSTILE}", f"env:A={HOSTILE}", f"image:{HOSTILE}"]),
    )
    lab.open(lab.write("hostile.ipynb", cells))
    expect(header(lab, 1)).to_be_visible()
    header(lab, 1).click()
    popover(lab).get_by_test_id("nb2pipe-popover-options").click()
    expect(popover(lab)).to_contain_text(HOSTILE)
    assert lab.page.evaluate("() => window.hacked") is None
    lab.page.keyboard.press("Escape")
    assert lab.tags() == [list(tags) for _, tags in cells]


def test_saved_file_differs_in_tags_alone(lab: Lab) -> None:
    path = lab.write("plain.ipynb", CELLS)
    lab.open(path)
    lab.wait_kernel()
    lab.save()
    before = lab.saved(path)
    lab.execute("nb2pipe:tag-cell", {"cells": [1], "step": "load"})
    expect(header(lab, 1)).to_be_visible()
    lab.execute("nb2pipe:set-step-options", {"cells": [1], "cpu": "2"})
    assert lab.saved(path) == before  # nothing is saved by itself
    lab.save()
    wanted = copy.deepcopy(before)
    wanted["cells"][1]["metadata"]["tags"] = ["step:load", "cpu:2"]
    assert lab.saved(path) == wanted
    lab.execute("nb2pipe:untag-cell", {"cells": [1]})
    lab.save()
    assert json.dumps(lab.saved(path), sort_keys=True) == json.dumps(before, sort_keys=True)


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_commands_are_in_palette_and_menu(lab: Lab, app: App) -> None:
    path = lab.write("tagged.ipynb", TAGGED)
    lab.open(path, app)
    lab.select_cell(1)
    lab.cell(1).locator(".jp-InputPrompt").click(button="right")
    lab.page.locator(".lm-Menu-item", has_text="Pipeline").hover()
    expect(lab.page.get_by_role("menuitem", name="Set Pipeline Step…")).to_be_visible()
