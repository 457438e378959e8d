"""What each step left of the user's own modules in; out, a step that lacks what an earlier one changed in one of them.

The plan keeps steps in one process where the source of a module shows that they share what it keeps. It can't be read
everywhere: a module that a cell writes, one that is found by a changed `sys.path`, one that changes another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nb2pipe.learned import Lesson, Lessons
from nb2pipe.model import Pipeline, Step, StepError
from nb2pipe.targets.local.stored import Outputs

_SHOWN = 3


@dataclass(frozen=True)
class Unshared:
    """`reader` had `module` as it is when it is imported, not as `writer`, above it in the notebook, has left it."""

    writer: Step
    reader: Step
    module: str
    changed: tuple[str, ...]


def unshared(pipeline: Pipeline, done: Mapping[str, Outputs], step: Step) -> list[Unshared]:
    """For each module the first pair of steps, `step` one of them. `done`: those that have ended."""
    steps = [item for item in pipeline.steps if item.id in done]
    found: dict[str, Unshared] = {}
    for place, reader in enumerate(steps):
        for module, kept in done[reader.id].modules.items():
            writer = next((item for item in reversed(steps[:place]) if _changes(done[item.id], module)), None)
            if writer is None or step not in (writer, reader) or writer in pipeline.process_of(reader.id):
                continue
            left = done[writer.id].modules[module]
            if kept.found != left.left:
                found.setdefault(module, Unshared(writer, reader, module, left.changed))
    return [item for _, item in sorted(found.items())]


def _changes(outputs: Outputs, module: str) -> bool:
    return module in outputs.modules and bool(outputs.modules[module].changed)


def error(found: list[Unshared]) -> StepError:
    """Why the run stops."""
    item = found[0]
    names = [f"`{item.module}.{name}`" for name in item.changed[:_SHOWN]]
    shown = ", ".join(names) + (" ..." if len(item.changed) > _SHOWN else "")
    message = (
        f"step `{item.writer.name}` changed {shown} of your module `{item.module}`; `{item.reader.name}` uses that "
        f"module too, in a process that imported it anew"
    )
    hint = "run it again: the next plan has them in one process; or return the value and hand it on in a variable"
    return StepError("value", message, hint=hint)


def lessons(found: list[Unshared], done: Mapping[str, Outputs]) -> Lessons:
    """That the two steps share what the module keeps."""
    known: dict[str, Lesson] = {}
    for key, lesson in _taught(found, done):
        known[key] = known.get(key, Lesson()) | lesson
    return known


def _taught(found: list[Unshared], done: Mapping[str, Outputs]) -> Iterator[tuple[str, Lesson]]:
    for item in found:
        for step in (item.writer, item.reader):
            sources = done[step.id].sources
            if sources:
                yield sources[max(sources)], Lesson(modules=(item.module,))
