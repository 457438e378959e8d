"""What the walk found about shared objects in; the names that cross in one piece out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nb2pipe.analysis.state import Share
from nb2pipe.analysis.summary import Analysis
from nb2pipe.model import Pipeline


def together(analysis: Analysis, pipeline: Pipeline) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """(step id, name) -> it and the names that may share an object with it; of those, only what later steps need."""
    wanted: dict[str, set[str]] = {}
    for step in pipeline.steps:
        for need in step.needs:
            wanted.setdefault(need.providers[0], set()).add(need.variable)
    last = {share.at.cell: share for share in analysis.shares}
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for step in pipeline.steps:
        names = wanted.get(step.id, set())
        left = set(names)
        for share in [
            last[cell] for cell in reversed(step.cells) if cell in last
        ]:  # the last that stores a name counts
            stored = left & share.stored
            if stored:
                units = _units(share, names & share.reach.keys(), stored)
                found.update(((step.id, name), unit) for name, unit in units.items())
                left -= stored
    return found


def _units(share: Share, names: Iterable[str], stored: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """For each of `stored`, all of `names` that share an object with it, if any does. Equal ones are one object."""
    holders: dict[int, list[str]] = {}
    for name in names:
        for number in share.reach[name]:
            holders.setdefault(number, []).append(name)
    shared = {number: frozenset(found) for number, found in holders.items() if len(found) > 1}
    united: dict[frozenset[frozenset[str]], tuple[str, ...]] = {}
    units: dict[str, tuple[str, ...]] = {}
    for name in stored:
        groups = frozenset(shared[number] for number in share.reach[name] if number in shared)
        if groups not in united:
            united[groups] = tuple(sorted(frozenset().union(*groups)))
        if groups:
            units[name] = united[groups]
    return units
