"""Fixtures of tests in a real browser: `lab` is a page of JupyterLab, on a server of the test session's own.

A test writes its notebooks with `lab.write`, opens one with `lab.open`, and ends without an error on the console and without a
request to another host: `lab` sees to that. See `driving.Lab` for what it can do. The panel has to be built: `jlpm build`.

What tests look for. An element that a test or a person's script has to find carries `data-testid="nb2pipe-AREA-THING"`, as in
`nb2pipe-graph-node` (`nb2pipe-header-step`, the name above a cell). Things that occur more than
once say which they are in data attributes, as `data-step="load"`. Tests use these and ARIA roles, never our CSS classes.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from driving import Lab
from playwright.sync_api import Browser, sync_playwright
from serving import BUILT, Server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
FAILED = pytest.StashKey[bool]()
WAIT_MS = 30_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of a process."""
    if not (BUILT / "package.json").is_file():
        pytest.fail("the panel is not built: run `jlpm install --immutable && jlpm build`, or tests/run", pytrace=False)
    started = Server(tmp_path_factory.mktemp("jupyter"))
    try:
        started.start()
        yield started
    finally:
        started.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server that the test itself may stop and start again; give it to `lab_at`."""
    started = Server(tmp_path / "jupyter")
    started.home.mkdir()
    try:
        started.start()
        yield started
    finally:
        started.stop()


# Of a module, not of the session: while it is open, this thread counts as running an event loop, which tests that are not
# ours could not bear.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    if CHROMIUM is None:
        pytest.fail("there is no Chromium: on Debian, `apt-get install chromium`", pytrace=False)
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not work for root, nor in most containers
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *FLAGS])
        yield launched
        launched.close()


@pytest.fixture
def lab(request: pytest.FixtureRequest, server: Server, browser: Browser, tmp_path: Path) -> Iterator[Lab]:
    """A page at the session's server, in a folder of this test's own."""
    server.forget_settings()
    yield from driven(request, server, browser, tmp_path)


@pytest.fixture
def lab_at_own(request: pytest.FixtureRequest, own_server: Server, browser: Browser, tmp_path: Path) -> Iterator[Lab]:
    """As `lab`, at `own_server`."""
    yield from driven(request, own_server, browser, tmp_path)


def driven(request: pytest.FixtureRequest, server: Server, browser: Browser, tmp_path: Path) -> Iterator[Lab]:
    test = f"{Path(request.node.fspath).stem}-{request.node.name}"  # tests of two files may have one name
    folder = server.root / re.sub(r"\W+", "-", test)[:80].strip("-")
    folder.mkdir()
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(WAIT_MS)
    one = Lab(context, server, folder)
    yield one
    problems = one.unexpected()
    if problems or request.node.stash.get(FAILED, False):
        picture = tmp_path / "page.png"
        one.page.screenshot(path=picture)
        request.node.add_report_section("teardown", "page", f"{one.page.url}\npicture: {picture}")
    one.close()
    assert not problems, "\n".join(["the page had problems", *problems])
