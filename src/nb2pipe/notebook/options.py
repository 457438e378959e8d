"""The notebook's `metadata.nb2pipe` in, typed options out: what doesn't fit a cell tag.

    {"name": "churn", "defaults": {"retries": 2}, "steps": {"fit": {"env": {"LEVEL": "a,b"}}}}

`options.schema.json` beside this file says the same for editors; it is made by `schema` here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from nb2pipe.model import Diagnostic, Json, Location, Severity
from nb2pipe.notebook.names import nearest, normal, shown
from nb2pipe.notebook.values import OPTIONS, OptionRule, Setting
from nb2pipe.records import dataclass

_PIPELINE_NAME = r"[^\x00-\x1f\x7f]{1,200}"
_KEYS = ("defaults", "name", "steps")
_NUMBERS: Mapping[str, tuple[float, float]] = {  # options that may be JSON numbers: least and most
    "cpu": (0.001, 100_000),
    "gpu": (1, 9999),
    "retries": (0, 99),
    "timeout": (0.001, 99_999_999),
}
_WHOLE = ("gpu", "retries")
_LISTS = ("pull_secrets", "secrets", "tolerations", "volumes")
_TABLES = ("annotations", "env", "labels", "node_selector")
_END = r"(?![\s\S])"  # `$` also matches before a last newline in Python


@dataclass(frozen=True)
class Options:
    """Checked options. `steps` are keyed by name in form NFC; whether such steps exist is not checked here."""

    name: str | None = None
    defaults: tuple[Setting, ...] = ()
    steps: Mapping[str, tuple[Setting, ...]] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()


def read_options(data: Mapping[str, Json], at: Location) -> Options:
    """The options in a notebook's `metadata.nb2pipe`. What is wrong counts for nothing and is in `diagnostics`."""
    reading = _Reading(at)
    for key in data:
        if key not in _KEYS:
            reading.unknown(key, "metadata.nb2pipe", _KEYS)
    name = data.get("name")
    if name is not None and not (isinstance(name, str) and is_pipeline_name(name)):
        reading.wrong("metadata.nb2pipe.name", "a line of 1 to 200 characters")
        name = None
    defaults = reading.settings(data.get("defaults", {}), "metadata.nb2pipe.defaults")
    steps: dict[str, tuple[Setting, ...]] = {}
    given = data.get("steps", {})
    if isinstance(given, Mapping):
        for step, options in given.items():
            steps[normal(step)] = reading.settings(options, f"metadata.nb2pipe.steps.{shown(step)}")
    else:
        reading.wrong("metadata.nb2pipe.steps", "an object: step name to options")
    return Options(name if isinstance(name, str) else None, defaults, steps, tuple(reading.diagnostics))


@dataclass
class _Reading:
    """The options while they are read."""

    at: Location
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def settings(self, data: Json, where: str) -> tuple[Setting, ...]:
        if not isinstance(data, Mapping):
            self.wrong(where, "an object: option to value")
            return ()
        found: list[Setting] = []
        for key, value in data.items():
            rule = OPTIONS.get(key)
            if rule is None:
                self.unknown(key, where, sorted(OPTIONS))
                continue
            try:
                found.extend(rule.setting(text) for text in _texts(rule, value))
            except ValueError as error:
                self.wrong(f"{where}.{key}", str(error))
        return tuple(found)

    def unknown(self, key: str, where: str, known: Sequence[str]) -> None:
        near = nearest(key, list(known)) if len(self.diagnostics) < len(OPTIONS) * 2 else None
        hint = f"did you mean `{near}`?" if near else f"known are {', '.join(known)}"
        self._report(f"`{where}` has an unknown key `{shown(key)}`", hint)

    def wrong(self, where: str, allowed: str) -> None:
        self._report(f"`{where}` has a wrong value; allowed: {allowed}", "correct it in the notebook's metadata")

    def _report(self, message: str, hint: str) -> None:
        self.diagnostics.append(Diagnostic("N2P140", Severity.ERROR, message, self.at, hint))


def _texts(rule: OptionRule, value: Json) -> list[str]:
    """The option's value as tags would write it. Raises ValueError for a wrong type."""
    if rule.option in _TABLES:
        if isinstance(value, Mapping) and all(isinstance(item, str) and _is_key(key) for key, item in value.items()):
            return [f"{key}={item}" for key, item in value.items()]
        raise ValueError("an object of names and texts")
    if rule.option in _LISTS:
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return [str(item) for item in value]
        raise ValueError(f'a list such as ["{rule.example}"]')
    if rule.option == "cache":
        if isinstance(value, bool):
            return ["on" if value else "off"]
        raise ValueError("true or false")
    if isinstance(value, str):
        return [value]
    if rule.option in _NUMBERS and isinstance(value, int | float) and not isinstance(value, bool):
        least, most = _NUMBERS[rule.option]
        if least <= value <= most and (rule.option not in _WHOLE or value == int(value)):
            return [str(int(value)) if value == int(value) else f"{value:.3f}"]
    raise ValueError(rule.allowed)


def is_pipeline_name(name: str) -> bool:
    """True for a name that fits one line."""
    return re.fullmatch(_PIPELINE_NAME, name) is not None


def _is_key(key: str) -> bool:
    return "=" not in key and ":" not in key


def schema() -> dict[str, Any]:
    """A JSON Schema of `metadata.nb2pipe`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The nb2pipe key of a notebook's metadata",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "pattern": f"^{_PIPELINE_NAME}{_END}"},
            "defaults": {"$ref": "#/$defs/options"},
            "steps": {"type": "object", "additionalProperties": {"$ref": "#/$defs/options"}},
        },
        "$defs": {
            "options": {
                "type": "object",
                "additionalProperties": False,
                "properties": {key: {"description": rule.allowed, **_schema(rule)} for key, rule in OPTIONS.items()},
            }
        },
    }


def _schema(rule: OptionRule) -> dict[str, Any]:
    text = {"type": "string", "pattern": f"^(?:{rule.pattern}){_END}"}
    if rule.option in _LISTS:
        return {"type": "array", "items": text}
    if rule.option in _TABLES:
        key, _, value = rule.pattern.partition("=" if rule.option == "env" else "[=:]")
        return {
            "type": "object",
            "propertyNames": {"pattern": f"^(?:{key}){_END}"},
            "additionalProperties": {"type": "string", "pattern": f"^(?:{value}){_END}"},
        }
    if rule.option == "cache":
        return {"type": "boolean"}
    if rule.option in _NUMBERS:
        least, most = _NUMBERS[rule.option]
        kind = "integer" if rule.option in _WHOLE else "number"
        return {"anyOf": [text, {"type": kind, "minimum": least, "maximum": most}]}
    return text
