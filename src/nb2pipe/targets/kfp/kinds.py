"""The type of a value in, which of KFP's artifacts it is out. The variable's name says nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from nb2pipe.tables import read_tables

ANY, METRICS, PAGE = "system.Artifact", "system.Metrics", "system.HTML"
CLASSIFICATION = "system.ClassificationMetrics"


def kinds_of(types: Mapping[str, Mapping[str, str]]) -> dict[tuple[str, str], str]:
    """Step and variable to the artifact's type. `types`: what analysis knows, by step and variable."""
    return {(step, name): kind_of(found) for step, names in types.items() for name, found in names.items()}


def kind_of(type_name: str) -> str:
    """`system.Model` for an estimator, `system.Dataset` for a frame or an array, else `system.Artifact`."""
    exact, packages = _table()
    if type_name in exact:
        return exact[type_name]
    package, _, cls = type_name.partition(".")
    return next((kind or ANY for pattern, kind in packages.get(package, ()) if pattern.search(cls)), ANY)


@cache
def _table() -> tuple[Mapping[str, str], Mapping[str, list[tuple[re.Pattern[str], str]]]]:
    found = read_tables(Path(__file__).with_name("kinds.toml"))
    exact = {name: kind for kind, names in found["types"].items() for name in names}
    rows = {package: [(re.compile(form), kind) for form, kind in rows] for package, rows in found["packages"].items()}
    return exact, rows
