"""Outputs, errors, names and printed text that want to be more than text; more windows than a browser has connections."""

from __future__ import annotations

import running
from driving import Lab
from playwright.sync_api import expect

TRAP = "<img src=x onerror=\\'window.caught=1\\'><script>window.caught=1</script>"
HOSTILE = (
    (f"name = '{TRAP}'", ["parameters"]),
    (
        ("from IPython.display import HTML, SVG, Javascript, Markdown, display\n"
        f"print('{TRAP}', '\\x1b]8;;javascript:window.caught=1\\x07link\\x1b]8;;\\x07')\n"
        f"display(HTML('{TRAP}<a href=\"javascript:window.caught=1\">html-link</a>'))\n"
        "display(SVG('<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"window.caught=1\"><text>x</text></svg>'))\n"
        "display(Javascript('window.caught=1'))\n"
        f"display(Markdown('[md-link](javascript:window.caught=1) {TRAP}'))\n"
        "shown = len(name)"),
        ["step:show"],
    ),
    (f"print('{TRAP}: 3')", ["step:measure", "metrics"]),
    (f"raise ValueError('{TRAP}', shown)", ["step:break"]),
)  # fmt: skip


def test_nothing_is_more_than_text(lab: Lab) -> None:
    """Nothing of what a notebook shows, prints or raises runs in the panel, nor in the reader of executed notebooks."""
    lab.expect_problem(r"Failed to load resource|net::ERR")  # pictures that are not there
    lab.open(lab.write("hostile.ipynb", HOSTILE))
    running.show(lab)
    running.run(lab, "FAILED")
    expect(lab.find("nb2pipe-step-error")).to_contain_text("<img src=x onerror=")
    lab.find("nb2pipe-step-traceback").locator("summary").click()
    expect(lab.find("nb2pipe-step-error").locator("img, script, a")).to_have_count(0)
    running.step(lab, "show")
    log = lab.find("nb2pipe-step-log")
    expect(log).to_contain_text("<script>window.caught=1</script> link")
    expect(log.locator("img, script, a")).to_have_count(0)

    lab.find("nb2pipe-step-open").click()
    viewer = lab.page.locator(".nb2pipe-Viewer")
    expect(viewer).to_contain_text("html-link")
    expect(viewer).to_contain_text("md-link")
    expect(viewer.locator("script, svg, [onerror], [onload], a[href^='javascript:']")).to_have_count(0)
    for link in ("html-link", "md-link"):
        viewer.get_by_text(link, exact=True).first.click()

    lab.page.locator(".lm-TabBar-tab", has_text="hostile.ipynb").first.click()
    row = running.history(lab).first
    row.get_by_role("button").first.click()
    details = lab.find("nb2pipe-runs-details")
    expect(details).to_contain_text("<img src=x")
    expect(details.locator("img, script")).to_have_count(0)
    assert lab.page.evaluate("() => window.caught") is None


def test_six_windows(lab: Lab) -> None:
    """Six windows that all show a run under way leave connections for JupyterLab itself."""
    path = lab.write("slow.ipynb", (("import time\nprint('begun')\ntime.sleep(90)", ["step:wait"]),))
    lab.open(path)
    running.show(lab)
    running.begin(lab)
    pages = [lab.page]
    where = path.relative_to(lab.server.root).as_posix()
    for number in range(5):
        page = lab.context.new_page()
        page.goto(f"{lab.server.address}/lab/workspaces/w{number}/tree/{where}?token={lab.server.token}&reset")
        page.wait_for_function("() => window.jupyterapp !== undefined")
        page.evaluate("async () => { await window.jupyterapp.restored; }")
        page.evaluate("() => window.jupyterapp.commands.execute('nb2pipe:show-tab', { tab: 'runs' })")
        page.locator("[data-testid=nb2pipe-runs-live][data-state=RUNNING]").wait_for(timeout=running.RUN_MS)
        pages.append(page)
    for page in pages:
        took = page.evaluate(
            """async () => {
                const from = performance.now();
                await Promise.all(Array.from({ length: 4 }, () => fetch('/api/status')));
                return performance.now() - from;
            }"""
        )
        assert took < 5000, f"four requests took {took:.0f} ms"
    lab.find("nb2pipe-runs-stop").click()
    for page in pages:
        expect(page.locator("[data-testid=nb2pipe-runs-live]")).to_have_attribute(
            "data-state", "CANCELED", timeout=running.RUN_MS
        )
