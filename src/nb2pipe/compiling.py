"""A notebook in, the pipeline as a target takes it out: a file's bytes, which depend on the notebook alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nb2pipe import notebook, provisioning, render, running
from nb2pipe.analyzing import Analyzed, Source, analyze
from nb2pipe.config import Limits
from nb2pipe.errors import BadInput
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
    kernel: str | None = None,
    image: str | None = None,
) -> Compiled:
    """The notebook's pipeline as Kubeflow Pipelines takes it. Nothing is executed, and no cluster is asked.

    `parameters` are texts as typed, which become the pipeline's own values; they go before those of `parameters_file`.
    `image`: for steps that name none; `kernel`: whose packages are taken, in place of the notebook's own.
    Raises BadInput with all errors of the notebook, of the parameters, and of what KFP can't carry.
    """
    from nb2pipe.targets import kfp

    analyzed = source if isinstance(source, Analyzed) else analyze(source, limits=limits)
    pipeline = running.sound(analyzed)
    if image is not None:
        pipeline = provisioning.with_image(pipeline, image)
    path = None if isinstance(source, Analyzed) else notebook.place(source)
    if path is None and analyzed.notebook.path:
        path = Path(analyzed.notebook.path)
    provisions = provisioning.provisions(path, analyzed, pipeline, kernel=kernel)
    problems = (*kfp.check(pipeline), *provisions.diagnostics)
    errors = [item for item in problems if item.severity is Severity.ERROR]
    if errors:
        raise BadInput(errors)
    values = running.given_values(pipeline, parameters or {}, parameters_file)
    made = kfp.make(render.bundle(analyzed.notebook, pipeline), analyzed.types, values, provisions.packages)
    told = tuple(item for item in analyzed.diagnostics if item.severity is Severity.WARNING)
    found = (*told, *problems, *kfp.not_there(pipeline, analyzed.opened), *made.diagnostics)
    return Compiled(made.content, pipeline, found)


def is_compiled(file: Path) -> bool:
    """True if the file is one that `compile_notebook` made the content of. Raises OSError."""
    return b"\nsdkVersion: nb2pipe\n" in file.read_bytes()
