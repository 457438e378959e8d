"""Tags: one row per behaviour, and a twin for what must not happen."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nb2pipe.model import Gpu, Location, Role, Secret, Severity, Toleration, Volume
from nb2pipe.notebook import grammar, near_miss
from nb2pipe.notebook.names import shown
from nb2pipe.notebook.tags import GRAMMAR, CellTags, read_tags
from nb2pipe.notebook.values import Setting, build

AT = Location(notebook="x.ipynb", cell=3)


def read(*tags: str) -> CellTags:
    return read_tags(tags, AT)


@pytest.mark.parametrize(
    ("tags", "steps", "roles", "after"),
    [
        (["step:load"], ("load",), (), ()),
        ([" step:load "], ("load",), (), ()),
        (["step:load", "step:load"], ("load",), (), ()),
        (["step:a", "step:b"], ("a", "b"), (), ()),
        (["block:load"], ("load",), (), ()),
        (["step:donne\u0301es"], ("donn\u00e9es",), (), ()),
        (["step:Train-2"], ("Train-2",), (), ()),
        (["after:load"], (), (), ("load",)),
        (["prev:load"], (), (), ("load",)),
        (["prev:a:b", "after:c", "after:a"], (), (), ("a", "b", "c")),
        (["prev:"], (), (), ()),
        (["parameters"], (), (Role.PARAMETERS,), ()),
        (["pipeline-parameters"], (), (Role.PARAMETERS,), ()),
        (["imports", "functions"], (), (Role.IMPORTS, Role.FUNCTIONS), ()),
        (["metrics", "pipeline-metrics"], (), (Role.METRICS,), ()),
        (["block:imports", "block:functions"], (), (Role.IMPORTS, Role.FUNCTIONS), ()),
        (["step:imports"], ("imports",), (), ()),
        (["in:x", "out:y", "block:a"], ("a",), (), ()),
        (["skip"], (), (Role.SKIP,), ()),
        (["skip-execution"], (), (Role.SKIP,), ()),
        (["injected-parameters"], (), (), ()),
        (["step"], (), (), ()),
    ],
)
def test_steps_roles_and_order(
    tags: list[str], steps: tuple[str, ...], roles: tuple[Role, ...], after: tuple[str, ...]
) -> None:
    found = read(*tags)
    assert (found.steps, found.roles, found.after) == (steps, roles, after)


@pytest.mark.parametrize("tag", ["step:", "block:", "step: "])
def test_a_step_without_a_name_goes_on(tag: str) -> None:
    found = read(tag)
    assert found.nameless
    assert (found.steps, found.diagnostics) == ((), ())


@pytest.mark.parametrize(
    ("tag", "field", "value"),
    [
        ("cpu:2", "cpu", "2"),
        ("cpu:0.5", "cpu", "0.5"),
        ("cpu:500m", "cpu", "500m"),
        ("memory:8Gi", "memory", "8Gi"),
        ("memory:1.5G", "memory", "1.5G"),
        ("memory:1000000", "memory", "1000000"),
        ("gpu:1", "gpu", Gpu("nvidia.com/gpu", 1)),
        ("gpu:amd.com/gpu:2", "gpu", Gpu("amd.com/gpu", 2)),
        ("retries:0", "retries", 0),
        ("retries:3", "retries", 3),
        ("timeout:90", "timeout_s", 90.0),
        ("timeout:0.5", "timeout_s", 0.5),
        ("timeout:30s", "timeout_s", 30.0),
        ("timeout:30m", "timeout_s", 1800.0),
        ("timeout:2h", "timeout_s", 7200.0),
        ("timeout:1.5h", "timeout_s", 5400.0),
        ("timeout:1h30m", "timeout_s", 5400.0),
        ("timeout:1d2h3m4s", "timeout_s", 93784.0),
        ("cache:off", "cache", False),
        ("cache:on", "cache", True),
        ("cache:disabled", "cache", False),
        ("cache:enabled", "cache", True),
        ("image:ghcr.io/team/x:1@sha256:ab", "image", "ghcr.io/team/x:1@sha256:ab"),
        ("env:A=b", "env", (("A", "b"),)),
        ("env:A=", "env", (("A", ""),)),
        ("env:URL=http://h:80/?q=1", "env", (("URL", "http://h:80/?q=1"),)),
        ("secret:db/password=PW", "secrets", (Secret("db", "password", "PW"),)),
        ("secret:db:password:PW", "secrets", (Secret("db", "password", "PW"),)),
        ("label:team=vision", "labels", (("team", "vision"),)),
        ("label:team:vision", "labels", (("team", "vision"),)),
        ("label:access-ml-pipeline:true", "labels", (("access-ml-pipeline", "true"),)),
        ("annotation:k:http://h:80/p", "annotations", (("k", "http://h:80/p"),)),
        ("annotation:k=http://h:80/p", "annotations", (("k", "http://h:80/p"),)),
        ("annotation:k:a=b", "annotations", (("k", "a=b"),)),
        ("annotation:example.org/k=", "annotations", (("example.org/k", ""),)),
        ("node-selector:disk=ssd", "node_selector", (("disk", "ssd"),)),
        ("node-selector:cloud.example.org/pool:gpu", "node_selector", (("cloud.example.org/pool", "gpu"),)),
        ("tolerate:dedicated", "tolerations", (Toleration("dedicated"),)),
        ("tolerate:dedicated=gpu", "tolerations", (Toleration("dedicated", "gpu"),)),
        ("tolerate:dedicated=", "tolerations", (Toleration("dedicated", ""),)),
        ("tolerate:example.org/spot:NoExecute", "tolerations", (Toleration("example.org/spot", None, "NoExecute"),)),
        ("tolerate:dedicated=gpu:NoSchedule", "tolerations", (Toleration("dedicated", "gpu", "NoSchedule"),)),
        ("volume:team-data=/mnt/data", "volumes", (Volume("team-data", "/mnt/data"),)),
        ("pull-secret:team-registry", "pull_secrets", ("team-registry",)),
        ("pull-policy:IfNotPresent", "pull_policy", "IfNotPresent"),
        ("limit:cpu:2", "cpu", "2"),
        ("limit:memory:8Gi", "memory", "8Gi"),
        ("limit:nvidia.com/gpu:1", "gpu", Gpu("nvidia.com/gpu", 1)),
    ],
)
def test_options(tag: str, field: str, value: object) -> None:
    found = read(tag)
    assert found.diagnostics == ()
    assert getattr(build(found.settings), field) == value


@pytest.mark.parametrize(
    "tag",
    [
        "cpu:", "cpu:0", "cpu:-1", "cpu:two", "cpu:1e3", "cpu:٣", "cpu:2 ", "cpu:0.0000m", "cpu:2\n1",
        "memory:8GB", "memory:8gb", "memory:0Gi", "memory:8 Gi", "memory:lots", "memory:",
        "gpu:0", "gpu:-1", "gpu:1.5", "gpu:NVIDIA:1", "gpu:99999", "gpu:",
        "retries:-1", "retries:1.5", "retries:100", "retries:x", "retries:",
        "timeout:0", "timeout:0s", "timeout:30 m", "timeout:30M", "timeout:1m1h", "timeout:1h30", "timeout:h", "timeout:",
        "timeout:-5", "timeout:1e9", "timeout:999999999999",
        "cache:yes", "cache:", "cache:OFF",
        "image:", "image: x", "image:a b", "image:-x", "image:a;rm",
        "env:A", "env:=b", "env:1A=b", "env:A-B=c", "env:A=\0", "env:NB2PIPE_STEP=x",
        "secret:", "secret:db", "secret:db/password", "secret:db/password=1X", "secret:db:password", "secret:DB/p=X",
        "label:team", "label:k:http://h:80/p", "label:=x", "label:k=" + "x" * 64,
        "annotation:k", "annotation:=v", "annotation:",
        "node-selector:a", "node-selector:=b", "node-selector:a=b c", "tolerate:", "tolerate:a b", "tolerate:a=b:Never",
        "tolerate:=b", "volume:a", "volume:a=", "volume:a=/", "volume:a=mnt", "volume:a=/m:ro", "volume:A=/m", "volume:a=//",
        "volume:a=/m\nx", "pull-secret:", "pull-secret:A B", "pull-policy:always", "pull-policy:",
        "limit:cpu:x", "limit:nvidia.com/gpu:x",
    ],
)  # fmt: skip
def test_wrong_values(tag: str) -> None:
    found = read(tag)
    if tag == "cpu:2 ":  # blanks around a tag don't count
        assert found.settings == (Setting("cpu", "", "2", "cpu:2"),)
        return
    (problem,) = found.diagnostics
    assert (problem.code, problem.severity, problem.location) == ("N2P120", Severity.ERROR, AT)
    assert "allowed" in problem.message
    assert problem.hint is not None
    assert "for example" in problem.hint
    assert found.settings == ()


@pytest.mark.parametrize(
    ("tag", "hint"),
    [
        ("step: load", "did you mean `step:load`?"),
        ("step:load data", "did you mean `step:load_data`?"),
        ("step:a/b", "did you mean `step:ab`?"),
        ("step:" + "x" * 64, f"did you mean `step:{'x' * 63}`?"),
        ("block:a.b", "did you mean `block:ab`?"),
        ("after:a b", "did you mean `after:a_b`?"),
        ("prev:ok:a b", "did you mean `prev:a_b`?"),
        ("step:../..", None),
        ("step:😀", None),
    ],
)
def test_bad_names(tag: str, hint: str | None) -> None:
    (problem,) = read(tag).diagnostics
    assert (problem.code, problem.severity) == ("N2P122", Severity.ERROR)
    if hint is not None:
        assert problem.hint == hint


NEAR = [
    ("stpe:load", "step:load"),
    ("skipped", "skip"),
    ("setp:load", "step:load"),
    ("steps:load", "step:load"),
    ("Step:load", "step:load"),
    ("STEP:load", "step:load"),
    ("step :load", "step:load"),
    ("step=load", "step:load"),
    ("step load", "step:load"),
    ("step：load", "step:load"),
    ("stpe: load data", "step:load_data"),
    ("step", "step:NAME"),
    ("afetr:load", "after:load"),
    ("memroy:8Gi", "memory:8Gi"),
    ("labels:a=b", "label:a=b"),
    ("import", "imports"),
    ("Imports", "imports"),
    ("imports:", "imports"),
    ("metric", "metrics"),
    ("metrics:acc", "metrics"),
    ("function", "functions"),
    ("parameter", "parameters"),
    ("paramters", "parameters"),
    ("params", "parameters"),
    ("pipeline_parameters", "pipeline-parameters"),
    ("Skip", "skip"),
]
FOREIGN = [
    "hide-input", "hide-output", "hide-cell", "hide_input", "hide_code", "remove-input", "remove-output", "remove-cell",
    "remove_cell", "remove_input", "remove_output", "raises-exception", "solution", "exercise", "scroll-output",
    "output_scroll", "injected-parameters", "full-width", "margin", "popout", "thebe-init", "nbval-ignore-output",
    "nbval-skip", "nbval-raises-exception", "nbgrader", "active-ipynb", "active-py", "interactive", "export", "noexport",
    "exports", "no-tex", "slideshow", "slide", "keep_output", "todo", "slow", "test", "gpu", "cpu", "memory", "image",
    "label", "env", "cache", "timeout", "secret", "report", "limit", "notebook", "important", "style:x", "table:1",
    "type:plot", "id:cell-7", "lang:en", "figure:1", "cell:1", "pre:x", "tag:x", "jp-MarkdownHeadingCollapsed", "ignore",
    "skip-test", "stepwise", "step-by-step", "after-class", "", ":", "::", ":load", "x" * 10_000, "плот", "=", "a=b",
    "papermill-error-cell-tag", "default_parameters", "function_plot", "metrics-table",
]  # fmt: skip


@pytest.mark.parametrize(("tag", "meant"), NEAR)
def test_near_misses(tag: str, meant: str) -> None:
    (problem,) = read(tag).diagnostics
    assert (problem.code, problem.severity) == ("N2P121", Severity.WARNING)
    assert problem.hint == f"did you mean `{meant}`?"


@pytest.mark.parametrize("tag", FOREIGN)
def test_tags_of_other_tools_are_left_alone(tag: str) -> None:
    assert near_miss(tag) is None
    assert read(tag) == CellTags()


@pytest.mark.parametrize(
    ("tag", "severity"),
    [
        ("report:enabled", Severity.NOTE),
        ("notebook:training", Severity.WARNING),
        ("limit:ephemeral-storage:1Gi", Severity.WARNING),
    ],
)
def test_tags_of_kale_without_a_counterpart(tag: str, severity: Severity) -> None:
    (problem,) = read(tag).diagnostics
    assert (problem.code, problem.severity) == ("N2P151", severity)


def test_the_examples_of_the_grammar_are_right() -> None:
    for rule in GRAMMAR:
        for example in rule.examples:
            found = read(example)
            assert found.ours == (example,)
            assert {problem.code for problem in found.diagnostics} <= {"N2P151"}


def test_the_grammar_is_plain_data_and_whole() -> None:
    rows = grammar()
    assert [row["tag"] for row in rows] == [rule.form for rule in GRAMMAR]
    assert len({rule.head for rule in GRAMMAR}) == len(GRAMMAR)
    for row in rows:
        assert row["meaning"]
        assert row["examples"]


def test_a_long_or_wild_tag_makes_one_short_line() -> None:
    for tag in ("step:" + "é b" * 100_000, "step:a\x1b[31m\n\r", "cpu:" + "9" * 100_000):
        (problem,) = read(tag).diagnostics
        assert len(problem.message) < 300
        assert problem.message.isprintable()


@settings(deadline=None)
@given(st.lists(st.one_of(st.text(), st.from_regex(r"[a-z-]{2,10}:.*", fullmatch=True)), max_size=5))
def test_any_text_may_be_a_tag(tags: list[str]) -> None:
    found = read(*tags)
    for problem in found.diagnostics:
        assert problem.message.isprintable()
    build(found.settings)


def test_shown_text_is_short_and_printable() -> None:
    assert shown("a" * 100) == "a" * 59 + "…"
    assert shown("a\nb") == "a\ufffdb"
