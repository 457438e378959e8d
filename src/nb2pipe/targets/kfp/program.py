"""nb2pipe's own modules in, the command of each pod out: the same for all steps.

The shape is that of KFP's lightweight Python components: `sh` writes the program to a file and has Python run it. The
modules that the program needs follow as arguments, packed. Linux takes no argument of more than 128 KiB, so they are
cut in pieces.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import nb2pipe
from nb2pipe.targets.kfp.packing import pack

COMMAND_ARGS = ("--executor_input", "{{$}}", "--function_to_execute", "step")

INSTALL = "--install"
"""Before a JSON list of requirements, among the arguments: what the pod installs."""

# KFP's local runner knows a component that it can run by the name of the module that starts it.
_SCRIPT = """program_path=$(mktemp -d)
printf "%s" "$0" > "$program_path/ephemeral_component.py"
# stands in for kfp.dsl.executor_main: KFP need not be installed in the image
exec python3 "$program_path/ephemeral_component.py" "$@"
"""
_PIECE = 96 * 1024

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
def command() -> tuple[str, ...]:
    """The container's command."""
    source = Path(nb2pipe.__file__).parent
    program = (source / "targets" / "kfp" / "pod" / "bootstrap.py").read_text(encoding="utf-8")
    packed = pack(dict(files()))
    pieces = [packed[start : start + _PIECE] for start in range(0, len(packed), _PIECE)]
    return ("sh", "-ec", _SCRIPT, program, *pieces)


def install_args(pins: Sequence[str]) -> tuple[str, ...]:
    """The arguments that have a pod install these requirements; none for none."""
    return (INSTALL, json.dumps(list(pins))) if pins else ()


def files() -> dict[str, str]:
    """The files that a pod gets: path below the folder of modules, and text."""
    source = Path(nb2pipe.__file__).parent
    found = {f"nb2pipe/{name.replace('.', '/')}/__init__.py": "" for name in _EMPTY}
    runtime = sorted(path.stem for path in (source / "runtime").glob("*.py") if path.stem not in _NOT_IN_PODS)
    for name in (*_MODULES, *(f"runtime.{item}" for item in runtime)):
        path = f"{name.replace('.', '/')}.py"
        found[f"nb2pipe/{path}"] = (source / path).read_text(encoding="utf-8")
    return found
