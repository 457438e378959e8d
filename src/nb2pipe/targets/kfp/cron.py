"""A schedule with five fields, as cron has it, in; KFP's six fields out."""

from __future__ import annotations

import re

from nb2pipe.errors import BadInput

_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    ("day of the week", 0, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)
_PART = re.compile(r"(?:(\*)|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:/([0-9]{1,2}))?")
_EVERY = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


def six_fields(text: str) -> str:
    """`30 6 * * 1-5` as KFP takes it: seconds first, Sunday as 0. Times are the server's, which is UTC as a rule.

    Raises BadInput (N2P758) for what is no such schedule, six fields among them: whose first is meant can't be known.
    """
    fields = _EVERY.get(text.strip().lower(), text).lower().split()
    if len(fields) != len(_FIELDS):
        raise _wrong(text, f"has {len(fields)} fields, not 5")
    found = [_field(text, field, *rule) for field, rule in zip(fields, _FIELDS, strict=True)]
    return " ".join(["0", *found])


def _field(text: str, field: str, name: str, least: int, most: int, words: tuple[str, ...]) -> str:
    return ",".join(_part(text, part, name, least, most, words) for part in field.split(","))


def _part(text: str, part: str, name: str, least: int, most: int, words: tuple[str, ...]) -> str:
    match = _PART.fullmatch(part)
    if match is None:
        raise _wrong(text, f"has `{part[:40]}` as its {name}")
    star, first, last, step = match.groups()
    if step is not None and not 0 < int(step) <= most:
        raise _wrong(text, f"has the step `{step}` for its {name}")
    every = f"/{step}" if step else ""
    if star:
        return f"*{every}"
    if step and last is None:  # every parser reads this another way
        raise _wrong(text, f"has `{part}` as its {name}: from {first} to where")
    numbers = [_number(text, item, name, least, most, words) for item in (first, last) if item is not None]
    if len(numbers) == 2 and numbers[0] > numbers[1]:
        raise _wrong(text, f"has `{part}` as its {name}, which ends before it begins")
    if name != "day of the week" or 7 not in numbers:
        return "-".join(map(str, numbers)) + every
    if numbers[0] == 7:  # cron's second Sunday, which KFP's parser doesn't know
        return "0"
    days = [str(day % 7) for day in range(numbers[0], 8, int(step or 1))]
    return ",".join(sorted(days))


def _number(text: str, item: str, name: str, least: int, most: int, words: tuple[str, ...]) -> int:
    value = words.index(item) + (least if name == "month" else 0) if item in words else -1
    value = int(item) if item.isdigit() else value
    if not least <= value <= most:
        raise _wrong(text, f"has `{item}` as its {name}, which goes from {least} to {most}")
    return value


def _wrong(text: str, what: str) -> BadInput:
    hint = "minute, hour, day of the month, month, day of the week: `30 6 * * 1-5` is half past six on working days"
    return BadInput.of("N2P758", f"the schedule `{text[:80]}` {what}", hint=hint)
