"""A pipeline and its cells' trees in, what will go wrong when it runs out. One family of rules per file."""

from __future__ import annotations

from collections.abc import Sequence

from nb2pipe.checks.calls import Walked, walked
from nb2pipe.checks.crossing import unmovable
from nb2pipe.checks.hidden import check_hidden_state
from nb2pipe.checks.interactive import check_interactive
from nb2pipe.checks.outside import check_outside
from nb2pipe.checks.python import check_python, with_python
from nb2pipe.checks.undefined import check_perhaps, with_reasons
from nb2pipe.checks.values import Crossing, crossings, measured, types_known, types_of_outputs
from nb2pipe.model import Diagnostic, Names, Notebook, Pipeline, Section

__all__ = [
    "Crossing", "check", "crossings", "measured", "types_known", "types_of_outputs", "unmovable", "walked",
    "with_python", "with_reasons",
]  # fmt: skip


def check(
    notebook: Notebook,
    sections: Sequence[Section],
    pipeline: Pipeline,
    read: Walked,
    names: Sequence[Names],
) -> tuple[Diagnostic, ...]:
    """All problems that the linked pipeline shows. `read` are its trees, `names` has one entry per cell."""
    kept = sorted(cell for section in sections for cell in section.cells)
    return (
        *check_interactive(notebook, pipeline, read, kept),
        *check_hidden_state(notebook, kept),
        *check_perhaps(notebook, pipeline, read, names),
        *check_python(notebook, read, kept),
        *check_outside(notebook, pipeline, read, kept),
    )
