"""A browser's page and a server in, what a person does in JupyterLab out: open a notebook, run a command, look.

Each page keeps what went wrong in it (errors on the console, exceptions, requests to other hosts), and `problems` of a test must be
empty at its end.
"""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Locator, Page, Request
from serving import CHECKOUT, Server

App: TypeAlias = Literal["lab", "notebook"]
Cell: TypeAlias = "str | tuple[str, Sequence[str]] | dict[str, Any]"

AXE = CHECKOUT / "node_modules" / "axe-core" / "axe.min.js"
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
KERNEL: dict[str, Any] = {  # as the kernel itself says it, so that JupyterLab has nothing to change when it starts
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
        "version": platform.python_version(),
    },
}
_PLACE: dict[App, str] = {"lab": "lab/tree", "notebook": "notebooks"}
# Notebook 7.6's own, on each of its pages, also without any extension
NOT_OURS = (
    r"^exception: TypeError: Cannot read properties of undefined \(reading 'schema'\)\n(\s+at .*/static/notebook/.*\n?|\s+at async Promise.all.*)+$",
    r"^exception: Error: Command 'filebrowser:open-path' not registered\.\n(\s+at .*/static/notebook/.*\n?)+$",
)


def markdown(text: str) -> dict[str, Any]:
    """A text cell of `Lab.write`."""
    return {"cell_type": "markdown", "source": text, "metadata": {}}


@dataclass
class Lab:
    """One test's view of JupyterLab: a page, and a folder of the test's own below what the server serves."""

    context: BrowserContext
    server: Server
    folder: Path
    page: Page = field(init=False)
    problems: list[str] = field(default_factory=list)
    _expected: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """A first page; all pages of the context are listened to."""
        self.context.on("page", self._listen)
        self.page = self.context.new_page()

    # what is there before the browser

    def write(self, name: str, cells: Sequence[Cell], metadata: dict[str, Any] | None = None) -> Path:
        """A notebook in the test's folder. A cell is its source, or (source, tags), or a cell as in the file."""
        made = [_cell(number, cell) for number, cell in enumerate(cells)]
        content = {"cells": made, "metadata": {**KERNEL, **(metadata or {})}, "nbformat": 4, "nbformat_minor": 5}
        path = self.folder / name
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
        return path

    # going somewhere

    def open(self, path: Path, app: App = "lab") -> None:
        """Open a notebook in a workspace that is new, and wait until it can be worked with."""
        where = path.relative_to(self.server.root).as_posix()
        # `reset` drops the workspace of the page before
        self.page.goto(f"{self.server.address}/{_PLACE[app]}/{where}?token={self.server.token}&reset")
        self.wait_restored()
        self.page.wait_for_selector(f"{PANEL} .jp-Cell")
        self.page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.context.ready; }")

    def open_launcher(self) -> None:
        """JupyterLab with no notebook open."""
        self.page.goto(f"{self.server.address}/lab?token={self.server.token}&reset")
        self.wait_restored()

    def reload(self) -> None:
        """Load the page again, as F5 does, in the same workspace."""
        self.page.goto(self.page.url.split("?")[0])
        self.wait_restored()

    def wait_restored(self) -> None:
        """Wait until all extensions have started and the layout is as it was."""
        self.page.wait_for_function("() => window.jupyterapp !== undefined")
        self.page.evaluate("async () => { await window.jupyterapp.restored; }")

    # doing something

    def execute(self, command: str, args: dict[str, Any] | None = None) -> Any:
        """Run a command of JupyterLab's and wait for what it gives, where that is JSON."""
        return self.page.evaluate(
            """async ([command, args]) => {
                const value = await window.jupyterapp.commands.execute(command, args);
                try { return JSON.parse(JSON.stringify(value ?? null)); } catch { return null; }
            }""",
            [command, args or {}],
        )

    def select_cell(self, index: int, until: int | None = None) -> None:
        """Make a cell the active one, in command mode; with `until`, extend the selection to that cell."""
        self.page.evaluate(
            """([index, until]) => {
                const notebook = window.jupyterapp.shell.currentWidget.content;
                notebook.deselectAll();
                notebook.activeCellIndex = index;
                notebook.mode = 'command';
                if (until !== null) { notebook.extendContiguousSelectionTo(until); }
                notebook.activate();
            }""",
            [index, until],
        )

    def scroll_to(self, index: int) -> None:
        """Bring a cell into view, as the table of contents does."""
        self.page.evaluate("index => window.jupyterapp.shell.currentWidget.content.scrollToItem(index)", index)
        self.cell(index).wait_for()

    def type_in_cell(self, index: int, text: str) -> None:
        """Put the cursor at the end of a cell, by mouse, and type."""
        self.cell(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.type(text)

    def save(self) -> None:
        """Save as Ctrl-S does."""
        self.execute("docmanager:save")

    def wait_kernel(self) -> None:
        """Wait until the notebook's kernel has started and is idle."""
        self.page.wait_for_selector(f"{PANEL} .jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=60_000)

    def theme(self, name: str) -> None:
        """For instance "JupyterLab Dark", "JupyterLab Light High Contrast"."""
        self.execute("apputils:change-theme", {"theme": name})
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)

    def open_panel(self) -> Locator:
        """Show the pipeline panel in the side bar; the panel."""
        self.execute("nb2pipe:toggle-panel", {"show": True})
        panel = self.page.get_by_role("region", name="Pipeline")
        panel.wait_for()
        return panel

    # looking

    def find(self, testid: str, **data: str | int) -> Locator:
        """What has this data-testid, and these data attributes: find("nb2pipe-step", step="load")."""
        narrowed = "".join(f"[data-{name.replace('_', '-')}={json.dumps(str(v))}]" for name, v in data.items())
        return self.page.locator(f"[data-testid={json.dumps(testid)}]{narrowed}")

    def cell(self, index: int) -> Locator:
        """A cell of the notebook that is shown. JupyterLab draws far cells when they are scrolled to."""
        return self.page.locator(f"{PANEL} .jp-Cell[data-windowed-list-index='{index}']")

    def tags(self) -> list[list[str]]:
        """The tags of each cell as the live notebook has them, saved or not."""
        found: list[list[str]] = self.page.evaluate(
            "() => Array.from(window.jupyterapp.shell.currentWidget.content.model.cells, c => c.getMetadata('tags') ?? [])"
        )
        return found

    def sources(self) -> list[str]:
        """The source of each cell as the live notebook has it."""
        found: list[str] = self.page.evaluate(
            "() => Array.from(window.jupyterapp.shell.currentWidget.content.model.cells, c => c.sharedModel.source)"
        )
        return found

    def is_dirty(self) -> bool:
        """Whether the notebook has changes that are not saved."""
        return bool(self.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.model.dirty"))

    def saved(self, path: Path) -> dict[str, Any]:
        """The notebook as it is on the disk."""
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content

    def inaccessible(self, selector: str) -> list[str]:
        """What axe-core finds to be in the way of people who don't see well, or don't use a mouse, below the selector."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.add_script_tag(path=AXE)
        found: list[str] = self.page.evaluate(
            """async selector => {
                const { violations } = await axe.run({ include: [selector] }, { resultTypes: ['violations'] });
                return violations
                    .filter(one => ['serious', 'critical'].includes(one.impact))
                    .flatMap(one => one.nodes.map(node => `${one.id}: ${node.failureSummary} ${node.html.slice(0, 200)}`));
            }""",
            selector,
        )
        return found

    # what must not happen

    def expect_problem(self, pattern: str) -> None:
        """A problem that this test brings about on purpose (a server that stops, say)."""
        self._expected.append(pattern)

    def unexpected(self) -> list[str]:
        """The problems of all pages, without those that the test expects."""
        known = (*NOT_OURS, *self._expected)
        return [one for one in self.problems if not any(re.search(pattern, one) for pattern in known)]

    def close(self) -> None:
        """End the kernels that the test started, and close its pages without asking."""
        if self.server.process is not None:
            self.page.evaluate("async () => { await window.jupyterapp?.serviceManager.sessions.shutdownAll(); }")
        self.context.close()

    def _listen(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", self._on_error)
        page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            place = message.location
            self.problems.append(f"console: {message.text} ({place.get('url', '')}:{place.get('lineNumber', '')})")

    def _on_error(self, error: Error) -> None:
        self.problems.append(f"exception: {error.stack or error.message}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self.server.address + "/", "data:", "blob:")):
            self.problems.append(f"a request to another host: {request.url}")


def _cell(number: int, cell: Cell) -> dict[str, Any]:
    if isinstance(cell, dict):
        return {"id": f"cell-{number}", **cell}
    source, tags = (cell, ()) if isinstance(cell, str) else cell
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": f"cell-{number}",
        "metadata": {"tags": list(tags)} if tags else {},
        "outputs": [],
        "source": source,
    }
