"""Requirements in; they are installed in this pod, or it is said why not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata

from nb2pipe.model import StepError
from nb2pipe.targets.kfp.pod.saying import say

_SHOWN = 5


def install(pins: Sequence[str]) -> bool:
    """True if all are there in the end. What is there already is not asked for: an image may have it."""
    lacking = [pin for pin in pins if not _is_there(pin)]
    if not lacking:
        return True
    quietly = ("--quiet", "--no-input", "--disable-pip-version-check", "--no-warn-script-location")
    command = [sys.executable, "-m", "pip", "install", *quietly, *lacking]
    environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False)  # noqa: S603  # no shell
    if done.returncode == 0:
        return True
    shown = ", ".join(lacking[:_SHOWN]) + (f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else "")
    message = f"this pod can't install what its step imports: {shown}; pip's own words stand above"
    hint = "give the pod an index that has them (PIP_INDEX_URL), or an image: `nb2pipe image` writes a Dockerfile"
    say(StepError("start", message, hint=hint), "")
    return False


def _is_there(pin: str) -> bool:
    name, _, version = pin.partition("==")
    try:
        return metadata.version(name) == version
    except metadata.PackageNotFoundError:
        return False
