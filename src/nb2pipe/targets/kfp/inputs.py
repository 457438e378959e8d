"""A compiled pipeline, one of its tasks and the store of artifacts in; the files that its pod was given out.

The door to fsspec, which reads stores of any kind, and finds credentials as each store's own library does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from nb2pipe import wire
from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.model import Json
from nb2pipe.records import dataclass
from nb2pipe.targets.kfp import names
from nb2pipe.targets.kfp.packing import unpack
from nb2pipe.targets.kfp.told import SCHEMA, Told

_STARTS = {"s3": "s3fs", "minio": "s3fs", "gs": "gcsfs", "abfs": "adlfs"}
"""What fsspec needs besides, by the address's scheme."""


@dataclass(frozen=True)
class Given:
    """What a task is given. `artifacts`: input to the task that gives it and its name there."""

    pipeline: str
    told: Told
    artifacts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    defaults: Mapping[str, Json] = field(default_factory=dict)


def given(content: bytes, task: str) -> Given:
    """What the compiled pipeline says that a task is given. Raises BadInput (N2P618) if it is not one of nb2pipe's."""
    import yaml

    try:
        spec: Any = next(
            iter(yaml.load_all(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        )  # a safe one
        inputs = spec["root"]["dag"]["tasks"][task]["inputs"]
        told = wire.decode(Told, unpack(inputs["parameters"][names.TOLD]["runtimeValue"]["constant"]))
        if told.schema != SCHEMA:
            raise ValueError("another version of nb2pipe compiled it")  # noqa: TRY301
        sources = {name: item["taskOutputArtifact"] for name, item in inputs.get("artifacts", {}).items()}
        declared = spec["root"].get("inputDefinitions", {}).get("parameters", {})
        return Given(
            spec["pipelineInfo"]["name"],
            told,
            {name: (item["producerTask"], item["outputArtifactKey"]) for name, item in sources.items()},
            {name: item["defaultValue"] for name, item in declared.items() if "defaultValue" in item},
        )
    except (KeyError, TypeError, ValueError, OSError, StopIteration, yaml.YAMLError) as error:
        raise BadInput.of(
            "N2P618",
            f"task `{task}` can't be opened: {error}",
            hint="debug a run of a notebook that this nb2pipe submitted",
        ) from error


def fetch(store: str, run: str, found: Given, target: Path) -> Mapping[str, Path]:
    """Copy the task's artifacts of a run on the cluster into the folder `target`; each input's file.

    Artifacts lie where KFP puts them: `<store>/<pipeline>/<run>/<task>/.../<artifact>`. Raises EnvironmentProblem
    (N2P761).
    """
    try:
        import fsspec
    except ImportError as error:
        raise _unreadable(store, error, "fsspec") from error
    lacks = _STARTS.get(store.partition("://")[0], "")
    files = {}
    try:
        system, base = fsspec.core.url_to_fs(store.replace("minio://", "s3://", 1))
        for name, (task, key) in found.artifacts.items():
            files[name] = target / name
            system.get_file(_newest(system, f"{base.rstrip('/')}/{found.pipeline}/{run}/{task}", key), str(files[name]))
    except ImportError as error:
        raise _unreadable(store, error, lacks) from error
    except Exception as error:  # each store's library has errors of its own
        raise _unreadable(store, error) from error
    return files


def _newest(system: Any, folder: str, key: str) -> str:  # noqa: ANN401  # fsspec has no types
    """The file of this name that was written last: a task that was tried again has several."""
    there: Mapping[str, Mapping[str, Any]] = system.find(folder, detail=True)
    found = {path: info for path, info in there.items() if path.rpartition("/")[2] == key}
    if not found:
        raise FileNotFoundError(f"{folder} has no `{key}`")
    return max(found, key=lambda path: (_time(found[path]), path))


def _time(info: Mapping[str, Any]) -> str:
    return next((str(info[name]) for name in ("LastModified", "mtime", "updated", "created") if info.get(name)), "")


def _unreadable(store: str, error: Exception, package: str = "") -> EnvironmentProblem:
    why = str(error).strip().partition("\n")[0] or type(error).__name__
    hint = (
        f"install it: pip install {package}"
        if package
        else "see that the address is KFP's pipeline root, and that your credentials for the store are set"
    )
    return EnvironmentProblem.of("N2P761", f"the inputs can't be fetched from {store}: {why}", hint=hint)
