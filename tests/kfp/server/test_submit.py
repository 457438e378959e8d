"""`submit`, `attach`, `cancel`, `resume`, `runs` and `logs` against a KFP server's double."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
import kfp_runs
from pipelines import nodes, pod

from nb2pipe import api

if TYPE_CHECKING:
    from double import Double

Call = Callable[..., tuple[int, str, str]]


def submitted(call: Call, double: Double, study: Path, *more: str) -> str:
    """Submit the study; its id on the server."""
    code, out, err = call("submit", study, "--host", double.url, "-p", "name=a", *more)
    assert code == 0, err
    assert f"{double.url}/#/runs/details/" in out
    return next(reversed(double.runs))


def test_a_run_is_made_as_it_was_asked_for(call: Call, double: Double, study: Path) -> None:
    run_id = submitted(call, double, study, "-p", "depth=5", "--experiment", "trials")
    run = double.runs[run_id]
    (record,) = api.runs(study)
    assert run["display_name"] == f"study {record.id}"
    assert run["runtime_config"]["parameters"] == {"name": "a", "depth": 5}
    assert double.experiments[run["experiment_id"]]["display_name"] == "trials"
    assert (record.remote, record.target, record.state.value) == (run_id, f"kfp {double.url}", "PENDING")
    assert [step.name for step in record.steps] == ["load", "fit", "show"]


def test_the_same_pipeline_is_uploaded_once(call: Call, double: Double, study: Path) -> None:
    submitted(call, double, study)
    submitted(call, double, study, "-p", "depth=9")
    assert (len(double.pipelines), len(double.versions), len(double.runs)) == (1, 1, 2)
    study.write_bytes(study.read_bytes().replace(b"python:3.11", b"python:3.12"))
    submitted(call, double, study)
    assert (len(double.pipelines), len(double.versions), len(double.runs)) == (1, 2, 3)


@pytest.mark.parametrize(("size", "code", "made"), [(100_000, 0, 1), (140_000, 2, 0)])
@pytest.mark.parametrize("how", ["a notebook", "a notebook's values in a file", "what was compiled", "of the SDK's"])
def test_values_that_do_not_fit_into_a_pod_are_not_sent(
    call: Call, double: Double, study: Path, tmp_path: Path, how: str, size: int, code: int, made: int
) -> None:
    """The values of a run are held against the limit of one argument, as the notebook's own are when it is compiled."""
    source, name, value = tmp_path / "note.ipynb", "S", "x" * size
    cells = [("parameters", "S = 'a'"), ("step:make", "a = len(S)"), ("step:use", "print(a)")]
    source.write_bytes(kfp_runs.notebook(*cells))
    if how == "what was compiled":
        assert call("compile", source, "--to", "kfp", "-o", tmp_path / "note.yaml")[0] == 0
        source = tmp_path / "note.yaml"
    elif how == "of the SDK's":
        source, name = study, "name"
    (tmp_path / "values.json").write_text(json.dumps({name: value}), "utf-8")
    given = ("--params-file", tmp_path / "values.json") if "file" in how else ("-p", f"{name}={value}")
    found, _, err = call("submit", source, "--host", double.url, *given)
    assert (found, len(double.runs), len(double.pipelines)) == (code, made, made), err[-500:]
    if code:
        assert "N2P524" in err
        assert f"{size + 2:,}" in err
        assert ("note.ipynb cell 2: " in err) is ("notebook" in how)


@pytest.mark.parametrize("name", ["a b", "50%", "1+1", "ümläut", 'a"b\\', "x/y?z=1&w", "%41"])
def test_an_experiment_may_have_any_name(call: Call, double: Double, study: Path, name: str) -> None:
    for _ in range(2):
        submitted(call, double, study, "--experiment", name)
    assert [item["display_name"] for item in double.experiments.values()] == [name]


def test_a_run_is_followed_to_its_end(call: Call, double: Double, study: Path) -> None:
    def cluster() -> None:
        while not double.runs:
            time.sleep(0.02)
        run_id = next(iter(double.runs))
        double.logs[run_id, pod("load")] = "12 rows\n"
        double.report(run_id, "Running", nodes(load="Running"))
        time.sleep(0.4)
        double.report(run_id, "Running", nodes(load="Succeeded", fit="Running"))
        time.sleep(0.4)
        double.report(run_id, "Succeeded", nodes(load="Succeeded", fit="Succeeded", show="Succeeded"))

    thread = threading.Thread(target=cluster)
    thread.start()
    code, out, err = call("submit", study, "--host", double.url, "-p", "name=a", "--wait", "--every", "0.1")
    thread.join()
    assert code == 0, out + err
    said = [line for line in out.splitlines() if line.startswith(("load", "fit", "show"))]
    assert said == [
        "load  started",
        "load  | 12 rows",
        "load  SUCCEEDED in 30 s",
        "fit   started",
        "fit   SUCCEEDED in 30 s",
        "show  started",
        "show  SUCCEEDED in 30 s",
    ]
    assert call("logs", "latest", "--run-dir", study)[1] == "load  | 12 rows\n"
    shown = json.loads(call("runs", "show", "--json", "--run-dir", study)[1])
    assert (shown["state"], shown["link"]) == ("SUCCEEDED", f"{double.url}/#/runs/details/{shown['remote']}")


NOTEBOOK = (
    ("parameters", "depth = 3\nname = 'it'\nlimit = None\ntwice = depth * 2\nscale = 0.5"),
    ("step:load memory:1Gi", "rows = [1, 2, depth]"),
    ("step:fit image:example.org/fit:2", "best = max(rows)"),
    ("step:show", "print(best, name, limit, twice, scale)"),
)


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """Three steps, as a notebook."""
    cells = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {"tags": tags.split()}, "execution_count": None,
         "outputs": [], "source": source}
        for number, (tags, source) in enumerate(NOTEBOOK)
    ]  # fmt: skip
    kernel = {"kernelspec": {"name": "python3", "display_name": "python3", "language": "python"}}
    path = tmp_path / "train.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    return path


def test_a_notebook_is_compiled_and_submitted(call: Call, double: Double, notebook: Path) -> None:
    given = ("-p", "depth=5", "-p", "limit=[1, 2]", "-p", "twice=7", "-p", "scale=2")
    code, out, err = call("submit", notebook, "--host", double.url, *given)
    assert code == 0, out + err
    (run,) = double.runs.values()
    assert run["runtime_config"]["parameters"] == {"depth": 5, "limit": "[1, 2]", "twice": "7", "scale": 2.0}
    (version,) = double.versions.values()
    assert sorted(version["pipeline_spec"]["pipeline_spec"]["root"]["dag"]["tasks"]) == ["fit", "load", "show"]
    code, out, err = call("submit", notebook, "--host", double.url, "-p", "depth=6")
    assert (code, len(double.versions)) == (0, 1), "other values need no other version"


def test_what_kfp_cannot_carry_is_said_before_anything_is_sent(call: Call, double: Double, notebook: Path) -> None:
    code, _, err = call("submit", notebook, "--host", double.url, "-p", "depth=9007199254740993")
    assert (code, double.asked) == (2, []), err
    assert "N2P522" in err


@pytest.mark.parametrize(
    ("value", "code"), [('{"z": 1, "a": 2}', 2), ('{"a": 2, "z": 1}', 0), ('{"b": 1, "a": [2]}', 0)]
)
def test_a_dict_whose_keys_kfp_would_sort_is_refused(
    call: Call, double: Double, tmp_path: Path, value: str, code: int
) -> None:
    source = tmp_path / "note.ipynb"
    source.write_bytes(kfp_runs.notebook(("parameters", "d = {'b': 1, 'a': [2]}"), ("step:use", "print(list(d))")))
    found, _, err = call("submit", source, "--host", double.url, "-p", f"d={value}")
    assert found == code, err
    assert ("it sorts the keys of a dict" in err) == (code == 2)
    assert len(double.runs) == (code == 0)
