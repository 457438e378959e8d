"""Questions about a notebook in, answers out: what this server can do, analysis, suggestions, freshness, compiling."""

from __future__ import annotations

import time
from pathlib import Path, PurePosixPath

import nb2pipe
from nb2pipe import api
from nb2pipe.errors import BadInput
from nb2pipe.model import Json
from nb2pipe_jupyter.analyses import view
from nb2pipe_jupyter.answers import (
    Analysis,
    Capabilities,
    CompileAsked,
    CompiledView,
    FreshAsked,
    Freshness,
    Freshnesses,
    NotebookAsked,
    StatusAsked,
    SuggestAsked,
    Suggested,
    TagForm,
)
from nb2pipe_jupyter.service import Service

_LOCAL_HINT = "runs on this machine are switched off by the administrator of this server"
_MOST_RUNS = 10  # looked into, for what values were when they last crossed
_KFP_HINT = "runs on Kubeflow Pipelines need its client: pip install 'nb2pipe[kfp]', then start the server anew"


def capabilities(service: Service) -> Capabilities:
    """What this server can do."""
    can_submit, here = api.can_submit(), service.places.root is not None
    hint = service.places.hint or (
        "" if service.settings.local_runs else "the administrator has switched runs here off"
    )
    return Capabilities(
        version=nb2pipe.__version__,
        kfp=can_submit,
        kfp_hint="" if can_submit else _KFP_HINT,
        grammar=tuple(
            TagForm(
                head=rule.head,
                form=rule.form,
                kind=rule.kind.value,
                meaning=rule.meaning,
                examples=rule.examples,
                allowed=rule.allowed,
                role=rule.role,
                origin=rule.origin,
                instead=rule.instead,
                also=rule.also,
            )
            for rule in api.grammar()
        ),
        name_rule=api.NAME_RULE,
        local=here and service.settings.local_runs,
        local_hint=hint,
    )


def source_of(service: Service, path: str, content: Json) -> Path | api.OnScreen:
    """The notebook that a question is about: as it is saved, or as it is on the screen. Raises BadInput."""
    place = service.places.notebook(path)
    if content is None:
        return place
    if not isinstance(content, dict):
        raise BadInput.of("N2P801", "`content` is no notebook", hint="send nbformat 4 data: an object")
    return api.OnScreen(place, content)


def analyze(service: Service, asked: NotebookAsked) -> Analysis:
    """The pipeline, and all problems."""
    began = time.monotonic()
    found = service.analyses.of(source_of(service, asked.path, asked.content), asked.path, asked.client, asked.turn)
    return _viewed(service, found, asked.path, began)


def suggest(service: Service, asked: SuggestAsked) -> Suggested:
    """Steps for a notebook that has none."""
    began = time.monotonic()
    source = source_of(service, asked.path, asked.content)
    found = service.analyses.suggest(source, again=asked.again)
    tags = {str(cell): tags for cell, tags in sorted(found.tags.items())}
    return Suggested(tags, found.remarks, _viewed(service, found.analyzed, asked.path, began))


def _viewed(service: Service, found: api.Analyzed, path: str, began: float) -> Analysis:
    root = service.root(path)
    return view(found, api.values(found, root, service.newest(root, _MOST_RUNS)), path, began)


def freshness(service: Service, asked: StatusAsked) -> Freshnesses:
    """Which steps have to run, and why."""
    source = source_of(service, asked.path, asked.content)
    return _told(service.analyses.do(api.status, source, api.RunAsked(parameters=asked.parameters)))


def fresh(service: Service, asked: FreshAsked) -> Freshnesses:
    """Take the last results of some steps as they are."""
    source = source_of(service, asked.path, asked.content)
    run_asked = api.RunAsked(parameters=asked.parameters)
    service.analyses.do(api.mark_fresh, source, asked.steps, run_asked)
    return _told(service.analyses.do(api.status, source, run_asked))


def _told(found: tuple[api.StepStatus, ...]) -> Freshnesses:
    return Freshnesses(
        tuple(Freshness(item.id, item.name, item.reasons, item.perhaps, item.run, item.notes) for item in found)
    )


def compiled(service: Service, asked: CompileAsked) -> CompiledView:
    """The notebook as a pipeline file."""
    source = source_of(service, asked.path, asked.content)
    found = service.analyses.do(api.compile_notebook, source, parameters=asked.parameters, image=asked.image)
    name = PurePosixPath(asked.path).with_suffix(".yaml").name
    return CompiledView(name, found.content.decode(), found.diagnostics)
