"""Boxes and the arrows between them in, coordinates out: a layered drawing, top to bottom. No text is measured here.

The way of Sugiyama, Tagawa and Toda (1981): rows by longest path; an arrow that passes rows goes through a small box
in each; boxes of a row are ordered by the mean place of their neighbours; then they move as near to the middle of
their neighbours as the gaps allow. Each arrow has a box for its label in the row between its ends, so that labels
never lie on boxes or on each other. Same input, same drawing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from itertools import pairwise

from nb2pipe import graph
from nb2pipe.records import dataclass

ORDERING_SWEEPS = 12
PLACING_SWEEPS = 40
GAP = 26.0
PATH_WEIGHT = 4.0  # a box on the way of an arrow is held more firmly in line than a step


@dataclass(frozen=True)
class Box:
    """A rectangle to place. Sizes are in pixels."""

    key: str
    width: float
    height: float


@dataclass(frozen=True)
class Arrow:
    """From one box to another, with the size of its label (zero: none)."""

    source: str
    target: str
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True)
class Place:
    """The middle of a box."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Drawing:
    """Where everything is. `paths`: for each arrow the places it goes through, ends included; `labels`: its label."""

    width: float
    height: float
    boxes: Mapping[str, Place]
    paths: tuple[tuple[Place, ...], ...]
    labels: tuple[Place, ...]


@dataclass
class _Node:
    width: float
    height: float
    row: int
    is_path: bool = False
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)
    x: float = 0.0


def arrange(boxes: Sequence[Box], arrows: Sequence[Arrow], *, row_gap: float = 24.0) -> Drawing:
    """Place boxes and arrows. Arrows must form a DAG over the boxes' keys."""
    if not boxes:
        return Drawing(0.0, 0.0, {}, (), ())
    levels = graph.levels(graph.parents([box.key for box in boxes], [(arrow.source, arrow.target) for arrow in arrows]))
    nodes = [_Node(box.width, box.height, 2 * levels[box.key]) for box in boxes]
    index = {box.key: number for number, box in enumerate(boxes)}
    paths = [_path(nodes, index[arrow.source], index[arrow.target], arrow) for arrow in arrows]
    rows: list[list[int]] = [[] for _ in range(max(node.row for node in nodes) + 1)]
    for number, node in enumerate(nodes):
        rows[node.row].append(number)
    _order(rows, nodes)
    _place_rows(rows, nodes)
    return _finish(boxes, rows, nodes, paths, row_gap)


def _path(nodes: list[_Node], source: int, target: int, arrow: Arrow) -> tuple[list[int], int]:
    """Put a box in each row between the ends; the one in the middle, on an odd row, holds the label."""
    first, last = nodes[source].row, nodes[target].row
    middle = first + 1
    found = [source]
    for row in range(first + 1, last):
        size = (arrow.width, arrow.height) if row == middle else (0.0, 0.0)
        nodes.append(_Node(*size, row, is_path=True))
        found.append(len(nodes) - 1)
    found.append(target)
    for upper, lower in pairwise(found):
        nodes[upper].below.append(lower)
        nodes[lower].above.append(upper)
    return found, found[1]


def _order(rows: list[list[int]], nodes: list[_Node]) -> None:
    """Order each row by the mean place of its neighbours, down and up in turn; the order with fewest crossings wins."""
    best = [list(row) for row in rows]
    fewest = _crossings(rows, nodes)
    for sweep in range(ORDERING_SWEEPS):
        if fewest == 0:
            break
        down = sweep % 2 == 0
        for row in rows[1:] if down else reversed(rows[:-1]):
            _sort_row(row, rows, nodes, down=down)
        now = _crossings(rows, nodes)
        if now < fewest:
            fewest, best = now, [list(row) for row in rows]
    rows[:] = best


def _sort_row(row: list[int], rows: list[list[int]], nodes: list[_Node], *, down: bool) -> None:
    if not row:
        return
    here = nodes[row[0]].row
    positions = {number: place for place, number in enumerate(rows[here - 1 if down else here + 1])}
    current = {number: place for place, number in enumerate(row)}

    def mean(number: int) -> float:
        neighbours = nodes[number].above if down else nodes[number].below
        if not neighbours:
            return float(current[number])
        return sum(positions[neighbour] for neighbour in neighbours) / len(neighbours)

    row.sort(key=lambda number: (mean(number), current[number]))


def _crossings(rows: Sequence[Sequence[int]], nodes: Sequence[_Node]) -> int:
    """How many pairs of lines between neighbouring rows cross: inversions, counted in a Fenwick tree."""
    total = 0
    for upper, lower in pairwise(rows):
        positions = {number: place for place, number in enumerate(lower)}
        ends = [place for number in upper for place in sorted(positions[below] for below in nodes[number].below)]
        counts = [0] * (len(lower) + 1)
        for seen, end in enumerate(ends):
            not_right, position = 0, end + 1
            while position > 0:
                not_right += counts[position]
                position -= position & -position
            total += seen - not_right
            position = end + 1
            while position <= len(lower):
                counts[position] += 1
                position += position & -position
    return total


def _place_rows(rows: Sequence[Sequence[int]], nodes: list[_Node]) -> None:
    for row in rows:
        _place_row(row, nodes, [0.0] * len(row))
    for sweep in range(PLACING_SWEEPS):
        both = sweep >= PLACING_SWEEPS // 4
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = []
            for number in row:
                node = nodes[number]
                near = node.above if sweep % 2 == 0 else node.below
                neighbours = (node.above + node.below) if both or not near else near
                middle = sum(nodes[other].x for other in neighbours) / len(neighbours) if neighbours else node.x
                wanted.append(middle)
            _place_row(row, nodes, wanted)


def _place_row(row: Sequence[int], nodes: list[_Node], wanted: Sequence[float]) -> None:
    """The places nearest to `wanted` (least squares) that keep order and gaps: isotonic regression."""
    offsets = [0.0]
    for left, right in pairwise(row):
        offsets.append(offsets[-1] + (nodes[left].width + nodes[right].width) / 2 + GAP)
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many boxes
    for number, offset, x in zip(row, offsets, wanted, strict=True):
        mean, weight, size = x - offset, PATH_WEIGHT if nodes[number].is_path else 1.0, 1
        while pools and pools[-1][0] > mean:
            other, other_weight, other_size = pools.pop()
            mean = (mean * weight + other * other_weight) / (weight + other_weight)
            weight, size = weight + other_weight, size + other_size
        pools.append((mean, weight, size))
    bases = [mean for mean, _, size in pools for _ in range(size)]
    for number, offset, base in zip(row, offsets, bases, strict=True):
        nodes[number].x = base + offset


def _finish(
    boxes: Sequence[Box],
    rows: Sequence[Sequence[int]],
    nodes: Sequence[_Node],
    paths: Sequence[tuple[list[int], int]],
    row_gap: float,
) -> Drawing:
    left = min(node.x - node.width / 2 for node in nodes)
    middles: list[float] = []
    bottom = 0.0
    for row in rows:
        height = max((nodes[number].height for number in row), default=0.0)
        middles.append(bottom + height / 2)
        bottom += height + row_gap
    places = [Place(node.x - left, middles[node.row], node.width, node.height) for node in nodes]
    return Drawing(
        max(place.x + place.width / 2 for place in places),
        bottom - row_gap,
        {box.key: places[number] for number, box in enumerate(boxes)},
        tuple(tuple(places[number] for number in path) for path, _ in paths),
        tuple(places[label] for _, label in paths),
    )
