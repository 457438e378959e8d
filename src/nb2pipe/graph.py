"""Pure functions over a DAG given as `node -> the nodes it waits for`. All are linear in nodes plus edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter


def parents(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """`(source, target)` pairs as `target -> sources`, each in the order of `nodes`."""
    order = {node: position for position, node in enumerate(nodes)}
    found: dict[str, set[str]] = {node: set() for node in nodes}
    for source, target in edges:
        found[target].add(source)
    return {node: tuple(sorted(sources, key=order.__getitem__)) for node, sources in found.items()}


def find_cycle(waits_for: Mapping[str, Sequence[str]]) -> tuple[str, ...] | None:
    """One cycle, first node repeated at its end, each node running before the next; None for a DAG."""
    try:
        TopologicalSorter(waits_for).prepare()
    except CycleError as error:
        return tuple(error.args[1])
    return None


def descendants(waits_for: Mapping[str, Sequence[str]], start: str) -> set[str]:
    """All nodes that wait for `start`, directly or not."""
    children: dict[str, list[str]] = {}
    for node, sources in waits_for.items():
        for source in sources:
            children.setdefault(source, []).append(node)
    return _reach(children, start)


def ancestors(waits_for: Mapping[str, Sequence[str]], start: str) -> set[str]:
    """All nodes that `start` waits for, directly or not."""
    return _reach(waits_for, start)


def _reach(neighbours: Mapping[str, Sequence[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(neighbours.get(start, ()))
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(neighbours.get(node, ()))
    return found


def levels(waits_for: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The length of the longest path that ends in each node; 0 for a node that waits for none."""
    found: dict[str, int] = {}
    for node in TopologicalSorter(waits_for).static_order():
        found[node] = max((found[source] + 1 for source in waits_for.get(node, ())), default=0)
    return found
