"""A notebook and its pipeline in, the Bundle out: bytes that are the same for the same input on every Python."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from nb2pipe import wire
from nb2pipe.model import Bundle, BundleFile, Edge, Json, Notebook, Pipeline
from nb2pipe.records import dataclass
from nb2pipe.render.step_notebook import step_notebook

FORMAT = 1
"""The version of `pipeline.json`'s schema (`pipeline.schema.json`)."""


def bundle(notebook: Notebook, pipeline: Pipeline) -> Bundle:
    """`pipeline.json` and `steps/<id>.ipynb` for each step."""
    plan = wire.dumps(pipeline_json(pipeline), as_is=("default",))  # the order of a parameter's keys is part of it
    files = [BundleFile("pipeline.json", plan.encode("utf-8", "surrogatepass"))]
    for step in pipeline.steps:
        content = wire.dumps(step_notebook(notebook, pipeline, step))
        files.append(BundleFile(f"steps/{step.id}.ipynb", content.encode("utf-8", "surrogatepass")))
    return Bundle(pipeline, tuple(files))


def pipeline_json(pipeline: Pipeline) -> Mapping[str, Json]:
    """The pipeline as declarative data. Fields that hold their default are left out; edges are there to be read."""
    found = wire.encode(pipeline)
    assert isinstance(found, dict)  # noqa: S101  # a dataclass is encoded as a dict
    name = PurePath(pipeline.notebook).name if pipeline.notebook else "notebook.ipynb"
    return {**found, "schema": FORMAT, "notebook": name, "edges": wire.encode(pipeline.edges)}


@dataclass(frozen=True)
class _PipelineFile(Pipeline):
    """`pipeline.json`: the pipeline, the schema's version, and the edges (derived from the steps' needs)."""

    schema: int = FORMAT
    edges: tuple[Edge, ...] = ()  # a property of Pipeline; here it is data to read


def pipeline_schema() -> Mapping[str, Json]:
    """The JSON Schema of `pipeline.json`, as published in docs/pipeline.schema.json."""
    return {"title": "nb2pipe pipeline.json", **wire.schema(_PipelineFile)}
