"""Real kernels, real runtime, real step notebooks: few, as each costs a second."""

from __future__ import annotations

import gc
import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nb2pipe import render
from nb2pipe.model import Bundle, Cell, Notebook, Printed, RunState, Secret, Step, StepOptions
from nb2pipe.targets.local import executed
from nb2pipe.targets.local.request import RUNNER

pytestmark = pytest.mark.kernel

GIL = "import re, pathlib; pathlib.Path('ready').touch(); re.match(r'(a+)+$', 'a' * 60 + 'b')"


def rendered(make: Any, steps: dict[Step, Sequence[str]], tags: dict[str, tuple[str, ...]] | None = None) -> Bundle:
    """A Bundle as nb2pipe makes it: the steps' cells one after the other in one notebook."""
    cells: list[Cell] = []
    made: list[Step] = []
    for step, sources in steps.items():
        numbers = tuple(range(len(cells), len(cells) + len(sources)))
        cells += [
            Cell(number, source, (tags or {}).get(source, ())) for number, source in zip(numbers, sources, strict=True)
        ]
        made.append(replace(step, cells=numbers))
    pipeline = make.bundle(dict.fromkeys(made, "")).pipeline
    return render.bundle(Notebook("note.ipynb", tuple(cells)), pipeline)


def outputs_of(path: Path) -> list[Any]:
    """All outputs of an executed notebook."""
    return [output for cell in json.loads(path.read_bytes())["cells"] for output in cell.get("outputs", ())]


@pytest.mark.timeout(120)
def test_figures_are_inline_whatever_the_shell_says(field: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Jupyter, where nobody sets the backend; a step's own `env:` holds."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    shown = "import os\nprint(os.environ['MPLBACKEND'])"
    own = StepOptions(env=(("MPLBACKEND", "svg"),))
    bundle = rendered(field, {field.step("plain"): [shown], field.step("own", options=own): [shown]})
    run, events = field.finish(field.start(bundle, runner=RUNNER))
    assert field.states(run)[""] == "SUCCEEDED"
    printed = {event.step: event.text.strip() for event in events if isinstance(event, Printed)}
    assert printed == {"plain": "module://matplotlib_inline.backend_inline", "own": "svg"}


@pytest.mark.timeout(120)
def test_how_steps_end(field: Any) -> None:
    """One run with a step for each way to end; the words say which, and in which cell of the notebook."""
    fails = "1 / 0"
    bundle = rendered(
        field,
        {
            field.step("good", outputs=("x",), options=StepOptions(env=(("COLOUR", "blue"),))): [
                "import os\nx = [os.environ['COLOUR']]",
                fails,
                "print('one'); print('two'); print(os.getcwd(), 'NB2PIPE_STEP' in os.environ)",
            ],
            field.step("reads", field.need("x", "good"), outputs=("y",)): ["y = x + ['!']", "print(y)"],
            field.step("raises", field.need("x", "good")): ["def f(v):\n    return v[9]", "\nf(x)", "print('never')"],
            field.step("exits"): ["import sys\nsys.exit(0)"],
            field.step("quits"): ["quit()", "print('never')"],
            field.step("leaves"): ["import os\nos._exit(3)"],
            field.step("killed"): ["import os\nos.kill(os.getpid(), 9)"],
            field.step("hangs", options=StepOptions(timeout_s=4)): [
                "import time\ntry:\n    time.sleep(99)\nfinally:\n    open('swept', 'w')"
            ],
        },
        tags={fails: ("raises-exception",)},
    )
    handle = field.start(bundle, runner=RUNNER)
    run, events = field.finish(handle)
    found = {step.id: step for step in run.steps}
    assert field.states(run) == {"": "FAILED", "good": "SUCCEEDED", "reads": "SUCCEEDED"} | dict.fromkeys(
        ["raises", "exits", "quits", "leaves", "killed", "hangs"], "FAILED"
    )
    printed = "".join(event.text for event in events if isinstance(event, Printed) and event.step in {"good", "reads"})
    assert printed == f"one\ntwo\n{field.folder} False\n['blue', '!']\n"
    errors = {name: step.error for name, step in found.items() if step.error}
    assert {name: (error.cause, error.message) for name, error in errors.items()} == {
        "raises": ("error", "step `raises` failed in cell 6 line 2: IndexError: list index out of range"),
        "exits": ("exit", "step `exits` ended early in cell 9 line 2: SystemExit(0)"),
        "quits": ("exit", "step `quits`: its kernel ended by itself with exit code 0 in cell 10"),
        "leaves": ("exit", "step `leaves`: its kernel ended by itself with exit code 3 in cell 12"),
        "killed": ("killed", "step `killed`: its kernel was killed by SIGKILL in cell 13"),
        "hangs": ("timeout", "step `hangs` ran longer than its `timeout:` of 4s; it was in cell 14"),
    }
    assert "IndexError" in errors["raises"].traceback
    assert "nb2pipe" not in errors["raises"].traceback
    assert (field.folder / "swept").exists()  # a time limit lets `finally:` run
    streams = [output for output in outputs_of(handle.dir.step("good").executed) if output["output_type"] == "stream"]
    assert [stream["text"] for stream in streams] == [f"one\ntwo\n{field.folder} False\n"]
    assert "papermill" not in handle.dir.step("killed").executed.read_text(encoding="utf-8")
    assert handle.dir.log.read_bytes() == b""


@pytest.mark.timeout(120)
def test_cancel_of_kernels_that_do_not_listen(field: Any) -> None:
    """One holds the GIL in C, one swallows KeyboardInterrupt: gone within ten seconds, both."""
    stubborn = "import time, pathlib\npathlib.Path('ready2').touch()\nwhile True:\n    try:\n        time.sleep(1)\n    except BaseException:\n        pass"
    handle = field.start(rendered(field, {field.step("gil"): [GIL], field.step("deaf"): [stubborn]}), runner=RUNNER)
    field.wait_for("ready")
    field.wait_for("ready2")
    started = time.monotonic()
    handle.cancel("SIGTERM")
    run, _ = field.finish(handle)
    assert time.monotonic() - started < 10
    assert field.states(run) == {"": "CANCELED", "gil": "CANCELED", "deaf": "CANCELED"}
    assert kernels_of(handle.dir.path) == []


@pytest.mark.timeout(120)
def test_a_killed_supervisor_takes_a_kernel_along_that_holds_the_gil(field: Any) -> None:
    """papermill alone leaves it at full speed, without a parent."""
    handle = field.start(rendered(field, {field.step("gil"): [GIL]}), runner=RUNNER)
    field.wait_for("ready")
    os.kill(json.loads(handle.dir.supervisor.read_bytes())["pid"], signal.SIGKILL)
    run, _ = field.finish(handle)
    assert run.state is RunState.FAILED
    assert kernels_of(handle.dir.path) == []


def kernels_of(run: Path) -> list[int]:
    """The processes whose environment still knows of the run, by what they were started with."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environ = (entry / "environ").read_bytes()
            except OSError:
                continue
            if os.fsencode(run) in environ:
                found.append(int(entry.name))
    return found


@pytest.mark.timeout(120)
def test_secrets_and_floods(field: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that is printed in pieces, shown and raised; and more text than is kept."""
    monkeypatch.setenv("TOKEN", "canary-7741")
    secret = StepOptions(secrets=(Secret("name", "key", "TOKEN"),))
    pieces = "import os, sys, time\nfor c in os.environ['TOKEN']:\n    print(c, end='', flush=True); time.sleep(0.01)\nprint(' can', end='', flush=True)"
    shown = "os.environ['TOKEN'].upper().lower()"
    raised = "raise ValueError(os.environ['TOKEN'])"
    flood = f"for _ in range({executed.MAX_PRINTED_BYTES // 10_000 + 500}):\n    print('x' * 9_999)"
    handle = field.start(
        rendered(field, {field.step("tells", options=secret): [pieces, shown, raised], field.step("flood"): [flood]}),
        runner=RUNNER,
    )
    run, events = field.finish(handle)
    assert field.states(run) == {"": "FAILED", "tells": "FAILED", "flood": "SUCCEEDED"}
    told = "".join(event.text for event in events if isinstance(event, Printed) and event.step == "tells")
    assert told == "*** can"
    assert run.steps[0].error is not None
    assert run.steps[0].error.message == "step `tells` failed in cell 3 line 1: ValueError: ***"
    files = [path for path in field.root.rglob("*") if path.is_file()]
    assert [path for path in files if b"canary-7741" in path.read_bytes()] == []
    outputs = outputs_of(handle.dir.step("tells").executed)
    assert [output["text"] for output in outputs if output["output_type"] == "stream"] == ["*** can"]
    assert [output["data"] for output in outputs if output["output_type"] == "execute_result"] == [
        {"text/plain": "'***'"}
    ]
    (kept,) = outputs_of(handle.dir.step("flood").executed)
    assert executed.MAX_PRINTED_BYTES * 0.99 < len(kept["text"]) < executed.MAX_PRINTED_BYTES + 200
    assert kept["text"].endswith("[nb2pipe: this step printed more than 10 MB; the rest is not kept]\n")


# --- a kernel of another environment -----------------------------------------------------------------------------------


def other_python(folder: Path) -> str:
    """An interpreter with ipykernel and cloudpickle, of another minor version if this machine has one.

    Else a second environment of the same version that sees the packages of this one.
    """
    candidates = [os.environ.get("NB2PIPE_TEST_PYTHON"), *(shutil.which(f"python3.{minor}") for minor in range(9, 16))]
    for candidate in candidates:
        if candidate is None:
            continue
        command = [candidate, "-c", "import sys, ipykernel, cloudpickle; print(sys.version_info[:2])"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() != str(sys.version_info[:2]):
            return candidate
    venv.create(folder, with_pip=False)
    here = Path(importlib.metadata.distribution("ipykernel").locate_file(""))
    (lib,) = folder.glob("lib/python3.*/site-packages")
    (lib / "seen.pth").write_text(f"{here}\n", encoding="utf-8")
    return str(folder / "bin" / "python")


@pytest.mark.timeout(180)
def test_a_kernel_of_another_environment(field: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime travels to it; nb2pipe needs not be installed there."""
    python = other_python(tmp_path / "other")
    spec = tmp_path / "jupyter" / "kernels" / "other"
    spec.mkdir(parents=True)
    argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    content = {"argv": argv, "display_name": "Other", "language": "python", "env": {"OTHER": "yes"}}
    (spec / "kernel.json").write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    bundle = rendered(
        field,
        {
            field.step("a", outputs=("x",)): [
                "import os, sys\nx = {'exe': sys.executable, 'other': os.environ['OTHER']}"
            ],
            field.step("b", field.need("x", "a")): ["print(x['other'], x['exe'])"],
        },
    )
    run, events = field.run(bundle, runner=RUNNER, kernel="other")
    assert run.state is RunState.SUCCEEDED
    assert run.kernel == "other"
    assert "".join(event.text for event in events if isinstance(event, Printed)) == f"yes {python}\n"


@pytest.mark.timeout(120)
def test_a_kernel_is_as_jupyter_starts_it(field: Any) -> None:
    """But for the debugger, which is not loaded, and can be."""
    shown = (
        "import os, sys\n"
        "print(os.path.basename(sys.argv[0]), sys.argv[1], 'ipykernel_launcher' in sys.argv[0], __name__)\n"
        "print([path for path in sys.path if path], '' in sys.path, 'debugpy' in sys.modules)\n"
        "import debugpy, gc\nprint(hasattr(debugpy, 'listen'), gc.isenabled(), gc.get_threshold())"
    )
    run, events = field.finish(field.start(rendered(field, {field.step("a"): [shown]}), runner=RUNNER))
    assert field.states(run)[""] == "SUCCEEDED"
    lines = "".join(event.text for event in events if isinstance(event, Printed)).splitlines()
    plain = [sys.executable, "-P", "-c", "import sys; print(sys.path)"]
    path = subprocess.run(plain, capture_output=True, text=True, check=True).stdout.strip()
    assert lines == ["ipykernel_launcher.py -f True __main__", f"{path} True False", f"True True {gc.get_threshold()}"]
