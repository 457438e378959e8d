"""A Bundle in, the pipeline as KFP takes it out: YAML whose bytes depend on the Bundle alone."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from nb2pipe import wire
from nb2pipe.errors import BadInput
from nb2pipe.model import Bundle, Diagnostic, Json, Location, Pipeline
from nb2pipe.packages import Packages
from nb2pipe.records import dataclass
from nb2pipe.targets.kfp import names
from nb2pipe.targets.kfp.kinds import kinds_of
from nb2pipe.targets.kfp.limits import defaults, shares, too_large, too_long, too_much
from nb2pipe.targets.kfp.packing import pack
from nb2pipe.targets.kfp.parameters import check as check_parameters
from nb2pipe.targets.kfp.parameters import with_values
from nb2pipe.targets.kfp.slicing import Slice, Slicer
from nb2pipe.targets.kfp.spec import Specs, specs
from nb2pipe.targets.kfp.tasks import Task, tasks_of
from nb2pipe.targets.kfp.told import SCHEMA, Told

IMAGE = "python:3.11"

_LIKE_A_NUMBER = re.compile(r"[yYnN]|[-+.]*[0-9].*", re.DOTALL)
"""Texts that YAML as Go reads it may take for a number, a time or a truth, where PyYAML does not: `08`, `1e3`, `y`."""


@dataclass(frozen=True)
class Made:
    """The YAML file, and what to know of it."""

    content: bytes
    diagnostics: tuple[Diagnostic, ...] = ()


def compiled(
    bundle: Bundle,
    types: Mapping[str, Mapping[str, str]] | None = None,
    parameters: Mapping[str, Json] | None = None,
    packages: Packages | None = None,
) -> bytes:
    """The content that `make` makes."""
    return make(bundle, types, parameters, packages).content


def make(
    bundle: Bundle,
    types: Mapping[str, Mapping[str, str]] | None = None,
    parameters: Mapping[str, Json] | None = None,
    packages: Packages | None = None,
) -> Made:
    """The YAML file. `types`: step and variable to its type, where analysis knows it. `parameters`: other values.

    `packages`: what pods install; without it, they run as they are, and the user's own modules must be there.

    Raises BadInput with all that KFP can't carry.
    """
    pipeline = replace(bundle.pipeline, parameters=with_values(bundle.pipeline.parameters, parameters or {}))
    bundle = replace(bundle, pipeline=pipeline)
    _none(check_parameters(pipeline.parameters, pipeline.notebook))
    tasks = tasks_of(bundle.pipeline)
    notebooks = {
        PurePosixPath(file.path).stem: file.content.decode("utf-8", "surrogatepass")
        for file in bundle.files
        if file.path.startswith("steps/")
    }
    packages = packages or Packages("", IMAGE, (), {})
    slicer = Slicer(pipeline)
    told = {task.id: _packed(_told(slicer.of(task), notebooks, task, packages)) for task in tasks}
    pins = {task.id: packages.of(step.id for step in task.steps) for task in tasks}
    documents = _documents(specs(pipeline, tasks, told, kinds_of(types or {}), packages.image, pins))
    _none(too_long(shares(documents[0]), defaults(documents[0]), places(pipeline)))
    content = _as_yaml(documents)
    _none(too_large(content))
    return Made(content, tuple(too_much(documents[0])))


def places(pipeline: Pipeline) -> dict[str, Location]:
    """Where in the notebook each task's first step is."""
    found = {}
    for task in tasks_of(pipeline):
        if task.steps:
            first = task.steps[0].cells[0] if task.steps[0].cells else None
            found[task.id] = Location(notebook=pipeline.notebook, cell=first, step=task.name)
    return found


def _none(problems: Iterable[Diagnostic]) -> None:
    found = tuple(problems)
    if found:
        raise BadInput(found)


def _packed(told: Told) -> str:
    """The text that a pod gets. The order of keys is part of a parameter's value, and of nothing else."""
    return pack(wire.in_order(wire.encode(told), ("default",)))


def _told(part: Slice, notebooks: Mapping[str, str], task: Task, packages: Packages) -> Told:
    ids = [step.id for step in task.steps]
    return Told(
        schema=SCHEMA,
        pipeline=part.pipeline,
        places=part.places,
        unsent=part.unsent,
        steps=tuple(ids),
        waits=task.waits,
        notebooks={step: notebooks[step] for step in ids},
        inputs=task.values,
        outputs=task.outputs,
        records=task.records,
        files=tuple(item.name for item in task.inputs if item.key == names.FILES),
        parameters={names.encode(name): name for name in task.parameters},
        modules={
            file.path: base64.b64encode(file.content).decode() for step in ids for file in packages.files.get(step, ())
        },
    )


def _documents(found: Specs) -> list[dict[str, Any]]:
    """Both; the second one only if there is anything in it."""
    from google.protobuf import json_format

    messages: Sequence[Any] = [item for item in (found.pipeline, found.platform) if item is not None]
    return [json_format.MessageToDict(message) for message in messages]


def _as_yaml(documents: Sequence[Mapping[str, Any]]) -> bytes:
    import yaml

    text: str = yaml.dump_all(documents, Dumper=_dumper(), sort_keys=True, allow_unicode=True, width=2**31 - 1)
    return text.encode()


def _dumper() -> Any:  # noqa: ANN401  # of a package that is imported when it is needed
    """A dumper whose texts are texts to every reader of YAML: KFP's server is written in Go."""
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # one of the two
        """Of our own, so that its way with texts is not that of other users of YAML in this process."""

        def ignore_aliases(self, data: object) -> bool:
            """The data are a tree: nothing stands in them twice."""
            del data
            return True

    def quoted(dumper: Any, text: str) -> Any:  # noqa: ANN401  # as above
        style = "'" if _LIKE_A_NUMBER.fullmatch(text) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, quoted)
    return Dumper
