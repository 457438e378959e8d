"""Code of two processes in; values that the first one stores are loaded by the second one, which asserts by itself."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

DRIVER = """
import sys, pathlib, json
from nb2pipe.runtime import units
store, code, names = pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4].split(",")
main = sys.modules["__main__"].__dict__
if sys.argv[1] == "save":
    exec(code, main)
    stored, failed = units.save({name: main[name] for name in names}, store, main, {})
    print(json.dumps([{name: value.object for name, value in stored.items()}, {name: value.reason for name, value in failed.items()}]))
else:
    for unit in units.load(json.loads(sys.argv[5]), store, main, lambda ref: None):
        main.update(unit.members)
    if "pandas" in sys.modules:
        main["new"] = int(sys.modules["pandas"].__version__[0]) > 2
    exec(code, main)
"""


def cross(tmp_path: Path, first: str, names: str, second: str) -> tuple[dict[str, str], dict[str, str]]:
    """Run `first`, store `names`, load what could be stored in a second process and run `second` there."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", DRIVER, *arguments], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    stored, failed = json.loads(run("save", str(tmp_path), textwrap.dedent(first), names).splitlines()[-1])
    run("load", str(tmp_path), textwrap.dedent(second), names, json.dumps(stored))
    return stored, failed
