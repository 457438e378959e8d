"""One kind of fault per function: a machine's patience and a source of chance in, what was met out. Wrong is raised."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from harness import CELLS, Expected, FrontEnds, Place, Wrong, expect, fault, place
from power import cut, sync_all

from nb2pipe.model import RunState
from nb2pipe.runs import store

ROLES = ("front end", "guard", "supervisor", "worker", "kernel")
Told = Mapping[str, Any]
"""What a case met, for the figures."""


# --- kills -----------------------------------------------------------------------------------------------------------


def kill(ends: FrontEnds, expected: Expected, chance: random.Random, **options: Any) -> Told:
    """SIGKILL to one of a run's processes, or to several, at any time; perhaps once more in the run after it."""
    with place(ends, **options) as here:
        victims: list[str] = []
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            run = here.start()
            time.sleep(chance.random() * expected.wall_s * 0.95)
            family = processes(here, run.pid)
            role = chance.choice([*family, "all"]) if family else "none"
            for pid in [*family.values()] if role == "all" else [family[role]] if role in family else []:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            victims.append(role)
            run.wait()
            here.settle()
        done = len(here.told())
        ran = here.mended(expected, again=chance.random() < 0.2)
        return {"victims": victims, "steps done before": done, "ran": ran.total()}


def processes(here: Place, front_end: int) -> dict[str, int]:
    """By role: the live processes of a run."""
    parents = {}
    for pid in here.processes():
        with contextlib.suppress(OSError, ValueError, IndexError):
            parents[pid] = int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    found = {"front end": front_end} if front_end in parents else {}
    guard = next((pid for pid in parents if _is_guard(pid, parents)), None)
    for role in ROLES[1:]:
        if guard is None:
            break
        found[role] = guard
        guard = next((pid for pid, parent in parents.items() if parent == guard), None)
    return found


def _is_guard(pid: int, parents: Mapping[int, int]) -> bool:
    try:
        lines = [Path(f"/proc/{item}/cmdline").read_bytes() for item in (pid, parents[pid])]
    except OSError:
        return False
    return b"local.supervisor" in lines[0] and b"local.supervisor" not in lines[1]


# --- file operations -------------------------------------------------------------------------------------------------

RUNTIME = "/runtime/"  # nb2pipe's own files for the kernels: a hundred calls that are all alike
HOWS = ("cut", "kill", "eio", "full", "enospc")


def operation(ends: FrontEnds, expected: Expected, how: str, at: int, skip: str, before: int = 0) -> Told:
    """The fault at one call. `before`: the run comes after one that ended well and an edit, which is undone later."""
    with place(ends) as here:
        if before:
            here.run()
            here.edit("n = 50", "n = 60")
            here.run()
            here.edit("n = 60", "n = 50")
            (here.folder / "report.txt").write_text("touched", encoding="utf-8")
        made = fault(here, how, at, skip)
        run = here.start(environ=made.environ)
        code = run.wait()
        expect("internal error" not in run.printed(), f"{made.hit()}: {run.printed()}")
        expect("Traceback" not in run.printed(), f"{made.hit()}: {run.printed()}")
        try:
            ran = here.mended(expected)
        except Wrong as wrong:
            raise Wrong(f"{how} at call {at} ({made.hit()}), which ended with {code}: {wrong}") from wrong
        return {"hit": made.hit(), "code": code, "ran": ran.total()}


def power(ends: FrontEnds, expected: Expected, at: float, chance: random.Random, before: int = 0) -> Told:
    """The power is cut at this part of the calls, and what was not synced is there, or not, or in part."""
    with place(ends) as here:
        if before:
            here.run()
            here.edit("n = 50", "n = 60")
            here.run()
            here.edit("n = 60", "n = 50")
        shadow = here.path / "shadow"
        sync_all(here.disk, shadow)
        made = fault(here, "cut", 1 + int(at * calls(ends, RUNTIME, before)), RUNTIME)
        run = here.start(environ={**made.environ, "SHADOW": str(shadow)})
        code = run.wait()
        here.settle()
        cut(here.disk, shadow, chance)
        shutil.rmtree(here.tmp)
        here.tmp.mkdir()  # as the next start of a machine leaves it
        try:
            ran = here.mended(expected)
        except Wrong as wrong:
            raise Wrong(f"power cut at call {made.at} ({made.hit()}), which ended with {code}: {wrong}") from wrong
        return {"hit": made.hit(), "code": code, "ran": ran.total()}


@cache
def calls(ends: FrontEnds, skip: str, before: int = 0) -> int:
    """How many calls an undisturbed run makes; `before`: one that takes results of earlier ones."""
    with place(ends) as here:
        for text in ("n = 60", "n = 50") if before else ():
            here.run()
            here.edit("n = 50" if text == "n = 60" else "n = 60", text)
        made = fault(here, "none", 0, skip)
        here.run(environ=made.environ)
        return made.calls()


# --- disks -----------------------------------------------------------------------------------------------------------

DISK_BYTES = 8 << 20


@contextlib.contextmanager
def small_disk(parent: Path) -> Iterator[Path]:
    """A file system of eight MiB. Raises OSError where it can't be mounted."""
    where = parent / "small"
    where.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(where)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        raise OSError("mounting needs root")
    try:
        yield where
    finally:
        subprocess.run(["umount", "-l", str(where)], check=True)


def full_disk(ends: FrontEnds, expected: Expected, leave_bytes: int) -> Told:
    """So much room is left for the run's directory; then there is room again."""
    with place(ends) as here, small_disk(here.path) as disk:
        here.root_path = disk / "runs"
        (disk / "filler").write_bytes(b"0" * max(0, room(disk) - leave_bytes))
        run = here.start()
        started = time.monotonic()
        code = run.wait()
        took_s = time.monotonic() - started
        expect("internal error" not in run.printed() and "Traceback" not in run.printed(), run.printed())
        expect(code in (0, 1, 3), f"with {leave_bytes} bytes left, `run` ended with {code}: {run.printed()}")
        told = code == 0 or "No space left" in run.printed()
        expect(told, f"with {leave_bytes} bytes left, nothing is said of the disk: {run.printed()}")
        (disk / "filler").unlink()
        done = len(here.told())
        ran = here.mended(expected)
        return {"left": leave_bytes, "code": code, "took_s": round(took_s, 2), "done": done, "ran": ran.total()}


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing below the folder can be written. Raises OSError where that can't be brought about."""
    for command in (["--bind", str(folder), str(folder)], ["-o", "remount,bind,ro", str(folder)]):
        if subprocess.run(["mount", *command], capture_output=True, check=False).returncode != 0:
            raise OSError("mounting needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def room(disk: Path) -> int:
    """Free bytes."""
    status = os.statvfs(disk)
    return status.f_bavail * status.f_frsize


def room_needed(ends: FrontEnds) -> int:
    """What a run of the notebook takes of the disk."""
    with place(ends) as here, small_disk(here.path) as disk:
        here.root_path = disk / "runs"
        before = room(disk)
        here.run()
        return before - room(disk)


# --- kernels that die ------------------------------------------------------------------------------------------------

DEATHS: Mapping[str, tuple[str, str]] = {
    "SIGKILL": ("os.kill(os.getpid(), 9)", "killed by SIGKILL"),
    "SIGTERM": ("signal.signal(15, signal.SIG_DFL); os.kill(os.getpid(), 15)", "killed by SIGTERM"),
    "SIGABRT": ("os.abort()", "killed by SIGABRT"),
    "SIGSEGV": ("ctypes.string_at(0)", "killed by SIGSEGV"),
    "memory": (
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28)); held = [bytearray(1 << 20) for _ in range(10**6)]",
        "MemoryError",
    ),
    "exit": ("os._exit(3)", "ended by itself with exit code 3"),
}
"""Name -> what the cell does; what has to be said."""

CALAMITY = "import ctypes\nimport os\nimport re\nimport resource\nimport signal\nimport subprocess\nimport time"


def with_calamity(calamities: Mapping[str, str], *, kernels: bool) -> tuple[tuple[str, str], ...]:
    """The notebook; its step `odd` does that which the environment variable CALAMITY names. Short for real kernels."""
    lines = ["calamity = os.environ.get('CALAMITY')"]
    for name, source in calamities.items():
        body = "\n".join(f"    {line}" for line in source.splitlines())
        lines.append(f"if calamity == {name!r}:\n    open('there', 'w').close()\n{body}")
    left_out = ("bulk", "total", "report") if kernels else ()
    made = []
    for tag, text in CELLS:
        if tag == "imports":
            made.append((tag, f"{text}\n{CALAMITY}"))
        elif tag == "odd":
            made.append((tag, "\n".join([*lines, text])))
        elif tag not in left_out:
            made.append((tag, text))
    return (*made, ("last", "print('last', len(odd))")) if kernels else tuple(made)


def death(ends: FrontEnds, name: str, *, kernels: bool) -> Told:
    """The kernel dies in a cell: said within five seconds, with the cell and the signal."""
    said = DEATHS[name][1]
    cells = with_calamity({key: source for key, (source, _) in DEATHS.items()}, kernels=kernels)
    expected = expected_of(ends, cells, kernels=kernels)
    with place(ends, cells=cells, kernels=kernels) as here:
        run = here.start(environ={"CALAMITY": name})
        _wait_for(here.folder / "there", ends)
        started = time.monotonic()
        code = run.wait()
        took_s = time.monotonic() - started
        expect(code == 1, f"ended with {code}: {run.printed()}")
        expect(took_s < max(5.0, ends.patience_s / 6), f"took {took_s:.1f} s")
        error = next(step.error for step in store.load(here.root.path).steps if step.name == "odd")
        expect(error is not None and said in error.message, f"{error} does not say: {said}")
        expect(error is not None and error.cell == 4, f"{error} does not name cell 5")
        (here.folder / "there").unlink()
        ran = here.mended(expected)
        expect("odd" in ran, f"the step that died did not run again: {ran}")
        return {"death": name, "took_s": round(took_s, 2), "ran": ran.total()}


_EXPECTED: dict[Any, Expected] = {}


def expected_of(ends: FrontEnds, cells: tuple[tuple[str, str], ...], **options: Any) -> Expected:
    """What an undisturbed run of these cells leaves."""
    from harness import undisturbed

    key = (cells, *options.items())
    if key not in _EXPECTED:
        _EXPECTED[key] = undisturbed(ends, cells=cells, **options)
    return _EXPECTED[key]


def _wait_for(path: Path, ends: FrontEnds) -> None:
    deadline = time.monotonic() + max(60.0, ends.patience_s)
    while not path.exists():
        expect(time.monotonic() < deadline, f"{path.name} never came")
        time.sleep(0.005)


# --- cancels ---------------------------------------------------------------------------------------------------------

STUBBORN: Mapping[str, str] = {
    "sleeping": "time.sleep(300)",
    "holding": "re.match(r'(a+)+$', 'a' * 60 + 'b')",
    "ignoring": "signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: time.sleep(1)",
    "forking": "for _ in range(3):\n    subprocess.Popen(['sleep', '300'])\ntime.sleep(300)",
    "leaving": (
        "for _ in range(3):\n    subprocess.Popen(['setsid', 'sh', '-c', 'sleep 300 & sleep 301'], start_new_session=True)\n"
        "time.sleep(300)"
    ),
    "deaf": (
        "for number in (1, 2, 3, 15):\n    signal.signal(number, signal.SIG_IGN)\n"
        "if os.fork() == 0:\n    os.setsid()\n    while True: time.sleep(1)\nwhile True: pass"
    ),
}
BYS = ("SIGINT", "SIGTERM", "SIGHUP", "cancel", "SIGKILL")


def cancel(ends: FrontEnds, name: str, by: str, *, kernels: bool) -> Told:
    """CANCELED within ten seconds, whatever the cell does, and nothing of it is left."""
    cells = with_calamity(STUBBORN, kernels=kernels)
    expected = expected_of(ends, cells, kernels=kernels)
    with place(ends, cells=cells, kernels=kernels) as here:
        run = here.start(environ={"CALAMITY": name})
        _wait_for(here.folder / "there", ends)
        started = time.monotonic()
        if by == "cancel":
            expect(here.start("cancel").wait() == 0, "`cancel` failed")
        else:
            os.kill(run.pid, getattr(signal, by))
        code = run.wait()
        here.settle()
        took_s = time.monotonic() - started
        expect(code == (-signal.SIGKILL if by == "SIGKILL" else 130), f"ended with {code}: {run.printed()}")
        expect(took_s < max(10.0, ends.patience_s / 3), f"took {took_s:.1f} s")
        states = {step.name: step.state for step in store.load(here.root.path).steps}
        expect(states["odd"] is RunState.CANCELED, f"the step is {states['odd']}")
        (here.folder / "there").unlink()
        ran = here.mended(expected)
        return {"cell": name, "by": by, "took_s": round(took_s, 2), "ran": ran.total()}


# --- several at once -------------------------------------------------------------------------------------------------


def parallel(ends: FrontEnds, expected: Expected, count: int) -> Told:
    """So many runs of one notebook: each ends well, and no step runs twice."""
    with place(ends) as here:
        runs = [here.start() for _ in range(count)]
        for run in runs:
            code = run.wait(ends.patience_s * count)
            expect(code == 0, f"ended with {code}: {run.printed()}")
        begun = here.begun()
        expect(set(begun.values()) == {1}, f"steps ran more than once: {begun}")
        expect(len(here.run_dirs()) == count, "not all runs have a record")
        here.mended(expected)
        return {"runs": count}


# --- damage ----------------------------------------------------------------------------------------------------------

DAMAGES: Mapping[str, Callable[[bytes, bytes, random.Random], bytes]] = {
    "flip": lambda content, _, chance: _flipped(content, chance.randrange(len(content) * 8)),
    "truncate": lambda content, _, chance: content[: chance.randrange(len(content))],
    "empty": lambda _content, _other, _chance: b"",
    "zero": lambda content, _other, _chance: bytes(len(content)),
    "swap": lambda _content, other, _chance: other,
    "append": lambda content, other, _chance: content + other[:100],
    "stale": lambda content, _other, _chance: (
        content.replace(b'"schema":1', b'"schema":0').replace(b'schema": 1', b'schema": 7') + b" "
    ),
}
KINDS: Mapping[str, str] = {
    "object": "objects/*/*",
    "trace": "steps/*/*/*.json",
    "outputs": "runs/*/steps/*/outputs.json",
    "commit": "runs/*/steps/*/commit.json",
    "executed": "runs/*/steps/*/executed.ipynb",
    "request": "runs/*/request.json",
    "events": "runs/*/events.jsonl",
    "supervisor": "runs/*/supervisor.json",
    "digests": "files.json",
    "lessons": "learned/*.json",
}


def _flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def damaged_place(here: Place) -> Path:
    """Make all kinds of files that `damage` damages. Returns the copy to begin from."""
    here.run()
    time.sleep(2.1)  # then digests of files are remembered: none may change again within one tick of its clock
    here.edit("'bulk', len", "'bulk', n, len")
    here.run()
    here.edit("'bulk', n, len", "'bulk', len")
    here.run()
    return here.keep()


def damage(here: Place, before: Path, expected: Expected, kind: str, how: str, chance: random.Random) -> Told:
    """One file of `.nb2pipe/` is damaged; `before` is a copy of all that was there. The next run is right all the same."""
    here.restore(before)
    files = sorted(path for path in here.root.path.glob(KINDS[kind]) if path.is_file() and path.stat().st_size)
    expect(files, f"there is no {kind}: {sorted(here.root.path.glob('*/*'))}")
    path = chance.choice(files)
    content = path.read_bytes()
    made = DAMAGES[how](content, chance.choice(files).read_bytes(), chance)
    with contextlib.suppress(FileNotFoundError):
        path.chmod(0o600)
    path.write_bytes(made)
    edit = chance.random() < 0.5  # else nothing has to run but for the damage
    if edit:
        here.edit("odd', len(odd)", "odd', 'n', len(odd)")
    what = f"{how} of {path.relative_to(here.root.path)}"
    begun = here.begun()
    run = here.start()
    code = run.wait()
    here.settle()
    expect(code == 0, f"after {what}, `run` ended with {code}: {run.printed()}{here.logs()}")
    ran = here.begun() - begun
    left = here.left()
    values = {step: found for step, found in left.values.items() if not edit or step != "odd"}
    wanted = {step: found for step, found in expected.values.items() if not edit or step != "odd"}
    expect(values == wanted, f"after {what}, other values")
    expect(left.files == expected.files, f"after {what}, other files")
    shown = [text for source, text in left.shown if "'odd'" not in source]
    expect(shown == [text for source, text in expected.shown if "'odd'" not in source], f"after {what}, other outputs")
    if kind not in ("object", "trace", "digests"):
        unasked = set(ran) - ({"odd"} if edit else set())
        expect(not unasked, f"after {what}, steps ran again: {unasked}")
    between = here.begun()
    here.run()
    expect(here.begun() == between, f"after {what}, steps ran in the run after: {here.begun() - between}")
    warned = [line for line in run.printed().splitlines() if "is damaged" in line]
    for step in set(ran) - ({"odd"} if edit else set()):
        expect(warned or kind == "digests", f"after {what}, {step} ran, and why was not said:\n{run.printed()}")
    return {"kind": kind, "how": how, "ran": ran.total(), "said": len(warned)}


# --- again and again -------------------------------------------------------------------------------------------------


def back_to_back(ends: FrontEnds, count: int) -> Iterator[Told]:
    """Runs one after the other, some with steps to run and some without: nothing grows but the list of runs."""
    with place(ends) as here:
        here.run()
        here.edit("n = 50", "n = 51")
        here.run()
        first = _stock(here)
        for number in range(count):
            here.edit("n = 51" if number % 2 == 0 else "n = 50", "n = 50" if number % 2 == 0 else "n = 51")
            here.run(**({} if number % 3 else {"environ": {"FORCED": "1"}}))
            here.nothing_left()
            now = _stock(here)
            expect(now == first, f"after {number + 1} runs: {now}, at first {first}")
            yield {"runs": number + 1, **now}


def _stock(here: Place) -> dict[str, int]:
    """What may not grow. A run's own record counts by itself: each has the same files."""
    outside = [path for path in here.root.path.rglob("*") if path.is_file() and here.root.runs not in path.parents]
    fork = here.ends.pid
    return {
        "files": len(outside),
        "home": len(list(here.home.rglob("*"))),
        "processes": len(here.processes()),
        "descriptors": len(list(Path(f"/proc/{fork}/fd").iterdir())),
        "threads": len(list(Path(f"/proc/{fork}/task").iterdir())),
    }


# --- the clock -------------------------------------------------------------------------------------------------------

TEN_YEARS_S = 315_576_000


def clock(ends: FrontEnds, expected: Expected, jumps: tuple[int, ...], chance: random.Random) -> Told:
    """Each run has another idea of what time it is. The first ones are killed; no step runs twice for it."""
    with place(ends) as here:
        for jump in jumps:
            run = here.start(environ={"CLOCK": str(jump)})
            time.sleep(chance.random() * expected.wall_s)
            family = processes(here, run.pid)
            if "guard" in family:
                os.kill(family["guard"], signal.SIGKILL)
            run.wait()
            here.settle()
        ran = here.mended(expected, again=True)
        here.edit("n = 50", "n = 70")
        here.run(environ={"CLOCK": str(-TEN_YEARS_S)})
        newest = store.load(here.root.path)
        expect(
            newest.id == here.run_dirs()[-1].id and not all(step.reused for step in newest.steps), "the latest is older"
        )
        begun = here.begun()
        here.run(environ={"CLOCK": str(TEN_YEARS_S)})
        here.run(environ={"CLOCK": str(-TEN_YEARS_S)})
        expect(here.begun() == begun, f"for the clock, {here.begun() - begun} ran again")
        return {"jumps": jumps, "ran": ran.total()}
