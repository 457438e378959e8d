"""What each step did to libraries' options, and what it found them to be, in; out, who did not get what he should have.

The plan knows the options that the code shows to be set. Others are set by code of packages: their record is given to
the steps that wait for theirs. A step that did not wait must have found them so all the same, by a replayed set-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nb2pipe.learned import Lesson, Lessons
from nb2pipe.model import Pipeline, Step, StepError
from nb2pipe.targets.local.stored import OPTIONS, Outputs

_COUNTS = frozenset({"pandas", "numpy", "sklearn", "decimal"})
"""Libraries whose options change results and text. Those of others change how figures look, and limits."""


@dataclass(frozen=True)
class Overlooked:
    """`reader` ran with another value of a library's option than `writer`, above it in the notebook, has left."""

    writer: Step
    reader: Step
    library: str
    option: str


def overlooked(pipeline: Pipeline, done: Mapping[str, Outputs], step: Step) -> list[Overlooked]:
    """The first option of each library and pair of steps, `step` one of them. `done`: those that have ended."""
    steps = [item for item in pipeline.steps if item.id in done]
    found: dict[tuple[str, str, str], Overlooked] = {}
    for place, reader in enumerate(steps):
        for library, values in sorted(done[reader.id].options.found.items()):
            last = {
                option: writer for writer in steps[:place] for option in done[writer.id].options.set.get(library, ())
            }
            for option, writer in sorted(last.items(), key=lambda item: item[0]):
                left = done[writer.id].options.set[library][option]
                if step not in (writer, reader) or values.get(option, left) == left or _is_replayed(writer, library):
                    continue
                if not _has(pipeline, done, reader, writer, library):
                    found.setdefault((writer.id, reader.id, library), Overlooked(writer, reader, library, option))
    return list(found.values())


def _is_replayed(writer: Step, library: str) -> bool:
    """True if the plan knows that the step sets options of the library, and that later steps set them anew."""
    names = [item.name for item in writer.writes if item.kind == "options"]
    return library not in names and any(name.startswith(f"{library}.") for name in names)


def _has(pipeline: Pipeline, done: Mapping[str, Outputs], reader: Step, writer: Step, library: str) -> bool:
    """True if the reader's process has set what the writer left, or is the writer's."""
    name = f"{OPTIONS}{library}:{writer.id}"
    return name in done[reader.id].options.got or writer in pipeline.process_of(reader.id)


def error(found: list[Overlooked]) -> StepError | None:
    """For options that change results or text."""
    for item in found:
        if item.library in _COUNTS:
            hint = (
                f"run it again: the next plan knows; or set it by a statement of `{item.writer.name}` that shows it, "
                f"or give both cells one step name"
            )
            return StepError("value", _sentence(item), hint=hint)
    return None


def warnings(found: list[Overlooked]) -> list[str]:
    """For all other options."""
    return [f"{_sentence(item)}; the next plan knows" for item in found if item.library not in _COUNTS]


def _sentence(item: Overlooked) -> str:
    return (
        f"step `{item.writer.name}` set the option `{item.option}` of {item.library}, which its code does not show; "
        f"`{item.reader.name}` ran without it"
    )


def left(pipeline: Pipeline, step: Step, outputs: Outputs) -> list[str]:
    """A warning for options that were set to what can't be stored, if steps follow in another process."""
    place = pipeline.steps.index(step)
    later = [item for item in pipeline.steps[place + 1 :] if item not in pipeline.process_of(step.id)]
    return [
        f"step `{step.name}` set an option to a value that can't be stored ({option}): later steps won't see it"
        for option in outputs.options.left
        if later
    ]


def lessons(found: list[Overlooked], done: Mapping[str, Outputs]) -> Lessons:
    """What the next plan of these cells can use: who sets the options, and who sees them."""
    known: dict[str, Lesson] = {}

    def learn(step: Step, lesson: Lesson) -> None:
        sources = done[step.id].sources
        if sources:
            key = sources[max(sources)]
            known[key] = known.get(key, Lesson()) | lesson

    for item in found:
        learn(item.writer, Lesson(options_set=(item.library,)))
        learn(item.reader, Lesson(options_seen=(item.library,)))
    return known
