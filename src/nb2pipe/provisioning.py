"""A notebook in; out, what its steps have to install on a cluster: as pins, as a lock file, as a Dockerfile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nb2pipe import analysis
from nb2pipe.analyzing import Analyzed
from nb2pipe.errors import BadInput, EnvironmentProblem
from nb2pipe.model import Diagnostic, Kernel, Pipeline, Severity
from nb2pipe.notebook.values import OPTIONS
from nb2pipe.packages import Environment, Packages, lock_text, read_lock
from nb2pipe.records import dataclass

if TYPE_CHECKING:
    from nb2pipe.targets.kfp.packages import Types
    from nb2pipe.targets.local.kernels import KernelCommand

_MAX_LOCK_BYTES = 1_000_000


@dataclass(frozen=True)
class Provisions:
    """What pods need. `environment` is what they were taken from; `locked`: from the lock file, not from the kernel."""

    packages: Packages
    environment: Environment
    diagnostics: tuple[Diagnostic, ...]
    locked: bool

    def sound(self) -> Packages:
        """The packages. Raises BadInput with all errors."""
        errors = [item for item in self.diagnostics if item.severity is Severity.ERROR]
        if errors:
            raise BadInput(errors)
        return self.packages


def lock_path(source: Path) -> Path:
    """Where a notebook's lock file is: `NAME.lock.txt` beside it."""
    return source.with_name(f"{source.stem}.lock.txt")


def with_image(pipeline: Pipeline, image: str) -> Pipeline:
    """The pipeline with this image for the steps that name none. Raises BadInput (N2P120) for what is none."""
    try:
        OPTIONS["image"].setting(image)
    except ValueError as error:
        raise BadInput.of("N2P120", f"`--image` has a wrong value; allowed: {error}") from error
    steps = tuple(
        step if step.options.image else replace(step, options=replace(step.options, image=image))
        for step in pipeline.steps
    )
    return replace(pipeline, steps=steps)


def provisions(
    source: Path | None,
    analyzed: Analyzed,
    pipeline: Pipeline,
    *,
    kernel: str | None = None,
    from_lock: bool = True,
) -> Provisions:
    """What the steps import, with the versions of the lock file, or of the kernel where there is none.

    Without a path there is no lock file, and no module beside the notebook. Raises BadInput for a lock file that can't
    be read (N2P558), EnvironmentProblem for a kernel that is missing.
    """
    from nb2pipe.targets.kfp import packages

    folder = source.resolve().parent if source is not None else None
    imports = analysis.imports(analyzed.notebook, pipeline, folder)
    locked = _locked(source) if source is not None and from_lock else None
    environment = locked or packages.installed(_kernel(pipeline.kernel, kernel), imports.values())
    found, problems = packages.resolve(pipeline, imports, environment, types_of(analyzed), folder)
    if locked is not None and source is not None:
        problems = tuple(_of_lock(item, lock_path(source)) for item in problems)
    return Provisions(found, environment, problems, locked is not None)


@dataclass(frozen=True)
class Written:
    """A lock file or a Dockerfile, the packages in it, and what to know about it."""

    text: str
    packages: Packages
    diagnostics: tuple[Diagnostic, ...]


def lock(source: Path, analyzed: Analyzed, pipeline: Pipeline, *, kernel: str | None = None) -> Written:
    """The notebook's lock file, by what is installed for its kernel now. Raises as `provisions` and `sound` do."""
    found = provisions(source, analyzed, _without_images(pipeline), kernel=kernel, from_lock=False)
    return Written(lock_text(source.name, found.environment), found.sound(), found.diagnostics)


def dockerfile(
    source: Path, analyzed: Analyzed, pipeline: Pipeline, *, kernel: str | None = None, base: str | None = None
) -> Written:
    """A Dockerfile of an image that has all that the notebook's steps need. Raises as `provisions` and `sound` do.

    `base`: the image to begin with, in place of Python's own.
    """
    from nb2pipe.targets.kfp import images

    found = provisions(source, analyzed, _without_images(pipeline), kernel=kernel)
    return Written(images.dockerfile(source.name, found.sound(), base), found.packages, found.diagnostics)


def _without_images(pipeline: Pipeline) -> Pipeline:
    """A lock file and an image are for all steps, whatever they run in now."""
    steps = tuple(replace(step, options=replace(step.options, image=None)) for step in pipeline.steps)
    return replace(pipeline, steps=steps)


def _kernel(kernel: Kernel, override: str | None) -> KernelCommand:
    from nb2pipe.targets.local import kernels

    return kernels.find(kernel, override)


def types_of(analyzed: Analyzed) -> Types:
    """The types of variables that cross, where the code shows them."""
    from nb2pipe.targets.kfp.packages import Types

    known = {
        (item.source[0], name): item.type
        for item in analyzed.crossings
        if item.how == "value" and len(item.source) == 1 and item.type and not item.together
        for name in item.names
    }
    return Types(known, analysis.always())


def _locked(source: Path) -> Environment | None:
    """What the lock file tells; None if there is none."""
    path = lock_path(source)
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_LOCK_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EnvironmentProblem.of("N2P605", f"{path} can't be read: {error.strerror or error}") from error
    try:
        return read_lock(content.decode())
    except ValueError as error:
        line = f" line {error.args[0]}" if error.args and isinstance(error.args[0], int) else ""
        raise BadInput.of(
            "N2P558",
            f"{path}{line}: this is no lock file of nb2pipe",
            hint="make it anew: `nb2pipe lock`; or remove it: then the kernel's versions are taken",
        ) from error


def _of_lock(problem: Diagnostic, path: Path) -> Diagnostic:
    """A module that the lock file doesn't have was imported after it was made."""
    if problem.code != "N2P551":
        return problem
    message = problem.message.partition(",")[0] + f", and {path.name} has no package for it"
    return replace(problem, code="N2P558", message=message, hint="make the lock file anew: `nb2pipe lock`")
