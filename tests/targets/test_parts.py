"""The local target's parts that run nothing: schedule, values, masks, options, kernels, copies."""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nb2pipe
from nb2pipe.errors import EnvironmentProblem
from nb2pipe.layout import RootDir
from nb2pipe.model import Gpu, Kernel, RunState, Severity, StepOptions, Toleration, Value, Volume
from nb2pipe.targets import local
from nb2pipe.targets.local import isolated, kernels
from nb2pipe.targets.local.schedule import Schedule
from nb2pipe.targets.local.scrub import Scrubber, StreamScrubber
from nb2pipe.targets.local.stored import Given, Outputs, Unstorable, read_outputs, resolve

# --- schedule ----------------------------------------------------------------------------------------------------------


@given(data=st.data())
def test_every_schedule_comes_to_an_end(make: Any, data: st.DataObject) -> None:
    """Any DAG, any order of ends, any failures and a cancel: no step starts early, twice, or after a failed one."""
    count = data.draw(st.integers(1, 8))
    names = [f"s{number}" for number in range(count)]
    after = {
        name: data.draw(st.lists(st.sampled_from(names[:at]), unique=True)) if at else []
        for at, name in enumerate(names)
    }
    schedule = Schedule(make.bundle({make.step(name, after=after[name]): "" for name in names}).pipeline)
    running: list[str] = []
    arrived: set[str] = set()
    canceled = False
    while not schedule.done:
        if not canceled:
            ready = schedule.ready()
            assert ready == sorted(ready, key=names.index)
            assert schedule.first() == (ready[0] if ready else None)
            arrived.update(iter(schedule.arrived, None))
            assert arrived >= set(ready)
            for step in ready:
                assert all(schedule.states[source] is RunState.SUCCEEDED for source in after[step])
                schedule.started(step)
                running.append(step)
        if data.draw(st.booleans()) and not canceled and data.draw(st.booleans()):
            canceled = True
            schedule.cancel()
        if running:
            step = running.pop(data.draw(st.integers(0, len(running) - 1)))
            lost = schedule.ended(step, data.draw(st.sampled_from([RunState.SUCCEEDED, RunState.FAILED])))
            assert all(schedule.states[item] is RunState.SKIPPED for item, _ in lost)
    assert not running
    assert (schedule.result() is RunState.SUCCEEDED) == (set(schedule.states.values()) == {RunState.SUCCEEDED})
    for step, state in schedule.states.items():
        if state is RunState.SKIPPED:
            assert any(schedule.states[source] in {RunState.FAILED, RunState.SKIPPED} for source in after[step])


SHAPES = {
    "a chain": lambda number: [f"s{number - 1}"] if number else [],
    "all at once": lambda _number: [],
    "all after the first": lambda number: ["s0"] if number else [],
    "a ladder": lambda number: [f"s{number - 2}", f"s{number - 1}"] if number > 1 else [],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_step_costs_does_not_depend_on_how_many_there_are(make: Any, shape: str) -> None:
    """Lines that are executed, of the schedule itself, the pipeline and the graph, to the end of a run."""
    few, many = (_lines(make, count, SHAPES[shape]) / count for count in (100, 800))
    assert many < 1.1 * few


def _lines(make: Any, count: int, after: Callable[[int], list[str]]) -> int:
    pipeline = make.bundle({make.step(f"s{number}", after=after(number)): "" for number in range(count)}).pipeline
    lines = 0

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace if frame.f_code.co_filename.endswith(("schedule.py", "model.py", "graph.py")) else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        schedule, running = Schedule(pipeline), []
        while not schedule.done:
            while schedule.arrived() is not None:
                pass
            while (step := schedule.first()) is not None and len(running) < 4:
                schedule.started(step)
                running.append(step)
            schedule.ended(running.pop(0), RunState.SUCCEEDED)
    finally:
        sys.settrace(before)
    return lines


# --- values ------------------------------------------------------------------------------------------------------------

NEW, OLD = Value("sha256-new", "int", 1), Value("sha256-old", "int", 1)
LATE = {
    "bound": (Outputs(1, values={"x": NEW}), {"x": Given(NEW, "late")}),
    "untouched": (Outputs(1), {"x": Given(OLD, "early")}),
    "deleted": (Outputs(1, deleted=("x",)), {}),
    "could not be stored": (Outputs(1, failed={"x": Unstorable("Lock", "no")}), {}),
    "another name": (Outputs(1, values={"y": NEW}, deleted=("z",)), {"x": Given(OLD, "early")}),
}


@pytest.mark.parametrize("case", LATE)
def test_the_latest_provider_that_says_something_decides(make: Any, case: str) -> None:
    """An older value behind a `del` would be a wrong one."""
    outputs, expected = LATE[case]
    step = make.step("s", make.need("x", "late", "early"))
    assert resolve(step, {"late": outputs, "early": Outputs(1, values={"x": OLD})}) == expected


def test_a_plan_that_names_the_wrong_provider(make: Any) -> None:
    """Where it had nothing to do with the name, the last step that did has it; one that is not done says nothing."""
    step = make.step("s", make.need("x", "late", "own"))
    done = {"first": Outputs(1, values={"x": NEW}), "early": Outputs(1, values={"x": OLD}), "late": Outputs(1)}
    assert resolve(step, done, ["first", "early", "late", "own"]) == {"x": Given(OLD, "early")}
    assert resolve(step, {"late": Outputs(1)}, ["late", "own"]) == {}


# --- masks -------------------------------------------------------------------------------------------------------------


@given(
    value=st.text(min_size=4, max_size=12),
    texts=st.lists(st.text(max_size=8)),
    cuts=st.lists(st.integers(1, 5)),
)
def test_no_secret_gets_through_in_pieces(value: str, texts: list[str], cuts: list[int]) -> None:
    """However the text is cut, what comes out holds no secret, and nothing else is lost."""
    whole = value.join(texts)
    stream = StreamScrubber(Scrubber([value]))
    shown, at = "", 0
    for size in [*cuts, len(whole)]:
        shown += stream.feed(whole[at : at + size])
        at += size
    shown += stream.flush()
    assert value not in shown or value in "***"
    if not any(form in whole for form in (value, repr(value)[1:-1], json.dumps(value)[1:-1])):
        assert shown == whole


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("a tok-en b", "a *** b"),
        ({"tok-en": ["tok-en", 1, None, True]}, {"***": ["***", 1, None, True]}),
        ("tok-e n", "tok-e n"),
        ('{"a": "tok-en"}', '{"a": "***"}'),
    ],
)
def test_masks_in_data(data: object, expected: object) -> None:
    """Keys, values and text; nothing else."""
    assert Scrubber(["tok-en", "abc"]).data(data) == expected


def test_short_values_are_no_masks(tmp_path: Path) -> None:
    """They would hide innocent text; an empty scrubber is false and changes nothing."""
    scrubber = Scrubber(["abc", ""])
    assert not scrubber
    assert scrubber.text("abc") == "abc"
    (tmp_path / "f").write_bytes(b"abc")
    assert not scrubber.found_in(tmp_path / "f")


@pytest.mark.parametrize("offset", [0, (1 << 20) - 3, (1 << 20) - 6, 1 << 20])
def test_a_value_is_found_across_chunks(tmp_path: Path, offset: int) -> None:
    """Large objects are read in pieces."""
    (tmp_path / "f").write_bytes(b"0" * offset + b"tok-en" + b"0" * 10)
    assert Scrubber(["tok-en"]).found_in(tmp_path / "f")
    assert not Scrubber(["tok-enn"]).found_in(tmp_path / "f")


# --- options -----------------------------------------------------------------------------------------------------------


def test_each_option_is_warned_about_once(make: Any) -> None:
    """All steps that have it in one warning; what is honoured, in none."""
    everything = StepOptions(
        cpu="2", memory="1Gi", gpu=Gpu(), image="i", cache=False, labels=(("a", "b"),), annotations=(("a", "b"),),
        node_selector=(("a", "b"),), tolerations=(Toleration("a"),), volumes=(Volume("a", "/a"),), pull_secrets=("a",),
        pull_policy="Never",
    )  # fmt: skip
    honoured = StepOptions(retries=1, timeout_s=3, env=(("A", "b"),))
    pipeline = make.bundle(
        {
            make.step("a", options=everything): "",
            make.step("b", options=StepOptions(cpu="1")): "",
            make.step("c", options=honoured): "",
        }
    ).pipeline
    found = local.check(pipeline)
    warnings = [item for item in found if item.code == "N2P501"]
    assert {item.severity for item in warnings} == {Severity.WARNING}
    assert sorted(item.message.partition(" has")[0] for item in warnings) == [
        "`annotation:` of step `a`",
        "`cpu:` of steps `a`, `b`",
        "`gpu:` of step `a`",
        "`image:` of step `a`",
        "`label:` of step `a`",
        "`memory:` of step `a`",
        "`node-selector:` of step `a`",
        "`pull-policy:` of step `a`",
        "`pull-secret:` of step `a`",
        "`tolerate:` of step `a`",
        "`volume:` of step `a`",
    ]
    assert [item.code for item in found if item not in warnings] == ([] if sys.platform == "linux" else ["N2P502"])


# --- kernels -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A way to install kernelspecs that only this test sees."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))

    def install(name: str, argv: list[str], language: str = "python") -> None:
        folder = tmp_path / "jupyter" / "kernels" / name
        folder.mkdir(parents=True)
        content = {"argv": argv, "display_name": name, "language": language}
        (folder / "kernel.json").write_text(json.dumps(content), encoding="utf-8")

    return install


@pytest.mark.parametrize("name", ["", "python3"])
def test_the_usual_kernel_is_always_there(name: str) -> None:
    """A notebook without a kernelspec, or with the usual one."""
    found = kernels.find(Kernel(name=name))
    assert found.name == "python3"
    assert "{connection_file}" in found.argv


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("conda-env", "`conda-env`"),
        ("../../etc/passwd", "`'../../etc/passwd'`"),
        ("/nowhere/x", "`'/nowhere/x'`"),
        ("a;touch x", "`'a;touch x'`"),
        ("\x1b[31mred\n", r"`'\x1b[31mred\n'`"),
        ("x" * 5000, "`'" + "x" * 60 + "'`"),
    ],
)
def test_a_kernel_that_is_not_installed(name: str, shown: str) -> None:
    """One line: what is asked for, made harmless, and what is there."""
    with pytest.raises(EnvironmentProblem) as caught:
        kernels.find(Kernel(name=name))
    (problem,) = caught.value.diagnostics
    assert problem.code == "N2P503"
    assert problem.message.startswith(f"the kernel {shown} that the notebook names is not installed; installed: ")
    assert "`python3`" in problem.message
    assert problem.message.isprintable()


def test_kernels_that_will_not_do(specs: Any, tmp_path: Path) -> None:
    """Another language, a Python that is too old, one without packages, one that is gone, one that says nonsense."""

    def script(name: str, answer: str) -> list[str]:
        path = tmp_path / name / "python"
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\necho '{answer}'\n", encoding="utf-8")
        path.chmod(0o700)
        return [str(path), "-f", "{connection_file}"]

    specs("r", ["R"], "R")
    specs("old", script("old", "[[3, 8], []]"))
    specs("bare", script("bare", '[[3, 12], ["IPython", "cloudpickle"]]'))
    specs("gone", ["/nowhere/bin/python3", "-m", "ipykernel_launcher"])
    specs("odd", script("odd", "hello"))
    specs("good", script("good", "[[3, 12], []]"))
    specs("usual", script("usual", '[[3, 12], ["blake3"]]'))
    found = {}
    for name in ("r", "old", "bare", "gone"):
        with pytest.raises(EnvironmentProblem) as caught:
            kernels.find(Kernel(name="python3"), name)
        found[name] = caught.value.diagnostics[0]
    assert {name: item.code for name, item in found.items()} == {
        "r": "N2P504",
        "old": "N2P506",
        "bare": "N2P505",
        "gone": "N2P503",
    }
    assert found["bare"].message == "kernel `bare` lacks IPython, cloudpickle"
    assert (found["bare"].hint or "").endswith("python -m pip install ipython cloudpickle")
    assert found["gone"].message == "kernel `gone` can't be started: /nowhere/bin/python3: No such file or directory"
    assert kernels.find(Kernel(name="good")).argv[-1] == "{connection_file}"
    assert {name: kernels.find(Kernel(name=name)).digest for name in ("good", "usual", "odd")} == {
        "good": "blake3",
        "usual": "sha256",
        "odd": "sha256",
    }


def test_the_runtime_is_written_for_the_oldest_kernel() -> None:
    """Its files are read by the kernel's Python, not by ours."""
    for path in sorted((Path(nb2pipe.__file__).parent / "runtime").glob("*.py")):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=kernels.MIN_PYTHON)


# --- what a step stored ------------------------------------------------------------------------------------------------


def test_an_object_of_another_size_is_not_what_was_stored(tmp_path: Path) -> None:
    root = RootDir(tmp_path)
    files = root.run("r").step("s")
    files.path.mkdir(parents=True)
    object_id = "sha256-" + "0" * 64
    root.object(object_id).parent.mkdir(parents=True)
    value = {"object": object_id, "type": "int", "size_bytes": 3}
    files.outputs.write_text(json.dumps({"schema": 1, "values": {"x": value}}), encoding="utf-8")
    with pytest.raises(ValueError, match="missing"):
        read_outputs(files, root)
    root.object(object_id).write_bytes(b"12")
    with pytest.raises(ValueError, match="has not the 3 bytes"):
        read_outputs(files, root)
    root.object(object_id).write_bytes(b"123")
    found = read_outputs(files, root)
    assert found is not None
    assert found.values["x"].size_bytes == 3


# --- copies ------------------------------------------------------------------------------------------------------------


def test_a_copy_holds_what_is_in_the_folder(tmp_path: Path) -> None:
    """Links within are kept as links; those that lead out, pipes, and our own directories are left out."""
    folder = tmp_path / "folder"
    for name in ("data/deep", ".git", "kept-runs/runs"):
        (folder / name).mkdir(parents=True)
    (folder / "data" / "deep" / "a.txt").write_text("a", encoding="utf-8")
    (folder / ".git" / "config").touch()
    (folder / "kept-runs" / "runs" / "x").touch()
    for name in ("objects", "runs", "locks"):
        (folder / "data" / "other-runs" / name).mkdir(parents=True)  # of a run with another `--run-dir`
    for name in ("objects", "runs"):
        (folder / "data" / "mine" / name).mkdir(parents=True)
    (folder / "inside").symlink_to("data/deep/a.txt")
    (folder / "outside").symlink_to("../secret")
    (folder / "absolute").symlink_to(folder / "data")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")
    copied = isolated.copy(folder, tmp_path / "copy", without=folder / "kept-runs")
    assert str(copied) == "1 files, 0.0 MB; left out, as they lead out of the folder: absolute, outside, pipe"
    found = sorted(str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob("*"))
    mine = ["data/mine", "data/mine/objects", "data/mine/runs"]
    assert found == ["data", "data/deep", "data/deep/a.txt", *mine, "inside", "loop"]
    assert (tmp_path / "copy" / "inside").read_text(encoding="utf-8") == "a"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_copy_names_what_can_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "folder" / "private").mkdir(parents=True)
    (tmp_path / "folder" / "private").chmod(0)
    copied = isolated.copy(tmp_path / "folder", tmp_path / "copy", without=tmp_path / "none")
    (tmp_path / "folder" / "private").chmod(0o700)
    assert str(copied) == "0 files, 0.0 MB; left out, as they can't be read: private"


def test_a_folder_that_is_too_large(tmp_path: Path) -> None:
    """Said before anything is copied."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "big").write_bytes(b"0" * 2000)
    with pytest.raises(EnvironmentProblem, match="too much to copy") as caught:
        isolated.copy(tmp_path / "folder", tmp_path / "copy", without=tmp_path / "none", max_bytes=1000)
    assert caught.value.diagnostics[0].code == "N2P508"
    assert not (tmp_path / "copy").exists()
