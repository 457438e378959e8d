"""The OpenAPI document and the panel's types are made from the classes and the table of routes, and are in step."""

from __future__ import annotations

import importlib.util
import json
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import jsonschema
import pytest

from nb2pipe import wire
from nb2pipe.model import Json, RunState, StepRun
from nb2pipe_jupyter import openapi
from nb2pipe_jupyter.answers import News, RunView, Suggested
from nb2pipe_jupyter.routes import ROUTES

HERE = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made() -> ModuleType:
    spec = importlib.util.spec_from_file_location("wire_types", HERE / "labextension" / "wire.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_published_document_is_in_step(made: ModuleType) -> None:
    assert made.DOCUMENT.read_text(encoding="utf-8") == wire.dumps(openapi.document()), "run labextension/wire.py"


def test_the_panels_types_are_in_step(made: ModuleType) -> None:
    assert made.TYPES.read_text(encoding="utf-8") == made.types(), "run labextension/wire.py"


def test_each_route_is_told_of_once() -> None:
    told = [(route.verb, route.path) for route in ROUTES]
    assert len(told) == len(set(told))
    paths = openapi.document()["paths"]
    assert isinstance(paths, dict)
    ids = [operation["operationId"] for item in paths.values() for operation in item.values()]
    assert len(ids) == len(set(ids)) == len(ROUTES)


def step(**more: object) -> StepRun:
    return StepRun("fit", "fit", RunState.RUNNING, datetime(2026, 1, 2, tzinfo=UTC), **more)  # type: ignore[arg-type]


WHOLE: dict[str, tuple[object, str, Json]] = {
    "a default is there": (step(), "attempt", 0),
    "None is there": (step(), "finished_at", None),
    "a map is there, empty": (step(), "values", {}),
    "a number that is none": (step(metrics={"loss": float("nan"), "r2": 0.5}), "metrics", {"loss": None, "r2": 0.5}),
    "infinity": (step(metrics={"loss": float("-inf")}), "metrics", {"loss": None}),
}


@pytest.mark.parametrize(("value", "name", "expected"), WHOLE.values(), ids=WHOLE)
def test_the_whole_form(value: object, name: str, expected: Json) -> None:
    found = wire.encode(value, whole=True)
    assert isinstance(found, dict)
    assert found[name] == expected
    json.dumps(found, allow_nan=False)
    jsonschema.validate(found, wire.schema(StepRun, whole=True))


def test_the_short_form_leaves_defaults_out_and_keeps_numbers() -> None:
    found = wire.encode(step(metrics={"loss": float("inf")}))
    assert isinstance(found, dict)
    assert sorted(found) == ["id", "metrics", "name", "started_at", "state"]
    assert found["metrics"] == {"loss": float("inf")}


@pytest.mark.parametrize("cls", [News, RunView, Suggested])
def test_a_field_that_is_missing_is_no_whole_answer(cls: type) -> None:
    validator = jsonschema.Draft202012Validator(wire.schema(cls, whole=True))
    assert not validator.is_valid({})
