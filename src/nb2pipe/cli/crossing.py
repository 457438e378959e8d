"""What crosses between steps in, a table for people or data for programs out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nb2pipe.checks import Crossing
from nb2pipe.cli import show
from nb2pipe.model import Json, Pipeline

_HEAD = ("name", "type", "size", "from", "to", "how")
_MOST_STEPS = 5
_REPLAYED = ("import", "function", "class", "constant")
_KINDS = {"import": "imports", "function": "functions", "class": "classes", "constant": "constants"}


def table(crossings: Sequence[Crossing], pipeline: Pipeline) -> list[str]:
    """A line per variable; what is replayed in the same steps shares a line.

    >>> name  type              size    from           to   how
    >>> df    pandas.DataFrame  1.2 MB  load (cell 2)  fit  value, together with `view`
    """
    names = {step.id: show.one_line(step.name) for step in pipeline.steps}
    rows = [_row(item, names) for item in crossings if item.how not in _REPLAYED]
    replayed = _replayed([item for item in crossings if item.how in _REPLAYED], names)
    lines = show.table([_HEAD, *rows]) if rows else ["no variable crosses between the steps"]
    if replayed:
        lines += ["", "replayed as source in the steps that need them"]
        lines += [f"  {line}" for line in show.table(replayed)]
    runs = sorted({item.run for item in crossings if item.run})
    if runs:
        lines += ["", f"types and sizes as measured by {'runs' if len(runs) > 1 else 'run'} {', '.join(runs)}"]
    return lines


def _row(item: Crossing, names: Mapping[str, str]) -> list[str]:
    source = f"cell {item.cell + 1}"
    if item.source:
        source = f"{' or '.join(names[step] for step in item.source)} ({source})"
    readers = [names[step] for step in item.readers] + [f"{names[step]} (perhaps)" for step in item.perhaps]
    return [
        show.one_line(", ".join(item.names)),
        item.type,
        size(item.size_bytes),
        source,
        _listed(readers),
        _how(item),
    ]


def _how(item: Crossing) -> str:
    if item.obstacle is not None:
        return f"can't cross: {show.one_line(item.obstacle.partition(':')[0])}"
    if item.how == "state":
        return "goes on where it stood"
    if item.together:
        return f"{item.how}, together with {_listed([f'`{name}`' for name in item.together])}"
    return item.how


def _replayed(items: Sequence[Crossing], names: Mapping[str, str]) -> list[list[str]]:
    """A row for all definitions of one kind that the same steps replay."""
    groups: dict[tuple[str, tuple[str, ...]], list[Crossing]] = {}
    for item in items:
        groups.setdefault((item.how, item.readers), []).append(item)
    rows = []
    for (how, readers), group in sorted(groups.items(), key=lambda entry: _REPLAYED.index(entry[0][0])):
        bound = list(dict.fromkeys(name for item in group for name in item.names))
        cells = show.cells(sorted({item.cell for item in group}))
        to = _listed([names[step] for step in readers])
        rows.append([_KINDS[how], show.one_line(_listed(bound, most=8)), cells, f"in {to}"])
    return rows


def _listed(texts: Sequence[str], most: int = _MOST_STEPS) -> str:
    if len(texts) <= most:
        return ", ".join(texts)
    return f"{', '.join(texts[: most - 1])} and {len(texts) - most + 1} more"


def size(number: int | None) -> str:
    """`312 B`, `4.1 kB`, `1.2 MB`; empty for unknown."""
    if number is None:
        return ""
    amount, unit = float(number), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 99.5 else f"{amount:.1f} {unit}"


def data(crossings: Sequence[Crossing]) -> Json:
    """Each row whole, steps by their ids, cells from 0."""
    return [
        {
            "names": item.names,
            "how": item.how,
            "cell": item.cell,
            "from": item.source,
            "to": item.readers,
            "perhaps": item.perhaps,
            "together": item.together,
            "type": item.type or None,
            "size_bytes": item.size_bytes,
            "run": item.run,
            "obstacle": item.obstacle,
        }
        for item in crossings
    ]
