"""Formulas of models in; out, the steps that must share a process, since a formula calls the notebook's own functions.

patsy computes a formula anew where a pickled model is loaded, and looks for its functions among the names that it finds
there: they may not be there yet, and may not be the same ones.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import TYPE_CHECKING

from nb2pipe.model import At, Section, Unmovable

if TYPE_CHECKING:
    from nb2pipe.analysis.heap import Value
    from nb2pipe.analysis.state import State

_CALLED = re.compile(r"(?<![\w.])([^\W\d]\w*)\s*\(")
MAKERS = frozenset(
    {"ols", "logit", "glm", "wls", "gls", "gee", "probit", "poisson", "mnlogit", "mixedlm", "rlm", "quantreg", "phreg",
     "negativebinomial", "from_formula", "dmatrix", "dmatrices", "anova_lm"}
)  # fmt: skip
_FIX = "compute that as a column of the data, and name the column in the formula"


def note(state: State, text: str, made: Value, functions: Container[int]) -> list[str]:
    """`made` keeps this formula: the functions of the notebook that it calls. `functions` are all of those."""
    called = sorted(set(_CALLED.findall(text)) & state.names.keys())
    own = [name for name in called if any(number in functions for number in state.names[name].objects)]
    for name in own:
        state.formulas.update(dict.fromkeys(made.objects, (state.at, name)))
    return own


def stuck(state: State, section_of: Mapping[int, Section]) -> list[Unmovable]:
    """The variables that hold such a model, and the steps that read them."""
    found: dict[tuple[str, str, str], Unmovable] = {}
    for (cell, variable), value in sorted(state.looked.items(), key=lambda item: item[0]) if state.formulas else ():
        for number in sorted(state.heap.within(value.objects) & state.formulas.keys()):
            at, name = state.formulas[number]
            provider, reader = section_of[at.cell].id, section_of[cell].id
            if at < At(cell) and provider != reader:
                what = f"a model with `{name}`, a function of the notebook, in its formula"
                item = Unmovable(variable, what, at, provider, reader, _FIX)
                found.setdefault((variable, provider, reader), item)
    return list(found.values())
