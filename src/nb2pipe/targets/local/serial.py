"""What each step loaded and stored in; out, whether that is what the notebook's order gives. The last net.

Steps run in an order of their own. For each variable that a step loaded, the last earlier step of the notebook that
touched it must be where it came from, whatever the plan said.
"""

from __future__ import annotations

from collections.abc import Mapping

from nb2pipe.model import Pipeline, Step, StepError
from nb2pipe.targets.local.stored import Outputs


def overtaken(pipeline: Pipeline, done: Mapping[str, Outputs], step: Step) -> StepError | None:
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
            return _error(steps[place], writer, name)
    return None


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
        if name not in outputs.shared or name in reader.touched:
            return writer
    return None


def _error(reader: Step, writer: Step, variable: str) -> StepError:
    message = (
        f"step `{reader.name}` read `{variable}` as it was before step `{writer.name}`, which comes first in the "
        f"notebook: the code of one of them does not show it"
    )
    hint = (
        f"write `# nb2pipe: needs {variable}` in `{reader.name}`, "
        f"and `# nb2pipe: updates {variable}` in `{writer.name}`"
    )
    return StepError("value", message, hint=hint)
