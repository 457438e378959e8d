"""A page with the pipeline panel in, what a person does about runs out: begin one, wait for its end, look at a step."""

from __future__ import annotations

from driving import Lab
from playwright.sync_api import Locator, expect

RUN_MS = 60_000


def show(lab: Lab, tab: str = "steps") -> None:
    """Show the panel with one of its tabs."""
    lab.execute("nb2pipe:show-tab", {"tab": tab})
    lab.find("nb2pipe-runs-controls").wait_for()


def begin(lab: Lab, testid: str = "nb2pipe-runs-run") -> None:
    """Click "Run pipeline", or another button that runs, and wait until the run has begun; it may have ended by then."""
    live = lab.find("nb2pipe-runs-live")
    before = live.get_attribute("data-run") if live.count() else ""
    lab.find(testid).click()
    lab.page.wait_for_function(
        """before => {
            const live = document.querySelector('[data-testid=nb2pipe-runs-live]');
            return live !== null && live.dataset.run !== before;
        }""",
        arg=before,
    )


def wait_ended(lab: Lab, state: str = "SUCCEEDED") -> None:
    """Wait until the run that the panel's top tells of has ended."""
    lab.find("nb2pipe-runs-run").wait_for(timeout=RUN_MS)
    expect(lab.find("nb2pipe-runs-live")).to_have_attribute("data-state", state)


def run(lab: Lab, state: str = "SUCCEEDED", testid: str = "nb2pipe-runs-run") -> None:
    """Run the pipeline to its end."""
    begin(lab, testid)
    wait_ended(lab, state)


def step(lab: Lab, name: str) -> Locator:
    """Select a step in the list; what the panel tells of it."""
    show(lab, "steps")
    lab.find("nb2pipe-steps-step", step=name).click()
    drawer = lab.find("nb2pipe-step", step=name)
    drawer.wait_for()
    return drawer


def history(lab: Lab) -> Locator:
    """The rows of the runs, newest first."""
    show(lab, "runs")
    lab.find("nb2pipe-runs-history").wait_for()
    return lab.find("nb2pipe-runs-item")
