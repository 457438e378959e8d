"""Descriptions of the final values of three runs in; a verdict for each variable out.

A description is what `runtime.describe` made of a value in its kernel: a digest of what must be equal to the letter,
and the floating-point numbers beside it. Nothing is unpickled here, and NumPy isn't needed.
"""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nb2pipe.verify.verdicts import ValueReport, Verdict

_DOUBLE = 8
_MOST = 3  # types that are named


@dataclass(frozen=True)
class State:
    """What one run left: variable -> description, file of pickles -> description. `numbers` holds their numbers.

    `unloadable`: variables that were stored, and could not be looked at.
    """

    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    numbers: Path | None = None
    unloadable: Sequence[str] = ()


def read_state(folder: Path) -> State | None:
    """The state that a run described in `folder`; None if it did not come to that. Raises ValueError if damaged."""
    try:
        data = json.loads((folder / "state.json").read_bytes())
    except FileNotFoundError:
        return None
    return State(data["values"], data["files"], data["versions"], folder / "state.bin", data["unloadable"])


def to_the_letter(state: State) -> State:
    """The same, but what a library's class leaves out when it is pickled counts too."""
    values = {
        name: {key: item for key, item in description.items() if key != "handed_on"}
        for name, description in state.values.items()
    }
    return replace(state, values=values)


def compare_values(
    straight: State, again: State, pipeline: State, why_not: Mapping[str, str], rtol: float = 0.0
) -> tuple[ValueReport, ...]:
    """A verdict for each variable that the notebook or the pipeline leaves behind.

    `why_not`: variables that can't leave their step, and why. `rtol`: floating-point numbers may differ by this, as
    a share of the larger one.
    """
    names = sorted({*straight.values, *pipeline.values})
    return tuple(_compare(name, straight, again, pipeline, why_not, rtol) for name in names)


def _compare(
    name: str, straight: State, again: State, pipeline: State, why_not: Mapping[str, str], rtol: float
) -> ValueReport:
    first, second, third = (state.values.get(name) for state in (straight, again, pipeline))
    kind = str((first or third or {}).get("type", ""))
    shown = {"straight": _shown(first), "pipeline": _shown(third)}

    def report(verdict: Verdict, difference: str = "") -> ValueReport:
        return ValueReport(name, verdict, kind, difference, **shown)

    unsure = difference(first, second, straight, again, rtol)
    if unsure:
        return report(Verdict.NONDETERMINISTIC, f"two runs of the notebook differ: {unsure}")
    if first is None:
        return report(Verdict.DIFFERS, "the pipeline has it, the notebook doesn't")
    if third is None:
        if name in why_not:
            return report(Verdict.NOT_COMPARED, f"it can't leave its step: {why_not[name]}")
        if name in pipeline.unloadable:
            return report(Verdict.NOT_COMPARED, "it is stored, and can't be loaded: no step could use it")
        return report(Verdict.DIFFERS, "the notebook has it, the pipeline doesn't")
    if _closed(first, third):
        same_type = first["type"] == third["type"]
        return report(
            Verdict.NOT_COMPARED if same_type else Verdict.DIFFERS,
            str(first.get("why_not") or third.get("why_not")) if same_type else f"{first['type']}, now {third['type']}",
        )
    found = difference(first, third, straight, pipeline, rtol)
    if found:
        return report(Verdict.DIFFERS, found)
    closed = sorted(_closed_within(first) | _closed_within(third))
    if closed:
        told = f"the same, but for what only the type can be told of: {', '.join(closed[:_MOST])}"
        return report(Verdict.NOT_COMPARED, told + ", ..." * (len(closed) > _MOST))
    return report(Verdict.SAME)


def _shown(description: Mapping[str, Any] | None) -> str:
    return str((description or {}).get("shown", ""))


def _closed_within(description: Mapping[str, Any]) -> set[str]:
    """Types of what could not be looked into, in a value that could."""
    own = {str(description["type"])} if "why_not" in description else set(map(str, description.get("closed", ())))
    return own.union(*(_closed_within(part) for part in description.get("parts", {}).values()))


def _closed(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return "why_not" in one or "why_not" in other


def difference(
    one: Mapping[str, Any] | None, other: Mapping[str, Any] | None, of: State, beside: State, rtol: float = 0.0
) -> str:
    """Where two descriptions differ, in one line; empty if they don't."""
    if one is None or other is None:
        return "" if one is other else "only one has it"
    if _closed(one, other):
        return "" if one.get("why_not") == other.get("why_not") and one["type"] == other["type"] else "its kind"
    if one["type"] != other["type"]:
        return f"{one['type']}, now {other['type']}"
    if _handed_on(one) & _handed_on(other):
        return ""
    parts, others = one.get("parts", {}), other.get("parts", {})
    if parts.keys() != others.keys():
        lost, more = sorted(parts.keys() - others.keys()), sorted(others.keys() - parts.keys())
        told = [f"{', '.join(lost[:3])} is gone"] if lost else []
        told += [f"{', '.join(more[:3])} is new"] if more else []
        return "; ".join(told)
    for label in parts:
        found = difference(parts[label], others[label], of, beside, rtol)
        if found:
            more_parts = [
                item for item in parts if item != label and difference(parts[item], others[item], of, beside, rtol)
            ]
            also = f" (and {len(more_parts)} more)" if more_parts else ""
            return f"{label}: {found}{also}"
    return _own_difference(one, other, of, beside, rtol)


def _handed_on(description: Mapping[str, Any]) -> set[str]:
    """What a value is to its own class: itself, and what a pickle of it makes."""
    return {description[key] for key in ("signature", "handed_on") if key in description}


def _own_difference(one: Mapping[str, Any], other: Mapping[str, Any], of: State, beside: State, rtol: float) -> str:
    if one.get("digest") != other.get("digest"):
        before, now = _shown(one), _shown(other)
        return f"{before}, now {now}" if before != now else "its content"
    if one.get("numbers") == other.get("numbers"):
        return ""
    if one.get("count") != other.get("count"):
        return f"{one.get('count', 0):,} numbers, now {other.get('count', 0):,}"
    return _numbers_differ(one, other, of, beside, rtol)


def _numbers_differ(one: Mapping[str, Any], other: Mapping[str, Any], of: State, beside: State, rtol: float) -> str:
    if "at" not in one or "at" not in other:
        return f"its {one['count']:,} numbers differ; they are too many to say where"
    different, most, where = 0, 0.0, ""
    for before, now in zip(_numbers(one, of), _numbers(other, beside), strict=True):
        if before == now or (math.isnan(before) and math.isnan(now)):
            continue
        finite = math.isfinite(before) and math.isfinite(now)
        gap = abs(before - now) / max(abs(before), abs(now)) if finite else math.inf
        if gap <= rtol:
            continue
        different += 1
        if gap > most:
            most, where = gap, f"{before!r}, now {now!r}"
    if not different:
        return ""
    if one["count"] == 1:
        return where
    by = f", by up to {most:.2g} of their size" if math.isfinite(most) else ""
    return f"{different:,} of {one['count']:,} numbers differ{by}: {where}"


def _numbers(description: Mapping[str, Any], state: State) -> Iterator[float]:
    found = array("d")
    if state.numbers is not None:
        with state.numbers.open("rb") as file:
            file.seek(description["at"])
            found.frombytes(file.read(description["count"] * _DOUBLE))
    return iter(found)
