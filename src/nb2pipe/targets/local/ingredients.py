"""A Bundle, a request and what earlier steps left in; out, all that a step's results are made of, by kind and name.

code  definition  setup  parameter  option  setting    known from the plan
input  counter  after                                  from the steps before
file  named  folder  module  places  package  variable seen while it ran
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nb2pipe import keys, meaning
from nb2pipe.installed import Installed
from nb2pipe.model import Bundle, DefinitionKind, Json, OrderKind, Pipeline, Resource, Step
from nb2pipe.seal import ALL_VARIABLES
from nb2pipe.targets.local import stored
from nb2pipe.targets.local.schedule import Schedule
from nb2pipe.targets.local.traces import Ingredients

ABSENT = ""
PLACES = "found"  # the one name of its kind
ALWAYS = ("PYTHONHASHSEED", "PYTHONOPTIMIZE", "PYTHONUTF8", "TZ")  # which the C library or Python itself looks at
_SHOWN = 60  # characters of a parameter that are kept as they are, to be shown


def planned(
    bundle: Bundle,
    parameters: Mapping[str, Json],
    kernel: Sequence[str],
    kernel_env: Mapping[str, str],
    version: str,
) -> dict[str, Ingredients]:
    """Those that the plan knows, by step. `kernel` is the command that starts it, `version` nb2pipe's."""
    pipeline = bundle.pipeline
    closed = _Definitions(pipeline)
    found: dict[str, Ingredients] = {}
    for file in bundle.files:
        path = Path(file.path)
        if path.parent != Path("steps"):
            continue
        step = pipeline.step(path.stem)
        found[step.id] = {
            "code": _code(json.loads(file.content)),
            **closed.of(step.definitions),
            "parameter": {name: _shown(parameters.get(name)) for name in step.parameters},
            "option": {name: _shown(value) for name, value in step.options.env},
            "setting": {
                "nb2pipe": version,
                "kernel": shlex.join(kernel),
                "Python": _python(kernel),
                "environment": _digest(json.dumps(dict(kernel_env), sort_keys=True)),
                "tracebacks": str(pipeline.tracebacks),
                "metrics": _shown([[metric.name, metric.variable] for metric in step.metrics]),
            },
        }
    return found


def followed(step: Step) -> tuple[str, ...]:
    """The steps before it whose effects no record holds: it has to run whenever they have."""
    return tuple(
        sorted(
            {
                order.step
                for order in step.orders
                if order.kind is not OrderKind.RESOURCE
                or (order.resource is not None and not _is_recorded(order.resource))
            }
        )
    )


def _is_recorded(resource: Resource) -> bool:
    """True if a step's own record tells what it found there. Of "some file" it may not: a library's C code read it."""
    return resource.kind in _RECORDED and resource.name != "*"


_RECORDED = frozenset({"rng", "cwd", "env", "options", "counter", "file", "environment", "path"})


def replayed(pipeline: Pipeline, ids: Iterable[str]) -> Ingredients:
    """Definitions that were replayed though the plan does not say so, with all that they need."""
    known = {item.id for item in pipeline.definitions}
    return _Definitions(pipeline).of([key for key in ids if key in known])


class Inputs:
    """What a step would get now from those before it. `done`: what they left. `schedule`: the pipeline's own."""

    def __init__(self, pipeline: Pipeline, done: Mapping[str, stored.Outputs], schedule: Schedule) -> None:
        self._pipeline = pipeline
        self._schedule = schedule
        self.done = done

    def of(self, step: Step, asked: Iterable[str]) -> dict[str, str]:
        """The object of each variable and record; of those asked for while it ran besides."""
        before, around = self._schedule.before(step.id), self._schedule.around(step.id)
        given = stored.resolve(step, self.done, before, around)
        found = {name: item.value.object for name, item in given.items()}
        found.update((name, self._served(step, name)) for name in asked if name not in found)
        return {name: source for name, source in found.items() if source != ABSENT}

    def counters(self, step: Step, keys: Iterable[str]) -> dict[str, str]:
        """How far the steps before it took libraries' counters."""
        found: dict[str, str] = {}
        for earlier in self._earlier(step):
            outputs = self.done.get(earlier.id)
            for key in keys if outputs is not None else ():
                if key in outputs.counted:  # type: ignore[union-attr]
                    found[key] = str(outputs.counted[key][1])  # type: ignore[union-attr]
        return found

    def provider(self, step: Step, name: str) -> str:
        """The name of the step that an input comes from; empty if none has it."""
        before, around = self._schedule.before(step.id), self._schedule.around(step.id)
        given = stored.resolve(step, self.done, before, around).get(name)
        return self._pipeline.step(given.provider).name if given is not None else ""

    def _served(self, step: Step, name: str) -> str:
        """As `runtime.fetch` does it: from the last earlier step that has to do with the name."""
        for earlier in reversed(self._earlier(step)):
            outputs = self.done.get(earlier.id)
            if outputs is None:
                if name in (*earlier.outputs, *earlier.deletes):
                    return "not known yet"
            elif name in outputs.values:
                return outputs.values[name].object
            elif name in outputs.deleted or name in outputs.failed:
                return "deleted"
        return ABSENT

    def _earlier(self, step: Step) -> Sequence[Step]:
        return self._pipeline.before(step.id)


def packages(facts: Mapping[str, Any]) -> dict[str, str]:
    """The distributions that a step's packages belong to, with their versions."""
    return dict(Installed(facts.get("sites", ())).owners(facts.get("packages", ())))


def variables(names: Iterable[str], key: bytes, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Environment variables, by codes that tell nothing of their values. Those of the terminal are left out."""
    here = dict(os.environ if environ is None else environ)
    here[ALL_VARIABLES] = "\0".join(sorted(filter(_counts, here)))
    return {
        name: keys.sign(key, here[name].encode("utf-8", "surrogateescape"))[:16] if name in here else ABSENT
        for name in names
        if _counts(name)
    }


def _counts(variable: str) -> bool:
    return variable not in _OF_THE_TERMINAL and not variable.startswith(("JPY_", "NB2PIPE_", "SSH_"))


_OF_THE_TERMINAL = frozenset(
    {"_", "SHLVL", "PWD", "OLDPWD", "TERM", "COLUMNS", "LINES", "WINDOWID", "TMUX", "STY", "MPLBACKEND", "PYTHONPATH"}
)


class _Definitions:
    def __init__(self, pipeline: Pipeline) -> None:
        self._all = {item.id: item for item in pipeline.definitions}

    def of(self, ids: Iterable[str]) -> dict[str, dict[str, str]]:
        """`definition` and `setup` of these and all that they need. Only the order of set-up statements counts."""
        wanted: dict[str, None] = {}
        left = list(ids)
        while left:
            key = left.pop()
            if key not in wanted:
                wanted[key] = None
                left += self._all[key].needs
        found: dict[str, dict[str, str]] = {"definition": {}, "setup": {}}
        for item in sorted((self._all[key] for key in wanted), key=lambda item: item.at):
            if item.kind is DefinitionKind.SETUP:
                found["setup"][str(len(found["setup"]) + 1)] = item.id
            else:
                found["definition"][f"{item.kind} {', '.join(item.names)}"] = item.id
        return found


def _code(notebook: Mapping[str, Any]) -> dict[str, str]:
    """The step's own cells, in order."""
    cells = [cell for cell in notebook["cells"] if cell["metadata"].get("nb2pipe", {}).get("role") == "cell"]
    found = {}
    for number, cell in enumerate(cells, 1):
        tags = cell["metadata"].get("tags", [])
        meant = meaning.of_cell("".join(cell["source"]))[:32]
        found[str(number)] = f"{meant} {' '.join(tags)}" if tags else meant
    return found


def _shown(value: Json) -> str:
    """A value as text that says all of it: long ones with a digest in place of their end."""
    text = json.dumps(value, ensure_ascii=False)  # the order of keys is part of a value
    if len(text) <= _SHOWN:
        return text
    return f"{text[:_SHOWN]}... {_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _python(kernel: Sequence[str]) -> str:
    """What changes when the kernel's Python does: the file itself."""
    if not kernel:
        return ""
    path = Path(kernel[0]).resolve()
    try:
        status = path.stat()
    except OSError:
        return str(path)
    return f"{path} {status.st_size} {status.st_mtime_ns}"
