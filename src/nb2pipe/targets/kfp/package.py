"""A compiled pipeline's YAML in; what submitting it needs to know out: its name, tasks and parameters."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from nb2pipe.errors import BadInput
from nb2pipe.model import Diagnostic, Json, Location
from nb2pipe.records import dataclass
from nb2pipe.targets.kfp import limits
from nb2pipe.targets.kfp.limits import Share

MAX_BYTES = 32 << 20
"""KFP's servers take no more."""


@dataclass(frozen=True)
class Package:
    """A pipeline as KFP takes it.

    `tasks`: each task's name in KFP, and the name that people know it by. `parameters`: each one's type, as KFP says;
    `defaults`: its value if a run gives none. `shares`: what each task's pod is told.
    """

    content: bytes = field(repr=False)
    name: str
    tasks: Mapping[str, str]
    parameters: Mapping[str, str]
    shares: Mapping[str, Share] = field(default_factory=dict)
    defaults: Mapping[str, Json] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """64 hex digits of the content's SHA-256."""
        return hashlib.sha256(self.content).hexdigest()


def package_of(content: bytes, source: str) -> Package:
    """What the YAML says of itself. Raises BadInput (N2P757) for what is no compiled pipeline."""
    import yaml

    if len(content) > MAX_BYTES:
        raise _wrong(f"{source} has {len(content) >> 20} MiB; KFP takes {MAX_BYTES >> 20} MiB")
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        spec = next(iter(yaml.load_all(content, Loader=loader)), None)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _wrong(f"{source} is no YAML") from error
    root = _at(spec, "root")
    name = _at(spec, "pipelineInfo").get("name")
    if not isinstance(name, str) or not name or not root:
        raise _wrong(f"{source} holds no pipeline as KFP compiles it")
    tasks = _at(root, "dag", "tasks")
    return Package(
        content,
        name,
        {str(key): str(_at(task, "taskInfo").get("name") or key) for key, task in tasks.items()},
        {
            str(key): str(_at(item).get("parameterType") or "")
            for key, item in _at(root, "inputDefinitions", "parameters").items()
        },
        limits.shares(_at(spec)),
        limits.defaults(_at(spec)),
    )


def read_package(path: Path) -> Package:
    """The package in a file. Raises BadInput (N2P757)."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _wrong(f"{path} can't be read: {error.strerror or error}") from error
    return package_of(content, str(path))


def too_long(
    package: Package, values: Mapping[str, Json], at: Mapping[str, Location] | None = None
) -> tuple[Diagnostic, ...]:
    """N2P524 for each task that could not be told what a run gives it. `at`: where the tasks are in a notebook."""
    return tuple(limits.too_long(package.shares, {**package.defaults, **values}, at))


def values_of(package: Package, texts: Mapping[str, str], values: Mapping[str, Json]) -> Mapping[str, Json]:
    """Parameters for a package: texts as typed are read by each one's type. Raises BadInput (N2P757)."""
    found = {**values, **{name: _value(name, text, package.parameters.get(name, "")) for name, text in texts.items()}}
    unknown = sorted(set(found) - set(package.parameters))
    if unknown:
        known = ", ".join(sorted(package.parameters)) or "none"
        raise BadInput.of("N2P757", f"the pipeline has no parameter `{unknown[0]}`", hint=f"its parameters: {known}")
    return found


def _value(name: str, text: str, kind: str) -> Json:
    if kind in ("STRING", ""):
        return text
    try:
        found: Json = json.loads(text.lower() if kind == "BOOLEAN" else text)
    except (ValueError, RecursionError) as error:
        hint = "numbers as 0.5, truth as true or false, lists and structures as JSON"
        raise BadInput.of("N2P757", f"parameter `{name}` is a {kind}, which {text[:80]!r} is not", hint=hint) from error
    return found


def _at(data: Any, *keys: str) -> Mapping[Any, Any]:  # noqa: ANN401  # of a file that may hold anything
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _wrong(message: str) -> BadInput:
    hint = "`nb2pipe compile NOTEBOOK --to kfp -o pipeline.yaml` makes one; `nb2pipe submit NOTEBOOK` does both"
    return BadInput.of("N2P757", message, hint=hint)
