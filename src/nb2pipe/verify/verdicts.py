"""What `verify` found, as data: a verdict for each cell, variable and file, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from nb2pipe.model import Diagnostic, Json

SCHEMA = 1
"""The version of the report's JSON."""


class Verdict(StrEnum):
    """How one thing went. `nondeterministic`: the two straight runs differ already, so nobody can tell."""

    SAME = "same"
    DIFFERS = "differs"
    NONDETERMINISTIC = "nondeterministic"
    NOT_RUN = "not run"
    NOT_COMPARED = "not compared"


class Outcome(StrEnum):
    """How the whole went.

    same: nothing differs. differs: something does. refused: the notebook has errors, nothing ran. fails: the notebook
    itself fails, run straight. stopped: the pipeline stopped before its end.
    """

    SAME = "same"
    DIFFERS = "differs"
    REFUSED = "refused"
    FAILS = "fails"
    STOPPED = "stopped"


@dataclass(frozen=True)
class CellReport:
    """A code cell: `cell` is its index from 0. `difference` is one line: where the first difference is.

    The outputs are nbformat's, as they came: of the first straight run, of the second if that one differs, and of the
    pipeline. `step` is the name of the step that ran it; None: replayed, skipped, or no step came to it.
    """

    cell: int
    verdict: Verdict
    step: str | None = None
    difference: str = ""
    source: str = ""
    straight: Sequence[Json] = ()
    again: Sequence[Json] = ()
    pipeline: Sequence[Json] = ()


@dataclass(frozen=True)
class ValueReport:
    """A variable's final value, or a file that was written. `difference` is one line."""

    name: str
    verdict: Verdict
    type: str = ""
    difference: str = ""
    straight: str = ""
    pipeline: str = ""


@dataclass(frozen=True)
class Cut:
    """Between which steps the results come apart. `variables` differ there; `cause` and `fix` are for people.

    `cells` are the last one before the cut and the first one after it. `after` is empty where only a variable's final
    value differs, which no step has shown.
    """

    before: str
    after: str
    cells: tuple[int, int]
    variables: tuple[str, ...] = ()
    cause: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Verification:
    """The whole report. `notes` say what was taken for granted; `problem` why it is not simply same or different."""

    notebook: str
    outcome: Outcome
    problem: str = ""
    cells: Sequence[CellReport] = ()
    variables: Sequence[ValueReport] = ()
    files: Sequence[ValueReport] = ()
    cut: Cut | None = None
    notes: Sequence[str] = ()
    diagnostics: Sequence[Diagnostic] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    steps: Sequence[str] = ()
    schema: int = SCHEMA

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """How many cells have each verdict."""
        return counted(item.verdict for item in self.cells)


@dataclass(frozen=True)
class FolderRow:
    """One notebook of a folder. `link`: its own report, relative to the folder's. `problem`: why it is not SAME."""

    name: str
    outcome: Outcome
    counts: Mapping[Verdict, int] = field(default_factory=dict)
    seconds: float = 0.0
    link: str = ""
    problem: str = ""


def counted(verdicts: Iterable[Verdict]) -> Mapping[Verdict, int]:
    """How often each verdict is there; all of them are keys."""
    found = dict.fromkeys(Verdict, 0)
    for item in verdicts:
        found[item] += 1
    return found
