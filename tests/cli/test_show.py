"""What reaches a terminal is clean, whatever the notebook holds."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nb2pipe.cli import show
from nb2pipe.model import Diagnostic, Location, RunState, Severity, StepError


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("naïve Schritt 步骤 🚀", "naïve Schritt 步骤 🚀"),
        ("می‌خواهم", "می‌خواهم"),  # a zero-width non-joiner is part of the word
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("a\r\nb", "a  b"),
        ("a\u2028b\u2029c\x85d", "a b c d"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;a new title\x07step", "step"),
        ("\x1b]8;;http://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b[2J\x1b[Hcleared", "cleared"),
        ("\x1bPdevice control\x1b\\rest", "rest"),
        ("\x1bccleared", "cleared"),
        ("cut off \x1b[", "cut off "),
        ("\x9b31mC1", "31mC1"),
        ("abc\u202etxt.exe\u202c", "abctxt.exe"),
        ("\u2066isolated\u2069", "isolated"),
        ("\ufeffmark", "mark"),
        ("nul\x00bell\x07back\x08", "nulbellback"),
        ("half \ud83d pair", "half \ufffd pair"),
    ],
)
def test_one_line(text: str, line: str) -> None:
    assert show.one_line(text) == line


@pytest.mark.parametrize(
    ("text", "plain", "coloured"),
    [
        ("a\n\tb", "a\n\tb", "a\n\tb"),
        ("\x1b[1;31mError\x1b[0m: x", "Error: x", "\x1b[1;31mError\x1b[0m: x"),
        ("\x1b[38;5;28mgreen\x1b[39m", "green", "\x1b[38;5;28mgreen\x1b[39m"),
        ("\x1b[2Jcleared\x1b[1A", "cleared", "cleared"),
        ("\x1b]0;title\x07text", "text", "text"),
        ("a\u202eb", "ab", "ab"),
        ("\x1b[\x1b[31mm", "m", "\x1b[31mm"),  # taking one sequence out must not make another
    ],
)
def test_block(text: str, plain: str, coloured: str) -> None:
    assert show.block(text, colours=False) == plain
    assert show.block(text, colours=True) == coloured


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    line = show.one_line(text)
    assert not [c for c in line if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    assert not set(line) & set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert show.one_line(line) == line
    line.encode()


@given(st.text(st.sampled_from("\x1b[]0123;mJHP\\\x07a\n\u202e\x9b")))
def test_only_colours_are_left_where_they_are_wanted(text: str) -> None:
    kept = show.block(text, colours=True)
    assert "\x1b" not in re.sub("\x1b\\[[0-9;:]*m", "", kept)
    assert "\x1b" not in show.block(text, colours=False)


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (
            Diagnostic(
                "N2P201",
                Severity.ERROR,
                "step `fit` reads `df`",
                Location("train.ipynb", 6, 3),
                "tag the cell that defines `df`",
            ),
            "train.ipynb cell 7 line 3: N2P201 step `fit` reads `df`\n  fix: tag the cell that defines `df`",
        ),
        (
            Diagnostic("N2P501", Severity.WARNING, "`gpu:` has no effect"),
            "N2P501 warning: `gpu:` has no effect",
        ),
        (
            Diagnostic("N2P304", Severity.NOTE, "a\nb\x1b[2J", Location("x\u202e.ipynb", 0), "do\nthis"),
            "x.ipynb cell 1: N2P304 note: a b\n  fix: do this",
        ),
    ],
)
def test_diagnostic(item: Diagnostic, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    show.diagnostics([item], error=False)
    assert capsys.readouterr().out == text + "\n"
    show.diagnostics([item])
    assert capsys.readouterr().err == text + "\n"


def test_step_error(capsys: pytest.CaptureFixture[str]) -> None:
    error = StepError(
        "error", "step `fit` failed in cell 2: ValueError: no", 1, 3, "\x1b[31mValueError\x1b[0m: no\n", "x"
    )
    print(re.sub("\x1b\\[[0-9;]*m", "", show.step_error("a.ipynb", error)))
    assert capsys.readouterr().out == "a.ipynb: step `fit` failed in cell 2: ValueError: no\nValueError: no\n  fix: x\n"


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (0, "0.0 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7620, "2 h 07 min"),
    ],
)
def test_seconds(duration: float, text: str) -> None:
    assert show.seconds(duration) == text


@pytest.mark.parametrize(
    ("indices", "text"),
    [((0,), "cell 1"), ((0, 1), "cells 1-2"), ((1, 2, 3, 6), "cells 2-4, 7"), ((0, 2, 4), "cells 1, 3, 5")],
)
def test_cells(indices: tuple[int, ...], text: str) -> None:
    assert show.cells(indices) == text


def test_counts() -> None:
    error = Diagnostic("N2P101", Severity.ERROR, "")
    warning = Diagnostic("N2P102", Severity.WARNING, "")
    assert show.counts([warning, error, warning]) == "1 error, 2 warnings"
    assert show.counts([]) == "no problems"


def test_table_aligns_by_what_is_seen() -> None:
    rows = [["a", show.state(RunState.FAILED), "1"], ["long", "x", "22"]]
    assert [re.sub("\x1b\\[[0-9;]*m", "", line) for line in show.table(rows)] == ["a     FAILED  1", "long  x       22"]
    assert show.table([]) == []
