"""The extension is there, in JupyterLab and in Notebook 7, and brings no trouble."""

from __future__ import annotations

import pytest
from driving import App, Lab

CELLS = ("x = 1", ("y = x + 1", ["step:load"]))


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_extension_starts(lab: Lab, app: App) -> None:
    path = lab.write("first.ipynb", CELLS)
    lab.open(path, app)
    assert lab.page.evaluate("() => window.jupyterapp.hasPlugin('nb2pipe-lab:plugin')")
    assert lab.tags() == [[], ["step:load"]]
    lab.wait_kernel()
    assert not lab.is_dirty()


def test_launcher(lab: Lab) -> None:
    lab.open_launcher()
    lab.page.wait_for_selector(".jp-Launcher")
