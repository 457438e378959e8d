"""A verdict for each cell: never `same` for what two straight runs show differently, or what a run did not come to."""

from __future__ import annotations

from typing import Any

import pytest

from nb2pipe.model import Cell
from nb2pipe.verify.outputs import compare_cells
from nb2pipe.verify.verdicts import CellReport, Verdict

V = Verdict
CELL = Cell(0, "print(x)")
REPLAYED = "shown by the notebook; the pipeline replays this cell in other steps, without what it shows"


def out(text: str) -> list[Any]:
    return [{"output_type": "stream", "name": "stdout", "text": text}] if text else []


def note(text: str) -> list[Any]:
    return [{"output_type": "stream", "name": "stderr", "text": text}]


def line(one: str, other: str, *places: str) -> str:
    return f"line 1 of what is printed: `{one}` in the {places[0]}, `{other}` in the {places[1]}"


# straight, again, pipeline (None: the run did not come to the cell), the step, and the verdict with its line.
ROWS = {
    "same": (out("1"), out("1"), out("1"), "a", V.SAME, ""),
    "both nothing": ([], [], [], "a", V.SAME, ""),
    "same but for addresses": (out("at 0x7f0000000001"), out("at 0x7f0000000002"), out("at 0x7f0000000003"), "a", V.SAME, ""),
    "differs": (out("1"), out("1"), out("2"), "a", V.DIFFERS, line("1", "2", "notebook", "pipeline")),
    "pipeline shows less": (out("1"), out("1"), [], "a", V.DIFFERS, "line 1 of what is printed: `1` in the notebook, nothing in the pipeline"),
    "stderr is left out": (note("1"), note("2"), note("3"), "a", V.SAME, ""),
    "nondeterministic, pipeline like the first": (out("1"), out("2"), out("1"), "a", V.NONDETERMINISTIC, line("1", "2", "first run", "second run")),
    "nondeterministic, pipeline like the second": (out("1"), out("2"), out("2"), "a", V.NONDETERMINISTIC, line("1", "2", "first run", "second run")),
    "nondeterministic, pipeline ended": (out("1"), out("2"), None, "a", V.NONDETERMINISTIC, line("1", "2", "first run", "second run")),
    "replayed and silent": ([], [], None, None, V.SAME, ""),
    "replayed and warning": (note("1"), note("1"), None, None, V.SAME, ""),
    "replayed and shown": (out("1"), out("1"), None, None, V.DIFFERS, REPLAYED),
    "pipeline ended before it": (out("1"), out("1"), None, "a", V.NOT_RUN, "the pipeline ended before it"),
    "pipeline ended before it, silent": ([], [], None, "a", V.NOT_RUN, "the pipeline ended before it"),
    "notebook ended before it": (None, None, out("1"), "a", V.NOT_RUN, "the notebook ended before it"),
    "one run ended before it": (out("1"), None, out("1"), "a", V.NONDETERMINISTIC, "of two runs of the notebook, the second ended before it"),
    "the first run ended before it": (None, out("1"), out("1"), "a", V.NONDETERMINISTIC, "of two runs of the notebook, the first ended before it"),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_cell(row: tuple[Any, ...]) -> None:
    straight, again, pipeline, step, verdict, told = row
    runs = [{} if outputs is None else {0: outputs} for outputs in (straight, again, pipeline)]
    (found,) = compare_cells([CELL], *runs, {0: step} if step else {})
    kept = again if verdict is V.NONDETERMINISTIC else ()
    shown = [tuple(outputs or ()) for outputs in (straight, kept, pipeline)]
    assert found == CellReport(0, verdict, step, told, CELL.source, *shown)


def test_stderr_counts_if_asked_for() -> None:
    runs = ({0: note("1")}, {0: note("1")}, {0: note("2")})
    (found,) = compare_cells([CELL], *runs, {0: "a"}, stderr=True)
    assert (found.verdict, found.difference) == (
        V.DIFFERS,
        "line 1 of stderr: `1` in the notebook, `2` in the pipeline",
    )


def test_skipped_cells_are_not_compared() -> None:
    (found,) = compare_cells([CELL], {0: out("1")}, {0: out("2")}, {}, {}, skipped={0})
    assert found == CellReport(0, V.NOT_RUN, None, "tagged `skip`", CELL.source, tuple(out("1")))


def test_one_straight_run_is_enough_to_compare_and_without_a_pipeline_nothing_is() -> None:
    cells = [CELL, Cell(1, "y")]
    straight = {0: out("1")}
    alone = compare_cells(cells, straight, None, {0: out("1")}, {0: "a", 1: "a"})
    assert [item.verdict for item in alone] == [V.SAME, V.NOT_RUN]
    none = compare_cells(cells, straight, None, None, {0: "a", 1: "a"})
    assert [(item.verdict, item.difference) for item in none] == [
        (V.NOT_RUN, "the pipeline was not run"),
        (V.NOT_RUN, "the notebook ended before it"),
    ]
