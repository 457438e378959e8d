"""What steps take, as their records tell it, and running out of memory, as such."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from nb2pipe import api
from nb2pipe.layout import StepDir
from nb2pipe.model import Role, RunState, Step, StepOptions
from nb2pipe.processes import usage
from nb2pipe.targets.local import memory, verdict
from nb2pipe.targets.local.request import Outcome
from nb2pipe.targets.local.verdict import Ending

GIB = 1 << 30
MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize(
    ("membership", "files", "limit", "kills"),
    [
        # version 2: the own group, one above it, a namespace whose root is the mount
        ("0::/a/b\n", {"a/b/memory.max": "1000\n", "a/memory.max": "max\n"}, 1000, 0),
        ("0::/a/b\n", {"a/b/memory.max": "max\n", "a/memory.max": "2000\n", "memory.events": "oom 3\noom_kill 2\n"}, 2000, 2),
        ("0::/\n", {"memory.max": "3000\n", "memory.events": "low 0\noom 1\noom_kill 1\noom_group_kill 0\n"}, 3000, 1),
        # version 1, also where only the root of the mount is seen
        ("9:name=systemd:/\n4:cpu,memory:/x\n0::/\n", {"memory/x/memory.limit_in_bytes": "4000", "memory/x/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n"}, 4000, 7),
        ("4:memory:/gone\n", {"memory/memory.limit_in_bytes": "5000"}, 5000, 0),
        ("4:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712"}, MACHINE, 0),
        # another controller's, a group outside, nonsense, nothing
        ("4:cpu:/x\n", {"cpu/x/memory.limit_in_bytes": "1", "memory/x/memory.max": "1"}, MACHINE, 0),
        ("0::/../x\n", {"memory.max": "1"}, MACHINE, 0),
        ("nonsense\n\n::::\n", {"memory.max": "1"}, MACHINE, 0),
        ("0::/\n", {"memory.max": "many", "memory.events": "oom_kill many\noom_kill"}, MACHINE, 0),
        ("", {}, MACHINE, 0),
    ],
)  # fmt: skip
def test_what_the_system_tells_of_memory(
    tmp_path: Path, membership: str, files: Mapping[str, str], limit: int, kills: int
) -> None:
    groups = tmp_path / "cgroup"
    for name, content in files.items():
        path = groups / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (tmp_path / "self").write_text(membership)
    assert memory.look(None, groups, tmp_path / "self") == memory.Memory(limit, kills)


def _said(outcome: Outcome, folder: Path) -> tuple[str, str | None]:
    found = verdict.judge(Step("s", "s", Role.STEP, (2,)), Ending(outcome, 0), StepDir(folder))
    assert found is not None
    return found.message, found.hint


@pytest.mark.parametrize(
    ("cell", "role", "where", "shown"),
    [
        (2, "cell", "; it was in cell 3", True),
        (None, "replay", "", True),
        (None, "begin", "; it was about to begin", False),
        (None, "load", "; its inputs were being loaded", False),
        (None, "end", "; its values were being stored", False),
    ],
)
def test_a_time_limit_shows_no_traceback_of_ours(
    tmp_path: Path, cell: int | None, role: str, where: str, shown: bool
) -> None:
    step = Step("s", "s", Role.STEP, (2,), options=StepOptions(timeout_s=2.0))
    outcome = Outcome("error", cell, role, "KeyboardInterrupt", traceback="a traceback")
    found = verdict.judge(step, Ending(outcome, 0, cell=cell, timed_out=True), StepDir(tmp_path))
    assert found is not None
    assert found.message == f"step `s` ran longer than its `timeout:` of 2s{where}"
    assert bool(found.traceback) == shown


KILLED = Outcome("dead", 2, "cell", exit_code=-9, peak_bytes=GIB, memory_bytes=4 * GIB)


@pytest.mark.parametrize(
    ("more", "message", "hint"),
    [
        ({}, "killed by SIGKILL in cell 3", "the system does this when memory runs out (it had had up to 1.0 of 4.0 GiB); else"),
        ({"peak_bytes": 3 * GIB}, "killed by SIGKILL in cell 3", "most likely memory ran out: it had had up to 3.0 of 4.0 GiB; use less"),
        ({"starved": True}, "killed by SIGKILL in cell 3: memory ran out", "the system killed a process of it, as memory ran out: "),
        ({"exit_code": -15, "peak_bytes": 3 * GIB}, "killed by SIGTERM in cell 3", None),
        ({"kind": "error", "ename": "MemoryError"}, "failed in cell 3: MemoryError", "memory ran out: it had had up to 1.0 of 4.0 GiB"),
        ({"kind": "error", "ename": "_ArrayMemoryError", "evalue": "Unable"}, "failed in cell 3: _ArrayMemoryError: Unable", "memory ran out: "),
        ({"kind": "error", "ename": "BrokenProcessPool", "starved": True}, "failed in cell 3: BrokenProcessPool", "the system killed a process of it"),
        ({"kind": "error", "ename": "ValueError"}, "failed in cell 3: ValueError", None),
    ],
)  # fmt: skip
def test_out_of_memory_is_said_as_such(
    tmp_path: Path, more: Mapping[str, object], message: str, hint: str | None
) -> None:
    data = {name: getattr(KILLED, name) for name in ("kind", "cell", "role", "exit_code", "peak_bytes", "memory_bytes")}
    said, advice = _said(Outcome(**{**data, **more}), tmp_path)  # type: ignore[arg-type]
    assert said.endswith(message)
    assert (advice is None) == (hint is None)
    assert (advice or "").startswith(hint or "")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="told by Linux only")
def test_usage_of_a_process_and_of_its_children() -> None:
    program = (
        "import subprocess, sys, time\n"
        "subprocess.run([sys.executable, '-c', 'import time\\nwhile time.process_time() < 0.5: pass'])\n"
        "x = bytearray(50_000_000)\n"
        "print('ready', flush=True)\n"
        "input()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        cpu_s, peak = usage([process.pid, 2**22 + 1])
        process.communicate(b"\n")
    assert 0.5 <= cpu_s < 5
    assert 50_000_000 < peak < 200_000_000
    assert usage([]) == (0.0, 0)


CELLS = {
    "a": "import time\nheld = bytearray(150_000_000)\nwhile time.process_time() < 1.5: pass\ng = (i for i in range(3))\ndel held",
    "b": "import subprocess, sys\nprint(next(g))\n"
    "subprocess.run([sys.executable, '-c', 'import time\\nwhile time.process_time() < 1: pass'])",
    "c": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))\nbytearray(1 << 32)",
    "d": "import os\nos.kill(os.getpid(), 9)",
}


@pytest.mark.kernel
@pytest.mark.timeout(300)
def test_the_record_tells_what_each_step_took(tmp_path: Path, write_steps: Callable[[Mapping[str, str]], Path]) -> None:
    """`a` and `b` share a process: each has its own."""
    path = write_steps(CELLS)
    started = api.run(path)
    list(started.events())
    a, b, c, d = api.run_record(tmp_path, started.id).steps
    assert [step.state for step in (a, b, c, d)] == [RunState.SUCCEEDED] * 2 + [RunState.FAILED] * 2
    assert 1.5 <= a.cpu_s < 10
    assert 150_000_000 < a.peak_bytes < 500_000_000
    assert 1 <= b.cpu_s < 5
    assert 0 < c.cpu_s < 10
    assert c.peak_bytes < 150_000_000
    assert c.error is not None
    assert "of 2.0 GiB" in (c.error.hint or "")
    assert d.cpu_s > 0
    assert d.peak_bytes > 1_000_000
