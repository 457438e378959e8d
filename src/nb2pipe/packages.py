"""What steps import and what is installed for it, as data; a lock file's text in and out. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field

from nb2pipe.model import At, BundleFile
from nb2pipe.records import dataclass

RUNTIME = ("papermill", "ipykernel", "cloudpickle")
"""What each pod needs besides what the step imports."""

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?")
VERSION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.!_-]{0,98}[A-Za-z0-9])?")  # with no `+`: no index has local versions


@dataclass(frozen=True)
class Install:
    """`pip install ...` in a cell: `wanted` are the requirements, `odd` what isn't one (files, folders, addresses)."""

    at: At
    wanted: tuple[str, ...]
    odd: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepImports:
    """What a step's cells and replayed definitions import: dotted names with the place of the first import.

    `optional`: those that the code is ready to do without. `companions`: modules that a library imports if they are
    there, and that the step's results may hang on. `own`: files of the user's modules, as paths below the notebook's
    folder.
    """

    modules: Mapping[str, At] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    companions: frozenset[str] = frozenset()
    own: tuple[str, ...] = ()
    installs: tuple[Install, ...] = ()


@dataclass(frozen=True)
class Distribution:
    """An installed distribution.

    `requires`: names, in PEP 503's form, of what it requires on Linux. `source`: empty if it came from an index.
    `misfits`: what it requires and what is installed isn't, as sentences.
    """

    name: str
    version: str
    requires: tuple[str, ...] = ()
    source: str = ""
    misfits: tuple[str, ...] = ()

    @property
    def pin(self) -> str:
        """As pip reads it."""
        return f"{self.name}=={self.version}"


@dataclass(frozen=True)
class Environment:
    """What is installed where a kernel runs, as far as somebody asked. `python`: `3.11`.

    `owners`: module to the distributions that it belongs to. `distributions`: by name in PEP 503's form.
    """

    python: str
    standard: frozenset[str] = frozenset()
    owners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    distributions: Mapping[str, Distribution] = field(default_factory=dict)

    def owners_of(self, module: str) -> tuple[str, ...]:
        """The distributions of a module: those of the longest part of its dotted name that is known."""
        parts = module.split(".")
        for length in range(len(parts), 0, -1):
            found = self.owners.get(".".join(parts[:length]))
            if found is not None:
                return found
        return ()

    def with_required(self, names: Iterable[str]) -> tuple[str, ...]:
        """These distributions and all that they require, as far as they are installed; sorted."""
        found: set[str] = set()
        waiting = [normal(name) for name in names]
        while waiting:
            name = waiting.pop()
            if name not in found and name in self.distributions:
                found.add(name)
                waiting += self.distributions[name].requires
        return tuple(sorted(found))


@dataclass(frozen=True)
class Packages:
    """What pods get. `steps`: pins besides `runtime`, by step; none for a step with an image of its own.

    `image` is the one of steps that name none. `whole`: steps that name an image, in which nothing is installed.
    `files`: the user's own modules that travel with a step.
    """

    python: str
    image: str
    runtime: tuple[str, ...]
    steps: Mapping[str, tuple[str, ...]]
    whole: frozenset[str] = frozenset()
    files: Mapping[str, tuple[BundleFile, ...]] = field(default_factory=dict)

    def of(self, steps: Iterable[str]) -> tuple[str, ...]:
        """What a pod installs that runs these steps; nothing if it runs none, or in an image of its own."""
        ids = list(steps)
        if not ids or self.whole.intersection(ids):
            return ()
        pins = {pin for step in ids for pin in self.steps.get(step, ())}
        return tuple(sorted({*self.runtime, *pins}, key=str.casefold))

    @property
    def all_pins(self) -> tuple[str, ...]:
        """Of the runtime and all steps."""
        return tuple(sorted({*self.runtime, *(pin for pins in self.steps.values() for pin in pins)}, key=str.casefold))


def normal(name: str) -> str:
    """A distribution's name in PEP 503's form."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


# --- the lock file -------------------------------------------------------------------------------------------------

_PYTHON = "# python: "
_STANDARD = "# of Python itself: "
_LINE = re.compile(r"(?P<name>[^=\s]+)==(?P<version>\S+)(?:  # (?P<told>.*))?")
_IMPORTS, _NEEDS = "imports ", "needs "


def lock_text(notebook: str, environment: Environment) -> str:
    """A requirements file for pip whose comments say what each line is for. Same environment, same text."""
    lines = [
        f"# What the steps of {notebook} import, and what nb2pipe needs to run them, as installed for its kernel.",
        "# Made by `nb2pipe lock`; `nb2pipe compile` and `nb2pipe image` take the versions from here.",
        f"{_PYTHON}{environment.python}",
    ]
    if environment.standard:
        lines.append(f"{_STANDARD}{', '.join(sorted(environment.standard))}")
    imported: dict[str, list[str]] = {}
    for module, names in _short(environment.owners).items():
        for name in names:
            imported.setdefault(name, []).append(module)
    for name in sorted(environment.distributions):
        distribution = environment.distributions[name]
        needs = sorted(set(distribution.requires) & environment.distributions.keys())
        told = [f"{_IMPORTS}{', '.join(sorted(imported[name]))}"] if name in imported else []
        told += [f"{_NEEDS}{', '.join(needs)}"] if needs else []
        lines.append(distribution.pin + (f"  # {'; '.join(told)}" if told else ""))
    return "\n".join(lines) + "\n"


def read_lock(text: str) -> Environment:
    """The environment that a lock file tells of. Raises ValueError with the number of a line that can't be read."""
    python, standard = "", frozenset[str]()
    owners: dict[str, tuple[str, ...]] = {}
    distributions: dict[str, Distribution] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(_PYTHON):
            python = line.removeprefix(_PYTHON).strip()
        elif line.startswith(_STANDARD):
            standard = frozenset(line.removeprefix(_STANDARD).split(", "))
        elif line.strip() and not line.startswith("#"):
            match = _LINE.fullmatch(line.rstrip())
            if match is None or not NAME.fullmatch(match["name"]) or not VERSION.fullmatch(match["version"]):
                raise ValueError(number)
            told = (match["told"] or "").split("; ")
            needs = [item for part in told if part.startswith(_NEEDS) for item in part[len(_NEEDS) :].split(", ")]
            name = normal(match["name"])
            distributions[name] = Distribution(match["name"], match["version"], tuple(needs))
            for part in told:
                for module in part[len(_IMPORTS) :].split(", ") if part.startswith(_IMPORTS) else ():
                    owners[module] = (*owners.get(module, ()), name)
    if not re.fullmatch(r"3\.\d{1,3}", python):
        raise ValueError(1)
    return Environment(python, standard, owners, distributions)


def _short(owners: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The same with one entry for each top-level module, where all of its parts belong to one distribution."""
    by_top: dict[str, set[tuple[str, ...]]] = {}
    for module, names in owners.items():
        if names:
            by_top.setdefault(module.partition(".")[0], set()).add(names)
    found: dict[str, tuple[str, ...]] = {}
    for module, names in sorted(owners.items()):
        top = module.partition(".")[0]
        if names:
            found[top if len(by_top[top]) == 1 else module] = names
    return found
