"""A call in, what it may change and what comes back out: notebook functions, library functions, methods by table."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from nb2pipe.analysis import resources
from nb2pipe.analysis.frames import CODE, Arguments, Frames
from nb2pipe.analysis.heap import IMMUTABLE, MISSING, Value
from nb2pipe.analysis.scopes import FUNCTIONS
from nb2pipe.analysis.state import joined
from nb2pipe.analysis.tables import functions, methods

CONTAINERS = frozenset({"list", "dict", "set", "tuple", "iterator"})
_STORING = frozenset(
    {"builtins", "operator", "heapq", "bisect"}
)  # modules whose changing functions keep what they store
_TYPES = frozenset(  # their functions are methods: `list.append(x, 1)`
    {"builtins.list", "builtins.dict", "builtins.set", "builtins.bytearray", "builtins.object", "collections.deque",
     "numpy.ndarray", "pandas.DataFrame", "pandas.Series"}
)  # fmt: skip
_PAIRS = "zip_longest product combinations combinations_with_replacement permutations pairwise groupby"
_PAIRING = frozenset({"builtins.enumerate", "builtins.zip", *(f"itertools.{name}" for name in _PAIRS.split())})


class Calls(Frames):
    """What calls do."""

    def __init__(self) -> None:
        super().__init__()
        self._calling_back = 0

    def reset(self) -> None:
        """As for frames; no library is calling back."""
        super().reset()
        self._calling_back = 0

    # --- parts of values ------------------------------------------------------------------------------------------

    def element(self, value: Value) -> Value:
        """An item or attribute of a value: what it owns, and the thing itself, of which it may be a view."""
        found = set(self.heap.owned(value.objects))
        found.update(number for number in value.objects if self.heap.things[number].kind not in CONTAINERS)
        return Value(frozenset(number for number in found if self.heap.things[number].kind != "class"))

    def consume(self, value: Value) -> None:
        """A value is walked through or handed on: an iterator is used up by that, and calls what it was made with."""
        iterators = [number for number in value.objects if self.heap.things[number].kind == "iterator"]
        self.state.change(iterators)
        self.call_back(iterators, self.heap.owned(iterators))

    def iterate(self, value: Value) -> Value:
        """`for x in value`: what x may be."""
        used = [number for number in value.objects if self._maybe_iterator(number)]
        self.state.change(used)
        self.consume(value)
        return self.element(value)

    def _maybe_iterator(self, number: int) -> bool:
        thing = self.heap.things[number]
        return thing.kind == "iterator" or (thing.kind == "library" and not self.is_data(number))

    def is_data(self, number: int) -> bool:
        """True for arrays and frames: what holds them only reads them."""
        thing = self.heap.things[number]
        return bool(thing.origin) and methods().data.get(thing.origin) is not None

    def hold_arguments(self, holders: frozenset[int], arguments: Iterable[Value], *, owned: bool = True) -> None:
        """Objects keep the arguments: data is only seen, anything else owned (unless `owned` is False)."""
        for value in arguments:
            data = frozenset(number for number in value.objects if not owned or self.is_data(number))
            self.state.hold(holders, data, owned=False)
            self.state.hold(holders, value.objects - data)

    # --- dispatch -------------------------------------------------------------------------------------------------

    def apply(self, callee: Value, arguments: Arguments) -> Value:
        """Call a value."""
        for value in arguments.every():
            self.consume(value)
        found: list[Value] = [self.library_call(ref, arguments) for ref in sorted(callee.refs)]
        found += [self._call_object(number, arguments) for number in sorted(callee.objects)]
        if not found:
            self.state.change(arguments.objects, deep=True)
            return self.heap.value("unknown", owns=arguments.objects)
        return joined(found)

    def _call_object(self, number: int, arguments: Arguments) -> Value:
        thing = self.heap.things[number]
        if thing.kind == "function":
            return self.inline(number, arguments)
        if thing.kind == "class":
            return self.construct(number, arguments)
        if thing.kind == "method":
            return self._call_method(number, arguments)
        me = Value(frozenset((number,)))
        for class_number in self.classes_of(number):
            method = self.find_method(class_number, "__call__")
            if method is not None:
                return self._bound(method, me, arguments)
        self.state.change(me.objects, deep=True)
        if thing.kind == "unknown":
            self.state.change(arguments.objects, deep=True)
        self.hold_arguments(me.objects, arguments.every(), owned=False)
        made = self.call_back([number], [number, *arguments.objects])
        result = self.heap.value("library", f"{thing.origin}()" if thing.origin else "", owns=me.objects | made.objects)
        self.hold_arguments(result.objects, arguments.every())
        return result

    def call_back(self, handed: Iterable[int], given: Iterable[int]) -> Value:
        """A library may call the functions that `handed` are or carry, with anything of `given`; what they return.

        Within such a call only what is handed on as a function is called in turn: what others carry is called already.
        """
        handed = {number for number in handed if self.heap.things[number].kind not in ("instance", "class")}
        if self._calling_back:
            handed = {number for number in handed if self.heap.things[number].kind in CODE}
        bound = {number for number in self.heap.within(handed) if self.heap.things[number].kind == "method"}
        codes = sorted(n for n in self.heap.codes(handed - bound) if n in self.known and n not in self._active)
        codes = [number for number in codes if isinstance(self.known[number].node, FUNCTIONS)]
        if not codes and not bound:
            return IMMUTABLE
        rest = Value(frozenset(n for n in self.heap.within(given) if self.heap.things[n].kind not in CODE))
        self._calling_back += 1
        with self.maybe():
            found = [self.inline(number, Arguments(rest=rest)) for number in codes]
            found += [self._call_method(number, Arguments(rest=rest)) for number in sorted(bound)]
        self._calling_back -= 1
        return joined(found)

    def _call_method(self, number: int, arguments: Arguments) -> Value:
        """Call `obj.name` that was a value on its own; one that calls itself has done what it does."""
        if number in self._active:
            return IMMUTABLE
        thing = self.heap.things[number]
        self._active.append(number)
        try:
            return self.method_call(Value(frozenset(thing.owns)), thing.origin, arguments)
        finally:
            self._active.pop()

    def _bound(self, method: int, me: Value, arguments: Arguments) -> Value:
        node = self.known[method].node
        words = {item.id for item in getattr(node, "decorator_list", ()) if isinstance(item, ast.Name)}
        first = [] if "staticmethod" in words else [me]
        moved = Arguments([*first, *arguments.positional], arguments.keywords, arguments.rest, arguments.node)
        return self.inline(method, moved, self_value=me)

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
                self._bound(method, me, Arguments(rest=joined(arguments.every())) if name[2:6] == "post" else arguments)
        if not found:
            self.hold_arguments(me.objects, arguments.every())
        return me

    # --- library functions ----------------------------------------------------------------------------------------

    def library_call(self, ref: str, arguments: Arguments) -> Value:
        """Call a library function or class by its dotted name."""
        owner, _, name = ref.rpartition(".")
        if owner in _TYPES and name != "fromkeys" and arguments.positional:
            first, *others = arguments.positional
            return self.method_call(first, name, Arguments(others, arguments.keywords, arguments.rest))
        if ref in ("builtins.type", "builtins.vars") and len(arguments.positional) == 1:
            return self._inside(ref, arguments.positional[0])
        resources.call(self.state, ref, arguments)
        for keyword in ("random_state", "rng", "generator"):
            generator = arguments.keywords.get(keyword)
            if generator is not None:  # one that is handed on is drawn from
                self.state.change(generator.objects, deep=True)
        if resources.may_draw(ref):
            resources.fit(self.state, self.heap.within(arguments.objects, seen=True))
        codes = self._use_definitions() if ref in functions().unpickle else frozenset()
        if ref in ("builtins.print", "IPython.display.display", "builtins.display"):
            self.state.effects.setdefault(self.state.at, set()).add("print")
        if resources.is_setup(ref):
            self.state.touch("options", ref, write=True)
            self.state.setups.add(self.state.at)
        self._change_listed(functions().changes.get(ref), ref, arguments)
        if "out" in arguments.keywords:
            self.state.change(arguments.keywords["out"].objects)
        if self._changed_by_callbacks(arguments):
            self.state.change(arguments.objects, deep=True)
        made = self._called_back(ref, arguments)
        result = self._result(ref, arguments)
        self.state.hold(result.objects, (made.objects | codes) - result.objects)
        return result

    def _inside(self, ref: str, value: Value) -> Value:
        """`type(x)` is the notebook's own class, `vars(x)` the inside of `x`: to change it is to change that."""
        if ref == "builtins.vars":
            return Value(value.objects | self.heap.owned(value.objects), value.refs)
        return Value(frozenset(item for number in value.objects for item in self.classes_of(number)))

    def _called_back(self, ref: str, arguments: Arguments) -> Value:
        """The functions among the arguments are called, unless the library function is known to call none."""
        kind = functions().results.get(ref)
        if kind == "value":
            return IMMUTABLE
        handed = arguments.objects
        if kind in ("container", "iterator", "item", "view"):  # they look at the items, and call what they are given
            handed = frozenset(number for number in handed if self.heap.things[number].kind in CODE)
        return self.call_back(handed, arguments.objects)

    def _use_definitions(self) -> frozenset[int]:
        """What is unpickled may be an instance of any class of the notebook, or one of its functions: all of them."""
        found: set[int] = set()
        for name, value in sorted(self.state.names.items()):
            codes = frozenset(n for n in value.objects if self.heap.things[n].kind in ("function", "class"))
            if codes:
                self.state.read_maybe(name)
                self.use(Value(codes))
                found |= codes
        return frozenset(found)

    def _change_listed(self, positions: list[int | str] | None, ref: str, arguments: Arguments) -> None:
        if positions is not None:
            for position in positions:
                named = arguments.keywords.get(position) if isinstance(position, str) else arguments.at(position)
                value = named or arguments.rest
                if value is not None:
                    self.state.change(value.objects)
                    self.state.change(value.objects, deep=True)
                    if ref.partition(".")[0] in _STORING:
                        others = [item for item in arguments.every() if item is not value]
                        self.hold_arguments(value.objects, others)
        elif self._may_change_arguments(ref):
            self.state.change(arguments.objects, deep=True)

    def _may_change_arguments(self, ref: str) -> bool:
        """A function of a module that isn't known may be the user's own."""
        root, _, rest = ref.partition(".")
        return root not in functions().packages and not rest.rpartition(".")[2][:1].isupper()

    def _changed_by_callbacks(self, arguments: Arguments) -> bool:
        """An object's own methods are no callbacks: a function that is handed on is."""
        handed = [n for n in arguments.objects if self.heap.things[n].kind not in ("instance", "class")]
        return bool(self.heap.codes(handed) & self.changes_arguments)

    def _result(self, ref: str, arguments: Arguments) -> Value:
        kind = functions().results.get(ref) or "holds"
        literal = resources.fold_call(ref, arguments)
        if kind == "value":
            return Value(literal=literal) if literal is not MISSING else IMMUTABLE
        every = arguments.every()
        if kind == "view":
            return self._view(ref, every)
        if kind == "container":
            return self._copy_container(ref, arguments)
        if kind == "iterator":
            return self._iterator(ref, every)
        if kind == "item":
            return joined([self.element(value) for value in every])
        if ref == "builtins.sum":
            return self._sum(every)
        result = self.heap.value("library" if kind != "fresh" else "fresh", ref)
        number = next(iter(result.objects))
        self.heap.things[number].draws = resources.estimator_draws(ref, arguments)
        if ref in resources.FILE_OBJECTS:
            self.heap.things[number].kind = "iterator"
        if kind in ("holds", "sees"):
            self.hold_arguments(result.objects, every, owned=kind == "holds")
        return result

    def _view(self, ref: str, every: list[Value]) -> Value:
        objects = frozenset().union(*(value.objects for value in every))
        if ref.partition(".")[0] in ("numpy", "pandas"):  # of a list they make something new
            objects = frozenset(number for number in objects if self.heap.things[number].kind not in CONTAINERS)
            return Value(objects | self.heap.value("fresh", ref).objects)
        return Value(objects | self.heap.owned(objects))

    def _iterator(self, ref: str, every: list[Value]) -> Value:
        """It gives the items of what it goes through, and is another one once that has changed."""
        items: set[int] = set()
        for value in every:
            inner = self.element(value)
            items |= inner.objects
            if ref == "itertools.chain.from_iterable":
                items |= self.element(inner).objects
            items |= {n for n in value.objects if self.heap.things[n].kind in CODE}
        if ref in _PAIRING and items:
            items = {self.heap.new("tuple", owns=items)}
        found = self.heap.value("iterator", ref, owns=items)
        for value in every:
            self.state.hold(found.objects, value.objects, owned=False)
        return found

    def _copy_container(self, ref: str, arguments: Arguments) -> Value:
        """A new container of the same items."""
        kind = ref.rpartition(".")[2]
        owned: set[int] = set()
        for value in arguments.every():
            owned |= self.element(value).objects
            owned |= {number for number in value.objects if self.heap.things[number].kind in CODE}
        for value in arguments.keywords.values():
            owned |= value.objects
        if kind == "ChainMap":
            owned |= arguments.objects
        if kind not in ("list", "tuple", "sorted"):  # from pairs, the values
            owned |= self.heap.owned(number for number in owned if self.heap.things[number].kind == "tuple")
        made = self.heap.value(kind if kind in CONTAINERS else "list", ref if kind == "defaultdict" else "", owns=owned)
        return made.join(self._same_parts(arguments)) if ref == "copy.copy" else made

    def _same_parts(self, arguments: Arguments) -> Value:
        """Objects whose copies share their parts with them."""
        kinds = ("instance", "unknown", "library")
        found = (n for n in arguments.objects if self.heap.things[n].kind in kinds and not self.is_data(n))
        return Value(frozenset(found))

    def _sum(self, every: list[Value]) -> Value:
        """Of lists: a new list with their items. Of anything else something new."""
        rows = self.element(joined(every)).objects
        lists = [number for number in rows if self.heap.things[number].kind in CONTAINERS]
        return self.heap.value(
            "list" if lists else "fresh", "" if lists else "builtins.sum", owns=self.heap.owned(lists)
        )

    # --- methods --------------------------------------------------------------------------------------------------

    def method_call(self, base: Value, name: str, arguments: Arguments) -> Value:
        """`base.name(...)`."""
        for value in arguments.every():
            self.consume(value)
        found = [self.library_call(f"{ref}.{name}", arguments) for ref in sorted(base.refs)]
        plain: set[int] = set()
        for number in sorted(base.objects):
            result = self._notebook_method(number, name, arguments)
            if result is None:
                plain.add(number)
            else:
                found.append(result)
        if plain or not found:
            resources.method(self.state, name, base, arguments)
            found.append(self._library_method(frozenset(plain), name, arguments))
        return joined(found)

    def _notebook_method(self, number: int, name: str, arguments: Arguments) -> Value | None:
        thing = self.heap.things[number]
        me = Value(frozenset((number,)))
        if thing.kind == "class":
            method = self.find_method(number, name)
            if method is None:
                return None
            words = {getattr(item, "id", "") for item in getattr(self.known[method].node, "decorator_list", ())}
            return self._bound(method, me, arguments) if "classmethod" in words else self.inline(method, arguments)
        for class_number in self.classes_of(number):
            method = self.find_method(class_number, name)
            if method is not None:
                return self._bound(method, me, arguments)
        return None

    def _library_method(self, objects: frozenset[int], name: str, arguments: Arguments) -> Value:
        table = methods()
        origin = min((self.heap.things[number].origin for number in objects), default="")
        if self._callback_changes(arguments, objects):
            self.state.change(objects | arguments.objects, deep=True)
        if "out" in arguments.keywords:
            self.state.change(arguments.keywords["out"].objects)
        inplace = arguments.keywords.get("inplace")
        if inplace is not None and inplace.literal is not False:
            self.state.change(objects)
        listed = functions().methods.get(f"{origin}.{name}")
        if listed is not None:
            self.state.change(objects, deep=True)
            self._change_listed(listed, origin, arguments)
            return Value(objects)
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
        """What a method that changes nothing gives: the copy of a list holds the same items."""
        lists = [n for n in objects if self.heap.things[n].kind in CONTAINERS or self.heap.things[n].kind == "unknown"]
        return self.heap.value("list" if lists else "fresh", origin, owns=self.heap.owned(lists))

    def part(self, value: Value) -> Value:
        """A slice: of a list a new list with the same items, of an array a view."""
        lists = frozenset(n for n in value.objects if self.heap.things[n].kind in CONTAINERS)
        inner = self.element(Value(value.objects - lists))
        return inner.join(self.heap.value("list", owns=self.heap.owned(lists))) if lists else inner

    def _callback_changes(self, arguments: Arguments, objects: frozenset[int]) -> bool:
        return bool(objects) and self._changed_by_callbacks(arguments)

    def _pure(self, objects: frozenset[int], name: str, origin: str) -> bool:
        table = methods()
        if not objects or name in table.fresh or name.startswith(table.value_prefixes):
            return True
        return name in table.data_only and all(self.is_data(number) for number in objects) and bool(origin)

    def _fit(self, objects: frozenset[int], name: str, arguments: Arguments) -> Value:
        self.state.change(objects, deep=True)
        self.hold_arguments(objects, arguments.every(), owned=False)
        resources.fit(self.state, self.heap.within(objects, seen=True))
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
