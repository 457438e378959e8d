"""Bindings, reads and changes in, in the order in which they run; what each cell does to names out.

The state of a name within a cell is a set of bits: NEW (not touched yet), BOUND, GONE (deleted). More than one bit:
it depends on the path. Branches are walked one after the other from the same state: `begin`, `end`, then `merge`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import field
from typing import Any, TypeAlias

from nb2pipe.analysis.heap import IMMUTABLE, Heap, Value
from nb2pipe.analysis.staying import Staying
from nb2pipe.errors import printable
from nb2pipe.model import At, Diagnostic, Location, Names, Resource, Severity
from nb2pipe.records import dataclass

NEW, BOUND, GONE = 1, 2, 4

ABSENT: Any = object()  # in place of a value that `put` takes out
Changes: TypeAlias = dict[tuple[int, str], tuple[dict[str, Any], Any, Any]]  # place -> (mapping, old, new)


@dataclass
class CellRecord:
    """What one cell does, as it is found."""

    needs: dict[str, At] = field(default_factory=dict)
    soft: dict[str, At] = field(default_factory=dict)
    binds: dict[str, At] = field(default_factory=dict)
    deletes: dict[str, At] = field(default_factory=dict)
    updates: dict[str, At] = field(default_factory=dict)
    reads: dict[Resource, At] = field(default_factory=dict)
    writes: dict[Resource, At] = field(default_factory=dict)
    barrier: tuple[At, str] | None = None


@dataclass(frozen=True)
class Share:
    """What the names that a cell stored anew share at its end: `reach` tells the objects of each name around them."""

    at: At
    stored: frozenset[str]
    reach: Mapping[str, frozenset[int]]


class State:
    """The notebook's names while it is walked, from the first cell to the last."""

    def __init__(self) -> None:
        self.heap = Heap()
        self.names: dict[str, Value] = {}
        self.named: set[int] = set()  # objects that a name has been bound to
        self.status: dict[str, int] = {}
        self.record = CellRecord()
        self.at = At(0, 1)
        self.sure = True
        self.star = False  # a star import: any name may be bound
        self.stars: dict[str, None] = {}  # the modules that any name may be of; `*`: nobody knows
        self.shares: list[Share] = []
        self.changed_in: dict[int, set[int]] = {}  # object -> cells that may change it
        self.bound_at: dict[str, list[At]] = {}
        self.ever_updated: dict[str, At] = {}
        self.ever_deleted: dict[str, At] = {}
        self.star_at: At | None = None  # from here on any name may be bound by a star import
        self.staying = Staying()  # libraries' own state that may matter to later steps
        self.setups: set[At] = set()  # statements that set up the process
        self.written: set[str] = set()  # files that the notebook has written so far
        self.file_writes: list[str] = []  # the same, one after the other
        self.own_imports: set[At] = set()  # imports of modules that the notebook itself may have written
        self.options: dict[At, list[str]] = {}  # statements that change libraries' state, and what they set
        self.looked: dict[tuple[int, str], Value] = {}  # cell, name of the notebook that it reads -> all that it may be
        self.varied: dict[tuple[At, str], str] = {}  # place, generator -> what draws from it and differs each time
        self.patches: dict[At, str] = {}  # of these, those that bind or delete an attribute: its name
        self.direct: set[At] = set()  # of the setups, those that call the library themselves
        self.acts: dict[At, str] = {}  # statements that call a library only to set it up, in ways that nobody knows
        self.holding: set[At] = set()  # of these, those that bind it to an object that may be changed in place
        self.injected: dict[str, Value] = {}  # names that the notebook has given to Python's own
        self.injected_in: dict[str, set[int]] = {}  # name -> cells that read one of these
        self.patched: dict[str, set[int]] = {}  # attribute of a library -> cells that bind or delete it
        self.aliases: dict[At, frozenset[str]] = {}  # statements that give a library's thing another name
        self.asked: set[At] = set()  # statements that ask for an option's value
        self.getters: set[At] = set()  # statements that ask for an option's value, or for what is one in the process
        self.effects: dict[At, set[str]] = {}  # statements that print, draw random numbers, write files ...
        self.moved = False  # the working folder is another one from here on: relative paths mean other files
        self.told: set[At] = set()  # statements of which the author tells more than their code shows
        self.formulas: dict[int, tuple[At, str]] = {}  # models -> where made, and a function that their formula calls
        self.tildes: dict[str, None] = {}  # texts that may be formulas
        self.registered: dict[At, tuple[str, int]] = {}  # classes whose definition changes something else
        self.noted: set[int] | None = None  # what is changed from here on
        self.pure = 0  # how many calls are under way of which the author says that they change nothing
        self.diagnostics: dict[tuple[str, int, str], Diagnostic] = {}
        self._changed: set[int] = set()  # what this cell may change, so far
        self._logs: list[Changes] = []
        self._gathering: list[dict[tuple[int, str], Value]] = []

    # --- cells ----------------------------------------------------------------------------------------------------

    def open_cell(self, index: int) -> None:
        """A new cell begins."""
        self.heap.open_cell()
        self._changed.clear()
        self.record = CellRecord()
        self.status = {}
        self.at = At(index, 1)
        self.sure = True

    def close_cell(self, *, may_raise: bool) -> Names:
        """The cell ends: all that it did."""
        record, status = self.record, self.status
        self._share()
        bound = {name for name, bits in status.items() if bits & BOUND}
        settled = frozenset() if may_raise else frozenset(name for name, bits in status.items() if not bits & NEW)
        deletes = {name: at for name, at in record.deletes.items() if status.get(name, NEW) & GONE}
        return Names(
            needs=_sorted(record.needs),
            soft=_sorted({name: at for name, at in record.soft.items() if name not in record.needs}),
            binds=_sorted({name: at for name, at in record.binds.items() if name in bound}),
            must=settled & bound - deletes.keys(),
            settled=settled,
            deletes=_sorted(deletes),
            updates=_sorted(record.updates),
            reads=dict(sorted(record.reads.items(), key=lambda item: str(item[0]))),
            writes=dict(sorted(record.writes.items(), key=lambda item: str(item[0]))),
            barrier=record.barrier,
        )

    # --- names ----------------------------------------------------------------------------------------------------

    def read(self, name: str, *, sure: bool = True) -> Value | None:
        """The notebook's name is read. None if nothing bound it so far."""
        bits = self.status.get(name, NEW)
        if bits & NEW:
            place = self.record.needs if bits == NEW and self.sure and sure else self.record.soft
            place.setdefault(name, self.at)
        elif bits == GONE and self.sure and sure:
            self.say(
                "N2P202",
                Severity.ERROR,
                f"`{name}` is read after it was deleted",
                variable=name,
                hint=f"take the `del {name}` out, or bind `{name}` again before this line",
            )
        return self._look(name)

    def read_maybe(self, name: str) -> None:
        """The notebook's name is read, perhaps: it stands in a string that may be code."""
        if self.status.get(name, NEW) & NEW:
            self.record.soft.setdefault(name, self.at)
        self._look(name)

    def _look(self, name: str) -> Value | None:
        value = self.names.get(name)
        if value is not None:
            key = self.at.cell, name
            before = self.looked.get(key)
            self.looked[key] = value if before is None else value.join(before)
        return value

    def watch(self, objects: Iterable[int]) -> None:
        """Whether names share these objects matters here, as it does where one of them is changed."""
        for number in objects:
            self.changed_in.setdefault(number, set()).add(self.at.cell)

    def bind(self, name: str, value: Value) -> None:
        """The notebook's name is bound to `value`."""
        self.put(self.names, name, value)
        self.put(self.status, name, BOUND)
        self.record.binds[name] = self.at
        self.bound_at.setdefault(name, []).append(self.at)
        self.note_name(name, value)

    def note_name(self, name: str, value: Value) -> None:
        """The objects are what a name stands for, from now on or for a while."""
        self.named |= value.objects
        for number in value.objects:
            self.heap.things[number].names.add(name)

    def delete(self, name: str) -> None:
        """The notebook's name is deleted."""
        if name in self.names:
            self.put(self.names, name, ABSENT)
        self.put(self.status, name, GONE)
        self.record.deletes[name] = self.at
        self.ever_deleted.setdefault(name, self.at)

    def holders_of(self, objects: Iterable[int]) -> set[str]:
        """The notebook's names from which one of the objects can be reached now."""
        return self._names_of(self.heap.around(objects))

    def _names_of(self, objects: AbstractSet[int]) -> set[str]:
        """The notebook's names that stand for one of the objects now."""
        things, names = self.heap.things, self.names
        found: set[str] = set().union(*[things[number].names for number in objects & self.named])
        return {name for name in found if name in names and not names[name].objects.isdisjoint(objects)}

    def _share(self) -> None:
        """Note what this cell's names share, in case one of the objects changes later.

        A name that is bound or changed is stored anew, apart from all that it shares objects with.
        """
        stored = frozenset(name for name in {*self.record.binds, *self.record.updates} if name in self.names)
        reach: dict[str, frozenset[int]] = {}
        found: set[int] = set()
        waiting: Iterable[str] = stored
        while waiting:
            reach |= {name: self.heap.reach(self.names[name].objects) for name in sorted(waiting)}
            fresh = frozenset().union(*(reach[name] for name in waiting)) - found
            found |= fresh
            outside = (self.heap.around_reach(self.names[name].objects) for name in waiting)
            around = self.heap.around(frozenset().union(*outside) - found)
            waiting = self._names_of(fresh | around) - reach.keys()
        if len(reach) > 1:
            self.shares.append(Share(self.at, stored, reach))

    def change(self, objects: Iterable[int], *, deep: bool = False) -> None:
        """The objects may be changed in place; with `deep`, also all that they own, functions and classes apart."""
        if self.pure:
            return
        targets = frozenset(objects)
        if deep:
            targets = self.heap.others(self.heap.within(targets), ("function", "class"))
        if not targets:
            return
        if self.noted is not None:
            self.noted |= targets
        fresh = targets - self._changed
        self._changed |= fresh
        for number in fresh:
            self.changed_in.setdefault(number, set()).add(self.at.cell)
        record, status, at = self.record, self.status, self.at
        for name in self.holders_of(targets):
            record.updates[name] = at
            if name not in self.ever_updated:
                self.ever_updated[name] = at
            if status.get(name, NEW) & NEW and name not in record.soft:
                record.soft[name] = at

    def update(self, name: str) -> None:
        """The value of the notebook's name may be changed in place."""
        self.record.updates[name] = self.at
        self.ever_updated.setdefault(name, self.at)
        if self.status.get(name, NEW) & NEW:
            self.record.soft.setdefault(name, self.at)

    def hold(self, holders: frozenset[int], held: frozenset[int], *, owned: bool = True) -> None:
        """Objects may hold others from now on."""
        self.heap.hold(holders, held, owned=owned)

    # --- resources, barriers, messages ----------------------------------------------------------------------------

    def touch(self, kind: str, name: str, *, write: bool) -> None:
        """State that is no variable is read or written."""
        (self.record.writes if write else self.record.reads).setdefault(Resource(kind, name), self.at)
        if write:
            self.effects.setdefault(self.at, set()).add(kind)
            self.moved = self.moved or kind == "cwd"
            if kind == "file":
                self.written.add(name)
                self.file_writes.append(name)
            if kind == "options":
                found = self.options.setdefault(self.at, [])
                found.extend([name] if name not in found else ())

    def vary(self, generator: str, what: str) -> None:
        """What runs here gives something else each time, unless the generator is seeded (`""`: it is not)."""
        self.varied.setdefault((self.at, generator), what)

    def any_name(self, module: str = "*") -> None:
        """From here on any name may be bound, to what `module` has under that name."""
        self.star = True
        self.stars[module] = None
        if self.star_at is None and module != "*":
            self.star_at = self.at

    def barrier(self, reason: str) -> None:
        """Nothing can be known about what runs here, not even which names it changes."""
        self.effects.setdefault(self.at, set()).add("barrier")
        if self.record.barrier is None:
            self.record.barrier = (self.at, reason)
        for name in list(self.names):
            self.update(name)
            self.put(self.status, name, self.status.get(name, NEW) | BOUND)
            self.record.binds.setdefault(name, self.at)
            self.bound_at.setdefault(name, []).append(self.at)
        self.any_name()

    def say(
        self, code: str, severity: Severity, message: str, *, variable: str | None = None, hint: str | None = None
    ) -> None:
        """Report a problem at the present place, once per line."""
        place = Location(cell=self.at.cell, line=self.at.line, variable=variable)
        message, hint = printable(message), hint and printable(hint)
        self.diagnostics.setdefault(
            (code, self.at.cell * 1_000_000 + self.at.line, message), Diagnostic(code, severity, message, place, hint)
        )

    # --- branches -------------------------------------------------------------------------------------------------

    def put(self, mapping: dict[str, Any], key: str, value: Any) -> None:  # noqa: ANN401  # values, statuses, locals
        """Set a key so that `end` can take it back."""
        place = (id(mapping), key)
        if self._logs:
            self._logs[-1].setdefault(place, (mapping, mapping.get(key, ABSENT), None))
        if self._gathering and isinstance(value, Value):
            for seen in self._gathering:
                seen[place] = value.join(seen[place]) if place in seen else value
        if value is ABSENT:
            mapping.pop(key, None)
        else:
            mapping[key] = value

    def begin(self) -> None:
        """A branch begins."""
        self._logs.append({})

    def end(self) -> Changes:
        """The branch ends: what it changed, all of it taken back."""
        log = self._logs.pop()
        found: Changes = {}
        for place, (mapping, old, _) in log.items():
            found[place] = (mapping, old, mapping.get(place[1], ABSENT))
            if old is ABSENT:
                mapping.pop(place[1], None)
            else:
                mapping[place[1]] = old
        return found

    def merge(self, branches: Sequence[Changes], *, through: bool) -> None:
        """One of the branches ran; with `through`, perhaps none of them."""
        places: dict[tuple[int, str], dict[str, Any]] = {}
        for branch in branches:
            for place, (mapping, _, _) in branch.items():
                places[place] = mapping
        for place, mapping in places.items():
            old = mapping.get(place[1], ABSENT)
            outcomes = [branch[place][2] if place in branch else old for branch in branches]
            if through:
                outcomes.append(old)
            self.put(mapping, place[1], self._either(mapping is self.status, outcomes))

    def _either(self, is_status: bool, outcomes: Sequence[Any]) -> Any:  # noqa: ANN401
        if is_status:
            bits = 0
            for item in outcomes:
                bits |= NEW if item is ABSENT else item
            return bits
        present = [item for item in outcomes if item is not ABSENT]
        if not present:
            return ABSENT
        found = present[0]
        for item in present[1:]:
            found = found.join(item)
        return found

    def abandon(self) -> None:
        """Close all open branches, keeping what they did."""
        self._logs.clear()
        self._gathering.clear()
        self.sure = True

    def gather(self) -> None:
        """From now on remember every value that a name is given (the body of a `try` may stop anywhere)."""
        self._gathering.append({})

    def gathered(self, changes: Changes) -> Changes:
        """`changes` with every value that was given on the way, not only the last."""
        seen = self._gathering.pop()
        return {
            place: (mapping, old, new.join(seen[place]) if isinstance(new, Value) and place in seen else new)
            for place, (mapping, old, new) in changes.items()
        }


def joined(values: Iterable[Value]) -> Value:
    """What is any of the values."""
    found: Value | None = None
    for value in values:
        found = value if found is None else found.join(value)
    return IMMUTABLE if found is None else found


def _sorted(places: Mapping[str, At]) -> dict[str, At]:
    return dict(sorted(places.items()))
