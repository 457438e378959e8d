"""A step that has ended in; out, where a run went against the notebook's order, and what that teaches the next plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nb2pipe.learned import Lessons
from nb2pipe.model import Pipeline, Step, StepError
from nb2pipe.records import dataclass
from nb2pipe.targets.local import own_modules, settings
from nb2pipe.targets.local.lessons import lesson_of_change, lesson_of_drawing, lessons_of_counting
from nb2pipe.targets.local.serial import miscounted, misdrawn, overtaken
from nb2pipe.targets.local.stored import Outputs


@dataclass(frozen=True)
class Finding:
    """`error` stops the run; without one, `warnings` say what may be wrong. `lessons` make the next plan right."""

    error: StepError | None
    lessons: Lessons
    warnings: tuple[str, ...] = ()


def findings(pipeline: Pipeline, done: Mapping[str, Outputs], step: Step) -> Iterator[Finding]:
    """What is found of variables, counters, generators, options and modules. `done`: all that ended, `step` too."""
    passed = overtaken(pipeline, done, step)
    if passed is not None:
        yield Finding(passed.error, lesson_of_change(done[passed.step], passed.variable))
    count = miscounted(pipeline, done, step)
    if count is not None:
        yield Finding(count[0], lessons_of_counting(done, count[1]))
    drawn = misdrawn(pipeline, done, step)
    if drawn is not None:
        yield Finding(drawn[0], lesson_of_drawing(done[drawn[1].id], drawn[2]))
    overlooked = settings.overlooked(pipeline, done, step)
    if overlooked:
        taught = settings.lessons(overlooked, done)
        yield Finding(settings.error(overlooked), taught, tuple(settings.warnings(overlooked)))
    unshared = own_modules.unshared(pipeline, done, step)
    if unshared:
        yield Finding(own_modules.error(unshared), own_modules.lessons(unshared, done))
