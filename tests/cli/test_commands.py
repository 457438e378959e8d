"""Commands that run no step: what they print, and their exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import nb2pipe
from nb2pipe import api

Call: TypeAlias = Callable[..., Any]
Write: TypeAlias = Callable[..., Path]

GOOD = (("parameters", "n = 3"), ("step:load", "xs = list(range(n))"), ("step:sum", "total = sum(xs)"))
BAD = (("step:load", "xs = [1]"), ("step:sum", "total = sum(ys)"))


def test_check_of_a_good_notebook(write: Write, call: Call) -> None:
    path = write(*GOOD)
    found = call("check", path)
    assert (found.code, found.err) == (0, "")
    assert found.out == f"{path}: 2 steps, no problems\n"


def test_check_of_a_bad_notebook(write: Write, call: Call) -> None:
    path = write(*BAD)
    found = call("check", path)
    assert (found.code, found.err) == (2, "")
    assert f"{path} cell 2 line 1: N2P201 " in found.out
    assert "\n  fix: " in found.out
    assert found.out.endswith(f"{path}: 1 error\n")


def test_check_of_several_goes_on_after_a_bad_one(write: Write, call: Call, tmp_path: Path) -> None:
    good, bad = write(*GOOD), write(*BAD, name="bad.ipynb")
    found = call("check", tmp_path / "gone.ipynb", bad, good)
    assert found.code == 2
    assert "gone.ipynb: 1 error" in found.out
    assert f"{good}: 2 steps, no problems" in found.out


def test_check_json(write: Write, call: Call) -> None:
    good, bad = write(*GOOD), write(*BAD, name="bad.ipynb")
    found = call("check", "--json", good, bad)
    assert (found.code, found.err) == (2, "")
    report = json.loads(found.out)
    assert (report["schema"], report["ok"], [item["ok"] for item in report["notebooks"]]) == (1, False, [True, False])
    [item] = report["notebooks"][1]["diagnostics"]
    assert (item["code"], item["severity"], item["location"]["cell"], item["location"]["line"]) == (
        "N2P201",
        "error",
        1,
        1,
    )


def test_check_github(write: Write, call: Call) -> None:
    path = write(*BAD)
    found = call("check", "--github", path)
    assert found.code == 2
    number = next(n for n, line in enumerate(path.read_text().splitlines(), 1) if "sum(ys)" in line)
    assert found.out.startswith(f"::error file={path},line={number},title=N2P201::")


def test_graph(write: Write, call: Call) -> None:
    found = call("graph", write(*GOOD))
    assert (found.code, found.err) == (0, "")
    assert "`xs`: written in cell 2, read in cell 3" in found.out


def test_graph_of_a_bad_notebook_still_shows_what_is_known(write: Write, call: Call) -> None:
    found = call("graph", write(*BAD))
    assert found.code == 2
    assert "N2P201" in found.err
    assert "load" in found.out


@pytest.mark.parametrize(
    ("form", "beginning"), [("--mermaid", "flowchart TD\n"), ("--svg", "<svg "), ("--json", "{\n")]
)
def test_graph_in_other_forms_and_into_a_file(
    write: Write, call: Call, tmp_path: Path, form: str, beginning: str
) -> None:
    path = write(*GOOD)
    printed = call("graph", path, form)
    assert printed.out.startswith(beginning)
    target = tmp_path / "out file"
    written = call("graph", path, form, "-o", target)
    assert (written.code, written.out) == (0, "")
    assert target.read_text() == printed.out
    if form == "--svg":
        ET.fromstring(printed.out)  # noqa: S314


def test_graph_values(write: Write, call: Call) -> None:
    path = write(*GOOD)
    table = [line.split() for line in call("graph", path, "--values").out.splitlines()]
    assert table == [
        ["name", "type", "size", "from", "to", "how"],
        ["xs", "list", "load", "(cell", "2)", "sum", "value"],
        ["n", "int", "cell", "1", "load", "parameter"],
    ]
    rows = json.loads(call("graph", path, "--json").out)["values"]
    assert [(row["names"], row["how"], row["from"], row["to"], row["type"]) for row in rows] == [
        (["xs"], "value", ["load"], ["sum"], "list"),
        (["n"], "parameter", [], ["load"], "int"),
    ]
    dry = call("run", path, "--dry-run").out.splitlines()
    assert [line.split() for line in dry if "load (cell 2)" in line] == [table[1]]


def test_graph_into_a_folder_that_is_not_there(write: Write, call: Call, tmp_path: Path) -> None:
    found = call("graph", write(*GOOD), "-o", tmp_path / "none" / "x.svg")
    assert found.code == 3
    assert "N2P611" in found.err
    assert "Traceback" not in found.err


def test_build_and_check(write: Write, call: Call, tmp_path: Path) -> None:
    path = write(*GOOD)
    missing = call("build", "--check", path)
    assert missing.code == 2
    assert "N2P612" in missing.err
    assert f"fix: nb2pipe build {path}" in missing.err
    built = call("build", path)
    folder = tmp_path / "note.pipeline"
    assert (built.code, built.err) == (0, "")
    assert sorted(item.name for item in (folder / "steps").iterdir()) == ["load.ipynb", "sum.ipynb"]
    assert call("build", "--check", path).code == 0
    (folder / "steps" / "load.ipynb").write_text("changed")
    stale = call("build", "--check", path)
    assert stale.code == 2
    assert "steps/load.ipynb" in stale.err
    assert "steps/sum.ipynb" not in stale.err
    other = call("build", path, "-o", tmp_path / "other place")
    assert other.code == 0
    assert "-o '" in call("build", "--check", path, "-o", tmp_path / "no place").err


def test_build_of_a_bad_notebook_writes_nothing(write: Write, call: Call, tmp_path: Path) -> None:
    found = call("build", write(*BAD))
    assert found.code == 2
    assert "N2P201" in found.err
    assert not (tmp_path / "note.pipeline").exists()


def test_build_leaves_a_foreign_folder_alone(write: Write, call: Call, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    found = call("build", write(*GOOD), "-o", tmp_path / "mine")
    assert found.code == 2
    assert [item.name for item in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_dry_run(write: Write, call: Call, tmp_path: Path) -> None:
    found = call("run", write(*GOOD, ("step:big gpu:1", "print(total)")), "--dry-run", "-p", "n=5")
    assert found.code == 0
    assert "`total`: written in cell 3, read in cell 4" in found.out
    assert "  n  5\n" in found.out
    assert "N2P5" in found.err
    assert "gpu" in found.err
    assert not (tmp_path / ".nb2pipe").exists()


def test_dry_run_json(write: Write, call: Call) -> None:
    report = json.loads(call("run", write(*GOOD), "--dry-run", "--json", "-p", "n=5").out)
    assert report["parameters"] == {"n": 5}
    assert [step["name"] for step in report["pipeline"]["steps"]] == ["load", "sum"]


def test_versions(call: Call) -> None:
    assert call("--version").out == f"nb2pipe {nb2pipe.__version__}\n"
    assert nb2pipe.__version__ in call("version").out
    assert json.loads(call("version", "--json").out)["nb2pipe"] == nb2pipe.__version__


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["check"], 2, "Missing argument"),
        (["chekc", "x"], 2, "No such command"),
        (["run", "x.ipynb", "-p", "depth"], 2, "NAME=VALUE"),
        (["run", "x.ipynb", "-p", "a=1", "-p", "a=2"], 2, "given twice"),
        (["run", "x.ipynb", "--jobs", "0"], 2, "--jobs"),
        (["check", "gone.ipynb"], 2, "gone.ipynb"),
        (["run", "gone.ipynb"], 2, "gone.ipynb"),
        (["check", "."], 2, "N2P1"),
        (["runs", "show"], 2, "N2P602"),
        (["logs"], 2, "N2P602"),
        (["cancel"], 2, "N2P602"),
        (["build", "a.ipynb", "b.ipynb", "-o", "x"], 2, "one notebook"),
    ],
)
def test_bad_calls_are_one_clear_message(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    found = call(*arguments)
    assert found.code == code
    assert words in found.out + found.err
    assert "Traceback" not in found.err


def test_parameters_that_do_not_fit(write: Write, call: Call) -> None:
    found = call("run", write(*GOOD), "-p", "n=many")
    assert found.code == 2
    assert "parameter `n` is 'many', but its type is int" in found.err


@pytest.mark.parametrize(("name", "text"), [("p.yaml", "n: 7\n"), ("p.json", '{"n": 7}'), ("p.txt", "\ufeffn: 7")])
def test_a_parameters_file(write: Write, call: Call, tmp_path: Path, name: str, text: str) -> None:
    path, file = write(("parameters", "n = 3"), ("step:a", "print(n)")), tmp_path / name
    file.write_text(text, encoding="utf-8")
    assert json.loads(call("run", path, "--dry-run", "--json", "--params-file", file).out)["parameters"] == {"n": 7}
    both = call("run", path, "--dry-run", "--json", "--params-file", file, "-p", "n=8")
    assert json.loads(both.out)["parameters"] == {"n": 8}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- 1\n", "no mapping"),
        ("n: [", "no valid JSON or YAML"),
        ("n: 2024-01-01", "no JSON"),
        ("n: !!python/object/apply:os.getcwd []", "no valid JSON or YAML"),
        ("n: .nan", "no JSON"),
        ("m: 1", "no parameter `m`"),
        ("n: x", "its type is int"),
        ("#" * 1_000_001, "more than 1,000,000 bytes"),
    ],
)
def test_a_parameters_file_that_does_not_fit(write: Write, call: Call, tmp_path: Path, text: str, words: str) -> None:
    path, file = write(("parameters", "n = 3"), ("step:a", "print(n)")), tmp_path / "p.yaml"
    file.write_text(text)
    found = call("run", path, "--dry-run", "--params-file", file)
    assert found.code == 2
    assert words in found.err


def test_no_runs_yet(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "no runs here" in call("runs").out
    assert json.loads(call("runs", "list", "--json").out) == {"schema": 1, "runs": []}


def test_an_internal_error_is_told_as_one(call: Call, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("od\x1b[2Jd")

    monkeypatch.setattr(api, "analyze", broken)
    path = write(*GOOD)
    found = call("check", path)
    assert found.code == 5
    assert found.err.startswith(f"internal error in nb2pipe {nb2pipe.__version__}: KeyError: 'od")
    assert "Traceback" not in found.err
    assert "\x1b" not in found.err
    assert "Traceback" in call("--debug", "check", path).err


HOSTILE = "x\x1b]0;owned\x07\x1b[31m\u202ey"


def test_names_of_files_and_tags_cannot_move_the_cursor(write: Write, call: Call) -> None:
    path = write(("step:a", "print(q)"), (f"stpe:{HOSTILE}", "y = 1"), name=f"{HOSTILE}.ipynb")
    for arguments in (["check", path], ["check", "--github", path], ["graph", path], ["build", path], ["run", path]):
        found = call(*arguments)
        assert not set("\x1b\x07\u202e") & set(found.out + found.err), arguments


def test_a_terminal_that_shows_no_lines(write: Write, shell: Any) -> None:
    path = write(("step:é", "x = [1]"), ("step:b", "print(x)"), ("step:c", "print(x)"))
    result = subprocess.run(
        shell.command("graph", path),
        capture_output=True,
        env=shell.environment(PYTHONUTF8="0", PYTHONIOENCODING="iso-8859-1"),
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"`- \xe9" in result.stdout


def test_a_reader_that_goes_away(write: Write, shell: Any) -> None:
    cells = [(f"step:step_number_{number}", f"x{number} = {number}") for number in range(4000)]
    process = shell.start("graph", write(*cells))
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(30) == 141
    process.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_for_the_output(write: Write, shell: Any) -> None:
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            shell.command("check", write(*GOOD)),
            stdout=full,
            stderr=subprocess.PIPE,
            env=shell.environment(),
            text=True,
            check=False,
        )
    assert result.returncode == 3
    assert result.stderr == (
        "N2P613 the system refused to read or write standard output: No space left on device\n"
        "  fix: look at free space and permissions there\n"
    )


def test_an_interrupt(call: Call, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "analyze", interrupted)
    found = call("check", write(*GOOD))
    assert (found.code, found.out, found.err) == (130, "", "")


HEAVY = [
    "papermill",
    "nbformat",
    "nbclient",
    "nbconvert",
    "jupyter_client",
    "jupyter_server",
    "kfp",
    "rich",
    "IPython",
    "cloudpickle",
    "zmq",
    "yaml",
]


@pytest.mark.parametrize(
    ("cell", "code", "allowed"),
    [("x = 1", "import nb2pipe", []), ("x = 1", "check", []), ("%time x = 1", "check", ["IPython"])],
)
def test_checking_loads_nothing_heavy(write: Write, shell: Any, cell: str, code: str, allowed: list[str]) -> None:
    path = write(("step:a", cell))
    script = "import sys, json\n" + (
        "import nb2pipe\n"
        if code != "check"
        else "from nb2pipe import cli\nassert cli.run(['check', sys.argv[1]]) == 0\n"
    )
    script += "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    output = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True, env=shell.environment()
    ).stdout
    loaded = set(json.loads(output.splitlines()[-1]))
    assert loaded & set(HEAVY) <= set(allowed)
    if code != "check":
        assert "click" not in loaded


def test_a_graph_has_one_form(write: Write, call: Call) -> None:
    path = write(("step:a", "x = 1"))
    found = call("graph", path, "--svg", "--json")
    assert found.code == 2
    assert "--svg and --json are two forms; give one of them" in found.err
    assert call("graph", path, "--svg").out.startswith("<svg")
    assert call("graph", path, "--json").out.startswith("{")


AT_THE_END = """
import atexit, sys, threading
from nb2pipe.__main__ import main
atexit.register(print, "registered")
def later():
    threading.main_thread().join()
    print("of a thread")
if sys.argv.pop(1) == "thread":
    threading.Thread(target=later).start()
print("unflushed", end=" ")
main()
"""


@pytest.mark.parametrize("name", ["none", "thread"])
def test_a_command_ends_as_python_does(shell: Any, name: str) -> None:
    """It leaves its memory to the system, and nothing else: what was to be done at the end is done."""
    done = subprocess.run(
        [sys.executable, "-c", AT_THE_END, name, "check", "gone.ipynb"],
        capture_output=True,
        text=True,
        check=False,
        env=shell.environment(),
    )
    assert (done.returncode, done.stderr) == (2, "")
    first, *_, last = done.stdout.splitlines()
    assert first.startswith("unflushed gone.ipynb: N2P102")
    assert last == "registered"
    assert ("of a thread\nregistered\n" in done.stdout) == (name == "thread")
