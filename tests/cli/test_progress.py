"""What a run's events look like, as JSON, as lines, and live."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from nb2pipe import wire
from nb2pipe.cli.progress import LONGEST_LINE, ROWS, JsonLines, LiveView, PlainLines, Printer, Progress, visible
from nb2pipe.model import (
    CancelRequested,
    CellStarted,
    Printed,
    RunEvent,
    RunFinished,
    RunStarted,
    RunState,
    StepError,
    StepFinished,
    StepRun,
    StepStarted,
    Warned,
)
from nb2pipe.runs.events import reduce

T = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STEPS = (("load", "load"), ("fit-a1b2c3", "fit\x1b[2J"))


def out(text: str, step: str = "load", stream: str = "stdout") -> Printed:
    return Printed(T, step, 0, stream, text)


EVENTS: Sequence[RunEvent] = (
    RunStarted(T, "r1", "n.ipynb", "d", STEPS, 2, 1, kernel="python3"),
    Warned(T, "`gpu:` has no effect"),
    StepStarted(T, "load"),
    CellStarted(T, "load", 3),
    out("one\ntw"),
    out("o\n\x1b[31mred\x1b[0m\x1b[2J"),
    StepFinished(T, "load", RunState.SUCCEEDED, 1.25),
    StepStarted(T, "fit-a1b2c3"),
    StepStarted(T, "fit-a1b2c3", 2),
    CancelRequested(T, "SIGINT"),
    StepFinished(T, "fit-a1b2c3", RunState.FAILED, 2, StepError("error", "step `fit` failed")),
    RunFinished(T, RunState.FAILED),
)


def follow(progress: Progress, events: Sequence[RunEvent] = EVENTS) -> None:
    run = None
    with progress:
        for event in events:
            run = reduce(run, event)
            progress.event(event, run)


def test_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    follow(PlainLines())
    assert capsys.readouterr().out == (
        "n.ipynb: 2 steps, 2 at a time, kernel python3 (run r1)\n"
        "warning: `gpu:` has no effect\n"
        "load  started\n"
        "load  | one\n"
        "load  | two\n"
        "load  | red\n"
        "load  SUCCEEDED in 1.2 s\n"
        "fit   started\n"
        "fit   started, attempt 2\n"
        "canceling: SIGINT\n"
        "fit   FAILED in 2.0 s: step `fit` failed\n"
    )


def test_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    follow(JsonLines())
    lines = capsys.readouterr().out.splitlines()
    assert [wire.decode(RunEvent, json.loads(line)) for line in lines] == list(EVENTS)


def live(events: Sequence[RunEvent]) -> str:
    """What the live view draws on a terminal of 80 columns."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80, height=40, highlight=False, soft_wrap=True)
    follow(LiveView(console), events)
    return screen.getvalue()


def test_live_view() -> None:
    text = live(EVENTS)
    assert "one" in text
    assert "\x1b[31mred" in text  # the user's colours, on a terminal
    assert "red\x1b[0m\x1b[2J" not in text
    assert "\x1b[2J" not in text
    last = text.rpartition("load")[2]
    assert "SUCCEEDED" in last
    assert "FAILED" in last


def test_live_view_shows_where_a_step_is() -> None:
    text = live([*EVENTS[:4], out("epoch 1\repoch 2")])
    last = text.rpartition("RUNNING")[2]
    assert "cell 4" in last
    assert "epoch 2" in last


@pytest.mark.parametrize(
    ("texts", "lines", "rest", "last"),
    [
        (["a\nb\n"], ["a", "b"], [], "b"),
        (["a", "b\nc"], ["ab"], ["c"], "c"),
        (["a\r\nb\r\n"], ["a", "b"], [], "b"),
        (["10%\r20%", "\r30%\n"], ["30%"], [], "30%"),
        (["10%\r", "20%\r"], [], ["20%"], "20%"),
        (["a\n\n  \nb\n"], ["a", "", "  ", "b"], [], "b"),
        (["x" * (LONGEST_LINE + 5)], ["x" * LONGEST_LINE], ["x" * 5], "x" * 5),
    ],
)
def test_lines_are_put_together(texts: list[str], lines: list[str], rest: list[str], last: str) -> None:
    printer = Printer()
    assert [line for text in texts for line in printer.lines(out(text))] == lines
    assert list(printer.rest("load")) == rest
    assert list(printer.rest("load")) == []
    assert printer.last["load"] == last


def test_steps_and_streams_do_not_mix() -> None:
    printer = Printer()
    events = [out("a"), out("b", stream="stderr"), out("c", "other"), out("A\n"), out("B\n", stream="stderr")]
    assert [line for event in events for line in printer.lines(event)] == ["aA", "bB"]
    assert list(printer.rest("other")) == ["c"]


@given(st.lists(st.text(st.sampled_from("ab\n"))))
def test_no_text_is_lost_however_it_is_cut(texts: list[str]) -> None:
    printer = Printer()
    found = [line for text in texts for line in printer.lines(out(text))] + list(printer.rest("load"))
    whole = "".join(texts)
    assert found == (whole.split("\n")[:-1] if whole.endswith("\n") or not whole else whole.split("\n"))


def test_a_long_pipeline_fits_the_screen() -> None:
    def step(number: int, state: RunState) -> StepRun:
        return StepRun(str(number), f"s{number}", state, T, T + timedelta(seconds=1))

    states = [*[RunState.SUCCEEDED] * 90, RunState.FAILED, RunState.RUNNING, *[RunState.PENDING] * 108]
    steps = tuple(step(number, state) for number, state in enumerate(states))
    shown = visible(steps)
    assert len(shown) == ROWS
    assert [item.id for item in shown[:3]] == ["90", "91", "92"]
    assert visible(steps[:5]) == list(steps[:5])
