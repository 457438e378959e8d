"""Facts of cells in, the cells of each step out: the cuts in notebook order that cost least.

A step is a run of cells. What a division into steps costs is a sum over its steps and over the cuts between them, so
that dynamic programming finds the cheapest of all divisions:

* **A step** costs `STEP`, for a kernel that starts and a node that people read; `IN` for each variable that it needs
  from above (less for a number or a text; as much as half a variable for an order by a file or a generator); `THIN` if
  it hardly does anything (`THIN_BARE` if no heading stands above it), unless it brings several cells' results together;
  and the square of its work, times `LARGE` if the notebook has sections, else `LARGE_BARE`, so that a long notebook
  without headings is cut into steps of like size.
* **A cut** earns `HEADING` by the rank of a heading that stands there, `COMMENT` for a comment that introduces the
  cell, and `PHASE` where the cell begins something else (load, fit, plot ...); the latter two count more where there
  are no headings (`_BARE`). It earns `BESIDE` times the work, beyond that of a kernel's start, that can be done at the
  same time, if the step below needs nothing of the step above and later steps need both (`BESIDE_LOOSE` if they don't).
  It pays `SHOWN` where it parts a cell that only shows something from what it shows, and `PROCESS` for each value
  between the two sides that can't leave its process: the steps would have to share one anyway.

Cells that are replayed anyway (imports, functions, constants) belong to no step here. Beyond `MOST` cells, neighbours
that hold together most are taken as one first: the time is cubic in their number.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from nb2pipe.records import dataclass
from nb2pipe.suggest.facts import CellFacts, Facts, Kind
from nb2pipe.suggest.phases import Phase

STEP = 2.0
IN = 0.5
THIN = 1.5
THIN_BARE = 3.5
LARGE = 0.02
LARGE_BARE = 0.1
HEADING = (4.5, 2.2, 0.6)
COMMENT = 0.5
COMMENT_BARE = 1.5
PHASE = 0.7
PHASE_BARE = 1.5
BESIDE = 6.0
BESIDE_LOOSE = 1.0
SHOWN = 1.5
PROCESS = 5.0
MOST = 100

THIN_WORK = 0.8
_SOME_WORK = 1.5
_ALWAYS = 1000.0


@dataclass(frozen=True)
class Atom:
    """Solid cells that stay together, and how much is earned by a cut above them."""

    cells: tuple[int, ...]
    work: float
    earned: float
    headed: bool
    inputs: frozenset[tuple[int, str, float]]  # (source cell, variable, weight) of what comes from above the atom


class _Grid:
    """The atoms, and what the programming asks of them over and over."""

    def __init__(self, atoms: list[Atom], together: Sequence[tuple[int, ...]], large: float) -> None:
        self.atoms = atoms
        self.together = together
        self.large = large
        self.place = {cell: number for number, atom in enumerate(atoms) for cell in atom.cells}
        self.furthest = [-1] * len(atoms)  # for each atom the last one that reads a variable of it
        for number, atom in enumerate(atoms):
            for source, variable, _ in atom.inputs:
                if variable and source in self.place:
                    self.furthest[self.place[source]] = number


def cut(facts: Facts, joined: Collection[int] = ()) -> tuple[tuple[int, ...], ...]:
    """The solid cells of each step, in notebook order. No step begins at a cell of `joined`."""
    sections = any(heading.rank == 0 for item in facts.cells for heading in item.headings)
    atoms = _coarse(_atoms(facts, frozenset(joined), headed=sections))
    if not atoms:
        return ()
    grid = _Grid(atoms, facts.together, LARGE if sections else LARGE_BARE)
    bounds = _cheapest(grid)
    return tuple(
        tuple(cell for atom in atoms[first:last] for cell in atom.cells)
        for first, last in zip(bounds, [*bounds[1:], len(atoms)], strict=True)
    )


def _atoms(facts: Facts, joined: frozenset[int], *, headed: bool) -> list[Atom]:
    found: list[Atom] = []
    rank: int | None = None  # of the headings since the last solid cell
    phase: Phase | None = None  # the last that was told above
    above: CellFacts | None = None
    fixed = False  # parameters stand in between, which no step can go around
    linked = {(link.source, link.target) for link in facts.links if link.variable}
    inputs: dict[int, set[tuple[int, str, float]]] = {}
    for link in facts.links:
        inputs.setdefault(link.target, set()).add((link.source, link.variable, link.weight))
    for item in facts.cells:
        ranks = [heading.rank for heading in item.headings if heading.rank is not None]
        rank = min([*ranks, *([rank] if rank is not None else [])], default=None)
        fixed = fixed or item.fixed
        if not item.kind.solid:
            continue
        shown = above is not None and (above.cell, item.cell) in linked
        earned = _by_text(item, rank, headed=headed)
        if item.kind is Kind.WORK and item.phase is not None:
            earned += (PHASE if headed else PHASE_BARE) if item.phase is not phase and above is not None else 0.0
            phase = item.phase
        if fixed:
            earned += _ALWAYS
        if item.kind is Kind.SHOWS and shown and rank is None and not item.comment:
            earned -= SHOWN
        atom = Atom((item.cell,), item.work, earned, rank is not None, frozenset(inputs.get(item.cell, ())))
        if found and item.cell in joined:
            found[-1] = _one(found[-1], atom)
        else:
            found.append(atom)
        rank, above, fixed = None, item, False
    return found


def _by_text(item: CellFacts, rank: int | None, *, headed: bool) -> float:
    """What a cut right above the cell earns by what the author has written there."""
    if rank is not None:
        return HEADING[min(rank, len(HEADING) - 1)]
    return (COMMENT if headed else COMMENT_BARE) if item.comment else 0.0


def _one(first: Atom, second: Atom) -> Atom:
    inside = frozenset(item for item in second.inputs if item[0] not in first.cells)
    return Atom(
        (*first.cells, *second.cells), first.work + second.work, first.earned, first.headed, first.inputs | inside
    )


def _coarse(atoms: list[Atom]) -> list[Atom]:
    """At most MOST atoms: again and again the two neighbours that a cut would part worst become one."""
    while len(atoms) > MOST:
        costs = [
            atom.earned
            - IN * sum(weight for source, _, weight in atom.inputs if source in atoms[number].cells)
            + 0.1 * (atom.work + atoms[number].work)
            for number, atom in enumerate(atoms[1:])
        ]
        limit = sorted(costs)[min(len(costs) - 1, len(atoms) - MOST - 1)]
        merged: list[Atom] = [atoms[0]]
        fresh = True  # no three at once: their sizes stay alike
        for atom, cost in zip(atoms[1:], costs, strict=True):
            if cost <= limit and fresh and len(atoms) > MOST:
                merged[-1] = _one(merged[-1], atom)
                fresh = False
            else:
                merged.append(atom)
                fresh = True
        atoms = merged
    return atoms


def _cheapest(grid: _Grid) -> list[int]:
    """The number of the first atom of each step."""
    count = len(grid.atoms)
    best: dict[
        tuple[int, int], tuple[float, int]
    ] = {}  # (first, last) of a step -> cost so far, first of the one before
    for first in range(count):
        step = _Step(grid, first)
        before = [(best[start, first - 1][0], start, *_of_run(grid, start, first - 1)) for start in range(first)]
        gain = grid.atoms[first].earned - PROCESS * _parted(grid, first)
        for last in range(first, count):
            own = step.extended(last)
            if not first:
                best[first, last] = own, -1
                continue
            best[first, last] = min(
                (cost + own - gain - (step.beside(work, onward=onward) if step.latest < start else 0.0), start)
                for cost, start, work, onward in before
            )
    return _traced(best, count)


class _Step:
    """A step that begins at atom `first` and grows."""

    def __init__(self, grid: _Grid, first: int) -> None:
        self.grid = grid
        self.first = first
        self.inputs: dict[tuple[int, str], float] = {}
        self.work = 0.0
        self.latest = -1  # the last atom above that it needs something of
        self.onward = False
        self._furthest = -1

    def extended(self, last: int) -> float:
        """Its cost with atom `last`, which is the next one."""
        atom = self.grid.atoms[last]
        self.work += atom.work
        for source, variable, weight in atom.inputs:
            place = self.grid.place.get(source, -1)
            if place < self.first:
                self.inputs[source, variable] = weight
                self.latest = max(self.latest, place)
        self._furthest = max(self._furthest, self.grid.furthest[last])
        self.onward = self._furthest > last
        thin = self._thin() if self.work < THIN_WORK else 0.0
        return STEP + IN * sum(self.inputs.values()) + thin + self.grid.large * self.work * self.work

    def _thin(self) -> float:
        if len({source for source, variable in self.inputs if variable}) > 1:
            return 0.0  # it brings together what others have made
        return THIN if self.grid.atoms[self.first].headed else THIN_BARE

    def beside(self, work: float, *, onward: bool) -> float:
        """What it is worth that it may run at the same time as a step of this work."""
        shared = min(work, self.work)
        if onward and self.onward:
            return BESIDE * max(0.0, shared - THIN_WORK)
        return BESIDE_LOOSE * max(0.0, shared - _SOME_WORK)


def _of_run(grid: _Grid, start: int, last: int) -> tuple[float, bool]:
    """The work of a step, and whether a later one needs it."""
    work = sum(atom.work for atom in grid.atoms[start : last + 1])
    return work, max(grid.furthest[start : last + 1]) > last


def _parted(grid: _Grid, first: int) -> int:
    """How many values that can't leave their process a cut above atom `first` lies between."""
    places = [[grid.place[cell] for cell in cells if cell in grid.place] for cells in grid.together]
    return sum(bool(found) and min(found) < first <= max(found) for found in places)


def _traced(best: dict[tuple[int, int], tuple[float, int]], count: int) -> list[int]:
    last = count - 1
    first = min(range(count), key=lambda start: (round(best[start, last][0], 9), -start))
    found = [first]
    while first:
        first, last = best[first, last][1], first - 1
        found.append(first)
    return found[::-1]
