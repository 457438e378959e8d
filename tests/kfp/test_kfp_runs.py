"""Compiled pipelines, loaded back and run by KFP's own local runner: the notebook's results, or a failed task."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from kfp.dsl import ClassificationMetrics
from kfp_runs import Run
from sklearn.metrics import roc_curve

from nb2pipe.model import Order, OrderKind, Pipeline

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(600)]
Cells = Sequence[tuple[str, str]]

SAME: Mapping[str, tuple[Cells, Mapping[str, Any], Mapping[str, str]]] = {
    "parameters, computed and None ones too": (
        [
            ("parameters", "n = 3\ntwice = n * 2\nscale = 1.5\nname = 'it\\'s'\nlabel = None\nxs = [1.0, 2]"),
            ("step:make", "data = [scale * i for i in range(n)]\nprint(name, data, twice, label, xs)"),
            ("step:use", "print('total', sum(data))"),
        ],
        {},
        {"make": "it's [0.0, 1.5, 3.0] 6 None [1.0, 2]\n", "use": "total 4.5\n"},
    ),
    "parameters that the run gives": (
        [
            ("parameters", "n = 3\ntwice = n * 2\nlabel = None\nxs = [1, 2]"),
            ("step:make", "print(n, twice, label, xs)"),
        ],
        {"n": 4, "label": "a b", "xs": [5, 6]},
        {"make": "4 8 a b [5, 6]\n"},
    ),
    "shared objects, names that may be unbound, other scripts, state": (
        [
            ("parameters", "n = 3"),
            (
                "step:make",
                ("import os, random\nimport numpy as np\nnp.random.seed(1)\nrandom.seed(2)\nos.environ['WORD'] = 'set'\n"
                "größe = [1]\nheld = {'g': größe}\nn2p_x = 'p'\nif n > 5:\n    extra = 1"),
            ),
            ("step:change", "größe.append(n)\nprint(np.random.rand() < 1, random.random() < 1)"),
            (
                "step:Größe",
                ("try:\n    print(extra)\nexcept NameError:\n    print('no extra')\n"
                "print(held, held['g'] is größe, n2p_x, os.environ['WORD'], round(np.random.rand(), 6))"),
            ),
        ],
        {},
        {"change": "True True\n", "groe-aedc3f": "no extra\n{'g': [1, 3]} True p set 0.720324\n"},
    ),
    "steps of one process, branches, metrics": (
        [
            ("step:make", "def squares():\n    for i in range(9):\n        yield i * i\nit = squares()\nfirst = next(it)"),
            ("step:go", "second = next(it)\nprint(first, second)"),
            ("step:left", "l = second + 1"),
            ("step:right", "r = second + 2"),
            ("metrics", "score = l + 0.5"),
        ],
        {},
        {"make": "0 1\n"},
    ),
    "dicts keep the order of their keys": (
        [
            ("parameters", "d = {'b': 1, 'a': [{'z': 1, 'c': 2}]}"),
            ("step:make", "found = list(d), list(d['a'][0])"),
            ("step:use", "print(found, list(d))"),
        ],
        {},
        {"use": "(['b', 'a'], ['z', 'c']) ['b', 'a']\n"},
    ),
    "files": (
        [
            ("step:make", "from pathlib import Path\nPath('out').mkdir()\nPath('out/a').write_text('one')\nopen('b','w').write('b')"),
            ("step:add", "with open('b', 'a') as f:\n    f.write('+')"),
            ("step:use", "print(open('out/a').read(), open('b').read())"),
        ],
        {},
        {"use": "one b+\n"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SAME)
def test_the_same_results(case: str, run_by_kfp: Run) -> None:
    cells, parameters, printed = SAME[case]
    ran = run_by_kfp(*cells, parameters=parameters, apart=True)
    assert ran.code == 0, ran.text
    assert {task: ran.printed(task) for task in printed} == printed


FAILS: Mapping[str, tuple[Cells, Mapping[str, Any], str]] = {
    "an error of the user's code": (
        [("step:a", "x = 1\n\nx / 0")],
        {"step": "a", "cause": "error", "cell": 0, "line": 3},
        "step `a` failed in cell 1 line 3: ZeroDivisionError",
    ),
    "a value changed though no code shows it": (
        [
            ("step:make", "data = ['mark', 1]\nother = 5"),
            ("step:sneak", "import gc\nn = len(data)\nfor o in gc.get_objects():\n    if type(o) is list and o[:1] == ['mark']:\n        o.append(2)"),
            ("step:use", "print(data, n)"),
        ],
        {"step": "sneak", "cause": "value"},
        "changed `data` in place, which its code does not show; `use` would get the value from before",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAILS)
def test_a_task_fails_and_says_why(case: str, run_by_kfp: Run) -> None:
    cells, error, message = FAILS[case]
    ran = run_by_kfp(*cells, apart=True)
    assert ran.code == 1, ran.text
    assert message in ran.error["message"]
    assert {key: ran.error.get(key) for key in error} == dict(error)


def test_what_no_plan_shows_is_not_sent(run_by_kfp: Run) -> None:
    def forgotten(pipeline: Pipeline) -> Pipeline:
        make, use = pipeline.steps
        order = Order(make.id, OrderKind.AFTER, "declared")
        return replace(pipeline, steps=(make, replace(use, needs=(), orders=(order,))))

    ran = run_by_kfp(("step:make", "data = [1]"), ("step:use", "print(data)"), change=forgotten, apart=True)
    assert ran.code == 1, ran.text
    assert "`data` of step 'make' is read, which the code does not show, so it was not sent" in ran.error["message"]
    assert "# nb2pipe: needs data" in ran.error["message"]


def test_branches_that_nothing_connects_are_compared_at_the_end(run_by_kfp: Run) -> None:
    def apart(pipeline: Pipeline) -> Pipeline:
        return replace(pipeline, steps=tuple(replace(step, orders=()) for step in pipeline.steps))

    cells = [("step:one", "open('x', 'w').write('1')"), ("step:two", "open('x', 'w').write('2')")]
    ran = run_by_kfp(*cells, change=apart, apart=True)
    assert ran.code == 1, ran.text
    assert ran.error["message"].startswith("steps `one` and `two` both used the file x, and `two` did not wait")


def test_what_artifacts_hold(run_by_kfp: Run) -> None:
    ran = run_by_kfp(
        ("step:make", "import numpy as np\nframe = np.arange(3)\nsame = [frame]\nif len(same) > 5:\n    never = 1"),
        ("step:use", "print(frame.sum(), len(same))"),
        ("metrics", "score = 0.5"),
    )
    assert ran.code == 0, ran.text
    made = json.loads((ran.tasks / "make" / "executor_output.json").read_bytes())["artifacts"]
    assert {name: item["artifacts"][0]["metadata"].get("bound") for name, item in made.items()} == {
        "frame": True, "same": True, "never": False, "executed.ipynb": None, "executed.html": None, "run-record": None,
    }  # fmt: skip
    metadata = made["frame"]["artifacts"][0]["metadata"]
    assert (metadata["python_type"], metadata["names"]) == ("numpy.ndarray", ["frame", "same"])
    assert metadata["object"] == made["same"]["artifacts"][0]["metadata"]["object"]
    content = (ran.tasks / "make" / "frame").read_bytes()
    assert len(content) == metadata["size_bytes"]
    assert b"not bound" in (ran.tasks / "make" / "never").read_bytes()
    page = (ran.tasks / "use" / "executed.html").read_text(encoding="utf-8")
    assert "frame.sum()" in page
    with zipfile.ZipFile(ran.tasks / "use" / "run-record") as record:
        assert {name for name in record.namelist() if name.startswith("steps/")} == {
            "steps/make.json",
            "steps/use.json",
        }


def test_matrices_and_curves_as_kfp_logs_them(run_by_kfp: Run) -> None:
    ran = run_by_kfp(
        ("step:make", "y, p, score = [0, 1, 1], [0, 1, 0], [0.1, 0.9, 0.4]"),
        (
            "metrics",
            (
                "from sklearn.metrics import confusion_matrix, roc_curve\n"
                "cm = confusion_matrix(y, p)\n"
                "fpr, tpr, at = roc_curve(y, score)\nno, none, nothing = 1, 2, 3"
            ),
        ),
    )
    assert ran.code == 0, ran.text
    made = json.loads((ran.tasks / "metrics" / "executor_output.json").read_bytes())["artifacts"]
    found = {name: item["artifacts"][0] for name, item in made.items() if "-" in name and name[0] in "cf"}
    assert set(found) == {"cm-confusion-matrix", "fpr-roc-curve"}
    assert {item["type"]["schemaTitle"] for item in found.values()} == {"system.ClassificationMetrics"}
    theirs = ClassificationMetrics()
    theirs.log_confusion_matrix(["0", "1"], [[1.0, 0.0], [1.0, 1.0]])
    assert found["cm-confusion-matrix"]["metadata"]["confusionMatrix"] == theirs.metadata["confusionMatrix"]
    fpr, tpr, at = roc_curve([0, 1, 1], [0.1, 0.9, 0.4])
    theirs.log_roc_curve([*fpr], [*tpr], [1.9, *at[1:]])
    assert found["fpr-roc-curve"]["metadata"]["confidenceMetrics"] == theirs.metadata["confidenceMetrics"]
