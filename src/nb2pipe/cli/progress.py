"""A run's events in, text out as they come: JSON for programs, plain lines for pipes, a live view on a terminal."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, Self

import click

from nb2pipe import wire
from nb2pipe.cli import show
from nb2pipe.errors import many
from nb2pipe.model import (
    CancelRequested,
    CellStarted,
    Printed,
    Run,
    RunEvent,
    RunStarted,
    RunState,
    StepFinished,
    StepRun,
    StepStarted,
    Warned,
)

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

NEVER = "it has never run"  # as the local target says it
LONGEST_LINE = 10_000
ROWS = 24
REDRAWS_PER_S = 8
_SIGNS = {
    RunState.PENDING: "·",
    RunState.RUNNING: "●",
    RunState.SUCCEEDED: "✓",
    RunState.SKIPPED: "-",
    RunState.FAILED: "✗",
    RunState.CANCELING: "■",
    RunState.CANCELED: "■",
}
_STYLES = {
    RunState.RUNNING: "cyan",
    RunState.SUCCEEDED: "green",
    RunState.FAILED: "bold red",
    RunState.CANCELING: "yellow",
    RunState.CANCELED: "yellow",
    RunState.SKIPPED: "dim",
    RunState.PENDING: "dim",
}


class Progress(Protocol):
    """Shows a run. `run` is the state after `event`."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def event(self, event: RunEvent, run: Run) -> None:
        """Show one more event."""
        ...


class JsonLines:
    """Each event as one line of JSON, with the event's name under `kind`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def event(self, event: RunEvent, run: Run) -> None:
        """Print the event."""
        del run
        click.echo(json.dumps(wire.encode(event, kind=True), sort_keys=True))


class Printer:
    """Puts what steps print together to whole lines. A carriage return begins the line anew, as on a terminal."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], str] = {}
        self.last: dict[str, str] = {}
        """Step id to the last line that it printed, whole or not."""

    def lines(self, event: Printed) -> Iterator[str]:
        """The lines that this text completes."""
        key = (event.step, event.stream)
        *whole, rest = (self._open.pop(key, "") + event.text.replace("\r\n", "\n")).split("\n")
        for line in whole:
            yield self._keep(event.step, line)
        while len(rest) > LONGEST_LINE:
            yield self._keep(event.step, rest[:LONGEST_LINE])
            rest = rest[LONGEST_LINE:]
        if rest:
            # after the last return, unless that is all there is: then the text before it still shows
            before, _, after = rest.rpartition("\r")
            self._open[key] = after or rest
            self._keep(event.step, after or before)

    def rest(self, step: str) -> Iterator[str]:
        """What the step printed without a line's end."""
        for key in [key for key in self._open if key[0] == step]:
            yield self._keep(step, self._open.pop(key))

    def _keep(self, step: str, line: str) -> str:
        line = line.rstrip("\r").rpartition("\r")[2]
        if line.strip():
            self.last[step] = line
        return line


class PlainLines:
    """A line for each thing that happens, flushed at once. What steps print has their name before it."""

    def __init__(self) -> None:
        self._printer = Printer()
        self._names: dict[str, str] = {}
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def event(self, event: RunEvent, run: Run) -> None:
        """Print what the event says, if it says something."""
        match event:
            case RunStarted():
                self._names = {step_id: show.one_line(name) for step_id, name in event.steps}
                self._width = max((len(name) for name in self._names.values()), default=0)
                click.echo(headline(run))
            case StepStarted():
                again = f", attempt {event.attempt}" if event.attempt > 1 else ""
                self._say(event.step, f"started{again}{why(event)}")
            case Printed():
                for line in self._printer.lines(event):
                    self._say(event.step, "| " + show.block(line, colours=False))
            case StepFinished():
                for line in self._printer.rest(event.step):
                    self._say(event.step, "| " + show.block(line, colours=False))
                self._say(event.step, finished(event))
            case Warned():
                click.echo(f"warning: {show.one_line(event.message)}")
            case CancelRequested():
                click.echo(f"canceling: {show.one_line(event.by)}")
            case _:
                pass  # a cell's start is for the live view; the run's end is for the summary

    def _say(self, step: str, text: str) -> None:
        click.echo(f"{self._names.get(step, step):<{self._width}}  {text}")


class LiveView:
    """A table at the bottom of the terminal, a row per step; above it, what the steps print."""

    def __init__(self, console: Console | None = None) -> None:
        import rich.console
        from rich.live import Live

        self._printer = Printer()
        self._run: Run | None = None
        self._width = 0
        self._console = console or rich.console.Console(highlight=False, soft_wrap=True)
        self._live = Live(console=self._console, get_renderable=self._table, auto_refresh=False)
        # rich's own ticker may draw between a print's two halves, which leaves rows behind: ours takes turns
        self._turn = threading.Lock()
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        self._live.start()
        self._ticker.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._ticker.join()
        self._live.stop()

    def event(self, event: RunEvent, run: Run) -> None:
        """Take the new state over; the table redraws itself."""
        self._run = run
        match event:
            case RunStarted():
                self._width = max((len(show.one_line(name)) for _, name in event.steps), default=0)
                self._say(headline(run))
            case Printed():
                for line in self._printer.lines(event):
                    self._say_step(event.step, line)
            case StepFinished():
                for line in self._printer.rest(event.step):
                    self._say_step(event.step, line)
            case Warned():
                self._say(f"warning: {show.one_line(event.message)}", "yellow")
            case CancelRequested():
                self._say(f"canceling: {show.one_line(event.by)}; once more ends it at once", "yellow")
            case CellStarted() | StepStarted():
                pass  # both are in the table

    def _tick(self) -> None:
        """Redraw the table now and then, for the clock. A terminal that is gone ends this; the next print tells."""
        with contextlib.suppress(OSError):
            while not self._ended.wait(1 / REDRAWS_PER_S):
                with self._turn:
                    self._live.refresh()

    def _say(self, text: str, style: str = "") -> None:
        from rich.text import Text

        with self._turn:
            self._console.print(Text(text, style=style))

    def _say_step(self, step: str, line: str) -> None:
        from rich.text import Text

        name = next((item.name for item in self._run.steps if item.id == step), step) if self._run else step
        text = Text.assemble((f"{show.one_line(name):<{self._width}} │ ", "dim"))
        text.append_text(Text.from_ansi(show.block(line, colours=True)))
        with self._turn:
            self._console.print(text)

    def _table(self) -> RenderableType:
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        for _ in range(4):
            table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        if self._run is None:
            return table
        shown = visible(self._run.steps)
        for step in shown:
            style = _STYLES[step.state]
            last = "" if step.state.done else self._printer.last.get(step.id, "")
            told = step.because or (f"fresh, as in run {step.reused}" if step.reused else last)
            table.add_row(
                Text(f"{_SIGNS[step.state]} {show.one_line(step.name)}", style=style),
                Text(step.state.value, style=style),
                Text(elapsed(step), justify="right"),
                Text(f"cell {step.cell + 1}" if step.cell is not None and not step.state.done else "", style="dim"),
                Text(show.one_line(told), style="dim"),
            )
        if len(shown) < len(self._run.steps):
            table.add_row(Text(f"  and {len(self._run.steps) - len(shown)} more", style="dim"))
        return table


def visible(steps: tuple[StepRun, ...]) -> list[StepRun]:
    """The steps that fit a screen: all, or first those that run or failed, then those that wait; in their order."""
    if len(steps) <= ROWS:
        return list(steps)
    urgent = (RunState.RUNNING, RunState.CANCELING, RunState.FAILED)
    ranked = sorted(steps, key=lambda step: (step.state not in urgent, step.state.done))
    kept = {step.id for step in ranked[:ROWS]}
    return [step for step in steps if step.id in kept]


def elapsed(step: StepRun) -> str:
    """How long the step ran, or has been running."""
    if step.started_at is None:
        return ""
    return show.seconds(((step.finished_at or datetime.now(UTC)) - step.started_at).total_seconds())


def headline(run: Run) -> str:
    """What is about to run."""
    steps = many(len(run.steps), "step")
    kernel = f", kernel {run.kernel}" if run.kernel else ""
    if run.target:
        return show.one_line(f"{run.notebook}: {steps} on {run.target} (run {run.id})")
    return show.one_line(f"{run.notebook}: {steps}, {run.jobs} at a time{kernel} (run {run.id})")


def finished(event: StepFinished) -> str:
    """The line that a step ends with."""
    if event.reused:
        return f"fresh, as in run {event.reused}"
    if event.because:
        return f"{event.state.value}: {show.one_line(event.because)}"
    error = f": {show.one_line(event.error.message)}" if event.error is not None else ""
    return f"{event.state.value} in {show.seconds(event.wall_s)}{error}"


def why(event: StepStarted) -> str:
    """Why the step runs, where it has run before."""
    if not event.because or event.because == (NEVER,):
        return ""
    more = f" (and {len(event.because) - 1} more)" if len(event.because) > 1 else ""
    return f": {show.one_line(event.because[0])}{more}"
