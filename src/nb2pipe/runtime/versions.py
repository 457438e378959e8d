"""Names of modules in, versions out; and what to say if values were stored with other ones."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata

_OURS = frozenset({"nb2pipe", "__main__", "__mp_main__", ""})


class OtherVersions(Exception):
    """Values were stored with another Python or package than is here. The message is one line for people."""


def of(modules: Iterable[str]) -> dict[str, str]:
    """Python's minor version, and the version of each package that has one and is no part of Python."""
    tops = {module.partition(".")[0] for module in modules} - _OURS - sys.stdlib_module_names
    found = {"python": ".".join(map(str, sys.version_info[:2]))}
    for top in sorted(tops):
        version = _version(top)
        if version is not None:
            found[top] = version
    return found


def check(names: Iterable[str], stored: Mapping[str, str]) -> None:
    """Raises OtherVersions unless Python and the packages of `stored` are here, with the same versions."""
    for package, version in sorted(stored.items(), key=lambda item: (item[0] != "python", item[0])):
        here = ".".join(map(str, sys.version_info[:2])) if package == "python" else _imported(package)
        if here == version:
            continue
        shown = ", ".join(f"`{name}`" for name in sorted(names))
        label = "Python" if package == "python" else package
        what = f"{label} is not installed" if here is None else f"is {label} {here}"
        fix = (
            "use one kernel for all steps"
            if package == "python"
            else f"install {package}=={version}, or use one version"
        )
        raise OtherVersions(
            f"{shown} was stored with {label} {version}, here {what}: {fix} and run the steps that made it again"
        )


def _imported(package: str) -> str | None:
    try:
        importlib.import_module(package)
    except ImportError:
        return None
    return _version(package)


def _version(package: str) -> str | None:
    version = getattr(sys.modules.get(package), "__version__", None)
    return version if isinstance(version, str) else _installed(package)


@functools.cache
def _installed(package: str) -> str | None:
    """As the package's own metadata tell. Looking for them takes a while."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
