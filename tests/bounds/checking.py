"""A hostile notebook in; what `check`, `graph` and `build` make of it out. Anything but diagnostics is an error of ours."""

from __future__ import annotations

from pathlib import Path

from nb2pipe import api
from nb2pipe.cli import drawing, show, svg
from nb2pipe.config import Limits
from nb2pipe.errors import Nb2pipeError
from nb2pipe.model import Diagnostic, Severity

BEYOND = "N2P114"


def codes_of(path: Path, limits: Limits) -> set[str]:
    """The codes of the problems that are found in the file. Raises AssertionError, or what our bugs raise."""
    try:
        analyzed = api.analyze(path, limits=limits)
    except Nb2pipeError as error:
        hold(error.diagnostics)
        return {item.code for item in error.diagnostics}
    hold(analyzed.diagnostics)
    if analyzed.pipeline is not None:
        pipeline = analyzed.pipeline
        drawing.tree(pipeline, drawing.ASCII)
        drawing.mermaid(pipeline)
        drawing.data(pipeline)
        svg.draw(pipeline)
    if not analyzed.errors:
        bundle = api.build(analyzed)
        assert {file.path for file in bundle.files} >= {"pipeline.json"}
    return {item.code for item in analyzed.diagnostics}


def hold(diagnostics: tuple[Diagnostic, ...]) -> None:
    """The laws of diagnostics: one line each, a fix for each error, and nothing that moves a terminal's cursor."""
    for item in diagnostics:
        assert item.message.isprintable(), item
        assert item.hint is None or (item.hint and item.hint.isprintable()), item
        assert item.hint is not None or item.severity is not Severity.ERROR, item
    show.counts(diagnostics)
