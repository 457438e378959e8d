"""What earlier pods' steps left in, and what this pod's did; out, one file that the next pods get.

A record is a zip file: `steps/<id>.json` of each step, this pod's and all that it has waited for, the definitions that
they had, and the stored objects of state that is no variable (`ambient:...`). So each pod knows of all before it, and
takes one file from each task that it waits for. It also holds the program, as this pod got it: see `bootstrap`.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from nb2pipe import wire
from nb2pipe.layout import RunDir
from nb2pipe.model import Definition, Step
from nb2pipe.records import dataclass
from nb2pipe.targets.kfp.told import SCHEMA
from nb2pipe.targets.local.stored import AMBIENT, Outputs, outputs_of

_DEFINITIONS = "definitions.json"
_PROGRAM = "program"


@dataclass
class Records:
    """All steps that have ended as far as this pod knows: what each left, and which ones it had waited for."""

    data: dict[str, Any] = field(default_factory=dict)  # the content of their outputs.json
    outputs: dict[str, Outputs] = field(default_factory=dict)
    waited: dict[str, frozenset[str]] = field(default_factory=dict)
    steps: dict[int, Step] = field(default_factory=dict)  # by their place in the notebook, see `slicing.of_earlier`
    definitions: dict[str, Definition] = field(default_factory=dict)  # that they had: values may mean them

    def add(self, step: str, data: Any, waited: Iterable[str], outputs: Outputs | None = None) -> None:  # noqa: ANN401  # JSON
        """A step that has ended. Raises ValueError if its record is damaged."""
        self.data[step] = data
        self.outputs[step] = outputs or outputs_of(data)
        self.waited[step] = frozenset(waited)

    def read(self, path: Path, run: RunDir) -> None:
        """Take in a record, its objects into the store. Raises ValueError for what is none, OSError."""
        try:
            with zipfile.ZipFile(path) as file:
                for name in file.namelist():
                    folder, _, last = name.partition("/")
                    if "/" in last or last.startswith("."):
                        raise ValueError(f"{path} is no record of steps: it holds {name!r}")
                    if folder == "steps":
                        found = json.loads(file.read(name))
                        if found["schema"] != SCHEMA:
                            raise ValueError("it was made by another version of nb2pipe")
                        self.add(last.removesuffix(".json"), found["outputs"], found["waited"])
                        self.steps[found["place"]] = wire.read(Step, found["plan"])
                    elif name == _DEFINITIONS:
                        read = [wire.read(Definition, item) for item in json.loads(file.read(name))]
                        self.definitions.update((item.id, item) for item in read)
                    elif folder == "objects":
                        target = run.root.object(last)
                        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                        target.write_bytes(file.read(name))
        except (zipfile.BadZipFile, KeyError, TypeError) as error:
            raise ValueError(f"{path} is no record of steps: {error}") from error

    def write(self, path: Path, run: RunDir) -> None:
        """The record of all. Raises OSError."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for place, step in sorted(self.steps.items()):
                content = {"schema": SCHEMA, "outputs": self.data[step.id], "waited": sorted(self.waited[step.id])}
                content |= {"place": place, "plan": wire.encode(step)}
                file.writestr(f"steps/{step.id}.json", json.dumps(content, sort_keys=True))
            definitions = [wire.encode(self.definitions[key]) for key in sorted(self.definitions)]
            file.writestr(_DEFINITIONS, json.dumps(definitions, sort_keys=True))
            if (run.root.path / _PROGRAM).is_file():
                file.write(run.root.path / _PROGRAM, _PROGRAM, zipfile.ZIP_STORED)  # packed as it is
            for name in sorted(_state(self.outputs)):
                file.write(run.root.object(name), f"objects/{name}")


def _state(outputs: Mapping[str, Outputs]) -> set[str]:
    return {
        value.object for found in outputs.values() for name, value in found.values.items() if name.startswith(AMBIENT)
    }
