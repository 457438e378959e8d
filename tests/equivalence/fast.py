"""A notebook's cells in; out, whether its pipeline prints and leaves what the notebook does. No kernels: ~30 ms a step.

One server process per test process loads IPython and the libraries once. The straight run and each step are forks of
it: a fresh `__main__` in a real IPython shell, in which the rendered step notebook's cells run, `begin` to `end`. What
each step gets, and what stops a run, is worked out by the functions that the local target itself uses.
Run as a program, this file is that server: JSON lines in, JSON lines out. `--rich`: what cells display is told too;
other arguments are modules to load before the forks.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import showing

from nb2pipe.observing import last_look
from nb2pipe.render import state_notebook
from nb2pipe.verify.state import State, compare_values, read_state
from nb2pipe.verify.verdicts import Verdict

LIMIT_S = 5  # a program that takes longer is left out; its steps get much more, as the machine may be busy

_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")  # differs from run to run

Cells = Sequence[tuple[str, str]]  # (step's name or other tag, source)
Planner = Callable[[Any], Any]  # a pipeline in, the pipeline that is run out


@dataclass(frozen=True)
class Outcome:
    """How a program went. `why` is for people.

    `kind`: invalid, same, refused, stopped, wrong; raised, if the plan was changed and a cell raised an error then.
    """

    kind: str
    why: str = ""
    order: tuple[str, ...] = ()


# --- the server ------------------------------------------------------------------------------------------------------


def serve(modules: Sequence[str], *, rich: bool) -> None:
    """Fork once per request, until standard input ends."""
    import gc

    answers, requests = os.fdopen(os.dup(1), "w"), os.fdopen(os.dup(0))
    os.dup2(2, 1)  # whatever else is printed is no answer
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # what a cell asks for is no request
    import matplotlib
    import numpy  # noqa: F401  # loaded before the forks
    import pandas  # noqa: F401
    import sklearn.linear_model
    import sklearn.tree  # noqa: F401

    matplotlib.use("Agg")
    os.environ["MPLBACKEND"] = showing.BACKEND if rich else "Agg"
    os.environ["IPYTHONDIR"] = tempfile.mkdtemp(prefix="ipython-")
    from ipykernel.compiler import XCachingCompiler
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    import nb2pipe.runtime.step
    import nb2pipe.runtime.units  # noqa: F401  # loaded before the forks

    shell_class = showing.shell_class() if rich else InteractiveShell
    shell_class.compiler_class = XCachingCompiler  # cells have names as in a kernel
    shell = shell_class.instance(config=Config({"HistoryManager": {"enabled": False}}), colors="NoColor")
    if rich:
        importlib.import_module("matplotlib.pyplot").switch_backend(showing.BACKEND)
    for name in modules:
        importlib.import_module(name)
    shell.run_cell("None", store_history=False)
    gc.freeze()
    for line in requests:
        answers.write(_in_child(shell, json.loads(line)) + "\n")
        answers.flush()


def _in_child(shell: Any, request: dict[str, Any]) -> str:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        os.setpgid(0, 0)
        try:
            answer = json.dumps(_run_cells(shell, request))
        except BaseException:  # noqa: BLE001  # told to the test, whatever it is
            answer = json.dumps({**_NOTHING, "error": [None, "server", "Failure", traceback.format_exc()]})
        with os.fdopen(writer, "w") as file:
            file.write(answer)
        os.killpg(0, signal.SIGKILL)  # with what a cell has started: nothing holds the pipe open
    os.close(writer)
    with os.fdopen(reader) as file:
        if not select.select([file], [], [], request["limit_s"])[0]:
            os.killpg(pid, signal.SIGKILL)
        answer = file.read()
    _, status = os.waitpid(pid, 0)
    if not answer:
        answer = json.dumps({**_NOTHING, "error": [None, "server", "Died", f"wait status {status}"]})
    return answer


_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_NOTHING: dict[str, Any] = {"printed": {}, "shown": {}}


def _run_cells(shell: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Run the cells until one raises: what each printed, and the error."""
    import io

    import numpy as np

    os.chdir(request["folder"])
    sys.path.insert(0, "")  # as a kernel has it
    random.seed()
    np.random.seed()
    os.environ.update(request["environ"])
    if request["spec"]:
        os.environ["NB2PIPE_STEP"] = request["spec"]
    printed: dict[str, str] = {}
    shown: dict[str, list[dict[str, str]]] = {}
    sys.stderr = io.StringIO()
    for index, role, source in request["cells"]:
        sys.stdout = out = io.StringIO()
        shell.shown = []
        result = shell.run_cell(source, store_history=True)
        error = result.error_before_exec or result.error_in_exec
        if role == "cell":
            printed[str(index)] = out.getvalue()
            shown[str(index)] = shell.shown
        if error is not None:
            told = [index, role, type(error).__name__, str(error)]
            return {"printed": printed, "shown": shown, "error": told}
    if request.get("state"):
        from nb2pipe.runtime.observe import describe_all

        describe_all(shell, Path(request["state"]), request["folder"])
    return {"printed": printed, "shown": shown, "error": None}


# --- the client ------------------------------------------------------------------------------------------------------


class Server:
    """The process that forks. A straight run that takes longer than `limit_s` is ended, a step after much more."""

    def __init__(self, modules: Sequence[str] = (), *, rich: bool = False, limit_s: int = LIMIT_S) -> None:
        self.limit_s = limit_s
        self.environ: dict[str, str] = {}  # for all that runs from now on, besides its own
        self.process = subprocess.Popen(
            [sys.executable, __file__, *(["--rich"] if rich else []), *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", **_ONE_THREAD},
        )

    def run(
        self, cells: Sequence[tuple[int | None, str, str]], folder: Path, spec: Path | None, state: Path | None = None
    ) -> dict[str, Any]:
        """Run cells (index, role, source) in a fresh process; then describe what they have left, in `state`."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        limit_s = self.limit_s * 12 if spec else self.limit_s
        request = {
            "cells": list(cells),
            "folder": str(folder),
            "spec": str(spec) if spec else None,
            "limit_s": limit_s,
            "state": str(state) if state else None,
            "environ": self.environ,
        }
        if state:
            state.mkdir()
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=10)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def serving() -> Iterator[Server]:
    """A server for as long as the context lasts."""
    server = Server()
    try:
        yield server
    finally:
        server.close()


def notebook_of(cells: Cells) -> dict[str, Any]:
    """The cells as a notebook. A tag without a colon, `imports` for instance, is taken as it is, else it is a step."""
    special = ("imports", "functions", "parameters", "skip")
    tags = [[tag if tag in special else f"step:{tag}"] if tag else [] for tag, _ in cells]
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{index}",
                "metadata": {"tags": tags[index]},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for index, (_, source) in enumerate(cells)
        ],
    }


def compare(
    server: Server,
    cells: Cells,
    order: random.Random | None = None,
    planner: Planner = lambda pipeline: pipeline,
    *,
    safe: bool = False,
) -> Outcome:
    """Run the notebook straight and as a pipeline, its steps in an order that the DAG allows, drawn from `order`.

    Without `order`: of the steps that are ready, the last one in the notebook goes first, so that a missing edge shows.
    `planner` may change the plan; `safe` asks for the serial one, as `--safe` does.
    """
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
    with tempfile.TemporaryDirectory(prefix="nb2pipe-fast-", dir=place) as name:
        folder = Path(name)
        for part in ("straight", "pipeline"):
            (folder / part).mkdir()
        numbered = [(index, "cell", source) for index, (_, source) in enumerate(cells)]
        straight = server.run(numbered, folder / "straight", None, state=folder / "state")
        if straight["error"]:
            return Outcome("invalid", str(straight["error"]))

        def again() -> State:
            (folder / "again").mkdir()
            server.run(numbered, folder / "again", None, state=folder / "again-state")
            return state_in(folder / "again-state")

        expected = Expected(straight["printed"], state_in(folder / "state"), again)
        return _pipeline(server, cells, folder, expected, order, planner, safe)


@dataclass(frozen=True)
class Expected:
    """What a straight run printed and left; `again` makes another one, to see what is different each time."""

    printed: dict[str, str]
    state: State
    again: Callable[[], State]


def state_in(folder: Path) -> State:
    found = read_state(folder)
    assert found is not None
    return found


def _pipeline(
    server: Server,
    cells: Cells,
    folder: Path,
    expected: Expected,
    order: random.Random | None,
    planner: Planner,
    safe: bool,
) -> Outcome:
    from nb2pipe.analyzing import Given, analyze_here
    from nb2pipe.config import Limits

    analyzed = analyze_here(notebook_of(cells), Limits(), Given(safe=safe))
    if analyzed.errors or analyzed.pipeline is None:
        return Outcome("refused", "; ".join(f"{item.code} {item.message}" for item in analyzed.errors))
    run = Run(server, analyzed, planner(analyzed.pipeline), folder)
    problem = run.go(order)
    done = tuple(run.order)
    if problem is not None:
        return Outcome(*problem, done)
    left = [step.name for step in run.pipeline.steps if not run.schedule.states[step.id].done]
    if left:
        return Outcome("wrong", f"steps never ran: {', '.join(left)}", done)
    for index in range(len(cells)):
        was, now = expected.printed[str(index)], run.printed.get(str(index), "")
        if _ADDRESS.sub("", was) != _ADDRESS.sub("", now):
            return Outcome("wrong", f"cell {index + 1} printed {now!r}, not {was!r}", done)
    different = run.differing(expected)
    return Outcome("wrong", f"in the end {different}", done) if different else Outcome("same", "", done)


class Run:
    """A run of a pipeline, as the supervisor makes it, in `folder`/pipeline. `raising`: a cell's error is no wrong run."""

    def __init__(
        self,
        server: Server,
        analyzed: Any,
        pipeline: Any,
        folder: Path,
        *,
        raising: bool = False,
        name: str = "run",
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        from nb2pipe.layout import RootDir
        from nb2pipe.targets.local.schedule import Schedule

        self.server = server
        self.notebook = analyzed.notebook
        self.pipeline = pipeline
        self.raising = raising or pipeline is not analyzed.pipeline  # it was planned by somebody else
        self.folder = folder / "pipeline"
        self.root = RootDir(folder / "root")
        self.dir = self.root.run(name)
        self.parameters = {item.name: item.default for item in self.pipeline.parameters} | dict(parameters or {})
        self.schedule = Schedule(self.pipeline)
        self.done: dict[str, Any] = {}
        self.taught: list[Any] = []  # by what went against the order
        self.seen: dict[str, Any] = {}  # what the steps that ran left behind, also those that were then stopped
        self.printed: dict[str, str] = {}
        self.shown: dict[str, list[dict[str, str]]] = {}
        self.order: list[str] = []

    def go(self, order: random.Random | None) -> tuple[str, str] | None:
        """Run all steps. Returns what went wrong: kind and reason."""
        from nb2pipe.model import RunState

        waiting: set[str] = set()  # for the value of a step that they came before
        while ready := [step for step in self._ready() if step not in waiting]:
            step_id = order.choice(ready) if order and order.random() < 0.5 else ready[-1]
            self.order.append(step_id)
            problem = self._step(self.pipeline.step(step_id))
            if problem is not None and "may come from it" in problem[1]:
                waiting.add(step_id)
                continue
            if problem is not None:
                return problem
            for member in self.pipeline.process_of(step_id):
                self.schedule.ended(member.id, RunState.SUCCEEDED)
            waiting.clear()
        return None

    def _ready(self) -> list[str]:
        """The steps that may run now, in notebook order."""
        return self.schedule.ready()

    def _before(self, step: Any) -> None:
        """Right before a process runs."""

    def _after(self, step: Any, answer: dict[str, Any]) -> None:
        """Once a step is done, and not judged yet: what its process answered."""

    def _kept(self, step: Any, outputs: Any) -> None:
        """Once a step is found to be as it should."""

    def differing(self, expected: Expected) -> str:
        """The first variable whose final value is not that of the straight run."""
        return next(iter(self.all_differing(expected).values()), "")

    def all_differing(self, expected: Expected) -> dict[str, str]:
        """The variables whose final values are not those of the straight run: what is told of them."""
        why_not = {name: "" for outputs in self.done.values() for name in outputs.failed}
        found = self._left(sorted(expected.state.values))
        if isinstance(found, str):
            return {"": f"the variables can't be looked at: {found}"}
        different: dict[str, str] = {}
        for second in (lambda: expected.state, expected.again):
            reports = compare_values(expected.state, second(), found, why_not)
            different = {
                item.name: f"`{item.name}`: {item.difference}" for item in reports if item.verdict is Verdict.DIFFERS
            }
            if not different:
                break
        return different

    def _left(self, names: Sequence[str]) -> State | str:
        """The final values; what went wrong if they can't be had."""
        last = last_look(self.pipeline, names)
        whole = replace(self.pipeline, steps=(*self.pipeline.steps, last))
        files = self.dir.step(last.id)
        shutil.rmtree(files.path, ignore_errors=True)
        files.path.mkdir(parents=True)
        self._request(last, whole)
        cells = [
            (cell["metadata"]["nb2pipe"].get("cell"), cell["metadata"]["nb2pipe"]["role"], cell["source"])
            for cell in state_notebook(self.notebook, whole, last)["cells"]
        ]
        answer = self.server.run(cells, self.folder, files.request)
        return str(answer["error"]) if answer["error"] else state_in(files.path)

    def _step(self, step: Any) -> tuple[str, str] | None:
        members = self.pipeline.process_of(step.id)
        self._before(step)
        for member in members:
            self.dir.step(member.id).path.mkdir(parents=True, exist_ok=True)
            self._request(member)
        cells = [cell for member in members for cell in self._cells(member)]
        answer = self.server.run(cells, self.folder, self.dir.step(step.id).request)
        self.printed.update(answer["printed"])
        self.shown.update(answer["shown"])
        if answer["error"]:
            kind = "wrong"
            if self.raising:
                kind = "stopped" if answer["error"][2] == "StepProblem" else "raised"
            return kind, f"step {step.name}: {answer['error']}"
        for member in members:
            self._after(member, answer)
            problem = self._judge(member)
            if problem is not None:
                return problem
        return None

    def _judge(self, step: Any) -> tuple[str, str] | None:
        from nb2pipe.targets.local import stored, verdict
        from nb2pipe.targets.local.against_order import findings

        files = self.dir.step(step.id)
        outputs = stored.read_outputs(files, self.root)
        assert outputs is not None
        self.seen[step.id] = outputs
        found = list(findings(self.pipeline, {**self.done, step.id: outputs}, step))
        self.taught += [item.lessons for item in found]
        error = verdict.unstorable(self.pipeline, step, outputs) or verdict.unforeseen(self.pipeline, step, outputs)
        error = error or next((item.error for item in found if item.error is not None), None)
        if error is not None:
            return "stopped", error.message
        self._kept(step, outputs)
        self.done[step.id] = outputs
        return None

    def lessons(self) -> Any:
        """What a run that was stopped has taught, as the supervisor keeps it."""
        from nb2pipe.targets.local.lessons import lessons_of, lessons_of_failing
        from nb2pipe.targets.local.stored import seen_before_failing

        taught = list(self.taught)
        for step_id in self.order:
            for step in self.pipeline.process_of(step_id):
                seen = seen_before_failing(self.dir.step(step.id))
                failed = lessons_of_failing(self.pipeline, self.seen, step, seen)
                taught.append(lessons_of(step, self.seen[step.id]) if step.id in self.seen else failed)
        found: dict[str, Any] = {}
        for lessons in taught:
            found.update((key, found[key] | lesson if key in found else lesson) for key, lesson in lessons.items())
        return found

    def _cells(self, step: Any) -> list[tuple[int | None, str, str]]:
        from nb2pipe.render.step_notebook import step_notebook

        cells: Any = step_notebook(self.notebook, self.pipeline, step)["cells"]
        return [
            (cell["metadata"]["nb2pipe"].get("cell"), cell["metadata"]["nb2pipe"]["role"], cell["source"])
            for cell in cells
            if cell["cell_type"] == "code"
        ]

    def _request(self, step: Any, pipeline: Any = None) -> None:
        from nb2pipe import wire
        from nb2pipe.targets.local import stored
        from nb2pipe.targets.local.request import Request, spec_of
        from nb2pipe.targets.local.schedule import Schedule

        place = (self.dir.id, "case.ipynb", str(self.folder))
        request = Request(*place, pipeline or self.pipeline, parameters=self.parameters)
        schedule = self.schedule if pipeline is None else Schedule(pipeline)
        values = stored.resolve(step, self.done, schedule.before(step.id), schedule.around(step.id))
        content = {**spec_of(request, self.dir, step, values), "may_wait": False}
        self.dir.step(step.id).request.write_text(wire.dumps(content), encoding="utf-8")


def shrink(
    server: Server, cells: Cells, seeds: Sequence[int | None], limit: int = 400, kind: str = "wrong"
) -> list[tuple[str, str]]:
    """The smallest notebook found that still goes wrong, by leaving out statements and cells."""
    import ast

    def parts(source: str) -> list[str]:
        lines = source.split("\n")
        body = ast.parse(source).body
        starts = [min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", ()))]) for node in body]
        return ["\n".join(lines[start - 1 : node.end_lineno]) for start, node in zip(starts, body, strict=True)]

    tries = 0

    def bad(found: list[tuple[str, list[str]]]) -> bool:
        nonlocal tries
        tries += 1
        made = [(tag, "\n".join(body)) for tag, body in found if body]
        return tries < limit and any(
            compare(server, made, None if seed is None else random.Random(seed)).kind == kind for seed in seeds
        )

    best = [(tag, parts(source)) for tag, source in cells]
    changed = True
    while changed:
        changed = False
        for position in range(len(best) - 1, -1, -1):
            fewer = best[:position] + best[position + 1 :]
            if len(best) > 1 and bad(fewer):
                best, changed = fewer, True
        for position, (tag, body) in enumerate(best):
            for line in range(len(body) - 1, -1, -1):
                fewer = [*best[:position], (tag, body[:line] + body[line + 1 :]), *best[position + 1 :]]
                if bad(fewer):
                    best, changed = fewer, True
                    body = body[:line] + body[line + 1 :]  # noqa: PLW2901
    return [(tag, "\n".join(body)) for tag, body in best if body]


if __name__ == "__main__":
    serve([name for name in sys.argv[1:] if name != "--rich"], rich="--rich" in sys.argv[1:])
