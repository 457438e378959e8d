"""KFP's executor input in; where its artifacts lie in this pod, and the file that tells KFP of them, out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nb2pipe.model import Json

_MOUNTS = {"gs://": "/gcs/", "minio://": "/minio/", "s3://": "/s3/"}
_NOT_BOUND = "nb2pipe: not bound"


class Artifacts:
    """What KFP told this pod. `metadata` of outputs is sent by `finish`."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._told = told
        self._metadata: dict[str, Mapping[str, Json]] = {}

    @property
    def parameters(self) -> Mapping[str, Json]:
        """The values that the task was given."""
        found: Mapping[str, Json] = self._told.get("inputs", {}).get("parameterValues", {})
        return found

    def input(self, name: str) -> Path | None:
        """Where an artifact lies that the task was given."""
        return self._path("inputs", name)

    def output(self, name: str) -> Path | None:
        """Where to write one that it gives; its folder is there. None if KFP did not ask for it."""
        path = self._path("outputs", name)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def put(self, name: str, source: Path, metadata: Mapping[str, Json] | None = None) -> None:
        """Give a file as this artifact. Raises OSError."""
        path = self.output(name)
        if path is not None:
            shutil.copyfile(source, path)
            self._metadata[name] = metadata or {}

    def put_text(self, name: str, text: str, metadata: Mapping[str, Json] | None = None) -> None:
        """Give a text. Raises OSError."""
        path = self.output(name)
        if path is not None:
            path.write_bytes(text.encode("utf-8", "backslashreplace"))
            self._metadata[name] = metadata or {}

    def put_nothing(self, name: str, why: str) -> None:
        """Say that there is no value: every artifact that was declared is written. Raises OSError."""
        self.put_text(name, f"{_NOT_BOUND}\n{why}\n", {"bound": False, "why": why})

    def finish(self) -> None:
        """Tell KFP of the metadata. Raises OSError."""
        found = {
            name: {"artifacts": [{**self._first("outputs", name), "metadata": dict(metadata)}]}
            for name, metadata in self._metadata.items()
        }
        path = Path(self._told["outputs"]["outputFile"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"artifacts": found}), encoding="utf-8")

    def _first(self, part: str, name: str) -> dict[str, Any]:
        listed = self._told.get(part, {}).get("artifacts", {}).get(name, {}).get("artifacts", ())
        return dict(listed[0]) if listed else {}

    def _path(self, part: str, name: str) -> Path | None:
        artifact = self._first(part, name)
        place = artifact.get("customPath") or artifact.get("uri")
        if not place:
            return None
        for scheme, mount in _MOUNTS.items():
            if place.startswith(scheme):
                return Path(mount + place.removeprefix(scheme))
        return Path(place)
