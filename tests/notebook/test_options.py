"""`metadata.nb2pipe`: read by hand, described by a schema; both agree."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nb2pipe.model import Gpu, Location, Secret, Severity, StepOptions, Toleration, Volume
from nb2pipe.notebook import schema
from nb2pipe.notebook.options import read_options
from nb2pipe.notebook.values import OPTIONS, build

AT = Location(notebook="x.ipynb")
VALIDATOR = jsonschema.Draft202012Validator(schema())


def test_all_options() -> None:
    found = read_options(
        {
            "name": "churn, weekly",
            "defaults": {"retries": 1, "cache": False},
            "steps": {
                "fit": {
                    "cpu": 0.5, "memory": "8Gi", "gpu": 2, "retries": 3, "timeout": 90, "cache": True, "image": "x:1",
                    "env": {"A": "a,b=c"}, "secrets": ["s/k=V"], "labels": {"a": "b"}, "annotations": {"k": "http://h:80"},
                    "node_selector": {"disk": "ssd"}, "tolerations": ["a=b:NoExecute", "spot"],
                    "volumes": ["data=/mnt/a b"], "pull_secrets": ["reg"], "pull_policy": "Never",
                }
            },
        },
        AT,
    )  # fmt: skip
    assert found.diagnostics == ()
    assert found.name == "churn, weekly"
    assert build(found.defaults) == StepOptions(retries=1, cache=False)
    assert build(found.steps["fit"]) == StepOptions(
        cpu="0.500",
        memory="8Gi",
        gpu=Gpu(count=2),
        retries=3,
        timeout_s=90.0,
        cache=True,
        image="x:1",
        env=(("A", "a,b=c"),),
        secrets=(Secret("s", "k", "V"),),
        labels=(("a", "b"),),
        annotations=(("k", "http://h:80"),),
        node_selector=(("disk", "ssd"),),
        tolerations=(Toleration("a", "b", "NoExecute"), Toleration("spot")),
        volumes=(Volume("data", "/mnt/a b"),),
        pull_secrets=("reg",),
        pull_policy="Never",
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"nme": "x"}, "did you mean `name`?"),
        ({"qqq": "x"}, "known are defaults, name, steps"),
        ({"name": ""}, "metadata.nb2pipe.name"),
        ({"name": "a\nb"}, "metadata.nb2pipe.name"),
        ({"name": 3}, "metadata.nb2pipe.name"),
        ({"defaults": []}, "metadata.nb2pipe.defaults"),
        ({"defaults": {"memry": "8Gi"}}, "did you mean `memory`?"),
        ({"defaults": {"memory": "8GB"}}, "512Mi"),
        ({"defaults": {"memory": 8}}, "metadata.nb2pipe.defaults.memory"),
        ({"defaults": {"cpu": True}}, "metadata.nb2pipe.defaults.cpu"),
        ({"defaults": {"cpu": 0}}, "metadata.nb2pipe.defaults.cpu"),
        ({"defaults": {"gpu": 1.5}}, "metadata.nb2pipe.defaults.gpu"),
        ({"defaults": {"retries": None}}, "metadata.nb2pipe.defaults.retries"),
        ({"defaults": {"timeout": 10**400}}, "metadata.nb2pipe.defaults.timeout"),
        ({"defaults": {"cache": "off"}}, "true or false"),
        ({"defaults": {"env": ["A=1"]}}, "an object"),
        ({"defaults": {"env": {"A": 1}}}, "an object"),
        ({"defaults": {"env": {"A=": "1"}}}, "an object"),
        ({"defaults": {"env": {"NB2PIPE_STEP": "1"}}}, "taken"),
        ({"defaults": {"secrets": "s/k=V"}}, "a list"),
        ({"defaults": {"secrets": ["s"]}}, "NAME/KEY=ENV"),
        ({"defaults": {"volumes": {"data": "/mnt"}}}, "a list"),
        ({"defaults": {"volumes": ["data=mnt"]}}, "an absolute path"),
        ({"defaults": {"volumes": ["data=/"]}}, "an absolute path"),
        ({"defaults": {"tolerations": ["a=b:Never"]}}, "NoSchedule"),
        ({"defaults": {"pull_policy": "always"}}, "IfNotPresent"),
        ({"steps": []}, "metadata.nb2pipe.steps"),
        ({"steps": {"a": 3}}, "metadata.nb2pipe.steps.a"),
        ({"steps": {"a": {"cpus": 3}}}, "did you mean `cpu`?"),
    ],
)
def test_mistakes(data: dict[str, Any], words: str) -> None:
    (problem,) = read_options(data, AT).diagnostics
    assert (problem.code, problem.severity, problem.location) == ("N2P140", Severity.ERROR, AT)
    assert words in f"{problem.message} {problem.hint}"
    assert not VALIDATOR.is_valid(data)


def test_the_published_schema_is_the_one_of_the_code() -> None:
    text = resources.files("nb2pipe.notebook").joinpath("options.schema.json").read_text("utf-8")
    assert json.loads(text) == schema()
    assert text == json.dumps(schema(), indent=2, sort_keys=True) + "\n"
    jsonschema.Draft202012Validator.check_schema(schema())


# Texts near the border of what is allowed: parts of good values, put together anyhow.
PIECES = st.lists(
    st.sampled_from(
        ["0", "1", "9", ".", "00", "12345678", "m", "s", "h", "d", "Ki", "G", "Gi", "on", "enabled", "off", "a", "A", "_",
         "-", "/", ":", "=", "x/k=V", "nvidia.com/gpu", " ", "\n", "NB2PIPE_X", "٣", "e3", "Always", "NoExecute", "c=/m"]
    ),
    max_size=6,
).map("".join)  # fmt: skip
SCALARS = st.one_of(
    PIECES, st.integers(-2, 200), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none(),
    st.sampled_from([0.001, 0.0009, 1e9, 2.0, 99_999_999, 100_000_000, 10**30]),
)  # fmt: skip
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(PIECES, SCALARS, max_size=3))
STEP_OPTIONS = st.dictionaries(st.one_of(st.sampled_from(sorted(OPTIONS)), PIECES), VALUES, max_size=3)


@settings(deadline=None)
@given(
    st.one_of(
        st.fixed_dictionaries({"defaults": STEP_OPTIONS}),
        st.fixed_dictionaries({"steps": st.dictionaries(PIECES, STEP_OPTIONS, max_size=2), "name": PIECES}),
        st.dictionaries(st.sampled_from(["name", "steps", "defaults", "x"]), VALUES),
    )
)
def test_reader_and_schema_agree(data: dict[str, Any]) -> None:
    if "name" in data and data["name"] is None:  # `null` counts as not given
        return
    found = read_options(data, AT)
    assert (found.diagnostics == ()) is VALIDATOR.is_valid(data), (data, found.diagnostics)
    build(found.defaults)


@pytest.mark.parametrize("option", sorted(OPTIONS))
@settings(deadline=None)
@given(text=PIECES)
def test_tag_and_schema_agree_on_texts(option: str, text: str) -> None:
    rule = OPTIONS[option]
    try:
        rule.setting(text)
        fits = True
    except ValueError:
        fits = False
    schema_of_text = {"type": "string", "pattern": f"^(?:{rule.pattern})(?![\\s\\S])"}
    assert jsonschema.Draft202012Validator(schema_of_text).is_valid(text) is fits
