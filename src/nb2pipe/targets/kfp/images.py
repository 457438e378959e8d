"""The packages of a notebook's steps in; out, a Dockerfile of an image in which a pod installs nothing at start.

Everything that varies stands in a JSON array or is matched in full before: no shell reads it.
"""

from __future__ import annotations

import json
import re

from nb2pipe.errors import BadInput
from nb2pipe.packages import Packages

_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}")
_PIN = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!_-]+")


def dockerfile(notebook: str, packages: Packages, base: str | None = None) -> str:
    """The text. Raises BadInput (N2P120) for a base image that is none, N2P554 for one with another Python."""
    from nb2pipe.targets.kfp.packages import image_python

    image = base or packages.image
    if _IMAGE.fullmatch(image) is None:
        raise BadInput.of(
            "N2P120", f"`{ascii(image)[1:-1]}` is no image reference", hint=f"for example `{packages.image}`"
        )
    minor = image_python(image)
    if minor is not None and minor != packages.python:
        raise BadInput.of(
            "N2P554",
            f"image `{image}` has Python {minor}, and the notebook's kernel {packages.python}: values don't cross",
            hint=f"begin with `python:{packages.python}`, or one of its variants",
        )
    pins = [pin for pin in packages.all_pins if _PIN.fullmatch(pin)]
    install = ["python3", "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check"]
    words = [", ".join(map(json.dumps, install)), *map(json.dumps, pins)]
    lines = ", \\\n     ".join(words)  # an instruction ends with its line
    return "\n".join(
        [
            f"# What the steps of {_comment(notebook)} need. Made by `nb2pipe image`.",
            f"FROM {image}",
            "ENV PIP_ROOT_USER_ACTION=ignore",
            f"RUN [{lines}]",
            "",
        ]
    )


def _comment(text: str) -> str:
    """One line of printable ASCII."""
    return "".join(char if char.isascii() and char.isprintable() else "?" for char in text)
