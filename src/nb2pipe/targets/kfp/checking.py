"""A pipeline in; out, a diagnostic for each option that a cluster with KFP can't honour, or not as it is given."""

from __future__ import annotations

from nb2pipe.model import Diagnostic, Pipeline


def check(pipeline: Pipeline) -> tuple[Diagnostic, ...]:  # noqa: ARG001  # options are another one's
    """None so far."""
    return ()
