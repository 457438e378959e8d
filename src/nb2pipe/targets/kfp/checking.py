"""A pipeline in; out, a diagnostic for each option that a cluster with KFP can't honour, or not as it is given."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from nb2pipe.errors import printable
from nb2pipe.model import Diagnostic, Pipeline, Severity, Step, StepOptions
from nb2pipe.targets.kfp.limits import MAX_ARGUMENT_BYTES

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_DOMAIN = r"(?=.{1,253}(?:/|\Z))[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
_KEY = re.compile(rf"(?:{_DOMAIN}/)?{_NAME}")
_OBJECT = re.compile(_DOMAIN)
_TEMPLATE = "{{"
_SHOWN = 60

Entries = Callable[[StepOptions], Sequence[tuple[str, str]]]

_LABELS_AND_THE_LIKE: Mapping[str, Entries] = {
    "label": lambda options: options.labels,
    "annotation": lambda options: options.annotations,
    "node-selector": lambda options: options.node_selector,
}


def _keys_of(read: Entries) -> Callable[[StepOptions], Iterable[str]]:
    return lambda options: [key for key, _ in read(options)]


_KEYS: Mapping[str, Callable[[StepOptions], Iterable[str]]] = {
    **{option: _keys_of(read) for option, read in _LABELS_AND_THE_LIKE.items()},
    "tolerate": lambda options: [item.key for item in options.tolerations],
    "gpu": lambda options: [options.gpu.resource] if options.gpu is not None else [],
}
_OBJECTS: Mapping[str, Callable[[StepOptions], Iterable[str]]] = {
    "secret": lambda options: [item.name for item in options.secrets],
    "volume": lambda options: [item.claim for item in options.volumes],
    "pull-secret": lambda options: options.pull_secrets,
}
_ONE_OF_A_POD: Mapping[str, Entries] = {  # what all steps that share a pod must agree on, where they give it
    **_LABELS_AND_THE_LIKE,
    "volume": lambda options: [(item.path, item.claim) for item in options.volumes],
    "gpu": lambda options: [("", options.gpu.resource)] if options.gpu is not None else [],
    "pull-policy": lambda options: [("", options.pull_policy)] if options.pull_policy is not None else [],
}


def check(pipeline: Pipeline) -> tuple[Diagnostic, ...]:
    """N2P541: an option has no effect, or another than one may think. N2P542: no pod can have it. Once per option."""
    return (
        *_unnamed(pipeline.steps),
        *_templates(pipeline.steps),
        *_too_long(pipeline.steps),
        *_conflicts(pipeline),
        *_deadlines(pipeline),
    )


def _unnamed(steps: Sequence[Step]) -> Iterator[Diagnostic]:
    """Names that Kubernetes would refuse once the pipeline is submitted."""
    for table, form, what in (
        (_KEYS, _KEY, "a name of letters, digits, `-`, `_` and `.`, after a domain and `/` if it has one"),
        (_OBJECTS, _OBJECT, "lower-case letters, digits, `-` and `.`, and ends with a letter or digit"),
    ):
        for option, read in table.items():
            wrong = {name: step for step in steps for name in read(step.options) if form.fullmatch(name) is None}
            if wrong:
                of = _names(list(wrong.values()))
                message = f"`{option}:` of {of}: Kubernetes takes no name such as {_quoted(wrong)}"
                yield Diagnostic("N2P542", Severity.ERROR, message, hint=f"it takes {what}; at most 63 letters a part")


def _templates(steps: Sequence[Step]) -> Iterator[Diagnostic]:
    """Argo and KFP replace what stands in double braces, wherever it stands."""
    for option, read in {"env": _env, "annotation": _LABELS_AND_THE_LIKE["annotation"]}.items():
        found = [step for step in steps if any(_TEMPLATE in value for _, value in read(step.options))]
        if found:
            message = (
                f"`{option}:` of {_names(found)} has a value with `{_TEMPLATE}`, which KFP takes for a placeholder"
            )
            yield Diagnostic("N2P542", Severity.ERROR, message, hint="write the value without double braces")


def _too_long(steps: Sequence[Step]) -> Iterator[Diagnostic]:
    """Linux starts no program with a longer variable, whatever Kubernetes takes."""
    for step in steps:
        for name, value in step.options.env:
            size = len(f"{name}={value}".encode(errors="surrogatepass"))
            if size > MAX_ARGUMENT_BYTES:
                what = f"variable {name} takes {size:,} bytes; Linux takes {MAX_ARGUMENT_BYTES:,}"
                message = f"`env:` of {_names([step])}: {what}"
                yield Diagnostic("N2P542", Severity.ERROR, message, hint="read what is long from a URL or a file")


def _env(options: StepOptions) -> Sequence[tuple[str, str]]:
    return options.env


def _conflicts(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Steps that share a process share a pod, which has one of each."""
    for members in _pods(pipeline):
        for option, read in _ONE_OF_A_POD.items():
            values: dict[str, set[str]] = {}
            for step in members:
                for key, value in read(step.options):
                    values.setdefault(key, set()).add(value)
            if any(len(found) > 1 for found in values.values()):
                message = f"`{option}:` differs among {_names(members)}, which run in one process and so in one pod"
                hint = "give all of them the same; `nb2pipe graph` says why they share a process"
                yield Diagnostic("N2P542", Severity.ERROR, message, hint=hint)


def _deadlines(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """A pod has one deadline and is tried again as a whole."""
    for members in _pods(pipeline):
        timed = [step for step in members if step.options.timeout_s is not None]
        if timed and len(timed) < len(members):
            message = (
                f"`timeout:` of {_names(timed)} has no effect on KFP: a pod has one deadline, and "
                f"{_names([step for step in members if step not in timed])} in the same pod may run for ever"
            )
            hint = "give each of them a `timeout:`; the pod gets the sum"
            yield Diagnostic("N2P541", Severity.WARNING, message, hint=hint)
        tried = [step for step in members if step.options.retries]
        if tried:
            message = (
                f"`retries:` of {_names(tried)}: on KFP {_names(members)} share a pod and are tried again together"
            )
            yield Diagnostic("N2P541", Severity.NOTE, message)


def _pods(pipeline: Pipeline) -> Iterator[list[Step]]:
    """The steps of each pod that runs more than one."""
    for step in pipeline.steps:
        if step.process == step.id:
            yield list(pipeline.process_of(step.id))


def _names(steps: Sequence[Step]) -> str:
    quoted = ", ".join(f"`{name}`" for name in dict.fromkeys(step.name for step in steps))
    return f"step {quoted}" if "," not in quoted else f"steps {quoted}"


def _quoted(names: Iterable[str]) -> str:
    first = printable(next(iter(names)))
    return f"`{first if len(first) <= _SHOWN else f'{first[:_SHOWN]}...'}`"
