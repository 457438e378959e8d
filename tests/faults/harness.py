"""A notebook's folder in which runs are disturbed; out, whether the next run sets all right, or what it did not."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from nb2pipe.journal import read_events
from nb2pipe.layout import RootDir, RunDir, algorithm_and_digest
from nb2pipe.model import RunEvent, RunFinished, RunStarted, RunState, StepFinished, StepStarted
from nb2pipe.runs import store

HERE = Path(__file__).parent
MARK = "FAULT_PLACE"  # in the environment of all that a place's runs start
COUNTS = 4096  # bytes that the shim's processes share

CELLS = (
    ("imports", "import hashlib\nimport json"),
    ("parameters", "n = 50"),
    ("load", "rows = [[k, k * k % 7] for k in range(n)]\nwith open('rows.json', 'w') as file:\n    json.dump(rows, file)"),
    ("load", "print(len(rows), 'rows')"),
    ("odd", "odd = [row for row in rows if row[1] % 2]\nprint('odd', len(odd))"),
    ("bulk", "bulk = bytes(range(256)) * 4800\nprint('bulk', len(bulk), rows[0])"),
    ("total", "with open('rows.json') as file:\n    again = json.load(file)\ntotal = sum(row[1] for row in again)\nodd.append(total)\nprint('total', total)"),
    (
        "report",
        (
            "text = f'{total} {len(odd)} {hashlib.sha256(bulk).hexdigest()}'\n"
            "with open('report.txt', 'w') as file:\n    file.write(text)\nprint(text)"
        ),
    ),
)  # fmt: skip
STEPS = frozenset({"load", "odd", "bulk", "total", "report"})
FILES = ("rows.json", "report.txt")


class Wrong(AssertionError):
    """A promise was broken."""


def expect(true: object, message: str) -> None:
    """Raises Wrong."""
    if not true:
        raise Wrong(message)


def notebook(cells: Sequence[tuple[str, str]] = CELLS) -> dict[str, Any]:
    """The cells as a notebook."""
    special = ("imports", "parameters")
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{index}",
                "metadata": {"tags": [tag if tag in special or ":" in tag else f"step:{tag}"]},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for index, (tag, source) in enumerate(cells)
        ],
    }


@cache
def shim() -> Path | None:
    """The library that makes calls fail; None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    made = Path(tempfile.mkdtemp(prefix="nb2pipe-shim-")) / "shim.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", made, HERE / "shim.c", "-ldl"], check=True)
    return made


def places() -> str | None:
    """Where places are made: in memory if there is room, since hundreds of runs wait for the disk otherwise."""
    memory = "/dev/shm"  # noqa: S108
    return memory if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1 << 30 else None


class FrontEnds:
    """The process that forks a front end per command."""

    def __init__(self) -> None:
        preload = shim()
        path = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
        environ = {**os.environ, "PYTHONPATH": path, "NO_COLOR": "1", "PYTHONHASHSEED": "0"}
        for name in ("NB2PIPE_STORE_KEY", "FAULT", "CLOCK"):
            environ.pop(name, None)
        self.environ = dict(environ)
        if preload is not None:
            environ["LD_PRELOAD"] = str(preload)
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(HERE / "front_end.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environ,
        )
        self.pid = self._process.pid
        self.patience_s = 60.0  # until it is known how quick the machine is

    def ask(self, **request: Any) -> dict[str, Any]:
        """One question, one answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()


@contextlib.contextmanager
def front_ends() -> Iterator[FrontEnds]:
    """As long as the context lasts."""
    made = FrontEnds()
    try:
        yield made
    finally:
        made.close()


class Command:
    """A command under way."""

    def __init__(self, ends: FrontEnds, request: Mapping[str, Any]) -> None:
        self._ends = ends
        self._out = Path(request["out"])
        self.pid: int = ends.ask(**request)["pid"]

    def wait(self, limit_s: float | None = None) -> int:
        """Its exit code."""
        descriptor = os.pidfd_open(self.pid)
        try:
            ready = select.select([descriptor], [], [], limit_s or self._ends.patience_s)[0]
        finally:
            os.close(descriptor)
        if not ready:
            os.kill(self.pid, signal.SIGKILL)
        code = int(self._ends.ask(reap=self.pid)["code"])
        expect(ready, f"the command did not end: {self.printed()}")
        return code

    def printed(self) -> str:
        """What it has printed so far."""
        return self._out.read_text(encoding="utf-8", errors="replace") if self._out.exists() else ""


def _is_probe(path: Path) -> bool:
    """True for what `tempfile` leaves if it can't remove the file by which it sees where it may write."""
    return (
        re.fullmatch("[a-z0-9_]{8}", path.name) is not None and path.is_file() and b"blat".startswith(path.read_bytes())
    )


@dataclass(frozen=True)
class Expected:
    """What an undisturbed run leaves: what each cell shows, the ids of the values by step, the files' contents."""

    shown: tuple[tuple[str, str], ...]
    values: Mapping[str, Mapping[str, str]]
    files: Mapping[str, bytes]
    wall_s: float = 0.0


@dataclass
class Place:
    """A notebook's folder. `folder` holds notebook and `.nb2pipe/`; `home` the user's key; `tmp` temporary files."""

    ends: FrontEnds
    path: Path
    kernels: bool = False
    cells: Sequence[tuple[str, str]] = CELLS
    root_path: Path | None = None
    commands: list[Command] = field(default_factory=list)

    def __post_init__(self) -> None:
        for folder in (self.folder, self.home, self.tmp):
            folder.mkdir(parents=True, exist_ok=True)
        self.notebook.write_text(json.dumps(notebook(self.cells)), encoding="utf-8")
        (self.path / "tally").touch()

    @property
    def disk(self) -> Path:
        """All that can be disturbed is below it."""
        return self.path / "disk"

    @property
    def folder(self) -> Path:
        """The notebook's."""
        return self.disk / "folder"

    @property
    def home(self) -> Path:
        """Where the user's key is."""
        return self.disk / "home"

    @property
    def tmp(self) -> Path:
        """For temporary files: empty at the end."""
        return self.disk / "t"

    @property
    def notebook(self) -> Path:
        """The notebook."""
        return self.folder / "note.ipynb"

    @property
    def root(self) -> RootDir:
        """Its `.nb2pipe/`."""
        return RootDir((self.root_path or self.folder / ".nb2pipe").resolve())

    @property
    def environ(self) -> dict[str, str]:
        """What its processes have in their environment."""
        found = {MARK: self.path, "TALLY": self.path / "tally", "XDG_DATA_HOME": self.home}
        found |= {"TMPDIR": self.tmp, "JUPYTER_RUNTIME_DIR": self.tmp, "IPYTHONDIR": self.path / "ipython"}
        return {name: str(value) for name, value in found.items()}

    def start(self, *command: str, environ: Mapping[str, str] | None = None) -> Command:
        """Start a command, by default `run note.ipynb`."""
        where = ["--run-dir", str(self.root_path)] if self.root_path is not None else []
        request = {
            "command": list(command) or ["run", "note.ipynb", "--jobs", "2", *where],
            "folder": str(self.folder),
            "out": str(self.path / f"out-{len(self.commands)}"),
            "kernels": self.kernels,
            "environ": {**self.environ, **(environ or {})},
        }
        made = Command(self.ends, request)
        self.commands.append(made)
        return made

    def run(self, **options: Any) -> Command:
        """A run to its end: it must succeed."""
        made = self.start(**options)
        code = made.wait()
        expect(code == 0, f"`run` ended with {code}:\n{made.printed()}{self.logs()}")
        return made

    def logs(self) -> str:
        """What supervisors wrote into their own logs: of the newest run."""
        for run in self.run_dirs()[-1:]:
            if run.log.is_file():
                return run.log.read_text(encoding="utf-8", errors="replace")
        return ""

    def run_dirs(self) -> list[RunDir]:
        """Oldest first."""
        return [self.root.run(item) for item in sorted(store.ids(self.root.path))]

    def begun(self) -> Counter[str]:
        """How often each step's cells began. Real kernels keep no tally: there the records tell."""
        if self.kernels:
            events = [event for run in self.run_dirs() for event in read_events(run.events)]
            return Counter(event.step for event in events if isinstance(event, StepStarted))
        return Counter((self.path / "tally").read_text(encoding="ascii").split())

    def told(self) -> set[str]:
        """The steps that some run has told to be SUCCEEDED, by running them."""
        return {
            event.step
            for run in self.run_dirs()
            for event in read_events(run.events)
            if isinstance(event, StepFinished) and event.state is RunState.SUCCEEDED
        }

    def processes(self) -> list[int]:
        """The live processes that were started for this place, whatever has become of their parents."""
        wanted = f"{MARK}={self.path}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def settle(self) -> None:
        """Nothing of a run is left within ten seconds of its front end's end."""
        deadline = time.monotonic() + max(10.0, self.ends.patience_s / 3)
        while self.processes():
            expect(time.monotonic() < deadline, f"processes are left: {self._described()}")
            time.sleep(0.02)

    def _described(self) -> str:
        found = []
        for pid in self.processes():
            with contextlib.suppress(OSError):
                found.append(f"{pid}: {Path(f'/proc/{pid}/cmdline').read_bytes()!r}")
        return "; ".join(found)

    def edit(self, before: str, after: str) -> None:
        """Change the notebook's code."""
        text = self.notebook.read_text(encoding="utf-8")
        old, new = (json.dumps(item)[1:-1] for item in (before, after))
        expect(old in text, f"the notebook has no {before!r}")
        self.notebook.write_text(text.replace(old, new), encoding="utf-8")

    def keep(self) -> Path:
        """A copy of all that is there, for `restore`."""
        shutil.copytree(self.folder, self.path / "kept", copy_function=shutil.copy2)
        return self.path / "kept"

    def restore(self, kept: Path) -> None:
        """Have all as it was."""
        shutil.rmtree(self.folder)
        shutil.copytree(kept, self.folder, copy_function=shutil.copy2)

    # --- what must hold ----------------------------------------------------------------------------------------------

    def left(self) -> Expected:
        """What the latest run left."""
        run = self.run_dirs()[-1]
        merged = json.loads(run.merged.read_bytes())
        shown = tuple((cell["source"], json.dumps(_texts(cell.get("outputs", ())))) for cell in merged["cells"])
        events = [item for item in read_events(run.events) if isinstance(item, StepFinished)]
        values = {item.step: {name: value.object for name, value in item.values.items()} for item in events}
        files = {name: (self.folder / name).read_bytes() for name in FILES if (self.folder / name).exists()}
        return Expected(shown, values, files)

    def mended(self, expected: Expected, *, may_run: set[str] | None = None, again: bool = False) -> Counter[str]:
        """The next run sets all right. Returns the steps that it ran.

        `may_run`: steps that may run although they had succeeded, for their results were damaged.
        """
        self.settle()
        told = self.told() - (may_run or set())
        self.check_records()
        before = self.begun()
        made = self.run()
        ran = self.begun() - before
        expect(not told & set(ran), f"steps ran again that had succeeded: {told & set(ran)}\n{made.printed()}")
        left = self.left()
        expect(left.shown == expected.shown, f"other outputs: {left.shown}, not {expected.shown}")
        expect(left.values == expected.values, f"other values: {left.values}, not {expected.values}")
        expect(left.files == expected.files, "the files are others")
        if again:
            between = self.begun()
            self.run()
            expect(self.begun() == between, f"steps ran in a third run: {self.begun() - between}")
        self.nothing_left()
        return ran

    def nothing_left(self) -> None:
        """No process, temporary file, half an object, or run that has not ended."""
        self.settle()
        temporary = [str(path) for place in (self.folder, self.root.path, self.home) for path in place.rglob("*.tmp")]
        expect(not temporary, f"temporary files are left: {temporary}")
        left = [str(path) for path in self.tmp.iterdir() if not _is_probe(path)]
        expect(not left, f"temporary files are left: {left}")
        self.check_objects()
        self.check_records()

    def check_objects(self) -> None:
        """Each object is what its name says."""
        for path in self.root.objects.glob("*/*"):
            algorithm, digest = algorithm_and_digest(path.name)
            if algorithm == "sha256":
                found = hashlib.sha256(path.read_bytes()).hexdigest()
                expect(found == digest, f"{path} is not what its name says")

    def check_records(self) -> None:
        """The events of each run tell no lie: in order, and what is told to be done is on the disk."""
        for run in self.run_dirs():
            events = read_events(run.events)
            if not events:
                continue
            expect(isinstance(events[0], RunStarted), f"{run.id} begins with {events[0]}")
            ends = [place for place, item in enumerate(events) if isinstance(item, RunFinished)]
            expect(ends in ([], [len(events) - 1]), f"{run.id} has {len(events)} events and ends at {ends}")
            self._check_steps(run, events)

    def _check_steps(self, run: RunDir, events: Sequence[RunEvent]) -> None:
        finished = [item for item in events if isinstance(item, StepFinished)]
        several = [name for name, count in Counter(item.step for item in finished).items() if count > 1]
        expect(not several, f"{run.id} tells twice how {several} ended")
        end = events[-1]
        if isinstance(end, RunFinished) and end.state is RunState.SUCCEEDED:
            expect(all(item.state is RunState.SUCCEEDED for item in finished), f"{run.id} did not succeed")
        for item in finished:
            files = run.step(item.step)
            if item.state is not RunState.SUCCEEDED or not files.path.exists() or item.reused:
                continue
            record = json.loads(files.commit.read_bytes())
            outputs = "sha256-" + hashlib.sha256(files.outputs.read_bytes()).hexdigest()
            expect(record["outputs"] == outputs, f"{files.outputs} is not what was committed")


def _texts(outputs: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    found = []
    for output in outputs:
        text = output.get("text", output.get("evalue", output.get("data", {}).get("text/plain", "")))
        found.append((output.get("name", output["output_type"]), text if isinstance(text, str) else "".join(text)))
    return found


@contextlib.contextmanager
def place(ends: FrontEnds, **options: Any) -> Iterator[Place]:
    """A new place, removed in the end together with all that lives in it."""
    with tempfile.TemporaryDirectory(prefix="n2p-", dir=places(), ignore_cleanup_errors=True) as name:
        made = Place(ends, Path(name), **options)
        try:
            yield made
        finally:
            for pid in made.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def undisturbed(ends: FrontEnds, **options: Any) -> Expected:
    """What a run leaves to which nothing happens: what the notebook run straight prints, and what that takes."""
    with place(ends, **options) as here:
        started = time.monotonic()
        here.run()
        wall_s = time.monotonic() - started
        found = here.left()
        here.nothing_left()
        expect(set(here.begun()) == set(found.values) and set(here.begun().values()) == {1}, "steps ran twice")
        straight(here, found)
    if not options.get("kernels"):
        ends.patience_s = max(20.0, 30 * wall_s)
    return Expected(found.shown, found.values, found.files, wall_s)


def straight(here: Place, found: Expected) -> None:
    """The notebook run from top to bottom, in plain Python, prints and writes the same."""
    folder = here.path / "straight"
    folder.mkdir()
    program = (
        "import contextlib, io, json, sys\nnamespace, printed = {'__name__': '__main__'}, []\n"
        "for source in json.load(sys.stdin):\n    with contextlib.redirect_stdout(io.StringIO()) as out:\n"
        "        exec(source, namespace)\n    printed.append(out.getvalue())\nprint(json.dumps(printed))"
    )
    sources = json.dumps([source for _, source in here.cells])
    done = subprocess.run(
        [sys.executable, "-c", program], input=sources, capture_output=True, text=True, cwd=folder, check=True
    )
    printed = json.loads(done.stdout)
    shown = ["".join(text for _, text in json.loads(item)) for _, item in found.shown]
    expect(printed == shown, f"straight, the notebook prints {printed}, not {shown}")
    for name, content in found.files.items():
        expect((folder / name).read_bytes() == content, f"straight, {name} is another")


@dataclass(frozen=True)
class Fault:
    """What the shim is to do: see `shim.c`."""

    place: Place
    counter: Path
    how: str = "none"
    at: int = 0
    skip: str = "?nothing?"

    @property
    def environ(self) -> dict[str, str]:
        """For the processes that are to meet it."""
        return {"FAULT": f"{self.counter}:{self.at}:{self.how}:{self.skip}:{self.place.disk}"}

    def calls(self) -> int:
        """How many there have been."""
        return int(struct.unpack_from("l", self.counter.read_bytes())[0])

    def hit(self) -> str:
        """The call that was hit: its name, and what is below the place; empty if there were fewer calls."""
        told = self.counter.read_bytes()[16:].partition(b"\0")[0].decode(errors="replace")
        return told.replace(str(self.place.disk), "")


def fault(here: Place, how: str, at: int, skip: str = "?nothing?") -> Fault:
    """A fault for a place."""
    counter = here.path / f"counter-{len(here.commands)}"
    counter.write_bytes(bytes(COUNTS))
    return Fault(here, counter, how, at, skip)
