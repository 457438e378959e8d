"""Cells and tags to sections: whole results compared, a row per behaviour."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from nb2pipe.model import After, Diagnostic, Notebook, Section, Severity, StepOptions
from nb2pipe.notebook import pipeline_name, split

Divide = Callable[..., tuple[tuple[Section, ...], tuple[Diagnostic, ...]]]


def short(sections: tuple[Section, ...]) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(section.name, section.role.value, section.cells) for section in sections]


def cells(*tags: str) -> list[tuple[str, list[str]]]:
    """One cell per text; the text's words are its tags."""
    return [("x = 1", text.split()) for text in tags]


CASES: dict[str, tuple[list[tuple[str, list[str]]], list[tuple[str, str, tuple[int, ...]]]]] = {
    "each tag starts a step": (cells("step:a", "step:b"), [("a", "step", (0,)), ("b", "step", (1,))]),
    "an untagged cell goes on": (cells("step:a", "", "step:b", ""), [("a", "step", (0, 1)), ("b", "step", (2, 3))]),
    "the same name goes on": (cells("step:a", "step:a"), [("a", "step", (0, 1))]),
    "foreign tags are no tags": (cells("step:a", "hide-input"), [("a", "step", (0, 1))]),
    "before the first tag": (cells("", "", "step:a"), [("start", "step", (0, 1)), ("a", "step", (2,))]),
    "no tag at all": (cells("", ""), [("start", "step", (0, 1))]),
    "a step may be named start": (cells("", "step:start"), [("start-2", "step", (0,)), ("start", "step", (1,))]),
    "roles are sections": (
        cells("imports", "functions", "parameters", "step:a", "metrics"),
        [
            ("imports", "imports", (0,)),
            ("functions", "functions", (1,)),
            ("parameters", "parameters", (2,)),
            ("a", "step", (3,)),
            ("metrics", "metrics", (4,)),
        ],
    ),
    "an untagged cell goes on with a role": (cells("imports", "", "step:a"), [("imports", "imports", (0, 1)), ("a", "step", (2,))]),
    "neighbours of one role": (cells("imports", "imports", ""), [("imports", "imports", (0, 1, 2))]),
    "a role again": (
        cells("imports", "step:a", "imports", "step:b", "imports"),
        [
            ("imports", "imports", (0,)),
            ("a", "step", (1,)),
            ("imports-2", "imports", (2,)),
            ("b", "step", (3,)),
            ("imports-3", "imports", (4,)),
        ],
    ),
    "steps named like roles": (
        cells("imports", "step:imports", "imports", "step:imports-2"),
        [
            ("imports-3", "imports", (0,)),
            ("imports", "step", (1,)),
            ("imports-4", "imports", (2,)),
            ("imports-2", "step", (3,)),
        ],
    ),
    "skipped cells are in no section": (cells("step:a", "skip", "", "skip"), [("a", "step", (0, 2))]),
    "skip wins": (cells("step:a", "skip step:b", ""), [("a", "step", (0, 2))]),
    "skip first": (cells("skip", "", "step:a"), [("start", "step", (1,)), ("a", "step", (2,))]),
    "a step again keeps one section": (
        cells("step:a", "step:b", "step:a", ""),
        [("a", "step", (0, 2, 3)), ("b", "step", (1,))],
    ),
    "Kale's tags": (
        cells("imports", "pipeline-parameters", "block:a", "block:", "block:b prev:a", "step:", "pipeline-metrics"),
        [
            ("imports", "imports", (0,)),
            ("parameters", "parameters", (1,)),
            ("a", "step", (2, 3)),
            ("b", "step", (4, 5)),
            ("metrics", "metrics", (6,)),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_sections(divide: Divide, case: str) -> None:
    given, expected = CASES[case]
    sections, diagnostics = divide(*given)
    assert short(sections) == expected
    named = {tag.partition(":")[2] for _, tags in given for tag in tags if tag.startswith(("step:", "block:"))}
    assert all(section.implicit is (section.name not in named) for section in sections)
    assert not [problem for problem in diagnostics if problem.severity is Severity.ERROR]


def test_a_section_whole(divide: Divide) -> None:
    sections, diagnostics = divide(
        ("x = 1", ["step:Load", "memory:8Gi", "env:B=2"]),
        ("y = 1", ["env:A=1", "metrics"]),
        ("z = 1", ["step:fit", "after:Load", "metrics"]),
    )
    assert diagnostics == ()
    load, metrics, fit = sections
    assert load == Section(
        name="Load",
        id="load-8a6bdb",
        role=load.role,
        cells=(0,),
        options=StepOptions(memory="8Gi", env=(("B", "2"),)),
    )
    assert (metrics.name, metrics.metrics_cells, metrics.implicit) == ("metrics", (1,), True)
    assert (fit.after, fit.metrics_cells, fit.implicit) == ((After("Load", 2),), (2,), False)


def test_options_of_all_cells_of_a_step_come_together(divide: Divide) -> None:
    sections, diagnostics = divide(
        ("a", ["step:a", "cpu:2", "label:b=1"]), ("b", ["retries:2", "cpu:2", "label:a=1", "secret:s/k=V"])
    )
    assert diagnostics == ()
    assert sections[0].options == StepOptions(
        cpu="2", retries=2, labels=(("a", "1"), ("b", "1")), secrets=sections[0].options.secrets
    )


PROBLEMS = [
    ("two steps", cells("step:a step:b"), ["N2P123"], 0),
    ("the same step twice", cells("step:a block:a"), [], None),
    ("a step and a role", cells("step:a imports"), ["N2P124"], 0),
    ("two roles", cells("imports functions"), ["N2P124"], 0),
    ("a step with metrics", cells("step:a metrics"), [], None),
    ("a role with metrics", cells("imports metrics"), ["N2P124"], 0),
    ("skip with anything", cells("step:a", "skip imports step:b step:c"), [], None),
    ("options twice, alike", cells("step:a cpu:2", "cpu:2"), [], None),
    ("options twice, unlike", cells("step:a cpu:2", "cpu:3"), ["N2P127"], 1),
    ("two variables", cells("step:a env:A=1 env:B=2"), [], None),
    ("one variable twice", cells("step:a env:A=1", "step:b", "step:a env:A=2"), ["N2P127"], 2),
    ("a variable and a secret", cells("step:a env:A=1 secret:s/k=A"), ["N2P127"], 0),
    ("a variable and a label", cells("step:a env:A=1 label:A=2"), [], None),
    ("options in two steps", cells("step:a cpu:2", "step:b cpu:3"), [], None),
    ("options on a role", cells("imports cpu:2", "step:a"), ["N2P126"], 0),
    ("options below a role", cells("functions", "timeout:3", "step:a"), ["N2P126"], 1),
    ("order on a role", cells("step:a", "parameters after:a"), ["N2P126"], 1),
    ("options on metrics", cells("step:a", "metrics cpu:2 after:a"), [], None),
    ("options before the first tag", cells("cpu:2", "step:a"), [], None),
    ("after an earlier step", cells("step:a", "step:b after:a"), [], None),
    ("after itself", cells("step:a after:a"), ["N2P131"], 0),
    ("after nothing", cells("step:load", "step:b after:laod"), ["N2P130"], 1),
    ("after a skipped step", cells("step:a", "skip step:b", "step:c after:b"), ["N2P130"], 2),
    ("after a role", cells("imports", "step:a after:imports"), ["N2P130"], 1),
    ("after metrics", cells("metrics", "step:a after:metrics"), [], None),
    ("after the start", cells("", "step:a after:start"), [], None),
    ("after a later step", cells("step:a after:b", "step:b"), ["N2P132"], 0),
    ("a circle of two", cells("step:a after:b", "step:b after:a"), ["N2P133"], None),
    ("a circle of three", cells("step:a after:c", "step:b after:a", "step:c after:b"), ["N2P133"], None),
    ("a name in another case", cells("step:Load", "step:load"), ["N2P134"], 1),
    ("a name with another dash", cells("step:a-b", "step:a_b"), ["N2P134"], 1),
    ("a mistyped tag", cells("step:a", "stpe:b"), ["N2P121"], 1),
    ("no name", cells("step:a", "step:"), ["N2P129"], 1),
    ("no tag", cells("", "hide-input"), ["N2P113"], None),
    ("no cell", [], ["N2P112"], None),
    ("only blank cells", [("", []), ("  \n", ["step:a"])], ["N2P112"], None),
    ("all skipped", [("x", ["skip"]), ("", [])], ["N2P112"], None),
    ("only Markdown", [("# x", [], "markdown")], ["N2P112"], None),
    ("a tag on Markdown", [("# x", ["step:b"], "markdown"), ("x", ["step:a"])], ["N2P128"], None),
    ("skip on Markdown", [("# x", ["skip", "hide-input"], "markdown"), ("x", ["step:a"])], [], None),
]


@pytest.mark.parametrize(
    ("given", "codes", "cell"), [case[1:] for case in PROBLEMS], ids=[case[0] for case in PROBLEMS]
)
def test_problems(divide: Divide, given: list[Any], codes: list[str], cell: int | None) -> None:
    sections, diagnostics = divide(*given)
    assert [problem.code for problem in diagnostics] == codes
    for problem in diagnostics:
        assert problem.hint
        assert problem.message.isprintable()
        assert problem.location.notebook == "x.ipynb"
        if cell is not None:
            assert problem.location.cell == cell
    names = [section.name for section in sections]
    for section in sections:  # what is left always points back
        assert all(names.index(after.name) < names.index(section.name) for after in section.after)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (cells("step:load", "step:b after:laod"), "did you mean `after:load`?"),
        (cells("step:a after:c", "step:b after:a", "step:c after:b"), "→"),
        (cells("step:a-b", "step:a_b"), "(cell 1)"),
        (cells("step:a cpu:2", "cpu:3"), "`cpu:2` in cell 1"),
        (cells("step:a after:b", "step:b"), "move the cells of `b` above"),
        (cells("step:a after:b", "step:b after:a"), "take `after:b` off cell 1: that step comes later"),
        (cells("step:a after:c", "step:b after:a", "step:c after:b"), "take `after:c` off cell 1:"),
    ],
)
def test_problems_tell_enough(divide: Divide, given: list[Any], words: str) -> None:
    (problem,) = divide(*given)[1]
    assert words in f"{problem.message} {problem.hint}"


def test_a_circle_does_not_hide_other_problems(divide: Divide) -> None:
    _, diagnostics = divide(*cells("step:a after:b", "step:b after:a after:c", "step:c after:c after:x"))
    assert sorted(problem.code for problem in diagnostics) == ["N2P130", "N2P131", "N2P132", "N2P133"]


def test_two_names_with_one_id_name_both_cells(divide: Divide) -> None:
    sections, diagnostics = divide(*cells("step:Load", "step:load-8a6bdb"))
    assert sections[0].id == sections[1].id
    (problem,) = diagnostics
    assert (problem.code, problem.location.cell) == ("N2P125", 1)
    assert "cell 1" in problem.message


def test_metadata_options_reach_their_steps(divide: Divide) -> None:
    options = {
        "defaults": {"retries": 2, "env": {"A": "0", "B": "0"}},
        "steps": {"a": {"retries": 0, "env": {"A": "1"}}, "metrics": {"cpu": 1}},
    }
    sections, diagnostics = divide(*cells("step:a env:C=2", "step:b retries:5", "metrics"), nb2pipe=options)
    assert diagnostics == ()
    assert [section.options for section in sections] == [
        StepOptions(retries=0, env=(("A", "1"), ("B", "0"), ("C", "2"))),
        StepOptions(retries=5, env=(("A", "0"), ("B", "0"))),
        StepOptions(retries=2, cpu="1", env=(("A", "0"), ("B", "0"))),
    ]


@pytest.mark.parametrize(
    ("tags", "options", "codes"),
    [
        ("step:a cpu:2", {"steps": {"a": {"cpu": 2}}}, []),
        ("step:a cpu:2", {"steps": {"a": {"cpu": 3}}}, ["N2P127"]),
        ("step:a", {"steps": {"b": {"cpu": 3}}}, ["N2P141"]),
        ("step:a", {"stepz": {}}, ["N2P140"]),
        ("step:\u00e9", {"steps": {"e\u0301": {"cpu": 3}}}, []),
    ],
)
def test_metadata_and_tags_together(divide: Divide, tags: str, options: dict[str, Any], codes: list[str]) -> None:
    assert [problem.code for problem in divide(*cells(tags), nb2pipe=options)[1]] == codes


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({}, None),
        ({"nb2pipe": {"name": "ours"}}, "ours"),
        ({"kubeflow_notebook": {"pipeline_name": "kales"}}, "kales"),
        ({"nb2pipe": {"name": "ours"}, "kubeflow_notebook": {"pipeline_name": "kales"}}, "ours"),
        ({"kubeflow_notebook": {"pipeline_name": 3}}, None),
    ],
)
def test_the_pipelines_name(load: Callable[..., Notebook], metadata: dict[str, Any], expected: str | None) -> None:
    assert pipeline_name(load(("x", []), **metadata)) == expected


def test_a_notebook_without_raw_data_is_split_too() -> None:
    assert split(Notebook(path=None, cells=()))[0] == ()


@pytest.mark.parametrize(
    "given",
    [
        [("x", [f"step:s{number}", f"after:t{number}"]) for number in range(3000)],
        [("x", [f"step:s{number}", f"after:s{number + 1}"]) for number in range(3000)],
        [("x", [f"step:s{number % 50}", f"after:s{(number * 7) % 50}"]) for number in range(3000)],
        [("x", [f"tag{number}:{text}" for number in range(1000)]) for text in range(10)],
    ],
    ids=["unknown names", "all later", "many cells", "many tags"],
)
def test_time_stays_small(divide: Divide, given: list[Any]) -> None:
    start = time.process_time()
    divide(*given)
    assert time.process_time() - start < 5
