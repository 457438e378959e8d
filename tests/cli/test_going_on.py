"""Runs that go on from earlier ones, as people meet them, in real kernels: fresh, damaged, stopped, resumed, debugged."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import nbformat
import pytest
from nbclient import NotebookClient

from nb2pipe.keys import VARIABLE
from nb2pipe.targets.local import handle

Write: TypeAlias = Callable[..., Path]
Call: TypeAlias = Callable[..., Any]

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(300)]

LOAD = ("step:load", "import numpy as np\nx, k = np.arange(400_000), []\nprint('loads')")

HIDDEN = [
    ("change", "getattr(k, 'app' + 'end')(7)  # nb2pipe: pure"),
    ("show", "print(k[:1])"),
    ("beside", "import os\nprint(os.getcwd()[:1])"),
]


def lines(out: str, word: str) -> dict[str, str]:
    """Step -> what is said of it in lines with this word."""
    found = (re.match(rf"(\w+) +((?:{word}).*)", line) for line in out.splitlines())
    return {match[1]: re.sub(" +", " ", match[2]) for match in found if match}


def outputs(path: Path) -> list[str]:
    return [
        "".join(cell["outputs"][0]["text"]) if cell["outputs"] else "" for cell in json.loads(path.read_text())["cells"]
    ]


def test_only_what_changed_runs(write: Write, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also: what it prints, the merged notebook, metrics, logs, and that the key is not the kernels' to see."""
    (tmp_path / "data.csv").write_text("1")
    cells = [
        ("parameters", "depth = 2"),
        ("step:load", f"import os\nn = int(open('data.csv').read())\nprint('n', n, os.environ.get('{VARIABLE}'))"),
        ("step:fit", "fitted = n * depth\nopen('out.txt', 'w').write(str(fitted))\nprint('fits')"),
        ("metrics", "print('loss:', 0.5 + fitted)"),
    ]
    path = write(*cells)
    never = call("status", str(path))
    assert (never.code, set(lines(never.out, "stale").values())) == (1, {"stale it has never run"}), never
    first = call("run", str(path))
    assert first.code == 0, first
    assert lines(first.out, "started").keys() == {"load", "fit", "metrics"}
    assert "None" in first.out  # the key
    monkeypatch.setattr(handle, "_launch", _forbidden)
    again = call("run", str(path), "-o", str(tmp_path / "done.ipynb"))
    monkeypatch.undo()
    assert again.code == 0, again
    assert "3 of 3 steps, nothing had to run" in again.out
    assert outputs(tmp_path / "done.ipynb") == ["", "n 1 None\n", "fits\n", "loss: 2.5\n"]
    assert "loss  2.5" in again.out
    assert call("status", str(path)).code == 0
    assert "loads" not in call("logs", str(path.parent)).err

    cells[2] = ("step:fit", "# a comment\nfitted = (n*depth)\nopen( 'out.txt', 'w' ).write(str(fitted))\nprint('fits')")
    write(("", "print('a cell that is new')"), *cells)
    moved = call("run", str(path), "-o", str(tmp_path / "done.ipynb"))
    assert lines(moved.out, "started").keys() == {"start"}, moved
    assert outputs(tmp_path / "done.ipynb")[2:] == ["n 1 None\n", "fits\n", "loss: 2.5\n"]

    write(*cells)
    (tmp_path / "out.txt").write_text("by hand")
    assert "fit: out.txt is no longer what `fit` wrote: a run puts it back" in call("status", str(path)).out
    told = call("run", str(path), "-p", "depth=2")
    assert "out.txt was not what `fit` had written: it is again" in told.out
    assert (tmp_path / "out.txt").read_text() == "2"
    (tmp_path / "data.csv").write_text("5")
    stale = lines(call("status", str(path)).out, "stale|perhaps")
    assert stale == {
        "load": "stale data.csv changed",
        "fit": "perhaps `load` has to run first",
        "metrics": "perhaps `fit` has to run first",
    }
    assert call("mark-fresh", str(path), "load").code == 0
    assert call("status", str(path)).code == 0


def _forbidden(*_arguments: object, **_named: object) -> None:
    raise AssertionError("a supervisor was started")


def test_a_damaged_value_is_made_anew(write: Write, call: Call, tmp_path: Path) -> None:
    path = write(LOAD, ("step:sum", "print(x.sum())"))
    assert call("run", str(path)).code == 0
    large = max((tmp_path / ".nb2pipe" / "objects").rglob("*-*"), key=lambda item: item.stat().st_size)
    content = bytearray(large.read_bytes())
    content[len(content) // 2] ^= 1
    large.write_bytes(content)
    write(LOAD, ("step:sum", "print(x.sum() + 1)"))
    found = call("run", str(path), "-o", str(tmp_path / "done.ipynb"))
    assert found.code == 0, found
    assert "is damaged" in found.err
    assert outputs(tmp_path / "done.ipynb") == ["loads\n", "79999800001\n"]
    assert [item.name for item in (tmp_path / ".nb2pipe" / "quarantine").iterdir()] == [large.name]


def test_a_run_that_a_net_stopped_goes_on(write: Write, call: Call) -> None:
    path = write(LOAD, *(("step:" + name, source) for name, source in HIDDEN))
    found = call("run", str(path))
    assert found.code == 0, found
    assert "that is known now: planned again, and going on" in found.out
    assert found.out.count("load    started") == 1
    assert "show    | [7]" in found.out
    write(LOAD, *(("step:" + name, "# anew\n" + source) for name, source in HIDDEN))  # lessons go by the text
    forced = call("run", str(path), "--force")
    assert forced.code == 0, forced
    assert [forced.out.count(f"{name}  started") for name in ("load  ", "change", "show  ")] == [1, 2, 2], forced.out


def test_resume(write: Write, call: Call, tmp_path: Path) -> None:
    path = write(
        ("parameters", "depth = 2"),
        LOAD,
        ("step:stop", "assert open('go').read() == 'on', depth"),
        ("step:last", "print(x[depth])"),
    )
    (tmp_path / "go").write_text("not yet")
    failed = call("run", str(path), "-p", "depth=3", "--safe")
    assert failed.code == 1, failed
    (tmp_path / "go").write_text("on")
    found = call("resume", "--run-dir", str(tmp_path))
    assert found.code == 0, found
    assert lines(found.out, "started").keys() == {"stop", "last"}  # one after the other, as before
    newest = max((tmp_path / ".nb2pipe" / "runs").iterdir())
    request = json.loads((newest / "request.json").read_bytes())
    assert (request["safe"], request["parameters"]) == (True, {"depth": 3})
    path.unlink()
    gone = call("resume", "--run-dir", str(tmp_path))
    assert (gone.code, gone.err[:7]) == (2, "N2P619 "), gone


def test_debug(write: Write, call: Call, tmp_path: Path) -> None:
    path = write(
        ("functions", "def half(value):\n    return value / 2"),
        ("step:load", "k = [4]"),
        ("step:fit", "y = half(k[0])"),
        ("", "k.append(y)\n1 / (y - 2)"),
    )
    assert call("run", str(path)).code == 1
    made = call("debug", "fit", "--run-dir", str(tmp_path))
    target = tmp_path / "note.fit.debug.ipynb"
    assert (made.code, "failed in cell 4" in made.out, target.is_file()) == (0, True, True), made
    notebook = nbformat.read(target, 4)
    notebook.cells.append(nbformat.v4.new_code_cell("(k, y, half(1), 1 + 1)"))
    before = sorted((tmp_path / ".nb2pipe").rglob("*"))
    NotebookClient(notebook, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output.get("ename") for output in shown] == [None, "ZeroDivisionError", None]
    assert shown[-1]["data"]["text/plain"] == "([4, 2.0], 2.0, 0.5, 2)"
    assert any("Here the run failed" in cell.source for cell in notebook.cells)
    assert sorted((tmp_path / ".nb2pipe").rglob("*")) == before
    assert call("debug", "fit", "--run-dir", str(tmp_path)).err.startswith("N2P618 ")
    assert call("debug", "fit", "--run-dir", str(tmp_path), "--overwrite").code == 0
    assert call("debug", "nothing", "--run-dir", str(tmp_path)).err.startswith("N2P610 ")

    terminal = subprocess.run(
        [sys.executable, "-m", "nb2pipe", "debug", "fit", "--run-dir", str(tmp_path), "--console"],
        input="half(k[0]) + 40\n",
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TERM": "dumb"},
        timeout=120,
    )
    assert "42.0" in terminal.stdout, terminal


def test_which_steps_run_is_for_people_to_say(write: Write, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(
        ("step:load", "n = [1]"),
        ("step:clean", "m = [n[0] + 1]"),
        ("step:each cache:off", "print('each', n)"),
        ("step:fit", "print('fit', m)"),
    )
    early = call("mark-fresh", str(path), "load")
    assert (early.code, "`load` has never run" in early.err) == (2, True), early
    only = call("run", str(path), "--only", "clean")
    assert only.code == 0, only
    assert lines(only.out, "started").keys() == {"load", "clean"}
    assert lines(only.out, "SKIPPED").keys() == {"each", "fit"}
    dry = call("run", str(path), "--dry-run").out.partition("what runs\n")[2]
    assert [line.split()[:2] for line in dry.splitlines()[:4]] == [
        ["load", "fresh"], ["clean", "fresh"], ["each", "stale"], ["fit", "stale"],
    ]  # fmt: skip
    assert lines(call("run", str(path)).out, "started").keys() == {"each", "fit"}
    assert lines(call("run", str(path)).out, "started").keys() == {"each"}
    since = call("run", str(path), "--from", "clean")
    assert lines(since.out, "started|fresh") == {
        "load": lines(since.out, "fresh")["load"],
        "clean": "started: asked for",
        "each": "started: it is tagged `cache:off`",
        "fit": "started: asked for",
    }
    forced = call("run", str(path), "--only", "clean", "--force")
    assert lines(forced.out, "started").keys() == {"clean"}
    near = call("run", str(path), "--only", "claen")
    assert (near.code, "did you mean `clean`?" in near.err) == (2, True), near

    told = json.loads(call("status", str(path), "--json").out)["steps"]
    assert {item["id"]: item["fresh"] for item in told} == {"load": True, "clean": True, "each": False, "fit": True}
    write(("step:load", "n = [2]"), ("step:clean", "m = [n[0] + 2]"), ("step:fit", "print('fit', m)"))
    both = call("mark-fresh", str(path), "load", "clean")  # the one needs the other
    assert (both.code, lines(call("status", str(path)).out, "fresh").keys()) == (0, {"load", "clean", "fit"}), both
    write(("step:load", "n = [3]"), ("step:clean", "m = [n[0] + 3]"), ("step:fit", "print('fit', m)"))
    late = call("mark-fresh", str(path), "clean")
    assert (late.code, "`load`, which it waits for, is stale" in late.err) == (2, True), late

    copied = call("run", str(path), "--isolated")
    assert copied.code == 0, copied
    again = call("resume", "--run-dir", str(path.parent))
    assert (again.code, "was made in a copy" in again.err) == (2, True), again

    monkeypatch.setenv(VARIABLE, "short")
    without = call("status", str(path))
    assert (without.code, without.err[:7]) == (3, "N2P616 "), without
    run = call("run", str(path))
    assert run.code == 0, run
    assert lines(run.out, "started").keys() == {"load", "clean", "fit"}
    assert "nothing is kept for later runs" in run.out


def test_status_knows_what_run_takes(write: Write, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large values are named by BLAKE3 where the kernel has it; what another key signed is said to be so."""
    pytest.importorskip("blake3")
    path = write(LOAD, ("step:sum", "print(x.sum())"))
    assert call("run", str(path)).code == 0
    names = [item.name for item in (path.parent / ".nb2pipe" / "objects").rglob("blake3-*")]
    assert names, "a value of 3 MB was stored"
    assert call("status", str(path)).code == 0
    monkeypatch.setenv(VARIABLE, "the key of somebody else, long enough")
    others = call("status", str(path))
    assert all("not signed with your key" in line for line in lines(others.out, "stale").values()), others
    assert lines(others.out, "stale").keys() == {"load", "sum"}
