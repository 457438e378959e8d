"""A cell's tree in, the phase of a study that it belongs to out: a guess from what it calls, for names and cuts."""

from __future__ import annotations

import ast
from enum import StrEnum

from nb2pipe.suggest.words import PhaseWords, words
from nb2pipe.syntax import nodes_of


class Phase(StrEnum):
    """What a cell mainly does, as a verb. Of several, the one that stands first here is told."""

    FIT = "fit"
    LOAD = "load"
    SAVE = "save"
    SPLIT = "split"
    EVALUATE = "evaluate"
    PREDICT = "predict"
    PLOT = "plot"
    SIMULATE = "simulate"
    PREPARE = "prepare"


def phase_of(tree: ast.Module | None) -> Phase | None:
    """The phase, or None where no call tells."""
    if tree is None:
        return None
    called = {call_name(node) for node in nodes_of(tree) if isinstance(node, ast.Call)}
    return next((phase for phase in Phase if _calls(words().phases[phase.value], called)), None)


def call_name(node: ast.Call) -> str:
    """The last name of what is called: `fit` for `model.fit(X)`."""
    target = node.func
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def _calls(phase: PhaseWords, called: set[str]) -> bool:
    return bool(called & phase.calls) or any(name.startswith(phase.prefixes) for name in called if phase.prefixes)
