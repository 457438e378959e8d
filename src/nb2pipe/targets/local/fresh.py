"""A step and its traces in; out, whether an earlier run's results are what running it now would give, or why not.

A step is fresh if everything that its results were made of is as it was. What was seen of it while it ran counts as
well as its code: files, modules, packages, environment variables. The last run's own files are looked at as they were
left: what nobody has touched since is no reason to run anything again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nb2pipe import folders
from nb2pipe.digests import FileDigests, Stamp
from nb2pipe.folders import digest_of, names_in
from nb2pipe.installed import Installed
from nb2pipe.layout import RootDir, algorithm_and_digest
from nb2pipe.model import Pipeline, Step
from nb2pipe.records import dataclass
from nb2pipe.targets.local import ingredients, reasons, stored, traces, verdict
from nb2pipe.targets.local.import_places import places
from nb2pipe.targets.local.ingredients import Inputs
from nb2pipe.targets.local.schedule import Schedule
from nb2pipe.targets.local.stored import Outputs
from nb2pipe.targets.local.traces import Ingredients, Trace

_FOREIGN = "what is kept of its last run is damaged, or not signed with your key"
_LOST = ("a value that it stored is gone", "its outputs are gone")


@dataclass(frozen=True)
class Reused:
    """An earlier run's results, which may be taken. `name` is that of the trace's file."""

    name: str
    trace: Trace
    outputs: Outputs


@dataclass(frozen=True)
class Stale:
    """Why a step has to run: sentences without a full stop, the weightiest first. `damaged`: else it might be fresh."""

    reasons: tuple[str, ...]
    damaged: bool = False


@dataclass(frozen=True)
class Setting:
    """Where a run takes place: all that freshness asks of besides the pipeline. `planned` is by step."""

    root: RootDir
    notebook: Path
    folder: Path
    planned: Mapping[str, Ingredients]
    key: bytes
    environ: Mapping[str, str] | None = None
    digest: str = "sha256"


class Freshness:
    """Looks at the steps of one pipeline, in notebook order."""

    def __init__(self, pipeline: Pipeline, setting: Setting) -> None:
        self._pipeline = pipeline
        self._setting = setting
        self._digests = FileDigests(setting.root.digests)
        self.schedule = Schedule(pipeline)
        self._installed: dict[tuple[str, ...], Installed] = {}
        self._traces: dict[str, list[tuple[str, Trace]]] = {}
        self.listed: dict[str, list[str]] = {}
        """The folders that were looked into, with the names found there."""
        self.imports: set[str] = set()
        """What imports were looked for and where: questions, see `seal.of_imports`."""
        self.beside: set[str] = set()
        """Files that were read as they are now."""
        self._all = {step.id: traces.read(self.folder_of(step), setting.key) for step in pipeline.steps}

    def folder_of(self, step: Step) -> Path:
        """Where the step's traces lie."""
        return self._setting.root.traces(self._setting.notebook, step.id)

    def of(
        self, step: Step, done: Mapping[str, Outputs], ran: Collection[str], made: Mapping[str, str]
    ) -> Reused | Stale:
        """The newest results that may be taken, once all that the step waits for is `done`.

        `ran`: of those, the ones that were not taken; `made`: the runs that their results are of.
        """
        if step.options.cache is False:
            return Stale(("it is tagged `cache:off`",))
        first: tuple[str, ...] = ()
        if traces.is_foreign(self.folder_of(step), self._setting.key):
            first = (_FOREIGN,)
        damaged = bool(first)
        for name, trace in self._kept(step.id):
            outputs = self.outputs_of(step, trace)
            found = (*self._differences(step, trace, outputs, done, ran), *self._of_order(trace, made))
            against = tuple(dict.fromkeys(found))
            if not against:
                return Reused(name, trace, outputs)
            damaged = damaged or not set(against).difference(_LOST)
            first = first or against
        return Stale(first or ("it has never run",), damaged)

    def of_the_plan(self, step: Step) -> tuple[str, ...]:
        """Why the step has to run, as far as the plan alone tells."""
        if step.options.cache is False:
            return ("it is tagged `cache:off`",)
        last = self.latest(step.id)
        if last is None:
            foreign = traces.is_foreign(self.folder_of(step), self._setting.key)
            return (_FOREIGN if foreign else "it has never run",)
        return tuple(reasons.of_the_plan(step, last.ingredients, self._setting.planned[step.id]))

    def outputs_of(self, step: Step, trace: Trace) -> Outputs:
        """What a trace of the step left, its cells where they are now."""
        return stored.outputs_of(relocated(trace.outputs, trace.cells, step.cells))

    def files_now(self, step: Step, had: Ingredients, done: Mapping[str, Outputs]) -> dict[str, dict[str, str]]:
        """The ingredients that lie on the disk, as they are now."""
        last = self.latest(step.id)
        here = {name: version for sites in self._sites_of(step) for name, version in self._versions(sites).items()}
        return {
            "file": {path: self._before(step, path, done) or "" for path in had.get("file", {})},
            "named": {path: self._before(step, path, done) or "" for path in had.get("named", {})},
            "shadow": {path: json.dumps(self._shadows(step, path, done)) for path in had.get("shadow", {})},
            "folder": {path: json.dumps(self._names(path)) for path in had.get("folder", {})},
            "module": {path: self._module(step, path, done) for path in had.get("module", {})},
            "package": {name: here[name] for name in had.get("package", {}) if name in here},
            "places": {ingredients.PLACES: self.places(last.facts) if last is not None else "[]"},
        }

    @property
    def looked_at(self) -> Mapping[str, Stamp | None]:
        """The files that were asked for, each as it was when its content was known."""
        return self._digests.looked_at

    def is_newest(self, step: Step, found: Reused) -> bool:
        """True if these results are the last ones of the step."""
        return next(self._kept(step.id), (None, None))[0] == found.name

    def save(self) -> None:
        """Keep digests of files that were hashed."""
        self._digests.save()

    def file(self, path: str) -> str | None:
        """The digest of a file as it is now; `folders.FOLDER` for a folder, None for what is not there."""
        full = self._setting.folder / path
        return self._digests.of(full) or (folders.FOLDER if full.is_dir() else None)

    def to_put_back(self, step: Step, trace: Trace) -> tuple[str, ...]:
        """Files that a run would put back, in words: what this step wrote last, and is otherwise by now."""
        later = self._written_from(self._from(step)[1:])
        return tuple(
            f"{path} is no longer what `{step.name}` wrote: a run puts it back"
            for path in sorted(trace.files)
            if path not in later and self.file(path) != trace.wrote.get(path)
        )

    def latest(self, step_id: str) -> Trace | None:
        """What the step's last run left."""
        for _, trace in self._kept(step_id):
            return trace
        return None

    def _kept(self, step_id: str) -> Iterator[tuple[str, Trace]]:
        """Read as far as they are asked for: mostly the newest will do."""
        known = self._traces.setdefault(step_id, [])
        yield from list(known)
        for item in self._all[step_id]:
            known.append(item)
            yield item

    # --- differences -----------------------------------------------------------------------------------------------

    def _differences(
        self, step: Step, trace: Trace, outputs: Outputs, done: Mapping[str, Outputs], ran: Collection[str]
    ) -> Iterator[str]:
        before = trace.ingredients
        yield from reasons.of_the_plan(step, before, self._setting.planned[step.id])
        yield from self._of_inputs(step, before, outputs, done)
        for path, digest in sorted(before.get("module", {}).items()):
            if digest == folders.CHANGING:
                yield f"{self._shown(path)} was changed while the step ran"
            elif self._module(step, path, done) != digest:
                yield f"{self._shown(path)} changed"
        for folder, names in sorted(before.get("shadow", {}).items()):
            others = set(json.loads(names)) ^ set(self._shadows(step, folder, done, trace))
            yield from (f"`import {name.partition('.')[0]}` finds something else" for name in sorted(others))
        yield from reasons.places_changed(
            before.get("places", {}).get(ingredients.PLACES, "[]"), self.places(trace.facts)
        )
        yield from self._of_packages(trace)
        yield from self._of_environment(before.get("variable", {}))
        yield from self._of_replayed(trace, before)
        yield from self._of_files(step, trace, done, ran)
        yield from self._of_results(step, trace, outputs)

    def _of_inputs(
        self, step: Step, before: Ingredients, outputs: Outputs, done: Mapping[str, Outputs]
    ) -> Iterator[str]:
        inputs = Inputs(self._pipeline, done, self.schedule)
        had = before.get("input", {})
        now = inputs.of(step, outputs.asked)
        for name in sorted({*had, *now}):
            if had.get(name) == now.get(name):
                continue
            provider = inputs.provider(step, name)
            source = f" from `{provider}`" if provider else ""
            what = reasons.state_shown(name)
            if name not in had:
                yield f"{what}{source} is new"
            else:
                yield f"{what}{source} changed" if name in now else f"{what} is gone"
        counted = before.get("counter", {})
        if counted != inputs.counters(step, outputs.counted):
            yield "what the steps before it counted in a library changed"

    def _of_order(self, trace: Trace, made: Mapping[str, str]) -> Iterator[str]:
        for key, run in sorted(trace.ingredients.get("after", {}).items()):
            if made.get(key) != run:
                name = next((step.name for step in self._pipeline.steps if step.id == key), key)
                yield f"`{name}` ran again, and what it does that this step may see is not known"

    def _of_packages(self, trace: Trace) -> Iterator[str]:
        had = trace.ingredients.get("package", {})
        if not had:
            return
        here = self._versions(trace.sites)
        for name, version in sorted(had.items()):
            now = here.get(name)
            if now != version:
                yield f"{name} {version} → {now or 'not installed'}"

    def places(self, facts: Mapping[str, Any]) -> str:
        """What the step's imports find on PYTHONPATH and of what is installed to be edited."""
        imported = facts.get("imported", ())
        environ = os.environ if self._setting.environ is None else self._setting.environ
        found = places(imported, facts.get("sites", ()), environ, self._setting.folder)
        self.imports.update(json.dumps([place, *imported]) for place in found.folders)
        self.beside.update(found.files)
        return found.found

    def _versions(self, sites: tuple[str, ...]) -> Mapping[str, str]:
        installed = self._installed.setdefault(sites, Installed(sites))
        versions = installed.versions
        self.beside.update(installed.records)
        return versions

    def _sites_of(self, step: Step) -> tuple[tuple[str, ...], ...]:
        last = self.latest(step.id)
        return () if last is None else (last.sites,)

    def _of_environment(self, had: Mapping[str, str]) -> Iterator[str]:
        now = ingredients.variables(had, self._setting.key, self._setting.environ)
        yield from (reasons.variable_changed(name) for name in sorted(had) if now.get(name) != had[name])

    def _of_replayed(self, trace: Trace, before: Ingredients) -> Iterator[str]:
        now = ingredients.replayed(self._pipeline, trace.facts.get("definitions", ()))
        for kind in ("definition", "setup"):
            for name, digest in sorted(before.get(f"asked {kind}", {}).items()):
                if now[kind].get(name) != digest:
                    yield f"{reasons.definition_shown(name)} changed"

    # --- files -----------------------------------------------------------------------------------------------------

    def _of_files(self, step: Step, trace: Trace, done: Mapping[str, Outputs], ran: Collection[str]) -> Iterator[str]:
        had, wrote = trace.ingredients.get("file", {}), trace.wrote
        for path, digest in sorted(had.items()):
            now = self._before(step, path, done)
            if digest == folders.CHANGING:
                yield f"{self._shown(path)} was changed by something else while the step ran"
            elif (now or "") != digest and not self._is_as_left(path, from_step=step):
                yield f"{self._shown(path)} {reasons.how(digest or wrote.get(path), now)}"
        written = self._written_from(self._from(step))
        for path, digest in sorted(trace.ingredients.get("named", {}).items()):
            if path not in written and not self._is_named_as_before(step, path, digest, done):
                yield f"{self._shown(path)} {reasons.how(digest, self.file(path))}"
        for path, names in sorted(trace.ingredients.get("folder", {}).items()):
            if (set(json.loads(names)) ^ set(self._names(path))) - self._names_written(path, step):
                yield f"the files in {self._shown(path)} are others"
        for path, left in sorted(wrote.items()):
            if not self._is_kept(step, trace, path, left):
                yield f"{self._shown(path)} is no longer what `{step.name}` wrote"
        for other in self._earlier(step):
            both = sorted(path for path in wrote if path in had and other.id in ran and _touches(done[other.id], path))
            if both:
                yield f"`{other.name}` ran again, and both change {self._shown(both[0])}"

    def _before(self, step: Step, path: str, done: Mapping[str, Outputs]) -> str | None:
        """The file as the step would find it."""
        for earlier in reversed(self._earlier(step)):
            wrote = done[earlier.id].wrote if earlier.id in done else {}
            if path in wrote:
                return wrote[path]
        return self.file(path)

    def _is_as_left(self, path: str, *, from_step: Step) -> bool:
        """True if this step or a later one wrote it last, and nobody has touched it since."""
        for later in reversed(self._from(from_step)):
            trace = self.latest(later.id)
            if trace is not None and path in trace.wrote:
                return self.file(path) == trace.wrote[path]
        return False

    def _is_kept(self, step: Step, trace: Trace, path: str, left: str | None) -> bool:
        """True if a file that the step wrote is there, or can be put there again, or a later step wrote over it."""
        if self.file(path) == left:
            return True
        if left == folders.FOLDER:
            return not (self._setting.folder / path).exists()  # it can be made again
        if path in trace.files:
            return self._setting.root.object(trace.files[path]).is_file()
        for later in reversed(self._from(step)[1:]):
            other = self.latest(later.id)
            if other is not None and path in other.wrote:
                anew = path not in other.ingredients.get("file", {})
                return anew and self.file(path) == other.wrote[path]
        return False

    def _is_named_as_before(self, step: Step, path: str, digest: str, done: Mapping[str, Outputs]) -> bool:
        if not digest.startswith("stamp:"):
            return (self._before(step, path, done) or "") == digest
        try:
            status = (self._setting.folder / path).stat()
        except OSError:
            return False
        return digest == f"stamp:{status.st_size}:{status.st_mtime_ns}"

    def _names(self, path: str) -> list[str]:
        names = self.listed[str(self._setting.folder / path)] = names_in(self._setting.folder / path)
        return names if len(names) <= folders.MOST_NAMES else [digest_of(names)]

    def _module(self, step: Step, path: str, done: Mapping[str, Outputs]) -> str:
        """The digest of a file of code, as the step would find it."""
        return self._before(step, self._shown(path), done) or ""

    def _shadows(
        self, step: Step, folder: str, done: Mapping[str, Outputs], trace: Trace | None = None
    ) -> Sequence[str]:
        """What in a folder the step's imports may find, see `runtime.facts`, as it would find it."""
        last = trace or self.latest(step.id)
        imported = frozenset(last.facts.get("imported", ()) if last is not None else ())
        place = self._setting.folder / folder
        self.imports.add(json.dumps([str(place), *sorted(imported)]))
        found = folders.shadows(place, imported)
        for earlier in self._earlier(step):
            for path, left in done[earlier.id].wrote.items() if earlier.id in done else ():
                file = self._setting.folder / path
                if file.parent == place and file.suffix == ".py" and file.stem in imported:
                    found = found | {file.name} if left else found - {file.name}
        return sorted(found)

    def _names_written(self, folder: str, step: Step) -> set[str]:
        """The names in a folder that come from this step or later ones."""
        return {Path(path).name for path in self._written_from(self._from(step)) if Path(path).parent == Path(folder)}

    def _written_from(self, steps: Sequence[Step]) -> set[str]:
        found = [self.latest(step.id) for step in steps]
        return {path for trace in found if trace is not None for path in trace.wrote}

    def _earlier(self, step: Step) -> Sequence[Step]:
        return self._pipeline.before(step.id)

    def _from(self, step: Step) -> Sequence[Step]:
        return self._pipeline.since(step.id)

    def _shown(self, path: str) -> str:
        try:
            return Path(path).relative_to(self._setting.folder).as_posix()
        except ValueError:
            return path

    # --- results ---------------------------------------------------------------------------------------------------

    def _of_results(self, step: Step, trace: Trace, outputs: Outputs) -> Iterator[str]:
        """What later steps need of it, and what has become of it."""
        there = {*trace.planned, *outputs.values, *outputs.deleted}
        for name in step.outputs:
            if name not in there:
                yield f"`{name}` has to be stored now"
        error = verdict.unstorable(self._pipeline, step, outputs) or verdict.unforeseen(self._pipeline, step, outputs)
        if error is not None:
            yield f"a later step needs more of it than it left: {error.message}"
        readable = {"sha256", self._setting.digest}
        try:
            stored.check_objects(outputs, self._setting.root)
        except ValueError:
            yield _LOST[0]
        if any(algorithm_and_digest(item.object)[0] not in readable for item in outputs.values.values()):
            yield "the kernel lacks blake3, by which its values are named"
        if not self._setting.root.object(trace.executed).is_file():
            yield _LOST[1]


def _touches(outputs: Outputs, path: str) -> bool:
    return path in outputs.wrote or path in outputs.facts.get("read", {})


def relocated(data: Mapping[str, Any], before: Sequence[int], now: Sequence[int]) -> dict[str, Any]:
    """The content of an `outputs.json` whose cells have moved."""
    if tuple(before) == tuple(now):
        return dict(data)
    places = dict(zip(before, now, strict=False))
    seen = dict(data.get("seen", {}))
    for kind in ("sources", "files"):
        seen[kind] = {str(places[int(cell)]): item for cell, item in seen.get(kind, {}).items() if int(cell) in places}
    seen["asked"] = {
        name: {**asked, "cell": places.get(asked.get("cell"))} for name, asked in seen.get("asked", {}).items()
    }
    return {**data, "seen": seen}
