"""The text of an option in (`8Gi`, `K=V`), a typed `Setting` out. One rule per option, for tags and metadata alike.

Patterns are plain enough to mean the same in Python and in a JSON Schema, and none nests quantifiers: time is linear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from nb2pipe.model import Gpu, Secret, StepOptions, Toleration, Volume
from nb2pipe.records import dataclass

Value: TypeAlias = str | int | float | bool | Gpu | Secret | Toleration | Volume | tuple[str, str]

_FRACTION = r"(?:\.[0-9]{1,3})?"
_POSITIVE = rf"(?=[0.]*[1-9])[0-9]{{1,9}}{_FRACTION}"
_UNITS_S = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
_DIGITS = {"d": 3, "h": 4, "m": 6, "s": 8}
_UNITS = "".join(rf"(?:[0-9]{{1,{digits}}}{_FRACTION}{unit})?" for unit, digits in _DIGITS.items())
_TIME = rf"(?=[^1-9]*[1-9])(?:[0-9]{{1,8}}{_FRACTION}|{_UNITS})"
_ENV_NAME = r"(?!NB2PIPE_)[A-Za-z_][A-Za-z0-9_]{0,254}"
_DNS_NAME = r"[a-z0-9][a-z0-9.-]{0,252}"
_LABEL_KEY = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,316}"
_LABEL_VALUE = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?"
_EFFECT = "(?:NoSchedule|PreferNoSchedule|NoExecute)"
_MOUNT_PATH = r"/[^\x00-\x1f\x7f:/][^\x00-\x1f\x7f:]{0,1022}"
_MANY = frozenset(
    {"env", "secrets", "labels", "annotations", "node_selector", "tolerations", "volumes", "pull_secrets"}
)
"""Fields of `StepOptions` that hold several entries."""


@dataclass(frozen=True)
class Setting:
    """One option with its value. `field` is the field of `StepOptions`; `key` tells entries of one field apart.

    `text` is how it is written as a tag, for messages.
    """

    field: str
    key: str
    value: Value
    text: str

    @property
    def slot(self) -> tuple[str, str]:
        """What may be given once."""
        return self.field, self.key


@dataclass(frozen=True)
class OptionRule:
    """How an option is written. `pattern` must match all of the text; `read` gives key and value."""

    option: str
    field: str
    pattern: str
    allowed: str
    example: str
    read: Callable[[str], tuple[str, Value]]

    def setting(self, text: str) -> Setting:
        """The option with this value. Raises ValueError with a sentence on what is allowed."""
        if re.fullmatch(self.pattern, text, re.ASCII) is None:
            raise ValueError(self.allowed)
        key, value = self.read(text)
        return Setting(self.field, key, value, f"{self.option}:{text}")


def _text(text: str) -> tuple[str, Value]:
    return "", text


def _count(text: str) -> tuple[str, Value]:
    return "", int(text)


def _gpu(text: str) -> tuple[str, Value]:
    resource, _, count = text.rpartition(":")
    return "", Gpu(resource, int(count)) if resource else Gpu(count=int(count))


def _seconds(text: str) -> tuple[str, Value]:
    total, number = 0.0, ""
    for char in text:
        if char in _UNITS_S:
            total += float(number) * _UNITS_S[char]
            number = ""
        else:
            number += char
    return "", total + float(number or 0)


def _switch(text: str) -> tuple[str, Value]:
    return "", text in ("on", "enabled")


def _pair(text: str) -> tuple[str, Value]:
    """`K=V`, and Kale's `K:V`: the first separator counts, so that a value keeps its own colons."""
    at = min(found for found in (text.find("="), text.find(":")) if found >= 0)
    return text[:at], (text[:at], text[at + 1 :])


def _variable(text: str) -> tuple[str, Value]:
    name, _, value = text.partition("=")
    return name, (name, value)


def _secret(text: str) -> tuple[str, Value]:
    name, key, env = text.replace("=", ":").replace("/", ":").split(":")
    return env, Secret(name, key, env)


def _toleration(text: str) -> tuple[str, Value]:
    taint, _, effect = text.partition(":")
    key, equals, value = taint.partition("=")
    return text, Toleration(key, value if equals else None, effect or None)


def _volume(text: str) -> tuple[str, Value]:
    claim, _, path = text.partition("=")
    return path, Volume(claim, path)


def _name(text: str) -> tuple[str, Value]:
    return text, text


OPTIONS: Mapping[str, OptionRule] = {
    rule.option: rule
    for rule in (
        OptionRule("cpu", "cpu", _POSITIVE + "m?", "a number of cores such as `2`, `0.5` or `500m`", "2", _text),
        OptionRule(
            "memory",
            "memory",
            _POSITIVE + "(?:[KMGTPE]i|[kMGTPE])?",
            "an amount such as `512Mi`, `8Gi` or `8G`",
            "8Gi",
            _text,
        ),
        OptionRule(
            "gpu",
            "gpu",
            r"(?:[a-z0-9][a-z0-9./-]{0,252}:)?0{0,3}[1-9][0-9]{0,3}",
            "a number of devices such as `1`, or `nvidia.com/gpu:1`",
            "1",
            _gpu,
        ),
        OptionRule("retries", "retries", "[0-9]{1,2}", "a whole number from 0 to 99", "3", _count),
        OptionRule(
            "timeout",
            "timeout_s",
            _TIME,
            "a duration such as `90s`, `30m`, `1h30m` or a number of seconds",
            "30m",
            _seconds,
        ),
        OptionRule("cache", "cache", "on|off|enabled|disabled", "`on` or `off`", "off", _switch),
        OptionRule(
            "image",
            "image",
            "[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}",
            "an image reference such as `ghcr.io/team/train:1.2`",
            "ghcr.io/team/train:1.2",
            _text,
        ),
        OptionRule(
            "env",
            "env",
            rf"{_ENV_NAME}=[^\0]*",
            "a variable and its value: `NAME=value` (names that begin with `NB2PIPE_` are taken)",
            "LEVEL=info",
            _variable,
        ),
        OptionRule(
            "secrets",
            "secrets",
            rf"{_DNS_NAME}(?:/[A-Za-z0-9._-]{{1,253}}=|:[A-Za-z0-9._-]{{1,253}}:){_ENV_NAME}",
            "a secret's name, its key and the variable that gets it: `NAME/KEY=ENV`",
            "db/password=DB_PASSWORD",
            _secret,
        ),
        OptionRule(
            "labels",
            "labels",
            rf"{_LABEL_KEY}[=:]{_LABEL_VALUE}",
            "a key and a value of letters, digits, `-`, `_` and `.`: `team=vision`",
            "team=vision",
            _pair,
        ),
        OptionRule(
            "annotations",
            "annotations",
            rf"{_LABEL_KEY}[=:][^\0]*",
            "a key and any value: `owner=Ada`",
            "docs=http://example.org:80/x",
            _pair,
        ),
        OptionRule(
            "node_selector",
            "node_selector",
            rf"{_LABEL_KEY}[=:]{_LABEL_VALUE}",
            "a label that the node must have: `disk=ssd`",
            "disk=ssd",
            _pair,
        ),
        OptionRule(
            "tolerations",
            "tolerations",
            rf"{_LABEL_KEY}(?:={_LABEL_VALUE})?(?::{_EFFECT})?",
            "a taint's key, its value if that counts, and one of `NoSchedule`, `PreferNoSchedule`, `NoExecute` if only "
            "that effect: `dedicated=gpu:NoSchedule`",
            "dedicated=gpu:NoSchedule",
            _toleration,
        ),
        OptionRule(
            "volumes",
            "volumes",
            rf"{_DNS_NAME}={_MOUNT_PATH}",
            "the name of a persistent volume claim and an absolute path without `:`: `team-data=/mnt/data`",
            "team-data=/mnt/data",
            _volume,
        ),
        OptionRule(
            "pull_secrets",
            "pull_secrets",
            _DNS_NAME,
            "the name of a secret that holds a registry's credentials: `team-registry`",
            "team-registry",
            _name,
        ),
        OptionRule(
            "pull_policy",
            "pull_policy",
            "Always|IfNotPresent|Never",
            "`Always`, `IfNotPresent` or `Never`",
            "Always",
            _text,
        ),
    )
}
"""Every option of a step, by its name in the notebook's metadata."""


def build(settings: Iterable[Setting]) -> StepOptions:
    """The options of a step; of two settings for one slot the later counts. Entries are sorted by key."""
    found = {setting.slot: setting.value for setting in settings}
    fields: dict[str, Any] = {}
    for slot in sorted(found):
        field, value = slot[0], found[slot]
        fields[field] = (*fields.get(field, ()), value) if field in _MANY else value
    return replace(StepOptions(), **fields)
