"""What reaches what, followed along a few of the holds, against the same found from all holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nb2pipe.analysis.heap import Heap

KINDS = ("list", "function", "library", "class", "instance", "tuple")
COUNT = 14
_OBJECTS = st.frozensets(st.integers(0, COUNT - 1), min_size=1, max_size=COUNT)
_HOLDS = st.lists(st.tuples(_OBJECTS, _OBJECTS, st.booleans(), _OBJECTS), max_size=25)


def _closure(start: Iterable[int], edges: Mapping[int, set[int]]) -> set[int]:
    found, waiting = set(start), list(start)
    while waiting:
        fresh = edges.get(waiting.pop(), set()) - found
        found |= fresh
        waiting.extend(fresh)
    return found


@given(_HOLDS, st.integers(0, 25))
def test_what_is_remembered_is_what_all_holds_give(
    holds: list[tuple[frozenset[int], frozenset[int], bool, frozenset[int]]], opened: int
) -> None:
    heap = Heap()
    for number in range(COUNT):
        heap.new(KINDS[number % len(KINDS)])
    owns: dict[int, set[int]] = {number: set() for number in range(COUNT)}
    every: dict[int, set[int]] = {number: set() for number in range(COUNT)}
    back: dict[int, set[int]] = {number: set() for number in range(COUNT)}
    for step, (holders, held, owned, asked) in enumerate(holds):
        if step == opened:
            heap.open_cell()
        heap.hold(holders, held, owned=owned)
        for holder in holders:
            every[holder] |= held
            if owned:
                owns[holder] |= held
            for number in held:
                back[number].add(holder)
        assert heap.owned(asked) == set().union(*(owns[number] for number in asked))
        assert heap.within(asked) == _closure(asked, owns)
        assert heap.all_within(asked) == heap.reach(asked) == _closure(asked, every)
        assert heap.around(asked) == _closure(asked, back)
        outside = heap.around(heap.around_reach(asked)) - heap.reach(asked)
        assert outside == _closure(_closure(asked, every), back) - _closure(asked, every)
        codes = {n for n in _closure(asked, every) if KINDS[n % len(KINDS)] in ("function", "class")}
        assert heap.codes(asked) == codes == set().union(*(heap.codes((number,)) for number in asked))


@pytest.mark.parametrize("count", [50, 100, 200])
def test_where_all_hold_all_there_are_few_ways(count: int) -> None:
    heap = Heap()
    made: list[int] = []
    for _ in range(count):  # each holds all before it, which hold it in turn
        made.append(heap.new("library", owns=frozenset(made)))
        heap.hold(frozenset(made), frozenset(made))
    assert sum(len(thing.owns) for thing in heap.things) == count * count
    assert sum(len(thing.ways) for thing in heap.things) <= 12 * count
    assert heap.within(made[:1]) == heap.around(made[:1]) == set(made)


@pytest.mark.parametrize(
    ("kinds", "some"), [(("list",), {0}), (("list", "tuple"), {0, 2}), (("dict",), set()), ((), set())]
)
def test_kinds_are_told_apart(kinds: tuple[str, ...], some: set[int]) -> None:
    heap = Heap()
    every = frozenset(heap.new(kind) for kind in ("list", "library", "tuple", "library"))
    assert heap.some(every, kinds) == some
    assert heap.others(every, kinds) == every - some


def test_an_object_that_becomes_another_kind_is_of_the_old_one_no_longer() -> None:
    heap = Heap()
    number = heap.new("library", "builtins.open")
    heap.become(number, "iterator")
    assert heap.some(frozenset({number}), ("iterator",)) == {number}
    assert not heap.some(frozenset({number}), ("library",))
