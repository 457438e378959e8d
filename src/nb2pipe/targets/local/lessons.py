"""What was seen of a step's run in, lessons for the next plan of its cells out."""

from __future__ import annotations

from collections.abc import Mapping

from nb2pipe.learned import Lesson, Lessons
from nb2pipe.model import Pipeline, Step
from nb2pipe.targets.local.stored import Outputs


def lesson_of_change(outputs: Outputs, variable: str) -> Lessons:
    """That the step which left this changes a variable."""
    last = outputs.sources.get(max(outputs.sources, default=0))
    return {} if last is None else {last: Lesson(updates=(variable,))}


def lesson_of_drawing(outputs: Outputs, generator: str) -> Lessons:
    """That the step which left this draws from a generator."""
    last = outputs.sources.get(max(outputs.sources, default=0))
    return {} if last is None else {last: Lesson(draws=(generator,))}


def lessons_of_failing(pipeline: Pipeline, done: Mapping[str, Outputs], step: Step, seen: Outputs) -> Lessons:
    """Of a step that failed. A value that it could not load can't leave the step that stored it."""
    found = dict(lessons_of(step, seen))
    before = [item.id for item in pipeline.steps[: pipeline.steps.index(step)]]
    for name in seen.unloadable:
        origin = next((done[item] for item in reversed(before) if item in done and name in done[item].values), None)
        last = origin.sources.get(max(origin.sources, default=0)) if origin is not None else None
        if origin is not None and last is not None:
            found[last] = found.get(last, Lesson()) | Lesson(unmovable={name: origin.values[name].type})
    return found


def lessons_of_counting(done: Mapping[str, Outputs], library: str) -> Lessons:
    """That each step which took counters of a library further does so in notebook order."""
    found: dict[str, Lesson] = {}
    for outputs in done.values():
        last = outputs.sources.get(max(outputs.sources, default=0))
        if last is not None and any(key.partition(":")[0].partition(".")[0] == library for key in outputs.counted):
            found[last] = Lesson(counters=(library,))
    return found


def lessons_of(step: Step, outputs: Outputs) -> Lessons:
    """By the digest of a cell's source. What is known of the step as a whole is its last cell's."""
    found: dict[str, Lesson] = {}

    def learn(cell: int, lesson: Lesson) -> None:
        key = outputs.sources.get(cell)
        if key is not None:
            found[key] = found.get(key, Lesson()) | lesson

    for name, asked in outputs.asked.items():
        if asked.step is not None and asked.cell is not None:
            learn(asked.cell, Lesson(reads=(name,)))
    for cell, files in outputs.files.items():
        read = tuple(sorted(path for path, written in files.items() if not written))
        learn(cell, Lesson(files_read=read, files_written=tuple(sorted(set(files).difference(read)))))
    last = max(outputs.sources, default=0)
    planned = {*step.outputs, *step.deletes, *outputs.shared}
    certain = {name for name, known in outputs.changed.items() if known}
    bound = {name for name in (*outputs.variables, *outputs.failed) if name not in {*planned, *outputs.changed}}
    learn(last, Lesson(updates=tuple(sorted(certain)), binds=tuple(sorted(bound))))
    learn(last, Lesson(deletes=tuple(sorted(set(outputs.deleted).difference(planned)))))
    learn(last, Lesson(unmovable={name: why.type for name, why in sorted(outputs.failed.items())}))
    return {key: lesson for key, lesson in found.items() if lesson != Lesson()}
