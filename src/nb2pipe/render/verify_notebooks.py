"""A notebook in; out, what `verify` runs: the notebook straight in one kernel, and a look at a pipeline's last values.

Both are notebooks like a step's, so that the same target runs them.
"""

from __future__ import annotations

from collections.abc import Mapping

from nb2pipe.model import Json, Notebook, Pipeline, Step
from nb2pipe.render.step_notebook import LOAD, code_cell, kept_tags, metadata, opening, replayed_cells

_OBSERVE = "from nb2pipe.runtime import observe as __nb2pipe__\n\n"


def straight_notebook(notebook: Notebook, step: Step) -> Mapping[str, Json]:
    """The cells of `step` as the notebook has them: one kernel, nothing loaded, nothing replayed, nothing stored."""
    cells = [code_cell("begin", f'{_OBSERVE}__nb2pipe__.begin("{step.id}")', step)]
    for index in step.cells:
        cell = notebook.cells[index]
        cells.append(code_cell("cell", cell.source, step, index=index, tags=kept_tags(cell)))
    cells.append(code_cell("end", f'{_OBSERVE}__nb2pipe__.end("{step.id}")', step))
    return {"cells": cells, "metadata": metadata(notebook, step), "nbformat": 4, "nbformat_minor": 5}


def state_notebook(notebook: Notebook, pipeline: Pipeline, step: Step) -> Mapping[str, Json]:
    """A step without cells of its own: it loads what `step` needs, and describes it."""
    cells = [
        opening(step),
        *replayed_cells(pipeline, step),
        code_cell("load", LOAD, step),
        code_cell("end", f'{_OBSERVE}__nb2pipe__.end("{step.id}")', step),
    ]
    return {"cells": cells, "metadata": metadata(notebook, step), "nbformat": 4, "nbformat_minor": 5}
