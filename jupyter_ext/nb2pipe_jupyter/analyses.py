"""A notebook as it is on the screen in; what analysis says of it, as the panel shows it, out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ParamSpec, TypeVar

from nb2pipe import api
from nb2pipe.errors import Canceled
from nb2pipe.model import Pipeline, Role, Step
from nb2pipe_jupyter.answers import Analysis, CellView, Problem, StepView, VariableView

P = ParamSpec("P")
T = TypeVar("T")


_MOST_LINES = 1_000  # whose turns are remembered


class Analyses:
    """Analyses notebooks, for any number of threads, in a process that stays and is started with the first."""

    def __init__(self, at_once: int = 2) -> None:
        self._analyst = api.analyst(at_once=at_once)
        self._turns: dict[str, int] = {}  # the newest of each client and notebook
        self._lock = threading.Lock()

    def of(self, source: Path | api.OnScreen, path: str, client: str, turn: int = 0) -> api.Analyzed:
        """What analysis finds out about the notebook at `path`. A newer question of the same client ends an older one.

        Raises Canceled (N2P115) then. Without a client it isn't known whether the older one's answer is still waited
        for, so it is made after all. `turn`: the client's own count, by which a question is newer.
        """
        lessons, line = api.lessons(_place(source)), f"{client} {path}"
        if client:
            self._require_newest(line, turn)
        try:
            return self._analyst.analyze(source, line=line, lessons=lessons)
        except Canceled:
            if client:
                raise
            return self._analyst.analyze(source, lessons=lessons)

    def _require_newest(self, line: str, turn: int) -> None:
        """Threads take questions up in any order: one that a newer has overtaken must not end that."""
        with self._lock:
            newest = self._turns.pop(line, turn)
            self._turns[line] = max(newest, turn)
            if len(self._turns) > _MOST_LINES:
                del self._turns[next(iter(self._turns))]
        if turn < newest:
            message = "the analysis was given up: the notebook was asked about anew"
            raise Canceled.of("N2P115", message, hint="wait for the newer answer")

    def suggest(self, source: Path | api.OnScreen, *, again: bool) -> api.Suggestion:
        """As `api.suggest`."""
        return self._analyst.suggest(source, again=again, lessons=api.lessons(_place(source)))

    def do(self, use_case: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Any use-case that analyses."""
        return self._analyst.do(use_case, *args, **kwargs)

    def close(self) -> None:
        """End the process, and what it does."""
        self._analyst.close()


def _place(source: Path | api.OnScreen) -> Path:
    return source.path if isinstance(source, api.OnScreen) else source


def view(found: api.Analyzed, values: Sequence[api.Crossing], path: str, began: float) -> Analysis:
    """The answer. `values`: what crosses; `path`: as the browser has it; `began`: by the monotonic clock."""
    pipeline = found.pipeline
    return Analysis(
        digest=found.notebook.digest,
        sound=pipeline is not None and not found.errors,
        cells=_cells(found),
        steps=() if pipeline is None else _steps(pipeline, values),
        edges=() if pipeline is None else pipeline.edges,
        parameters=() if pipeline is None else pipeline.parameters,
        problems=_problems(found, path),
        took_ms=round((time.monotonic() - began) * 1000, 1),
    )


def _cells(found: api.Analyzed) -> tuple[CellView, ...]:
    steps = {} if found.pipeline is None else {cell: step.id for step in found.pipeline.steps for cell in step.cells}
    sections = {cell: section for section in found.sections for cell in section.cells}
    return tuple(
        CellView(
            index=cell.index,
            position=cell.position,
            id=cell.id,
            section=sections[cell.index].name if cell.index in sections else "",
            role=sections[cell.index].role if cell.index in sections else Role.SKIP,
            step=steps.get(cell.index),
        )
        for cell in found.notebook.cells
    )


def _steps(pipeline: Pipeline, values: Sequence[api.Crossing]) -> tuple[StepView, ...]:
    crossings = [item for item in values if item.how == "value"]
    inputs: dict[str, list[VariableView]] = {}
    outputs: dict[str, list[VariableView]] = {}
    reads = {(step.id, need.variable): need.read.cell for step in pipeline.steps for need in step.needs}
    for item in crossings:
        name, size = item.names[0], item.size_bytes or 0
        for reader in (*item.readers, *item.perhaps):
            cell = reads.get((reader, name), item.cell)
            soft = reader in item.perhaps
            inputs.setdefault(reader, []).append(VariableView(name, item.source, cell, item.type, size, soft))
        readers = (*item.readers, *item.perhaps)
        outputs.setdefault(item.source[0], []).append(VariableView(name, readers, item.cell, item.type, size))
    return tuple(
        StepView(
            id=step.id,
            name=step.name,
            role=step.role,
            cells=step.cells,
            inputs=_joined(inputs.get(step.id, ())),
            outputs=_joined(outputs.get(step.id, ())),
            options=step.options,
            metrics=step.metrics,
            parameters=step.parameters,
            shares_process=_others(pipeline, step),
        )
        for step in pipeline.steps
    )


def _joined(items: Sequence[VariableView]) -> tuple[VariableView, ...]:
    """One row for each name: what several readers get from the same step is one output."""
    found: dict[str, VariableView] = {}
    for item in items:
        known = found.get(item.name)
        if known is not None:
            steps = tuple(dict.fromkeys((*known.steps, *item.steps)))
            item = VariableView(item.name, steps, known.cell, item.type or known.type, item.size_bytes, known.soft)  # noqa: PLW2901
        found[item.name] = item
    return tuple(found[name] for name in sorted(found))


def _others(pipeline: Pipeline, step: Step) -> tuple[str, ...]:
    return tuple(item.id for item in pipeline.process_of(step.id) if item.id != step.id)


def _problems(found: api.Analyzed, path: str) -> tuple[Problem, ...]:
    """All that is wrong, with its fixes; the notebook's path is as the browser has it."""
    fixes = api.fixes(found)
    return tuple(
        Problem(replace(item, location=replace(item.location, notebook=path)), fixes.get(item, ()))
        for item in found.diagnostics
    )
