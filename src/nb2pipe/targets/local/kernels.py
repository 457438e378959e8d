"""A notebook's kernel in; out, the command that starts it. The door to the installed kernelspecs."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from nb2pipe.errors import EnvironmentProblem
from nb2pipe.model import Kernel
from nb2pipe.records import dataclass

MIN_PYTHON = (3, 10)  # of the kernel: what nb2pipe's runtime needs
NEEDED = ("ipykernel", "IPython", "cloudpickle")
QUICK_DIGEST, USUAL_DIGEST = "blake3", "sha256"

_USUAL = "python3"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,120}")
_PYTHON = re.compile(r"(python|pypy)[0-9.]*(\.exe)?")
_PROBE = (
    "import importlib.util as u, json, sys;"
    "print(json.dumps([list(sys.version_info[:2]), [n for n in sys.argv[1:] if u.find_spec(n) is None]]))"
)
_PROBE_LIMIT_S = 60


@dataclass(frozen=True)
class KernelCommand:
    """How to start a kernel: `argv` holds `{connection_file}`. `digest`: the quickest hash that is sure to be there."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    digest: str = USUAL_DIGEST


Installed: TypeAlias = Mapping[str, tuple[str, tuple[str, ...], Mapping[str, str]]]
"""name -> (language, argv, env) of every kernelspec that can be read."""


def find(kernel: Kernel, override: str | None = None, specs: Installed | None = None) -> KernelCommand:
    """The command for the notebook's kernel, or for the one that `override` names; proven able to run a step.

    `specs`: what `installed` tells, if somebody has asked. A notebook that names no kernel, or the usual `python3`,
    runs in this interpreter where no such kernelspec is installed. Raises EnvironmentProblem: N2P503 not installed,
    N2P504 no Python kernel, N2P505 packages lack, N2P506 its Python is too old.
    """
    name = override or kernel.name
    specs = installed() if specs is None else specs
    if not name:
        name = _USUAL
    if name in specs:
        found = _from_spec(name, *specs[name])
    elif name == _USUAL:
        found = KernelCommand(name, (sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"))
    else:
        raise _not_installed(name, sorted(specs), asked=override is not None)
    return replace(found, digest=QUICK_DIGEST) if _probe(found) else found


def looks(name: str, argv: Sequence[str]) -> dict[str, list[str]] | None:
    """What `find` went by to find this kernel, as questions of `seal`; None if they can't be told.

    The names in the folders of kernelspecs, the specs of this name, and the program.
    """
    from jupyter_client.kernelspec import KernelSpecManager

    if not argv or not os.path.isabs(argv[0]):  # noqa: PTH117
        return None
    folders = [os.path.abspath(folder) for folder in KernelSpecManager().kernel_dirs]  # noqa: PTH100
    specs = []
    for folder in folders:
        with contextlib.suppress(OSError):
            specs += [f"{folder}/{entry}/kernel.json" for entry in os.listdir(folder) if entry.lower() == name.lower()]  # noqa: PTH208
    return {"entries": folders, "beside": [*specs, argv[0]], "link": [argv[0]]}


def installed() -> Installed:
    """What is installed here. The import takes longer than the look."""
    from jupyter_client.kernelspec import KernelSpecManager

    found: dict[str, tuple[str, tuple[str, ...], Mapping[str, str]]] = {}
    for name, item in KernelSpecManager().get_all_specs().items():
        spec = item["spec"]
        argv = tuple(part.replace("{resource_dir}", item["resource_dir"]) for part in spec["argv"])
        if _NAME.fullmatch(name) and argv:
            found[name] = (spec.get("language", ""), argv, dict(spec.get("env", {})))
    return found


def _from_spec(name: str, language: str, argv: tuple[str, ...], env: Mapping[str, str]) -> KernelCommand:
    if language.lower() != "python":
        raise EnvironmentProblem.of(
            "N2P504",
            f"kernel `{name}` runs {language or 'an unknown language'}; nb2pipe runs Python notebooks only",
            hint="choose a Python kernel with `--kernel NAME`; `jupyter kernelspec list` shows what is installed",
        )
    return KernelCommand(name, (_python_of(argv[0]), *argv[1:]), env)


def _python_of(program: str) -> str:
    """As Jupyter does: a bare `python` is the interpreter that runs Jupyter, not what PATH happens to hold."""
    major, minor = sys.version_info[:2]
    return sys.executable if program in {"python", f"python{major}", f"python{major}.{minor}"} else program


def _not_installed(name: str, installed: list[str], *, asked: bool) -> Exception:
    shown = name if _NAME.fullmatch(name) else ascii(name[:60])
    there = ", ".join(f"`{item}`" for item in installed) or "none"
    who = "" if asked else " that the notebook names"
    return EnvironmentProblem.of(
        "N2P503",
        f"the kernel `{shown}`{who} is not installed; installed: {there}",
        hint="choose one with `--kernel NAME`, or install it: `python -m ipykernel install --user --name NAME`",
    )


def _probe(kernel: KernelCommand) -> bool:
    """Refuse a kernel whose Python is too old or lacks packages; one that isn't plainly Python is taken on trust.

    True if it has the quick digest.
    """
    program = kernel.argv[0]
    if program == sys.executable:
        lacking = [package for package in (*NEEDED, QUICK_DIGEST) if find_spec(package) is None]
        version = sys.version_info[:2]
    elif _PYTHON.fullmatch(Path(program).name):
        answer = _ask(kernel)
        if answer is None:
            return False
        version, lacking = answer
    else:
        return False
    if version < MIN_PYTHON:
        raise EnvironmentProblem.of(
            "N2P506",
            f"kernel `{kernel.name}` runs Python {version[0]}.{version[1]}; nb2pipe needs "
            f"{MIN_PYTHON[0]}.{MIN_PYTHON[1]} or newer there",
            hint="choose a newer kernel with `--kernel NAME`",
        )
    needed = [package for package in lacking if package != QUICK_DIGEST]
    if needed:
        raise EnvironmentProblem.of(
            "N2P505",
            f"kernel `{kernel.name}` lacks {', '.join(needed)}",
            hint=install_hint(program, needed),
        )
    return QUICK_DIGEST not in lacking


def install_hint(program: str, packages: list[str]) -> str:
    """The command that installs what lacks into the kernel's environment."""
    return f"run: {program} -m pip install {' '.join(package.lower() for package in packages)}"


def _ask(kernel: KernelCommand) -> tuple[tuple[int, int], list[str]] | None:
    """The kernel's Python version and the packages it lacks; None if its answer makes no sense."""
    command = [kernel.argv[0], "-c", _PROBE, *NEEDED, QUICK_DIGEST]
    try:
        done = subprocess.run(  # noqa: S603  # argv of an installed kernelspec, no shell
            command,
            env={**os.environ, **kernel.env},
            cwd=os.sep,  # not the notebook's folder: a file there may shadow the modules asked for
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = error.strerror if isinstance(error, OSError) else f"no answer within {_PROBE_LIMIT_S} s"
        raise EnvironmentProblem.of(
            "N2P503",
            f"kernel `{kernel.name}` can't be started: {kernel.argv[0]}: {reason}",
            hint="its environment is gone or damaged: install the kernel again, or choose another with `--kernel NAME`",
        ) from error
    try:
        version, lacking = json.loads(done.stdout)
        return (int(version[0]), int(version[1])), [str(package) for package in lacking]
    except (ValueError, TypeError, IndexError):
        return None
