"""Abstract objects in, what a change of one of them reaches out: who may hold what.

An object stands for whatever one expression makes. `owns` is a hold through which the holder may change what it holds
(an item of a list, an argument of a constructor); `sees` one through which it may not (the data that a model was
fitted on). A change of an object is a change of everything that reaches it, by either kind of hold; a deep change of
an object changes all it owns. Holds only grow, so that any order of branches is covered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

Literal: TypeAlias = str | int | float | bool | bytes | None


class _Missing:
    """No literal is known."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()
NOTHING: frozenset[int] = frozenset()
_MOST_HOLDS = 200  # more than these are not looked at to bring up to date what is remembered: it is found anew
_MAX_PER_SITE = 6  # objects that one expression of a function stands for, however often a cell walks it


class Value(NamedTuple):
    """What an expression may be: mutable `objects`, library things (`refs`, dotted names), or a known `literal`.

    All three empty: something that can't be changed, a number for instance.
    """

    objects: frozenset[int] = NOTHING
    refs: frozenset[str] = frozenset()
    literal: Literal | _Missing = MISSING

    def join(self, other: Value) -> Value:
        """What is either of the two."""
        if self == other and type(self.literal) is type(other.literal):
            return self
        return Value(self.objects | other.objects, self.refs | other.refs, MISSING)


IMMUTABLE = Value()


@dataclass(slots=True)
class Thing:
    """One abstract object.

    `draws`: nothing, or what an estimator does when it is fitted: it `varies` with the numbers that it draws from the
    global generator, or is `steady`, with the same result whatever they are.
    `kind`: list, dict, set, tuple, iterator, mask, function, class, method, caller, instance, library, fresh, unknown.
    `origin` is the dotted name of the library call that made it. `codes` are the notebook's functions and classes
    within reach. `packages`: those that a library's thing in one of its attributes belongs to (`self.log`).
    """

    kind: str
    origin: str = ""
    owns: set[int] = field(default_factory=set)
    sees: set[int] = field(default_factory=set)
    holds: set[int] = field(default_factory=set)  # what it owns or sees
    holders: set[int] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    codes: set[int] = field(default_factory=set)
    draws: str = ""
    packages: set[str] = field(default_factory=set)


class _Reach(NamedTuple):
    """What some objects reach, what is directly around that, and of how many holds this takes account."""

    since: int
    found: frozenset[int]
    around: frozenset[int]


class Heap:
    """All abstract objects of one notebook, by number."""

    def __init__(self) -> None:
        self.things: list[Thing] = []
        self.site: int | None = None  # the expression of a function's body that is walked
        self._made: dict[tuple[int, str, str], list[int]] = {}
        self.visited = 0  # how many objects were looked at, to find who holds what: the walk's budget pays for it
        self._reached: dict[frozenset[int], _Reach] = {}
        self.holds: list[tuple[int, int]] = []  # (holder, held), in the order in which they came to be

    def open_cell(self) -> None:
        """A new cell begins: what its calls make is apart from what those of other cells made."""
        self._made.clear()

    def new(self, kind: str, origin: str = "", owns: Iterable[int] = ()) -> int:
        """A new object that owns `owns`; one of those before, once an expression has made many."""
        number = len(self.things)
        if self.site is not None and kind not in ("function", "class", "method"):
            made = self._made.setdefault((self.site, kind, origin), [])
            if len(made) == _MAX_PER_SITE:
                self.hold(made[-1:], owns)
                return made[-1]
            made.append(number)
        self.things.append(Thing(kind, origin))
        if kind in ("function", "class"):
            self.things[number].codes.add(number)
        self.hold((number,), owns)
        return number

    def value(self, kind: str, origin: str = "", owns: Iterable[int] = ()) -> Value:
        """A new object, as a value."""
        return Value(frozenset((self.new(kind, origin, owns),)))

    def hold(self, holders: Iterable[int], held: Iterable[int], *, owned: bool = True) -> None:
        """From now on each of `holders` may hold each of `held`."""
        held = frozenset(held)
        for holder in holders:
            thing = self.things[holder]
            fresh = held - (thing.owns if owned else thing.sees)
            if not fresh:
                continue
            (thing.owns if owned else thing.sees).update(fresh)
            thing.holds |= fresh
            codes: set[int] = set()
            for number in fresh:
                self.things[number].holders.add(holder)
                self.holds.append((holder, number))
                codes |= self.things[number].codes
            if codes:
                self._carry(holder, codes)

    def _carry(self, start: int, codes: set[int]) -> None:
        waiting = [start]
        while waiting:
            thing = self.things[waiting.pop()]
            if not codes <= thing.codes:
                thing.codes |= codes
                waiting.extend(thing.holders)

    def owned(self, objects: Iterable[int]) -> frozenset[int]:
        """What the objects own directly."""
        found: set[int] = set()
        for number in objects:
            found |= self.things[number].owns
        return frozenset(found)

    def within(self, objects: Iterable[int], *, seen: bool = False) -> set[int]:
        """The objects and all that they own, directly or not; with `seen`, also what they only see."""
        things = self.things
        found = set(objects)
        fresh = found
        while fresh:
            held = [things[number].holds if seen else things[number].owns for number in fresh]
            fresh = set().union(*held) - found
            found |= fresh
        self.visited += len(found)
        return found

    def reach(self, objects: frozenset[int]) -> frozenset[int]:
        """`within`, with what is only seen; remembered, so that only the holds that came since are looked at."""
        return self._reach(objects).found

    def around_reach(self, objects: frozenset[int]) -> frozenset[int]:
        """What holds a part of what the objects reach, directly, and is no part of it. Remembered in the same way."""
        return self._reach(objects).around

    def _reach(self, objects: frozenset[int]) -> _Reach:
        known = self._reached.get(objects)
        if known is not None and known.since == len(self.holds):
            return known
        if known is None or len(self.holds) - known.since > len(known.found) + _MOST_HOLDS:
            found = frozenset(self.within(objects, seen=True))
            around = frozenset(self.holders(found) - found)
        else:
            found, around = known.found, known.around
            came = self.holds[known.since :]
            fresh = [held for holder, held in came if holder in found and held not in found]
            if fresh:
                more = self.within(fresh, seen=True)
                found |= more
                around = (around | self.holders(more)) - found
            around |= {holder for holder, held in came if held in found and holder not in found}
        made = self._reached[objects] = _Reach(len(self.holds), found, around)
        return made

    def holders(self, objects: Iterable[int]) -> set[int]:
        """What holds the objects directly."""
        things = self.things
        return set().union(*[things[number].holders for number in objects])

    def around(self, objects: Iterable[int]) -> set[int]:
        """The objects and all that hold them, directly or not."""
        found = set(objects)
        fresh = found
        while fresh:  # level by level: a set takes in many others at once quicker than one after the other
            fresh = self.holders(fresh) - found
            found |= fresh
        self.visited += len(found)
        return found

    def codes(self, objects: Iterable[int]) -> set[int]:
        """The notebook's functions and classes that the objects are or carry."""
        found: set[int] = set()
        for number in objects:
            found |= self.things[number].codes
        return found

    def kinds(self, objects: Iterable[int]) -> set[str]:
        """The kinds of the objects."""
        return {self.things[number].kind for number in objects}
