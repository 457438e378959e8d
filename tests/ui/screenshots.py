"""The README's pictures: examples/tabular.ipynb after a run, in JupyterLab's light and dark themes. Writes docs/img/panel-*.png.

    python tests/ui/screenshots.py

Needs a built panel (`jlpm build:prod`) and Chromium. Look at the pictures before you commit them.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from driving import Lab
from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from serving import CHECKOUT, Server

EXAMPLE = "tabular.ipynb"
SIZE = {"width": 1380, "height": 860}
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
SELECTED, LAST = "forest", "metrics"  # the step whose inputs and outputs are shown; the one that is done last
TOP_CELL = 10
SETTLE_MS = 1500  # until nothing moves any more
RUN_S = 150
SIDE_BAR_PX = 470


def main() -> int:
    """Both pictures."""
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server = Server(Path(home))
        server.start()
        try:
            shutil.copy(CHECKOUT / "examples" / EXAMPLE, server.root)
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"],
            )
            lab = after_a_run(browser, server)
            for name, theme in THEMES.items():
                lab.theme(theme)
                lab.page.wait_for_timeout(SETTLE_MS)
                path = CHECKOUT / "docs" / "img" / f"panel-{name}.png"
                path.write_bytes(small(lab.page.screenshot()))
                print(path.relative_to(CHECKOUT), path.stat().st_size // 1000, "kB")
            lab.close()
        finally:
            server.stop()
    return 0


def after_a_run(browser: Browser, server: Server) -> Lab:
    """The notebook, and the panel with all steps done."""
    context = browser.new_context(viewport=SIZE, device_scale_factor=2)
    context.set_default_timeout(RUN_S * 1000)
    lab = Lab(context, server, server.root)
    lab.open(server.root / EXAMPLE)
    lab.execute("filebrowser:toggle-main")  # the left side bar takes room, and shows nothing of ours
    lab.open_panel()
    widen(lab)
    lab.find("nb2pipe-graph-node").first.wait_for()
    lab.find("nb2pipe-runs-run").click()
    lab.find("nb2pipe-graph-node", step=LAST, look="SUCCEEDED").wait_for()
    lab.find("nb2pipe-graph-node", step=SELECTED).click()
    lab.page.get_by_text("Runs next time").wait_for(state="hidden")  # what the run changed is known
    lab.scroll_to(TOP_CELL)
    lab.page.mouse.move(0, 0)
    return lab


def widen(lab: Lab) -> None:
    """Drag the side bar's edge, as people do."""
    handle = lab.page.locator("#jp-main-split-panel > .lm-SplitPanel-handle:visible").last
    box = handle.bounding_box()
    assert box is not None
    lab.page.mouse.move(box["x"] + 1, box["y"] + 300)
    lab.page.mouse.down()
    lab.page.mouse.move(SIZE["width"] - SIDE_BAR_PX, box["y"] + 300, steps=5)
    lab.page.mouse.up()


def small(png: bytes) -> bytes:
    """The same picture in 256 colours: a third of the size, and no difference to the eye."""
    out = BytesIO()
    Image.open(BytesIO(png)).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
