"""What each step loaded and stored in; out, whether that is what the notebook's order gives. The last net.

Steps run in an order of their own. For each variable that a step loaded, the last earlier step of the notebook that
touched it must be where it came from, whatever the plan said. Where two steps each stored a variable beside what they
made of it, as it was, each holds a copy: that matters only once a step changes one of the copies.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nb2pipe.model import Pipeline, Resource, Step, StepError
from nb2pipe.targets.local.stored import AMBIENT, Outputs


@dataclass(frozen=True)
class Overtaken:
    """Why a run stops, and what the next plan has to know: that `step` changes `variable`."""

    error: StepError
    step: str
    variable: str


def overtaken(pipeline: Pipeline, done: Mapping[str, Outputs], step: Step) -> Overtaken | None:
    """For a step that read a variable before an earlier one had given it its value, as far as `step` is part of that.

    `done` are the steps that have ended, `step` among them, in whatever order.
    """
    steps = pipeline.steps
    here = next(place for place, item in enumerate(steps) if item.id == step.id)
    checked = [(here, name) for name in _read(done[step.id])]
    for later in range(here + 1, len(steps)):
        outputs = done.get(steps[later].id)
        if outputs is not None:
            checked += [(later, name) for name in _read(outputs) & done[step.id].touched]
    for place, name in sorted(checked):
        writer = _missed(steps, done, place, name)
        if writer is not None:
            return Overtaken(_error(steps[place], writer, name), writer.id, name)
    for place in range(here, len(steps)):
        found = _parted(steps, done, place) if steps[place].id in done else None
        if found is not None:
            return Overtaken(_parted_error(steps[place], *found), found[0].id, found[2])
    return None


def miscounted(pipeline: Pipeline, done: Mapping[str, Outputs], step: Step) -> tuple[StepError, str] | None:
    """For a library's counter that a step did not take on from where the notebook has it: why, and the library.

    Only for classes that count their instances, of which the notebook has one.
    """
    steps = [item for item in pipeline.steps if item.id in done]
    here = steps.index(step)
    for place in range(here, len(steps)):
        for key, (began, _, _) in sorted(done[steps[place].id].counted.items()):
            if not any(outputs.counted[key][2] for outputs in done.values() if key in outputs.counted):
                continue
            before = [item for item in steps[:place] if key in done[item.id].counted]
            if began is not None and before and done[before[-1].id].counted[key][1] != began:
                return _miscounted(before[-1], steps[place], key), key.partition(":")[0].partition(".")[0]
    return None


def misdrawn(pipeline: Pipeline, done: Mapping[str, Outputs], step: Step) -> tuple[StepError, Step, str] | None:
    """For a step that drew from a seeded generator which an earlier one had not yet drawn from: why, it, which.

    Functions of libraries draw too, and no table knows them all.
    """
    steps = [item for item in pipeline.steps if item.id in done]
    for place in range(steps.index(step), len(steps)):
        for generator in ("numpy", "python"):
            record, seed = f"{AMBIENT}rng:{generator}", Resource("seed", generator)
            here, before = done[steps[place].id], [item for item in steps[:place] if record in done[item.id].values]
            seeded = any(seed in item.writes for item in steps[:place]) and seed not in steps[place].writes
            if record not in here.values or not before or not seeded:
                continue
            beside = before[-1] in pipeline.process_of(steps[place].id)
            if not beside and here.state.get(record) != done[before[-1].id].values[record].object:
                return _misdrawn(before[-1], steps[place], generator), steps[place], generator
    return None


def _misdrawn(first: Step, second: Step, generator: str) -> StepError:
    name = {"numpy": "NumPy's global generator", "python": "the random module's generator"}[generator]
    message = (
        f"step `{second.name}` drew from {name}, which its code does not show, and did not wait for step "
        f"`{first.name}`, which comes first in the notebook"
    )
    hint = f"run it again: the next plan knows; or put `after:{first.name}` on a cell of `{second.name}`"
    return StepError("value", message, hint=hint)


def _miscounted(first: Step, second: Step, key: str) -> StepError:
    library = key.partition(":")[0].partition(".")[0]
    message = (
        f"steps `{first.name}` and `{second.name}` both count on in {library} ({key.replace(':', '.')}), and "
        f"`{second.name}` did not wait: what {library} makes there would have other names than in the notebook"
    )
    hint = f"run it again: the next plan knows; or put `after:{first.name}` on a cell of `{second.name}`"
    return StepError("value", message, hint=hint)


def raced(
    pipeline: Pipeline, done: Mapping[str, Outputs], began: Mapping[str, frozenset[str]], step: Step
) -> StepError | None:
    """For a file that `step` and another step opened, one of them for writing, while neither waited for the other.

    A folder that one listed and in which the other made or removed a file is as good as a file.

    `began`: for each step, those that had ended when it began.
    """
    place = {item.id: number for number, item in enumerate(pipeline.steps)}
    for other in pipeline.steps:
        if other.id not in done or other.id == step.id:
            continue
        first, second = sorted((step, other), key=lambda item: place[item.id])
        if first.id in began.get(second.id, frozenset()):
            continue
        path = _shared_file(done[first.id], done[second.id])
        if path is not None:
            return _race(first, second, path)
    return None


def _shared_file(one: Outputs, other: Outputs) -> str | None:
    first, second = _files(one), _files(other)
    both = {path for path in first.keys() & second.keys() if first[path] or second[path]}
    return min(both | set(_shown_in(one, second)) | set(_shown_in(other, first)), default=None)


def _shown_in(reader: Outputs, files: Mapping[str, bool]) -> Iterator[str]:
    """Folders that `reader` listed, and in which some of `files` lie that were written."""
    listed = reader.facts.get("listed", {})
    for path, written in files.items():
        folder = posixpath.dirname(path) or "."
        if written and folder in listed:
            yield folder


def _files(outputs: Outputs) -> Mapping[str, bool]:
    """All files that the step opened, and whether for writing."""
    found: dict[str, bool] = {}
    for files in outputs.files.values():
        for path, written in files.items():
            found[path] = found.get(path, False) or written
    return found


def _race(first: Step, second: Step, path: str) -> StepError:
    message = (
        f"steps `{first.name}` and `{second.name}` both used the file {path}, and `{second.name}` did not wait, "
        f"since the code does not show it"
    )
    hint = (
        f"run it again: the next plan knows; to say it in the code, write `# nb2pipe: files {path}` in the cell that "
        f"writes it and `# nb2pipe: reads {path}` in the one that reads it"
    )
    return StepError("value", message, hint=hint)


def _read(outputs: Outputs) -> frozenset[str]:
    return frozenset((*outputs.loaded, *outputs.asked))


def _missed(steps: tuple[Step, ...], done: Mapping[str, Outputs], place: int, name: str) -> Step | None:
    """The step that should have given `name` to the step at `place`, and didn't."""
    reader = done[steps[place].id]
    got = reader.loaded.get(name)
    for writer in reversed(steps[:place]):
        outputs = done.get(writer.id)
        if outputs is None or name not in outputs.touched:
            continue
        stored = outputs.values.get(name)
        if (stored.object if stored else None) == got:
            return None
        if name not in outputs.shared or name in reader.changed_in_place:
            return writer
    return None


def _parted(steps: tuple[Step, ...], done: Mapping[str, Outputs], place: int) -> tuple[Step, str, str] | None:
    """A step that changed a copy of what a variable of the step at `place` shares an object with: it, that, this."""
    for name, source in sorted(done[steps[place].id].loaded.items()):
        origin = next((at for at in reversed(range(place)) if _holds(done.get(steps[at].id), name, source)), place)
        values = done[steps[origin].id].variables
        beside = [other for other, value in values.items() if other != name and value.object == source]
        for other in beside if origin != place else ():
            for step in steps[origin + 1 : place]:
                outputs = done.get(step.id)
                if outputs is None or other not in outputs.touched.difference(outputs.shared):
                    continue
                changed = other in outputs.changed_in_place
                if changed and name not in outputs.values and not _had(done, name, outputs):
                    return step, other, name
                if other not in outputs.loaded and other not in outputs.changed:
                    break  # it means another object from here on
    return None


def _holds(outputs: Outputs | None, name: str, source: str) -> bool:
    return outputs is not None and name in outputs.values and outputs.values[name].object == source


def _had(done: Mapping[str, Outputs], name: str, outputs: Outputs) -> bool:
    """True if `name` came along with what the step loaded: then it was looked at too, and stored if it had changed."""
    sources = set(outputs.loaded.values())
    return any(_holds(other, name, source) for other in done.values() for source in sources)


def _parted_error(reader: Step, writer: Step, changed: str, variable: str) -> StepError:
    message = (
        f"step `{reader.name}` read `{variable}`, which shares an object with `{changed}`, as it was before step "
        f"`{writer.name}` changed `{changed}` in place: the code does not show that they share one"
    )
    hint = (
        f"run it again: the next plan knows; to say it in the code, write `# nb2pipe: updates {variable}` on the "
        f"line of `{writer.name}` that changes `{changed}`"
    )
    return StepError("value", message, hint=hint)


def _error(reader: Step, writer: Step, variable: str) -> StepError:
    message = (
        f"step `{reader.name}` read `{variable}` as it was before step `{writer.name}`, which comes first in the "
        f"notebook: the code of one of them does not show it"
    )
    hint = (
        f"run it again: the next plan knows; to say it in the code, write `# nb2pipe: needs {variable}` in "
        f"`{reader.name}`, and `# nb2pipe: updates {variable}` in `{writer.name}`"
    )
    return StepError("value", message, hint=hint)
