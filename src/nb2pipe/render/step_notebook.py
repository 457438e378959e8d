"""A notebook, its pipeline and one step in; that step as a runnable notebook (nbformat 4.5 data) out.

Cells: about (markdown), begin, the replayed definitions, load, the step's own cells, end. A replayed definition stands
on the line that it has in its cell, so that tracebacks and `inspect.getsource` show the notebook's line numbers. What
comes from the notebook is only ever a cell's source or JSON data: never part of code of ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import PurePath

from nb2pipe.model import Cell, Definition, Json, Notebook, Pipeline, Step

_IMPORT = "from nb2pipe.runtime import step as __nb2pipe__\n\n"
LOAD = f"{_IMPORT}__nb2pipe__.load()"


def step_notebook(notebook: Notebook, pipeline: Pipeline, step: Step) -> Mapping[str, Json]:
    """The step as a notebook. Same input, same data."""
    cells: list[Json] = [
        _cell("about", "markdown", _about(pipeline, step), step),
        opening(step),
        *replayed_cells(pipeline, step),
        code_cell("load", LOAD, step),
    ]
    for index in step.cells:
        cell = notebook.cells[index]
        cells.append(code_cell("cell", cell.source, step, index=index, tags=kept_tags(cell)))
    cells.append(code_cell("end", f"{_IMPORT}__nb2pipe__.end()", step))
    return {"cells": cells, "metadata": metadata(notebook, step), "nbformat": 4, "nbformat_minor": 5}


def opening(step: Step) -> Json:
    """The cell that says which step this is."""
    return code_cell("begin", f'{_IMPORT}__nb2pipe__.begin("{step.id}")', step)


def replayed_cells(pipeline: Pipeline, step: Step) -> list[Json]:
    """A cell for each of the notebook's that has definitions which the step replays."""
    return [code_cell("replay", source, step, index=index) for index, source in _replayed(pipeline, step)]


def _about(pipeline: Pipeline, step: Step) -> str:
    """What the step is, what it loads and what it stores: names and step names only, in code spans."""
    name = PurePath(pipeline.notebook or "the notebook").name
    lines = [
        f"# Step {_code(step.name)}",
        "",
        f"One step of {_code(name)}, made by nb2pipe. Edit the notebook, not this.",
        "To run it by hand, nb2pipe must be installed in its kernel's environment.",
    ]
    if step.needs:
        lines += ["", "Loads:"]
        lines += [
            f"- {_code(need.variable)} from {', else '.join(map(_code, need.providers))} (cell {need.written.cell + 1})"
            for need in step.needs
        ]
    if step.parameters:
        lines += ["", f"Parameters: {', '.join(map(_code, step.parameters))}"]
    if step.outputs:
        lines += ["", f"Stores: {', '.join(map(_code, step.outputs))}"]
    if step.orders:
        names = sorted({order.step for order in step.orders})
        lines += ["", f"Runs after: {', '.join(map(_code, names))}"]
    return "\n".join(lines)


def _code(text: str) -> str:
    """A markdown code span that nothing in `text` can end."""
    plain = "".join(char if char.isprintable() and char not in "`<>" else "\N{REPLACEMENT CHARACTER}" for char in text)
    return f"`{plain}`"


def _replayed(pipeline: Pipeline, step: Step) -> Iterable[tuple[int, str]]:
    """Each cell's replayed definitions, padded with blank lines to where they stand in the cell."""
    wanted = set(step.definitions)
    by_cell: dict[int, list[Definition]] = {}
    for definition in sorted(pipeline.definitions, key=lambda item: item.at):
        if definition.id in wanted:
            by_cell.setdefault(definition.at.cell, []).append(definition)
    for index in sorted(by_cell):
        lines: list[str] = []
        for definition in by_cell[index]:
            missing = definition.at.line - 1 - len(lines)
            lines += [""] * missing
            lines += definition.source.split("\n")
        yield index, "\n".join(lines)


def kept_tags(cell: Cell) -> list[Json]:
    """Tags that mean something to whoever runs or shows the cell; the pipeline's own have done their work."""
    return [tag for tag in cell.tags if ":" not in tag and tag != "parameters"]


def code_cell(role: str, source: str, step: Step, *, index: int | None = None, tags: list[Json] | None = None) -> Json:
    """A code cell of the step's notebook, marked with its role; `index` is the notebook's cell that it stands for."""
    return _cell(role, "code", source, step, index=index, tags=tags)


def _cell(
    role: str, cell_type: str, source: str, step: Step, *, index: int | None = None, tags: list[Json] | None = None
) -> Json:
    marker: dict[str, Json] = {"role": role}
    if index is not None:
        marker["cell"] = index
    about: dict[str, Json] = {"nb2pipe": marker}
    if tags:
        about["tags"] = tags
    identity = hashlib.sha256(f"{step.id}\n{role}\n{index}".encode()).hexdigest()[:12]
    found: dict[str, Json] = {"id": identity, "cell_type": cell_type, "metadata": about, "source": source}
    if cell_type == "code":
        found |= {"execution_count": None, "outputs": []}
    return found


def metadata(notebook: Notebook, step: Step) -> Json:
    """The metadata of a step's notebook: its kernel, and which step it is."""
    found: dict[str, Json] = {"nb2pipe": {"step": step.id}}
    kernel = notebook.kernel
    if kernel.name:
        found["kernelspec"] = {
            "name": kernel.name,
            "display_name": kernel.display_name or kernel.name,
            "language": kernel.language or "python",
        }
    found["language_info"] = {"name": kernel.language or "python"}
    return found
