"""Abstract objects in, what a change of one of them reaches out: who may hold what.

An object stands for whatever one expression makes. `owns` is a hold through which the holder may change what it holds
(an item of a list, an argument of a constructor); `sees` one through which it may not (the data that a model was
fitted on). A change of an object is a change of everything that reaches it, by either kind of hold; a deep change of
an object changes all it owns. Holds only grow, so that any order of branches is covered.

Where all hold all, there are as many holds as pairs. What reaches what is therefore followed along `ways`: a few of the
holds, along which each of the others is reached as well. They are enough for ever, since none is taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from nb2pipe.analysis.tables import methods

Literal: TypeAlias = str | int | float | bool | bytes | None


class _Missing:
    """No literal is known."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()
NOTHING: frozenset[int] = frozenset()
_MOST_HOLDS = 200  # more than these are not looked at to bring up to date what is remembered: it is found anew
_FEW = 4  # so many objects are not worth the search for a way to them through each other
_NEVER: tuple[int, set[int]] = (-1, set())
_TRIES = 8  # how many objects are looked at for ways to others
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
    own_ways: set[int] = field(default_factory=set)  # of what it owns, enough to reach all of it
    ways: set[int] = field(default_factory=set)  # of what it owns or sees, enough to reach all of it
    back: set[int] = field(default_factory=set)  # the objects that have it among their `ways`
    names: set[str] = field(default_factory=set)
    codes: set[int] = field(default_factory=set)
    draws: str = ""
    packages: set[str] = field(default_factory=set)


class _Reach(NamedTuple):
    """What some objects reach, what has a way into that, and of how many ways this takes account."""

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
        self._owned: dict[frozenset[int], tuple[int, frozenset[int]]] = {}
        self._within: dict[frozenset[int], tuple[int, set[int]]] = {}
        self._around: dict[frozenset[int], tuple[int, set[int]]] = {}
        self._of_kind: dict[str, set[int]] = {}
        self._origins: dict[frozenset[int], str] = {}
        self._carriers: dict[int, set[int]] = {}  # a function or class -> the objects that are or carry it
        self.data: set[int] = set()  # arrays and frames: what holds them only reads them
        self.caches: set[int] = set()  # those that keep whatever is asked of them
        self.growing: set[int] = set()  # those that grow by being read
        self.holds: list[tuple[int, frozenset[int], bool]] = []  # (holder, held, owned), as they came
        self._ways: list[tuple[int, int, bool]] = []  # (holder, held, owned), in the same order

    def open_cell(self) -> None:
        """A new cell begins: what its calls make is apart from what those of other cells made."""
        self._made.clear()
        self._owned.clear()
        self._origins.clear()
        self._within.clear()
        self._around.clear()

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
        self._of_kind.setdefault(kind, set()).add(number)
        if origin:
            self._note_origin(number, origin)
        if kind in ("function", "class"):
            self.things[number].codes.add(number)
            self._carriers[number] = {number}
        self.hold((number,), owns)
        return number

    def _note_origin(self, number: int, origin: str) -> None:
        table = methods()
        if table.data.get(origin) is not None:
            self.data.add(number)
        if origin.rpartition(".")[2] in table.caches:
            self.caches.add(number)
        if origin == "collections.defaultdict":
            self.growing.add(number)

    def value(self, kind: str, origin: str = "", owns: Iterable[int] = ()) -> Value:
        """A new object, as a value."""
        return Value(frozenset((self.new(kind, origin, owns),)))

    def hold(self, holders: Iterable[int], held: Iterable[int], *, owned: bool = True) -> None:
        """From now on each of `holders` may hold each of `held`."""
        held = frozenset(held)
        holders = sorted(holders)  # what holds much has been made late: most hold the first of them
        for holder in holders if held else ():
            thing = self.things[holder]
            fresh = held - (thing.owns if owned else thing.sees)
            if not fresh:
                continue
            self.holds.append((holder, fresh, owned))
            ways = self._ways_to(self._unreached(thing, fresh, holders[0], owned=owned), owned=owned)
            (thing.owns if owned else thing.sees).update(fresh)
            if owned:
                thing.own_ways |= ways
            thing.ways |= ways
            codes: set[int] = set()
            for number in ways:
                self.things[number].back.add(holder)
                self._ways.append((holder, number, owned))
                codes |= self.things[number].codes
            if codes:
                self._carry(holder, codes)

    def _unreached(self, thing: Thing, held: frozenset[int], other: int, *, owned: bool) -> frozenset[int]:
        """Those that the thing, which does not hold them yet, doesn't reach through the `other` object either."""
        if other not in thing.owns and (owned or other not in thing.sees):
            return held
        through = self.things[other]
        return held - through.owns if owned else held - through.owns - through.sees

    def _ways_to(self, held: frozenset[int], *, owned: bool) -> AbstractSet[int]:
        """Some of the objects that hold the others. The newest are looked at: they hold the most."""
        found: set[int] = set()
        rest: AbstractSet[int] = held
        for _ in range(_TRIES):
            if len(rest) <= _FEW:
                break
            newest = max(rest)
            found.add(newest)
            thing = self.things[newest]
            rest = rest - thing.owns - {newest} if owned else rest - thing.owns - thing.sees - {newest}
        return found | rest

    def _carry(self, start: int, codes: set[int]) -> None:
        waiting = [start]
        while waiting:
            number = waiting.pop()
            thing = self.things[number]
            fresh = codes - thing.codes
            if fresh:
                thing.codes |= fresh
                waiting.extend(thing.back)
                for code in fresh:
                    self._carriers[code].add(number)

    def owned(self, objects: Iterable[int]) -> frozenset[int]:
        """What the objects own directly. For many it is remembered in a cell, and brought up to date."""
        things = self.things
        if not isinstance(objects, frozenset) or len(objects) <= _FEW:
            return NOTHING.union(*[things[number].owns for number in objects])
        since, found = self._owned.get(objects, (-1, NOTHING))
        if since < 0 or len(self.holds) - since > _MOST_HOLDS:
            found = NOTHING.union(*[things[number].owns for number in objects])
        else:
            came = [held for holder, held, owned in self.holds[since:] if owned and holder in objects]
            found = found.union(*came) if came else found
        self._owned[objects] = len(self.holds), found
        return found

    def within(self, objects: Iterable[int]) -> AbstractSet[int]:
        """The objects and all that they own, directly or not. Remembered in a cell, and brought up to date."""
        key = frozenset(objects)
        if len(key) <= 1 and not any(self.things[number].own_ways for number in key):
            self.visited += len(key)
            return key
        since, found = self._within.get(key, _NEVER)
        if since < 0 or len(self._ways) - since > _MOST_HOLDS:
            found = set(key)
            self._follow(found, found)
        elif since < len(self._ways):
            came = {held for holder, held, owned in self._ways[since:] if owned and holder in found}
            self._follow(found, came - found)
        self._within[key] = len(self._ways), found
        self.visited += len(found)
        return found

    def _follow(self, found: set[int], fresh: set[int]) -> None:
        """Add `fresh`, and all that they own, to what is found."""
        things = self.things
        while fresh:  # level by level: a set takes in many others at once quicker than one after the other
            found |= fresh
            fresh = set().union(*[things[number].own_ways for number in fresh]) - found

    def all_within(self, objects: Iterable[int]) -> set[int]:
        """The objects and all that they own or see, directly or not."""
        things = self.things
        found = set(objects)
        fresh = found
        while fresh:
            fresh = set().union(*[things[number].ways for number in fresh]) - found
            found |= fresh
        self.visited += len(found)
        return found

    def reach(self, objects: frozenset[int]) -> frozenset[int]:
        """`all_within`; remembered, so that only the holds that came since are looked at."""
        return self._reach(objects).found

    def around_reach(self, objects: frozenset[int]) -> frozenset[int]:
        """What has a way to a part of what the objects reach, and is no part of it. Remembered in the same way."""
        return self._reach(objects).around

    def _reach(self, objects: frozenset[int]) -> _Reach:
        known = self._reached.get(objects)
        if known is not None and known.since == len(self._ways):
            return known
        if known is None or len(self._ways) - known.since > len(known.found) + _MOST_HOLDS:
            found = frozenset(self.all_within(objects))
            around = frozenset(self._back(found) - found)
        else:
            found, around = known.found, known.around
            came = self._ways[known.since :]
            fresh = [held for holder, held, _ in came if holder in found and held not in found]
            if fresh:
                more = self.all_within(fresh)
                found |= more
                around = (around | self._back(more)) - found
            around |= {holder for holder, held, _ in came if held in found and holder not in found}
        made = self._reached[objects] = _Reach(len(self._ways), found, around)
        return made

    def _back(self, objects: Iterable[int]) -> set[int]:
        """What has the objects among its ways."""
        things = self.things
        return set().union(*[things[number].back for number in objects])

    def around(self, objects: Iterable[int]) -> AbstractSet[int]:
        """The objects and all that hold them, directly or not. Remembered in a cell, and brought up to date."""
        key = frozenset(objects)
        if len(key) <= 1 and not any(self.things[number].back for number in key):
            self.visited += len(key)
            return key
        since, found = self._around.get(key, _NEVER)
        fresh: set[int] = set()
        if since < 0 or len(self._ways) - since > _MOST_HOLDS:
            found = set(key)
            fresh = found
        elif since < len(self._ways):
            fresh = {holder for holder, held, _ in self._ways[since:] if held in found} - found
        while fresh:
            found |= fresh
            fresh = self._back(fresh) - found
        self._around[key] = len(self._ways), found
        self.visited += len(found)
        return found

    def codes(self, objects: Iterable[int]) -> set[int]:
        """The notebook's functions and classes that the objects are or carry."""
        if isinstance(objects, frozenset) and len(objects) > len(self._carriers):
            return {code for code, carriers in self._carriers.items() if not carriers.isdisjoint(objects)}
        things = self.things
        return set().union(*[things[number].codes for number in objects])

    def origin(self, objects: frozenset[int]) -> str:
        """The first of the objects' origins in the order of the alphabet."""
        if len(objects) <= _FEW:
            return min((self.things[number].origin for number in objects), default="")
        found = self._origins.get(objects)
        if found is None:
            found = self._origins[objects] = min(self.things[number].origin for number in objects)
        return found

    def of_kind(self, kind: str) -> AbstractSet[int]:
        """All objects of that kind."""
        return self._of_kind.get(kind, NOTHING)

    def become(self, number: int, kind: str) -> None:
        """The object is of another kind than was said when it was made."""
        self._of_kind[self.things[number].kind].discard(number)
        self.things[number].kind = kind
        self._of_kind.setdefault(kind, set()).add(number)

    def some(self, objects: AbstractSet[int], kinds: Collection[str]) -> frozenset[int]:
        """Those of the objects that are of these kinds."""
        if len(objects) <= _FEW:
            things = self.things
            return frozenset([number for number in objects if things[number].kind in kinds])
        return NOTHING.union(*[found & objects for kind in kinds if (found := self._of_kind.get(kind))])

    def others(self, objects: AbstractSet[int], kinds: Collection[str]) -> frozenset[int]:
        """Those of the objects that are of no such kind."""
        if len(objects) <= _FEW:
            things = self.things
            return frozenset([number for number in objects if things[number].kind not in kinds])
        found = frozenset(objects)
        for kind in kinds:  # one by one: `difference` of several goes through all that there is of each kind
            found -= self._of_kind.get(kind, NOTHING)
        return found

    def kinds(self, objects: Iterable[int]) -> set[str]:
        """The kinds of the objects."""
        return {self.things[number].kind for number in objects}
