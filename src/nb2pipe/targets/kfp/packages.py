"""What steps import and what is installed in; out, what each pod has to install, pinned, and what can't be had there.

A module belongs to the distribution that installed it in the kernel's environment; nothing is guessed from names, and
no index is asked. The user's own modules travel as files.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from nb2pipe import environment as probe
from nb2pipe.errors import EnvironmentProblem, printable
from nb2pipe.model import At, BundleFile, Diagnostic, Location, Pipeline, Severity, Step
from nb2pipe.packages import NAME, RUNTIME, VERSION, Distribution, Environment, Packages, StepImports, normal
from nb2pipe.records import dataclass
from nb2pipe.targets.kfp.requirements import Requirements
from nb2pipe.targets.local.kernels import KernelCommand

_LIMIT_S = 120
_PLAIN_TYPES = frozenset({"int", "float", "bool", "str", "bytes", "complex", "None", "NoneType"})
_OWN_TYPES = ("pandas.", "numpy.")  # values of theirs need nothing but the package
MAX_OWN_BYTES = 1_000_000
_SOURCES = {
    "editable": "installed from a folder of this machine, in place (`pip install -e`)",
    "folder": "installed from a folder of this machine",
    "file": "installed from a file or an address",
    "vcs": "installed from a version control system",
    "local": "of a version that no index has",
    "name": "named in a way that pip can't read",
}
_HINT_SOURCE = (
    "install a released version in the kernel's environment; or build an image that has it, and name it: `image:REF`"
)


@dataclass(frozen=True)
class Types:
    """`known`: types of variables, by provider and name. `made_of`: what values of a package may need besides it."""

    known: Mapping[tuple[str, str], str]
    made_of: Mapping[str, Sequence[str]]


def installed(kernel: KernelCommand, steps: Iterable[StepImports]) -> Environment:
    """What the kernel's environment has of what the steps import, and of what runs them.

    What runs them and is missing there is taken as this interpreter has it. Raises EnvironmentProblem (N2P503).
    """
    every = list(steps)
    modules = sorted({name for step in every for name in (*step.modules, *step.companions)})
    names = [*RUNTIME, *(_name_of(text) for step in every for item in step.installs for text in item.wanted)]
    answer = _ask(kernel, modules, names)
    lacking = [name for name in RUNTIME if name not in answer["distributions"]]
    if lacking:
        answer["distributions"] = {**probe.look([], lacking)["distributions"], **answer["distributions"]}
    found = _environment(answer)
    kept = found.with_required([*names, *(name for owners in found.owners.values() for name in owners)])
    return replace(found, distributions={name: found.distributions[name] for name in kept})


def resolve(
    pipeline: Pipeline,
    steps: Mapping[str, StepImports],
    environment: Environment,
    types: Types,
    folder: Path | None,
) -> tuple[Packages, tuple[Diagnostic, ...]]:
    """The packages of each step, and all that stands against it."""
    resolving = _Resolving(pipeline, steps, environment, types)
    found: dict[str, tuple[str, ...]] = {}
    runtime = environment.with_required(RUNTIME)
    resolving.judge([*runtime], "what runs the steps")
    for step in pipeline.steps:
        members = pipeline.process_of(step.id)
        names = environment.with_required({name for member in members for name in resolving.of(member.id)})
        if step.options.image is None:
            resolving.judge(names, f"step `{step.name}`")
            found[step.id] = _pins(environment, set(names) - set(runtime))
        else:
            found[step.id] = ()
    whole = frozenset(step.id for step in pipeline.steps if step.options.image is not None)
    files, problems = _files(pipeline, steps, folder)
    packages = Packages(
        environment.python, f"python:{environment.python}", _pins(environment, runtime), found, whole, files
    )
    diagnostics = (*resolving.diagnostics(), *problems, *_images(pipeline, environment.python))
    return packages, diagnostics


class _Resolving:
    """The distributions of each step, while the problems are gathered."""

    def __init__(
        self,
        pipeline: Pipeline,
        steps: Mapping[str, StepImports],
        environment: Environment,
        types: Types,
    ) -> None:
        self._pipeline = pipeline
        self._steps = steps
        self._environment = environment
        self._types = types
        self._known: dict[str, frozenset[str]] = {}
        self._problems: dict[tuple[str, str], Diagnostic] = {}

    def of(self, step_id: str) -> frozenset[str]:
        """What a step imports, and what the values that it loads may need."""
        if step_id not in self._known:
            for step in self._pipeline.steps:  # in notebook order, so that providers come first
                if step.id not in self._known:
                    self._known[step.id] = frozenset(self._imported(step) | self._loaded(step))
        return self._known[step_id]

    def _imported(self, step: Step) -> set[str]:
        found: set[str] = set()
        told = self._steps[step.id]
        unknown = self._unknown_installs(step, told, found)
        for module, at in told.modules.items():
            top = module.partition(".")[0]
            if top in self._environment.standard or top == "__main__":
                continue
            owners = self._environment.owners_of(module)
            found.update(owners)
            if not owners and module not in told.optional:
                severity = Severity.WARNING if unknown else Severity.ERROR
                self._say(
                    "N2P551", severity, module,
                    f"`{top}` is imported, and belongs to no package that is installed for the notebook's kernel, nor "
                    f"to a file beside the notebook",
                    "install its package in the kernel's environment; put your own modules beside the notebook; or "
                    "build an image that has it, and name it: `image:REF`",
                    step, at,
                )  # fmt: skip
        for module in told.companions:
            found.update(self._environment.owners_of(module))
        return found

    def _unknown_installs(self, step: Step, told: StepImports, found: set[str]) -> bool:
        """True if the step installs something whose version isn't known; what is installed here is added to `found`."""
        unknown = False
        for item in told.installs:
            names = {_name_of(text): text for text in item.wanted}
            found.update(normal(name) for name in names if normal(name) in self._environment.distributions)
            left = [text for name, text in names.items() if normal(name) not in self._environment.distributions]
            if left or item.odd:
                unknown = True
                shown = ", ".join(f"`{printable(text)}`" for text in [*left, *item.odd])
                self._say(
                    "N2P553", Severity.WARNING, shown,
                    f"what this cell installs can't be pinned: {shown}; the pod installs it while it runs, in "
                    f"whatever version there is then",
                    "install it in the kernel's environment from an index, and remove the cell; or build an image "
                    "that has it",
                    step, item.at,
                )  # fmt: skip
        return unknown

    def _loaded(self, step: Step) -> set[str]:
        """What values of earlier steps are made of: that of their types if known, else all that their step has."""
        found: set[str] = set()
        for need in step.needs:
            for provider in need.providers:
                kind = self._types.known.get((provider, need.variable), "")
                if kind.startswith(_OWN_TYPES):
                    package = kind.partition(".")[0]
                    for module in (package, *self._types.made_of.get(package, ())):
                        found.update(self._environment.owners_of(module))
                elif kind not in _PLAIN_TYPES:
                    found |= self._known[provider]
        for order in step.orders:
            if order.resource is not None and order.resource.kind == "rng":
                found |= self._known[order.step]
        return found

    def judge(self, names: Iterable[str], who: str) -> None:
        """Say which of these distributions no index has, and which don't fit each other."""
        for name in names:
            distribution = self._environment.distributions[name]
            source = _oddity(distribution)
            if source:
                message = (
                    f"{who} needs `{printable(distribution.name)}` {printable(distribution.version)}, which is "
                    f"{_SOURCES[source]}: a pod can't install it"
                )
                self._say("N2P552", Severity.ERROR, name, message, _HINT_SOURCE)
            for message in distribution.misfits:
                hint = "`pip check` in the kernel's environment says the same; mend it there"
                self._say("N2P556", Severity.WARNING, message, message, hint)

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Each problem once."""
        return tuple(self._problems.values())

    def _say(
        self,
        code: str,
        severity: Severity,
        about: str,
        message: str,
        hint: str,
        step: Step | None = None,
        at: At | None = None,
    ) -> None:
        place = Location(
            self._pipeline.notebook, at.cell if at else None, at.line if at else None, step.id if step else None
        )
        self._problems.setdefault((code, about.partition(".")[0]), Diagnostic(code, severity, message, place, hint))


def _pins(environment: Environment, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(environment.distributions[name].pin for name in sorted(names))


def _oddity(distribution: Distribution) -> str:
    if distribution.source:
        return distribution.source
    if NAME.fullmatch(distribution.name) is None:
        return "name"
    return "" if VERSION.fullmatch(distribution.version) else "local"


# --- files and images ----------------------------------------------------------------------------------------------


def _files(
    pipeline: Pipeline, steps: Mapping[str, StepImports], folder: Path | None
) -> tuple[dict[str, tuple[BundleFile, ...]], list[Diagnostic]]:
    """The user's own modules: each file that is imported, and all of a package's."""
    found: dict[str, tuple[BundleFile, ...]] = {}
    problems: list[Diagnostic] = []
    for step in pipeline.steps:
        paths: dict[str, None] = {}
        for path in steps[step.id].own:
            top, slash, _ = path.partition("/")
            paths.update(dict.fromkeys(_of_package(folder, top) if slash and folder is not None else [path]))
        try:
            files = [BundleFile(path, (folder / path).read_bytes()) for path in sorted(paths)] if folder else []
        except OSError as error:
            where = Location(pipeline.notebook, step=step.id)
            message = f"a module that step `{step.name}` imports can't be read: {error.filename}: {error.strerror}"
            problems.append(Diagnostic("N2P557", Severity.ERROR, message, where))
            continue
        size = sum(len(file.content) for file in files)
        if size > MAX_OWN_BYTES:
            message = (
                f"your modules that step `{step.name}` imports have {size:,} bytes; at most {MAX_OWN_BYTES:,} travel"
            )
            hint = "take data out of the packages beside the notebook; or install them in an image: `image:REF`"
            problems.append(
                Diagnostic("N2P557", Severity.ERROR, message, Location(pipeline.notebook, step=step.id), hint)
            )
        elif files:
            found[step.id] = tuple(files)
    return found, problems


def _of_package(folder: Path, top: str) -> list[str]:
    """All files of a package beside the notebook, but for what Python and others leave there."""
    found = []
    for path in sorted((folder / top).rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in inside.parts):
            found.append(inside.as_posix())
    return found


def _images(pipeline: Pipeline, python: str) -> Iterator[Diagnostic]:
    """Images that steps name: their Python, where the name tells it, and what they must hold."""
    by_image: dict[str, list[Step]] = {}
    for step in pipeline.steps:
        if step.options.image is not None:
            by_image.setdefault(step.options.image, []).append(step)
    for image, steps in by_image.items():
        minor = image_python(image)
        who = ", ".join(f"`{step.name}`" for step in steps)
        if minor is not None and minor != python:
            message = (
                f"image `{image}` of {who} has Python {minor}, and the notebook's kernel {python}: values don't cross"
            )
            hint = f"take an image with Python {python}; or another kernel"
            yield Diagnostic("N2P554", Severity.ERROR, message, Location(pipeline.notebook), hint)
        message = (
            f"nothing is installed in image `{image}` of {who}: it must have what the step imports and what runs it"
        )
        yield Diagnostic(
            "N2P555", Severity.NOTE, message, Location(pipeline.notebook), "`nb2pipe image` writes a Dockerfile for it"
        )


def image_python(image: str) -> str | None:
    """The minor version of Python of an official image (`python:3.11-slim`); None for any other."""
    name, _, tag = image.partition("@")[0].rpartition(":")
    if name.rpartition("/")[2] != "python":
        return None
    parts = tag.partition("-")[0].split(".")
    return ".".join(parts[:2]) if len(parts) > 1 and all(part.isdigit() for part in parts[:2]) else None


# --- the kernel's environment --------------------------------------------------------------------------------------

_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def _name_of(requirement: str) -> str:
    match = _REQUIREMENT.match(requirement)
    return match[0] if match is not None else ""


def _ask(kernel: KernelCommand, modules: Sequence[str], names: Sequence[str]) -> probe.Answer:
    program = kernel.argv[0]
    if program == sys.executable and not kernel.env:
        return probe.look(list(modules), list(names))
    text = Path(probe.__file__).read_text("utf-8")
    asked = json.dumps({"modules": list(modules), "distributions": list(names)})
    try:
        done = subprocess.run(  # noqa: S603  # argv of an installed kernelspec, no shell
            [program, "-c", text],
            input=asked.encode(),
            env={**os.environ, **kernel.env},
            cwd=os.sep,  # not the notebook's folder: a file there may shadow modules
            capture_output=True,
            timeout=_LIMIT_S,
            check=False,
        )
        answer: probe.Answer = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise EnvironmentProblem.of(
            "N2P503",
            f"kernel `{kernel.name}` does not tell what is installed for it: {program}",
            hint="its environment is gone or damaged: install the kernel again; or use a lock file of `nb2pipe lock`",
        ) from error
    return answer


def _environment(answer: probe.Answer) -> Environment:
    told = answer["distributions"]
    python = ".".join(str(part) for part in answer["python"][:2])
    requirements = Requirements(python, told)
    return Environment(
        python,
        frozenset(answer["standard"]),
        {module: tuple(names) for module, names in answer["owners"].items() if names},
        {
            name: Distribution(
                item["name"], item["version"], requirements.of(name), item["source"], requirements.misfits(name)
            )
            for name, item in told.items()
        },
    )
