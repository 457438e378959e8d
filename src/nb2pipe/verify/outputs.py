"""What each cell showed in two straight runs and in the pipeline in, a verdict for each cell out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from nb2pipe.model import Cell, Json
from nb2pipe.verify.difference import TWO_RUNS, difference
from nb2pipe.verify.normal import NOTHING, Normal, normal
from nb2pipe.verify.verdicts import CellReport, Verdict

Outputs: TypeAlias = Mapping[int, Sequence[Json]]
"""A run: a code cell's index to what it showed. A cell that the run did not come to is not in it."""


def compare_cells(
    cells: Sequence[Cell],
    straight: Outputs,
    again: Outputs | None,
    pipeline: Outputs | None,
    steps: Mapping[int, str],
    *,
    stderr: bool = False,
    skipped: Collection[int] = (),
) -> tuple[CellReport, ...]:
    """A report for each of `cells`, in order.

    `again` is the second straight run, None if there was none; `pipeline` likewise. `steps`: the name of the step that
    each cell belongs to; a cell of no step is replayed where it is needed, and shows nothing. `skipped`: the cells that
    are no part of the pipeline. A cell without code counts as run, and shows nothing, if the run says so.
    """
    runs = _Runs(straight, again, pipeline, steps, frozenset(skipped), stderr)
    return tuple(runs.report(cell) for cell in cells)


@dataclass(frozen=True)
class _Runs:
    straight: Outputs
    again: Outputs | None
    pipeline: Outputs | None
    steps: Mapping[int, str]
    skipped: frozenset[int]
    stderr: bool

    def report(self, cell: Cell) -> CellReport:
        index = cell.index
        found = CellReport(
            index,
            Verdict.NOT_RUN,
            self.steps.get(index),
            source=cell.source,
            straight=tuple(self.straight.get(index, ())),
            pipeline=tuple((self.pipeline or {}).get(index, ())),
        )
        if index in self.skipped:
            return replace(found, step=None, difference="tagged `skip`")
        return self._against_itself(found) or self._against_the_pipeline(found)

    def _against_itself(self, found: CellReport) -> CellReport | None:
        """The verdict if the straight runs have none to compare with, or differ from each other."""
        here = found.cell in self.straight
        if self.again is not None and here != (found.cell in self.again):
            behind = "second" if here else "first"
            return replace(
                found,
                verdict=Verdict.NONDETERMINISTIC,
                difference=f"of two runs of the notebook, the {behind} ended before it",
                again=tuple(self.again.get(found.cell, ())),
            )
        if not here:
            return replace(found, difference="the notebook ended before it")
        if self.again is None:
            return None
        outputs = self.again[found.cell]
        one, other = self._normal(found.straight), self._normal(outputs)
        if one == other:
            return None
        where = difference(one, other, TWO_RUNS)
        return replace(found, verdict=Verdict.NONDETERMINISTIC, difference=where, again=tuple(outputs))

    def _against_the_pipeline(self, found: CellReport) -> CellReport:
        one = self._normal(found.straight)
        if self.pipeline is None:
            return replace(found, difference="the pipeline was not run")
        if found.cell not in self.pipeline:
            if found.step is not None:
                return replace(found, difference="the pipeline ended before it")
            if one == NOTHING:
                return replace(found, verdict=Verdict.SAME)
            told = "shown by the notebook; the pipeline replays this cell in other steps, without what it shows"
            return replace(found, verdict=Verdict.DIFFERS, difference=told)
        other = self._normal(found.pipeline)
        if one == other:
            return replace(found, verdict=Verdict.SAME)
        return replace(found, verdict=Verdict.DIFFERS, difference=difference(one, other))

    def _normal(self, outputs: Sequence[Json]) -> Normal:
        return normal(outputs, stderr=self.stderr)
