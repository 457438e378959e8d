"""A call in, what it does and what comes back out: the notebook's functions and classes; any method, by the tables."""

from __future__ import annotations

from collections.abc import Iterable

from nb2pipe.analysis import resources
from nb2pipe.analysis.frames import CODE, Arguments
from nb2pipe.analysis.heap import IMMUTABLE, Value
from nb2pipe.analysis.libraries import Libraries
from nb2pipe.analysis.parts import CONTAINERS
from nb2pipe.analysis.scopes import FUNCTIONS
from nb2pipe.analysis.state import joined
from nb2pipe.analysis.tables import functions, methods

_MAX_CALLED_APART = 8  # things that one call may call and of which nothing is known; beyond, they are called as one


class Calls(Libraries):
    """What calls do."""

    def __init__(self) -> None:
        super().__init__()
        self._calling_back = 0

    def reset(self) -> None:
        """As for frames; no library is calling back."""
        super().reset()
        self._calling_back = 0

    # --- dispatch ---------------------------------------------------------------------------------------------------

    def apply(self, callee: Value, arguments: Arguments) -> Value:
        """Call a value."""
        for value in arguments.every():
            self.consume(value)
        found: list[Value] = [self.library_call(ref, arguments) for ref in sorted(callee.refs)]
        opaque = {number for number in callee.objects if self._is_opaque(number)}
        if len(opaque) > _MAX_CALLED_APART:  # each call of each would make one more: they would double with every call
            found.append(self._call_opaque(frozenset(opaque), arguments))
        else:
            opaque = set()
        found += [self._call_object(number, arguments) for number in sorted(callee.objects - opaque)]
        if not found:
            self.state.change(arguments.objects, deep=True)
            return self.heap.value("unknown", owns=arguments.objects)
        return joined(found)

    def _call_object(self, number: int, arguments: Arguments) -> Value:
        thing = self.heap.things[number]
        if thing.kind == "function":
            return joined([self.inline(number, arguments), *self._dispatch(number, arguments)])
        if thing.kind == "class":
            return self.construct(number, arguments)
        if thing.kind == "method":
            return self._call_method(number, arguments)
        if thing.origin.startswith("operator."):
            return self._call_getter(number, arguments)
        method = self._called_as(number)
        if method is not None:
            return self.bound(method, Value(frozenset((number,))), arguments)
        return self._call_opaque(frozenset((number,)), arguments)

    def _called_as(self, number: int) -> int | None:
        """The `__call__` of the notebook's that an object has."""
        candidates = (self.find_method(item, "__call__") for item in self.classes_of(number))
        return next((method for method in candidates if method is not None), None)

    def _is_opaque(self, number: int) -> bool:
        """True if nothing is known of what the object does when it is called."""
        thing = self.heap.things[number]
        known = thing.kind in ("function", "class", "method") or thing.origin.startswith("operator.")
        return not known and self._called_as(number) is None

    def _call_opaque(self, objects: frozenset[int], arguments: Arguments) -> Value:
        """Call any of such objects: it may do whatever each of them may do."""
        self.state.change(objects, deep=True)
        if "unknown" in self.heap.kinds(objects):
            self.state.change(arguments.objects, deep=True)
        self.hold_arguments(objects, arguments.every(), owned=False)
        made = self.call_back(objects, objects | arguments.objects)
        origins = {self.heap.things[number].origin for number in objects}
        origin = origins.pop() if len(origins) == 1 else ""
        result = self.heap.value("library", f"{origin}()" if origin else "", owns=objects | made.objects)
        self.hold_arguments(result.objects, arguments.every())
        return result

    def _dispatch(self, number: int, arguments: Arguments) -> list[Value]:
        """The functions that `functools.singledispatch` may call instead of this one."""
        if number not in self.dispatched:
            return []
        with self.maybe():
            return [self.inline(other, arguments) for other in self.dispatched[number] if other in self.known]

    def _call_getter(self, number: int, arguments: Arguments) -> Value:
        """Call what `operator.itemgetter`, `attrgetter` or `methodcaller` has made."""
        first, *_ = [*arguments.every(), IMMUTABLE]
        _, _, name = self.heap.things[number].origin.partition(":")
        if name:
            given = [Value(frozenset((item,))) for item in sorted(self.heap.things[number].owns)]
            return self.method_call(first, name, Arguments(given))
        return joined([self.element(first), self.element(self.element(first))])

    def call_back(self, handed: Iterable[int], given: Iterable[int]) -> Value:
        """A library may call the functions that `handed` are or carry, with anything of `given`; what they return.

        Within such a call only what is handed on as a function is called in turn: what others carry is called already.
        """
        handed = self.heap.others(frozenset(handed), ("instance", "class"))
        if self._calling_back:
            handed = self.heap.some(handed, CODE)
        if not handed:
            return IMMUTABLE
        inner = self.heap.within(handed)
        bound = self.heap.some(inner, ("method",))
        callers = sorted(self.heap.some(inner, ("caller",)))
        codes = sorted(n for n in self.heap.codes(handed - bound) if n in self.known and n not in self.active)
        codes = [number for number in codes if isinstance(self.known[number].node, FUNCTIONS)]
        if not codes and not bound and not callers:
            return IMMUTABLE
        rest = Value(self.heap.others(self.heap.within(given), CODE))
        self._calling_back += 1
        with self.maybe():
            found = [self.inline(number, Arguments(rest=rest)) for number in codes]
            found += [self._call_method(number, Arguments(rest=rest)) for number in sorted(bound)]
            found += [self._call_getter(number, Arguments(rest=rest)) for number in callers]
        self._calling_back -= 1
        return joined(found)

    def _call_method(self, number: int, arguments: Arguments) -> Value:
        """Call `obj.name` that was a value on its own; one that calls itself has done what it does."""
        if number in self.active:
            return IMMUTABLE
        thing = self.heap.things[number]
        self.active.append(number)
        try:
            return self.method_call(Value(frozenset(thing.owns)), thing.origin, arguments)
        finally:
            self.active.pop()

    def construct(self, number: int, arguments: Arguments) -> Value:
        """An instance of a notebook class."""
        made = self.heap.new("instance")
        me = Value(frozenset((made,)))
        self.heap.hold((made,), (number,), owned=False)
        found = False
        for name in ("__new__", "__init__", "__post_init__"):
            method = self.find_method(number, name)
            if method is not None:
                found = found or name == "__init__"
                self.bound(method, me, Arguments(rest=joined(arguments.every())) if name[2:6] == "post" else arguments)
        if not found:
            self.hold_arguments(me.objects, arguments.every())
            self.state.hold(me.objects, self._made_by_fields(number).objects)
        return me

    def _made_by_fields(self, number: int) -> Value:
        """What `field(default_factory=f)` of a dataclass gives."""
        known = self.known.get(number)
        members = known.members.values() if known is not None else ()
        handed = [n for value in members for n in value.objects if self.heap.things[n].origin == "dataclasses.field"]
        return self.call_back(handed, ())

    # --- methods ----------------------------------------------------------------------------------------------------

    def method_call(self, base: Value, name: str, arguments: Arguments) -> Value:
        """`base.name(...)`."""
        for value in arguments.every():
            self.consume(value)
        found = [self.library_call(f"{ref}.{name}", arguments) for ref in sorted(base.refs)]
        plain = base.objects
        for number in sorted(self.heap.some(base.objects, ("class", "instance"))):
            result = self._notebook_method(number, name, arguments)
            if result is not None:
                plain -= {number}
                found.append(result)
        if plain or not found:
            resources.method(self.state, name, base, arguments)
            self.implicit("", arguments.objects | (plain if name == "sort" else frozenset()), ())
            found.append(self._library_method(plain, name, arguments))
        return joined(found)

    def _notebook_method(self, number: int, name: str, arguments: Arguments) -> Value | None:
        thing = self.heap.things[number]
        me = Value(frozenset((number,)))
        if thing.kind == "class":
            method = self.find_method(number, name)
            if method is None:
                return None
            words = {getattr(item, "id", "") for item in getattr(self.known[method].node, "decorator_list", ())}
            return self.bound(method, me, arguments) if "classmethod" in words else self.inline(method, arguments)
        for class_number in self.classes_of(number):
            method = self.find_method(class_number, name)
            if method is not None:
                return self.bound(method, me, arguments)
        return None

    def _library_method(self, objects: frozenset[int], name: str, arguments: Arguments) -> Value:
        table = methods()
        origin = self.heap.origin(objects)
        if self._callback_changes(arguments, objects):
            self.state.change(objects | arguments.objects, deep=True)
        self.write_out(functions().out_methods.get(name), arguments)
        inplace = arguments.keywords.get("inplace")
        if inplace is not None and inplace.literal is not False:
            self.state.change(objects)
        listed = functions().methods.get(f"{origin}.{name}")
        if listed is not None:
            self.state.change(objects, deep=True)
            self._change_listed(listed, origin, arguments)
            return Value(objects)
        if name in table.caches:
            found = self.heap.value("library", f"{origin}.{name}")
            self.state.hold(found.objects, objects, owned=False)
            self.hold_arguments(found.objects, arguments.every(), owned=False)
            return found
        # whatever is asked of these, they keep it, and give it again though what they look at has changed
        self.state.change(objects & self.heap.caches)
        if name in table.fits:
            return self._fit(objects, name, arguments)
        if self._pure(objects, name, origin):
            return self._copied(objects, origin)
        if name in ("items", "most_common"):
            pair = self.heap.new("tuple", owns=self.element(Value(objects)).objects)
            found = self.heap.value("list", owns=(pair,))
            self.state.hold(found.objects, objects, owned=False)
            return found
        if name in table.view or name.startswith(table.view_prefixes):
            return Value(objects | self.heap.owned(objects))
        return self._changing_method(objects, name, origin, arguments)

    def _copied(self, objects: frozenset[int], origin: str) -> Value:
        """What a method that changes nothing gives: the copy of a list holds the same items.

        The sums of groups are data: they remember nothing, as the groups do.
        """
        while origin.rpartition(".")[2] in methods().caches:
            origin = origin.rpartition(".")[0]
        lists = self.heap.some(objects, (*CONTAINERS, "unknown"))
        return self.heap.value("list" if lists else "fresh", origin, owns=self.heap.owned(lists))

    def _callback_changes(self, arguments: Arguments, objects: frozenset[int]) -> bool:
        return bool(objects) and self._changed_by_callbacks(arguments)

    def _pure(self, objects: frozenset[int], name: str, origin: str) -> bool:
        table = methods()
        if not objects or name in table.fresh or name.startswith(table.value_prefixes):
            return True
        return name in table.data_only and objects <= self.heap.data and bool(origin)

    def _fit(self, objects: frozenset[int], name: str, arguments: Arguments) -> Value:
        self.state.change(objects, deep=True)
        self.hold_arguments(objects, arguments.every(), owned=False)
        resources.fit(self.state, self.heap.all_within(objects))
        return Value(objects) if name in ("fit", "partial_fit") else self.heap.value("fresh", "numpy.array")

    def _changing_method(self, objects: frozenset[int], name: str, origin: str, arguments: Arguments) -> Value:
        table = methods()
        every = arguments.every()
        kinds = self.heap.kinds(objects)
        if name in table.changes or origin.startswith("matplotlib."):
            self.state.change(objects)
            return Value(objects | self.heap.owned(objects))
        if name in table.keeps or name.startswith(table.keeps_prefixes):
            self.state.change(objects)
            self.hold_arguments(objects, every)
            for value in every if kinds & CONTAINERS else ():
                self.state.hold(objects, value.objects)
            if name in ("extend", "update", "extendleft"):
                for value in every:
                    self.state.hold(objects, self.element(value).objects)
            return Value(objects | self.heap.owned(objects))
        self.state.change(objects, deep=True)
        if "unknown" in kinds:
            self.state.change(arguments.objects, deep=True)
        if name in resources.fit_draws():
            resources.fit(self.state, objects)
        self.hold_arguments(objects, every, owned=False)
        result = self.heap.value("library", f"{origin}.{name}" if origin else "", owns=objects)
        self.hold_arguments(result.objects, every)
        return result
