"""What the extension costs before anybody looks at a pipeline: bytes that JupyterLab loads from it when it starts."""

from __future__ import annotations

import pytest
from driving import Lab
from playwright.sync_api import Response
from serving import BUILT

MOST_BYTES = 50_000
OURS = "/lab/extensions/nb2pipe-lab/"
GRAPH = b"react-flow__node"  # a class name of the library that draws graphs


@pytest.fixture
def loaded(lab: Lab) -> dict[str, bytes]:
    """Each file of the extension that the page loads."""
    if list((BUILT / "static").glob("*.js.map")):
        pytest.skip("a bundle for work on the panel, not what users get: jlpm build:prod")
    found: dict[str, bytes] = {}

    def keep(response: Response) -> None:
        if OURS in response.url:
            found[response.url.rpartition("/")[2].split("?")[0]] = response.body()

    lab.page.on("response", keep)
    return found


def test_little_is_loaded_at_start(lab: Lab, loaded: dict[str, bytes]) -> None:
    lab.open_launcher()
    lab.page.wait_for_selector(".jp-Launcher")
    sizes = {name: len(body) for name, body in loaded.items()}
    assert any(name.startswith("remoteEntry") for name in sizes)
    assert sum(sizes.values()) < MOST_BYTES, sizes


def test_the_graph_is_loaded_when_it_is_shown(lab: Lab, loaded: dict[str, bytes]) -> None:
    lab.open(lab.write("plain.ipynb", [("x = 1", ["step:one"]), ("print(x)", ["step:two"])]))
    lab.find("nb2pipe-header-step").first.wait_for()
    assert not any(GRAPH in body for body in loaded.values())
    lab.open_panel()
    lab.find("nb2pipe-graph-node").first.wait_for()
    assert any(GRAPH in body for body in loaded.values())
