"""A step that came to its end in; out, what of it goes against the plan or the notebook's order, and what to warn of.

All that is held against a step stands here in its order, for every place that steps run in; each check is a function of
its own elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from nb2pipe.layout import RootDir
from nb2pipe.model import Pipeline, Step, StepError
from nb2pipe.targets.local import settings, verdict
from nb2pipe.targets.local.scrub import Scrubber
from nb2pipe.targets.local.serial import raced
from nb2pipe.targets.local.stored import Outputs


def problem(
    pipeline: Pipeline,
    step: Step,
    done: Mapping[str, Outputs],
    began: Mapping[str, frozenset[str]],
    against: StepError | None,
) -> StepError | None:
    """Why the step's results can't be taken. `done`: all that ended, `step` among them; `against`: see `findings`.

    `began`: for each step, those that had ended when it began.
    """
    outputs = done[step.id]
    return (
        verdict.unstorable(pipeline, step, outputs)
        or verdict.unforeseen(pipeline, step, outputs)
        or against
        or raced(pipeline, done, began, step)
    )


def warnings(pipeline: Pipeline, step: Step, outputs: Outputs) -> tuple[str, ...]:
    """What people should know of a step that is done."""
    names = {item.id: item.name for item in pipeline.steps}
    return (
        *verdict.doubtful(pipeline, step, outputs),
        *verdict.fetched(step, outputs, names),
        *verdict.not_stored(pipeline, step, outputs),
        *settings.left(pipeline, step, outputs),
    )


def secret_in(step: Step, outputs: Outputs, root: RootDir, scrubber: Scrubber) -> StepError | None:
    """Refuse, and remove, values that hold a secret: only its own environment variable may."""
    if not scrubber:
        return None
    held = {value.object for value in outputs.values.values() if scrubber.found_in(root.object(value.object))}
    for object_id in held:
        root.object(object_id).unlink(missing_ok=True)
    variables = sorted(name for name, value in outputs.values.items() if value.object in held)
    return verdict.holds_secret(step, variables) if held else None
