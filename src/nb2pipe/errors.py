"""Every error that nb2pipe raises on purpose. Each is built from diagnostics and printed by one function of the CLI.

    Nb2pipeError            exit code
    ├── BadInput            2   the notebook, a tag, an option or a parameter is wrong
    ├── EnvironmentProblem  3   a kernel, a package, the disk or a permission is missing
    ├── RunFailed           1   a step failed
    ├── RemoteProblem       4   a cluster did not answer as it should
    └── Canceled          130   somebody stopped the run

Anything else that gets out is our bug (exit code 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from nb2pipe.model import Diagnostic, Location, Severity


def many(number: int, thing: str) -> str:
    """`1 step`, `2 steps`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


class Nb2pipeError(Exception):
    """The root: one or more diagnostics, the first of them the headline."""

    exit_code: ClassVar[int] = 5

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        if not diagnostics:
            raise ValueError("an error needs at least one diagnostic")
        self.diagnostics = tuple(diagnostics)
        super().__init__(self.diagnostics[0].message)

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[Diagnostic, ...]]]:
        """Pickled by its diagnostics: it may be raised in one process and told of in another."""
        return type(self), (self.diagnostics,)

    @classmethod
    def of(cls, code: str, message: str, *, at: Location | None = None, hint: str | None = None) -> Self:
        """An error of this class with one diagnostic."""
        return cls([Diagnostic(code, Severity.ERROR, message, at or Location(), hint)])


class BadInput(Nb2pipeError):
    """The notebook, a tag, an option or a parameter is wrong."""

    exit_code: ClassVar[int] = 2


class EnvironmentProblem(Nb2pipeError):
    """A kernel, a package, the disk or a permission is missing."""

    exit_code: ClassVar[int] = 3


class RunFailed(Nb2pipeError):
    """A step failed."""

    exit_code: ClassVar[int] = 1


class RemoteProblem(Nb2pipeError):
    """A cluster did not answer as it should."""

    exit_code: ClassVar[int] = 4


class Canceled(Nb2pipeError):
    """Somebody stopped the run."""

    exit_code: ClassVar[int] = 130


INTERNAL_ERROR_EXIT_CODE = 5


def printable(text: str) -> str:
    """One line, whatever the code holds that is quoted in it: tabs, control characters, halves of characters."""
    return text if text.isprintable() else "".join(item if item.isprintable() else ascii(item)[1:-1] for item in text)
