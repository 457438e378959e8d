"""Files that steps write: brought to the pods of later steps, each as its last writer in notebook order left it.

They travel as a zip file: `manifest.json` (path to its writer and, for a file, its place in the zip) and the contents.
A pod that writes files hands on those that it got as well, so a later one takes one zip of each branch.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path, PurePosixPath

from nb2pipe.model import Pipeline, Step, StepError
from nb2pipe.records import dataclass
from nb2pipe.targets.kfp.told import SCHEMA
from nb2pipe.targets.local.stored import Outputs

_FOLDER = "folder"  # as `runtime.facts` tells that a path is one
_GONE = "gone"
_FILE = "file"
_MANIFEST = "manifest.json"


@dataclass
class Files:
    """Files below a folder, and absolute ones that the plan names. `writers`: path to the step that wrote it last."""

    folder: Path
    pipeline: Pipeline
    writers: dict[str, str] = field(default_factory=dict)

    def bring(self, archives: Iterable[Path]) -> None:
        """Put what earlier steps wrote where they wrote it. Raises OSError, ValueError for what is no such zip."""
        found: dict[str, tuple[int, str, str, Path]] = {}
        place = {step.id: number for number, step in enumerate(self.pipeline.steps)}
        for archive in archives:
            for path, (writer, kind) in _manifest(archive).items():
                latest = (place.get(writer, -1), writer, kind, archive)
                if path not in found or found[path][0] < latest[0]:
                    found[path] = latest
        for path, (_, writer, kind, archive) in sorted(found.items()):
            self._make(path, kind, archive)
            self.writers[path] = writer

    def _make(self, path: str, kind: str, archive: Path) -> None:
        target = self._place(path)
        if kind == _GONE:
            target.unlink(missing_ok=True)
        elif kind == _FOLDER:
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(archive) as file, file.open(_inside(path)) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)

    def hand_on(self, target: Path, steps: Iterable[Step], outputs: Mapping[str, Outputs]) -> None:
        """Write the zip of what was brought and what these steps wrote. Raises OSError."""
        for step in steps:
            named = {item.name for item in step.writes if item.kind == "file"}
            wrote = outputs[step.id].wrote
            self.writers.update((path, step.id) for path in wrote if not _is_absolute(path) or path in named)
        manifest: dict[str, tuple[str, str]] = {}
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True) as file:
            for path, writer in sorted(self.writers.items()):
                place = self._place(path)
                kind = _FOLDER if place.is_dir() else _FILE if place.is_file() else _GONE
                manifest[path] = (writer, kind)
                if kind == _FILE:
                    file.write(place, _inside(path))
            content = {"schema": SCHEMA, "files": manifest}
            file.writestr(_MANIFEST, json.dumps(content, sort_keys=True))

    def not_sent(self, step: Step, done: Mapping[str, Outputs]) -> StepError | None:
        """For a file that the step opened, which an earlier one wrote and which was not sent here."""
        opened = {path for files in done[step.id].files.values() for path in files}
        found = self._unsent(opened, step, done)
        return None if found is None else _not_sent(step, *found)

    def hint(self, step: Step, error: StepError, done: Mapping[str, Outputs]) -> str | None:
        """What to do about a file that the step did not find."""
        paths = {path for outputs in done.values() for path in outputs.wrote if path and path in error.message}
        found = self._unsent(paths, step, done)
        if found is not None:
            return _not_sent(step, *found).hint
        if "FileNotFoundError" in error.message:
            return (
                "a pod has no file of the notebook's folder: put it into the image, mount a volume that has it, "
                "or read it from a URL"
            )
        return error.hint

    def _unsent(self, paths: Iterable[str], step: Step, done: Mapping[str, Outputs]) -> tuple[Step, str] | None:
        beside = {item.id for item in self.pipeline.process_of(step.id)}
        earlier = [item for item in self.pipeline.before(step.id) if item.id in done and item.id not in beside]
        for path in sorted(set(paths) - self.writers.keys()):
            writer = next((item for item in reversed(earlier) if done[item.id].wrote.get(path)), None)
            if writer is not None and done[writer.id].wrote[path] != _FOLDER:
                return writer, path
        return None

    def _place(self, path: str) -> Path:
        return Path(path) if _is_absolute(path) else self.folder / path


def _not_sent(reader: Step, writer: Step, path: str) -> StepError:
    message = (
        f"step `{reader.name}` read {path}, which step `{writer.name}` wrote though its code does not show it: "
        f"it was not sent"
    )
    hint = f"write `# nb2pipe: files {path}` in the cell of `{writer.name}` that writes it"
    return StepError("value", message, hint=hint)


def _manifest(archive: Path) -> Mapping[str, tuple[str, str]]:
    try:
        with zipfile.ZipFile(archive) as file:
            found = json.loads(file.read(_MANIFEST))
        if found["schema"] != SCHEMA:
            raise ValueError("it was made by another version of nb2pipe")
        return {str(path): (str(writer), str(kind)) for path, (writer, kind) in found["files"].items()}
    except (zipfile.BadZipFile, KeyError, TypeError) as error:
        raise ValueError(f"{archive} holds no files of steps: {error}") from error


def _inside(path: str) -> str:
    """Its name in the zip."""
    return f"files/{path.lstrip('/')}"


def _is_absolute(path: str) -> bool:
    """True for what is not below the folder."""
    return os.path.isabs(path) or ".." in PurePosixPath(path).parts  # noqa: PTH117  # as `runtime.facts` tells it
