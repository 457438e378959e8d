"""nb2pipe's own modules in, the command of each pod out.

The shape is that of KFP's lightweight Python components: `sh` writes the program to a file and has Python run it. The
modules that the program needs follow as arguments, packed, where no task comes before; all others get them with the
record of an earlier task. KFP stores a container five times per task in the workflow, of which a cluster takes 1 MiB,
so they may stand in one container only. Linux takes no argument of more than 128 KiB, so they are cut in pieces.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import nb2pipe
from nb2pipe.targets.kfp.packing import pack

_INSTALL, _PROGRAM = "--install", "--program"

# KFP's local runner knows a component that it can run by the name of the module that starts it.
_SCRIPT = """program_path=$(mktemp -d)
printf "%s" "$0" > "$program_path/ephemeral_component.py"
# stands in for kfp.dsl.executor_main: KFP need not be installed in the image
exec python3 "$program_path/ephemeral_component.py" "$@"
"""
_PIECE = 96 * 1024

_FOR_PEOPLE = re.compile(r'^([ \t]*)(?:#[^\n]*|(?P<text>"""(?:[^"\\]|\\.|"(?!""))*"""))$', re.MULTILINE | re.DOTALL)
"""Comments on lines of their own, and docstrings. A test holds that no module is another without them."""

_EMPTY = ("targets", "targets.local", "targets.kfp")  # packages whose own __init__ would load what no pod needs
_MODULES = (
    "__init__", "digests", "evaluate", "files", "graph", "layout", "learned", "locks", "markup", "model", "processes",
    "records", "wire",
    *(f"targets.local.{name}" for name in (
        "against_order", "executed", "kernel_client", "lessons", "memory", "metrics", "nets", "own_modules",
        "papermill_runner", "request", "scrub", "serial", "settings", "stored", "verdict",
    )),
    *(f"targets.kfp.{name}" for name in ("names", "packing", "received", "slicing", "tasks", "told")),
    *(f"targets.kfp.pod.{name}" for name in (
        "__init__", "artifacts", "curves", "files", "installing", "main", "page", "records", "saying", "task",
    )),
)  # fmt: skip
"""The modules that a pod needs, besides the runtime: all that these import is among them, which a test holds."""

_NOT_IN_PODS = ("console", "debug")  # of the runtime: for people at a terminal


@cache
def command(*, carries: bool) -> tuple[str, ...]:
    """The container's command. `carries`: with the modules."""
    bootstrap = Path(nb2pipe.__file__).parent / "targets" / "kfp" / "pod" / "bootstrap.py"
    packed = _packed() if carries else ""
    pieces = [packed[start : start + _PIECE] for start in range(0, len(packed), _PIECE)]
    return ("sh", "-ec", _SCRIPT, lean(bootstrap.read_text(encoding="utf-8")), *pieces)


def args(task: str, pins: Sequence[str], records: Sequence[str]) -> tuple[str, ...]:
    """The container's arguments. `pins`: what the pod installs. `records`: inputs, each with an earlier task's record.

    They name the task: KFP's backend takes two tasks whose containers are the same for one component, whatever each
    of them declares.
    """
    places = (f"{{{{$.inputs.artifacts['{name}'].path}}}}" for name in records)
    installed = (_INSTALL, json.dumps(list(pins))) if pins else ()
    program = (_PROGRAM, hashlib.sha256(base64.b64decode(_packed())).hexdigest(), *places)
    return (*installed, *program, "--executor_input", "{{$}}", "--function_to_execute", task)


@cache
def _packed() -> str:
    return pack({path: lean(text) for path, text in files().items()})


def lean(text: str) -> str:
    """A module of ours without what stands there for people alone; each statement keeps its line."""

    def without(found: re.Match[str]) -> str:
        stands_in = f"{found[1]}0" if found["text"] and found.start() else ""  # a function may have no other line
        return stands_in + "\n" * found[0].count("\n")

    return _FOR_PEOPLE.sub(without, text)


def files() -> dict[str, str]:
    """The files that a pod gets: path below the folder of modules, and text."""
    source = Path(nb2pipe.__file__).parent
    found = {f"nb2pipe/{name.replace('.', '/')}/__init__.py": "" for name in _EMPTY}
    runtime = sorted(path.stem for path in (source / "runtime").glob("*.py") if path.stem not in _NOT_IN_PODS)
    for name in (*_MODULES, *(f"runtime.{item}" for item in runtime)):
        path = f"{name.replace('.', '/')}.py"
        found[f"nb2pipe/{path}"] = (source / path).read_text(encoding="utf-8")
    return found
