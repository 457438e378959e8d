"""What a kernel starts from: the runtime's files in the run's folder, and the command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nb2pipe.targets.local import runtime_files
from nb2pipe.targets.local.kernel_client import without_debugger

LAUNCH = "/run/runtime/nb2pipe/runtime/launch.py"
COMMANDS = {
    "ipykernel's own": (
        ("python", "-m", "ipykernel_launcher", "-f", "{connection_file}"),
        ["python", LAUNCH, "-f", "{connection_file}"],
    ),
    "with options of Python": (
        ("/env/bin/python", "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}", "--quiet"),
        ["/env/bin/python", "-Xfrozen_modules=off", LAUNCH, "-f", "{connection_file}", "--quiet"],
    ),
    "behind another program": (
        ("conda", "run", "-n", "env", "python", "-m", "ipykernel_launcher", "-f", "{connection_file}"),
        ["conda", "run", "-n", "env", "python", LAUNCH, "-f", "{connection_file}"],
    ),
    "another kernel's": (("xpython", "-f", "{connection_file}"), ["xpython", "-f", "{connection_file}"]),
    "another module's": (("python", "-m", "own_kernel", "ipykernel_launcher"), ["python", "-m", "own_kernel", "ipykernel_launcher"]),
}  # fmt: skip

COMPILED = """
import sys
compiled = []
sys.addaudithook(lambda event, arguments: compiled.append(arguments[1]) if event == "compile" else None)
import nb2pipe.runtime.step, nb2pipe.runtime.units, nb2pipe.runtime.replays
print(sys.modules["nb2pipe.runtime.step"].__file__, len([name for name in compiled if "nb2pipe" in str(name)]))
"""


@pytest.mark.parametrize("case", COMMANDS)
def test_the_command(case: str) -> None:
    """Only what starts ipykernel itself is another one."""
    argv, expected = COMMANDS[case]
    assert without_debugger(argv, Path("/run/runtime")) == expected


@pytest.mark.parametrize("stale", [False, True])
def test_a_kernel_compiles_only_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, stale: bool) -> None:
    """The copies are taken as they were compiled; a source that is another one is compiled again."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)  # whatever this machine's environment says
    runtime_files.copy(tmp_path)
    step = tmp_path / "nb2pipe" / "runtime" / "step.py"
    if stale:
        step.write_text(step.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", COMPILED], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(step), str(int(stale))]
    modes = {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes == {0o600, 0o700}
