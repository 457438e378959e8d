"""What the extension costs before anybody looks at a pipeline: bytes that JupyterLab loads when it starts."""

from __future__ import annotations

import pytest
from driving import Lab
from playwright.sync_api import Response
from serving import BUILT

MOST_BYTES = 50_000
OURS = "/lab/extensions/nb2pipe-lab/"


def test_little_is_loaded_at_start(lab: Lab) -> None:
    if list((BUILT / "static").glob("*.js.map")):
        pytest.skip("a bundle for work on the panel, not what users get: jlpm build:prod")
    loaded: dict[str, int] = {}

    def keep(response: Response) -> None:
        if OURS in response.url:
            loaded[response.url.rpartition("/")[2].split("?")[0]] = len(response.body())

    lab.page.on("response", keep)
    lab.open(lab.write("plain.ipynb", ["x = 1"]))
    lab.wait_kernel()
    assert any(name.startswith("remoteEntry") for name in loaded)
    assert sum(loaded.values()) < MOST_BYTES, loaded
