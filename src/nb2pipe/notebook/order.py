"""The `after:` of each step in, those that hold out, with the problems of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from nb2pipe.graph import find_cycle
from nb2pipe.model import After, Diagnostic, Location, Severity
from nb2pipe.notebook.names import nearest, shown

_SUGGESTIONS = 20  # looking for a similar name costs time for each; a notebook with more problems needs no more of them
_SHOWN_STEPS = 8


def check_after(
    steps: Mapping[str, Sequence[After]],
) -> tuple[dict[str, tuple[After, ...]], tuple[Diagnostic, ...]]:
    """`steps`: name to what it says to run after, in notebook order. Gives back what names an earlier step, each once.

    Notebook order is the meaning, so that waiting for a later step is an error even where it makes no circle.
    """
    position = {name: index for index, name in enumerate(steps)}
    problems: list[Diagnostic] = []
    circle = _circle(steps, position)
    if circle:
        problems.append(_circle_problem(steps, circle, position))
    in_circle = set(pairwise(circle))
    kept: dict[str, tuple[After, ...]] = {}
    for name, declared in steps.items():
        found: dict[str, After] = {}
        for after in declared:
            if after.name in position and position[after.name] < position[name]:
                found.setdefault(after.name, after)
            elif (after.name, name) not in in_circle:
                problems.append(_problem(name, after, position, len(problems) < _SUGGESTIONS))
        kept[name] = tuple(found.values())
    return kept, tuple(problems)


def _circle(steps: Mapping[str, Sequence[After]], position: Mapping[str, int]) -> tuple[str, ...]:
    waits_for = {
        name: [after.name for after in declared if after.name in position and after.name != name]
        for name, declared in steps.items()
    }
    return find_cycle(waits_for) or ()


def _circle_problem(
    steps: Mapping[str, Sequence[After]], circle: tuple[str, ...], position: Mapping[str, int]
) -> Diagnostic:
    names = " → ".join(circle) if len(circle) <= _SHOWN_STEPS else " → ".join((*circle[:_SHOWN_STEPS], "..."))
    first, second = circle[0], circle[1]
    cell = next(after.cell for after in steps[second] if after.name == first)
    message = f"these steps wait for each other in a circle: {names}"
    against = [
        after
        for before, name in pairwise(circle)
        for after in steps[name]
        if after.name == before and position[before] > position[name]
    ]
    tags = " and ".join(f"`after:{shown(after.name)}` off cell {after.cell + 1}" for after in against[:_SHOWN_STEPS])
    hint = f"take {tags}: that step comes later in the notebook"
    return Diagnostic("N2P133", Severity.ERROR, message, Location(cell=cell), hint)


def _problem(name: str, after: After, position: Mapping[str, int], suggest: bool) -> Diagnostic:
    at = Location(cell=after.cell)
    if after.name == name:
        message, hint = f"step `{name}` is told to run after itself", "drop the tag"
        return Diagnostic("N2P131", Severity.ERROR, message, at, hint)
    if after.name in position:
        message = f"step `{name}` is told to run after `{after.name}`, which comes later in the notebook"
        hint = f"move the cells of `{after.name}` above those of `{name}`, or drop the tag"
        return Diagnostic("N2P132", Severity.ERROR, message, at, hint)
    near = nearest(after.name, [other for other in position if other != name]) if suggest else None
    hint = f"did you mean `after:{near}`?" if near else "name a step that stands above this cell, or drop the tag"
    message = f"step `{name}` is told to run after `{shown(after.name)}`, but no step has that name"
    return Diagnostic("N2P130", Severity.ERROR, message, at, hint)
