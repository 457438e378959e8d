"""A runner without a kernel: the worker itself runs the step's cells, and stores what it is told to."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

from nb2pipe.targets.local.request import Job, Outcome, Report, Tell


class Stub:
    """What the cells of a stub step can do, under the name `stub`."""

    def __init__(self, job: Job, tell: Tell) -> None:
        self.job = job
        self.tell = tell
        self.folder = Path(job.request.folder)
        self.outputs: dict[str, Any] = {"schema": 1, "values": {}, "deleted": [], "failed": {}, "metrics": {}}
        self.given = json.loads(job.files.request.read_text(encoding="utf-8"))

    def store(self, **values: object) -> None:
        """Put values where the runtime would."""
        for name, value in values.items():
            content = json.dumps(value).encode()
            object_id = "sha256-" + hashlib.sha256(content).hexdigest()
            path = self.job.run.root.object(object_id)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            self.outputs["values"][name] = {
                "object": object_id,
                "type": type(value).__name__,
                "size_bytes": len(content),
            }

    def load(self, name: str) -> Any:
        """A value that an earlier step stored. Raises KeyError."""
        path = self.job.run.root.object(self.given["values"][name]["object"])
        return json.loads(path.read_bytes())

    def say(self, text: str) -> None:
        """Print."""
        self.tell(Report(cell=0, text=text))

    def meet(self, other: str, limit_s: float = 20.0) -> None:
        """Come back only once step `other` is here too: proof that both run at the same time."""
        (self.folder / f"{self.job.step.id}.here").touch()
        deadline = time.monotonic() + limit_s
        while not (self.folder / f"{other}.here").exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{other} never came")
            time.sleep(0.005)

    def leave_note(self, name: str) -> None:
        """Write this process's pid into a file of the folder, whole at once."""
        temporary = self.folder / f".{name}"
        temporary.write_text(str(os.getpid()), encoding="ascii")
        temporary.rename(self.folder / name)


def run(job: Job, tell: Tell) -> Outcome:
    """Run the cells in this process; store what they told to."""
    stub = Stub(job, tell)
    notebook = json.loads(job.files.notebook.read_text(encoding="utf-8"))
    namespace = {"stub": stub}
    for number, cell in enumerate(notebook["cells"]):
        tell(Report(cell=number))
        try:
            exec(compile(cell["source"], f"cell {number}", "exec"), namespace)
        except Exception as error:  # noqa: BLE001  # what a kernel would report
            return Outcome("error", number, "cell", type(error).__name__, str(error), "the user's traceback")
    job.files.outputs.write_text(json.dumps(stub.outputs), encoding="utf-8")
    return Outcome("completed")
