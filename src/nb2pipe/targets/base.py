"""What a target is: a pipeline in, diagnostics out before a run. How it starts one is its own."""

from __future__ import annotations

from typing import Protocol

from nb2pipe.model import Diagnostic, Pipeline


class Target(Protocol):
    """A place where pipelines run. A module with these two is one."""

    name: str

    def check(self, pipeline: Pipeline) -> tuple[Diagnostic, ...]:
        """What this target can't honour of the pipeline: one diagnostic per option, naming the steps."""
        ...
