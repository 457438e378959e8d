"""Runs in real kernels, as people start, watch and stop them."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

pytestmark = pytest.mark.kernel

Call: TypeAlias = Callable[..., Any]
Write: TypeAlias = Callable[..., Path]


def test_a_run_and_its_record(write: Write, call: Call, tmp_path: Path) -> None:
    path = write(
        ("parameters", "n = 3"),
        ("step:load", "xs = list(range(n))\nprint('made', n)"),
        ("step:sum", "total = sum(xs)"),
        ("metrics", "print('total:', total)"),
    )
    target = tmp_path / "done.ipynb"
    before = path.read_bytes()
    found = call("run", path, "-o", target, "-p", "n=5")
    assert (found.code, found.err) == (0, "")
    lines = found.out.splitlines()
    assert "load     | made 5" in lines
    assert lines[-3].startswith("SUCCEEDED in ")
    assert lines[-2:] == ["  total  10", f"all outputs: {target}"]
    assert "\x1b" not in found.out
    assert path.read_bytes() == before
    outputs = [cell["outputs"] for cell in json.loads(target.read_text())["cells"] if cell["cell_type"] == "code"]
    assert outputs[1][0]["text"] in ("made 5\n", ["made 5\n"])

    listed = call("runs", "list", "--run-dir", path)
    assert call("runs", "--run-dir", path).out == listed.out
    assert call("runs", "--run-dir", path, "list").out == listed.out
    assert call("runs", "--run-dir", path.parent / "none", "list", "--run-dir", path).out == listed.out
    assert "note.ipynb" in listed.out
    assert "3/3" in listed.out
    record = json.loads(call("runs", "show", "--run-dir", path, "--json").out)
    assert (record["state"], record["metrics"], record["parameters"]) == ("SUCCEEDED", {"total": 10}, {"n": 5})
    assert [step["state"] for step in record["steps"]] == ["SUCCEEDED"] * 3
    shown = call("runs", "show", "--run-dir", path)
    assert re.search(r"total +10", shown.out)
    assert (Path(record["folder"]) / "merged.ipynb").is_file()
    assert call("logs", "--run-dir", path).out.splitlines()[0] == "load     | made 5"
    assert call("logs", "latest", "load", "--run-dir", path).out == "made 5\n"
    assert call("cancel", "--run-dir", path).code == 2
    assert call("logs", "latest", "nope", "--run-dir", path).code == 2


def test_a_dict_that_is_a_parameter_keeps_the_order_of_its_keys(write: Write, call: Call) -> None:
    source = write(("parameters", "d = {'b': [{'z': 1, 'c': 2}], 'a': 3}"), ("step:a", "print([*d], d)"))
    plain = "['b', 'a'] {'b': [{'z': 1, 'c': 2}], 'a': 3}"
    given = 'd={"z": 1, "a": 2}'
    for arguments, printed in (
        ((), plain),
        (("-p", given), "['z', 'a'] {'z': 1, 'a': 2}"),
        (("-p", 'd={"a": 2, "z": 1}'), "['a', 'z'] {'a': 2, 'z': 1}"),  # another value: nothing is fresh
    ):
        assert printed in call("run", source, *arguments).out
    assert "nothing had to run" in call("run", source, "-p", given).out


def test_a_failing_cell(write: Write, call: Call) -> None:
    path = write(
        ("step:load", "xs = [1, 2]"),
        ("step:fit", "def half(x):\n    return x / 0\n\nhalf(xs[0])"),
        ("step:use", "print(half)\nprint(xs)"),
    )
    found = call("run", path, "--jobs", "1")
    assert found.code == 1
    assert f"{path}: step `fit` failed in cell 2 line 2: ZeroDivisionError: division by zero\n" in found.err
    assert "----> 4 half(xs[0])" in found.err
    assert "nb2pipe" not in found.err  # the user's traceback, not ours
    assert "\x1b" not in found.out + found.err
    assert "FAILED in " in found.out
    assert "ZeroDivisionError" in call("logs", "latest", "fit", "--run-dir", path).out
    assert "ZeroDivisionError" in call("runs", "show", "--run-dir", path).out


def test_json_events(write: Write, call: Call) -> None:
    found = call("run", write(("step:a", "print('hi')")), "--json")
    assert found.code == 0
    events = [json.loads(line) for line in found.out.splitlines()]
    assert [events[0]["kind"], events[-1]["kind"], events[-1]["state"]] == ["RunStarted", "RunFinished", "SUCCEEDED"]
    assert "hi" in "".join(event["text"] for event in events if event["kind"] == "Printed")


SLEEP = ("step:sleep", "import time\nprint('sleeping', flush=True)\ntime.sleep(600)")


def _wait_for(process: Any, words: str) -> None:
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(process.stderr.read())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_signals_cancel_the_run(write: Write, shell: Any, number: signal.Signals) -> None:
    path = write(SLEEP, ("step:after after:sleep", "print(1)"))
    with shell.start("run", path) as process:
        _wait_for(process, "| sleeping")
        began = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert time.monotonic() - began < 10
    assert process.returncode == 130, err
    assert f"canceling: {number.name}" in out
    assert "CANCELED in " in out
    assert "Traceback" not in err


def test_cancel_from_another_terminal(write: Write, shell: Any, call: Call) -> None:
    path = write(SLEEP)
    with shell.start("run", path) as process:
        _wait_for(process, "| sleeping")
        found = call("cancel", "--run-dir", path)
        assert (found.code, found.out.endswith(": CANCELED\n")) == (0, True), found
        process.communicate(timeout=20)
    assert process.returncode == 130


def test_a_reader_that_goes_away_cancels_the_run(write: Write, shell: Any, call: Call) -> None:
    path = write(("step:talk", "import time\nwhile True:\n    print('x' * 1000, flush=True)\n    time.sleep(0.05)"))
    with shell.start("run", path) as process:
        _wait_for(process, "| xxx")
        process.stdout.close()
        err = process.stderr.read()
        assert process.wait(20) == 141
    assert err == ""
    assert json.loads(call("runs", "show", "--json", "--run-dir", path).out)["state"] == "CANCELED"


def test_live_on_a_terminal(write: Write, shell: Any) -> None:
    path = write(("step:load", "xs = [1]\nprint('\\x1b[31mred\\x1b[0m\\x1b]0;owned\\x07')"), ("step:fit", "xs + 1"))
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        shell.command("run", path), stdout=theirs, stderr=theirs, stdin=theirs, env=shell.environment(COLUMNS="100")
    ) as process:
        os.close(theirs)
        chunks = []
        try:
            while chunk := os.read(ours, 65536):
                chunks.append(chunk)
        except OSError:  # Linux's way to say that the other end is closed
            pass
        os.close(ours)
    text = b"".join(chunks).decode()
    assert process.returncode == 1
    assert "load │ \x1b[0m\x1b[31mred" in text
    assert "owned" not in text
    assert "\x1b[?25l" in text  # a live view hides the cursor ...
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # ... and gives it back
    assert "TypeError" in text
    assert re.search("\x1b\\[[0-9;]*m.*Traceback|TypeError", text)
