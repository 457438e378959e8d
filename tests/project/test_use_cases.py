"""Each use-case is told of once, with where people meet it, and nothing is met that isn't one."""

from __future__ import annotations

import inspect

import click
import pytest

from nb2pipe import api
from nb2pipe.cli.app import app
from nb2pipe.use_cases import USE_CASES
from nb2pipe_jupyter.routes import ROUTES

OFFERED = {f"{route.verb} {route.path}" for route in ROUTES}
OF_NO_USE_CASE = {"GET openapi.json"}  # the document itself


def test_each_function_of_the_api_is_told_of() -> None:
    functions = {
        name for name in api.__all__ if inspect.isfunction(getattr(api, name, None))
    }  # some classes load with use
    assert functions - {"analyze_here"} == set(USE_CASES)  # that one is for tests: without bounds


@pytest.mark.parametrize("name", USE_CASES)
def test_what_is_told_is_there(name: str) -> None:
    told = USE_CASES[name]
    assert told.commands or told.routes or told.why
    assert set(told.routes) <= OFFERED
    assert bool(told.why) is not bool(told.routes), "a route, or why there is none"
    for line in told.commands:
        command: click.Command = app
        options: list[str] = []
        for word in line.split()[1:]:
            if word.startswith("-"):
                options.append(word)
            else:
                assert isinstance(command, click.Group), line
                found = command.get_command(click.Context(command), word)
                assert found is not None, line
                command = found
        known = {option for parameter in command.params for option in parameter.opts}
        assert set(options) <= known, line


def test_each_route_is_met() -> None:
    assert {route for item in USE_CASES.values() for route in item.routes} | OF_NO_USE_CASE == OFFERED
