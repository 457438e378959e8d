"""Values are loaded by the Python and the packages that they were stored with, or refused by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = """
import pathlib, sys
from nb2pipe.runtime import units
store, folder, code = pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4]
sys.path.insert(0, folder)
main = sys.modules["__main__"].__dict__
if sys.argv[1] == "save":
    exec(code, main)
    print(units.save({"x": main["x"]}, store, main, {})[0]["x"].object)
else:
    try:
        (unit,) = units.load({"x": sys.argv[5]}, store, main, None)
        print("loaded")
    except units.OtherVersions as error:
        print(error)
"""

CASES = {
    "an instance": ("import made\nx = made.Thing()", True),
    "a function, deep inside": ("import made\nx = {'f': [made.do]}", True),
    "the module itself": ("import made\nx = [made]", True),
    "a class of the notebook on top of it": ("import made\nclass A(made.Thing): pass\nx = A()", True),
    "something else": ("import made\nx = [made.do()]", False),
    "a standard class": ("import made, collections\nx = collections.Counter('ab')", False),
}


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("case", CASES)
def test_a_package_of_another_version(tmp_path: Path, case: str) -> None:
    code, refused = CASES[case]
    source = "__version__ = {!r}\nclass Thing: pass\ndef do(): return 1\n"
    for version in ("1.0", "2.0"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "made.py").write_text(source.format(version), encoding="utf-8")
    store = str(tmp_path / "store")
    stored = run("save", store, str(tmp_path / "1.0"), code)
    assert run("load", store, str(tmp_path / "1.0"), "", stored) == "loaded"
    told = run("load", store, str(tmp_path / "2.0"), "", stored)
    if not refused:
        assert told == "loaded"
        return
    assert told.startswith("`x` was stored with made 1.0, here is made 2.0: install made==1.0")
    told = run("load", store, str(tmp_path / "none"), "", stored)
    assert told.startswith("`x` was stored with made 1.0, here made is not installed: install made==1.0")
