"""What the walk found about shared objects in; the names that cross in one piece with a name out."""

from __future__ import annotations

from collections.abc import Mapping

from nb2pipe.analysis.summary import Analysis
from nb2pipe.model import Pipeline


def together(analysis: Analysis, pipeline: Pipeline) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """(step id, name) -> names that may share an object with it; of those, only what later steps need."""
    wanted: dict[str, set[str]] = {}
    for step in pipeline.steps:
        for need in step.needs:
            wanted.setdefault(need.providers[0], set()).add(need.variable)
    last = {share.at.cell: share for share in analysis.shares}
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for step in pipeline.steps:
        names = wanted.get(step.id, set())
        for share in [last[cell] for cell in step.cells if cell in last]:
            crossing = sorted(names & share.reach.keys())
            holders: dict[int, set[str]] = {}
            for name in crossing if len(crossing) > 1 else ():
                for number in share.reach[name]:
                    holders.setdefault(number, set()).add(name)
            for name in crossing:
                if name in share.stored:
                    reach = share.reach[name] if holders else ()
                    others: set[str] = set().union(*(holders[number] for number in reach)) - {name}
                    found[step.id, name] = tuple(sorted(others))
    return {key: names for key, names in found.items() if names}
