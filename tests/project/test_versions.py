"""One version, in the four places that need it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import nb2pipe

ROOT = Path(__file__).resolve().parents[2]


def test_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["version"]
    panel = re.findall(r"VERSION = '([^']+)'", (ROOT / "labextension/src/version.ts").read_text(encoding="utf-8"))
    assert [project, package, *panel] == [nb2pipe.__version__] * 3
