"""A step's record and notebook in; out, an IPython session in this terminal that begins with the step's inputs."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any


def main(record: str, notebook: str) -> None:
    """Replay what the step's notebook replays, load its inputs, and hand over to the user."""
    from IPython.terminal.interactiveshell import TerminalInteractiveShell

    from nb2pipe.runtime import debug

    if os.getcwd() not in sys.path:  # noqa: PTH109  # as a kernel has it
        sys.path.insert(0, "")
    shell: Any = TerminalInteractiveShell.instance()
    debug.begin(record)
    data = json.loads(Path(notebook).read_text(encoding="utf-8"))
    own = []
    for cell in data["cells"]:
        marker = cell.get("metadata", {}).get("nb2pipe", {})
        if marker.get("role") == "replay":
            shell.run_cell(cell["source"], store_history=False)
        elif marker.get("role") == "cell":
            own.append(str(marker["cell"] + 1))
    debug.load()
    sys.stdout.write(f"its cells are {', '.join(own)}; its inputs are loaded\n")
    shell.mainloop()
