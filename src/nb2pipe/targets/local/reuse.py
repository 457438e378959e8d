"""A run's steps in; earlier runs' results in their place, where they are fresh; and what this run leaves for later."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nb2pipe import blobs, folders, keys, seal, wire
from nb2pipe.files import write_atomic
from nb2pipe.folders import digest_of
from nb2pipe.layout import RunDir, StepDir
from nb2pipe.model import Json, Step
from nb2pipe.records import dataclass
from nb2pipe.targets.local import ingredients, kernels, stored, traces
from nb2pipe.targets.local.fresh import Freshness, Reused, Setting, Stale, relocated
from nb2pipe.targets.local.ingredients import Inputs
from nb2pipe.targets.local.request import RUNNER, Request
from nb2pipe.targets.local.stored import Outputs
from nb2pipe.targets.local.traces import Trace

KEPT_FILE_BYTES = 1 << 26  # of what a step writes: larger files are not kept, only their digests


@dataclass(frozen=True)
class WentBy:
    """What a verdict went by: facts, see `seal`, and the names of environment variables."""

    facts: seal.Facts
    variables: tuple[str, ...]


class Reuse:
    """One run's. `key` signs what it keeps, and what it takes has to be signed with it."""

    def __init__(self, run: RunDir, request: Request, key: bytes) -> None:
        self._root, self._run, self._request, self._key = run.root, run.id, request, key
        self._folder = Path(request.folder)
        self._notebook = self._folder / Path(request.notebook).name
        setting = Setting(run.root, self._notebook, self._folder, request.planned, key, digest=request.digest)
        self._fresh = Freshness(request.pipeline, setting)
        self._taken: dict[str, Trace] = {}

    def find(
        self, members: Sequence[Step], done: Mapping[str, Outputs], ran: Collection[str]
    ) -> Mapping[str, Reused] | Stale:
        """Results for all steps of a process, or why one of them has to run: then they all have to."""
        known, found = dict(done), {}
        made = {key: self.made_in(key) for key in done}
        for step in members:
            result = self._fresh.of(step, known, ran, made)
            if step.id in self._request.force and not self._is_of_before(result):
                return Stale(("asked for",))
            if isinstance(result, Stale):
                return result if step is members[0] else Stale((f"`{step.name}`: {result.reasons[0]}",))
            found[step.id] = result
            known[step.id], made[step.id] = result.outputs, result.trace.run
        return found

    def _is_of_before(self, result: Reused | Stale) -> bool:
        """True for results of a run that this one goes on for."""
        return isinstance(result, Reused) and result.trace.run in self._request.before

    def take(self, step: Step, reused: Reused, files: StepDir) -> None:
        """Put an earlier run's results where the step's own would be. Raises OSError, ValueError for damaged ones."""
        trace = reused.trace
        write_atomic(
            files.executed, wire.dumps(self.executed(step, reused)).encode("utf-8", "surrogatepass"), durable=False
        )
        outputs = relocated(trace.outputs, trace.cells, step.cells)
        write_atomic(files.outputs, wire.dumps(outputs).encode("utf-8", "surrogatepass"), durable=False)
        stored.commit(files, reused.outputs, run=trace.run, attempt=0)
        self.renew(step, reused)

    def executed(self, step: Step, reused: Reused) -> dict[str, Json]:
        """The executed notebook. Raises ValueError if it is damaged."""
        trace = reused.trace
        return moved(json.loads(blobs.read(self._root, trace.executed)), trace.cells, step.cells)

    def note(self, found: Mapping[str, Reused]) -> None:
        """These results are taken."""
        self._taken.update((key, item.trace) for key, item in found.items())

    def renew(self, step: Step, reused: Reused) -> None:
        """The trace is the newest from now on. Raises OSError."""
        self.note({step.id: reused})
        traces.renew(self._fresh.folder_of(step), reused.name, self._run)

    def put_back(self, earlier: Sequence[Step], done: Mapping[str, Outputs]) -> Iterator[str]:
        """Files that these steps wrote, and that are no longer as the last of them left them: made so again.

        Only those of steps that were not run again. Yields what to say. Raises OSError, blobs.Damaged.
        """
        last: dict[str, Step] = {path: step for step in earlier if step.id in done for path in done[step.id].wrote}
        for path, step in last.items():
            trace = self._taken.get(step.id)
            if trace is None or self._fresh.file(path) == trace.wrote[path]:
                continue
            target = self._folder / path
            if trace.wrote[path] == folders.FOLDER and not target.exists():
                target.mkdir(parents=True)
                yield f"the folder {path}, which `{step.name}` had made, is there again"
            if path not in trace.files:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            blobs.restore(self._root, trace.files[path], target)
            yield f"{path} was not what `{step.name}` had written: it is again"

    def keep(self, step: Step, outputs: Outputs, files: StepDir, done: Mapping[str, Outputs], wall_s: float) -> None:
        """Keep what the step left for later runs. Raises OSError."""
        data = json.loads(files.outputs.read_bytes())
        if "facts" not in data or step.options.cache is False:
            return
        data["metrics"] = dict(outputs.metrics)  # those that were printed as well
        trace = Trace(
            run=self._run,
            step=step.id,
            at=datetime.now(UTC).isoformat(),
            wall_s=round(wall_s, 3),
            cells=step.cells,
            planned=step.outputs,
            ingredients=self._ingredients(step, outputs, done),
            outputs=data,
            executed=blobs.put(self._root, files.executed),
            files=dict(self._kept_files(outputs)),
            sites=tuple(outputs.facts.get("sites", ())),
        )
        traces.write(self._fresh.folder_of(step), trace, self._key)

    def made_in(self, step_id: str) -> str:
        """The run that made the results of a step that is done."""
        taken = self._taken.get(step_id)
        return self._run if taken is None else taken.run

    def is_newest(self, step: Step, reused: Reused) -> bool:
        """True if these are the step's last results."""
        return self._fresh.is_newest(step, reused)

    def went_by(self, found: Sequence[Reused]) -> WentBy | None:
        """What it hangs on that all steps are fresh, and that these are their results. None if it can't be told.

        The answers are those that were had; what was not kept then is asked for now.
        """
        request = self._request
        kernel: Mapping[str, Sequence[str]] | None = {}
        if request.runner == RUNNER:
            kernel = kernels.looks(request.kernel, request.kernel_argv)
        if kernel is None or request.secret_variables:
            return None
        files = {path: seal.of_file(path) for path in self._fresh.looked_at}
        if any(files[path] != list(stamp) for path, stamp in self._fresh.looked_at.items() if stamp is not None):
            return None
        if any(isinstance(files[path], list) for path, stamp in self._fresh.looked_at.items() if stamp is None):
            return None
        named = [path for item in found for path in item.trace.ingredients.get("named", {})]
        blobs_named = {name for item in found for name in (item.trace.executed, *item.trace.files.values())}
        objects = {value.object for item in found for value in item.outputs.values.values()} | blobs_named
        asked = {
            "size": sorted(str(self._root.object(name)) for name in objects),
            "imports": sorted(self._fresh.imports),
            "newest": sorted(str(self._fresh.folder_of(step)) for step in request.pipeline.steps),
            "link": kernel.get("link", ()),
            "beside": sorted(
                {*kernel.get("beside", ()), *self._fresh.beside, *(str(self._folder / path) for path in named)}
            ),
            "entries": sorted({*kernel.get("entries", ()), *(site for item in found for site in item.trace.sites)}),
        }
        facts = {**seal.ask(asked), "file": files}
        facts["names"] = {path: digest_of(names) for path, names in self._fresh.listed.items()}
        variables = {name for item in found for name in item.trace.ingredients.get("variable", {})}
        return WentBy(facts, tuple(sorted(ingredients.variables(variables, self._key))))

    def save(self) -> None:
        """The run has ended."""
        self._fresh.save()

    def _ingredients(self, step: Step, outputs: Outputs, done: Mapping[str, Outputs]) -> dict[str, Mapping[str, str]]:
        facts = outputs.facts
        inputs = Inputs(self._request.pipeline, done, self._fresh.schedule)
        asked = ingredients.replayed(self._request.pipeline, facts.get("definitions", ()))
        return {
            **self._request.planned[step.id],
            "input": inputs.of(step, outputs.asked),
            "after": {key: self.made_in(key) for key in ingredients.followed(step)},
            "counter": inputs.counters(step, outputs.counted),
            "file": {path: digest or ingredients.ABSENT for path, digest in facts.get("read", {}).items()},
            "named": {**dict.fromkeys(facts.get("sought", ()), ingredients.ABSENT), **facts.get("named", {})},
            "shadow": {self._near(path): json.dumps(names) for path, names in facts.get("shadows", {}).items()},
            "folder": {path: json.dumps(names) for path, names in facts.get("listed", {}).items()},
            "module": {self._near(path): digest or "" for path, digest in facts.get("modules", {}).items()},
            "package": ingredients.packages(facts),
            "places": {ingredients.PLACES: self._fresh.places(facts)},
            "variable": ingredients.variables([*facts.get("variables", ()), *ingredients.ALWAYS], self._key),
            **{f"asked {kind}": found for kind, found in asked.items()},
        }

    def _near(self, path: str) -> str:
        """A path as from the notebook's folder, if it is below that."""
        place = Path(path).resolve()
        folder = self._folder.resolve()
        return place.relative_to(folder).as_posix() if place.is_relative_to(folder) else path

    def _kept_files(self, outputs: Outputs) -> Iterator[tuple[str, str]]:
        """The files in the notebook's folder that the step wrote: path and blob."""
        unknown = outputs.facts.get("overwritten", ())  # what was there before may be a part of them
        for path, digest in outputs.wrote.items():
            full = self._folder / path
            if digest in (None, folders.FOLDER) or os.path.isabs(path) or path in unknown:  # noqa: PTH117
                continue
            name = f"sha256-{digest}"
            fits = full.is_file() and full.stat().st_size <= KEPT_FILE_BYTES
            if self._root.object(name).is_file() or (fits and blobs.put(self._root, full) == name):
                yield path, name


def moved(notebook: dict[str, Any], before: Sequence[int], now: Sequence[int]) -> dict[str, Json]:
    """An executed notebook whose cells are at other places in the notebook by now."""
    places = dict(zip(before, now, strict=False))  # a marked step may have got more cells since
    if tuple(before) == tuple(now):
        return notebook
    for cell in notebook["cells"]:
        marker = cell.get("metadata", {}).get("nb2pipe", {})
        if marker.get("role") == "cell" and marker.get("cell") in places:
            marker["cell"] = places[marker["cell"]]
            if cell.get("execution_count") is not None:
                cell["execution_count"] = marker["cell"] + 1
            for output in cell.get("outputs", ()):
                if output.get("execution_count") is not None:
                    output["execution_count"] = marker["cell"] + 1
    return notebook


def of(run: RunDir, request: Request) -> tuple[Reuse | None, str]:
    """The run's, and what to say if there can be none."""
    if not request.cache:
        return None, ""
    try:
        return Reuse(run, request, keys.user_key()), ""
    except (OSError, ValueError) as error:
        what = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) else str(error)
        return None, f"nothing is kept for later runs, and nothing of earlier ones is taken: no key ({what})"
