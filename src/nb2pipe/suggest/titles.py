"""Facts of cells and the cells of a step in; the step's name, and why it begins where it does, out."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from nb2pipe.suggest.cuts import THIN_WORK
from nb2pipe.suggest.facts import GENERIC, CellFacts, Facts, Kind
from nb2pipe.suggest.headings import Heading
from nb2pipe.suggest.naming import LONGEST, alike, deed, fresh, name_of
from nb2pipe.suggest.phases import Phase
from nb2pipe.suggest.words import words

_SHOWN = 60
_MOST_NAMES = 4


def title(facts: Facts, runs: Sequence[Sequence[int]], number: int, taken: Collection[str]) -> str:
    """A name for step `number`: of its heading, else of its comment, else of what it does and makes."""
    run = runs[number]
    heading = heading_of(facts, run)
    first = _by_cell(facts)[run[0]]
    name = ""
    if heading is not None and not _one_of_many(facts, runs, number, heading):
        name = name_of(_text(facts, run, heading))
        if alike(name) in {alike(other) for other in taken}:  # "GLM: Gamma" and "GLM: Gaussian"
            name = name_of(heading.text, whole=True)
    name = name or (name_of(first.comment) if first.comment else "") or _by_deed(facts, run)
    name = name or (name_of(heading.text) if heading else "") or ("start" if number == 0 else f"part_{number + 1}")
    return fresh(name, taken)


def _one_of_many(facts: Facts, runs: Sequence[Sequence[int]], number: int, heading: Heading) -> bool:
    """True if the heading stands above several steps of which none goes on with the one before: "three models"."""
    run = runs[number]
    end = _end(facts, run[0], heading)
    if number + 1 == len(runs) or runs[number + 1][0] > end or not _given(facts, run):
        return False
    return not any(link.source in run and link.target in runs[number + 1] for link in facts.links)


def _text(facts: Facts, run: Sequence[int], heading: Heading) -> str:
    """The heading; with the one other heading of its rank, if the step has two sections with short names."""
    inside = [
        other
        for item in facts.cells
        if run[0] < item.cell <= run[-1] and item.cell in run
        for other in item.headings
        if other is not heading and other.rank is not None and heading.rank is not None and other.rank <= heading.rank
    ]
    if len(inside) == 1:
        one, other = name_of(heading.text), name_of(inside[0].text)
        if one and other and len(one) + len(other) + 5 <= LONGEST * 3 // 4:
            return f"{one.replace('_', ' ')} and {other.replace('_', ' ')}"
    return heading.text


def heading_of(facts: Facts, run: Sequence[int]) -> Heading | None:
    """The heading right above the step: the outermost that has no more than the step below it, else the innermost."""
    first = run[0]
    chain = _chain(facts, first)
    if not chain:  # what stands above the step's first heading may be by the way
        cells = _by_cell(facts)
        work = 0.0
        for cell in run:
            if work < THIN_WORK and any(heading.rank is not None for heading in cells[cell].headings):
                first, chain = cell, _chain(facts, cell)
                break
            work += cells[cell].work
    for heading in chain:
        if _end(facts, first, heading) <= run[-1]:
            return heading
    return chain[-1] if chain else None


def _chain(facts: Facts, first: int) -> list[Heading]:
    """The headings between the solid cell above and this one that still hold here, outermost first."""
    found: list[Heading] = []
    for item in facts.cells:
        if item.cell > first:
            break
        for heading in item.headings:
            if heading.rank is not None:
                found = [other for other in found if other.rank is not None and other.rank < heading.rank]
                found.append(heading)
        if item.kind.solid and item.cell < first:
            found = []
    return found


def _end(facts: Facts, first: int, heading: Heading) -> int:
    """The last solid cell below the heading that stands above solid cell `first`."""
    last = first
    for item in facts.cells:
        if item.cell <= first:
            continue
        if any(other.rank is not None and other.rank <= (heading.rank or 0) for other in item.headings):
            break
        if item.kind.solid:
            last = item.cell
    return last


def _by_deed(facts: Facts, run: Sequence[int]) -> str:
    """What the step does, and to which variable: `fit_forest`."""
    cells = _by_cell(facts)
    phase = _deed(facts, run)
    if phase is Phase.PLOT:
        return deed(phase.value, _shown_variable(facts, run))
    if phase is None:
        mains = [cells[cell].main for cell in run if cells[cell].main]
        return deed("", _given(facts, run) or (mains[-1] if mains else ""))
    variable = cells[max(run, key=lambda cell: (cells[cell].phase is phase, cells[cell].work, -cell))].main
    return deed(phase.value, "" if phase is Phase.FIT and GENERIC.match(variable) else variable)


def _deed(facts: Facts, run: Sequence[int]) -> Phase | None:
    """The phase with most work; a plot counts only where the step gives nothing on."""
    cells = _by_cell(facts)
    weights: dict[Phase, float] = {}
    for cell in run:
        phase = cells[cell].phase
        if phase is not None:
            weights[phase] = weights.get(phase, 0.0) + cells[cell].work
    if any(cells[cell].kind is Kind.WORK for cell in run) and (len(weights) > 1 or _given(facts, run)):
        weights.pop(Phase.PLOT, None)  # it is by the way
    order = list(Phase)
    return max(weights, key=lambda phase: (round(weights[phase], 6), -order.index(phase)), default=None)


def _given(facts: Facts, run: Sequence[int]) -> str:
    """The variable made here that most cells of other steps read."""
    inside = frozenset(run)
    readers: dict[str, int] = {}
    for link in facts.links:
        if (
            link.variable
            and link.source in inside
            and link.target not in inside
            and link.variable not in words().no_subject
        ):
            readers[link.variable] = readers.get(link.variable, 0) + 1
    most = max(readers.values(), default=0)
    best = [name for name, count in readers.items() if count == most]
    mains = [item.main for item in facts.cells if item.cell in inside and item.main in best]
    return mains[-1] if mains else min(best, default="")


def _shown_variable(facts: Facts, run: Sequence[int]) -> str:
    inside = frozenset(run)
    read = {link.variable for link in facts.links if link.variable and link.target in inside - {link.source}}
    return read.pop() if len(read) == 1 else ""


def reason(facts: Facts, runs: Sequence[Sequence[int]], number: int) -> tuple[str, ...]:
    """Why step `number` begins there: sentences without a full stop, the strongest reason first."""
    run = runs[number]
    first = _by_cell(facts)[run[0]]
    found: list[str] = []
    heading = heading_of(facts, run)
    if heading is not None:
        found.append(f'heading "{_short(heading.text)}"')
    elif first.comment:
        found.append(f'comment "{_short(first.comment)}"')
    if number == 0:
        if not found:
            found.append("the first cell that does more than define")
        return (*found, *_kept(facts, run))
    sources = [link for link in facts.links if link.target in run and link.source < run[0]]
    above = [link for link in sources if link.source in runs[number - 1]]
    variables = sorted({link.variable for link in sources if link.variable})
    if not above:
        found.append("needs nothing of the step above")
    if heading is None and variables and len(variables) <= _MOST_NAMES:
        found.append(_few(facts, run, variables))
    elif heading is None and not variables and above:
        found.append("goes on without a variable of the step above")
    if not found:
        found.append(_by_phase(facts, runs, number))
    return (*found, *_kept(facts, run))


def _kept(facts: Facts, run: Sequence[int]) -> list[str]:
    """What keeps cells in one step."""
    whole = {cell for cells in facts.together if len(set(cells) & set(run)) == len(cells) for cell in cells}
    names = [f"`{name}`" for cell, name in facts.stuck if cell in whole]
    return [f"{name} can't leave its process: the cells that use it stay together" for name in dict.fromkeys(names)]


def _few(facts: Facts, run: Sequence[int], variables: Sequence[str]) -> str:
    """How little is read of what stands above."""
    quoted = [f"`{name}`" for name in variables]
    names = " and ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else quoted[0]
    if not _only(facts, run, variables):
        return f"reads only {names} of what stands above"
    count = len(_made_above(facts, run[0]))
    made = f"{count} variables" if count > 1 else "1 variable"
    return f"of {made} made above, only {names} {'is' if len(quoted) == 1 else 'are'} read from here on"


def _only(facts: Facts, run: Sequence[int], variables: Collection[str]) -> bool:
    """True if no cell from the step on reads any other variable that was made above it."""
    return all(
        link.variable in variables or not link.variable for link in facts.links if link.source < run[0] <= link.target
    )


def _made_above(facts: Facts, first: int) -> set[str]:
    found = {link.variable for link in facts.links if link.source < first and link.variable}
    return found | {item.main for item in facts.cells if item.cell < first and item.kind is Kind.WORK and item.main}


def _by_phase(facts: Facts, runs: Sequence[Sequence[int]], number: int) -> str:
    before, here = _deed(facts, runs[number - 1]), _deed(facts, runs[number])
    if here is not None and here is not before:
        return f"begins to {here.value}"
    return "the part above is long enough for a step of its own"


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _SHOWN else f"{plain[: _SHOWN - 3]}..."


def _by_cell(facts: Facts) -> dict[int, CellFacts]:
    return {item.cell: item for item in facts.cells}
