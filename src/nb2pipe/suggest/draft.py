"""Facts of cells in, a draft out: which cells make which step, its name, its tag, and why it begins where it does."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from nb2pipe.model import Role
from nb2pipe.records import dataclass
from nb2pipe.suggest.cuts import cut
from nb2pipe.suggest.facts import CellFacts, Facts, Kind
from nb2pipe.suggest.titles import reason, title

_ROLES = {Kind.IMPORTS: Role.IMPORTS, Kind.FUNCTIONS: Role.FUNCTIONS, Kind.CONSTANTS: Role.PARAMETERS}
_WHY = {
    Role.IMPORTS: "only imports and set-up: replayed in each step that needs them",
    Role.FUNCTIONS: "only definitions: replayed in each step that needs them",
}


@dataclass(frozen=True)
class Part:
    """Cells that get one tag between them, on the first: a step, or cells of another role, which have no name."""

    role: Role
    cells: tuple[int, ...]
    name: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def tag(self) -> str:
        """The tag that says so."""
        return f"step:{self.name}" if self.role is Role.STEP else self.role.value


@dataclass(frozen=True)
class Draft:
    """Parts in the order of their first cells, the cells that each step has to run, and the tags to add by cell."""

    parts: tuple[Part, ...]
    runs: tuple[tuple[int, ...], ...]
    tags: Mapping[int, str]

    @property
    def steps(self) -> tuple[Part, ...]:
        """The parts that are steps."""
        return tuple(part for part in self.parts if part.role is Role.STEP)


def draft(facts: Facts, joined: Collection[int] = (), plain: Collection[int] = ()) -> Draft:
    """The cheapest division. No step begins at a cell of `joined`; cells of `plain` get no role other than step."""
    runs = cut(facts, joined)
    owners = _owners(facts, runs, plain)
    by_cell = {item.cell: item for item in facts.cells}
    names: list[str] = []
    for number in range(len(runs)):
        names.append(title(facts, runs, number, names))
    parts: dict[object, list[int]] = {}
    for cell, owner in owners.items():
        parts.setdefault(owner, []).append(cell)
    made = [
        Part(Role.STEP, tuple(cells), names[owner], reason(facts, runs, owner))
        if isinstance(owner, int)
        else Part(owner[0], tuple(cells), "", (_why(owner[0], [by_cell[cell] for cell in cells]),))
        for owner, cells in parts.items()
        if isinstance(owner, int | tuple)
    ]
    tag_of = {cell: part.tag for part in made for cell in part.cells}
    return Draft(tuple(made), runs, _tags(facts, owners, tag_of))


def _why(role: Role, cells: Sequence[CellFacts]) -> str:
    if role is not Role.PARAMETERS:
        return _WHY[role]
    if any(item.fixed for item in cells):
        return "tagged so already"
    names = [name for item in cells for name in item.parameters]
    return f"constants at the top: {', '.join(f'`{name}`' for name in names)} can be set for a run"


def _owners(facts: Facts, runs: Sequence[Sequence[int]], plain: Collection[int]) -> dict[int, int | tuple[Role, int]]:
    """cell -> the number of its step, or its role and where the cells of that role begin. Empty cells have none."""
    step_of = {cell: number for number, run in enumerate(runs) for cell in run}
    owners: dict[int, int | tuple[Role, int]] = {}
    zone: list[CellFacts] = []
    last = -1  # the step of the last solid cell
    for item in facts.cells:
        if item.fixed:
            owners[item.cell] = _as_above(Role.PARAMETERS, item.cell, owners)
        elif item.kind is Kind.EMPTY:
            continue
        elif not item.kind.solid:
            zone.append(item)
        else:
            number = step_of[item.cell]
            _settle(zone, item, number, last, owners, plain)
            owners[item.cell] = last = number
            zone = []
    _settle(zone, None, last, last, owners, plain)
    return dict(sorted(owners.items()))


def _settle(
    zone: Sequence[CellFacts],
    below: CellFacts | None,
    number: int,
    last: int,
    owners: dict[int, int | tuple[Role, int]],
    plain: Collection[int],
) -> None:
    """Give the cells between two solid ones, all of them replayed, to the step above, to the one below, or a role."""
    begun = number == last >= 0
    split = len(zone) if begun else _first_under_heading([*zone, *([below] if below else [])])
    for place, item in enumerate(zone):
        if place < split and last >= 0:
            owners[item.cell] = last
            continue
        role = _ROLES.get(item.kind)
        top = last < 0
        allowed = role is Role.FUNCTIONS or (top and (role is Role.IMPORTS or (role and bool(item.parameters))))
        if not begun and role is not None and allowed and item.cell not in plain:
            owners[item.cell] = _as_above(role, item.cell, owners)
        elif number >= 0:
            begun = True
            owners[item.cell] = number
        elif role is not None:
            owners[item.cell] = _as_above(role if role is not Role.PARAMETERS else Role.IMPORTS, item.cell, owners)


def _first_under_heading(cells: Sequence[CellFacts]) -> int:
    """Where among the cells the section of the step below begins: at the first heading of the highest rank."""
    ranks = [[heading.rank for heading in item.headings if heading.rank is not None] for item in cells]
    best = min((rank for found in ranks for rank in found), default=None)
    return next((place for place, found in enumerate(ranks) if best is not None and best in found), 0)


def _as_above(role: Role, cell: int, owners: Mapping[int, int | tuple[Role, int]]) -> tuple[Role, int]:
    """The role's cells above, if they stand right above; else new ones."""
    above = owners[max(owners)] if owners else None
    return above if isinstance(above, tuple) and above[0] is role else (role, cell)


def _tags(facts: Facts, owners: Mapping[int, object], tag_of: Mapping[int, str]) -> dict[int, str]:
    """A tag on each cell that doesn't go on with what is above it."""
    fixed = {item.cell for item in facts.cells if item.fixed}
    found: dict[int, str] = {}
    current: object = None
    for cell, owner in owners.items():
        if owner != current and cell not in fixed:
            found[cell] = tag_of[cell]
        current = owner
    return found
