"""What installed distributions say that they require in; out, what that is on Linux, and what doesn't fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from nb2pipe.packages import normal

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from nb2pipe.environment import Told


class Requirements:
    """The requirements of these distributions, in the containers of a cluster: Linux, CPython `python`."""

    def __init__(self, python: str, told: Mapping[str, Told]) -> None:
        self._told = told
        self._lines: dict[str, list[Requirement]] = {}
        self._linux = {
            "python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux", "os_name": "posix",
            "platform_system": "Linux", "platform_machine": "x86_64", "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
        }  # fmt: skip

    def of(self, name: str) -> tuple[str, ...]:
        """The names of what it requires, with what the extras that it asks for require."""
        found: set[str] = set()
        for wanted in self._applied(name, ""):
            found.add(normal(wanted.name))
            for extra in wanted.extras:
                found.update(normal(item.name) for item in self._applied(normal(wanted.name), extra))
        return tuple(sorted(found - {name}))

    def misfits(self, name: str) -> tuple[str, ...]:
        """What is installed and isn't what it requires: pip would refuse both pins together."""
        own = self._told[name]
        found = []
        for wanted in self._applied(name, ""):
            there = self._told.get(normal(wanted.name))
            if there is not None and not wanted.specifier.contains(there["version"], prereleases=True):
                found.append(
                    f"{own['name']}=={own['version']} requires {wanted.name}{wanted.specifier}, and "
                    f"{there['name']}=={there['version']} is installed"
                )
        return tuple(found)

    def _applied(self, name: str, extra: str) -> Iterator[Requirement]:
        """With an extra: those that only it adds."""
        from packaging.markers import UndefinedEnvironmentName

        for wanted in self._parsed(name):
            asks = "extra" in str(wanted.marker or "")
            if asks is not bool(extra):
                continue
            try:
                if wanted.marker is None or wanted.marker.evaluate({**self._linux, "extra": extra}):
                    yield wanted
            except UndefinedEnvironmentName:
                continue

    def _parsed(self, name: str) -> list[Requirement]:
        from packaging.requirements import InvalidRequirement, Requirement

        if name not in self._lines:
            self._lines[name] = []
            for line in self._told[name]["requires"] if name in self._told else ():
                try:
                    self._lines[name].append(Requirement(line))
                except InvalidRequirement:
                    continue  # older tools wrote what is no requirement by now: pip leaves it out too
        return self._lines[name]
