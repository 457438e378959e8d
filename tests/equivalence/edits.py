"""A notebook that is edited and run again and again in; out, whether each run gives what a run from scratch gives.

`Project` is a folder with runs in it. Its runs are made by the forks of `fast`, and take earlier results by the very
functions that the local target uses. What a run from scratch gives is told by the notebook run straight: in a folder
with the user's own files only, or in a copy of the folder as it was before the run.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from editing import State, edited, project
from fast import _ADDRESS, Cells, Expected, Run, Server, notebook_of, state_in

from nb2pipe import keys, learned, render, wire
from nb2pipe.analyzing import Given, analyze_here
from nb2pipe.config import Limits
from nb2pipe.model import RunState
from nb2pipe.render.step_notebook import step_notebook
from nb2pipe.targets.local import ingredients, stored
from nb2pipe.targets.local.fresh import Stale
from nb2pipe.targets.local.judging import Judge
from nb2pipe.targets.local.request import Request
from nb2pipe.targets.local.reuse import Reuse
from nb2pipe.targets.local.scrub import Scrubber
from nb2pipe.targets.local.unchanged import unchanged

_KEY = "a key for the tests, of 32 bytes"
_RUNS = 4  # one after the other, as `nb2pipe run` makes them


@dataclass(frozen=True)
class Ran:
    """How a run went. `kind`: refused, stopped, wrong, done. `because`: step -> why it ran; `taken`: those that did not.

    `printed` is by cell. `notes` are warnings.
    """

    kind: str
    why: str = ""
    because: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    taken: tuple[str, ...] = ()
    printed: Mapping[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class CachedRun(Run):
    """A run that takes earlier results, and keeps its own."""

    def __init__(
        self,
        server: Server,
        analyzed: Any,
        place: Path,
        name: str,
        parameters: Mapping[str, Any],
        force: Sequence[str] = (),
    ) -> None:
        super().__init__(server, analyzed, analyzed.pipeline, place, name=name, parameters=parameters)
        self.bundle = render.bundle(self.notebook, self.pipeline)
        planned = ingredients.planned(self.bundle, self.parameters, (sys.executable,), {}, "test")
        self.request = Request(
            name,
            "case.ipynb",
            str(self.folder),
            self.pipeline,
            parameters=self.parameters,
            cache=True,
            planned=planned,
            force=tuple(force),
            lock=str(self.root.lock(self.folder / "case.ipynb")),
        )
        self.reuse = Reuse(self.dir, self.request, keys.user_key())
        self.judges = Judge(self.dir, self.request, Scrubber(()), self.reuse)
        self.began: dict[str, frozenset[str]] = {}
        self.because: dict[str, tuple[str, ...]] = {}
        self.ran: set[str] = set()
        self.taken: list[str] = []
        self.notes: list[str] = []

    def end(self) -> None:
        """As the supervisor ends a run."""
        self.notes += self.reuse.put_back(self.pipeline.steps, self.done)
        self.reuse.save()

    def outputs(self) -> dict[int, str]:
        """What the cells printed, in this run or the one that it was taken from, by the executed notebooks."""
        found: dict[int, str] = {}
        for step in self.pipeline.steps:
            content = json.loads(self.dir.step(step.id).executed.read_bytes())
            found.update(printed_in(content))
        return found

    def _ready(self) -> list[str]:
        while any(self._take(step) for step in self.schedule.ready() if step not in self.because):
            pass
        return self.schedule.ready()

    def _take(self, step_id: str) -> bool:
        members = self.pipeline.process_of(step_id)
        found = self.reuse.find(members, self.done, self.ran)
        if isinstance(found, Stale):
            self.because[step_id] = found.reasons
            return False
        done, began = dict(self.done), dict(self.began)
        for step in members:
            began[step.id] = frozenset(done)
            problem = self.judges.problem_of(step, found[step.id].outputs, done, began)
            if problem is not None:
                self.because[step_id] = (problem.message,)
                return False
            done[step.id] = found[step.id].outputs
        for step in members:
            self.dir.step(step.id).path.mkdir(parents=True, exist_ok=True)
            self.reuse.take(step, found[step.id], self.dir.step(step.id))
            self.done[step.id], self.began[step.id] = done[step.id], began[step.id]
            self.schedule.ended(step.id, RunState.SUCCEEDED)
            self.taken.append(step.name)
        return True

    def _before(self, step: Any) -> None:
        self.began[step.id] = frozenset(self.done)
        steps = self.pipeline.steps
        self.notes += self.reuse.put_back(steps[: steps.index(step)], self.done)

    def _after(self, step: Any, answer: dict[str, Any]) -> None:
        content: Any = step_notebook(self.notebook, self.pipeline, step)
        for cell in content["cells"]:
            marker = cell["metadata"]["nb2pipe"]
            if marker["role"] == "cell":
                text = answer["printed"][str(marker["cell"])]
                cell["execution_count"] = marker["cell"] + 1
                cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}] if text else []
        self.dir.step(step.id).executed.write_text(wire.dumps(content), encoding="utf-8")

    def _kept(self, step: Any, outputs: Any) -> None:
        self.began.setdefault(step.id, frozenset(self.done))
        self.reuse.keep(step, outputs, self.dir.step(step.id), self.done, 0.0)
        stored.commit(self.dir.step(step.id), outputs, run=self.dir.id, attempt=1)
        self.ran.add(step.id)


def printed_in(executed: Any) -> dict[int, str]:
    """What the cells of a step's executed notebook printed, by their numbers in the notebook."""
    found = {}
    for cell in executed["cells"]:
        marker = cell.get("metadata", {}).get("nb2pipe", {})
        if marker.get("role") == "cell":
            found[marker["cell"]] = "".join(item["text"] for item in cell["outputs"])
    return found


class Project:
    """A folder in which a notebook is run again and again. `place` is empty."""

    def __init__(self, server: Server, place: Path) -> None:
        self.server = server
        self.place = place
        self.folder = place / "pipeline"
        self.folder.mkdir()
        for part in ("locks", "runs", "objects"):
            (place / "root" / part).mkdir(parents=True, mode=0o700)
        self.own: dict[str, str] = {}  # the user's files, by their paths
        self.number = self.straights = 0
        self.last: CachedRun | None = None

    def put(self, path: str, text: str | None) -> None:
        """The user writes a file of their own, or removes it."""
        target = self.folder / path
        if text is None:
            self.own.pop(path, None)
            target.unlink(missing_ok=True)
            return
        self.own[path] = text
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def run(
        self,
        cells: Cells,
        order: random.Random | None = None,
        parameters: Mapping[str, Any] | None = None,
        force: bool = False,
    ) -> Ran:
        """What `nb2pipe run` does: a run that a net stopped is planned again, and goes on."""
        with _key():
            for _ in range(_RUNS):
                found, again = self._run(cells, order, parameters or {}, force)
                if not again:
                    break
            return found

    def _run(
        self, cells: Cells, order: random.Random | None, parameters: Mapping[str, Any], force: bool
    ) -> tuple[Ran, bool]:
        self.number += 1
        known = self._lessons()
        analyzed = analyze_here(notebook_of(cells), Limits(), Given(lessons=known))
        if analyzed.errors or analyzed.pipeline is None:
            return Ran("refused", "; ".join(f"{item.code} {item.message}" for item in analyzed.errors)), False
        ids = [step.id for step in analyzed.pipeline.steps] if force else []
        run = CachedRun(self.server, analyzed, self.place, f"{self.number:06}", parameters, ids)
        self.last = run
        run.dir.path.mkdir(mode=0o700)
        nothing = unchanged(run.dir, run.request, run.bundle)
        problem = run.go(order)
        run.end()
        names = {step.id: step.name for step in run.pipeline.steps}
        because = {names[key]: reasons for key, reasons in run.because.items()}
        if problem is not None:
            learned.add(run.root.learned(run.folder / "case.ipynb"), run.lessons())
            return Ran(*problem, because), problem[0] == "stopped" and self._lessons() != known
        printed = run.outputs()
        if nothing is not None:
            assert not run.because, run.because
            found = [nothing.executed(step.id) for step in run.pipeline.steps]
            assert printed == {key: text for item in found for key, text in printed_in(item).items()}
        return Ran("done", "", because, tuple(run.taken), printed, tuple(run.notes)), False

    def _lessons(self) -> Any:
        from nb2pipe.layout import RootDir

        return learned.read(RootDir(self.place / "root").learned(self.folder / "case.ipynb"))

    # --- edits -----------------------------------------------------------------------------------------------------

    def become(self, state: State) -> None:
        """The user's files are those of the state, and what it says is removed goes."""
        for path in {*self.own, *state.files}:
            if self.own.get(path) != state.files.get(path):
                self.put(path, state.files.get(path))
        for path in state.removed:
            (self.folder / path).unlink(missing_ok=True)

    def step(self, state: State, order: int | None, *, first: bool) -> Ran:
        """Run it as it is now, and hold it against runs from scratch. `wrong`, `invalid` or how the run went."""
        scratches = [self.straight(state.cells, state.parameters, here=False)]
        if not first and not scratches[0].error:
            scratches.append(self.straight(state.cells, state.parameters, here=True))
        if all(item.error for item in scratches):
            return Ran("invalid", str(scratches[0].error))
        there = files_in(self.folder)
        before = self.last.done if self.last is not None else {}
        ran = self.run(state.cells, None if order is None else random.Random(order), state.parameters)
        if ran.kind != "done":
            return ran
        different = [self.differing(ran, item) for item in scratches if not item.error]
        # a file that the notebook goes on with where it finds it is what the steps that did not run had left
        kept = {f"file {path}" for path, content in files_in(self.folder).items() if there.get(path) == content}
        accumulating = {item for item in kept if item in different[0] and len(scratches) > 1}
        both = sorted(set.intersection(*map(set, different)) - accumulating)
        if both:
            again = self.straight(state.cells, state.parameters)
            both = [item for item in both if item not in scratches[0].differing(again)]
        if both:
            return replace(ran, kind="wrong", why=different[0][both[0]])
        if state.quiet and not first and before and ran.because:
            return replace(ran, kind="wrong", why=f"nothing changed, and yet it ran: {ran.because}")
        again = self.run(state.cells, None, state.parameters)
        if again.kind != "done" or again.because or again.printed != ran.printed:
            return replace(ran, kind="wrong", why=f"run again as it is: {again}")
        return ran

    # --- from scratch ----------------------------------------------------------------------------------------------

    def straight(self, cells: Cells, parameters: Mapping[str, Any] | None = None, *, here: bool = False) -> Scratch:
        """The notebook run straight in a folder with the user's files only; `here`: in a copy of the folder."""
        return Scratch(self, cells, parameters or {}, here=here)

    def differing(self, ran: Ran, scratch: Scratch) -> dict[str, str]:
        """What the last run gave otherwise than the one from scratch: cells, files and variables."""
        assert self.last is not None
        found: dict[str, str] = {}
        for index, was in scratch.printed.items():
            now = ran.printed.get(index, "")
            if _lasting(was) != _lasting(now):
                found[f"cell {index}"] = f"cell {index + 1} printed {now!r}, not {was!r}"
        left = files_in(self.folder)
        for path, content in scratch.files.items():
            if left.get(path) != content:
                found[f"file {path}"] = f"{path} holds {_short(left.get(path))}, not {_short(content)}"
        return found | self.last.all_differing(scratch.expected)


def _lasting(text: str) -> str:
    """Without what is another each time: a taken step keeps the numbers of its cells' outputs as well."""
    return re.sub(r"Out\[\d+\]", "Out", _ADDRESS.sub("", text))


def _short(content: bytes | None) -> str:
    return repr(content) if content is None or len(content) < 200 else f"{len(content)} bytes"


class Scratch:
    """A straight run, made at once: what it printed and left. `error`: what a cell raised."""

    def __init__(self, project: Project, cells: Cells, parameters: Mapping[str, Any], *, here: bool) -> None:
        self._project = project
        self._numbered = [
            (index, "cell", _with(source, parameters) if tag == "parameters" else source)
            for index, (tag, source) in enumerate(cells)
        ]
        self._before = files_in(project.folder) if here else {key: text.encode() for key, text in project.own.items()}
        answer, self._state, folder = self._make()
        self.error = answer["error"]
        self.printed = {int(index): text for index, text in answer["printed"].items()}
        self.files = files_in(folder)
        self.what = {f"cell {index}": text for index, text in self.printed.items()}
        self.what |= {f"file {path}": repr(content) for path, content in self.files.items()}
        shutil.rmtree(folder)

    def differing(self, other: Scratch) -> set[str]:
        """Cells and files that are something else each time."""
        return {item for item in {*self.what, *other.what} if self.what.get(item) != other.what.get(item)}

    @property
    def expected(self) -> Expected:
        """As `fast` has it."""
        printed = {str(index): text for index, text in self.printed.items()}
        return Expected(printed, state_in(self._state), lambda: state_in(self._make()[1]))

    def _make(self) -> tuple[dict[str, Any], Path, Path]:
        self._project.straights += 1
        place = self._project.place / f"straight-{self._project.straights}"
        folder = place / "folder"
        folder.mkdir(parents=True)
        for path, content in self._before.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return self._project.server.run(self._numbered, folder, None, state=place / "state"), place / "state", folder


def _with(source: str, parameters: Mapping[str, Any]) -> str:
    return "\n".join([source, *(f"{name} = {value!r}" for name, value in parameters.items())])


def files_in(folder: Path) -> dict[str, bytes]:
    """All files, by their paths."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


@contextmanager
def _key() -> Iterator[None]:
    before = os.environ.get(keys.VARIABLE)
    os.environ[keys.VARIABLE] = _KEY
    try:
        yield
    finally:
        os.environ.pop(keys.VARIABLE)
        if before is not None:
            os.environ[keys.VARIABLE] = before


# --- edits in a row ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Followed:
    """How runs in a row went: `kind` as `fast.Outcome` has it, of the last one that went at all; steps `taken` in all."""

    kind: str
    why: str = ""
    taken: int = 0


def history(server: Server, random: random.Random, edits: int = 3) -> list[State]:
    """A project and edits of it, none of which makes the notebook raise an error. Empty if it does so from the start."""
    with tempfile.TemporaryDirectory(prefix="nb2pipe-edits-", dir=_memory()) as name:
        place = Project(server, Path(name))
        states = [project(random)]
        place.become(states[0])
        if place.straight(states[0].cells).error:
            return []
        for _ in range(edits * 5):
            new = edited(random, states[-1], states[:-1])
            place.become(new)
            if new != states[-1] and not place.straight(new.cells, new.parameters).error:
                states.append(new)
            if len(states) > edits:
                break
        return states


def follow(server: Server, states: Sequence[State], seed: int) -> Followed:
    """Run each state after the one before. A state that only means the same must run nothing."""
    taken = 0
    kind, why = "same", ""
    with tempfile.TemporaryDirectory(prefix="nb2pipe-edits-", dir=_memory()) as name:
        place = Project(server, Path(name))
        for number, state in enumerate(states):
            place.become(state)
            found = place.step(state, seed + number, first=number == 0)
            taken += len(found.taken)
            kind, why = ("same" if found.kind == "done" else found.kind), f"run {number + 1}: {found.why}"
            if kind not in ("same", "refused", "stopped"):
                return Followed(kind, f"{why} {dict(found.because)}", taken)
    return Followed(kind, why, taken)


def shrunk(server: Server, states: Sequence[State], seed: int, limit: int = 60) -> str:
    """The fewest states with the fewest cells found that still go wrong, for people."""
    best, tries = list(states), 0

    def bad(found: list[State]) -> bool:
        nonlocal tries
        tries += 1
        return tries < limit and follow(server, found, seed).kind == "wrong"

    for position in range(len(best) - 1, -1, -1):
        fewer = best[:position] + best[position + 1 :]
        if len(fewer) > 1 and bad(fewer):
            best = fewer
    for source in sorted({cell for state in best for cell in state.cells}, key=lambda cell: -len(cell[1])):
        fewer = [replace(item, cells=tuple(cell for cell in item.cells if cell != source)) for item in best]
        if bad(fewer):
            best = fewer
    return "\n".join([*(state.shown() for state in best), str(follow(server, best, seed))])


def _memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
