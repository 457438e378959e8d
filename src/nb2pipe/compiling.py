"""A notebook in, the pipeline as a target takes it out: a file's bytes, which depend on the notebook alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nb2pipe import render, running
from nb2pipe.analyzing import Analyzed, Source, analyze
from nb2pipe.config import Limits
from nb2pipe.model import Diagnostic, Pipeline, Severity
from nb2pipe.records import dataclass

TARGETS = ("kfp",)


@dataclass(frozen=True)
class Compiled:
    """The file's content. `diagnostics`: warnings of the notebook's and of the target's."""

    content: bytes
    pipeline: Pipeline
    diagnostics: tuple[Diagnostic, ...] = ()


def compile_notebook(
    source: Source | Analyzed,
    *,
    parameters: Mapping[str, str] | None = None,
    parameters_file: Path | None = None,
    limits: Limits | None = None,
) -> Compiled:
    """The notebook's pipeline as Kubeflow Pipelines takes it. Nothing is executed, and no cluster is asked.

    `parameters` are texts as typed, which become the pipeline's own values; they go before those of `parameters_file`.
    Raises BadInput with all errors of the notebook, of the parameters, and of what KFP can't carry.
    """
    from nb2pipe.targets import kfp

    analyzed = source if isinstance(source, Analyzed) else analyze(source, limits=limits)
    pipeline = running.sound(analyzed)
    values = running.given_values(pipeline, parameters or {}, parameters_file)
    content = kfp.compiled(render.bundle(analyzed.notebook, pipeline), analyzed.types, values)
    told = tuple(item for item in analyzed.diagnostics if item.severity is Severity.WARNING)
    return Compiled(content, pipeline, (*told, *kfp.check(pipeline), *kfp.not_there(pipeline, analyzed.opened)))
