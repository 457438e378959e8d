"""Names of cells in, Names of the cells one after the other out. Composition is associative; no names is its unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import TypeVar

from nb2pipe.model import At, Names

K = TypeVar("K")

UNIT = Names()


def compose(first: Names, second: Names) -> Names:
    """What `first` and then `second` do, as one.

    A read in `second` of a name that `first` surely bound or deleted needs nothing from outside; of one that `first`
    only may have bound or deleted, it perhaps does.
    """
    touched = first.binds.keys() | first.deletes.keys()
    needs, soft = dict(first.needs), dict(first.soft)
    for reads, sure in ((second.needs, True), (second.soft, False)):
        for name, at in reads.items():
            if name not in first.settled:
                place = needs if sure and name not in touched else soft
                place[name] = min(at, place.get(name, at))
    binds = {**{name: at for name, at in first.binds.items() if name not in second.settled}, **second.binds}
    deletes = {**{name: at for name, at in first.deletes.items() if name not in second.settled}, **second.deletes}
    settled = first.settled | second.settled
    return Names(
        needs=_sorted(needs),
        soft=_sorted(soft),
        binds=_sorted(binds),
        must=settled & binds.keys() - deletes.keys(),
        settled=settled,
        deletes=_sorted(deletes),
        updates=_sorted({**first.updates, **second.updates}),
        reads=_first(first.reads, second.reads),
        writes=_first(first.writes, second.writes),
        barrier=first.barrier or second.barrier,
    )


def compose_all(names: Iterable[Names]) -> Names:
    """Any number of cells, in order."""
    return reduce(compose, names, UNIT)


def _first(first: Mapping[K, At], second: Mapping[K, At]) -> dict[K, At]:
    if not first and not second:  # as in most cells
        return {}
    return dict(sorted({**second, **first}.items(), key=lambda item: str(item[0])))


def _sorted(places: Mapping[str, At]) -> dict[str, At]:
    return dict(sorted(places.items()))
