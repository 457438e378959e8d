"""Values in, their parts out: items, attributes and slices, and what walking through them does."""

from __future__ import annotations

from collections.abc import Iterable

from nb2pipe.analysis.heap import IMMUTABLE, Value
from nb2pipe.analysis.protocols import Protocols
from nb2pipe.analysis.state import joined

CONTAINERS = frozenset({"list", "dict", "set", "tuple", "iterator"})


class Parts(Protocols):
    """What values hold."""

    def element(self, value: Value) -> Value:
        """An item or attribute of a value: what it owns, and the thing itself, of which it may be a view."""
        objects = value.objects
        if not objects:
            return IMMUTABLE
        return Value(self.heap.others(self.heap.owned(objects) | self.heap.others(objects, CONTAINERS), ("class",)))

    def hold_arguments(self, holders: frozenset[int], arguments: Iterable[Value], *, owned: bool = True) -> None:
        """Objects keep the arguments: data is only seen, anything else owned (unless `owned` is False)."""
        for value in arguments:
            if not value.objects:
                continue
            data = value.objects & self.heap.data if owned else value.objects
            self.state.hold(holders, data, owned=False)
            self.state.hold(holders, value.objects - data)

    def part(self, value: Value) -> Value:
        """A slice: of a list a new list with the same items, of an array a view."""
        lists = self.heap.some(value.objects, CONTAINERS)
        inner = self.element(Value(value.objects - lists))
        return inner.join(self.heap.value("list", owns=self.heap.owned(lists))) if lists else inner

    def consume(self, value: Value) -> None:
        """A value is walked through or handed on: an iterator is used up by that, and calls what it was made with."""
        iterators = self.heap.some(value.objects, ("iterator",))
        if iterators:
            self.state.change(iterators)
            self.call_back(iterators, self.heap.owned(iterators))

    def iterate(self, value: Value) -> Value:
        """`for x in value`: what x may be."""
        heap = self.heap
        self.state.change(heap.some(value.objects, ("iterator",)) | heap.some(value.objects, ("library",)) - heap.data)
        self.consume(value)
        made = self.special(value, "__iter__", "__aiter__", "__getitem__") or IMMUTABLE
        items = self.special(value.join(made), "__next__", "__anext__") or IMMUTABLE
        return joined([self.element(value.join(Value(made.objects))), items])
