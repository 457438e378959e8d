"""Ingredients of two times in; out, what differs, in words: sentences without a full stop."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from nb2pipe.errors import many
from nb2pipe.model import Step
from nb2pipe.seal import ALL_VARIABLES
from nb2pipe.targets.local import stored
from nb2pipe.targets.local.traces import Ingredients


def of_the_plan(step: Step, had: Ingredients, now: Ingredients) -> Iterator[str]:
    """What of the plan differs: code, definitions, parameters, options, settings."""
    yield from _of_code(step, had.get("code", {}), now["code"])
    yield from _changes(had, now, "definition", lambda name, _before, _now: f"{definition_shown(name)} changed")
    yield from _changes(had, now, "setup", lambda _name, _before, _now: "a set-up statement above it changed")
    yield from _changes(had, now, "parameter", lambda name, before, now: f"parameter {name}: {before} → {now}")
    yield from _changes(had, now, "option", lambda name, before, now: f"`env:{name}` changed: {before} → {now}")
    yield from _changes(had, now, "setting", _setting_shown)


def _of_code(step: Step, had: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    if had == now:
        return
    before = set(had.values())
    others = [int(number) for number, digest in now.items() if digest not in before]
    cells = [step.cells[number - 1] + 1 for number in others]
    for cell in cells:
        yield f"cell {cell} changed" if len(had) == len(now) else f"cell {cell} is new or changed"
    if not cells:
        yield (
            "its cells are others"
            if len(had) == len(now)
            else f"it has {many(len(now), 'cell')} now, and had {len(had)}"
        )


def _changes(had: Ingredients, now: Ingredients, kind: str, shown: Callable[[str, str, str], str]) -> Iterator[str]:
    before, after = had.get(kind, {}), now.get(kind, {})
    yield from dict.fromkeys(
        shown(name, before.get(name, "none"), after.get(name, "none"))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )


def definition_shown(name: str) -> str:
    """A definition in words, by its kind and names."""
    kind, _, names = name.partition(" ")
    if kind == "function":
        return f"`{names}()` that it calls"
    return f"the import of {names}" if kind == "import" else f"the {kind} `{names}` that it uses"


def _setting_shown(name: str, before: str, now: str) -> str:
    if name == "nb2pipe":
        return f"nb2pipe {before} → {now}"
    return _SETTINGS.get(name, f"{name}: {before} → {now}")


_SETTINGS = {
    "kernel": "it is another kernel",
    "Python": "the kernel's Python changed",
    "environment": "the environment variables of the kernel's specification changed",
    "metrics": "its metrics changed",
    "tracebacks": "the notebook looks at tracebacks otherwise",
}


def places_changed(had: str, now: str) -> Iterator[str]:
    """What imports find outside of the notebook's folder: two times what `import_places` found."""
    if had == now:
        return
    before, after = ({(place, name) for place, names in json.loads(found) for name in names} for found in (had, now))
    others = sorted({name.partition(".")[0] for _, name in before ^ after})  # none: the order is another one
    what = f"`import {others[0]}`" if others else "an import"
    yield f"{what} finds something else: PYTHONPATH, or what is installed to be edited, changed"


def variable_changed(name: str) -> str:
    """Another value of an environment variable in words; of `*`, others that there are."""
    if name == ALL_VARIABLES:
        return "there are other environment variables, and its code looks at all of them"
    return f"the environment variable {name} changed"


def state_shown(name: str) -> str:
    """An input in words: a variable, or state that is none."""
    if not name.startswith(stored.AMBIENT):
        return f"`{name}`"
    if name.startswith(stored.OPTIONS):
        return f"an option of {name.removeprefix(stored.OPTIONS).partition(':')[0]}"
    kinds = {
        "rng:python": "the state of Python's random numbers",
        "rng:numpy": "the state of NumPy's random numbers",
        "cwd": "the working directory",
        "env": "the environment",
        "path": "sys.path",
    }
    return kinds.get(name.removeprefix(stored.AMBIENT), name)


def how(before: str | None, now: str | None) -> str:
    """What became of a file, by its digests."""
    return "changed" if now and before else "is there now" if now else "is gone"
